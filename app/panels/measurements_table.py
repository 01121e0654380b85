"""The table of measurements: value, interval, norm, deviation and class of each, and why one cannot be measured.

Shows what `app.session.measuring` says; which row a person points at or picks goes there.
"""

from textwrap import fill
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look, show_what_fits
from app.panels.wigglegram import LINES_ROLE, WigglegramCell, deviation_colour
from app.session.measurement_rows import Heading, Line, MeasurementRow, with_headings
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
_MOST_LINES = 3
"""Into which names, words and reasons are broken at most; the tip has all of them."""
_PADDING = 12


class MeasurementsModel(QAbstractTableModel):
    """Lines are the measurements of the analysis, in its order, with headings above their groups."""

    def __init__(self, measuring: Measuring) -> None:
        super().__init__()
        self._measuring = measuring
        self.lines: tuple[Line, ...] = ()

    def refresh(self) -> None:
        """Take over what was measured."""
        lines = with_headings(self._measuring.rows)
        same_lines = [_what(line) for line in lines] == [_what(line) for line in self.lines]
        if not same_lines:
            self.beginResetModel()
        self.lines = lines
        if not same_lines:
            self.endResetModel()
        elif lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, CLASS))

    def key_at(self, row: int) -> str | None:
        """Return the key of the measurement in a line; None for a heading."""
        line = self.lines[row] if 0 <= row < len(self.lines) else None
        return line.key if isinstance(line, MeasurementRow) else None

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of lines."""
        return 0 if parent is not None and parent.isValid() else len(self.lines)

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

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let headings be passed over."""
        if self.key_at(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour or alignment of a cell."""
        if not index.isValid():
            return None
        row, column = self.lines[index.row()], index.column()
        if role == LINES_ROLE:
            return self.lines
        if isinstance(row, Heading):
            return _of_heading(row, column, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
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


def _what(line: Line) -> tuple[str, str]:
    return ("", line.text) if isinstance(line, Heading) else (line.key, line.name)


def _of_heading(heading: Heading, column: int, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return heading.text if column == NAME else ""
    if role == Qt.ItemDataRole.ForegroundRole:
        return QColor(chrome().faint)
    if role == Qt.ItemDataRole.TextAlignmentRole:
        return theme.LEFT
    if role == Qt.ItemDataRole.FontRole:
        font = QFont()
        font.setBold(True)
        return font
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


class _ColouredCell(QStyledItemDelegate):
    """A cell whose text keeps its colour in the selected row."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802 - Qt's name
        """Give selected text the colour that it has else."""
        super().initStyleOption(option, index)
        colour = index.data(Qt.ItemDataRole.ForegroundRole)
        if isinstance(colour, QColor):
            option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)


class MeasurementsTable(QTableView):
    """The table itself."""

    def __init__(self, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self._model = MeasurementsModel(measuring)
        self._spanned: tuple[tuple[int, int] | None, ...] = ()
        self.setModel(self._model)
        settle_look(self)
        self.setWordWrap(True)
        self.setItemDelegate(_ColouredCell(self))
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
        self.entered.connect(lambda index: measuring.point_at(self._model.key_at(index.row())))
        self.clicked.connect(self._pick)
        self.selectionModel().currentRowChanged.connect(self._pick)
        self._model.modelReset.connect(self._rows_replaced)

    def refresh(self) -> None:
        """Show what was measured."""
        self._model.refresh()
        spanned = tuple(_span_of(line) for line in self._model.lines)
        if spanned != self._spanned:
            self._spanned = spanned
            self._span()
        else:
            self._fit_heights()

    def copy(self) -> None:
        """Put the table on the clipboard, as text for a spreadsheet."""
        QGuiApplication.clipboard().setText(self._measuring.copied_text())

    def _rows_replaced(self) -> None:
        self._spanned = ()
        self.clearSpans()
        self._fit_columns()

    def _span(self) -> None:
        """Let headings take the room up to the wigglegram, and reasons why there is no value that of all figures."""
        self.clearSpans()
        for row, span in enumerate(self._spanned):
            if span is not None:
                self.setSpan(row, span[0], 1, span[1])
        self._fit_columns()

    def _pick(self, current: QModelIndex, _: QModelIndex | None = None) -> None:
        key = self._model.key_at(current.row()) if current.isValid() else None
        if key is not None:
            self._measuring.pick(key)

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
        rows = [line for line in self._model.lines if isinstance(line, MeasurementRow)]
        least, most = _NAME_WIDTHS
        whole = max((self.fontMetrics().horizontalAdvance(row.name) for row in rows), default=0) + _PADDING + 6
        name = min(max(whole, least), most)
        wanted = [column for column in _WIDTHS if column == VALUE or any(self._stands(row, column) for row in rows)]
        room = self.viewport().width() - name
        show_what_fits(self, _WIDTHS, wanted, _GIVEN_UP, room)
        shown = [column for column in _WIDTHS if not self.isColumnHidden(column)]
        left = max(0, room - sum(_WIDTHS[column] for column in shown))
        longer = min(left // 2, max(0, whole - name))  # names that are cut get half of it
        widths = {NAME: name + longer} | {column: _WIDTHS[column] for column in shown}
        texts = [column for column in shown if column in _LEFT]
        if not texts:  # reasons begin in the column of values
            texts = [VALUE] if any(row.reason for row in rows) else [NAME]
        for number, column in enumerate(texts):
            rest = left - longer
            widths[column] += rest * (number + 1) // len(texts) - rest * number // len(texts)
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self._fit_heights()

    def _fit_heights(self) -> None:
        """Break names, words and reasons into as many lines as they need, up to a few."""
        metrics = self.fontMetrics()
        for place, line in enumerate(self._model.lines):
            height = _ROW_HEIGHT
            if isinstance(line, MeasurementRow):
                cells = [(line.name, self.columnWidth(NAME))]
                if line.reason:
                    cells.append((line.reason, sum(self.columnWidth(column) for column in range(VALUE, CLASS + 1))))
                else:
                    cells += [(_text(line, column), self.columnWidth(column)) for column in (WORDS, CLASS)]
                taken = max(_height(text, width - _PADDING, metrics) for text, width in cells)
                height = max(height, min(taken, _MOST_LINES * metrics.lineSpacing()) + _PADDING - 4)
            if self.rowHeight(place) != height:
                self.setRowHeight(place, height)

    def _stands(self, row: MeasurementRow, column: int) -> bool:
        if column == INTERVAL:
            return self._measuring.may_have_intervals  # also while a landmark is dragged, so that nothing jumps
        return bool(row.sd) if column == WIGGLE else bool(_text(row, column)) or (column == WORDS and bool(row.norm))


def _span_of(line: Line) -> tuple[int, int] | None:
    """Return from which column on how many are one; None where none are."""
    if isinstance(line, Heading):
        return NAME, WIGGLE
    return (VALUE, CLASS) if line.reason else None


def _height(text: str, width: int, metrics: QFontMetrics) -> int:
    """Return how high a text is that is broken into lines of a width, both in pixels of the layout."""
    if not text or width <= 0 or metrics.horizontalAdvance(text) <= width:
        return metrics.lineSpacing()
    return metrics.boundingRect(QRect(0, 0, width, 10_000), Qt.TextFlag.TextWordWrap.value, text).height()
