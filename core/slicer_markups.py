"""3D Slicer's point lists, ``.mrk.json`` and the older ``.fcsv``: text in, 3D landmarks out, and back.

The only place where RAS becomes LPS. A landmark's status travels as the first word of the point's description, which Slicer
shows in its table; points of undefined position stay absent. Other kinds of markups (lines, curves, planes) are left alone.
"""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import LandmarkFileError
from core.types import WITHOUT_POSITION, FloatArray, Landmarks, Status

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
FCSV_COLUMNS = "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"
_SLICER3_COLUMNS = "label,x,y,z,sel,vis"

_LPS_FROM = {"LPS": np.array([1.0, 1.0, 1.0]), "RAS": np.array([-1.0, -1.0, 1.0])}
_FCSV_SYSTEMS = {"0": "RAS", "1": "LPS", "RAS": "RAS", "LPS": "LPS"}

_ABSENT_POINT = (math.nan, math.nan, math.nan)


def format_markups(landmarks: Landmarks) -> str:
    """Return a ``.mrk.json`` document of 3D ``landmarks``, in LPS; those without a position are undefined."""
    points = []
    for row, (name, status) in enumerate(zip(landmarks.names, landmarks.stated, strict=True)):
        located = status not in WITHOUT_POSITION
        points.append(
            {
                "id": str(row + 1),
                "label": name,
                "description": _description(landmarks, row),
                "associatedNodeID": "",
                "position": landmarks.points_mm[row].tolist() if located else [0.0, 0.0, 0.0],
                "orientation": [-1.0, -0.0, -0.0, -0.0, -1.0, -0.0, 0.0, 0.0, 1.0],
                "selected": True,
                "locked": False,
                "visibility": True,
                "positionStatus": "defined" if located else "undefined",
            }
        )
    point_list = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
        "measurements": [],
    }
    return (
        json.dumps({"@schema": SCHEMA, "markups": [point_list]}, indent=4, ensure_ascii=False, allow_nan=False) + "\n"
    )


def format_fcsv(landmarks: Landmarks) -> str:
    """Return an ``.fcsv`` document of 3D ``landmarks``, in LPS; it cannot say "no position", so such are left out."""
    stream = io.StringIO()
    stream.write("# Markups fiducial file version = 4.13\n# CoordinateSystem = LPS\n")
    stream.write(f"# columns = {FCSV_COLUMNS}\n")
    table = csv.writer(stream, lineterminator="\n")
    for row, (name, status) in enumerate(zip(landmarks.names, landmarks.stated, strict=True)):
        if status not in WITHOUT_POSITION:
            xyz = [repr(float(value)) for value in landmarks.points_mm[row]]
            label = " ".join(name.splitlines())  # Slicer reads line by line
            table.writerow((row + 1, *xyz, 0, 0, 0, 1, 1, 1, 0, label, _description(landmarks, row), ""))
    return stream.getvalue()


def parse_markups(text: str, path: Path) -> Landmarks:
    """Return the 3D landmarks of all point lists in a ``.mrk.json`` document, schema 1.0.0 to 1.0.3.

    Raises
    ------
    LandmarkFileError
        It is no JSON, holds no point list, or a point has no name or no usable position.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise LandmarkFileError(
            f"{path.name} is not valid JSON: {error.msg} in line {error.lineno}.", "Save it from 3D Slicer again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise LandmarkFileError(f"{path.name} is not valid JSON.", "Save it from 3D Slicer again.") from error
    markups = document.get("markups") if isinstance(document, dict) else None
    point_lists = [markup for markup in markups if _is_point_list(markup)] if isinstance(markups, list) else []
    if not point_lists:
        raise LandmarkFileError(
            f"{path.name} holds no point list.", "Save the points from 3D Slicer's Markups module as .mrk.json."
        )
    names: list[str] = []
    points: list[FloatArray] = []
    status: list[Status] = []
    for point_list in point_lists:
        to_lps = _to_lps(point_list, path)
        for number, point in enumerate(point_list.get("controlPoints") or [], start=1):
            where = f"{path.name}: control point {number}"
            label = point.get("label") if isinstance(point, dict) else None
            if not isinstance(label, str) or not label:
                raise LandmarkFileError(f"{where} has no label.", "Name every point in 3D Slicer and save again.")
            defined = point.get("positionStatus", "defined") == "defined"
            position = _position(point.get("position"), f'{where} ("{label}")') if defined else np.array(_ABSENT_POINT)
            names.append(label)
            points.append(position * to_lps)
            status.append(_status(point.get("description"), located=defined))
    return _landmarks(names, points, status, path)


def parse_fcsv(text: str, path: Path) -> Landmarks:
    """Return the 3D landmarks of an ``.fcsv`` document, of Slicer 3 (no version line, RAS) to Slicer 5.

    Raises
    ------
    LandmarkFileError
        A line has too few columns, no label or no usable position, or the coordinate system is unknown.
    """
    system, columns = "RAS", _SLICER3_COLUMNS
    names: list[str] = []
    points: list[FloatArray] = []
    status: list[Status] = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{path.name}: line {number}"
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            key = key.strip().lower()
            if key == "coordinatesystem":
                system = _FCSV_SYSTEMS.get(value.strip().upper(), "")
            elif key == "columns":
                columns = value
            elif key == "markups fiducial file version":
                columns = FCSV_COLUMNS
            if not system:
                raise LandmarkFileError(
                    f"{where} names the unknown coordinate system {value.strip()}.",
                    "Save it from 3D Slicer in LPS or RAS.",
                )
            continue
        if not line.strip():
            continue
        header = [column.strip() for column in columns.split(",")]
        cells = next(csv.reader([line]))
        if not {"label", "x", "y", "z"} <= set(header[: len(cells)]):
            raise LandmarkFileError(f"{where} has too few columns.", "Save the points from 3D Slicer again.")
        found = dict(zip(header, cells, strict=False))
        if not found["label"]:
            raise LandmarkFileError(f"{where} has no label.", "Name every point in 3D Slicer and save again.")
        # Slicer 5 adds a cell without a heading: the position's state, 2 where it is defined.
        defined = header[-1] != "associatedNodeID" or cells[len(header) : len(header) + 1] not in (["0"], ["1"])
        position = _position([found[axis] for axis in "xyz"], where) if defined else np.array(_ABSENT_POINT)
        names.append(found["label"])
        points.append(position * _LPS_FROM[system])
        status.append(_status(found.get("desc"), located=defined))
    if not names:
        raise LandmarkFileError(f"{path.name} holds no points.", "Save the points from 3D Slicer again.")
    return _landmarks(names, points, status, path)


def _is_point_list(markup: Any) -> bool:
    return isinstance(markup, dict) and markup.get("type", "Fiducial") == "Fiducial"


def _to_lps(point_list: dict[str, Any], path: Path) -> FloatArray:
    """Return the signs that bring a list's coordinates to LPS mm, or refuse its system or unit."""
    units = point_list.get("coordinateUnits", "mm")
    units = units[0] if isinstance(units, list) and units else units
    system = point_list.get("coordinateSystem", "LPS")
    if units != "mm" or system not in _LPS_FROM:
        raise LandmarkFileError(
            f"{path.name} gives positions in {system} {units}; Cairn reads LPS or RAS in mm.",
            "Save it from 3D Slicer in mm.",
        )
    return _LPS_FROM[system]


def _position(values: Any, where: str) -> FloatArray:
    """Return three finite numbers, or say that ``where`` has none."""
    try:
        if len(values) == 3 and not isinstance(values, str) and not any(isinstance(value, bool) for value in values):
            point = np.array([float(value) for value in values])
            if np.isfinite(point).all():
                return point
    except (TypeError, ValueError, OverflowError):
        pass
    raise LandmarkFileError(
        f"{where} has no usable position.", "Place the point again in 3D Slicer, or clear its position."
    )


def _description(landmarks: Landmarks, row: int) -> str:
    """Say in a few words where a point comes from: its status first, then how sure the model was."""
    parts = [str(landmarks.stated[row])]
    if not np.isnan(landmarks.presence[row]):
        parts.append(f"presence {landmarks.presence[row]:.3f}")
    if not np.isnan(landmarks.spread_mm[row]):
        parts.append(f"spread {landmarks.spread_mm[row]:.2f} mm")
    return "; ".join(parts)


def _status(description: Any, *, located: bool) -> Status:
    """Return the status that a description begins with; a point somebody else placed is PLACED."""
    word = str(description or "").split(";")[0].strip().lower()
    if not located:
        return Status.UNPLACED if word == Status.UNPLACED else Status.ABSENT
    return Status(word) if word in set(Status) - WITHOUT_POSITION else Status.PLACED


def _landmarks(names: list[str], points: list[FloatArray], status: list[Status], path: Path) -> Landmarks:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LandmarkFileError(
            f"{path.name} has several points called {', '.join(twice)}.",
            "Give every landmark its own name and save again.",
        )
    return Landmarks(tuple(names), np.array(points).reshape(-1, 3), status=tuple(status))
