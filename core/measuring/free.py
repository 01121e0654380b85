"""Free measurements: the distance of two points or the angle of three that a person has clicked, and the table of many.

Values in, values out. Opens no project; who drew what is passed on as it comes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.measuring.primitives import FloatArray, angle_at, distance
from core.measuring.table import MeasurementTable

UNKNOWN_VOXELS = "the voxel size is not known"
COINCIDING = "two of its points are the same"
_DECIMALS = 3
"""Of values and positions in a table."""


@dataclass(frozen=True)
class FreeValue:
    """What two or three points measure.

    Attributes
    ----------
    value
        Length, or degrees from 0 to 180; NaN where there is none.
    unit
        ``"mm"``, ``"px"`` or ``"°"``.
    reason
        Why there is no value, as the end of a sentence; empty where there is one.
    """

    value: float
    unit: str
    reason: str = ""


def free_value(points_mm: FloatArray, *, spacing_known: bool) -> FreeValue:
    """Return the distance of two points ``(2, D)``, or the angle at the second one of three ``(3, D)``.

    Parameters
    ----------
    points_mm
        Positions, LPS mm; px where no pixel size is known.
    spacing_known
        Whether it is. Without it, a picture gives px and angles, and a volume nothing: its voxels are seldom as long as wide.
    """
    is_angle = len(points_mm) == 3
    unit = "°" if is_angle else "mm" if spacing_known else "px"
    if points_mm.shape[-1] == 3 and not spacing_known:
        return FreeValue(math.nan, unit, UNKNOWN_VOXELS)
    if not is_angle:
        return FreeValue(float(distance(points_mm[0], points_mm[1])), unit)
    value = float(angle_at(points_mm[0], points_mm[1], points_mm[2]))
    return FreeValue(value, unit, "" if math.isfinite(value) else COINCIDING)


@dataclass(frozen=True, eq=False)
class FreeRow:
    """One row of a table of free measurements.

    Attributes
    ----------
    case, reader
        Names of the case, and of who measured.
    points_mm
        ``(2 or 3, D)`` positions, LPS mm, or px.
    spacing_known
        Whether they are mm.
    """

    case: str
    reader: str
    points_mm: FloatArray
    spacing_known: bool


def free_table(rows: Iterable[FreeRow]) -> MeasurementTable:
    """Return a table with a row for each measurement: what it is, its value, where its points are, and why there is none."""
    columns = ("case", "reader", "kind", "value", "unit", "points", "points_unit", "reason")
    return MeasurementTable(columns, tuple(_cells(row) for row in rows))


def _cells(row: FreeRow) -> tuple[str | float | None, ...]:
    one = free_value(row.points_mm, spacing_known=row.spacing_known)
    points = "; ".join(
        " ".join(f"{value:.{_DECIMALS}f}" for value in point) for point in np.round(row.points_mm, _DECIMALS) + 0.0
    )
    return (
        row.case,
        row.reader,
        "angle" if len(row.points_mm) == 3 else "distance",
        round(one.value, _DECIMALS) if math.isfinite(one.value) else None,
        one.unit,
        points,
        "mm" if row.spacing_known else "px",
        one.reason,
    )
