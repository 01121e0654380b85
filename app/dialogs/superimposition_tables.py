"""The tables of a superimposition: what was measured at both times, and the ways of the landmarks, as `change_rows` says it."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look
from app.session.change_rows import CHANGE_HEADS, ChangeRow, change_rows, way_heads, way_rows
from core.measuring.change_table import Times, change_table, way_table
from core.measuring.comparison import Comparison
from core.measuring.table import MeasurementTable, tab_text


class _CopiedTable(QTableWidget):
    """A list that Ctrl+C copies as text for a spreadsheet, with all digits, and that tells which row was picked."""

    picked = Signal(str)
    """The key of the row that is to be shown in the picture; empty for none."""

    def __init__(self, name: str) -> None:
        super().__init__()
        settle_look(self)
        self.setAccessibleName(name)
        self.verticalHeader().setDefaultSectionSize(26)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.copied: MeasurementTable | None = None
        copy = QAction("&Copy table", self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.itemSelectionChanged.connect(lambda: self.picked.emit(_picked(self)))

    def copy(self) -> None:
        """Put the whole list on the clipboard."""
        if self.copied is not None:
            QGuiApplication.clipboard().setText(tab_text(self.copied))


class ChangeTable(_CopiedTable):
    """A line for each measurement; those that have changed beyond their uncertainty are bold."""

    def __init__(self) -> None:
        super().__init__("Measurements at both times")

    def show_comparison(self, comparison: Comparison | None, times: Times) -> None:
        """Show what has changed between two images; nothing where nothing was compared."""
        self.copied = None if comparison is None else change_table(comparison, times)
        _fill(self, CHANGE_HEADS, () if comparison is None else change_rows(comparison))


class WayTable(_CopiedTable):
    """A line for each landmark that both images have; where they are fitted, those that are fitted are ticked."""

    fit_chosen = Signal(object)
    """The landmarks that are to be fitted, a tuple of names."""

    def __init__(self) -> None:
        super().__init__("Ways of the landmarks")
        self._names: tuple[str, ...] = ()
        self.itemChanged.connect(self._ticked)

    def show_ways(
        self, comparison: Comparison | None, times: Times, shared: tuple[str, ...], fitted: frozenset[str] | None
    ) -> None:
        """Show the ways of the landmarks that both images have; ``fitted`` are ticked, None where landmarks are not fitted."""
        self.copied = None if comparison is None else way_table(comparison, times)
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


def _fill(table: QTableWidget, heads: Sequence[str], rows: Sequence[ChangeRow]) -> None:
    place, picked = table.verticalScrollBar().value(), _picked(table)
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
    for number, row in enumerate(rows):
        if row.key == picked:
            table.selectRow(number)


def _fill_row(table: QTableWidget, number: int, row: ChangeRow) -> None:
    bold = QFont(table.font())
    bold.setBold(True)
    for column, text in enumerate((row.name, *row.cells)):
        item = QTableWidgetItem(text)
        item.setTextAlignment(theme.LEFT if column == 0 else theme.RIGHT)
        item.setToolTip(row.tip)
        item.setData(Qt.ItemDataRole.UserRole, row.key)
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


def _picked(table: QTableWidget) -> str:
    """Return the key of the row that a person has clicked; empty where they have clicked none."""
    items = table.selectedItems()
    return str(items[0].data(Qt.ItemDataRole.UserRole)) if items else ""
