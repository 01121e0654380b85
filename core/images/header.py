"""What image files say in their headers and SimpleITK does not tell: kind, completeness, physical resolution, orientation.

SimpleITK decodes the pixels; it goes by file names, returns half-read JPEG, BMP and NIfTI files without a word, and ignores the
resolution of PNG and BMP. The few bytes that matter are read here. No pixels and no geometry objects in this module.
"""

import gzip
import math
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

MM_PER_INCH = 25.4

BELIEVABLE_MM = (0.005, 5.0)
"""Pixel sizes that a radiograph or a photograph of one may have."""

DEFAULT_DPI = (72.0, 96.0)
"""What programs write when they do not know the resolution."""

ITK_DEFAULT_DPI = (*DEFAULT_DPI, 25.4)
"""The same where the resolution comes through ITK, which answers 1 mm, and writes that into TIFF files, when it does not know."""

_MAGIC = (
    (0, PNG_SIGNATURE, "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"BM", "BMP"),
    (128, b"DICM", "DICOM"),
    (0, b"NRRD000", "NRRD"),
    (344, b"n+1\0", "NIfTI"),
    (344, b"ni1\0", "NIfTI"),
)
_META_IMAGE = re.compile(rb"\s*(ObjectType|NDims|Comment)\s*=")


def kind_of(path: Path) -> str:
    """Tell by its first bytes what kind of image a file is: a key such as ``"PNG"``, or ``""`` where it is none we know."""
    if not stat.S_ISREG(path.stat().st_mode):
        return ""  # reading a pipe or a device would never end
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(b"\x1f\x8b"):
        try:
            with _unzipped(path) as stream:
                head = stream.read(512)
        except (OSError, EOFError, zlib.error):
            return "NIfTI"  # the only zipped kind; the check for completeness will say what is wrong
        return "NIfTI" if head[344:348] == b"n+1\0" else ""
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return "MetaImage" if _META_IMAGE.match(head) else ""


def jpeg_is_whole(data: bytes) -> bool:
    """Tell whether a JPEG stream runs from its first marker to its end marker."""
    at = 2
    while match := re.compile(rb"\xff+([^\x00\xff])").search(data, at):
        marker = match.group(1)[0]
        if marker == 0xD9:
            return True
        at = match.end()
        if not (0xD0 <= marker <= 0xD8 or marker == 0x01):
            # A segment says its own length; skipping it skips the thumbnails inside, which have end markers of their own.
            at += int.from_bytes(data[at : at + 2], "big")
    return False


def bmp_is_whole(data: bytes) -> bool:
    """Tell whether a BMP file holds all its rows."""
    if len(data) < 54:
        return False
    size, offset = struct.unpack_from("<I4xI", data, 2)
    width, height, bits, compression = struct.unpack_from("<ii2xHI", data, 18)
    row_bytes = (abs(width) * bits + 31) // 32 * 4
    uncompressed = compression in (0, 3)
    return bool(len(data) >= (offset + row_bytes * abs(height) if uncompressed else size))


def _unzipped(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if zipped else path.open("rb")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the name and content of each chunk of a PNG file."""
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def png_spacing_mm(data: bytes) -> tuple[float, float] | None:
    """Return the pixel size ``(x, y)`` of a PNG's ``pHYs`` chunk in mm; None where it has none or gives no unit."""
    for name, content in png_chunks(data):
        if name == b"pHYs" and len(content) == 9:
            x_per_m, y_per_m, unit = struct.unpack(">IIB", content)
            return (1000 / x_per_m, 1000 / y_per_m) if unit == 1 and x_per_m and y_per_m else None
    return None


def png_with_spacing(data: bytes, spacing_mm: tuple[float, float] | None) -> bytes:
    """Return a PNG file with this pixel size ``(x, y)`` in mm, or with none.

    It is written twice: as ``pHYs`` (whole pixels per metre), which every program knows, and exactly as ``sCAL``, in the way
    ITK programs such as 3D Slicer write and read it (a number in mm, although the unit byte says metre).
    """
    kept = [(name, content) for name, content in png_chunks(data) if name not in (b"pHYs", b"sCAL")]
    if spacing_mm is not None:
        per_m = [round(1000 / s) for s in spacing_mm]
        scale = b"\x01" + b"\0".join(repr(float(s)).encode() for s in spacing_mm)
        kept[1:1] = [(b"pHYs", struct.pack(">IIB", *per_m, 1)), (b"sCAL", scale)]
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in kept
    )


def bmp_spacing_mm(data: bytes) -> tuple[float, float] | None:
    """Return the pixel size ``(x, y)`` of a BMP file in mm; None where it gives none."""
    x_per_m, y_per_m = struct.unpack_from("<ii", data, 38)
    return (1000 / x_per_m, 1000 / y_per_m) if x_per_m > 0 and y_per_m > 0 else None


def is_believable(spacing_mm: tuple[float, float], defaults_dpi: tuple[float, ...] = DEFAULT_DPI) -> bool:
    """Tell whether the resolution of a picture is one that somebody measured: plausible, and no program's default."""
    low, high = BELIEVABLE_MM
    if not all(low <= s <= high for s in spacing_mm) or max(spacing_mm) > 2 * min(spacing_mm):
        return False
    return not any(math.isclose(MM_PER_INCH / s, dpi, rel_tol=0.002) for s in spacing_mm for dpi in defaults_dpi)


def orientation_of(data: bytes) -> int:
    """Return the orientation (tag 274, 1 to 8; 1 is upright) of a TIFF file or of the Exif block of a JPEG file."""
    start = 0
    if data.startswith(b"\xff\xd8"):
        exif = data.find(b"Exif\0\0", 0, 1 << 16)
        if exif < 0:
            return 1
        start = exif + 6
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[start : start + 4])
    if order is None:
        return 1
    try:
        directory = start + struct.unpack_from(order + "I", data, start + 4)[0]
        for entry in range(struct.unpack_from(order + "H", data, directory)[0]):
            tag, value = struct.unpack_from(order + "H6xH", data, directory + 2 + 12 * entry)
            if tag == 274:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def text_fields(path: Path) -> dict[str, str]:
    """Return the ``key: value`` / ``key = value`` lines at the top of an NRRD or MetaImage file, keys in lower case."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    fields: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        match = re.match(r"([\w \[\]]+?)\s*(?::(?!=)|=)\s*(.*)", line)
        if match:
            fields[match.group(1).lower()] = match.group(2).strip()
        if not line.strip() or line.startswith("ElementDataFile"):
            break
    return fields
