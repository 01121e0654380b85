"""A scheme in the making: rows that may still be wrong, what can be done to them, and what is wrong with them.

Pure functions from one immutable draft to the next, so that undoing is going back to the former one. Opens no file.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import ValidationError

from core.base.complaints import first_complaint
from core.base.errors import ConfigError
from core.schemes.scheme import Scheme, SchemeLandmark, scheme_key

_SIDES = (("left", "right"), ("sinistral", "dextral"), ("l", "r"))
"""Words by which names tell one side from the other."""


@dataclass(frozen=True)
class Row:
    """A landmark of a draft.

    Attributes
    ----------
    key
        By which the draft knows it, whatever it is called.
    name, abbreviation, display_name, display_abbreviation, definition, colour, picture
        As in `SchemeLandmark`, unchecked; without an abbreviation it is called by its name.
    partner
        Key of its mirror image, itself in the midline, None where it has none.
    origin
        What it was called when the draft was begun; empty where it was added since.
    """

    key: int
    name: str = ""
    abbreviation: str = ""
    display_name: str = ""
    display_abbreviation: str = ""
    definition: str = ""
    colour: str = ""
    picture: str = ""
    partner: int | None = None
    origin: str = ""

    @classmethod
    def of(cls, key: int, mark: SchemeLandmark, keys: Mapping[str, int]) -> "Row":
        """Begin with a landmark; ``keys`` are those of the landmarks that can be its partner, by their names."""
        return cls(
            key, mark.name, "" if mark.abbreviation == mark.name else mark.abbreviation, mark.display_name,
            mark.display_abbreviation, mark.definition, mark.colour, mark.picture,
            None if mark.mirrored is None else keys.get(mark.mirrored), mark.name,
        )  # fmt: skip

    @property
    def short(self) -> str:
        """Its abbreviation, or its name where it has none."""
        return self.abbreviation or self.name


@dataclass(frozen=True)
class Problem:
    """What is wrong with a draft: the sentence, and the field of the row where it shows (row -1: of the whole)."""

    row: int
    field: str
    sentence: str


@dataclass(frozen=True)
class Draft:
    """A scheme in the making.

    Attributes
    ----------
    title, ndim
        As in `Scheme`.
    name
        What configurations call it; empty where it follows from the title.
    rows
        Its landmarks, in order; keys are unique.
    """

    title: str = ""
    ndim: Literal[2, 3] = 2
    name: str = ""
    rows: tuple[Row, ...] = ()

    @classmethod
    def of(cls, scheme: Scheme) -> "Draft":
        """Begin with a scheme."""
        keys = {name: key for key, name in enumerate(scheme.names)}
        rows = tuple(Row.of(key, mark, keys) for key, mark in enumerate(scheme.landmarks))
        return cls(scheme.title, scheme.ndim, scheme.name, rows)

    @property
    def names(self) -> tuple[str, ...]:
        """What the landmarks are called, in order."""
        return tuple(row.name for row in self.rows)

    def position(self, key: int | None) -> int | None:
        """Return where the row ``key`` stands, None where it does not."""
        return next((place for place, row in enumerate(self.rows) if row.key == key), None)

    @property
    def renamed(self) -> dict[str, str]:
        """What landmarks that were there at the beginning are called now, where that is something else."""
        return {row.origin: row.name for row in self.rows if row.origin and row.name and row.origin != row.name}


def with_rows(draft: Draft, names: Iterable[str], at: int | None = None) -> Draft:
    """Add landmarks before the one ``at``, at the end where omitted."""
    first = max((row.key for row in draft.rows), default=-1) + 1
    added = tuple(Row(first + number, name.strip()) for number, name in enumerate(names))
    place = len(draft.rows) if at is None else max(0, min(at, len(draft.rows)))
    return replace(draft, rows=(*draft.rows[:place], *added, *draft.rows[place:]))


def pasted(draft: Draft, text: str, at: int | None = None) -> Draft:
    """Add what was copied from a list: a landmark a line, with abbreviation and definition behind tabs.

    A single line without tabs may name several landmarks, with commas or semicolons between them.
    """
    lines = [line.strip("\r\n") for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and "\t" not in text:
        lines = [name for name in re.split(r"[;,]", lines[0]) if name.strip()]
    cells = [[cell.strip() for cell in line.split("\t")] for line in lines]
    place = len(draft.rows) if at is None else max(0, min(at, len(draft.rows)))
    added = with_rows(draft, [first for first, *_ in cells], place)
    rows = list(added.rows)
    for number, (_, *more) in enumerate(cells, start=place):
        abbreviation, definition = [*more, "", ""][:2]
        rows[number] = replace(rows[number], abbreviation=abbreviation, definition=definition)
    return replace(added, rows=tuple(rows))


def without_rows(draft: Draft, places: Collection[int]) -> Draft:
    """Remove the landmarks that stand at ``places``; their partners have none any more."""
    gone = {row.key for place, row in enumerate(draft.rows) if place in places}
    rows = (row for row in draft.rows if row.key not in gone)
    return replace(draft, rows=tuple(replace(row, partner=None) if row.partner in gone else row for row in rows))


def moved(draft: Draft, places: Collection[int], to: int) -> Draft:
    """Move the landmarks that stand at ``places``, in their order, before the one that stands at ``to``."""
    taken = [row for place, row in enumerate(draft.rows) if place in places]
    before = [row for place, row in enumerate(draft.rows) if place < to and place not in places]
    after = [row for place, row in enumerate(draft.rows) if place >= to and place not in places]
    return replace(draft, rows=(*before, *taken, *after))


def renamed(draft: Draft, place: int, name: str) -> Draft:
    """Call a landmark otherwise; what people said instead of its old name goes with that."""
    name = name.strip()
    row = draft.rows[place]
    return draft if name == row.name else _with(draft, place, replace(row, name=name, display_name=""))


def abbreviated(draft: Draft, place: int, abbreviation: str) -> Draft:
    """Give a landmark another abbreviation, none where it is empty."""
    row, short = draft.rows[place], abbreviation.strip()
    if short == row.abbreviation:
        return draft
    return _with(draft, place, replace(row, abbreviation=short, display_abbreviation=""))


def described(
    draft: Draft, place: int, *, definition: str | None = None, colour: str | None = None, picture: str | None = None
) -> Draft:
    """Say what a landmark means, or give it a colour or a picture; what is None stays."""
    row = draft.rows[place]
    changed = replace(
        row,
        definition=row.definition if definition is None else definition,
        colour=row.colour if colour is None else colour,
        picture=row.picture if picture is None else picture,
    )
    return draft if changed == row else _with(draft, place, changed)


def paired(draft: Draft, place: int, partner: int | None) -> Draft:
    """Make the landmark that stands at ``partner`` the mirror image of another one, and the reverse.

    Where both places are the same, the landmark lies in the midline; None takes the partner away. Former partners have none
    any more.
    """
    one = draft.rows[place].key
    other = None if partner is None else draft.rows[partner].key
    new = {one: other} if other is None else {one: other, other: one}
    rows = []
    for row in draft.rows:
        if row.key in new:
            rows.append(replace(row, partner=new[row.key]))
        else:
            rows.append(replace(row, partner=None) if row.partner in (one, other) and row.partner is not None else row)
    return replace(draft, rows=tuple(rows))


def paired_by_name(draft: Draft) -> Draft:
    """Pair the landmarks without a partner whose names differ in left and right only."""
    by_name = {row.name.casefold(): place for place, row in enumerate(draft.rows) if row.name}
    for place, row in enumerate(draft.rows):
        twin = by_name.get(_other_side(row.name).casefold())
        if twin is None or twin == place:
            continue
        if draft.rows[place].partner is None and draft.rows[twin].partner is None:
            draft = paired(draft, place, twin)
    return draft


def problems(draft: Draft) -> tuple[Problem, ...]:
    """Return what must be put right before the draft is a scheme, from top to bottom."""
    found = [] if draft.rows else [Problem(-1, "name", "A scheme needs at least one landmark.")]
    names, shorts = Counter(draft.names), Counter(row.short for row in draft.rows)
    for place, row in enumerate(draft.rows):
        if not row.name:
            found.append(Problem(place, "name", f"Landmark {place + 1} has no name."))
        elif names[row.name] > 1:
            found.append(Problem(place, "name", f"There are {names[row.name]} landmarks called “{row.name}”."))
        elif shorts[row.short] > 1:
            others = [other.name for other in draft.rows if other.short == row.short and other is not row]
            sentence = f"“{row.name}” and “{others[0]}” are both abbreviated as “{row.short}”."
            found.append(Problem(place, "abbreviation", sentence))
        for field, text in (("name", row.name), ("abbreviation", row.abbreviation)):
            if any(not letter.isprintable() for letter in text):
                found.append(Problem(place, field, f"“{row.name}” holds a character that cannot be printed."))
    return tuple(found)


def finished(draft: Draft) -> Scheme:
    """Return the scheme that the draft has become.

    Raises
    ------
    ConfigError
        Something is still wrong with it.
    """
    wrong = problems(draft)
    if wrong:
        raise ConfigError(wrong[0].sentence, "Correct it in the list.")
    names = {row.key: row.name for row in draft.rows}
    title = draft.title.strip() or "Landmarks"
    try:
        landmarks = tuple(
            SchemeLandmark(
                name=row.name, abbreviation=row.short, display_name=row.display_name,
                display_abbreviation=row.display_abbreviation, definition=row.definition.strip(), colour=row.colour,
                picture=row.picture, mirrored=None if row.partner is None else names[row.partner],
            )
            for row in draft.rows
        )  # fmt: skip
        return Scheme(name=draft.name or scheme_key(title), title=title, ndim=draft.ndim, landmarks=landmarks)
    except ValidationError as error:
        raise ConfigError(f"The landmark scheme is wrong ({first_complaint(error)}).", "Correct it.") from error


def _with(draft: Draft, place: int, row: Row) -> Draft:
    return replace(draft, rows=(*draft.rows[:place], row, *draft.rows[place + 1 :]))


def _other_side(name: str) -> str:
    """Return the name with left and right exchanged; the name itself where it tells no side."""
    for one, other in _SIDES:
        swap = {one: other, other: one}
        swapped, count = re.subn(
            rf"(?i)(?<![^\W_]){one}(?![^\W_])|(?<![^\W_]){other}(?![^\W_])",
            lambda match, swap=swap: swap[match[0].lower()],  # type: ignore[misc]
            name,
        )
        if count:
            return swapped
    return name
