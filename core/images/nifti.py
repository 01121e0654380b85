"""NIfTI files (version 1): header, geometry and voxels, of one file or of a pair .hdr and .img, zipped or not.

Read without ITK, which refuses slanted axes, mixes up neighbouring files, keeps a second copy of the voxels and does not notice
a missing end. RAS becomes LPS here; what is doubtful about the geometry is said in a warning.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from core.base.errors import Cancelled, ImageReadError
from core.base.memory import require_memory
from core.images.itk import AnyArray, Content, brightness, check_spacing, complex_error, spacing_error
from core.images.rectilinear import is_rectilinear
from core.values.grid import FloatArray, Grid

_HEADER_BYTES = 348
_PIECE_BYTES = 1 << 22

_NUMBERS = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_COLOURS = {128: 3, 2304: 4}
_COMPLEX = (32, 1792, 2048)

_MM_PER_UNIT = {1: (1e3, "metres"), 3: (1e-3, "micrometres")}

_ALIKE = 1e-3
"""Difference, in voxels, up to which the two geometries of a file say the same: they are written in float32."""


@dataclass(frozen=True)
class NiftiHeader:
    """What the 348 bytes say that matters here, in mm and RAS; sizes and spacing in the file's order x, y, z."""

    sizes: tuple[int, ...]
    spacing: tuple[float, float, float]
    datatype: int
    byte_order: str
    data_offset: int
    scale: tuple[float, float]
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
    try:
        with _unzipped(path) as stream:
            header = _parsed(path, stream.read(_HEADER_BYTES))
        grid = _grid(path, header, warnings)
        data_path = _data_path(path) if header.detached else path
        with _unzipped(data_path) as stream:
            voxels = _voxels(path, header, stream, warnings, should_stop)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _incomplete(path) from error
    return Content(voxels.reshape(grid.shape), grid)


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


def _parsed(path: Path, head: bytes) -> NiftiHeader:
    if len(head) < _HEADER_BYTES:
        raise _incomplete(path)
    order = "<" if struct.unpack_from("<i", head)[0] == _HEADER_BYTES else ">"

    def numbers(layout: str, offset: int) -> tuple[float, ...]:
        return struct.unpack_from(order + layout, head, offset)

    dim = [int(size) for size in numbers("8h", 40)]
    pixdim = numbers("8f", 76)
    rank = dim[0]
    if not 1 <= rank <= 7 or min(dim[1 : rank + 1]) < 1:
        raise ImageReadError(f"The header of {path.name} is damaged.", "Copy or export the image again.")
    offset = numbers("f", 108)[0]
    detached = head[344:348] == b"ni1\0"
    first, usual = (0, 0) if detached else (_HEADER_BYTES, 352)
    mm_per_unit, unit = _MM_PER_UNIT.get(head[123] & 7, (1.0, ""))
    to_mm = np.diag([mm_per_unit] * 3 + [1.0])
    qform_code, sform_code = (int(code) for code in numbers("2h", 252))
    sform = np.eye(4)
    sform[:3] = np.reshape(numbers("12f", 280), (3, 4))
    # An axis with one sample needs no step; programs write anything there.
    counts = (*dim[1 : min(rank, 3) + 1], 1, 1)
    spacing = [size if size > 0 or count > 1 else 1.0 for size, count in zip(pixdim[1:4], counts, strict=False)]
    return NiftiHeader(
        sizes=tuple(dim[1 : rank + 1]),
        spacing=(spacing[0] * mm_per_unit, spacing[1] * mm_per_unit, spacing[2] * mm_per_unit),
        datatype=int(numbers("h", 70)[0]),
        byte_order=order,
        data_offset=int(offset) if math.isfinite(offset) and offset >= first else usual,
        scale=(numbers("f", 112)[0], numbers("f", 116)[0]),
        foreign_unit=unit,
        qform_code=qform_code,
        sform_code=sform_code,
        qform=to_mm @ _qform(numbers("6f", 256), pixdim[0], spacing),
        sform=to_mm @ sform,
        detached=detached,
    )


def _qform(numbers: tuple[float, ...], handedness: float, spacing: Sequence[float]) -> FloatArray:
    """Return the matrix of a quaternion ``b, c, d``, an offset and the voxel size, as the standard's method 2 has it."""
    length = max(1.0, math.hypot(*numbers[:3]))  # above 1 only by rounding, or by mistake: a rotation never scales
    b, c, d = (part / length for part in numbers[:3])
    a = math.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * spacing
    matrix[:3, 2] *= -1.0 if handedness < 0 else 1.0
    matrix[:3, 3] = numbers[3:]
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
    """Read the first volume's voxels, and make sure that the whole file is there."""
    if header.datatype in _COMPLEX:
        raise complex_error(path.name)
    channels = _COLOURS.get(header.datatype, 1)
    code = "u1" if channels > 1 else _NUMBERS.get(header.datatype)
    if code is None:
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
    count = math.prod(header.sizes[:3]) * channels
    stored = np.dtype(header.byte_order + code)
    slope, intercept = header.scale
    scaled = channels == 1 and math.isfinite(slope) and math.isfinite(intercept) and slope != 0
    scaled = scaled and (slope, intercept) != (1.0, 0.0)
    native = np.dtype(np.float32) if scaled else stored.newbyteorder("=")
    require_memory(count * native.itemsize, path.name)
    voxels = np.empty(count, native)
    _skip(stream, header.data_offset)
    step = _PIECE_BYTES // stored.itemsize
    for start in range(0, count, step):
        if should_stop is not None and should_stop():
            raise Cancelled("Reading was stopped.")
        piece = np.frombuffer(_exactly(stream, min(step, count - start) * stored.itemsize), stored)
        voxels[start : start + piece.size] = piece * slope + intercept if scaled else piece
    _skip(stream, count * stored.itemsize * (volumes - 1))
    while stream.read(_PIECE_BYTES):
        pass  # a zipped file shows only at its very end whether it is sound
    return brightness(path.name, voxels.reshape(-1, channels), warnings) if channels > 1 else voxels


def _exactly(stream: IO[bytes], count: int) -> bytes:
    piece = stream.read(count)
    if len(piece) < count:
        raise EOFError
    return piece


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        count -= len(_exactly(stream, min(count, _PIECE_BYTES)))
