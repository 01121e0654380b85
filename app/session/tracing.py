"""Which lines are drawn for an analysis, in mm: its tracing, those of one measurement, and the arcs of its angles. Pure, no Qt.

Nothing is guessed: a line of which a landmark is not known is not drawn, an outline only between those that are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.measuring.analysis import Analysis, Tracing
from core.measuring.constructions import Line, Through
from core.measuring.primitives import FloatArray, angle_between, crossing, unit_vector
from core.measuring.quantities import Angle, AngleBetween, Quantity

BEYOND = 0.12
"""How far a plane goes on beyond each end, as part of its length."""
ARC = 0.25
"""Radius of an arc, as part of the shorter side of its angle."""
_WIDER = 0.2
"""By which part each further arc of one measurement is wider than the one before, so that none hides another."""
_ARC_POINTS = 33
_FLAT = 0.2
"""Degrees from 0 and from 180 within which there is no arc to see."""


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


@dataclass(frozen=True, eq=False)
class AngleMark:
    """Where an angle is.

    Attributes
    ----------
    arc_mm
        ``(N, D)`` points of the arc from one side to the other.
    legs_mm
        ``(2, D)`` each: how the lines go on until they meet, or a parallel of one where they meet too far away.
    """

    arc_mm: FloatArray
    legs_mm: tuple[FloatArray, ...] = ()


def measured_angles(analysis: Analysis, key: str, points_mm: Mapping[str, FloatArray]) -> tuple[AngleMark, ...]:
    """Return the arcs of the angles that a measurement is or builds on; none of one that is flat or not known."""
    known = [points_mm[symbol] for symbol in analysis.symbols_of(key)]
    if not known or not np.isfinite(known).all():
        return ()
    marks: list[AngleMark] = []
    for quantity in _all_angles(analysis, analysis.quantities[key]):
        wider = 1.0 + _WIDER * len(marks)
        mark = _at_vertex(quantity, points_mm, wider) if isinstance(quantity, Angle) else None
        if isinstance(quantity, AngleBetween):
            mark = _between(quantity, points_mm, known, wider)
        if mark is not None:
            marks.append(mark)
    return tuple(marks)


def _all_angles(analysis: Analysis, quantity: Quantity) -> Iterator[Angle | AngleBetween]:
    """Yield each angle of a quantity and of the measurements that it builds on once."""
    seen: set[Quantity] = set()
    waiting = [quantity]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Angle | AngleBetween) and one not in seen:
            seen.add(one)
            yield one
        waiting += [part for part in one.parts() if isinstance(part, Quantity)]
        waiting += [analysis.quantities[key] for key in one.others()]


def _at_vertex(angle: Angle, points_mm: Mapping[str, FloatArray], wider: float) -> AngleMark | None:
    vertex, a, b = (one.position_mm(points_mm) for one in (angle.vertex, angle.a, angle.b))
    radius_mm = ARC * wider * min(float(np.linalg.norm(a - vertex)), float(np.linalg.norm(b - vertex)))
    arc = arc_between(vertex, a - vertex, b - vertex, radius_mm)
    return None if arc is None else AngleMark(arc)


def _between(
    angle: AngleBetween, points_mm: Mapping[str, FloatArray], known_mm: list[FloatArray], wider: float
) -> AngleMark | None:
    """Return the arc where two lines meet, or where they meet too far away, between the second and a parallel of the first."""
    lines = (angle.first, angle.second)
    reaching = (_reaching(line, _own_ends(line, points_mm), known_mm, points_mm) for line in lines)
    ends = [one for one in reaching if one is not None]
    if len(ends) < len(lines):
        return None
    directions = [unit_vector(line.direction(points_mm)) for line in lines]
    lengths = [float(np.linalg.norm(one[1] - one[0])) for one in ends]
    radius_mm = ARC * wider * min(lengths)
    met = _meeting(ends[0], ends[1], directions, max(lengths))
    if met is None:
        vertex = ends[1][0] if directions[1] @ (ends[1][1] - ends[1][0]) > 0 else ends[1][1]
        arc = arc_between(vertex, directions[0], directions[1], radius_mm)
        leg = np.stack([vertex, vertex + 1.6 * radius_mm * directions[0]])
        return None if arc is None else AngleMark(arc, (leg,))
    behind = [float(((one - met) @ along).mean()) < 0 for one, along in zip(ends, directions, strict=True)]
    sign = -1.0 if all(behind) else 1.0  # the opposite angle is as large, and there the lines are
    arc = arc_between(met, sign * directions[0], sign * directions[1], radius_mm)
    if arc is None:
        return None
    legs = []
    for one, along in zip(ends, directions, strict=True):
        steps = (one - met) @ along
        outmost = sign * radius_mm
        low, high = min(0.0, outmost), max(0.0, outmost)
        if steps.min() > high:  # the line begins beyond the arc
            high = float(steps.min())
        elif steps.max() < low:
            low = float(steps.max())
        if low < steps.min() or high > steps.max():
            legs.append(np.stack([met + low * along, met + high * along]))
    return AngleMark(arc, tuple(legs))


def _meeting(
    first_mm: FloatArray, second_mm: FloatArray, directions: list[FloatArray], reach_mm: float
) -> FloatArray | None:
    """Return where two lines of a plane, ``(2, 2)`` each, meet; None farther from either than ``reach_mm``, and in space."""
    if first_mm.shape[-1] != 2:
        return None
    met = crossing(first_mm[0], directions[0], second_mm[0], directions[1])
    if not np.isfinite(met).all():
        return None
    for ends, along in zip((first_mm, second_mm), directions, strict=True):
        steps = (ends - met) @ along
        if steps.min() > reach_mm or steps.max() < -reach_mm:
            return None
    return met


def arc_between(vertex_mm: FloatArray, first: FloatArray, second: FloatArray, radius_mm: float) -> FloatArray | None:
    """Return the points ``(N, D)`` of an arc from one direction to another; None where it would be none."""
    start = unit_vector(first)
    angle = float(angle_between(first, second))
    if not _FLAT < angle < 180.0 - _FLAT or radius_mm <= 0:
        return None
    across = unit_vector(second - (second @ start) * start)
    turns = np.radians(np.linspace(0.0, angle, _ARC_POINTS))[:, None]
    return np.asarray(vertex_mm + radius_mm * (np.cos(turns) * start + np.sin(turns) * across))


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
