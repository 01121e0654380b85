"""The table of control points that 3D Slicer exports as CSV or TSV: one line per point, the columns named by its axes.

Text in, landmarks out. The letters of the header are the coordinate system: ``l, p, s`` or ``r, a, s``. Only read;
Cairn writes its own table.
"""

from pathlib import Path

import numpy as np

from core.base.delimited_text import line_error, split_table
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.control_point import (
    LPS_FROM,
    NO_POSITION,
    ControlPoint,
    point_name,
    says_px,
    to_landmarks,
)
from core.landmark_files.image_record import ImageRecord
from core.landmark_files.placing import placed_in_space

_AXES = {"LPS": ("l", "p", "s"), "RAS": ("r", "a", "s")}
_YES, _NO = ("1", "true", "yes", ""), ("0", "false", "no")


def is_slicer_table(text: str, path: Path) -> bool:
    """Tell by the names of its columns whether a table comes from 3D Slicer."""
    table = split_table(text, path)
    return "label" in table.columns and any(set(axes) <= set(table.columns) for axes in _AXES.values())


def read_slicer_table(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of a table for which `is_slicer_table` holds.

    Raises
    ------
    LandmarkFileError
        A line has part of a position, something that is not a number, or a name that another line has.
    """
    table = split_table(text, path)
    system = next(system for system, axes in _AXES.items() if set(axes) <= set(table.columns))
    positions = table.numbers(_AXES[system]) * LPS_FROM[system]
    texts = zip(table.texts("label"), table.texts("defined"), table.texts("description"), strict=True)
    points = []
    for number, ((line, _), position, (label, defined, description)) in enumerate(
        zip(table.rows, positions, texts, strict=True), start=1
    ):
        word = defined.strip().lower()
        if word not in _YES + _NO:
            raise line_error(table.path, line, f'has "{defined}" in the column defined, where 1 or 0 is expected')
        given = np.isfinite(position)
        if word in _YES and given.any() and not given.all():
            raise line_error(table.path, line, "gives only part of a position")
        point_mm = position if word in _YES else NO_POSITION
        points.append(ControlPoint(point_name(label, number), point_mm, description))
    record = ImageRecord(in_px=says_px(points))
    return placed_in_space(to_landmarks(points, path), record, path, wanted)
