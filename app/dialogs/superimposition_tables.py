"""The tables of a superimposition: what was measured at both times, and the ways of the landmarks, as `change_rows` says it."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look
from app.session.change_rows import CHANGE_HEADS, ChangeRow, change_rows, way_heads, way_rows
from core.measuring.comparison import Comparison


class ChangeTable(QTableWidget):
    """A line for each measurement; those that have changed beyond their uncertainty are bold."""

    def __init__(self) -> None:
        super().__init__()
        _settle(self)
        self.setAccessibleName("Measurements at both times")

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show what has changed; nothing where nothing was compared."""
        _fill(self, CHANGE_HEADS, () if comparison is None else change_rows(comparison))


class WayTable(QTableWidget):
    """A line for each landmark that both images have; where they are fitted, those that are fitted are ticked."""

    fit_chosen = Signal(object)
    """The landmarks that are to be fitted, a tuple of names."""

    def __init__(self) -> None:
        super().__init__()
        _settle(self)
        self.setAccessibleName("Ways of the landmarks")
        self._names: tuple[str, ...] = ()
        self.itemChanged.connect(self._ticked)

    def show_ways(self, comparison: Comparison | None, shared: tuple[str, ...], fitted: frozenset[str] | None) -> None:
        """Show ways; ``fitted`` are ticked, None where landmarks are not fitted."""
        with QSignalBlocker(self):
            self._names = shared
            rows = () if comparison is None else way_rows(comparison, shared)
            _fill(self, () if comparison is None else way_heads(comparison), rows)
            for row, name in enumerate(shared if fitted is not None else ()):
                item = _item(self, row, 0)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if fitted and name in fitted else Qt.CheckState.Unchecked)

    def _ticked(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            rows = range(self.rowCount())
            ticked = [row for row in rows if _item(self, row, 0).checkState() is Qt.CheckState.Checked]
            self.fit_chosen.emit(tuple(self._names[row] for row in ticked))


def _settle(table: QTableWidget) -> None:
    settle_look(table)
    table.verticalHeader().setDefaultSectionSize(26)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)


def _fill(table: QTableWidget, heads: Sequence[str], rows: Sequence[ChangeRow]) -> None:
    place = table.verticalScrollBar().value()
    table.clear()
    table.setColumnCount(len(heads))
    table.setRowCount(len(rows))
    table.clearSpans()
    for number, row in enumerate(rows):
        _fill_row(table, number, row)
    for column, head in enumerate(heads):
        item = QTableWidgetItem(head)
        item.setTextAlignment(theme.LEFT if column == 0 else theme.RIGHT)
        table.setHorizontalHeaderItem(column, item)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    if heads:
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.verticalScrollBar().setValue(place)


def _fill_row(table: QTableWidget, number: int, row: ChangeRow) -> None:
    bold = QFont(table.font())
    bold.setBold(True)
    for column, text in enumerate((row.name, *row.cells)):
        item = QTableWidgetItem(text)
        item.setTextAlignment(theme.LEFT if column == 0 else theme.RIGHT)
        item.setToolTip(row.tip)
        if row.larger:
            item.setFont(bold)
        if row.reason:
            item.setForeground(QColor(chrome().faint))
        table.setItem(number, column, item)
    if row.reason:  # what is known of one of the times stands there; the reason takes the rest
        item = _item(table, number, 3)
        item.setText(row.reason)
        item.setTextAlignment(theme.LEFT)
        table.setSpan(number, 3, 1, table.columnCount() - 3)


def _item(table: QTableWidget, row: int, column: int) -> QTableWidgetItem:
    item = table.item(row, column)
    if item is None:
        raise IndexError(f"the table has no cell at {row}, {column}")
    return item
