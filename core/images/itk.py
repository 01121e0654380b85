"""SimpleITK's images and ours: decoding files, arrays without copies, grids, and the sentences for what goes wrong.

The only place where SimpleITK's (x, y, z) meets numpy's (z, y, x) (docs/coordinates.md). Decides nothing about formats.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from core.base.errors import ImageReadError
from core.base.files import reason_of
from core.base.memory import memory_error, require_memory
from core.base.shared_context import SharedContext
from core.values.grid import Grid
from core.values.image import SpacingSource


@contextmanager
def _silenced() -> Iterator[None]:
    was_on = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.GlobalWarningDisplayOff()
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(was_on)


quiet_itk = SharedContext(_silenced)
"""Around calls of SimpleITK, which talks on stderr otherwise; what matters of it becomes an error or a warning of ours."""

AnyArray = npt.NDArray[Any]

SPACING_LIMITS_MM = (2e-4, 1e3)

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

_READERS = {
    "PNG": "PNGImageIO",
    "JPEG": "JPEGImageIO",
    "TIFF": "TIFFImageIO",
    "BMP": "BMPImageIO",
    "DICOM": "GDCMImageIO",
    "NRRD": "NrrdImageIO",
    "MetaImage": "MetaImageIO",
}


@dataclass
class Content:
    """What was found in an image: the readers of the formats give it, `core.images.file` makes an `Image` of it.

    Attributes
    ----------
    voxels
        ``grid.shape`` array, numpy order, one channel.
    grid
        Where they are; spacing 1 where it is unknown.
    spacing_source
        Where the size of a voxel is from.
    modality
        DICOM code, or ``""``.
    sha256
        Digest of the bytes where they were read anyway, else ``""``.
    path
        What was read, where it is not the path that was asked for.
    """

    voxels: AnyArray
    grid: Grid
    spacing_source: SpacingSource = SpacingSource.FILE
    modality: str = ""
    sha256: str = ""
    path: Path | None = None


class _Kept:
    """Lends the buffer of a SimpleITK image to numpy and keeps the image alive as long as any view of it lives."""

    def __init__(self, image: sitk.Image) -> None:
        self._image = image
        self.__array_interface__ = sitk.GetArrayViewFromImage(image).__array_interface__


def to_array(image: sitk.Image) -> AnyArray:
    """Return an image's voxels in numpy order without copying them; channels, where there are several, come last."""
    return np.asarray(_Kept(image))


@quiet_itk
def decode(path: Path, kind: str, check: Callable[[int], None] | None = None) -> sitk.Image:
    """Let SimpleITK decode a file of a ``kind`` such as ``"NRRD"``.

    ``check`` is told how many bytes the voxels will take and may refuse the file before they are decoded (not for DICOM).

    Raises
    ------
    ImageReadError
        The file is damaged or not fit for this program, or its voxels do not fit into the memory.
    """
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        if kind != "DICOM":  # whose size is known from its header
            reader.ReadImageInformation()
            needed_bytes = _needed_bytes(reader)
            require_memory(needed_bytes, path.name)
            if needed_bytes == 0:
                raise _decoding_error(path, kind, "no voxels")
            if check is not None:
                check(needed_bytes)
        return cast(sitk.Image, reader.Execute())
    except RuntimeError as error:
        raise _decoding_error(path, kind, str(error)) from error
    except MemoryError as error:
        raise memory_error(path.name) from error


def _needed_bytes(reader: sitk.ImageFileReader) -> int:
    kind = sitk.GetPixelIDValueAsString(reader.GetPixelIDValue())  # such as "vector of 16-bit unsigned integer"
    bits = re.search(r"(\d+)-bit", kind)
    sample = (int(bits.group(1)) // 8 if bits else 4) * (2 if "complex" in kind else 1)
    return int(math.prod(reader.GetSize()) * reader.GetNumberOfComponents() * sample)


def _decoding_error(path: Path, kind: str, reason: str) -> ImageReadError:
    """Put SimpleITK's reason for refusing a file into plain words."""
    if not path.exists():
        return vanished_error(path)
    if "orthonormal" in reason or "determinant" in reason:
        return ImageReadError(
            f"The axes of {path.name} are not at right angles, or two of them are the same.",
            "Resample it, for example with 3D Slicer, and open that.",
        )
    if "spacing" in reason.lower():
        return spacing_error(path.name)
    if kind == "PNG" and "PixelType" in reason:
        return ImageReadError(
            f"{path.name} is a grey image with transparency, which Cairn cannot read.", "Save it without transparency."
        )
    return ImageReadError(
        f"{path.name} is a {kind} file, but it is damaged, incomplete or of a rare variant.",
        "Copy or export the image again, or convert it to PNG or NRRD.",
    )


def vanished_error(path: Path) -> ImageReadError:
    """Return the error for a file that was there a moment ago."""
    return ImageReadError(
        f"{path} is no longer there.", "Check that the disk or network drive is still connected, and open it again."
    )


def unreadable_error(path: Path, error: OSError) -> ImageReadError:
    """Return the error for a file or folder that the file system does not let us read."""
    return ImageReadError(
        f"{path} cannot be read ({reason_of(error)}).",
        "Check its permissions, and that its disk or network drive is still connected.",
    )


def check_spacing(name: str, spacing_mm: Sequence[float]) -> None:
    """Raise `ImageReadError` where a spacing of the file ``name`` is none that a voxel can have."""
    low, high = SPACING_LIMITS_MM
    if not all(low <= size <= high for size in spacing_mm):
        raise spacing_error(name, spacing_mm)


def spacing_error(name: str, spacing_mm: Sequence[float] = ()) -> ImageReadError:
    """Return the error for a pixel size that is zero, negative, not a number or absurd."""
    stated = f" ({' × '.join(f'{size:g}' for size in spacing_mm)} mm)" if spacing_mm else ""
    return ImageReadError(
        f"{name} states an impossible pixel size{stated}.",
        "Correct the pixel size in the file, for example with 3D Slicer, or export the image again.",
    )


def one_channel(name: str, image: sitk.Image, warnings: list[str]) -> AnyArray:
    """Return the voxels in numpy order; colour becomes luminance, and alpha is ignored."""
    voxels = to_array(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        if np.iscomplexobj(voxels):
            raise complex_error(name)
        return voxels
    return brightness(name, voxels, warnings)


def complex_error(name: str) -> ImageReadError:
    """Return the error for complex voxels."""
    return ImageReadError(f"{name} holds complex numbers.", "Export its magnitude and open that.")


def brightness(name: str, voxels: AnyArray, warnings: list[str]) -> AnyArray:
    """Return the luminance of colours ``(..., 3 or 4)``: the grey itself, silently, where all are equal."""
    channels = voxels.shape[-1]
    if channels not in (3, 4) or voxels.dtype not in (np.uint8, np.uint16):
        raise ImageReadError(
            f"{name} holds {channels} values per pixel that are no colours.", "Export one of them as an image."
        )
    red, green, blue = (voxels[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.ascontiguousarray(red)
    warnings.append("The image is coloured; its brightness is used.")
    mixed = sum(weight * colour for weight, colour in zip(LUMINANCE, (red, green, blue), strict=True))
    return np.rint(mixed).astype(voxels.dtype)


def to_grid(image: sitk.Image) -> Grid:
    """Return the grid of a SimpleITK image: columns reversed from (x, y, z) to the array's (z, y, x), rows left in LPS."""
    ndim = image.GetDimension()
    matrix = np.eye(ndim + 1)
    columns = np.reshape(image.GetDirection(), (ndim, ndim)) * image.GetSpacing()
    matrix[:ndim, :ndim] = columns[:, ::-1]
    matrix[:ndim, ndim] = image.GetOrigin()
    return Grid(tuple(reversed(image.GetSize())), matrix)


def to_itk(voxels: AnyArray, grid: Grid) -> sitk.Image:
    """Return a SimpleITK image of voxels in numpy order."""
    image = sitk.GetImageFromArray(voxels)
    place_like(image, grid)
    return image


def place_like(image: sitk.Image, grid: Grid) -> None:
    """Give a SimpleITK image the place in space of a grid."""
    ndim = grid.ndim
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetDirection((grid.mm_from_index[:ndim, :ndim] / grid.spacing_mm)[:, ::-1].ravel().tolist())
    image.SetOrigin(grid.mm_from_index[:ndim, ndim].tolist())
