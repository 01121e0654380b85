"""What is said of two images in a list: what was measured at both times, and the ways of landmarks. Pure, without Qt."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.session.measurement_rows import figure
from core.measuring.comparison import Comparison
from core.measuring.reader_spread import ReaderSpread
from core.measuring.registration import Displacement
from core.measuring.superposition import Change

_LARGER = {
    True: "Larger than the uncertainty of the landmarks explains.",
    False: "Not larger than the uncertainty of the landmarks explains.",
    None: "Nothing says how uncertain the landmarks are.",
}
_SHORT = {True: "yes", False: "not certain", None: ""}


@dataclass(frozen=True)
class ChangeRow:
    """One line of a list.

    Attributes
    ----------
    key
        Of the measurement; the name of the landmark.
    name
        The measurement, or the landmark.
    cells
        Figures as text, in the order of the heads.
    larger
        Whether the difference is larger than what the landmarks' uncertainty explains; None where that is not known.
    reason
        Why there is no difference; empty where there is one.
    tip
        All that is to be said of it.
    """

    key: str
    name: str
    cells: tuple[str, ...]
    larger: bool | None
    reason: str
    tip: str


CHANGE_HEADS = ("Measurement", "Earlier", "Later", "Difference", "90 % interval", "Changed")


def change_rows(comparison: Comparison) -> tuple[ChangeRow, ...]:
    """Return a line for each measurement."""
    return tuple(_change_row(change) for change in comparison.changes)


def _change_row(change: Change) -> ChangeRow:
    one, decimals = change.measurement, change.measurement.decimals
    unit = "" if change.unit == "°" else f" {change.unit}" if change.unit else ""
    degrees = "°" if change.unit == "°" else ""

    def said(value: float, text: Callable[[float, int], str] = figure) -> str:
        return f"{text(value, decimals)}{degrees}{unit}" if math.isfinite(value) else ""

    interval = ""
    if math.isfinite(change.low):
        interval = f"{_signed(change.low, decimals)} … {_signed(change.high, decimals)}"
    tip = [one.name if one.name == one.key else f"{one.name} ({one.key})", one.definition, change.reason]
    if change.known:
        tip.append(_LARGER[change.beyond_error])
        tip += [_told_by_readers(change.by_readers), _exact(change.exact, of="The interval")]
    return ChangeRow(
        one.key,
        one.name,
        (
            said(change.first.value),
            said(change.second.value),
            said(change.difference, _signed),
            interval,
            _verdict(change.beyond_error, change.exact),
        ),
        change.beyond_error,
        change.reason,
        "\n\n".join(part for part in tip if part),
    )


def way_heads(comparison: Comparison) -> tuple[str, ...]:
    """Return the heads of the list of landmarks."""
    sides = (f"{name.capitalize()}" for name, _ in comparison.sides)
    return ("Landmark", f"Distance ({comparison.unit})", *sides, "±", "Moved")


def way_rows(comparison: Comparison, shared: tuple[str, ...]) -> tuple[ChangeRow, ...]:
    """Return a line for each landmark that both images have; without figures where they are not superimposed."""
    ways = {way.name: way for way in comparison.displacements}
    empty = ("",) * (len(comparison.sides) + 3)
    return tuple(
        _way_row(comparison, ways[name]) if name in ways else ChangeRow(name, name, empty, None, "", name)
        for name in shared
    )


def _way_row(comparison: Comparison, way: Displacement) -> ChangeRow:
    decimals = comparison.way_decimals
    along = (_signed(float(way.vector_mm @ side), decimals) for _, side in comparison.sides)
    radius = figure(way.radius_mm, decimals) if math.isfinite(way.radius_mm) else ""
    tip = [way.name]
    if np.isfinite(way.radius_mm):
        tip.append(f"In 90 % of cases the way ends within {radius} {comparison.unit} of where it is drawn to.")
    tip += [_LARGER[way.beyond_error], _told_by_readers(way.by_readers), _exact(way.exact, of="The radius")]
    return ChangeRow(
        way.name,
        way.name,
        (figure(way.length_mm, decimals), *along, radius, _verdict(way.beyond_error, way.exact)),
        way.beyond_error,
        "",
        "\n\n".join(part for part in tip if part),
    )


def _verdict(beyond_error: bool | None, exact: tuple[str, ...]) -> str:
    """Return whether it has changed, with a question mark where some landmarks were taken as exact."""
    return f"{_SHORT[beyond_error]} ?" if beyond_error and exact else _SHORT[beyond_error]


def _signed(value: float, decimals: int) -> str:
    return figure(value, decimals, signed=round(value, decimals) != 0)


def told_by_readers(comparison: Comparison, spread: ReaderSpread) -> str:
    """Return a sentence that says whose differences tell how uncertain landmarks without a radius are; empty where none do."""
    measured = [name for change in comparison.changes for name in change.by_readers]
    moved = [name for way in comparison.displacements for name in way.by_readers]
    whose = spread.sources_of(dict.fromkeys([*measured, *moved]))
    if not whose:
        return ""
    return f"Intervals of landmarks placed by hand come from the differences of readers: {'; '.join(whose)}."


def _told_by_readers(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f"Placed by hand; how uncertain they are is told by how far readers differ: {', '.join(names)}."


def _exact(names: tuple[str, ...], *, of: str) -> str:
    if not names:
        return ""
    return f"{of} is too narrow: nothing says how uncertain {', '.join(names)} are, so they were taken as exact."
