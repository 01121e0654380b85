"""An analysis that is being written: the text of its file, changed in one place at a time.

All else stays as its author wrote it: comments, order, and what nobody here knows. A draft may be wrong or unfinished; what is
wrong with it is `draft_problems`' business. Opens no files.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Item, Table

from core.base.errors import AppError
from core.measuring.analysis import LARGEST_ANALYSIS, SCHEMA_VERSION

_RECKONED = ("sum", "difference", "ratio", "percent")


class DraftError(AppError):
    """An analysis cannot be edited."""


@dataclass(frozen=True)
class Draft:
    """An analysis that is being written.

    Attributes
    ----------
    text
        What its file holds.
    """

    text: str

    @cached_property
    def raw(self) -> dict[str, Any]:
        """What the text says."""
        return tomllib.loads(self.text)

    @property
    def ndim(self) -> int:
        """Rank of the images that it is for."""
        return 3 if self.raw.get("ndim") == 3 else 2

    @property
    def name(self) -> str:
        """What commands call it; may be anything."""
        return str(self.raw.get("name", ""))

    @property
    def measurements(self) -> list[dict[str, Any]]:
        """The measurements as they are written."""
        return list(self.raw.get("measurements", []))

    @property
    def landmarks(self) -> dict[str, tuple[str, ...]]:
        """For each symbol the names under which a landmark set may hold it."""
        found: dict[str, tuple[str, ...]] = {}
        for symbol, names in self.raw.get("landmarks", {}).items():
            listed = [names] if isinstance(names, str) else names if isinstance(names, list) else []
            found[symbol] = tuple(str(name) for name in listed)
        return found

    # Changing it

    def with_head(self, **said: Any) -> "Draft":
        """Return it with other words about the whole, by their keys; None leaves a key out."""

        def change(tables: Any) -> None:
            for key, value in said.items():
                _put(tables, key, value)

        return self._changed(change)

    def with_measurement(self, place: int, said: Mapping[str, Any]) -> "Draft":
        """Return it with other words about one measurement, by their keys; None leaves a key out.

        Where it is called otherwise, so it is in the measurements that build on it, unless another one is called so already.
        """
        before = str(self.measurements[place].get("key", ""))
        after = said.get("key") or before
        keys = [one.get("key") for one in self.measurements]
        is_renamed = after not in keys and keys.count(before) == 1 and bool(before)
        users = _users(self.measurements, before) if is_renamed else {}

        def change(tables: Any) -> None:
            for key, value in said.items():
                _put(tables["measurements"][place], key, value)
            for number, how in users.items():
                _put(tables["measurements"][number], "how", _renamed(how, before, after))

        return self._changed(change)

    def with_new(self, place: int, raw: Mapping[str, Any]) -> "Draft":
        """Return it with one more measurement.

        Raises
        ------
        DraftError
            There are as many already as an analysis may have.
        """
        if len(self.measurements) >= LARGEST_ANALYSIS:
            raise DraftError(f"An analysis has {LARGEST_ANALYSIS} measurements at most.", "Make another analysis.")

        def change(tables: Any) -> None:
            if "measurements" not in tables:
                tables["measurements"] = tomlkit.aot()
            listed = tables["measurements"]
            listed.insert(place, _table(raw) if isinstance(listed, AoT) else _item(raw))

        return _parted(self._changed(change))

    def without(self, place: int) -> "Draft":
        """Return it without one of its measurements."""

        def change(tables: Any) -> None:
            del tables["measurements"][place]
            if not tables["measurements"]:
                del tables["measurements"]

        return self._changed(change)

    def moved(self, place: int, to: int) -> "Draft":
        """Return it with a measurement at another place."""

        def change(tables: Any) -> None:
            listed = tables["measurements"]
            moving = listed[place]
            del listed[place]
            listed.insert(to, moving)

        return self._changed(change)

    def with_landmark(self, symbol: str, names: Sequence[str]) -> "Draft":
        """Return it with a landmark under a symbol, in place of what was under that."""

        def change(tables: Any) -> None:
            if "landmarks" not in tables:
                tables["landmarks"] = tomlkit.table() if isinstance(tables, tomlkit.TOMLDocument) else {}
            _put(tables["landmarks"], symbol, list(names))

        return self._changed(change)

    def _changed(self, change: Callable[[Any], None]) -> "Draft":
        """Return it after a change of its tables, which is first made to plain ones: what they say is what the text must say."""
        wanted = deepcopy(self.raw)
        change(wanted)
        if wanted == self.raw:
            return self
        try:
            document = tomlkit.parse(self.text)
            change(document)
            text = tomlkit.dumps(document)
            if tomllib.loads(text) == wanted:
                return Draft(text)
        except (TOMLKitError, tomllib.TOMLDecodeError, ValueError, TypeError, KeyError, IndexError, AttributeError):
            pass  # a text that is written so strangely that only what it says can be kept
        return _parted(Draft(_whole(wanted)))


def new_draft(ndim: int, name: str, title: str) -> Draft:
    """Return a draft without measurements."""
    return Draft(
        _whole({"schema_version": SCHEMA_VERSION, "name": name, "title": title, "ndim": ndim, "landmarks": {}})
    )


def draft_of(text: str, called: str) -> Draft:
    """Return the draft that goes on with a text; ``called`` is its file's name, for messages.

    Raises
    ------
    DraftError
        It is no TOML, of a later version, or so unlike an analysis that there is nothing to edit.
    """
    draft = Draft(text)
    try:
        raw = draft.raw
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise DraftError(f"The analysis {called} is not a readable TOML file: {error}.", "Correct the file.") from error
    version = raw.get("schema_version", 1)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DraftError(
            f"The analysis {called} is of version {version}, but this program writes up to {SCHEMA_VERSION}.",
            "Update Cairn.",
        )
    measurements, landmarks = raw.get("measurements", []), raw.get("landmarks", {})
    listed = isinstance(measurements, list) and all(isinstance(one, dict) for one in measurements)
    if not listed or not isinstance(landmarks, dict):
        raise DraftError(f"The analysis {called} is so unlike one that it cannot be edited.", "Correct the file first.")
    return draft


def _parted(draft: Draft) -> Draft:
    """Return it with an empty line above each measurement."""
    text = re.sub(r"(?<!\n)\n(?=\[\[measurements\]\])", "\n\n", draft.text)
    return Draft(text) if tomllib.loads(text) == draft.raw else draft


def _users(measurements: Sequence[Mapping[str, Any]], key: str) -> dict[int, Any]:
    """Return how those measurements are put together that build on another one, by their places."""
    return {
        number: one["how"]
        for number, one in enumerate(measurements)
        if "how" in one and _renamed(one["how"], key, "\0") != one["how"]
    }


def _renamed(how: Any, before: str, after: str) -> Any:
    """Return how a measurement is put together with another one called otherwise; symbols of landmarks stay."""
    if isinstance(how, str):
        return after if how == before else how
    if not isinstance(how, dict):
        return how
    return {
        key: [_renamed(one, before, after) for one in value] if key in _RECKONED and isinstance(value, list) else value
        for key, value in how.items()
    }


def _put(table: Any, key: str, value: Any) -> None:
    """Let a table say something under a key; nothing where it is None, and no change where it says that already."""
    if value is None:
        table.pop(key, None)
        return
    there = table.get(key)
    if key in table and (there.unwrap() if isinstance(there, Item) else there) == value:
        return
    table[key] = _item(value) if isinstance(table, Item | tomlkit.TOMLDocument) else deepcopy(value)


def _item(value: Any) -> Item:
    """Return a value as TOML writes it on one line; a list of tables has a line for each."""
    if isinstance(value, Mapping):
        inline: InlineTable = tomlkit.inline_table()
        for key, one in value.items():
            inline.append(key, _item(one))
        return inline
    if isinstance(value, list | tuple):
        array: Array = tomlkit.array()
        for one in value:
            array.append(_item(one))
        return array.multiline(any(isinstance(one, Mapping) for one in value) and _is_norms(value))
    if isinstance(value, str) and "\n" in value and "'''" not in value and '"""' not in value and "\\" not in value:
        return tomlkit.string(value, multiline=True)
    item: Item = tomlkit.item(value)
    return item


def _is_norms(value: Sequence[Any]) -> bool:
    return any(isinstance(one, Mapping) and {"mean", "low", "name"} & set(one) for one in value)


def _table(raw: Mapping[str, Any]) -> Table:
    table: Table = tomlkit.table()
    for key, value in raw.items():
        table.append(key, _item(value))
    return table


def _whole(raw: Mapping[str, Any]) -> str:
    """Return the text that says all of ``raw``, written anew."""
    document = tomlkit.document()
    tables = ("landmarks", "tracing", "measurements")
    for key, value in raw.items():
        if key not in tables:
            document.append(key, _item(value))
    if isinstance(raw.get("landmarks"), Mapping):
        document.add(tomlkit.nl())
        document.append("landmarks", _table(raw["landmarks"]))
    for key in tables[1:]:
        listed = raw.get(key)
        if isinstance(listed, list) and listed and all(isinstance(one, Mapping) for one in listed):
            array = tomlkit.aot()
            for one in listed:
                array.append(_table(one))
            document.append(key, array)
        elif key in raw:
            document.append(key, _item(listed))
    return tomlkit.dumps(document)
