"""NIfTI files, version 1 and 2: geometry and voxels, of one file or of a pair .hdr and .img, zipped or not.

nibabel reads headers, affines and voxels, these slice by slice through its array proxy, so that reading can be stopped and
takes no second copy. Which of a file's geometries counts and what is doubtful about it is decided here; RAS becomes LPS here.
"""

import gzip
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from core.base.errors import Cancelled, ImageReadError
from core.base.memory import require_memory
from core.images.itk import AnyArray, Content, brightness, check_spacing, complex_error, spacing_error
from core.images.rectilinear import is_rectilinear
from core.values.grid import FloatArray, Grid

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

_HEADER_BYTES = {1: 348, 2: 540}
_PIECE_BYTES = 1 << 22

_MM_PER_UNIT = {1: (1e3, "metres"), 3: (1e-3, "micrometres")}

_ALIKE = 1e-3
"""Difference, in voxels, up to which the two geometries of a file say the same: they are written in float32."""


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says that matters here, in mm and RAS; sizes and spacing in the file's order x, y, z."""

    sizes: tuple[int, ...]
    spacing: tuple[float, float, float]
    datatype: int
    dtype: np.dtype[np.generic]
    data_offset: int
    scale: tuple[float, float] | None
    foreign_unit: str
    qform_code: int
    sform_code: int
    qform: FloatArray
    sform: FloatArray
    detached: bool


def read_nifti(path: Path, warnings: list[str], should_stop: Callable[[], bool] | None = None) -> Content:
    """Read a NIfTI file; of several volumes the first.

    Raises
    ------
    ImageReadError
        The file is damaged or incomplete, its data file is missing, it holds no brightness, or no usable geometry.
    Cancelled
        ``should_stop`` answered True.
    OSError
        The file cannot be read.
    """
    path = header_beside(path)
    try:
        with _unzipped(path) as stream:
            header = _parsed(path, stream)
        grid = _grid(path, header, warnings)
        data_path = _data_path(path) if header.detached else path
        with _unzipped(data_path) as stream:
            voxels = _voxels(path, header, stream, warnings, should_stop)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _incomplete(path) from error
    return Content(voxels.reshape(grid.shape), grid)


def header_beside(path: Path) -> Path:
    """Return the header of a pair of which a person may have opened the file with the voxels, else the path itself."""
    header = path.with_suffix(".hdr")
    return header if path.suffix.lower() == ".img" and header.is_file() else path


def _unzipped(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if zipped else path.open("rb")


def _incomplete(path: Path) -> ImageReadError:
    return ImageReadError(
        f"{path.name} is incomplete: its end is missing or damaged.", "Copy or export the image again."
    )


def _data_path(path: Path) -> Path:
    """Return the file with the voxels of a detached header."""
    candidates = [path.with_suffix(suffix) for suffix in (".img", ".img.gz", ".IMG")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ImageReadError(
        f"{path.name} is only a header; its voxels should be in {candidates[0].name}, which is not there.",
        f"Put {candidates[0].name} beside it.",
    )


def _parsed(path: Path, stream: IO[bytes]) -> NiftiHeader:
    # Importing nibabel takes long enough to keep a window waiting, and most images are no NIfTI files.
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header
    from nibabel.spatialimages import HeaderDataError

    head = stream.read(_HEADER_BYTES[1])
    version = 1 if head[344:347] in (b"n+1", b"ni1") else 2
    kind: type[Nifti1Header] = Nifti1Header if version == 1 else Nifti2Header
    head += stream.read(_HEADER_BYTES[version] - len(head))
    if len(head) < _HEADER_BYTES[version]:
        raise _incomplete(path)
    # Not nibabel's own check, which mends impossible voxel sizes.
    raw = kind(head, check=False)
    try:
        return _header(raw, detached=bytes(raw["magic"])[:3] in (b"ni1", b"ni2"), first=_HEADER_BYTES[version])
    except (HeaderDataError, OverflowError) as error:
        raise ImageReadError(f"The header of {path.name} is damaged.", "Copy or export the image again.") from error


def _header(raw: "Nifti1Header", *, detached: bool, first: int) -> NiftiHeader:
    """Take what matters from a header; ``first`` is where voxels may begin at the earliest in a single file."""
    from nibabel.spatialimages import HeaderDataError

    rank = int(raw["dim"][0])
    sizes = tuple(int(size) for size in raw["dim"][1 : rank + 1])
    if not 1 <= rank <= 7 or min(sizes) < 1:
        raise HeaderDataError("no sizes")
    pixdim = raw["pixdim"].astype(np.float64)
    # An axis with one sample needs no step; programs write anything there.
    counts = (*sizes[:3], 1, 1)
    spacing = [float(size) if size > 0 or count > 1 else 1.0 for size, count in zip(pixdim[1:4], counts, strict=False)]
    mm_per_unit, unit = _MM_PER_UNIT.get(int(raw["xyzt_units"]) & 7, (1.0, ""))
    to_mm = np.diag([mm_per_unit] * 3 + [1.0])
    offset = float(raw["vox_offset"])
    earliest, usual = (0, 0) if detached else (first, first + 4)  # four bytes say whether extensions follow
    slope, intercept = float(raw["scl_slope"]), float(raw["scl_inter"])
    scaled = math.isfinite(slope) and math.isfinite(intercept) and slope != 0 and (slope, intercept) != (1.0, 0.0)
    try:
        dtype = raw.get_data_dtype()
    except (KeyError, TypeError):
        dtype = np.dtype(np.void)
    return NiftiHeader(
        sizes=sizes,
        spacing=(spacing[0] * mm_per_unit, spacing[1] * mm_per_unit, spacing[2] * mm_per_unit),
        datatype=int(raw["datatype"]),
        dtype=dtype,
        data_offset=int(offset) if math.isfinite(offset) and offset >= earliest else usual,
        scale=(slope, intercept) if scaled else None,
        foreign_unit=unit,
        qform_code=int(raw["qform_code"]),
        sform_code=int(raw["sform_code"]),
        qform=to_mm @ _qform(raw, spacing),
        sform=to_mm @ np.asarray(raw.get_sform(), np.float64),
        detached=detached,
    )


def _qform(raw: "Nifti1Header", spacing: list[float]) -> FloatArray:
    """Return the matrix of the quaternion; whatever is careless in it is mended first, where nibabel would refuse it."""
    mended = raw.copy()
    quaternion = np.array([raw[f"quatern_{part}"] for part in "bcd"], np.float64)
    if not np.isfinite(quaternion).all():
        return np.full((4, 4), np.nan)
    # A length above 1 comes from rounding, or from a mistake: a rotation never scales.
    for part, value in zip("bcd", quaternion / max(1.0, math.hypot(*quaternion)), strict=True):
        mended[f"quatern_{part}"] = value
    mended["pixdim"][0] = -1.0 if raw["pixdim"][0] < 0 else 1.0
    mended["pixdim"][1:4] = 1.0
    matrix = np.asarray(mended.get_qform(), np.float64)
    matrix[:3, :3] *= spacing
    return matrix


def _grid(path: Path, header: NiftiHeader, warnings: list[str]) -> Grid:
    """Return the grid in LPS of the one geometry out of three that counts, and say where that was a choice."""
    spatial = [size for size, count in zip(header.spacing, header.sizes, strict=False) if count > 1]
    if not all(size > 0 for size in spatial):
        raise spacing_error(path.name, spatial)
    if header.foreign_unit:
        warnings.append(f"The file measures in {header.foreign_unit}; they were converted to mm.")
    shape = (*(header.sizes[2:3] or (1,)), *(header.sizes[1:2] or (1,)), header.sizes[0])
    ras_from_index = _chosen(header, shape, warnings)
    matrix = np.eye(4)
    matrix[:3, :3] = np.fliplr(ras_from_index[:3, :3])
    matrix[:3, 3] = ras_from_index[:3, 3]
    matrix[:2] *= -1.0  # RAS to LPS
    columns_mm = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all():
        raise spacing_error(path.name)
    check_spacing(path.name, [size for size, count in zip(columns_mm.tolist(), shape, strict=True) if count > 1])
    if abs(np.linalg.det(matrix[:3, :3] / np.where(columns_mm > 0, columns_mm, 1.0))) < 1e-3:
        raise ImageReadError(
            f"The axes of {path.name} do not span a volume.", "Correct its orientation, for example with 3D Slicer."
        )
    flat = len(header.sizes) == 2 and not matrix[2, 1:3].any() and not matrix[:2, 0].any()
    return Grid(shape[1:], matrix[np.ix_([0, 1, 3], [1, 2, 3])]) if flat else Grid(shape, matrix)


def _chosen(header: NiftiHeader, shape: tuple[int, ...], warnings: list[str]) -> FloatArray:
    """Return the sform where there is one, else the qform, else the voxel size alone.

    A slanted sform stems from a registration, and the qform beside it keeps the patient's shape: then that counts.
    """
    has_q, has_s = header.qform_code > 0, header.sform_code > 0
    if not has_s and not has_q:
        warnings.append("The file does not say where its voxels are in the patient; left and right are not certain.")
        return np.diag([-header.spacing[0], -header.spacing[1], header.spacing[2], 1.0])  # as ITK: x is left, y is back
    if not has_s:
        return header.qform
    if has_q and not _say_the_same(header, shape):
        slanted = not is_rectilinear(Grid(shape, header.sform[:, [2, 1, 0, 3]])) if _spans(header.sform) else True
        used, reason = (
            ("qform", ", because the axes of the sform are not at right angles") if slanted else ("sform", "")
        )
        warnings.append(f"The file holds two different geometries, sform and qform; the {used} was used{reason}.")
        return header.qform if slanted else header.sform
    own = np.linalg.norm(header.sform[:3, :3], axis=0)
    if not has_q and not np.allclose(own, header.spacing, rtol=0.01):
        warnings.append("The file holds two different voxel sizes; that of the sform was used.")
    return header.sform


def _spans(matrix: FloatArray) -> bool:
    return bool(np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) >= 1e-12)


def _say_the_same(header: NiftiHeader, shape: tuple[int, ...]) -> bool:
    """Tell whether sform and qform put all corners of the volume at the same places."""
    ends = np.array([[x, y, z, 1] for x in (0, shape[2] - 1) for y in (0, shape[1] - 1) for z in (0, shape[0] - 1)])
    apart = (ends @ (header.sform - header.qform).T)[:, :3]
    return bool(np.abs(apart).max() <= max(_ALIKE * sum(shape) * max(header.spacing), 0.01 * min(header.spacing)))


def _voxels(
    path: Path,
    header: NiftiHeader,
    stream: IO[bytes],
    warnings: list[str],
    should_stop: Callable[[], bool] | None,
) -> AnyArray:
    """Read the first volume's voxels, ``(z, y, x)`` and channels last, and make sure that the whole file is there."""
    from nibabel.arrayproxy import ArrayProxy

    channels = len(header.dtype.names or (None,))
    stored = np.dtype("u1") if channels > 1 else header.dtype
    if stored.kind == "c":
        raise complex_error(path.name)
    if stored.kind not in "iuf" or stored.itemsize > 8:
        raise ImageReadError(
            f"{path.name} holds a rare kind of numbers (NIfTI type {header.datatype}).", "Convert it to NRRD."
        )
    if math.prod(header.sizes[4:]) > 1 and math.prod(header.sizes[3:4]) == 1:
        values = math.prod(header.sizes[4:])
        raise ImageReadError(
            f"{path.name} holds {values} values per pixel that are no colours.", "Export one of them as an image."
        )
    volumes = math.prod(header.sizes[3:])
    if volumes > 1:
        warnings.append(f"The file holds {volumes} volumes; only the first was read.")
    scale = header.scale if channels == 1 else None
    native = np.dtype(np.float32) if scale else stored.newbyteorder("=")
    columns, rows, slices = (*header.sizes[:3], 1, 1)[:3]
    shape = (channels, columns, rows, slices)  # the channels of a voxel lie together
    require_memory(math.prod(shape) * native.itemsize, path.name)
    voxels = np.empty((slices, rows, columns, channels), native)
    proxy = ArrayProxy(cast(str, stream), (shape, stored, header.data_offset, *(scale or (1.0, 0.0))), mmap=False)
    try:
        for number in range(slices):
            if should_stop is not None and should_stop():
                raise Cancelled("Reading was stopped.")
            voxels[number] = proxy[..., number].T
    except ValueError as error:  # as nibabel says that there are too few bytes
        raise EOFError from error
    _skip(stream, math.prod(shape) * stored.itemsize * (volumes - 1))
    while stream.read(_PIECE_BYTES):
        pass  # a zipped file shows only at its very end whether it is sound
    return brightness(path.name, voxels, warnings) if channels > 1 else voxels[..., 0]


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        piece = stream.read(min(count, _PIECE_BYTES))
        if not piece:
            raise EOFError
        count -= len(piece)
