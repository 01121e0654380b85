"""3D Slicer's ``.mrk.json``, schema 1.0.0 to 1.0.4: text in, 3D landmarks out, and back into the document they came from.

All point lists of a document are one set of landmarks. Writing into a document changes what Cairn knows (positions, whether
they are defined, Cairn's words in the description) and leaves alone everything else, known to Cairn or not.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.control_point import LPS_FROM, NO_POSITION, ControlPoint, described, point_name, to_landmarks
from core.values.grid import FloatArray
from core.values.landmarks import WITHOUT_POSITION, Landmarks, Status

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_ORIENTATION = {  # of a point nobody has turned
    "LPS": (-1.0, -0.0, -0.0, -0.0, -1.0, -0.0, 0.0, 0.0, 1.0),
    "RAS": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
}
_THE_DOCUMENT = Path("The file that the landmarks come from")
_PLAIN_ARRAY = re.compile(r'\[\n\s+([^\[\]{}"]*?)\n\s+\]')
_BETWEEN_ITEMS = re.compile(r",\n\s+")


def parse_markups(text: str, path: Path) -> Landmarks:
    """Return the 3D landmarks of all point lists in a document.

    Raises
    ------
    LandmarkFileError
        It is no JSON, holds no point list, or a point has no usable position or the name of another one.
    """
    points = []
    for system, point, name, where in _control_points(_document(text, path), path):
        point_mm = _position(point, f'{where} ("{name}")') * LPS_FROM[system]
        points.append(ControlPoint(name, point_mm, _text(point.get("description"))))
    return to_landmarks(points, path)


def format_markups(landmarks: Landmarks, document_text: str | None = None) -> str:
    """Return a document of 3D ``landmarks``.

    Parameters
    ----------
    landmarks
        Those without a position become undefined.
    document_text
        The document they were read from, which `parse_markups` accepted. Each point stays in its list, in that list's
        coordinate system; points whose name is gone are removed; new ones are added to the first list, unless nobody has
        placed them yet. Without a document all of them go to a new list in LPS.

    Raises
    ------
    LandmarkFileError
        The document is nested too deeply to be written.
    """
    document = _new_document() if document_text is None else _document(document_text, _THE_DOCUMENT)
    new = _merge(document, landmarks)
    if document_text is not None:
        new = [row for row in new if landmarks.stated[row] is not Status.UNPLACED]
    if new:
        _append(_point_lists(document, _THE_DOCUMENT)[0], landmarks, new)
    try:
        text = json.dumps(document, indent=4, ensure_ascii=False)
    except RecursionError as error:
        raise LandmarkFileError(
            f"{_THE_DOCUMENT} is nested too deeply to be written.", "Save the landmarks in another format."
        ) from error
    end = "\n" if document_text is None or document_text.endswith("\n") else ""
    return _PLAIN_ARRAY.sub(lambda match: f"[{_BETWEEN_ITEMS.sub(', ', match[1])}]", text) + end


def _merge(document: dict[str, Any], landmarks: Landmarks) -> list[int]:
    """Bring the points of a document up to date and remove those that are gone; return the rows that it lacks."""
    missing = {name: row for row, name in enumerate(landmarks.names)}
    gone = set()
    for system, point, name, _ in _control_points(document, _THE_DOCUMENT):
        row = missing.pop(name, None)
        if row is None:
            gone.add(id(point))
        else:
            _update(point, landmarks, row, system)
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


def _update(point: dict[str, Any], landmarks: Landmarks, row: int, system: str) -> None:
    """Bring a point of the document up to date, changing nothing that says the same already."""
    was_defined = _is_defined(point)
    if landmarks.stated[row] not in WITHOUT_POSITION:
        position = (landmarks.points_mm[row] * LPS_FROM[system]).tolist()
        if not was_defined or point["position"] != position:
            point["position"] = position
        if not was_defined:
            point["positionStatus"] = "defined"
    elif was_defined:
        point["position"] = [0.0, 0.0, 0.0]
        point["positionStatus"] = "undefined"
    before = _text(point.get("description"))
    description = described(landmarks, row, before)
    if description != before:
        point["description"] = description
    if not point.get("label"):
        point["label"] = landmarks.names[row]


def _append(point_list: dict[str, Any], landmarks: Landmarks, rows: list[int]) -> None:
    """Add landmarks that the document did not have to a list."""
    points, system = _items(point_list, _THE_DOCUMENT), _system(point_list, _THE_DOCUMENT)
    used = {str(point.get("id")) for point in points}
    number = len(points)
    for row in rows:
        number = next(n for n in range(number + 1, number + len(used) + 2) if str(n) not in used)
        located = landmarks.stated[row] not in WITHOUT_POSITION
        points.append(
            {
                "id": str(number),
                "label": landmarks.names[row],
                "description": described(landmarks, row),
                "associatedNodeID": "",
                "position": (landmarks.points_mm[row] * LPS_FROM[system]).tolist() if located else [0.0, 0.0, 0.0],
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
    """Give coordinate system, entry, name and place in the file of every point, refusing what is no point."""
    number = 0
    for point_list in _point_lists(document, path):
        system = _system(point_list, path)
        for point in _items(point_list, path):
            number += 1
            where = f"{path.name}: control point {number}"
            if not isinstance(point, dict):
                raise LandmarkFileError(f"{where} is no point.", "Save it from 3D Slicer again.")
            label = point.get("label")
            if not (label is None or isinstance(label, str)):
                raise LandmarkFileError(f"{where} has a label that is no text.", "Name it in 3D Slicer and save again.")
            yield system, point, point_name(label or "", number), where


def _items(point_list: dict[str, Any], path: Path) -> list[Any]:
    points = point_list.get("controlPoints")
    if not (points is None or isinstance(points, list)):
        raise LandmarkFileError(f"{path.name} has controlPoints that are no list.", "Save it from 3D Slicer again.")
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
