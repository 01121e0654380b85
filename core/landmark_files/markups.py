"""3D Slicer's ``.mrk.json``, schema 1.0.0 to 1.0.4: text in, landmarks out, and back into the document they came from.

All point lists of a document are one set of landmarks. Writing into a document changes what Cairn knows (positions, whether
they are defined, Cairn's words in the description) and leaves alone everything else, known to Cairn or not.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.control_point import (
    LPS_FROM,
    NO_POSITION,
    ControlPoint,
    described,
    point_name,
    says_px,
    to_landmarks,
)
from core.landmark_files.image_record import ImageRecord
from core.landmark_files.placing import in_space, placed_in_space
from core.landmark_files.precision import rounded, same_numbers
from core.landmark_files.text_file import in_lines
from core.values.grid import FloatArray
from core.values.landmarks import WITHOUT_POSITION, Landmarks, Status

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
RECORD = "cairn"
"""The key of a document in which it says what its image is; the schema allows others, Slicer does not read it."""
_ORIENTATION = {  # of a point nobody has rotated
    "LPS": (-1.0, -0.0, -0.0, -0.0, -1.0, -0.0, 0.0, 0.0, 1.0),
    "RAS": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
}
_THE_DOCUMENT = Path("The file that the landmarks come from")


def read_markups(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of all point lists in a document.

    Raises
    ------
    LandmarkFileError
        It is not JSON, holds no point list, or a point has no usable position or the name of another one.
    """
    document = _document(text, path)
    points = []
    for system, point, name, where in _control_points(document, path):
        point_mm = _position(point, f'{where} ("{name}")') * LPS_FROM[system]
        points.append(ControlPoint(name, point_mm, _text(point.get("description"))))
    record = _record(document) or ImageRecord()
    in_px = record.in_px or (record.spacing_mm is None and says_px(points))
    return placed_in_space(to_landmarks(points, path), replace(record, in_px=in_px), path, wanted)


def write_markups(landmarks: Landmarks, written: Written) -> str:
    """Return a document of ``landmarks``; those without a position become undefined.

    In a document that is kept, which `read_markups` accepted, each point stays in its list, in that list's coordinate system;
    points whose name is gone are removed; new ones are added to the first list, unless nobody has placed them yet. Without one
    all of them go to a new list in LPS.

    Raises
    ------
    LandmarkFileError
        The document is nested too deeply to be written.
    """
    landmarks = in_space(landmarks, written.image)
    document = _new_document() if written.kept is None else _document(written.kept, _THE_DOCUMENT)
    before = None if written.kept is None else _plain(document)
    record = written.record_beside(_record(document))
    if record is not None and record != _record(document):
        document[RECORD] = record.words
    new = _merge(document, landmarks, written)
    if written.kept is not None:
        new = [row for row in new if landmarks.stated[row] is not Status.UNPLACED]
    if new:
        _append(_point_lists(document, _THE_DOCUMENT)[0], landmarks, new, written)
    if written.kept is not None and _plain(document) == before:
        return written.kept
    text = _plain(document, indent=4)
    end = "\n" if written.kept is None or written.kept.endswith("\n") else ""
    return in_lines(text) + end


def _plain(document: dict[str, Any], indent: int | None = None) -> str:
    try:
        return json.dumps(document, indent=indent, ensure_ascii=False)
    except RecursionError as error:
        raise LandmarkFileError(
            f"{_THE_DOCUMENT} is nested too deeply to be written.", "Save the landmarks in another format."
        ) from error


def _record(document: dict[str, Any]) -> ImageRecord | None:
    """Return what a document says about its image, None where Cairn has not written into it yet."""
    words = document.get(RECORD)
    return ImageRecord.from_words(words) if isinstance(words, dict) else None


def _merge(document: dict[str, Any], landmarks: Landmarks, written: Written) -> list[int]:
    """Bring the points of a document up to date and remove those that are gone; return the rows that it lacks."""
    missing = {name: row for row, name in enumerate(landmarks.names)}
    gone = set()
    for system, point, name, _ in _control_points(document, _THE_DOCUMENT):
        row = missing.pop(name, None)
        if row is None:
            gone.add(id(point))
        else:
            _update(point, landmarks, row, system, written)
    for point_list in _point_lists(document, _THE_DOCUMENT) if gone else ():
        points = _items(point_list, _THE_DOCUMENT)
        point_list["controlPoints"] = [point for point in points if id(point) not in gone]
    return list(missing.values())


def _new_document() -> dict[str, Any]:
    point_list = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": 0,
        "controlPoints": [],
        "measurements": [],
    }
    return {"@schema": SCHEMA, "markups": [point_list]}


def _update(point: dict[str, Any], landmarks: Landmarks, row: int, system: str, written: Written) -> None:
    """Bring a point of the document up to date, changing nothing that says the same already."""
    was_defined = _is_defined(point)
    if landmarks.stated[row] not in WITHOUT_POSITION:
        position = landmarks.points_mm[row] * LPS_FROM[system]
        if not was_defined or not same_numbers(point["position"], position):
            point["position"] = rounded(position, written.decimals)
        if not was_defined:
            point["positionStatus"] = "defined"
    elif was_defined:
        point["position"] = [0.0, 0.0, 0.0]
        point["positionStatus"] = "undefined"
    before = _text(point.get("description"))
    description = described(landmarks, row, written, before)
    if description != before:
        point["description"] = description
    if not point.get("label"):
        point["label"] = landmarks.names[row]


def _append(point_list: dict[str, Any], landmarks: Landmarks, rows: list[int], written: Written) -> None:
    """Add landmarks that the document did not have to a list."""
    points, system = _items(point_list, _THE_DOCUMENT), _system(point_list, _THE_DOCUMENT)
    used = {str(point.get("id")) for point in points}
    number = len(points)
    for row in rows:
        number = next(n for n in range(number + 1, number + len(used) + 2) if str(n) not in used)
        located = landmarks.stated[row] not in WITHOUT_POSITION
        position = (
            rounded(landmarks.points_mm[row] * LPS_FROM[system], written.decimals) if located else [0.0, 0.0, 0.0]
        )
        points.append(
            {
                "id": str(number),
                "label": landmarks.names[row],
                "description": described(landmarks, row, written),
                "associatedNodeID": "",
                "position": position,
                "orientation": list(_ORIENTATION[system]),
                "selected": True,
                "locked": False,
                "visibility": True,
                "positionStatus": "defined" if located else "undefined",
            }
        )
    point_list["controlPoints"] = points
    point_list["lastUsedControlPointNumber"] = max(number, _count(point_list.get("lastUsedControlPointNumber")))


def _document(text: str, path: Path) -> dict[str, Any]:
    """Return the JSON document, or refuse what is none."""
    hint = "Save it from 3D Slicer again."
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise LandmarkFileError(f"{path.name} is not valid JSON: {error.msg} in line {error.lineno}.", hint) from error
    except ValueError as error:
        raise LandmarkFileError(f"{path.name} is not valid JSON.", hint) from error
    except RecursionError as error:
        raise LandmarkFileError(f"{path.name} is nested too deeply.", hint) from error
    return document if isinstance(document, dict) else {}


def _point_lists(document: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Return the markups that are point lists, or say that there are none."""
    markups = document.get("markups")
    entries = markups if isinstance(markups, list) else []
    lists = [markup for markup in entries if isinstance(markup, dict) and markup.get("type", "Fiducial") == "Fiducial"]
    if not lists:
        raise LandmarkFileError(
            f"{path.name} holds no point list.", "Save the points from 3D Slicer's Markups module as .mrk.json."
        )
    return lists


def _control_points(document: dict[str, Any], path: Path) -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Give coordinate system, entry, name and place in the file of every point, refusing what is not one."""
    number = 0
    for point_list in _point_lists(document, path):
        system = _system(point_list, path)
        for point in _items(point_list, path):
            number += 1
            where = f"{path.name}: control point {number}"
            if not isinstance(point, dict):
                raise LandmarkFileError(f"{where} is not a valid point.", "Save the points from 3D Slicer again.")
            label = point.get("label")
            if not (label is None or isinstance(label, str)):
                raise LandmarkFileError(
                    f"{where} has a label that is not text.", "Name it in 3D Slicer and save again."
                )
            yield system, point, point_name(label or "", number), where


def _items(point_list: dict[str, Any], path: Path) -> list[Any]:
    points = point_list.get("controlPoints")
    if not (points is None or isinstance(points, list)):
        raise LandmarkFileError(
            f"The controlPoints of {path.name} are not a list.", "Save the points from 3D Slicer again."
        )
    return points or []


def _system(point_list: dict[str, Any], path: Path) -> str:
    """Return a list's coordinate system, or refuse it or its unit."""
    units = point_list.get("coordinateUnits", "mm")
    units = units[0] if isinstance(units, list) and units else units
    system = point_list.get("coordinateSystem", "LPS")
    if units != "mm" or not isinstance(system, str) or system not in LPS_FROM:
        raise LandmarkFileError(
            f"{path.name} gives positions in {system} {units}; Cairn reads LPS or RAS in mm.",
            "Save it from 3D Slicer in mm.",
        )
    return system


def _is_defined(point: dict[str, Any]) -> bool:
    """Tell whether a point has a position; as in Slicer, one whose file gives none has none."""
    return bool(point.get("positionStatus", "defined") == "defined") and "position" in point


def _position(point: dict[str, Any], where: str) -> FloatArray:
    """Return three coordinates as the document has them, NaN where they are not defined."""
    if not _is_defined(point):
        return np.array(NO_POSITION)
    values = point["position"]
    if isinstance(values, list) and len(values) == 3 and all(type(value) in (int, float) for value in values):
        try:
            position = np.array([float(value) for value in values])
        except OverflowError:
            position = np.array(NO_POSITION)
        if np.isfinite(position).all():
            return position
    raise LandmarkFileError(
        f"{where} has no usable position.", "Place the point again in 3D Slicer, or clear its position."
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _count(value: Any) -> int:
    return value if type(value) is int else 0
