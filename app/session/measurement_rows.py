"""What is said of measurements in a list: figures with units, norms, deviations in words. Pure, without Qt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.measuring.measure import Measured, deviation_mm
from core.measuring.reader_spread import NOTHING, ReaderSpread
from core.measuring.table import EXTRA_DECIMALS, Cell, MeasurementTable, rounded_cell
from core.values import doubt
from core.values.landmarks import Landmarks

FAR_SD = 2.0
"""Standard deviations from the mean beyond which a value is far from usual."""
_PENDING = "…"


class Deviation(StrEnum):
    """How a value compares with its norm."""

    UNKNOWN = "unknown"
    USUAL = "usual"
    UNUSUAL = "unusual"
    FAR = "far"


@dataclass(frozen=True)
class MeasurementRow:
    """One measurement as a person reads it.

    Attributes
    ----------
    key, name, group
        What it is called, and under what heading it stands.
    value, interval, norm, sd
        Figures as text; empty where there are none. The value has its unit.
    words
        What a value outside the usual range is called.
    class_name
        Class of the value, empty where it has none.
    undecided
        Whether the interval leaves the class open.
    deviation
        How it compares with the norm.
    sd_number
        Distance from the mean in SD; NaN where that is not known.
    reason
        Why there is no value; empty where there is one.
    tip
        All that is known of it, a line each.
    """

    key: str
    name: str
    group: str
    value: str
    interval: str
    norm: str
    sd: str
    words: str
    class_name: str
    undecided: bool
    deviation: Deviation
    sd_number: float
    reason: str
    tip: str

    @property
    def class_text(self) -> str:
        """Class with a question mark where the interval does not decide it."""
        return f"{self.class_name} ?" if self.class_name and self.undecided else self.class_name


@dataclass(frozen=True)
class Heading:
    """Stands above the measurements of a group.

    Attributes
    ----------
    text
        What the group is called.
    """

    text: str


Line = Heading | MeasurementRow


def with_headings(rows: Sequence[MeasurementRow]) -> tuple[Line, ...]:
    """Return the rows with a heading above each group; none above those that belong to no group, nor where none has one."""
    lines: list[Line] = []
    group = ""
    for row in rows:
        if row.group and row.group != group:
            lines.append(Heading(row.group))
        group = row.group
        lines.append(row)
    return tuple(lines)


def rows_of(
    measured: Sequence[Measured], *, pending: bool = False, readers: ReaderSpread = NOTHING
) -> tuple[MeasurementRow, ...]:
    """Return what is said of measurements.

    Parameters
    ----------
    measured
        What was measured.
    pending
        Whether the intervals are still being computed.
    readers
        Whose differences tell how uncertain landmarks are that were placed by hand.
    """
    return tuple(_row(one, readers, pending=pending) for one in measured)


def _row(one: Measured, readers: ReaderSpread, *, pending: bool) -> MeasurementRow:
    measurement, decimals = one.measurement, one.measurement.decimals
    interval = ""
    if math.isfinite(one.low):
        interval = f"{figure(one.low, decimals)} – {figure(one.high, decimals)}"
    elif pending and one.known:
        interval = _PENDING
    return MeasurementRow(
        key=measurement.key,
        name=measurement.name,
        group=measurement.group,
        value=_with_unit(figure(one.value, decimals), one.unit) if one.known else "",
        interval=interval,
        norm=norm_text(one),
        sd=figure(one.deviation_sd, 1, signed=True) if math.isfinite(one.deviation_sd) else "",
        words=one.in_words,
        class_name=one.class_name,
        undecided=not one.class_decided,
        deviation=deviation_of(one),
        sd_number=one.deviation_sd,
        reason=one.reason,
        tip=_tip(one, readers),
    )


def deviation_of(one: Measured) -> Deviation:
    """Return how a value compares with its norm."""
    if one.within_norm is None:
        return Deviation.UNKNOWN
    if one.within_norm:
        return Deviation.USUAL
    return Deviation.FAR if abs(one.deviation_sd) > FAR_SD else Deviation.UNUSUAL


def figure(value: float, decimals: int, *, signed: bool = False) -> str:
    """Return a number as text with a real minus sign; never a negative zero."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:{'+' if signed else ''}.{decimals}f}".replace("-", "−")


def norm_text(one: Measured) -> str:
    """Return what is usual: “82 ± 2”, “62 – 65” or a mean alone; empty where nothing is known."""
    norm = one.norm
    if norm is None:
        return ""
    if norm.mean is None:
        return f"{_plain(norm.low)} – {_plain(norm.high)}"
    return _plain(norm.mean) if norm.sd is None else f"{_plain(norm.mean)} ± {_plain(norm.sd)}"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}".replace("-", "−")


def _with_unit(text: str, unit: str) -> str:
    return text + unit if unit == "°" else f"{text} {unit}".rstrip()


def sentence(one: Measured) -> str:
    """Return what was measured and what that means, as a sentence; empty where there is no value."""
    if not one.known:
        return ""
    decimals = one.measurement.decimals
    said = _with_unit(figure(one.value, decimals), one.unit)
    if math.isfinite(one.low):
        said += f", in 90 % of cases from {figure(one.low, decimals)} to {figure(one.high, decimals)}"
    if math.isfinite(one.deviation_sd):
        said += f"; {figure(one.deviation_sd, 1, signed=True)} SD from the mean"
    return f"{said}: {one.in_words}." if one.in_words else f"{said}."


def _tip(one: Measured, readers: ReaderSpread) -> str:
    """Return definition, source, norm and what is uncertain, as a paragraph each."""
    measurement, norm = one.measurement, one.norm
    said = [measurement.name if measurement.name == measurement.key else f"{measurement.name} ({measurement.key})"]
    said += [one.reason, sentence(one), measurement.definition]
    if one.class_name and not one.class_decided:
        said.append("The class is not decided: the true value may as well belong to another.")
    if norm is not None:
        whose = ", ".join(part for part in (norm.population, norm.age, norm.sex) if part)
        source = f" {norm.source}." if norm.source else ""
        said.append(f"Norm: {_with_unit(norm_text(one), one.unit)}{f', {whose}' if whose else ''}.{source}")
    if one.known and one.by_readers:
        names, whose = ", ".join(one.by_readers), "; ".join(readers.sources_of(one.by_readers))
        said.append(f"Placed by hand, and as uncertain as readers differ{f' ({whose})' if whose else ''}: {names}.")
    if one.known and one.exact:
        names = ", ".join(one.exact)
        said.append(f"Taken as exact, because nothing says how uncertain they are: {names}.")
    if measurement.source:
        said.append(f"Source: {measurement.source}.")
    return "\n\n".join(part for part in said if part)


def has_radii(landmarks: Landmarks) -> bool:
    """Tell whether any landmark says how uncertain it is, so that there are intervals to compute."""
    return any(math.isfinite(deviation_mm(landmarks, name, {})) for name in landmarks.names)


def has_hand_placed(landmarks: Landmarks) -> bool:
    """Tell whether a person has placed or confirmed any landmark, so that readers' differences may tell how uncertain it is."""
    return any(status in doubt.HUMAN_STATES for status in landmarks.status)


_HEADS = (
    "Measurement", "Value", "Unit", "Low (90 %)", "High (90 %)", "Norm", "Deviation (SD)", "Assessment", "Class",
    "Class decided", "Not measured because",
)  # fmt: skip


def copied_table(measured: Sequence[Measured]) -> MeasurementTable:
    """Return what is put on the clipboard: the columns of the list, with numbers that a spreadsheet takes for such."""
    rows: list[tuple[Cell, ...]] = []
    for one in measured:
        decimals = one.measurement.decimals
        decided = "" if math.isnan(one.class_share) else "yes" if one.class_decided else "no"
        rows.append(
            (
                one.measurement.name,
                _number(one.value, decimals),
                one.unit,
                _number(one.low, decimals),
                _number(one.high, decimals),
                norm_text(one),
                _number(one.deviation_sd, 1),
                one.in_words,
                one.class_name,
                decided,
                one.reason,
            )
        )
    return MeasurementTable(_HEADS, tuple(rows))


def _number(value: float, decimals: int) -> float | None:
    return rounded_cell(value, decimals + EXTRA_DECIMALS)
