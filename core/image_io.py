"""Reading and writing images: one channel, numpy order, a grid in LPS millimetres, and where it all came from.

The only place where SimpleITK's (x, y, z) meets numpy's (z, y, x) (docs/coordinates.md). It never resamples and never guesses a
pixel size in silence: what it tolerated stands in ``Image.source.warnings``, what it cannot read rightly it refuses.
"""

import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from core import image_header
from core.dicom_header import read_dicom_header
from core.errors import AppError, ImageReadError
from core.files import sha256_of, written_whole
from core.single_slice import slice_grid, squeezed_grid
from core.types import Grid, Image, ImageSource

# Otherwise the libraries below talk on stderr; whatever matters of it becomes an error or a warning of ours.
sitk.ProcessObject.GlobalWarningDisplayOff()

IMAGE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom", ".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd",
)  # fmt: skip
"""What file dialogs offer. Files are known by their content: DICOM files often have no suffix at all."""

WRITABLE_SUFFIXES = (".png", ".tif", ".tiff", ".nrrd", ".nii", ".nii.gz", ".mha")
_FLAT_SUFFIXES = (".png", ".tif", ".tiff")

SPACING_LIMITS_MM = (2e-4, 1e3)

_READERS = {
    "PNG": "PNGImageIO",
    "JPEG": "JPEGImageIO",
    "TIFF": "TIFFImageIO",
    "BMP": "BMPImageIO",
    "DICOM": "GDCMImageIO",
    "NIfTI": "NiftiImageIO",
    "NRRD": "NrrdImageIO",
    "MetaImage": "MetaImageIO",
}
_PICTURES = ("PNG", "JPEG", "TIFF", "BMP")

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

AnyArray = npt.NDArray[Any]


@dataclass
class _Content:
    """What was found in a file so far; `read_image` turns it into an `Image`."""

    voxels: AnyArray
    grid: Grid
    spacing_known: bool = True
    modality: str = ""


def image_name(path: PurePath) -> str:
    """Return the file name without its image suffix: ``scan`` for ``scan.nii.gz``, ``1.2.840`` for ``1.2.840``."""
    suffix = max((s for s in IMAGE_SUFFIXES if path.name.lower().endswith(s)), key=len, default="")
    return path.name[: len(path.name) - len(suffix)] or path.name


def read_image(path: Path | str) -> Image:
    """Read a 2D or 3D image file: PNG, JPEG, TIFF, BMP, a single DICOM file, NIfTI, NRRD or MetaImage.

    A volume with a single slice becomes 2D; colour becomes luminance; of a film or a 4D file the first volume is read.

    Returns
    -------
    Image
        Voxels in the file's own number type. ``source.spacing_known`` is False where the file does not know its pixel size; the
        grid then has spacing 1.

    Raises
    ------
    ImageReadError
        The file is missing, damaged, incomplete, no image, or cannot be read rightly.
    """
    path = Path(path)
    kind = _kind_of(path)
    warnings: list[str] = []
    decoded = _decoded(path, kind, warnings)
    if kind == "DICOM":
        content = _dicom_content(path, decoded, warnings)
    elif kind in _PICTURES:
        content = _picture_content(path, kind, decoded, warnings)
    else:
        content = _medical_content(path, kind, decoded, warnings)
    grid, voxels, original_grid = content.grid, content.voxels, None
    if grid.ndim == 3 and 1 in grid.shape:
        original_grid = grid
        grid, axis = squeezed_grid(original_grid)
        voxels = np.squeeze(voxels, axis)
    if np.issubdtype(voxels.dtype, np.floating) and not np.isfinite(voxels).all():
        warnings.append("Some pixels hold no number (NaN or infinity). The image can be shown but not analysed.")
    source = ImageSource(
        path, sha256_of(path), content.spacing_known, original_grid, content.modality, warnings=tuple(warnings)
    )
    return Image(voxels, grid, source)


def _kind_of(path: Path) -> str:
    """Return a key of ``_READERS``, or say why the file is none of them."""
    if path.is_dir():
        raise ImageReadError(
            f"{path} is a folder.", "Open one image file; folders of DICOM slices cannot be opened yet."
        )
    try:
        kind = image_header.kind_of(path)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise ImageReadError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise ImageReadError(f"{path} cannot be opened ({error.strerror}).", "Check its permissions.") from error
    if size == 0:
        raise ImageReadError(f"{path.name} is empty.", "Copy or export the image again.")
    if not kind and sitk.ImageFileReader.GetImageIOFromFileName(str(path)) == "GDCMImageIO":
        kind = "DICOM"  # old files lack the preamble
    if not kind:
        raise ImageReadError(
            f"{path.name} is not an image that Cairn can read, or its beginning is damaged.",
            "Cairn reads PNG, JPEG, TIFF, BMP, DICOM, NIfTI (version 1), NRRD and MetaImage files.",
        )
    return kind


def _decoded(path: Path, kind: str, warnings: list[str]) -> sitk.Image:
    """Let SimpleITK decode the pixels, after a check that they are all there where SimpleITK would not notice."""
    whole = True
    if kind == "JPEG":
        whole = image_header.jpeg_is_whole(path.read_bytes())
    elif kind == "BMP":
        whole = image_header.bmp_is_whole(path.read_bytes())
    elif kind == "NIfTI":
        whole = image_header.nifti_is_whole(path)
    if not whole:
        raise ImageReadError(f"{path.name} is incomplete: its end is missing.", "Copy or export the image again.")
    try:
        if kind == "NIfTI" and path.suffix.lower() == ".gz" and path.with_suffix("").exists():
            # ITK would take the header from scan.nii.gz and the pixels from the scan.nii beside it.
            with TemporaryDirectory() as folder:
                image = _execute(Path(shutil.copy(path, folder)), kind)
        else:
            image = _execute(path, kind)
    except (RuntimeError, MemoryError) as error:
        raise _decoding_error(path, kind, str(error)) from error
    volumes = math.prod(image.GetSize()[3:])
    if volumes > 1:
        warnings.append(f"The file holds {volumes} volumes; only the first was read.")
    while image.GetDimension() > 3:
        image = image[..., 0]
    return image


def _execute(path: Path, kind: str) -> sitk.Image:
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    return cast(sitk.Image, reader.Execute())


def _decoding_error(path: Path, kind: str, reason: str) -> ImageReadError:
    """Put SimpleITK's reason for refusing a file into plain words."""
    if "orthonormal" in reason or "determinant" in reason:
        return ImageReadError(
            f"The axes of {path.name} are not at right angles.",
            "Resample it, for example with 3D Slicer, and open that.",
        )
    if "spacing" in reason.lower():
        return _spacing_error(path)
    if kind == "PNG" and "PixelType" in reason:
        return ImageReadError(
            f"{path.name} is a grey image with transparency, which Cairn cannot read.", "Save it without transparency."
        )
    return ImageReadError(
        f"{path.name} is a {kind} file, but it is damaged, incomplete or of a rare variant.",
        "Copy or export the image again, or convert it to PNG or NRRD.",
    )


def _check_spacing(path: Path, spacing_mm: Sequence[float]) -> None:
    low, high = SPACING_LIMITS_MM
    if not all(low <= size <= high for size in spacing_mm):
        raise _spacing_error(path)


def _spacing_error(path: Path) -> ImageReadError:
    return ImageReadError(
        f"{path.name} gives a pixel size that cannot be (zero, negative, not a number or absurd).",
        "Correct the pixel size in the file, for example with 3D Slicer, or export the image again.",
    )


def _one_channel(path: Path, image: sitk.Image, warnings: list[str]) -> AnyArray:
    """Return the voxels in numpy order; colour becomes luminance, and alpha is ignored."""
    voxels = np.asarray(sitk.GetArrayFromImage(image))
    channels = image.GetNumberOfComponentsPerPixel()
    if voxels.ndim == image.GetDimension():
        if np.iscomplexobj(voxels):
            raise ImageReadError(f"{path.name} holds complex numbers.", "Export its magnitude and open that.")
        return voxels
    if channels not in (3, 4) or voxels.dtype not in (np.uint8, np.uint16):
        raise ImageReadError(
            f"{path.name} holds {channels} values per pixel that are no colours.", "Export one of them as an image."
        )
    red, green, blue = (voxels[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    warnings.append("The image is coloured; its brightness is used.")
    mixed = sum(weight * colour for weight, colour in zip(LUMINANCE, (red, green, blue), strict=True))
    return np.rint(mixed).astype(voxels.dtype)


def _itk_grid(image: sitk.Image) -> Grid:
    """Return the grid of a SimpleITK image: columns reversed from (x, y, z) to the array's (z, y, x), rows left in LPS."""
    ndim = image.GetDimension()
    matrix = np.eye(ndim + 1)
    columns = np.reshape(image.GetDirection(), (ndim, ndim)) * image.GetSpacing()
    matrix[:ndim, :ndim] = columns[:, ::-1]
    matrix[:ndim, ndim] = image.GetOrigin()
    return Grid(tuple(reversed(image.GetSize())), matrix)


def _is_orthogonal(grid: Grid) -> bool:
    axes = grid.mm_from_index[:-1, :-1] / grid.spacing_mm
    return np.allclose(axes.T @ axes, np.eye(grid.ndim), atol=1e-3)


def _medical_content(path: Path, kind: str, image: sitk.Image, warnings: list[str]) -> _Content:
    """Take pixels and geometry of a NIfTI, NRRD or MetaImage file as SimpleITK gives them, if the file really says them."""
    if kind == "NIfTI":
        sizes = list(image_header.read_nifti_header(path).spacing)
        if np.isnan(sizes).any():
            raise _spacing_error(path)
        known = True
    else:
        fields = image_header.text_fields(path)
        text = fields.get("spacings") or fields.get("elementspacing") or fields.get("elementsize") or ""
        sizes = [float(word) for word in re.findall(r"[-+.\de]+(?=\s|$)", text.lower())]
        known = len(sizes) >= image.GetDimension() or "space directions" in fields
        units = set(re.findall(r'"([^"]+)"', fields.get("space units", ""))) - {"mm", "???"}
        if units:
            warnings.append(f"The file measures in {', '.join(sorted(units))}; its numbers were taken as mm.")
    if any(size <= 0 for size in sizes):
        raise _spacing_error(path)
    _check_spacing(path, image.GetSpacing())
    if not known:
        warnings.append("The file does not say its voxel size; distances are in voxels.")
    grid = _itk_grid(image)
    if not _is_orthogonal(grid):
        warnings.append("The image's axes are not at right angles; shapes in the slices are slanted.")
    return _Content(_one_channel(path, image, warnings), grid, known)


def _dicom_content(path: Path, image: sitk.Image, warnings: list[str]) -> _Content:
    """Take the first frame's pixels from SimpleITK, and the geometry from the header."""
    header = read_dicom_header(path)
    warnings.extend(header.warnings)
    _check_spacing(path, header.spacing_mm or ())
    if header.frames > 1:
        warnings.append(f"The file is a film of {header.frames} frames; only the first was read.")
    voxels = _one_channel(path, image, warnings)
    voxels = voxels.reshape(-1, *voxels.shape[-2:])[:1]
    if voxels.dtype == np.float64:
        # A fractional rescale slope makes SimpleITK answer in float64, far beyond what the detector's bits can fill.
        voxels = voxels.astype(np.float32)
    grid = header.grid(*voxels.shape[-2:])
    return _Content(voxels, grid, header.spacing_mm is not None, header.modality)


def _picture_content(path: Path, kind: str, image: sitk.Image, warnings: list[str]) -> _Content:
    """Take the pixels of a PNG, JPEG, TIFF or BMP file, and its physical resolution only where that is believable."""
    voxels = _one_channel(path, image, warnings)
    if voxels.ndim == 3:
        return _Content(voxels, Grid.from_spacing(voxels.shape), spacing_known=False)
    data = path.read_bytes()
    voxels, spacing_mm = _upright(path, kind, voxels, _picture_spacing_mm(kind, image, data, warnings), data, warnings)
    grid = Grid.from_spacing(voxels.shape, 1.0 if spacing_mm is None else spacing_mm[::-1])
    return _Content(voxels, grid, spacing_known=spacing_mm is not None)


def _picture_spacing_mm(kind: str, image: sitk.Image, data: bytes, warnings: list[str]) -> tuple[float, float] | None:
    """Return the pixel size ``(x, y)`` that a picture file states if it can be believed, else None."""
    itk_mm = (image.GetSpacing()[0], image.GetSpacing()[1])
    spacing_mm: tuple[float, float] | None
    defaults_dpi: tuple[float, ...] = image_header.DEFAULT_DPI
    measured = False
    if kind == "PNG":
        stated_mm = image_header.png_spacing_mm(data)
        # SimpleITK reads the sCAL chunk, the scale of the subject itself; ITK writes 1 there when it does not know.
        measured = itk_mm != (1.0, 1.0) or stated_mm == itk_mm
        spacing_mm = itk_mm if measured else stated_mm
    elif kind == "BMP":
        spacing_mm = image_header.bmp_spacing_mm(data)
    else:
        spacing_mm, defaults_dpi = itk_mm, image_header.ITK_DEFAULT_DPI
    if spacing_mm is None or not image_header.is_believable(spacing_mm, defaults_dpi):
        return None
    if not measured:
        x_mm, y_mm = spacing_mm
        warnings.append(
            f"The pixel size of {x_mm:.4g} × {y_mm:.4g} mm is the print resolution in the file; check that it is the true one."
        )
    return spacing_mm


def _upright(
    path: Path,
    kind: str,
    voxels: AnyArray,
    spacing_mm: tuple[float, float] | None,
    data: bytes,
    warnings: list[str],
) -> tuple[AnyArray, tuple[float, float] | None]:
    """Turn a photograph as its file asks viewers to, so that pixels are counted as everybody sees them."""
    orientation = image_header.orientation_of(data) if kind in ("JPEG", "TIFF") else 1
    if kind == "TIFF" and orientation > 4:
        raise ImageReadError(
            f"{path.name} is stored lying on its side.", "Turn it in an image program and save it again."
        )
    if kind == "TIFF" or orientation == 1:
        return voxels, spacing_mm  # SimpleITK has turned the TIFF already
    warnings.append("The image was turned as its file asks viewers to.")
    if orientation > 4:
        voxels, spacing_mm = voxels.T, spacing_mm and spacing_mm[::-1]
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(voxels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]), spacing_mm


def write_image(image: Image, path: Path) -> None:
    """Write an image as PNG, TIFF, NRRD, NIfTI or MHA, by the suffix of ``path``; whole or not at all.

    What `read_image` reads from it again has the same voxels and the same grid. A 2D image that came from a single slice gets its
    place in space back where the format can hold it.

    Raises
    ------
    AppError
        The format cannot hold the image, or the file cannot be written.
    """
    path = Path(path)
    suffix = next((s for s in sorted(WRITABLE_SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise AppError(f"Cairn does not write images as {path.name}.", f"Use one of {', '.join(WRITABLE_SUFFIXES)}.")
    grid = image.grid
    voxels = image.voxels.astype(np.uint8) if image.voxels.dtype == np.bool_ else image.voxels
    _refuse_unfit(image, path, suffix)
    if suffix not in _FLAT_SUFFIXES:
        grid = slice_grid(image) or grid
    try:
        encoded = _to_itk(voxels.reshape(grid.shape), grid)
        with written_whole(path) as temporary:
            sitk.WriteImage(encoded, str(temporary), useCompression=True)
            if suffix == ".png":
                y_mm, x_mm = grid.spacing_mm.tolist()
                spacing_mm = (x_mm, y_mm) if image.source.spacing_known else None
                temporary.write_bytes(image_header.png_with_spacing(temporary.read_bytes(), spacing_mm))
    except OSError as error:
        raise AppError(
            f"{path} cannot be written ({error.strerror}).",
            "Choose another folder, or close the program that uses the file.",
        ) from error
    except (RuntimeError, TypeError, KeyError) as error:
        raise AppError(
            f"{path.name} cannot be written as {suffix}.", "Choose another format, such as .nrrd."
        ) from error


def _refuse_unfit(image: Image, path: Path, suffix: str) -> None:
    """Raise where a format would lose something of the image in silence."""
    grid, reason, hint = image.grid, "", "Write it as .nrrd instead."
    flat = suffix in _FLAT_SUFFIXES
    if flat and grid.ndim == 3:
        reason = f"{suffix} cannot hold a volume and its geometry"
    elif flat and not np.allclose(
        grid.mm_from_index, Grid.from_spacing(grid.shape, grid.spacing_mm.tolist()).mm_from_index
    ):
        reason = f"{suffix} cannot hold the image's position and direction"
    elif suffix == ".png" and image.voxels.dtype not in (np.uint8, np.uint16, np.bool_):
        reason = f".png cannot hold {image.voxels.dtype} pixels"
    elif not flat and not image.source.spacing_known:
        reason = f"{suffix} would state a pixel size that nobody knows"
        hint = "Set the pixel size first, or write a .png or .tif."
    elif suffix.startswith(".nii") and not _is_orthogonal(grid):
        reason = f"{suffix} cannot hold axes that are not at right angles"
    if reason:
        raise AppError(f"{path.name} cannot be written: {reason}.", hint)


def _to_itk(voxels: AnyArray, grid: Grid) -> sitk.Image:
    """Return a SimpleITK image of voxels in numpy order."""
    image = sitk.GetImageFromArray(voxels)
    ndim = grid.ndim
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetDirection((grid.mm_from_index[:ndim, :ndim] / grid.spacing_mm)[:, ::-1].ravel().tolist())
    image.SetOrigin(grid.mm_from_index[:ndim, ndim].tolist())
    return image
