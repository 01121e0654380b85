"""The steps by which a person makes an analysis, each of which can be undone: its words, its measurements, how these are made.

Knows no image: which landmarks there are is `analysis_editing`'s. Pure, without Qt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from psygnal import Signal

from core.measuring import parts
from core.measuring.draft import Draft
from core.measuring.draft_problems import Problem, problems_of
from core.measuring.parts import Part, Place

FIRST_KIND = "angle"
"""What a new measurement is at first."""
_NUMBERS = ("mean", "sd", "low", "high")
_NEEDED = ("name", "title", "key")
"""What stays in the file though it is empty, where it is told to be missing."""


@dataclass(frozen=True)
class _State:
    """What undoing brings back."""

    draft: Draft
    place: int


class AnalysisSteps:
    """An analysis that is being made.

    Parameters
    ----------
    draft
        What it begins with.
    """

    changed = Signal()
    """It is another, or another measurement is shown."""
    moved_on = Signal()
    """Another measurement is shown, or what it is put together of was undone."""

    def __init__(self, draft: Draft) -> None:
        self._state = _State(draft, 0)
        self._done: list[_State] = []
        self._undone: list[_State] = []

    # What there is

    @property
    def draft(self) -> Draft:
        """What is edited."""
        return self._state.draft

    @property
    def place(self) -> int:
        """Which measurement is shown."""
        return self._state.place

    @property
    def shown(self) -> Mapping[str, Any] | None:
        """The measurement that is shown, as it is written; None where there is none."""
        measurements = self.draft.measurements
        return measurements[self.place] if self.place < len(measurements) else None

    @property
    def part(self) -> Part:
        """How it is put together."""
        shown = self.shown
        return parts.part_of({} if shown is None else shown.get("how", {}), Place.TERM, self.draft.ndim, whole=True)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the analysis."""
        return _problems(self.draft.text)

    @property
    def other_keys(self) -> tuple[str, ...]:
        """Keys of the measurements on which the one that is shown can build."""
        keys = (str(one.get("key", "")) for number, one in enumerate(self.draft.measurements) if number != self.place)
        return tuple(dict.fromkeys(key for key in keys if key))

    # Steps

    def edit(self, draft: Draft, place: int | None = None) -> None:
        """Go on with another draft, and perhaps another measurement."""
        after = _State(draft, self.place if place is None else place)
        if after.draft.text == self.draft.text:
            return
        self._done.append(self._state)
        self._undone.clear()
        self._state = after
        self.changed.emit()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether an undone step can be done again."""
        return bool(self._undone)

    def undo(self) -> None:
        """Undo the last step."""
        if self._done:
            self._undone.append(self._state)
            self._show(self._done.pop())

    def redo(self) -> None:
        """Do the step again that was undone last."""
        if self._undone:
            self._done.append(self._state)
            self._show(self._undone.pop())

    def _show(self, state: _State) -> None:
        last = max(len(state.draft.measurements) - 1, 0)
        self._state = replace(state, place=min(max(state.place, 0), last))
        self.moved_on.emit()
        self.changed.emit()

    def say(self, **said: Any) -> None:
        """Say something about the analysis as a whole, by the keys of its file; empty texts take a key out."""
        self.edit(self.draft.with_head(**_kept(said)))

    def set_direction(self, key: str, pair: Sequence[str], draft: Draft | None = None) -> None:
        """Say which two symbols lead to the front (``anterior``) or upwards (``superior``) first; none where one is empty."""
        there = self.draft.raw.get(key, [])
        rest = list(there[1:]) if isinstance(there, list) else []
        first = [list(pair)] if all(pair) else []
        self.edit((self.draft if draft is None else draft).with_head(**{key: [*first, *rest] or None}))

    # Which measurement

    def choose(self, place: int) -> None:
        """Show another measurement."""
        if place != self.place and 0 <= place < len(self.draft.measurements):
            self._show(replace(self._state, place=place))

    def add(self) -> None:
        """Add an angle of three points, of which nothing is known yet, behind the measurement that is shown."""
        keys = {one.get("key") for one in self.draft.measurements}
        key = next(f"M{number}" for number in range(1, len(keys) + 2) if f"M{number}" not in keys)
        self._insert({"key": key, "how": parts.raw_of(parts.blank(FIRST_KIND))})

    def duplicate(self) -> None:
        """Add a copy of the measurement that is shown, under another key."""
        if self.shown is not None:
            key = str(self.shown.get("key", ""))
            keys = {one.get("key") for one in self.draft.measurements}
            names = (f"{key} {number}" for number in range(2, len(keys) + 3))
            self._insert({**self.shown, "key": next(one for one in names if one not in keys)})

    def _insert(self, raw: Mapping[str, Any]) -> None:
        place = min(self.place + 1, len(self.draft.measurements))
        self._go_on(self.draft.with_new(place, raw), place)

    def remove(self) -> None:
        """Take away the measurement that is shown."""
        if self.shown is not None:
            self._go_on(self.draft.without(self.place), min(self.place, len(self.draft.measurements) - 2))

    def move(self, by: int) -> None:
        """Move the measurement that is shown up or down the list."""
        to = self.place + by
        if self.shown is not None and 0 <= to < len(self.draft.measurements):
            self._go_on(self.draft.moved(self.place, to), to)

    def _go_on(self, draft: Draft, place: int) -> None:
        self._done.append(self._state)
        self._undone.clear()
        self._show(_State(draft, place))

    # What it is

    def describe(self, **said: Any) -> None:
        """Say something about the measurement that is shown, by the keys of its file; empty texts take a key out."""
        if self.shown is not None:
            self.edit(self.draft.with_measurement(self.place, _kept(said)))

    def set_norm(self, number: int, key: str, text: str) -> None:
        """Say something about one of its norms; what is no number is kept, and told to be wrong. One behind the last is new."""
        norms = [dict(one) for one in (self.shown or {}).get("norms", [])]
        if number == len(norms):
            norms.append({})
        norm = norms[number]
        value = number_of(text) if key in _NUMBERS else text.strip()
        if value == "":
            norm.pop(key, None)
        else:
            norm[key] = value
        self.describe(norms=[one for one in norms if one])

    def put(self, part: Part, draft: Draft | None = None) -> None:
        """Put the measurement that is shown together otherwise, perhaps in a draft that knows another landmark."""
        if self.shown is not None:
            changed = self.draft if draft is None else draft
            self.edit(changed.with_measurement(self.place, {"how": parts.raw_of(part)}))

    def set_form(self, path: parts.Path, form: str) -> None:
        """Make a part of it something else; landmarks stay as far as there is room for them."""
        part = self.part
        if part.at(path).form != form:
            self.put(part.having(path, parts.reformed(part.at(path), form, self.draft.ndim)))

    def set_value(self, path: parts.Path, value: Any) -> None:
        """Choose another measurement, or a number, for a part."""
        part = self.part
        self.put(part.having(path, replace(part.at(path), value=value)))

    def set_positive(self, path: parts.Path, side: str) -> None:
        """Say on which side, or by which turn, a part is positive; empty for no sign."""
        part = self.part
        self.put(part.having(path, replace(part.at(path), positive=side)))

    def add_term(self, path: parts.Path) -> None:
        """Let a sum have one more."""
        part = self.part
        whole = part.at(path)
        self.put(part.having(path, replace(whole, parts=(*whole.parts, parts.blank(parts.OTHER)))))

    def drop_term(self, path: parts.Path) -> None:
        """Let a sum have one less."""
        part = self.part
        whole = part.at(path[:-1])
        if len(whole.parts) > len(parts.FORMS[whole.form].asks):
            left = tuple(one for number, one in enumerate(whole.parts) if number != path[-1])
            self.put(part.having(path[:-1], replace(whole, parts=left)))


def _kept(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is written of what was said: nothing for what is empty, unless it must be there."""
    return {key: value if value or key in _NEEDED else None for key, value in said.items()}


@lru_cache(maxsize=4)
def _problems(text: str) -> tuple[Problem, ...]:
    return problems_of(Draft(text))


def number_of(text: str) -> float | int | str:
    """Return the number that a person has typed, with a point or a comma; the text itself where it is none."""
    plain = text.strip().replace("−", "-").replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return text.strip()
    whole = value.is_integer() and not set(plain.lower()) & {".", "e"}
    return int(value) if whole else value
