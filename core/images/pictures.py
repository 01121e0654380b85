"""PNG, JPEG, TIFF and BMP files: pixels as everybody sees them, and a physical size only where it can be believed.

SimpleITK decodes, since it keeps 16 bits and real numbers; what it does not tell (completeness, print resolution, orientation)
comes from Pillow. A picture is never a volume in the patient: a TIFF of several pages has no known spacing.
"""

import io
import math
import struct
import warnings as python_warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from PIL import Image as PillowImage

from core.base.errors import ImageReadError
from core.base.shared_context import SharedContext
from core.images.itk import AnyArray, Content, decode, one_channel
from core.values.grid import Grid
from core.values.image import SpacingSource, print_resolution_warning

MM_PER_INCH = 25.4

BELIEVABLE_MM = (0.005, 5.0)
"""Pixel sizes that a radiograph or a photograph of one may have."""

DEFAULT_DPI = (72.0, 96.0)
"""What programs write when they do not know the resolution."""

ITK_DEFAULT_DPI = (*DEFAULT_DPI, 25.4, 25.0)
"""The same in TIFF and JPEG files, into which ITK writes 1 mm, in a JPEG file rounded, when it does not know."""

# Not Pillow's own `open`, which counts pixels and has one limit for the whole process; SimpleITK's header tells whether they fit.
_FILES: dict[str, type[ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    struct.error,
)
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_INCHES_PER_UNIT = {1: 1.0, 2: 1 / 2.54}
"""Of the density of a JPEG file: dots per inch or per centimetre. A TIFF counts them from 2."""


@contextmanager
def _silenced() -> Iterator[None]:
    with python_warnings.catch_warnings():
        python_warnings.filterwarnings("ignore", module=r"PIL\b")
        yield


quiet_pillow = SharedContext(_silenced)
"""Around what reads tags with Pillow, which warns about damaged ones; they count as absent."""


@dataclass(frozen=True)
class _Facts:
    """What a picture file says beside its pixels: dots per inch ``(x, y)`` or none, and its orientation, 1 (upright) to 8."""

    dpi: tuple[float, float] | None = None
    orientation: int = 1


def read_picture(path: Path, kind: str, warnings: list[str]) -> Content:
    """Read a picture file of a ``kind``: PNG, JPEG, TIFF or BMP; `ImageReadError` where it is damaged or incomplete."""
    if kind in ("JPEG", "BMP"):
        _require_whole(path, kind)
    image = decode(path, kind)
    voxels = one_channel(path.name, image, warnings)
    if voxels.ndim == 3:
        return Content(voxels, Grid.from_spacing(voxels.shape), spacing_source=SpacingSource.UNKNOWN)
    facts = _facts(path, kind)
    spacing_mm, spacing_source = _spacing_mm(kind, image, facts, warnings)
    voxels, (x_mm, y_mm) = _upright(path, kind, voxels, spacing_mm, facts, warnings)
    return Content(voxels, Grid.from_spacing(voxels.shape, (y_mm, x_mm)), spacing_source)


@quiet_pillow
def _require_whole(path: Path, kind: str) -> None:
    """Raise where the end of a JPEG or BMP file is missing: SimpleITK makes up the rest without a word."""
    try:
        with path.open("rb") as stream, _FILES[kind](stream) as picture:
            picture.draft(
                "L", (max(1, picture.width // 8), max(1, picture.height // 8))
            )  # for JPEG: decoded no finer than needed
            picture.load()
    except FileNotFoundError:
        raise
    except _PILLOW_ERRORS as error:
        raise ImageReadError(
            f"{path.name} is incomplete: its end is missing or damaged.", "Copy or export the image again."
        ) from error


@quiet_pillow
def _facts(path: Path, kind: str) -> _Facts:
    """Return resolution and orientation; what is damaged counts as absent."""
    try:
        with path.open("rb") as stream:
            if kind == "TIFF":
                return _tiff_facts(stream)
            with _FILES[kind](stream) as picture:
                if kind == "JPEG":
                    return _Facts(_jpeg_dpi(picture), _valid_orientation(picture.getexif().get(_ORIENTATION)))
                return _Facts(_dots(picture.info.get("dpi")))
    except FileNotFoundError:
        raise
    except _PILLOW_ERRORS:
        return _Facts()


def _tiff_facts(stream: io.BufferedReader) -> _Facts:
    # Pillow opens fewer kinds of TIFF than SimpleITK decodes, but reads the tags of all.
    header = stream.read(8)
    header += stream.read(8) if 43 in header[2:4] else b""  # BigTIFF
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    stream.seek(tags.next)
    tags.load(stream)
    inches = _INCHES_PER_UNIT.get(tags.get(_RESOLUTION_UNIT, 2) - 1)
    per_unit = _dots((tags.get(_X_RESOLUTION, 0), tags.get(_Y_RESOLUTION, 0)))
    dpi = (per_unit[0] / inches, per_unit[1] / inches) if inches and per_unit else None
    return _Facts(dpi, _valid_orientation(tags.get(_ORIENTATION)))


def _jpeg_dpi(picture: ImageFile.ImageFile) -> tuple[float, float] | None:
    """Return the density that the JFIF segment states; that of Exif is a camera's, which says nothing about what it sees."""
    inches = _INCHES_PER_UNIT.get(picture.info.get("jfif_unit", 0))
    per_unit = _dots(picture.info.get("jfif_density"))
    return (per_unit[0] / inches, per_unit[1] / inches) if inches and per_unit else None


def _dots(stated: Sequence[float] | None) -> tuple[float, float] | None:
    """Return two positive numbers, or none."""
    if stated is None or len(stated) != 2:
        return None
    x, y = (float(number) for number in stated)
    return (x, y) if 0 < x < math.inf and 0 < y < math.inf else None


def _valid_orientation(stated: object) -> int:
    return stated if isinstance(stated, int) and 1 <= stated <= 8 else 1


def _spacing_mm(
    kind: str, image: sitk.Image, facts: _Facts, warnings: list[str]
) -> tuple[tuple[float, float], SpacingSource]:
    """Return the pixel size ``(x, y)`` that a picture file states if it can be believed, else 1 and that it is unknown."""
    printed_mm = facts.dpi and (MM_PER_INCH / facts.dpi[0], MM_PER_INCH / facts.dpi[1])
    if kind == "PNG":
        # SimpleITK reads the sCAL chunk, the scale of the subject itself; ITK writes 1 there when it does not know.
        x_mm, y_mm = image.GetSpacing()[:2]
        measured = (x_mm, y_mm) != (1.0, 1.0) or (printed_mm is not None and np.allclose(printed_mm, 1.0, rtol=1e-9))
        if measured and is_believable((x_mm, y_mm)):
            return (x_mm, y_mm), SpacingSource.FILE
        if measured:
            printed_mm = None
    defaults_dpi = ITK_DEFAULT_DPI if kind in ("JPEG", "TIFF") else DEFAULT_DPI
    if printed_mm is None or not is_believable(printed_mm, defaults_dpi):
        return (1.0, 1.0), SpacingSource.UNKNOWN
    warnings.append(print_resolution_warning(*printed_mm))
    return printed_mm, SpacingSource.PRINT_RESOLUTION


def is_believable(spacing_mm: tuple[float, float], defaults_dpi: tuple[float, ...] = DEFAULT_DPI) -> bool:
    """Tell whether the resolution of a picture is one that somebody measured: plausible, and no program's default."""
    low, high = BELIEVABLE_MM
    if not all(low <= s <= high for s in spacing_mm) or max(spacing_mm) > 2 * min(spacing_mm):
        return False
    return not any(math.isclose(MM_PER_INCH / s, dpi, rel_tol=0.002) for s in spacing_mm for dpi in defaults_dpi)


def _upright(
    path: Path,
    kind: str,
    voxels: AnyArray,
    spacing_mm: tuple[float, float],
    facts: _Facts,
    warnings: list[str],
) -> tuple[AnyArray, tuple[float, float]]:
    """Rotate a photograph as its file asks viewers to, so that pixels are counted as everybody sees them."""
    orientation = facts.orientation
    if kind == "TIFF" and orientation > 4:
        raise ImageReadError(
            f"{path.name} is stored lying on its side.", "Rotate it in an image program and save it again."
        )
    if kind == "TIFF" or orientation == 1:
        return voxels, spacing_mm  # SimpleITK has rotated the TIFF already
    warnings.append("The image was rotated as its file asks viewers to.")
    if orientation > 4:
        voxels, spacing_mm = voxels.T, (spacing_mm[1], spacing_mm[0])
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(voxels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]), spacing_mm


def write_png(path: Path, pixels: AnyArray, spacing_mm: Sequence[float] | None) -> None:
    """Write 8 or 16 bit grey ``pixels`` with their size ``(y, x)`` in mm, or with none.

    The size is written twice: as ``pHYs`` (whole pixels per metre), which every program knows, and exactly as ``sCAL``, as ITK
    programs such as 3D Slicer write and read it (a number in mm, although the unit byte says metre).
    """
    encoded, scale = io.BytesIO(), io.BytesIO()
    picture = PillowImage.fromarray(pixels)
    if spacing_mm is None:
        picture.save(encoded, "PNG")
    else:
        y_mm, x_mm = spacing_mm
        picture.save(encoded, "PNG", dpi=(MM_PER_INCH / x_mm, MM_PER_INCH / y_mm))
        PngImagePlugin.putchunk(scale, b"sCAL", b"\x01" + f"{float(x_mm)!r}\0{float(y_mm)!r}".encode())
    data = encoded.getvalue()
    start = len(b"\x89PNG\r\n\x1a\n") + 25  # behind the header, which is always the first chunk
    path.write_bytes(data[:start] + scale.getvalue() + data[start:])
