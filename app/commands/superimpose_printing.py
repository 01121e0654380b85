"""How a superimposition is told on the command line. Values in, text out."""

import typer

from app.commands.project_printing import say_table
from app.session.change_rows import CHANGE_HEADS, change_rows, way_heads, way_rows
from core.measuring.comparison import Comparison


def say_comparison(comparison: Comparison, shared: tuple[str, ...]) -> None:
    """Print what has changed, and where landmarks have come to lie; what could not be measured is left out."""
    rows = [(row.name, *row.cells) for row in change_rows(comparison) if not row.reason]
    if rows:
        say_table(CHANGE_HEADS, rows, CHANGE_HEADS[1:4])
    if comparison.displacements:
        heads = way_heads(comparison)
        if rows:
            typer.echo("")
        say_table(heads, [(row.name, *row.cells) for row in way_rows(comparison, shared)], heads[1:-1])


def lacking(comparison: Comparison) -> list[str]:
    """Return what was not measured, each reason once."""
    keys: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.reason:
            keys.setdefault(change.reason, []).append(change.measurement.key)
    return [f"{', '.join(names)}: {reason}" for reason, names in keys.items()]
