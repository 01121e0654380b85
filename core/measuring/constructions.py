"""Points and lines that are constructed from landmarks, as an analysis file writes them.

A point is a symbol (``"S"``) or a table (``{midpoint = ["A", "B"]}``); a line goes through two points (``["S", "N"]``), or
through one and perpendicular or parallel to another line. Reading checks the form; what the symbols stand for is the
analysis' business.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.measuring import primitives
from core.measuring.primitives import FloatArray

DEEPEST = 12
"""How deep lists and tables may lie in each other."""


class Malformed(ValueError):
    """What is wrong with a construction, as a phrase that fits into a sentence to a person."""


@dataclass(frozen=True)
class Construction:
    """What is made of landmarks and of other constructions."""

    def parts(self) -> Iterator["Construction"]:
        """Yield the constructions that it is made of."""
        for attribute in fields(self):
            value = getattr(self, attribute.name)
            yield from (
                one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Construction)
            )

    def symbols(self) -> Iterator[str]:
        """Yield the symbols of the landmarks that it needs."""
        for part in self.parts():
            yield from part.symbols()


class Point(Construction, ABC):
    """A point that can be constructed where its landmarks are known."""

    @abstractmethod
    def position_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return its position ``(..., D)``, NaN where it cannot be constructed."""


class Line(Construction, ABC):
    """A directed line that can be constructed where its landmarks are known."""

    @abstractmethod
    def start_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the point ``(..., D)`` from which it is drawn."""

    @abstractmethod
    def direction(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return where it leads, ``(..., D)``, of any length."""


@dataclass(frozen=True)
class Landmark(Point):
    """A landmark by its symbol."""

    symbol: str

    def symbols(self) -> Iterator[str]:
        """Yield its own symbol."""
        yield self.symbol

    def position_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return where the landmark is."""
        return points_mm[self.symbol]


@dataclass(frozen=True)
class Midpoint(Point):
    """The point half way between two others."""

    a: Point
    b: Point

    def position_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the mean of both."""
        return (self.a.position_mm(points_mm) + self.b.position_mm(points_mm)) / 2


@dataclass(frozen=True)
class Foot(Point):
    """The point of a line that is closest to another point."""

    point: Point
    line: Line

    def position_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the foot of the perpendicular."""
        start, direction = self.line.start_mm(points_mm), self.line.direction(points_mm)
        return primitives.foot(self.point.position_mm(points_mm), start, direction)


@dataclass(frozen=True)
class Crossing(Point):
    """The point in which two lines of a plane meet."""

    first: Line
    second: Line

    def position_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return where they meet, NaN where they are parallel."""
        (a, along_a), (b, along_b) = (
            (line.start_mm(points_mm), line.direction(points_mm)) for line in (self.first, self.second)
        )
        return primitives.crossing(a, along_a, b, along_b)


@dataclass(frozen=True)
class Through(Line):
    """The line from one point to another."""

    a: Point
    b: Point

    def start_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return its first point."""
        return self.a.position_mm(points_mm)

    def direction(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the way from its first point to its second."""
        return self.b.position_mm(points_mm) - self.a.position_mm(points_mm)


@dataclass(frozen=True)
class Parallel(Line):
    """The line through a point that runs like another one."""

    point: Point
    line: Line

    def start_mm(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the point that it goes through."""
        return self.point.position_mm(points_mm)

    def direction(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return the direction of the other line."""
        return self.line.direction(points_mm)


@dataclass(frozen=True)
class Perpendicular(Parallel):
    """The line of a plane through a point that stands on another one.

    It has two ends and no direction: which of them came first would depend on whether the picture is mirrored.
    """

    def direction(self, points_mm: Mapping[str, FloatArray]) -> FloatArray:
        """Return one of its two directions."""
        return primitives.perpendicular(self.line.direction(points_mm))


def read_point(raw: Any, ndim: int) -> Point:
    """Return the point that an analysis file writes as ``raw``.

    Raises
    ------
    Malformed
        It is none.
    """
    if isinstance(raw, str) and raw:
        return Landmark(raw)
    keys = set(raw) if isinstance(raw, dict) else set()
    if keys == {"midpoint"}:
        return Midpoint(*(read_point(one, ndim) for one in two_different(raw["midpoint"], "midpoint")))
    if keys == {"foot", "on"}:
        return Foot(read_point(raw["foot"], ndim), read_line(raw["on"], ndim))
    if keys == {"crossing"}:
        _require_plane("crossing", ndim)
        return Crossing(*(read_line(one, ndim) for one in two_different(raw["crossing"], "crossing")))
    raise Malformed(
        'a point is a landmark ("S"), {midpoint = [a, b]}, {foot = point, on = line} or {crossing = [line, line]}'
    )


def read_line(raw: Any, ndim: int) -> Line:
    """Return the line that an analysis file writes as ``raw``.

    Raises
    ------
    Malformed
        It is none, or one between a point and itself.
    """
    if isinstance(raw, list) and len(raw) == 2:
        a, b = (read_point(point, ndim) for point in two_different(raw, "a line"))
        return Through(a, b)
    keys = set(raw) if isinstance(raw, dict) else set()
    if keys == {"through", "parallel_to"}:
        return Parallel(read_point(raw["through"], ndim), read_line(raw["parallel_to"], ndim))
    if keys == {"through", "perpendicular_to"}:
        _require_plane("perpendicular_to", ndim)
        return Perpendicular(read_point(raw["through"], ndim), read_line(raw["perpendicular_to"], ndim))
    raise Malformed(
        "a line is [point, point], {through = point, perpendicular_to = line} or {through = point, parallel_to = line}"
    )


def read_directed_line(raw: Any, ndim: int) -> Line:
    """Return a line whose direction counts; `Malformed` for one that has none, beside what `read_line` refuses."""
    line = read_line(raw, ndim)
    inner = line
    while isinstance(inner, Parallel):
        if isinstance(inner, Perpendicular):
            raise Malformed("a perpendicular has no direction: measure from the line on which it stands")
        inner = inner.line
    return line


def two_different(raw: Any, what: str) -> list[Any]:
    """Return the two entries of a list; `Malformed` where it has others or both are the same: ``what`` needs two."""
    if not isinstance(raw, list) or len(raw) != 2:
        raise Malformed(f"{what} takes a list of two")
    if raw[0] == raw[1]:
        said = raw[0] if isinstance(raw[0], str) else "the same"
        raise Malformed(f"{what} takes two different ones, not twice {said}")
    return raw


def require_shallow(raw: Any, levels: int = DEEPEST) -> None:
    """Raise `Malformed` where lists and tables lie more than ``levels`` deep in each other."""
    if isinstance(raw, dict | list):
        if not levels:
            raise Malformed(f"lists and tables lie more than {DEEPEST} deep in each other")
        for one in raw.values() if isinstance(raw, dict) else raw:
            require_shallow(one, levels - 1)


def _require_plane(what: str, ndim: int) -> None:
    if ndim != 2:
        raise Malformed(f"{what} needs an analysis of 2D images")
