"""labelme's JSON: one file an image, with a shape of the type "point" for each landmark (github.com/wkentaro/labelme).

Text in, a record in px out, and back. labelme counts from the corner of the first pixel, whose centre is (0.5, 0.5). The
pixels that such a file may carry are neither read nor written. labelme keeps keys that it does not know: ``cairn`` says
which landmarks are absent.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks, Record, records_of_files
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.image_names import file_stems
from core.landmark_files.placing import px_from_mm
from core.landmark_files.precision import PX_DECIMALS, rounded
from core.landmark_files.px_record import CORNER_TO_CENTRE_PX, PxRecord, px_points, require_names
from core.landmark_files.text_file import (
    json_object,
    json_text,
    plain_point,
    plain_size,
    text_of,
)
from core.values.landmarks import Status

LARGEST_LABELME_BYTES = 128 * 1024 * 1024
"""labelme may put the image itself into its file."""
_VERSION = "5.5.0"
_HINT = "Save the file from labelme again."


def is_labelme(text: str) -> bool:
    """Tell by its keys whether a JSON file is one of labelme's."""
    return '"shapes"' in text and '"imagePath"' in text


def read_labelme(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of a file.

    Raises
    ------
    LandmarkFileError
        The file is damaged, a point has no name or that of another, or the image has another size than the file says.
    """
    return labelme_record(text, path).placed(wanted)


def labelme_records(path: Path) -> Sequence[Record]:
    """Return the landmarks of a file, or of all files of a folder."""
    if not path.is_dir():
        return [labelme_record(text_of(path, LARGEST_LABELME_BYTES), path)]
    files = sorted(path.glob("*.json"))
    return records_of_files(files, LARGEST_LABELME_BYTES, lambda text: '"shapes"' in text, labelme_record)


def labelme_record(text: str, path: Path) -> PxRecord:
    """Return what a file says of its image; raises `LandmarkFileError` where it is damaged."""
    document = json_object(text, path)
    shapes = document.get("shapes")
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise LandmarkFileError(f"{path.name} has no list of shapes.", _HINT)
    names, points = [], []
    for number, shape in enumerate(shapes, start=1):
        if shape.get("shape_type", "polygon") != "point":
            continue
        where = f"{path.name}: shape {number}"
        name, given = shape.get("label"), shape.get("points")
        if not isinstance(name, str) or not name.strip():
            raise LandmarkFileError(f"{where} is a point without a label.", "Give it a label in labelme.")
        point = plain_point(given[0], 2) if isinstance(given, list) and len(given) == 1 else None
        if point is None:
            raise LandmarkFileError(f'{where} ("{name}") has no usable position.', _HINT)
        names.append(name)
        points.append(np.array(point) - CORNER_TO_CENTRE_PX)
    absent = _absent(document.get("cairn"), names)
    names += absent
    require_names(names, path.name)
    size = plain_size(document.get("imageWidth")), plain_size(document.get("imageHeight"))
    image_name = document.get("imagePath")
    others = len(shapes) > len(points)
    return PxRecord(
        path.name,
        image_name if isinstance(image_name, str) and image_name.strip() else path.stem,
        np.concatenate([px_points(points, 2), np.full((len(absent), 2), np.nan)]),
        tuple(names),
        (Status.PLACED,) * len(points) + (Status.ABSENT,) * len(absent),
        size_px=size if all(size) else (),
        warnings=(f"{path.name} also holds shapes that are no points; Cairn does not show them.",) if others else (),
    )


def _absent(said: object, located: Sequence[str]) -> list[str]:
    """Return the landmarks of which Cairn has written that they are absent; one that was placed since is not."""
    names = said.get("absent") if isinstance(said, dict) else None
    given = names if isinstance(names, list) else []
    return [name for name in dict.fromkeys(given) if isinstance(name, str) and name and name not in located]


def write_labelme(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, str]]:
    """Give the file of each case with its name; unplaced landmarks are not in it."""
    for case, stem in zip(cases, file_stems([case.image.name for case in cases]), strict=True):
        landmarks = case.landmarks
        px = px_from_mm(case.image.grid, landmarks.points_mm) + CORNER_TO_CENTRE_PX
        shapes: list[dict[str, Any]] = [
            {
                "label": name,
                "points": [rounded(point, PX_DECIMALS)],
                "group_id": None,
                "description": "",
                "shape_type": "point",
                "flags": {},
                "mask": None,
            }
            for name, point, located in zip(landmarks.names, px, landmarks.located.tolist(), strict=True)
            if located
        ]
        absent = [
            name for name, status in zip(landmarks.names, landmarks.stated, strict=True) if status is Status.ABSENT
        ]
        height, width = case.image.grid.shape
        document: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": case.image.name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        yield f"{stem}.json", json_text(document | ({"cairn": {"absent": absent}} if absent else {}))
