"""``cairn measure --free``: what readers of a project have measured by hand, as one table.

Opens a project to look at it; values are `core.measuring`'s. Imports nothing that measures before it is asked to.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.commands.project_agreement import reader_named
from app.commands.project_printing import say_table
from core.base.errors import AppError, ProjectError
from core.base.wording import counted
from core.project.cases import Case, CaseQuery
from core.project.paths import SUFFIX
from core.project.store import Project

if TYPE_CHECKING:
    from core.measuring.table import MeasurementTable

TITLE = "Free measurements"


def measure_free(sources: Sequence[Path], reader: str | None, out: Path | None, suffix: str | None) -> None:
    """Write the free measurements of a project to a table, or print them.

    Parameters
    ----------
    sources
        One project.
    reader
        Whose; None for everybody's.
    out, suffix
        The table to write, and what it is written as; None for the terminal, and for by its own suffix.

    Raises
    ------
    AppError
        It is no project, nobody has measured anything, or the table cannot be written.
    """
    from core.measuring.table import write_table

    if len(sources) != 1 or sources[0].suffix.lower() != SUFFIX:
        raise AppError("Free measurements are kept in a project.", "Give one, NAME.cairn, and nothing else.")
    table = _table(sources[0], reader)
    if out is None:
        rows = [["" if cell is None else str(cell) for cell in row] for row in table.rows]
        say_table(table.columns, rows, right=("value",))
    else:
        write_table(table, out, TITLE, suffix=suffix)
        typer.echo(f"Wrote {counted(len(table.rows), 'free measurement')} to {out}.")
    for reason, count in Counter(str(row[-1]) for row in table.rows if row[-1]).items():
        typer.echo(f"{counted(count, 'free measurement')} without a value: {reason}.", err=True)


def _table(path: Path, reader: str | None) -> "MeasurementTable":
    from core.measuring.free import FreeRow, free_table

    with Project.open(path, read_only=True) as project:
        who = None if reader is None else reader_named(project, reader)
        cases = project.cases(project.case_ids(CaseQuery(excluded=False)))
        names = _names(cases)
        rows = [
            FreeRow(names[case.id], one.reader.name, one.array_mm, one.geometry.spacing_known)
            for case in cases
            for one in project.free_measurements.of_case(case.id)
            if who in (None, one.reader)
        ]
    if not rows:
        whoever = f"{who.name} has not" if who else "Nobody has"
        raise ProjectError(
            f"{whoever} measured anything by hand in {path.name}.",
            "In the window, “Measure a distance” in the Edit menu does.",
        )
    return free_table(rows)


def _names(cases: Sequence[Case]) -> dict[int, str]:
    """Return what cases are called in the table: with their numbers where two would be called the same."""
    are_told = len({case.name.casefold() for case in cases}) == len(cases)
    return {case.id: case.name if are_told else f"{case.name} ({case.id})" for case in cases}
