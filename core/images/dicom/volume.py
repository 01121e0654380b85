"""The voxels of a DICOM series: decoded by SimpleITK slice after slice into one array, with the geometry found before.

SimpleITK inverts MONOCHROME1 and applies each slice's own rescale; neither is done again. Which slices belong together and where
they stand is decided in `core.images.dicom.stack`, not here.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.errors import Cancelled, ImageReadError
from core.base.memory import require_memory
from core.base.wording import counted
from core.images.dicom.frames import FRAME_KEYWORDS, rescales
from core.images.dicom.header import quiet_pydicom, read_dataset
from core.images.dicom.series import Series, find_series, is_dicomdir
from core.images.dicom.stack import Slice
from core.images.itk import AnyArray, Content, decode, one_channel, unreadable_error, vanished_error


class NoSeriesError(ImageReadError):
    """A folder or DICOMDIR holds no DICOM image."""


@quiet_pydicom
def read_dicom(
    path: Path, warnings: list[str], should_stop: Callable[[], bool] | None = None, series: Series | None = None
) -> Content:
    """Read a series of a folder, of a DICOMDIR or around a file: ``series``, or else the one to propose.

    Where nobody chose, ``warnings`` say that there was a choice.

    Raises
    ------
    ImageReadError
        As `read_series`, or there is no DICOM image.
    Cancelled
        ``should_stop`` answered True.
    """
    is_directory = not path.is_dir() and is_dicomdir(path)
    chosen = series or _proposed(path, "DICOMDIR" if is_directory else "", warnings, should_stop)
    content = read_series(chosen, path.name, warnings, should_stop)
    return replace(content, path=path.parent) if is_directory else content


def _proposed(path: Path, holder: str, warnings: list[str], should_stop: Callable[[], bool] | None) -> Series:
    found = find_series(path, should_stop)
    if not found:
        raise NoSeriesError(
            f"The folder {path if path.is_dir() else path.parent} holds no DICOM images.",
            "Open a folder with the slices of a series.",
        )
    series = found[0]
    count = series.shape[0] if series.is_volume else 1
    what = f"{series.modality or 'one'} of {counted(count, 'slice')}"
    if len(found) > 1:
        holder = holder or ("folder" if path.is_dir() else "file")
        warnings.append(f"The {holder} holds {len(found)} series of images; the first was read, {what}.")
    elif path in series.paths and len(series.paths) > 1:
        warnings.append(f"The file is one of {count} slices of a series in its folder; the whole series was read.")
    return series


@quiet_pydicom
def read_series(
    series: Series, name: str, warnings: list[str], should_stop: Callable[[], bool] | None = None
) -> Content:
    """Read the voxels of a series.

    Parameters
    ----------
    series
        From `core.images.dicom.series.find_series`.
    name
        What to call it in messages.
    warnings
        What is doubtful is added here.
    should_stop
        Asked between files.

    Returns
    -------
    Content
        ``(z, y, x)`` voxels, one slice included, in the smallest of the types that SimpleITK answers with which holds them all;
        the grid may be slanted.

    Raises
    ------
    ImageReadError
        The series is refused, or a file of it is damaged, incomplete or gone, or it does not fit into the memory.
    Cancelled
        ``should_stop`` answered True.
    """
    stack = series.stack
    if stack.grid is None:
        raise ImageReadError(stack.problem, stack.hint)
    header = stack.slices[0].header
    in_one_file = len(series.paths) == 1 and len(stack.slices) > 1
    stored = math.prod(stack.grid.shape) * header.sample_bytes
    require_memory(2 * stored if in_one_file else stored, name)
    warnings.extend(series.notes)
    filling = _Filling(stack.grid.shape)
    digest = hashlib.sha256()
    frames_of: dict[Path, list[tuple[int, Slice]]] = {path: [] for path in series.paths}
    for place, piece in enumerate(stack.slices):
        frames_of[piece.path].append((place, piece))
    for path, frames in frames_of.items():
        if should_stop is not None and should_stop():
            raise Cancelled("Reading was stopped.")
        _hash(path, digest)
        for place, voxels in _decoded(path, frames, warnings):
            filling.put(place, voxels)
    return Content(filling.voxels, stack.grid, header.spacing_source, header.modality, sha256=digest.hexdigest())


class _Filling:
    """An array that slices are put into; it takes the type of the first and a wider one when a later slice needs it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self.voxels: AnyArray = np.empty(0, np.uint8)

    def put(self, place: int, voxels: AnyArray) -> None:
        dtype = _compact_dtype(voxels)
        if self.voxels.size == 0:
            self.voxels = np.empty(self._shape, dtype)
        wider = np.promote_types(self.voxels.dtype, dtype)
        if wider == np.float64:
            wider = np.dtype(np.float32)
        if wider != self.voxels.dtype:
            self.voxels = self.voxels.astype(wider)
        self.voxels[place] = voxels


def _compact_dtype(voxels: AnyArray) -> npt.DTypeLike:
    """Return the type to keep a slice in.

    SimpleITK answers in float64 for a fractional rescale slope, far beyond what the detector's bits can fill, and in int32 where
    16 bits and the intercept might not fit into int16, although they do in every CT.
    """
    if voxels.dtype == np.float64:
        return np.float32
    fits = np.iinfo(np.int16)
    if voxels.dtype == np.int32 and voxels.min() >= fits.min and voxels.max() <= fits.max:
        return np.int16
    return voxels.dtype


def _hash(path: Path, digest: Any) -> None:
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except FileNotFoundError as error:
        raise vanished_error(path) from error
    except OSError as error:
        raise unreadable_error(path, error) from error


def _decoded(path: Path, frames: list[tuple[int, Slice]], warnings: list[str]) -> Iterator[tuple[int, AnyArray]]:
    """Give the wanted frames of one file, each with its place in the volume."""
    header = frames[0][1].header
    said: list[str] = []
    voxels = one_channel(path.name, decode(path, "DICOM"), said)
    warnings.extend(note for note in said if note not in warnings)
    if voxels.size != header.frames * header.rows * header.columns:
        raise ImageReadError(
            f"{path.name} holds another number of pixels than it says.", "Export the image again from the archive."
        )
    voxels = voxels.reshape(header.frames, header.rows, header.columns)
    scales = rescales(read_dataset(path, FRAME_KEYWORDS)) if header.frames > 1 and not frames[0][1].film else []
    differ = len(set(scales)) > 1
    for place, piece in frames:
        frame = voxels[piece.frame]
        yield place, _rescaled(frame, scales[0], scales[piece.frame]) if differ else frame


def _rescaled(voxels: AnyArray, applied: tuple[float, float], own: tuple[float, float]) -> AnyArray:
    """Put right a frame to which SimpleITK applied the first frame's slope and intercept instead of its own."""
    stored = (voxels.astype(np.float64) - applied[1]) / (applied[0] or 1.0)
    return np.asarray(stored * own[0] + own[1], dtype=np.float32)
