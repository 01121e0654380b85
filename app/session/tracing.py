"""Which lines are drawn for an analysis, in mm: its tracing, and those along which one measurement is taken. Pure, without Qt.

Nothing is guessed: a line of which a landmark is not known is not drawn, an outline only between those that are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.measuring.analysis import Analysis, Tracing
from core.measuring.constructions import Line, Through
from core.measuring.primitives import FloatArray, unit_vector
from core.measuring.quantities import Quantity

BEYOND = 0.12
"""How far a plane goes on beyond each end, as part of its length."""


class Stroke(StrEnum):
    """What a line stands for, which decides how it is drawn."""

    PLANE = "plane"
    OUTLINE = "outline"
    SOFT_TISSUE = "soft tissue"


@dataclass(frozen=True, eq=False)
class TracedLine:
    """A line to draw.

    Attributes
    ----------
    ends_mm
        ``(2, D)`` where it begins and ends.
    stroke
        What it stands for.
    """

    ends_mm: FloatArray
    stroke: Stroke


def traced_lines(analysis: Analysis, points_mm: Mapping[str, FloatArray]) -> tuple[TracedLine, ...]:
    """Return the tracing of an analysis, as far as its landmarks are known.

    Parameters
    ----------
    analysis
        What is traced.
    points_mm
        ``(D,)`` positions by symbol; NaN where unknown.
    """
    return tuple(line for tracing in analysis.tracing for line in _lines_of(tracing, points_mm))


def _lines_of(tracing: Tracing, points_mm: Mapping[str, FloatArray]) -> Iterator[TracedLine]:
    stroke = Stroke(tracing.kind)
    if stroke is Stroke.PLANE:
        pairs = [(tracing.through[0], tracing.through[-1])]
    else:
        pairs = list(zip(tracing.through, tracing.through[1:], strict=False))
    for start, end in pairs:
        ends = np.stack([points_mm[start], points_mm[end]])
        if np.isfinite(ends).all() and (ends[0] != ends[1]).any():
            yield TracedLine(_lengthened(ends) if stroke is Stroke.PLANE else ends, stroke)


def _lengthened(ends_mm: FloatArray) -> FloatArray:
    beyond = BEYOND * (ends_mm[1] - ends_mm[0])
    return np.stack([ends_mm[0] - beyond, ends_mm[1] + beyond])


def measured_lines(analysis: Analysis, key: str, points_mm: Mapping[str, FloatArray]) -> tuple[FloatArray, ...]:
    """Return the lines along which a measurement is taken, each ``(2, D)`` mm; also those of what it builds on.

    A line between two points ends there, or where a perpendicular meets it farther out; one that is only a direction goes as far
    as the landmarks of the measurement.
    """
    known = [points_mm[symbol] for symbol in analysis.symbols_of(key)]
    if not known or not np.isfinite(known).all():
        return ()
    lines = list(_all_lines(analysis, analysis.quantities[key]))
    own = [_own_ends(line, points_mm) for line in lines]
    reached = [point for ends in own if ends is not None for point in ends]
    drawn = []
    for line, ends in zip(lines, own, strict=True):
        there = _reaching(line, ends, reached if ends is not None else [*reached, *known], points_mm)
        if there is not None:
            drawn.append(there)
    return tuple(drawn)


def _all_lines(analysis: Analysis, quantity: Quantity) -> Iterator[Line]:
    """Yield each line of a quantity and of the measurements that it builds on once."""
    seen: set[Line] = set()
    waiting = [quantity]
    while waiting:
        one = waiting.pop(0)
        for line in one.lines():
            if line not in seen:
                seen.add(line)
                yield line
        waiting += [analysis.quantities[key] for key in one.others()]


def _own_ends(line: Line, points_mm: Mapping[str, FloatArray]) -> FloatArray | None:
    if not isinstance(line, Through):
        return None
    return np.stack([line.a.position_mm(points_mm), line.b.position_mm(points_mm)])


def _reaching(
    line: Line, ends_mm: FloatArray | None, others_mm: list[FloatArray], points_mm: Mapping[str, FloatArray]
) -> FloatArray | None:
    """Return the line as long as it must be: to its own ends, and to those of other lines that lie on it.

    One without ends goes as far as all of ``others_mm`` lie along it. None where it has no place or no length.
    """
    start, along = line.start_mm(points_mm), unit_vector(line.direction(points_mm))
    if not (np.isfinite(start).all() and np.isfinite(along).all()):
        return None
    steps = (np.stack(others_mm) - start) @ along
    if ends_mm is not None:
        size = max(1.0, float(np.abs(steps).max()))
        beside = np.linalg.norm(np.stack(others_mm) - (start + steps[:, None] * along), axis=1)
        steps = np.concatenate([steps[beside < 1e-6 * size], (ends_mm - start) @ along])
    low, high = float(steps.min()), float(steps.max())
    return np.stack([start + low * along, start + high * along]) if high > low else None
