"""Reading and writing images: one channel, numpy order, a grid in LPS millimetres, and where it all came from.

Chooses the reader that fits and makes an `Image` of what it finds; the formats themselves are read in the modules below. Nothing
is guessed in silence: what was tolerated stands in ``Image.source.warnings``, what cannot be read rightly is refused.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from core.base.errors import AppError, ImageReadError
from core.base.files import sha256_of, written_whole
from core.base.memory import memory_error
from core.geometry.single_slice import grid_in_space, squeezed_grid
from core.images.dicom.series import Series
from core.images.dicom.volume import NoSeriesError, read_dicom
from core.images.formats import FLAT_SUFFIXES, FORMAT_NAMES, WRITABLE_SUFFIXES, ImageFormat, format_of, has_image_suffix
from core.images.itk import AnyArray, Content, quiet_itk, to_itk, vanished_error
from core.images.pictures import write_png
from core.images.rectilinear import is_rectilinear, slant_note, straightened
from core.values.grid import Grid
from core.values.image import Image, ImageSource

ShouldStop = Callable[[], bool] | None


def read_image(path: Path | str, *, series: Series | None = None, should_stop: ShouldStop = None) -> Image:
    """Read a 2D or 3D image: a file of one of `core.images.formats`, or a folder or DICOMDIR of DICOM slices.

    A volume with a single slice becomes 2D; colour becomes luminance; of a film or a 4D file the first volume is read. A volume
    with slanted axes is resampled to right angles.

    Parameters
    ----------
    path
        A file, a folder, or a DICOMDIR. Of a DICOM file that is one slice of a series the whole series is read.
    series
        Which series of a folder or DICOMDIR to read, from `core.images.dicom.series.find_series`; the proposed one where omitted.
    should_stop
        Asked between files and pieces of files; when it answers True, `Cancelled` is raised.

    Returns
    -------
    Image
        Voxels in the file's own number type. ``source.spacing_known`` is False where the file does not know its pixel size; the
        grid then has spacing 1. ``source.path`` is the file, or the folder that was read.

    Raises
    ------
    ImageReadError
        The file is missing, damaged, incomplete, no image, too large for the memory, or cannot be read rightly.
    Cancelled
        ``should_stop`` answered True.
    """
    path = Path(path)
    try:
        return _read(path, series, should_stop)
    except MemoryError as error:
        raise memory_error(path.name) from error
    except FileNotFoundError as error:
        raise vanished_error(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(path: Path, series: Series | None, should_stop: ShouldStop) -> Image:
    warnings: list[str] = []
    if series is not None or path.is_dir():
        try:
            content = read_dicom(path, warnings, should_stop, series)
        except NoSeriesError as error:
            names = sorted(file.name for file in path.iterdir() if has_image_suffix(file) and file.is_file())
            hint = f"Open one of its files, such as {names[0]}." if names else error.hint
            raise ImageReadError(error.message, hint) from error
    else:
        content = _format_of(path).read(path, warnings, should_stop)
    return _image(content, path, warnings, should_stop)


def _image(content: Content, path: Path, warnings: list[str], should_stop: ShouldStop) -> Image:
    grid, voxels, original_grid = content.grid, content.voxels, None
    if grid.ndim == 3 and 1 in grid.shape:
        original_grid = grid
        grid, axis = squeezed_grid(original_grid)
        voxels = np.squeeze(voxels, axis)
    elif grid.ndim == 3 and not is_rectilinear(grid):
        warnings.append(slant_note(grid))
        voxels, grid = straightened(voxels, grid, path.name, should_stop)
    if not _is_finite(voxels):
        warnings.append("Some pixels hold no number (NaN or infinity). The image can be shown but not analysed.")
    sha256 = content.sha256 or sha256_of(path)
    source = ImageSource(
        content.path or path,
        sha256,
        content.spacing_source,
        original_grid,
        content.modality,
        tuple(dict.fromkeys(warnings)),
    )
    return Image(voxels, grid, source)


def _is_finite(voxels: AnyArray) -> bool:
    """Tell whether all voxels are numbers, without making another array as large."""
    return not np.issubdtype(voxels.dtype, np.floating) or all(np.isfinite(part).all() for part in voxels)


def _unreadable(path: Path, error: OSError) -> ImageReadError:
    return ImageReadError(f"{path} cannot be opened ({error.strerror}).", "Check its permissions and its disk.")


def _format_of(path: Path) -> ImageFormat:
    """Return the format of a file, or say why it is no image."""
    try:
        found = format_of(path)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise ImageReadError(f"There is no file {path}.", "Check the path.") from error
    if not path.is_file():
        raise ImageReadError(f"{path} is not a file.", "Check the path.")
    if size == 0:
        raise ImageReadError(f"{path.name} is empty.", "Copy or export the image again.")
    if found is None:
        raise ImageReadError(
            f"{path.name} is not an image that Cairn can read, or its beginning is damaged.",
            f"Cairn reads {FORMAT_NAMES} files, and folders of DICOM slices.",
        )
    return found


@quiet_itk
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
    if suffix not in FLAT_SUFFIXES:
        grid = grid_in_space(image) or grid
    try:
        with written_whole(path) as temporary:
            if suffix == ".png":
                write_png(temporary, voxels, grid.spacing_mm.tolist() if image.source.spacing_known else None)
            else:
                sitk.WriteImage(to_itk(voxels.reshape(grid.shape), grid), str(temporary), useCompression=True)
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
    flat = suffix in FLAT_SUFFIXES
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


def _is_orthogonal(grid: Grid) -> bool:
    axes = grid.mm_from_index[:-1, :-1] / grid.spacing_mm
    return np.allclose(axes.T @ axes, np.eye(grid.ndim), atol=1e-3)
