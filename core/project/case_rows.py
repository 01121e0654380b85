"""Cases as rows of a project file: the SQL that selects and counts them.

Takes an open SQLite file; decides nothing about transactions and says nothing about readings.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from core.project.cases import COLUMNS, ROW_COLUMNS, CaseQuery, CaseState
from core.project.paths import Stored

SELECT_CASE = f"SELECT {', '.join(COLUMNS)} FROM cases"  # noqa: S608 - names of ours
SELECT_ROW = f"SELECT {', '.join(ROW_COLUMNS)} FROM cases"  # noqa: S608 - names of ours
_MANY = 500
"""How many ids stand in one question to SQLite."""


def by_id(file: sqlite3.Connection, select: str, ids: Sequence[int]) -> dict[int, Sequence[Any]]:
    """Return the rows that ``select`` gives of cases, by id; those that are gone are left out."""
    rows: dict[int, Sequence[Any]] = {}
    for start in range(0, len(ids), _MANY):
        part = ids[start : start + _MANY]
        question = f"{select} WHERE id IN ({', '.join('?' * len(part))})"
        rows.update((row[0], row) for row in file.execute(question, list(part)))
    return rows


def find(file: sqlite3.Connection, path: Stored, series: str) -> int | None:
    """Return the id of the case of an image, its path as the project names it; None where there is none."""
    row = file.execute("SELECT id FROM cases WHERE path = ? AND series = ?", (path, series)).fetchone()
    return None if row is None else int(row[0])


def ids(file: sqlite3.Connection, query: CaseQuery) -> list[int]:
    """Return the ids of the cases that are asked for, in that order."""
    condition, values = query.condition()
    # One row with all of them: a hundred thousand rows would be fetched with Python's lock taken as many times.
    question = f"SELECT json_group_array(id) FROM (SELECT id FROM cases WHERE {condition} ORDER BY {query.order()})"  # noqa: S608
    (found,) = file.execute(question, values).fetchone()
    return list(json.loads(found))


def counts(file: sqlite3.Connection) -> dict[CaseState, int]:
    """Return how many cases there are in each state; excluded ones are not counted."""
    rows = file.execute("SELECT state, count(*) FROM cases WHERE NOT excluded GROUP BY state").fetchall()
    return dict.fromkeys(CaseState, 0) | {CaseState(state): count for state, count in rows}


def problems(file: sqlite3.Connection) -> dict[str, int]:
    """Return what is wrong with how many cases, the most frequent first; excluded and done ones are not counted."""
    question = (
        "SELECT problem, count(*) FROM cases WHERE NOT excluded AND state = ? GROUP BY problem ORDER BY 2 DESC, 1"
    )
    return dict(file.execute(question, (int(CaseState.PROBLEM),)).fetchall())


def excluded_count(file: sqlite3.Connection) -> int:
    """Return how many cases are excluded."""
    return int(file.execute("SELECT count(*) FROM cases WHERE excluded").fetchone()[0])
