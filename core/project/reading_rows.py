"""Readings and their history as rows of a project file: the SQL that reads and writes them.

Takes an open SQLite file; decides nothing about transactions and says nothing about the rows of cases.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from core.project.cases import Geometry
from core.project.readings import Edit, Encoded, Reader, ReaderKind, Reading, decode, encode

_SELECT = (
    "SELECT reading.case_id, reader.name, reader.kind, names.value, positions, figures, states, authors, geometry, uuid, "
    "created, changed, seconds, locked FROM reading JOIN reader ON reader.id = reader_id JOIN names ON names.id = names_id"
)
_INSERT = (
    "INSERT INTO reading (case_id, reader_id, uuid, created, changed, seconds, geometry, names_id, positions, figures, states, "
    "authors, locked) VALUES (?, (SELECT id FROM reader WHERE name = ? AND kind = ?), ?, ?, ?, ?, ?, "
    "(SELECT id FROM names WHERE value = ?), ?, ?, ?, ?, ?) "
    "ON CONFLICT (case_id, reader_id) DO UPDATE SET uuid = excluded.uuid, changed = excluded.changed, "
    "seconds = excluded.seconds, geometry = excluded.geometry, names_id = excluded.names_id, "
    "positions = excluded.positions, figures = excluded.figures, states = excluded.states, authors = excluded.authors, "
    "locked = excluded.locked"
)


def key(reader: Reader) -> tuple[str, str]:
    """Return what tells a reader in the tables."""
    return reader.name, reader.kind.value


def of_case(file: sqlite3.Connection, case_id: int) -> list[Reading]:
    """Return what was said about a case, in the order in which the readers began."""
    return _select(file, "case_id = ?", (case_id,))


def of_reader(file: sqlite3.Connection, reader: Reader) -> list[Reading]:
    """Return all that a reader said, in the order of the cases."""
    return _select(file, "reader.name = ? AND reader.kind = ?", key(reader))


def one(file: sqlite3.Connection, case_id: int, reader: Reader) -> Reading | None:
    """Return what a reader said about a case, None where that is nothing."""
    found = _select(file, "case_id = ? AND reader.name = ? AND reader.kind = ?", (case_id, *key(reader)))
    return found[0] if found else None


def write(file: sqlite3.Connection, reading: Reading) -> None:
    """Write a reading as it is, in place of what the same reader said of the same case, whose ``created`` stays."""
    encoded = encode(reading.landmarks)
    file.execute("INSERT OR IGNORE INTO reader (name, kind) VALUES (?, ?)", key(reading.reader))
    file.execute("INSERT OR IGNORE INTO names (value) VALUES (?)", (encoded.names,))
    locked = json.dumps(sorted(reading.locked), ensure_ascii=False) if reading.locked else ""
    file.execute(
        _INSERT,
        (
            reading.case_id, *key(reading.reader), reading.uuid, reading.created, reading.changed, reading.seconds,
            reading.geometry.to_text(), encoded.names, encoded.positions, encoded.figures, encoded.states, encoded.authors,
            locked,
        ),
    )  # fmt: skip


def set_seconds(file: sqlite3.Connection, case_id: int, reader: Reader, seconds: float, changed: str) -> None:
    """Write how long a reader has worked on a case of which they have said something."""
    file.execute(
        "UPDATE reading SET seconds = ?, changed = ? WHERE case_id = ? AND reader_id = "
        "(SELECT id FROM reader WHERE name = ? AND kind = ?)",
        (seconds, changed, case_id, *key(reader)),
    )


def edits(file: sqlite3.Connection, case_id: int, reader: Reader) -> list[Edit]:
    """Return the history of a reading, the oldest first."""
    rows = file.execute(
        "SELECT at, text, before, edit.uuid FROM edit JOIN reading ON reading.id = reading_id "
        "JOIN reader ON reader.id = reader_id WHERE case_id = ? AND name = ? AND kind = ? ORDER BY edit.id",
        (case_id, *key(reader)),
    )
    return [Edit(at, text, json.loads(before), identity) for at, text, before, identity in rows]


def add_edits(file: sqlite3.Connection, case_id: int, reader: Reader, new: Iterable[Edit]) -> None:
    """Let edits follow in the history of a reading; those that are in it already are left out."""
    file.executemany(
        "INSERT OR IGNORE INTO edit (uuid, reading_id, at, text, before) SELECT ?, reading.id, ?, ?, ? "
        "FROM reading JOIN reader ON reader.id = reader_id WHERE case_id = ? AND name = ? AND kind = ?",
        [
            (edit.uuid or uuid.uuid4().hex, edit.at, edit.text, json.dumps(edit.before), case_id, *key(reader))
            for edit in new
        ],
    )


def _select(file: sqlite3.Connection, condition: str, values: Sequence[Any]) -> list[Reading]:
    rows = file.execute(f"{_SELECT} WHERE {condition} ORDER BY case_id, reading.id", values).fetchall()
    return [_reading(row) for row in rows]


def _reading(row: Sequence[Any]) -> Reading:
    """Return the reading of a row; `ValueError` or `KeyError` where it is damaged."""
    case_id, name, kind, names, positions, figures, states, authors, geometry_text, *rest = row
    identity, created, changed, seconds, locked = rest
    geometry = Geometry.from_text(geometry_text)
    landmarks = decode(Encoded(names, positions, figures, states, authors), geometry.grid.ndim)
    locked_names = frozenset(json.loads(locked)) if locked else frozenset()
    reader = Reader(name, ReaderKind(kind))
    return Reading(case_id, reader, landmarks, geometry, identity, created, changed, seconds, locked_names)
