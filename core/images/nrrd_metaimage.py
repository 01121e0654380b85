"""NRRD and MetaImage files, with the voxels inside or in a file beside: SimpleITK decodes, the header says what is doubtful.

Knows which of the two stated no voxel size, an impossible one, or one in another unit, which data file is missing, and which
compressed voxels are damaged: SimpleITK answers with chance numbers there, or never.
"""

import math
import re
import sys
import zlib
from pathlib import Path
from typing import IO

import SimpleITK as sitk

from core.base.delimited_text import finite_number
from core.base.errors import ImageReadError
from core.images.itk import Content, check_spacing, decode, one_channel, spacing_error, to_grid
from core.values.image import SpacingSource

_PIECE_BYTES = 1 << 20
MOST_AXES = 5

_MM_PER_UNIT = {
    "nm": 1e-6, "um": 1e-3, "micron": 1e-3, "microns": 1e-3, "micrometer": 1e-3, "micrometers": 1e-3, "mm": 1.0,
    "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "centimeter": 10.0, "centimeters": 10.0, "m": 1e3, "meter": 1e3,
    "meters": 1e3, "in": 25.4, "inch": 25.4,
}  # fmt: skip

_PATIENT_SPACES = re.compile(
    r"(LPS|LAS|RAS)T?|(left-posterior|left-anterior|right-anterior)-superior(-time)?", re.IGNORECASE
)


def read_volume(path: Path, kind: str, warnings: list[str]) -> Content:
    """Read an NRRD or MetaImage file; of several volumes the first.

    Raises
    ------
    ImageReadError
        The file is damaged or incomplete, its data file is missing, or it holds no brightness or an impossible voxel size.
    """
    fields = _text_fields(path)
    if kind == "MetaImage":
        _require_sizes(path, fields)
    _require_data_file(path, fields)
    image = decode(path, kind, lambda needed_bytes: _require_sound(path, fields, needed_bytes))
    image = _first_volume(image, fields, warnings)
    text = fields.get("spacings") or fields.get("elementspacing") or fields.get("elementsize") or ""
    sizes = [size for size in map(finite_number, text.split()) if size is not None]
    if any(size <= 0 for size in sizes):
        raise spacing_error(path.name, sizes)
    known = len(sizes) >= image.GetDimension() or "space directions" in fields
    if known:
        factor = _mm_per_unit(fields, warnings)
        image.SetSpacing([size * factor for size in image.GetSpacing()])
        image.SetOrigin([place * factor for place in image.GetOrigin()])
        check_spacing(path.name, image.GetSpacing())
    else:
        image.SetSpacing([1.0] * image.GetDimension())
        warnings.append("The file does not say its voxel size; distances are in voxels.")
    if kind == "NRRD" and image.GetDimension() == 3 and not _PATIENT_SPACES.fullmatch(fields.get("space", "")):
        warnings.append("The file does not say where its voxels are in the patient; left and right are not certain.")
    return Content(
        one_channel(path.name, image, warnings), to_grid(image), SpacingSource.FILE if known else SpacingSource.UNKNOWN
    )


def _text_fields(path: Path) -> dict[str, str]:
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


def _first_volume(image: sitk.Image, fields: dict[str, str], warnings: list[str]) -> sitk.Image:
    """Return the first volume of a file with four axes, whichever of them counts the volumes."""
    listed = image.GetNumberOfComponentsPerPixel() if "list" in fields.get("kinds", "").lower().split() else 1
    volumes = math.prod(image.GetSize()[3:]) * listed
    if volumes > 1:
        warnings.append(f"The file holds {volumes} volumes; only the first was read.")
    if listed > 1:
        image = sitk.VectorIndexSelectionCast(image, 0)
    while image.GetDimension() > 3:
        image = image[..., 0]
    return image


def _mm_per_unit(fields: dict[str, str], warnings: list[str]) -> float:
    """Return how many mm the unit of the file's lengths is, and say so where it is another one."""
    quoted = re.findall(r'"([^"]*)"', fields.get("space units") or fields.get("units") or "")
    words = [word.strip().lower() for word in quoted or [fields.get("distanceunits", "")]]
    # A micro sign comes in several encodings, none of them ASCII.
    units = {word if word.isascii() or not word.endswith("m") else "um" for word in words} - {"", "?", "???"}
    lengths = units & _MM_PER_UNIT.keys()
    factors = {_MM_PER_UNIT[unit] for unit in lengths}
    if len(factors) == 1:
        if factors != {1.0}:
            warnings.append(f"The file measures in {' or '.join(sorted(lengths))}; its numbers were converted to mm.")
        return factors.pop()
    if units:
        warnings.append(f"The file measures in {', '.join(sorted(units))}; its numbers were taken as mm.")
    return 1.0


def _require_sizes(path: Path, fields: dict[str, str]) -> None:
    """Raise where the number of axes and their lengths are none or contradict each other: SimpleITK may crash on them."""
    rank, sizes = fields.get("ndims", ""), fields.get("dimsize", "").split()
    possible = all(size.isdecimal() and int(size) > 0 for size in sizes)
    if not possible or rank != str(len(sizes)) or not 1 <= len(sizes) <= MOST_AXES:
        raise ImageReadError(f"The header of {path.name} is damaged.", "Copy or export the image again.")


def _require_sound(path: Path, fields: dict[str, str], needed_bytes: int) -> None:
    """Raise where the compressed voxels of a MetaImage are damaged or too few: SimpleITK makes up some then, or never ends."""
    name = fields.get("elementdatafile", "")
    if not name or fields.get("compresseddata", "")[:1].lower() not in ("t", "1"):
        return
    if _is_several(name):
        raise ImageReadError(
            f"{path.name} spreads compressed voxels over several files.", "Save it again without compression."
        )
    is_inside = name.upper() == "LOCAL"
    stated = fields.get("compresseddatasize", "")
    if is_inside and not stated.isdecimal():
        raise ImageReadError(
            f"{path.name} does not say how long its compressed voxels are (CompressedDataSize).",
            "Save it again without compression.",
        )
    with (path if is_inside else _beside(path, name)).open("rb") as stream:
        while is_inside and (line := stream.readline()) and not line.startswith(b"ElementDataFile"):
            pass
        count = _unzipped_bytes(stream, int(stated) if stated.isdecimal() else sys.maxsize)
    if count != needed_bytes:
        raise ImageReadError(f"The compressed voxels of {path.name} are damaged.", "Copy or export the image again.")


def _unzipped_bytes(stream: IO[bytes], length: int) -> int | None:
    """Return how many bytes the next ``length`` ones of a stream become when they are unzipped; None where they cannot be."""
    unzip, count = zlib.decompressobj(wbits=47), 0  # 47: zlib or gzip, as MetaIO reads them
    try:
        while not unzip.eof and (piece := stream.read(min(length, _PIECE_BYTES))):
            length -= len(piece)
            count += len(unzip.decompress(piece))
    except zlib.error:
        return None
    return count if unzip.eof else None


def _require_data_file(path: Path, fields: dict[str, str]) -> None:
    """Raise where a detached header names one data file that is not there; lists and patterns are left to SimpleITK."""
    name = fields.get("data file") or fields.get("datafile") or fields.get("elementdatafile") or ""
    if not name or _is_several(name) or name.upper() == "LOCAL":
        return
    data_path = _beside(path, name)
    if not data_path.is_file():
        raise ImageReadError(
            f"{path.name} is only a header; its voxels should be in {data_path.name}, which is not there.",
            f"Put {data_path.name} into the same folder.",
        )


def _is_several(name: str) -> bool:
    """Tell whether a header names a list or a pattern of data files, which are left to SimpleITK."""
    return name.upper().startswith("LIST") or "%" in name


def _beside(path: Path, name: str) -> Path:
    """Return the data file that a header names, in whichever encoding it names it."""
    in_utf8 = path.parent / name.encode("latin-1").decode("utf-8", "replace")
    return in_utf8 if in_utf8.is_file() else path.parent / name
