"""What can be measured: distances, angles, offsets, and what is reckoned with them.

Each kind is a class and a row of `KINDS`. A quantity knows which landmarks and which other measurements it needs, its unit, and
its value for one configuration or for thousands of sampled ones at once. It never guesses: what is not known is NaN.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from core.measuring import primitives
from core.measuring.constructions import (
    Construction,
    Foot,
    Line,
    Malformed,
    Point,
    Through,
    read_directed_line,
    read_line,
    read_point,
    require_shallow,
    two_different,
)
from core.measuring.frame import AXES_3D, SIDES_2D, TURNS, Frame
from core.measuring.primitives import FloatArray

MM, DEGREES, PERCENT, PLAIN = "mm", "°", "%", ""
"""The units that a measurement can have."""


@dataclass(frozen=True)
class At:
    """Where quantities are evaluated.

    Attributes
    ----------
    points_mm
        Positions ``(..., D)`` by symbol.
    values
        ``(...)`` values of the measurements that others build on, by key.
    frame
        Where front and top are; None where the landmarks do not tell, and in 3D.
    """

    points_mm: Mapping[str, FloatArray]
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    frame: Frame | None = None


@dataclass(frozen=True)
class Quantity(Construction, ABC):
    """Something that has a value where its landmarks are known."""

    own_unit: ClassVar[str] = PLAIN

    @abstractmethod
    def value(self, at: At) -> FloatArray:
        """Return its value ``(...)``; NaN where it cannot be told."""

    def others(self) -> Iterator[str]:
        """Yield the keys of the measurements that it builds on."""
        for part in self.parts():
            if isinstance(part, Quantity):
                yield from part.others()

    def needs_frame(self) -> bool:
        """Return whether its sign depends on which way the object looks."""
        return any(isinstance(part, Quantity) and part.needs_frame() for part in self.parts())

    def unit(self, unit_of: Mapping[str, str]) -> str:  # noqa: ARG002 -- of those that build on others
        """Return its unit, given those of the measurements that it builds on; `Malformed` where they do not go together."""
        return self.own_unit

    def lines(self) -> Iterator[Line]:
        """Yield the lines to draw for it."""
        for part in self.parts():
            if isinstance(part, Quantity):
                yield from part.lines()


@dataclass(frozen=True)
class _WithSide(Quantity):
    """What has a sign where ``positive`` names a side: anterior, posterior, superior, inferior; in 3D also left and right."""

    positive: str = ""
    ndim: int = 2

    own_unit = MM

    def needs_frame(self) -> bool:
        """Return whether it has a sign that the patient's axes do not give."""
        return bool(self.positive) and self.ndim == 2

    def _length(self, start_mm: FloatArray, end_mm: FloatArray, at: At) -> FloatArray:
        """Return how long the way is, with its sign."""
        size = primitives.distance(start_mm, end_mm)
        if not self.positive:
            return size
        if self.ndim == 3:
            side = np.array(AXES_3D[self.positive])
        elif at.frame is None:
            return np.full_like(size, np.nan)
        else:
            side = at.frame.side(self.positive)
        return np.asarray(np.where(((end_mm - start_mm) * side).sum(axis=-1) < 0, -size, size))


@dataclass(frozen=True, kw_only=True)
class Distance(_WithSide):
    """``distance = [a, b]``: how far two points are apart, mm; with ``positive``, on which side of the first the second lies."""

    a: Point
    b: Point

    def lines(self) -> Iterator[Line]:
        """Yield the line between the points."""
        yield Through(self.a, self.b)

    def value(self, at: At) -> FloatArray:
        """Return the distance, mm."""
        return self._length(self.a.position_mm(at.points_mm), self.b.position_mm(at.points_mm), at)


@dataclass(frozen=True, kw_only=True)
class Offset(_WithSide):
    """``offset = point, from = line``: how far a point lies from a line, mm; with ``positive``, on which side of it."""

    point: Point
    line: Line

    def lines(self) -> Iterator[Line]:
        """Yield the line, and the way from it to the point."""
        yield self.line
        yield Through(Foot(self.point, self.line), self.point)

    def value(self, at: At) -> FloatArray:
        """Return the distance, mm."""
        foot = Foot(self.point, self.line).position_mm(at.points_mm)
        return self._length(foot, self.point.position_mm(at.points_mm), at)


@dataclass(frozen=True)
class Extent(Quantity):
    """``extent = [a, b], along = line``: how far it is from one point to the other along a line, mm; negative against it."""

    a: Point
    b: Point
    line: Line

    own_unit = MM

    def lines(self) -> Iterator[Line]:
        """Yield the line, and the perpendiculars from both points."""
        yield self.line
        for point in (self.a, self.b):
            yield Through(Foot(point, self.line), point)

    def value(self, at: At) -> FloatArray:
        """Return the extent, mm."""
        a, b = self.a.position_mm(at.points_mm), self.b.position_mm(at.points_mm)
        return primitives.extent_along(a, b, self.line.direction(at.points_mm))


@dataclass(frozen=True)
class Angle(Quantity):
    """``angle = [a, vertex, b]``: the angle at the middle one of three points, degrees from 0 to 180."""

    a: Point
    vertex: Point
    b: Point

    own_unit = DEGREES

    def lines(self) -> Iterator[Line]:
        """Yield both sides, from the vertex outwards."""
        yield Through(self.vertex, self.a)
        yield Through(self.vertex, self.b)

    def value(self, at: At) -> FloatArray:
        """Return the angle, degrees."""
        return primitives.angle_at(*(point.position_mm(at.points_mm) for point in (self.a, self.vertex, self.b)))


@dataclass(frozen=True)
class AngleBetween(Quantity):
    """``angle_between = [line, line]``: the angle between the directions of two lines, degrees from 0 to 180.

    With ``positive = "clockwise"`` or ``"anticlockwise"`` it has a sign: of the turn from the first line to the second, on a
    face that looks to the right.
    """

    first: Line
    second: Line
    positive: str = ""

    own_unit = DEGREES

    def needs_frame(self) -> bool:
        """Return whether it has a sign."""
        return bool(self.positive)

    def lines(self) -> Iterator[Line]:
        """Yield both lines."""
        yield self.first
        yield self.second

    def value(self, at: At) -> FloatArray:
        """Return the angle, degrees."""
        first, second = self.first.direction(at.points_mm), self.second.direction(at.points_mm)
        angle = primitives.angle_between(first, second)
        if not self.positive:
            return angle
        return np.full_like(angle, np.nan) if at.frame is None else angle * at.frame.turn(first, second, self.positive)


@dataclass(frozen=True)
class Number(Quantity):
    """A number that stands in a sum, a difference or a ratio; it takes the unit of what it is reckoned with."""

    number: float

    def value(self, at: At) -> FloatArray:  # noqa: ARG002 -- the same everywhere
        """Return the number."""
        return np.asarray(self.number)


@dataclass(frozen=True)
class Other(Quantity):
    """Another measurement of the same analysis, by its key."""

    key: str

    def others(self) -> Iterator[str]:
        """Yield its key."""
        yield self.key

    def unit(self, unit_of: Mapping[str, str]) -> str:
        """Return the other's unit."""
        return unit_of[self.key]

    def value(self, at: At) -> FloatArray:
        """Return the other's value."""
        return at.values[self.key]


@dataclass(frozen=True)
class _Reckoned(Quantity):
    """What is reckoned from other quantities, all of one unit."""

    terms: tuple[Quantity, ...]

    def unit(self, unit_of: Mapping[str, str]) -> str:
        """Return the unit of all terms."""
        units = {term.unit(unit_of) for term in self.terms if not isinstance(term, Number)}
        if len(units) > 1:
            said = " and ".join(sorted(unit or "plain numbers" for unit in units))
            raise Malformed(f"{said} cannot be reckoned with each other")
        return units.pop() if units else PLAIN


@dataclass(frozen=True)
class Sum(_Reckoned):
    """``sum = [quantity, …]``."""

    def value(self, at: At) -> FloatArray:
        """Return the sum."""
        return np.asarray(sum(term.value(at) for term in self.terms))


@dataclass(frozen=True)
class Difference(_Reckoned):
    """``difference = [quantity, quantity]``: the first without the second."""

    def value(self, at: At) -> FloatArray:
        """Return the difference."""
        return np.asarray(self.terms[0].value(at) - self.terms[1].value(at))


@dataclass(frozen=True)
class Ratio(_Reckoned):
    """``ratio = [quantity, quantity]``: the first divided by the second; ``percent`` is a hundred times that.

    Without unit, but half a length is a length: divided by a number, a quantity keeps its unit.
    """

    factor: float = 1.0

    def unit(self, unit_of: Mapping[str, str]) -> str:
        """Return no unit, percent, or the unit of what is divided by a number; `Malformed` where units do not go together."""
        own = super().unit(unit_of)
        share = PLAIN if self.factor == 1.0 else PERCENT
        if own == PLAIN or not any(isinstance(term, Number) for term in self.terms):
            return share
        if isinstance(self.terms[1], Number) and self.factor == 1.0:
            return own
        raise Malformed(f"{own} and a number make no {'ratio' if self.factor == 1.0 else 'percentage'}")

    def value(self, at: At) -> FloatArray:
        """Return the ratio, NaN where the second is nothing."""
        divisor = self.terms[1].value(at)
        return np.asarray(self.factor * self.terms[0].value(at) / np.where(divisor != 0, divisor, np.nan))


def read_quantity(raw: Any, ndim: int) -> Quantity:
    """Return the quantity that an analysis file writes as ``raw``.

    Raises
    ------
    Malformed
        It is none, or one that has no value whatever the landmarks are.
    """
    require_shallow(raw)
    quantity = _read(raw, ndim)
    if isinstance(quantity, Number):
        raise Malformed("a number alone measures nothing")
    return quantity


def _read(raw: Any, ndim: int) -> Quantity:
    if isinstance(raw, str) and raw:
        return Other(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw):
        return Number(float(raw))
    if not isinstance(raw, dict):
        raise Malformed(f"a quantity is the key of a measurement or one of {', '.join(KINDS)}")
    kinds = [key for key in raw if key in KINDS]
    if len(kinds) != 1:
        raise Malformed(f"a quantity has exactly one of {', '.join(KINDS)}")
    beside = _BESIDE.get(kinds[0], ())
    foreign = [key for key in raw if key not in (kinds[0], *beside)]
    if foreign:
        raise Malformed(f"beside {kinds[0]} may stand {' and '.join(beside) or 'nothing'}, not {foreign[0]}")
    return KINDS[kinds[0]](raw, ndim)


def _distance(raw: dict[str, Any], ndim: int) -> Quantity:
    a, b = (read_point(point, ndim) for point in two_different(raw["distance"], "distance"))
    return Distance(a=a, b=b, positive=_side(raw, ndim), ndim=ndim)


def _offset(raw: dict[str, Any], ndim: int) -> Quantity:
    point, line = read_point(raw["offset"], ndim), read_line(_beside(raw, "from"), ndim)
    return Offset(point=point, line=line, positive=_side(raw, ndim), ndim=ndim)


def _extent(raw: dict[str, Any], ndim: int) -> Quantity:
    a, b = (read_point(point, ndim) for point in two_different(raw["extent"], "extent"))
    return Extent(a, b, read_directed_line(_beside(raw, "along"), ndim))


def _angle(raw: dict[str, Any], ndim: int) -> Quantity:
    ends = raw["angle"]
    if not isinstance(ends, list) or len(ends) != 3:
        raise Malformed("angle takes a list of three: a point, the vertex, another point")
    for i in range(3):
        two_different([ends[i], ends[i - 1]], "angle")
    a, vertex, b = (read_point(point, ndim) for point in ends)
    return Angle(a, vertex, b)


def _angle_between(raw: dict[str, Any], ndim: int) -> Quantity:
    first, second = (read_directed_line(line, ndim) for line in two_different(raw["angle_between"], "angle_between"))
    return AngleBetween(first, second, _chosen(raw, TURNS if ndim == 2 else ()))


def _sum(raw: dict[str, Any], ndim: int) -> Quantity:
    if not isinstance(raw["sum"], list) or len(raw["sum"]) < 2:
        raise Malformed("sum takes a list of two or more")
    return Sum(_terms(raw["sum"], ndim))


def _difference(raw: dict[str, Any], ndim: int) -> Quantity:
    return Difference(_terms(two_different(raw["difference"], "difference"), ndim))


def _ratio(raw: dict[str, Any], ndim: int) -> Quantity:
    return Ratio(_divisible(two_different(raw["ratio"], "ratio"), ndim))


def _percent(raw: dict[str, Any], ndim: int) -> Quantity:
    return Ratio(_divisible(two_different(raw["percent"], "percent"), ndim), 100.0)


def _terms(raw: list[Any], ndim: int) -> tuple[Quantity, ...]:
    terms = tuple(_read(one, ndim) for one in raw)
    if all(isinstance(term, Number) for term in terms):
        raise Malformed("numbers alone measure nothing")
    return terms


def _divisible(raw: list[Any], ndim: int) -> tuple[Quantity, ...]:
    terms = _terms(raw, ndim)
    if isinstance(terms[1], Number) and terms[1].number == 0:
        raise Malformed("nothing can be divided by zero")
    return terms


def _beside(raw: dict[str, Any], key: str) -> Any:
    if key not in raw:
        raise Malformed(f"a line is missing: {key} = [point, point]")
    return raw[key]


def _side(raw: dict[str, Any], ndim: int) -> str:
    return _chosen(raw, SIDES_2D if ndim == 2 else tuple(AXES_3D))


def _chosen(raw: dict[str, Any], choices: tuple[str, ...]) -> str:
    positive = raw.get("positive", "")
    if positive and positive not in choices:
        among = f"is one of {', '.join(choices)}" if choices else "has no meaning in 3D"
        raise Malformed(f"positive {among}, not {positive!r}")
    return str(positive)


KINDS: dict[str, Callable[[dict[str, Any], int], Quantity]] = {
    "distance": _distance,
    "angle": _angle,
    "angle_between": _angle_between,
    "offset": _offset,
    "extent": _extent,
    "sum": _sum,
    "difference": _difference,
    "ratio": _ratio,
    "percent": _percent,
}
"""How each kind of quantity is read, by the key that an analysis file gives it."""

_BESIDE = {
    "distance": ("positive",),
    "angle_between": ("positive",),
    "offset": ("from", "positive"),
    "extent": ("along",),
}
"""What may stand beside that key."""
