"""The list of free measurements below the table of an analysis: what was drawn, its value, and whose it is.

Shows what `app.session.free_measuring` says; which row is selected, copied or deleted goes there.
"""

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
)
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QSizePolicy, QTableView, QVBoxLayout, QWidget

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look
from app.session.free_measuring import FreeMeasuring
from app.session.free_rows import FreeListRow

Index = QModelIndex | QPersistentModelIndex

NUMBER, NAME, VALUE, READER = range(4)
_NUMBER_WIDTH = 30
_ROW_HEIGHT = 25
_MOST_ROWS = 5
"""How many rows are in view at once; the others are scrolled to."""


class FreeModel(QAbstractTableModel):
    """Rows are the free measurements, in the order in which they were drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[FreeListRow, ...] = ()

    def show(self, rows: tuple[FreeListRow, ...]) -> None:
        """Take over other rows."""
        same = [row.uuid for row in rows] == [row.uuid for row in self.rows]
        if not same:
            self.beginResetModel()
        self.rows = rows
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, READER))

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of measurements."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else READER + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour or alignment of a cell."""
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (str(index.row() + 1), row.name, row.value, row.reader)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return theme.RIGHT if column == NUMBER or (column == VALUE and row.has_value) else theme.LEFT
        if role == Qt.ItemDataRole.ForegroundRole and (column in (NUMBER, READER) or not row.has_value):
            return QColor(chrome().faint)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.name} {row.value}, drawn by {row.reader}" + ("" if row.own else ", who alone can change it")
        return None


class FreeTable(QTableView):
    """The rows."""

    def __init__(self, free: FreeMeasuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._free = free
        self._model = FreeModel()
        self.setModel(self._model)
        self.setAccessibleName("Free measurements")
        settle_look(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.hide()
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(NUMBER, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(NUMBER, _NUMBER_WIDTH)
        self.copying = QAction("&Copy list", self)
        self.copying.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copying.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copying.triggered.connect(lambda: QGuiApplication.clipboard().setText(free.copied_text()))
        self.deleting = QAction("&Delete", self)
        self.deleting.triggered.connect(free.remove_selected)
        self.addActions([self.copying, self.deleting])
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.clicked.connect(lambda index: self._pick(index, show=True))
        self.selectionModel().currentRowChanged.connect(lambda index, _: self._pick(index, show=True))

    def refresh(self) -> None:
        """Show the measurements and which of them is selected."""
        selected = self._free.selected
        rows = self._free.rows
        with QSignalBlocker(self.selectionModel()):
            self._model.show(rows)
            at = next((n for n, row in enumerate(rows) if selected is not None and row.uuid == selected.uuid), None)
            if at is None:
                self.selectionModel().clear()
            else:
                whole = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                self.selectionModel().setCurrentIndex(self._model.index(at, 0), whole)
                self.scrollTo(self._model.index(at, 0))
        self.setColumnHidden(READER, all(row.own for row in rows))
        self.deleting.setEnabled(selected is not None and self._free.is_own(selected))
        self.setFixedHeight(_ROW_HEIGHT * min(max(1, len(rows)), _MOST_ROWS) + 2 * self.frameWidth())
        self.viewport().update()

    def _pick(self, index: QModelIndex, *, show: bool) -> None:
        if index.isValid():
            self._free.select(self._model.rows[index.row()].uuid, show=show)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Leave letters to the window: they are commands here, not a search."""
        if event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)


class FreeMeasurementsPanel(QWidget):
    """Heading and rows; hidden while there are none.

    Parameters
    ----------
    free
        What is listed, and who is told what a person does.
    """

    def __init__(self, free: FreeMeasuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._free = free
        self.heading = QLabel("Free measurements")
        self.heading.setContentsMargins(8, 5, 8, 3)
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.table = FreeTable(free)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self.table)
        free.changed.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Catch up on what changed while nobody looked."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is now."""
        self.setHidden(not self._free.rows)
        if not self.isHidden():
            self.table.refresh()
