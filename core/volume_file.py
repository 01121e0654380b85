"""NRRD and MetaImage files, with the voxels inside or in a file beside: SimpleITK decodes, the header says what is doubtful.

Knows which of the two stated no voxel size, which stated an impossible one, and which data file is missing.
"""

import math
import re
from pathlib import Path

from core import image_header
from core.errors import ImageReadError
from core.itk_image import Content, check_spacing, decode, one_channel, spacing_error, to_grid


def read_volume(path: Path, kind: str, warnings: list[str]) -> Content:
    """Read an NRRD or MetaImage file; of several volumes the first.

    Raises
    ------
    ImageReadError
        The file is damaged or incomplete, its data file is missing, or it holds no brightness or an impossible voxel size.
    """
    fields = image_header.text_fields(path)
    _require_data_file(path, fields)
    image = decode(path, kind)
    volumes = math.prod(image.GetSize()[3:])
    if volumes > 1:
        warnings.append(f"The file holds {volumes} volumes; only the first was read.")
    while image.GetDimension() > 3:
        image = image[..., 0]
    text = fields.get("spacings") or fields.get("elementspacing") or fields.get("elementsize") or ""
    sizes = [float(word) for word in re.findall(r"[-+.\de]+(?=\s|$)", text.lower())]
    known = len(sizes) >= image.GetDimension() or "space directions" in fields
    units = set(re.findall(r'"([^"]+)"', fields.get("space units", ""))) - {"mm", "???"}
    if units:
        warnings.append(f"The file measures in {', '.join(sorted(units))}; its numbers were taken as mm.")
    if any(size <= 0 for size in sizes):
        raise spacing_error(path.name, sizes)
    check_spacing(path.name, image.GetSpacing())
    if not known:
        warnings.append("The file does not say its voxel size; distances are in voxels.")
    return Content(one_channel(path.name, image, warnings), to_grid(image), known)


def _require_data_file(path: Path, fields: dict[str, str]) -> None:
    """Raise where a detached header names one data file that is not there; lists and patterns are left to SimpleITK."""
    name = fields.get("data file") or fields.get("datafile") or fields.get("elementdatafile") or ""
    if not name or name.upper().startswith("LIST") or name.upper() == "LOCAL" or "%" in name:
        return
    data_path = path.parent / name
    in_utf8 = path.parent / name.encode("latin-1").decode("utf-8", "replace")
    if not data_path.is_file() and not in_utf8.is_file():
        raise ImageReadError(
            f"{path.name} is only a header; its voxels should be in {data_path.name}, which is not there.",
            f"Put {data_path.name} into the same folder.",
        )
