"""The table of measurements: value, interval, norm, deviation and class of each, and why one cannot be measured.

Shows what `app.session.measuring` says; which row a person points at or picks goes there.
"""

from textwrap import fill
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look, show_what_fits
from app.panels.wigglegram import ROWS_ROLE, WigglegramCell, deviation_colour
from app.session.measurement_rows import MeasurementRow
from app.session.measuring import Measuring

Index = QModelIndex | QPersistentModelIndex

NAME, VALUE, INTERVAL, NORM, SD, WIGGLE, WORDS, CLASS = range(8)
_TITLES = ("Measurement", "Value", "90 % interval", "Norm", "SD", "−3 … +3 SD", "In words", "Class")
_TIPS = {
    INTERVAL: "Holds the true value in 90 % of cases, as far as the radii of the landmarks tell.",
    NORM: "Mean ± standard deviation, or the usual range, in the people of its source.",
    SD: "Distance from the mean in standard deviations.",
    WIGGLE: "Distance from the mean in standard deviations; the band is one to both sides. An arrow lies beyond three.",
    CLASS: "Class of the value. A question mark: its interval does not decide it.",
}
_WIDTHS = {VALUE: 74, INTERVAL: 100, NORM: 70, SD: 44, WIGGLE: 88, WORDS: 72, CLASS: 64}
"""Of figures, and of texts at least: these take what is left."""
_GIVEN_UP = ((SD,), (INTERVAL,), (NORM,), (WIGGLE,))
"""Columns that a narrow table does without, in this order."""
_NAME_WIDTHS = (64, 134)
_LEFT = (NAME, WORDS, CLASS)
_ROW_HEIGHT = 25


class MeasurementsModel(QAbstractTableModel):
    """Rows are the measurements of the analysis, in its order."""

    def __init__(self, measuring: Measuring) -> None:
        super().__init__()
        self._measuring = measuring
        self.rows: tuple[MeasurementRow, ...] = ()

    def refresh(self) -> None:
        """Take over what was measured."""
        rows = self._measuring.rows
        same_rows = [(row.key, row.name) for row in rows] == [(row.key, row.name) for row in self.rows]
        if not same_rows:
            self.beginResetModel()
        self.rows = rows
        if not same_rows:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, CLASS))

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of measurements."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else CLASS + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title and what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            centred = Qt.AlignmentFlag.AlignCenter
            return centred if section == WIGGLE else theme.LEFT if section in _LEFT else theme.RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour or alignment of a cell."""
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == ROWS_ROLE:
            return self.rows
        if role == Qt.ItemDataRole.AccessibleTextRole and column == WIGGLE:
            return f"{row.sd} SD" if row.sd else ""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return theme.LEFT if column in _LEFT or row.reason else theme.RIGHT
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column)
        if role == Qt.ItemDataRole.FontRole and row.reason and column == VALUE:
            font = QFont()
            font.setItalic(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n\n".join(fill(paragraph, 70) for paragraph in row.tip.split("\n\n"))
        return None


def _text(row: MeasurementRow, column: int) -> str:
    if row.reason:
        return {NAME: row.name, VALUE: row.reason}.get(column, "")
    return (row.name, row.value, row.interval, row.norm, row.sd, "", row.words, row.class_text)[column]


def _colour(row: MeasurementRow, column: int) -> QColor | None:
    if row.reason or column in (INTERVAL, NORM):
        return QColor(chrome().faint)
    if column in (VALUE, SD, WORDS):
        return deviation_colour(row.deviation)
    return QColor(chrome().unusual) if column == CLASS and row.undecided else None


class MeasurementsTable(QTableView):
    """The table itself."""

    def __init__(self, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self._model = MeasurementsModel(measuring)
        self._spanned: tuple[bool, ...] = ()
        self.setModel(self._model)
        settle_look(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.setItemDelegateForColumn(WIGGLE, WigglegramCell(self))
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        copy = QAction("&Copy table", self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.entered.connect(lambda index: measuring.point_at(self._model.rows[index.row()].key))
        self.clicked.connect(lambda index: measuring.pick(self._model.rows[index.row()].key))
        self.selectionModel().currentRowChanged.connect(self._pick)
        self._model.modelReset.connect(self._rows_replaced)

    def refresh(self) -> None:
        """Show what was measured."""
        self._model.refresh()
        spanned = tuple(bool(row.reason) for row in self._model.rows)
        if spanned != self._spanned:
            self._spanned = spanned
            self._span()

    def copy(self) -> None:
        """Put the table on the clipboard, as text for a spreadsheet."""
        QGuiApplication.clipboard().setText(self._measuring.copied_text())

    def _rows_replaced(self) -> None:
        self._spanned = ()
        self.clearSpans()
        self._fit_columns()

    def _span(self) -> None:
        """Let the reasons why there is no value take the room of all figures."""
        self.clearSpans()
        for row, spans in enumerate(self._spanned):
            if spans:
                self.setSpan(row, VALUE, 1, CLASS)
        self._fit_columns()

    def _pick(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self._measuring.pick(self._model.rows[current.row()].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Leave letters to the window: they are commands here, not a search."""
        if event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Point at nothing once the mouse has left."""
        if event.type() == QEvent.Type.Leave:
            self._measuring.point_at(None)
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave room to what matters most: a narrow table does without some columns."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Show the columns in which anything stands, as far as there is room; texts take what is left."""
        rows = self._model.rows
        least, most = _NAME_WIDTHS
        whole = self.sizeHintForColumn(NAME) + 6
        name = min(max(whole, least), most)
        wanted = [column for column in _WIDTHS if column == VALUE or any(self._stands(row, column) for row in rows)]
        room = self.viewport().width() - name
        show_what_fits(self, _WIDTHS, wanted, _GIVEN_UP, room)
        shown = [column for column in _WIDTHS if not self.isColumnHidden(column)]
        left = max(0, room - sum(_WIDTHS[column] for column in shown))
        longer = min(left // 2, max(0, whole - name))  # names that are cut get half of it
        widths = {NAME: name + longer} | {column: _WIDTHS[column] for column in shown}
        texts = [column for column in shown if column in _LEFT] or [NAME]
        for number, column in enumerate(texts):
            rest = left - longer
            widths[column] += rest * (number + 1) // len(texts) - rest * number // len(texts)
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    @staticmethod
    def _stands(row: MeasurementRow, column: int) -> bool:
        if column == INTERVAL:
            return True
        return bool(row.sd) if column == WIGGLE else bool(_text(row, column)) or (column == WORDS and bool(row.norm))
