"""How tables that list things look, and which columns a narrow one does without. Knows nothing of what they list."""

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtWidgets import QAbstractItemView, QTableView


def settle_look(table: QTableView) -> None:
    """Let a table look like a list: whole rows are selected, stripes part them, and Tab leads out of it."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)


def show_what_fits(
    table: QTableView,
    widths: Mapping[int, int],
    wanted: Collection[int],
    given_up: Sequence[Collection[int]],
    room: int,
) -> None:
    """Show the columns that are wanted as far as there is room for them.

    Parameters
    ----------
    table
        Whose columns.
    widths
        Every column that may be hidden, with its width in pixels of the layout.
    wanted
        Those of them that are shown where there is room.
    given_up
        Those that a narrow table does without, in this order; columns of a group go together.
    room
        Width that there is for all of ``widths``.
    """
    shown = set(wanted)
    for group in given_up:
        if sum(widths[column] for column in shown) > room:
            shown.difference_update(group)
    for column in widths:
        table.setColumnHidden(column, column not in shown)
