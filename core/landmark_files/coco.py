"""COCO's keypoints: a JSON file with images, annotations and the category that names the points (cocodataset.org, Data format).

Text in, records in px out, and back. A keypoint is ``x, y, v``: column and row from the centre of the first pixel, and v = 0
where it is not labelled, 1 where it is labelled but hidden, 2 where it is seen. Boxes, outlines and captions are passed
over.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.placing import px_from_mm
from core.landmark_files.precision import PX_DECIMALS, rounded
from core.landmark_files.px_record import PxRecord, px_points, record_of, require_names
from core.landmark_files.text_file import (
    LARGEST_COLLECTION_BYTES,
    json_object,
    json_text,
    plain_number,
    plain_size,
    text_of,
)

_CATEGORY = "landmarks"
_HINT = "Export the file again as COCO keypoints."


def is_coco(text: str) -> bool:
    """Tell by its keys whether a JSON file is one of COCO's, with keypoints."""
    return all(f'"{key}"' in text for key in ("annotations", "categories", "keypoints"))


def read_coco(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of the wanted image, or of the only one.

    Raises
    ------
    LandmarkFileError
        The file is damaged, or has no landmarks of that image.
    """
    return record_of(_records(json_object(text, path), path), wanted.image, path).placed(wanted)


def coco_records(path: Path) -> list[PxRecord]:
    """Return the landmarks of all images; images without a labelled keypoint are not among them.

    Raises
    ------
    LandmarkFileError
        The file is damaged, an annotation does not fit its category, or an image has several annotations with keypoints.
    """
    return _records(json_object(text_of(path, LARGEST_COLLECTION_BYTES), path), path)


def _records(document: Mapping[str, Any], path: Path) -> list[PxRecord]:
    categories = _by_id(document, "categories", path)
    images = _by_id(document, "images", path)
    records: dict[Any, PxRecord] = {}
    for number, annotation in enumerate(_objects(document, "annotations", path), start=1):
        if "keypoints" not in annotation:
            continue
        where = f"{path.name}: annotation {number}"
        image = images.get(_id(annotation.get("image_id")))
        category = categories.get(_id(annotation.get("category_id")))
        if image is None or category is None:
            missing = "image" if image is None else "category"
            raise LandmarkFileError(f"{where} is of an {missing} that the file does not have.", _HINT)
        record = _record(annotation["keypoints"], image, category, where)
        if record is None:
            continue
        if _id(image["id"]) in records:
            raise LandmarkFileError(
                f"{where} is a second set of landmarks of {record.image_name}.",
                "Cairn marks one object an image: leave one of them in the file.",
            )
        records[_id(image["id"])] = record
    return list(records.values())


def _record(keypoints: Any, image: Mapping[str, Any], category: Mapping[str, Any], where: str) -> PxRecord | None:
    """Return what an annotation says, None where none of its keypoints is labelled."""
    names = category.get("keypoints")
    title = category.get("name", "")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise LandmarkFileError(f"{where} has keypoints, but its category {title} does not name them.", _HINT)
    require_names(names, f"The category {title} of {where.partition(':')[0]}")
    numbers = [plain_number(value) for value in keypoints] if isinstance(keypoints, list) else []
    if len(numbers) != 3 * len(names):
        raise LandmarkFileError(
            f"{where} does not have three numbers for each of the {len(names)} keypoints of its category {title}.",
            _HINT,
        )
    points = []
    for name, start in zip(names, range(0, len(numbers), 3), strict=True):
        x, y, visible = numbers[start : start + 3]
        if x is None or y is None or visible not in (0, 1, 2):
            raise LandmarkFileError(f"{where} has no usable keypoint {name}.", _HINT)
        points.append((x, y) if visible else (np.nan, np.nan))
    array = px_points(points, 2)
    if not np.isfinite(array).any():
        return None
    size = plain_size(image.get("width")), plain_size(image.get("height"))
    name = image.get("file_name")
    return PxRecord(
        f"{where} (category {title})",
        name if isinstance(name, str) else "",
        array,
        tuple(names),
        size_px=size if all(size) else (),
    )


def _objects(document: Mapping[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LandmarkFileError(f"{path.name} has no list of {key}.", _HINT)
    return entries


def _by_id(document: Mapping[str, Any], key: str, path: Path) -> dict[Any, dict[str, Any]]:
    entries = _objects(document, key, path)
    found = {_id(entry.get("id")): entry for entry in entries}
    if len(found) != len(entries) or None in found:
        raise LandmarkFileError(f"{path.name} has {key} without an id of their own.", _HINT)
    return found


def _id(value: Any) -> Any:
    """Return a value by which entries are told apart, None where it is none."""
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def write_coco(cases: Sequence[CaseMarks]) -> str:
    """Return a file with an image and an annotation for each case; points without a position are not labelled."""
    images, annotations = [], []
    for number, case in enumerate(cases, start=1):
        height, width = case.image.grid.shape
        images.append({"id": number, "file_name": case.image.name, "width": width, "height": height})
        px = px_from_mm(case.image.grid, case.landmarks.points_mm)
        located = case.landmarks.located
        keypoints: list[float] = []
        for point, has_place in zip(px, located.tolist(), strict=True):
            keypoints += [*rounded(point, PX_DECIMALS), 2] if has_place else [0, 0, 0]
        low, high = (px[located].min(0), px[located].max(0)) if located.any() else (np.zeros(2), np.zeros(2))
        annotations.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "keypoints": keypoints,
                "num_keypoints": int(located.sum()),
                "bbox": rounded([*low, *(high - low)], PX_DECIMALS),
                "area": rounded([np.prod(high - low)], PX_DECIMALS)[0],
                "iscrowd": 0,
                "segmentation": [],
            }
        )
    names = list(cases[0].landmarks.names)
    category = {"id": 1, "name": _CATEGORY, "supercategory": "", "keypoints": names, "skeleton": []}
    return json_text(
        {
            "info": {"description": "Landmarks from Cairn"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": [category],
        }
    )
