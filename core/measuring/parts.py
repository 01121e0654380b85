"""How a measurement is put together, for whoever fills it in part by part: what each kind asks for, and what is still missing.

A `Part` may be unfinished where a quantity of `quantities` may not. What cannot be taken apart is kept as it stands. Each kind is
a row of `FORMS`; reading and computing them is `constructions`' and `quantities`' business.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from core.measuring.constructions import Malformed, read_line, read_point
from core.measuring.frame import AXES_3D, SIDES_2D, TURNS
from core.measuring.quantities import read_quantity

Path = tuple[int, ...]
"""Leads from a whole to one of its parts: the place among the parts, then among the parts of that one, and so on."""


class Place(StrEnum):
    """What can stand somewhere."""

    POINT = "point"
    LINE = "line"
    TERM = "term"


@dataclass(frozen=True)
class Form:
    """What a part can be made of.

    Attributes
    ----------
    key
        As analysis files call it, where they do.
    name
        As a person calls it.
    place
        Where it can stand.
    asks
        What it asks for: what that is called, and what can stand there.
    flat_only
        Whether there is none in volumes.
    may_grow
        Whether it takes more than it asks for, of the same kind.
    is_whole
        Whether a measurement can be that; another measurement or a number only stand in one.
    """

    key: str
    name: str
    place: Place
    asks: tuple[tuple[str, Place], ...] = ()
    flat_only: bool = False
    may_grow: bool = False
    is_whole: bool = True

    def asks_at(self, place: int) -> tuple[str, Place]:
        """Return what is asked for at a place; a form that grows asks for the last again."""
        return self.asks[min(place, len(self.asks) - 1)]


LANDMARK: Final = "landmark"
THROUGH: Final = "through"
OTHER: Final = "other"
NUMBER: Final = "number"
TEXT: Final = "text"
"""What is kept as it stands, because it cannot be taken apart."""
_POINT, _LINE, _TERM = Place.POINT, Place.LINE, Place.TERM

FORMS = {
    one.key: one
    for one in (
        Form(LANDMARK, "landmark", _POINT),
        Form("midpoint", "point half way between", _POINT, (("one end", _POINT), ("other end", _POINT))),
        Form("foot", "foot of a perpendicular", _POINT, (("from", _POINT), ("on", _LINE))),
        Form("crossing", "point where two lines meet", _POINT, (("one line", _LINE), ("other line", _LINE)), flat_only=True),
        Form(THROUGH, "line through two points", _LINE, (("from", _POINT), ("to", _POINT))),
        Form("parallel_to", "parallel through a point", _LINE, (("through", _POINT), ("parallel to", _LINE))),
        Form(
            "perpendicular_to", "perpendicular through a point", _LINE,
            (("through", _POINT), ("perpendicular to", _LINE)), flat_only=True,
        ),
        Form("distance", "distance of two points", _TERM, (("from", _POINT), ("to", _POINT))),
        Form("angle", "angle of three points", _TERM, (("one side", _POINT), ("vertex", _POINT), ("other side", _POINT))),
        Form("angle_between", "angle between two lines", _TERM, (("one line", _LINE), ("other line", _LINE))),
        Form("offset", "distance of a point from a line", _TERM, (("point", _POINT), ("from the line", _LINE))),
        Form("extent", "way from point to point along a line", _TERM, (("from", _POINT), ("to", _POINT), ("along", _LINE))),
        Form("sum", "sum", _TERM, (("of", _TERM), ("and", _TERM)), may_grow=True),
        Form("difference", "difference", _TERM, (("of", _TERM), ("less", _TERM))),
        Form("ratio", "ratio", _TERM, (("of", _TERM), ("to", _TERM))),
        Form("percent", "percentage", _TERM, (("of", _TERM), ("in percent of", _TERM))),
        Form(OTHER, "another measurement", _TERM, is_whole=False),
        Form(NUMBER, "number", _TERM, is_whole=False),
    )
}  # fmt: skip
"""Every form, by its key."""

_SIDED = ("distance", "offset")
_FIRST = {_POINT: LANDMARK, _LINE: THROUGH, _TERM: OTHER}


@dataclass(frozen=True)
class Part:
    """A measurement, or what it is made of; perhaps unfinished.

    Attributes
    ----------
    form
        A key of `FORMS`, or `TEXT`.
    parts
        What it is made of.
    value
        Symbol of a landmark, key of another measurement, a number, or what is kept as it stands; empty for nothing yet.
    positive
        On which side, or by which turn, it is positive; empty where it has no sign.
    """

    form: str
    parts: tuple["Part", ...] = ()
    value: Any = ""
    positive: str = ""

    def at(self, path: Path) -> "Part":
        """Return one of its parts."""
        return self if not path else self.parts[path[0]].at(path[1:])

    def having(self, path: Path, part: "Part") -> "Part":
        """Return it with another part at a place."""
        if not path:
            return part
        parts = list(self.parts)
        parts[path[0]] = parts[path[0]].having(path[1:], part)
        return replace(self, parts=tuple(parts))

    def leaves(self, path: Path = ()) -> Iterator[tuple[Path, "Part"]]:
        """Yield what is not made of other parts, in order, and where it is."""
        if not self.parts:
            yield path, self
        for number, part in enumerate(self.parts):
            yield from part.leaves((*path, number))

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands here yet."""
        return not self.parts and self.value == ""

    def first_blank(self) -> Path | None:
        """Return where something is missing first; None where nothing is."""
        return next((path for path, leaf in self.leaves() if leaf.is_blank), None)

    def next_landmark(self, after: Path) -> Path | None:
        """Return where the next landmark is missing: behind a place, else anywhere; None where none is."""
        blank = [path for path, leaf in self.leaves() if leaf.form == LANDMARK and leaf.is_blank]
        return next((path for path in blank if path > after), blank[0] if blank else None)

    def called(self, path: Path) -> str:
        """Say what a part is asked for as: “vertex”, or “one end of the vertex”."""
        if not path:
            return "the measurement"
        label, _ = FORMS[self.at(path[:-1]).form].asks_at(path[-1])
        return f"“{label}”" if len(path) == 1 else f"“{label}” in {self.called(path[:-1])}"


def forms_at(place: Place, ndim: int, *, whole: bool = False) -> tuple[Form, ...]:
    """Return what can stand somewhere in images of a rank; with ``whole``, what a measurement can be."""
    return tuple(
        form
        for form in FORMS.values()
        if form.place is place and (ndim == 2 or not form.flat_only) and (form.is_whole or not whole)
    )


def blank(form: str) -> Part:
    """Return a part of which nothing is known but its form; a number is one at first."""
    if form == NUMBER:
        return Part(NUMBER, value=1)
    asks = FORMS[form].asks
    return Part(form, tuple(blank(_FIRST[place]) for _, place in asks))


def sides_of(form: str, ndim: int) -> tuple[str, ...]:
    """Return what can be positive in a form; nothing where it has no sign."""
    if form in _SIDED:
        return SIDES_2D if ndim == 2 else tuple(AXES_3D)
    return TURNS if form == "angle_between" and ndim == 2 else ()


def reformed(part: Part, form: str, ndim: int) -> Part:
    """Return a part of another form with the same landmarks, and other measurements, in the same order, as far as it has room."""
    fresh = blank(form)
    if part.form in FORMS and FORMS[part.form].asks == FORMS[form].asks:
        fresh = replace(fresh, parts=part.parts)
    else:
        for kind in (LANDMARK, OTHER):
            had = [leaf for _, leaf in part.leaves() if leaf.form == kind and not leaf.is_blank]
            room = [path for path, leaf in fresh.leaves() if leaf.form == kind]
            for path, leaf in zip(room, had, strict=False):
                fresh = fresh.having(path, leaf)
    return replace(fresh, positive=part.positive if part.positive in sides_of(form, ndim) else "")


def part_of(raw: Any, place: Place, ndim: int, *, whole: bool = False) -> Part:
    """Return what an analysis file writes as ``raw``, taken apart; as it stands where that is not possible."""
    try:
        part = _taken_apart(raw, place, ndim)
    except (Malformed, KeyError, TypeError, ValueError):
        return Part(TEXT, value=raw)
    if whole and part.form in FORMS and not FORMS[part.form].is_whole:
        return Part(TEXT, value=raw)
    return part


def _taken_apart(raw: Any, place: Place, ndim: int) -> Part:
    if isinstance(raw, str):
        return Part(_FIRST[place], value=raw) if place is not Place.LINE else Part(TEXT, value=raw)
    if isinstance(raw, bool) or raw is None:
        raise Malformed("neither true nor false measures anything")
    if isinstance(raw, int | float):
        return Part(NUMBER, value=raw) if place is Place.TERM else Part(TEXT, value=raw)
    if place is Place.LINE and isinstance(raw, list) and len(raw) == 2:
        return Part(THROUGH, _parts(THROUGH, raw, ndim))
    if not isinstance(raw, dict):
        raise Malformed("it is none of what can stand here")
    form, listed, known = _form_and_list(raw, place)
    if set(raw) - known:
        raise Malformed("there is more in it than is known")
    positive = raw.get("positive", "")
    if positive and positive not in sides_of(form, ndim):
        raise Malformed("it is positive where it has no sign")
    return Part(form, _parts(form, listed, ndim), positive=positive)


def _form_and_list(raw: dict[str, Any], place: Place) -> tuple[str, list[Any], set[str]]:
    """Return the form of a table, what it is made of in the order of `FORMS`, and which keys it may have."""
    form: str
    if place is Place.LINE:
        form = "parallel_to" if "parallel_to" in raw else "perpendicular_to"
        return form, [raw["through"], raw[form]], {"through", form}
    if place is Place.POINT and "foot" in raw:
        return "foot", [raw["foot"], raw["on"]], {"foot", "on"}
    form = next((one.key for one in FORMS.values() if one.place is place and one.key in raw), TEXT)
    if form == TEXT:
        raise Malformed("it is of no known kind")
    if form == "offset":
        return form, [raw["offset"], raw["from"]], {"offset", "from", "positive"}
    if form == "extent":
        return form, [*raw["extent"], raw["along"]], {"extent", "along"}
    return form, list(raw[form]), {form, "positive"} if sides_of(form, 2) else {form}


def _parts(form: str, listed: list[Any], ndim: int) -> tuple[Part, ...]:
    row = FORMS[form]
    if len(listed) < len(row.asks) or (len(listed) > len(row.asks) and not row.may_grow):
        raise Malformed("it takes another number of parts")
    return tuple(part_of(one, row.asks_at(number)[1], ndim) for number, one in enumerate(listed))


def raw_of(part: Part) -> Any:
    """Return how an analysis file writes a part; nothing yet is an empty text."""
    if part.form in (LANDMARK, OTHER, NUMBER, TEXT):
        return part.value
    parts = [raw_of(one) for one in part.parts]
    if part.form == THROUGH:
        return parts
    if part.form in ("parallel_to", "perpendicular_to"):
        return {"through": parts[0], part.form: parts[1]}
    if part.form == "foot":
        return {"foot": parts[0], "on": parts[1]}
    if part.form == "extent":
        return {"extent": parts[:2], "along": parts[2]}
    raw: dict[str, Any] = {"offset": parts[0], "from": parts[1]} if part.form == "offset" else {part.form: parts}
    return raw | ({"positive": part.positive} if part.positive else {})


def complaint(part: Part, ndim: int, path: Path = ()) -> tuple[Path, str] | None:
    """Return where the innermost part lies that is unfinished or wrong, and what is wrong there; None where nothing is."""
    here = part.at(path)
    if here.form == OTHER and here.is_blank:
        return path, f"Choose the measurement for {part.called(path)}."
    if here.is_blank:
        return path, f"Choose the landmark for {part.called(path)}: click it in the image, or take it from the list."
    for number in range(len(here.parts)):
        inner = complaint(part, ndim, (*path, number))
        if inner is not None:
            return inner
    for number, one in enumerate(here.parts):
        if one in here.parts[:number] and not FORMS[here.form].may_grow:
            return (*path, number), f"{_short(one)} stands here twice: choose another."
    try:
        _read(here, part, path, ndim)
    except Malformed as error:
        said = str(error)
        return path, f"{said[0].upper()}{said[1:]}."
    return None


def _read(here: Part, whole: Part, path: Path, ndim: int) -> None:
    raw = raw_of(here)
    place = FORMS[whole.at(path[:-1]).form].asks_at(path[-1])[1] if path else Place.TERM
    if place is Place.POINT:
        read_point(raw, ndim)
    elif place is Place.LINE:
        read_line(raw, ndim)
    elif here.form not in (OTHER, NUMBER):
        read_quantity(raw, ndim)


def in_short(raw: Any, ndim: int) -> str:
    """Say in a few letters what a measurement is taken of: “S–N–A”, “Po–Or / Go–Me”."""
    part = part_of(raw, Place.TERM, ndim, whole=True)
    return _short(part) if part.form != TEXT else as_text(raw)


def _short(part: Part) -> str:
    if part.form == TEXT:
        return as_text(part.value)
    if not part.parts:
        return str(part.value) or "…"
    inner = [_short(one) for one in part.parts]
    signs = {
        "sum": " + ", "difference": " − ", "ratio": " : ", "percent": " % ", "angle_between": " / ", "crossing": " × ",
        "offset": " ⟂ ", "foot": " ⟂ ", "parallel_to": " ∥ ", "perpendicular_to": " ⟂ ",
    }  # fmt: skip
    joined = signs.get(part.form, "–").join(inner)
    return f"({joined})" if part.form in ("midpoint", "foot", "crossing", "parallel_to", "perpendicular_to") else joined


def as_text(raw: Any) -> str:
    """Return what cannot be taken apart as a person may read it."""
    return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str)
