"""How a free measurement is told and drawn: its value as a text, its row in the list, its lines. Values, no Qt."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.session.tracing import ARC, arc_between
from core.measuring.free import FreeRow, free_table, free_value
from core.measuring.primitives import FloatArray
from core.measuring.table import tab_text
from core.project.free_measurements import FreeKind, FreeMeasurement

NAMES = {FreeKind.DISTANCE: "Distance", FreeKind.ANGLE: "Angle"}
_MOST_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class FreeDrawing:
    """What is drawn of a measurement, or of one that is being drawn.

    Attributes
    ----------
    uuid
        Which one it is; empty for the one that is being drawn.
    points_mm
        ``(N, D)`` positions, in the order in which they were clicked.
    text
        What stands beside it; empty while there is no value.
    selected, own
        Whether it is the selected one, and whether the reader may change it.
    """

    uuid: str
    points_mm: FloatArray
    text: str
    selected: bool = False
    own: bool = True

    @cached_property
    def arc_mm(self) -> FloatArray | None:
        """The arc ``(M, D)`` of an angle; None of a distance, and of an angle that is flat or has a side without length."""
        if len(self.points_mm) < FreeKind.ANGLE.point_count:
            return None
        first, vertex, second = self.points_mm
        radius_mm = ARC * min(float(np.linalg.norm(side - vertex)) for side in (first, second))
        return arc_between(vertex, first - vertex, second - vertex, radius_mm) if radius_mm > 0 else None


@dataclass(frozen=True)
class FreeListRow:
    """A row of the list.

    Attributes
    ----------
    uuid
        Which one it is.
    name
        What it is: “Distance”.
    value
        With its unit, or why there is none.
    reader
        Whose it is.
    own
        Whether it is the reader's own.
    has_value
        Whether there is a value.
    """

    uuid: str
    name: str
    value: str
    reader: str
    own: bool
    has_value: bool


def value_text(points_mm: FloatArray, *, spacing_known: bool, pixel_mm: float) -> str:
    """Return the value of two or three points as it is shown, with its unit; the reason where there is none.

    Parameters
    ----------
    points_mm
        ``(2 or 3, D)`` positions.
    spacing_known
        Whether they are mm.
    pixel_mm
        Size of a pixel, which says how many decimals mean anything.
    """
    one = free_value(points_mm, spacing_known=spacing_known)
    if one.reason:
        return f"no value: {one.reason}"
    if one.unit == "°":
        return f"{one.value:.1f}°"
    decimals = 1
    if one.unit == "mm" and 0 < pixel_mm < 0.1:
        decimals = min(_MOST_DECIMALS, math.ceil(-math.log10(pixel_mm)))
    return f"{one.value:.{decimals}f} {one.unit}"


def text_of(measurement: FreeMeasurement) -> str:
    """Return the value of a measurement as it is shown."""
    geometry = measurement.geometry
    pixel_mm = float(np.min(geometry.grid.spacing_mm))
    return value_text(measurement.array_mm, spacing_known=geometry.spacing_known, pixel_mm=pixel_mm)


def list_row(measurement: FreeMeasurement, *, own: bool) -> FreeListRow:
    """Return the row of a measurement."""
    one = free_value(measurement.array_mm, spacing_known=measurement.geometry.spacing_known)
    return FreeListRow(
        measurement.uuid, NAMES[measurement.kind], text_of(measurement), measurement.reader.name, own, not one.reason
    )


def copied_text(case: str, measurements: tuple[FreeMeasurement, ...]) -> str:
    """Return measurements as tab-separated text for a spreadsheet."""
    rows = [FreeRow(case, one.reader.name, one.array_mm, one.geometry.spacing_known) for one in measurements]
    return tab_text(free_table(rows))
