"""The command ``cairn shapes``: Procrustes alignment of the landmarks of many cases, as tables for R and as a list of outliers.

Parses arguments and prints; what is computed and written is `core.measuring`'s, which is imported only when it is wanted.
"""

from pathlib import Path
from typing import Annotated

import typer


def shapes(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES|PROJECT", help="Landmark files, folders of them, or one project (.cairn)."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables.")],
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme", metavar="NAME|FILE", help="What landmarks are called, for files without names of their own."
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader", metavar="NAME", help="Whose readings; the person's that was changed last, else the model's."
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="LANDMARK",
            help="A landmark that does not count, such as one that many cases lack; may be repeated.",
        ),
    ] = None,
) -> None:
    """Compare the shapes of many cases: Procrustes alignment, principal components, outliers and swapped landmarks.

    Cases that lack a landmark are left out and named. The tables, one row a case, are made for R.
    """
    from app.commands.landmark_input import read_landmark_input
    from app.commands.project_adding import scheme_named
    from core.measuring.shape_comparison import compare, known_names, told
    from core.measuring.shape_tables import tables, write

    given = read_landmark_input(files, scheme=None if scheme is None else scheme_named(scheme), reader=reader)
    compared = compare(given.cases, without=known_names(without or (), given.cases))
    written = tables(compared)
    write(written, out)
    for note in (*given.notes, *compared.found.notes):
        typer.echo(note, err=True)
    for sentence in told(compared):
        typer.echo(sentence)
    *others, last = written
    typer.echo(f"Wrote {', '.join(others)} and {last} to {out}.")
