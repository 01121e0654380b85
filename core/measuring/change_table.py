"""Two images of one patient as tables: what was measured at both times, and the ways of the landmarks. Writes no files."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.measuring.comparison import Comparison
from core.measuring.registration import Displacement
from core.measuring.superposition import Change
from core.measuring.table import EXTRA_DECIMALS, Cell, MeasurementTable, rounded_cell

_WAY_DECIMALS = 2
_ANSWERS: Mapping[bool | None, str] = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Times:
    """What the two images are called in a table."""

    earlier: str
    later: str


def change_table(comparison: Comparison, times: Times) -> MeasurementTable:
    """Return a table with a row for each measurement.

    ``low`` and ``high`` are the ends of the interval that holds the true difference in 90 % of cases; ``beyond_uncertainty`` says
    whether it leaves out zero. ``by_readers`` names the landmarks whose uncertainty readers' differences tell, ``exact`` those
    of which nothing tells it: the interval is then too narrow.
    """
    rows = tuple((times.earlier, times.later, *_change_row(change)) for change in comparison.changes)
    return MeasurementTable(("earlier_image", "later_image", *_CHANGE), rows)


_CHANGE = (
    "measurement", "title", "earlier", "later", "unit", "difference", "low", "high", "beyond_uncertainty", "by_readers",
    "exact", "reason",
)  # fmt: skip


def _change_row(change: Change) -> tuple[Cell, ...]:
    decimals = change.measurement.decimals + EXTRA_DECIMALS
    return (
        change.measurement.key,
        change.measurement.name,
        rounded_cell(change.first.value, decimals),
        rounded_cell(change.second.value, decimals),
        change.unit,
        rounded_cell(change.difference, decimals),
        rounded_cell(change.low, decimals),
        rounded_cell(change.high, decimals),
        _ANSWERS[change.beyond_error],
        "; ".join(change.by_readers),
        "; ".join(change.exact),
        change.reason,
    )


def way_table(comparison: Comparison, times: Times) -> MeasurementTable:
    """Return a table with a row for each landmark: its way once the later image is laid on the earlier one.

    ``radius`` is how far from where the way ends within which it truly ends in 90 % of cases.
    """
    sides = [name for name, _ in comparison.sides]
    on = "" if comparison.registration is None else comparison.registration.text
    heads = (
        "earlier_image", "later_image", "superimposed_on", "landmark", "distance", *sides, "radius", "unit", "beyond_uncertainty",
        "by_readers", "exact",
    )  # fmt: skip
    rows = tuple(
        (times.earlier, times.later, on, *_way_row(comparison, displacement))
        for displacement in comparison.displacements
    )
    return MeasurementTable(heads, rows)


def _way_row(comparison: Comparison, way: Displacement) -> tuple[Cell, ...]:
    decimals = _WAY_DECIMALS + EXTRA_DECIMALS
    return (
        way.name,
        rounded_cell(way.length_mm, decimals),
        *(rounded_cell(float(way.vector_mm @ side), decimals) for _, side in comparison.sides),
        rounded_cell(way.radius_mm, decimals),
        comparison.unit,
        _ANSWERS[way.beyond_error],
        "; ".join(way.by_readers),
        "; ".join(way.exact),
    )
