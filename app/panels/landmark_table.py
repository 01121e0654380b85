"""The table of landmarks: where each is, how sure the model was, what has been said about it.

Shows what document and view state say; clicks and typed positions go to the controller, which also decides the order of the
rows. Only while a person types in a row it stays where it is.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QTableView, QWidget

from app.desktop import theme
from app.desktop.chrome import chrome
from app.desktop.tables import settle_look, show_what_fits
from app.session import wording
from app.session.controller import Controller
from app.session.view_state import Sort
from core.values.landmarks import Landmarks, Status

Index = QModelIndex | QPersistentModelIndex

ICON_SIZE = QSize(20, 14)
"""Of a state and, where the scheme has one, the landmark's own colour behind it."""

NAME, X, Y, Z, PRESENCE, CERTAINTY, STATUS = range(7)
_SORTS = {NAME: Sort.NAME, PRESENCE: Sort.PRESENCE, CERTAINTY: Sort.CERTAINTY, STATUS: Sort.STATUS}
_WIDTHS = {X: 54, Y: 54, Z: 54, PRESENCE: 70, CERTAINTY: 94, STATUS: 138}
_GIVEN_UP = ((X, Y, Z), (PRESENCE,))
"""Columns that a narrow table does without, in this order."""
_NAME_WIDTHS = (72, 200)
"""Narrowest and widest a column of names is by default; longer ones have a tip."""
_READABLE_NAME = 140
"""What other columns leave to the names."""
_LEAST_WIDTH, _MOST_WIDTH = 48, 400
_TOO_NARROW = "The table is too narrow for positions. Drag its edge to make it wider, and type them there."
_SORT_TIP = "Click to sort: the most doubtful first, what you have decided last."
_PRESENCE_TIP = (
    "How likely the model thinks it is that the landmark is in the image.\n"
    "Click to sort: the least likely first, what you have decided last."
)


class LandmarkTableModel(QAbstractTableModel):
    """Rows are landmarks in the order of the editor."""

    typed = Signal(str)
    """Emitted with the name of a landmark just before a position that was typed is taken over."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._landmarks: Landmarks | None = None
        self.names: tuple[str, ...] = ()
        self.refresh()

    def refresh(self, *, keeps_order: bool = False) -> None:
        """Take over the document's landmarks and their order, its unit, and what is known of how sure the model was.

        With ``keeps_order`` the rows stay where they are, as long as they are the same ones.
        """
        names = self._controller.editor.names
        if keeps_order and set(names) == set(self.names):
            names = self.names
        same_rows = names == self.names
        if not same_rows:
            self.beginResetModel()
        self._landmarks = self._controller.document.landmarks
        self.names = names
        if not same_rows:
            self.endResetModel()
        elif names:
            self.dataChanged.emit(self.index(0, 0), self.index(len(names) - 1, STATUS))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, NAME, STATUS)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of landmarks."""
        return 0 if parent is not None and parent.isValid() else len(self.names)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else STATUS + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title, with the unit of its values."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            unit = self._controller.document.unit
            sureness = wording.heading(self._landmarks, unit)
            titles = ("Landmark", f"x {unit}", f"y {unit}", f"z {unit}", "Presence", sureness, "State")
            return titles[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            sureness = f"{wording.explanation(self._landmarks)}\n{_SORT_TIP}"
            return {PRESENCE: _PRESENCE_TIP, CERTAINTY: sureness}.get(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return theme.LEFT if section in (NAME, STATUS) else theme.RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour, icon or alignment of a cell."""
        landmarks = self._landmarks
        if landmarks is None or not index.isValid():
            return None
        name, column = self.names[index.row()], index.column()
        row = landmarks.index(name)
        status = landmarks.status[row]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return wording.state(landmarks, name) if column == STATUS else self._text(landmarks, row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == NAME:
            said = self._controller.document.said_of(name)
            return _status_icon(status, "" if said is None else said.colour)
        if column == STATUS and self._controller.editor.is_locked(name):
            if role == Qt.ItemDataRole.DecorationRole:
                return theme.chrome_icon("lock")
            if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
                return f"{wording.state(landmarks, name)}, locked"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return theme.LEFT if column in (NAME, STATUS) else theme.RIGHT
        if role == Qt.ItemDataRole.ForegroundRole:
            if column == STATUS:
                return theme.status_text_colour(status)
            of_the_model = status is Status.PREDICTED or column not in (PRESENCE, CERTAINTY)
            return None if landmarks.located[row] and of_the_model else QColor(chrome().faint)
        if role == Qt.ItemDataRole.ToolTipRole and column == NAME:
            shown = self._controller.document.display_name(name)
            said = self._controller.document.said_of(name)
            told = f"\n{fill(said.definition, 70)}" if said is not None and said.definition else ""
            return f"{shown}{told}" if shown.startswith(name) else f"{shown}{told}\nIn files: {name}"
        if role == Qt.ItemDataRole.ToolTipRole and column == CERTAINTY:
            return wording.sentence(landmarks, name, self._controller.document.unit)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let positions be typed."""
        landmarks = self._landmarks
        is_typed = landmarks is not None and 0 <= index.column() - X < landmarks.ndim
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable if is_typed else super().flags(index)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802 - Qt's name
        """Take over a position that was typed; what was not touched keeps all its digits."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or value == self.data(index):
            return False
        name = self.names[index.row()]
        self.typed.emit(name)
        taken = self._controller.typed_positions.take(name, index.column() - X, str(value))
        self.dataChanged.emit(self.index(index.row(), X), self.index(index.row(), Z))
        return taken

    def _text(self, landmarks: Landmarks, row: int, column: int) -> str:
        if column == NAME:
            return self._controller.document.display_name(landmarks.names[row])
        decimals = wording.decimals_of(self._controller.document.unit)
        if column in (X, Y, Z):
            axis = column - X
            draft = self._controller.typed_positions.draft_of(landmarks.names[row])
            value = float(draft.get(axis, landmarks.points_mm[row, axis])) if axis < landmarks.ndim else np.nan
        else:
            figures = landmarks.presence * 100 if column == PRESENCE else wording.uncertainty_mm(landmarks)
            value = float(figures[row])
        if not np.isfinite(value):
            return ""
        return f"{value:.0f} %" if column == PRESENCE else f"{value:.{decimals}f}"


class LandmarkTable(QTableView):
    """The table itself: follows the selection both ways."""

    menu_requested = Signal(QPoint)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._following = False
        self._typed: str | None = None  # the landmark whose row stays where it is
        self._widths = dict(_WIDTHS)
        self._model = LandmarkTableModel(controller)
        self.setModel(self._model)
        settle_look(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(ICON_SIZE)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self._model.typed.connect(self._hold_order)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().setDefaultSectionSize(26)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(_LEAST_WIDTH)
        header.sectionClicked.connect(self._sort_by)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        header.sectionResized.connect(self._keep_width)
        self.selectionModel().selectionChanged.connect(self._select)
        self.customContextMenuRequested.connect(self._request_menu)
        document, state = controller.document, controller.view_state
        document.landmarks_changed.connect(self._refresh)
        document.image_changed.connect(self._show_image)
        state.events.selected.connect(self._select_row)
        state.events.locked.connect(self._refresh)
        for event in (state.events.sort, state.events.worst_first):
            event.connect(self._sort)
        self._show_image()

    def wanted_width(self) -> int:
        """Return how wide the table should be to show everything without taking more room than it needs."""
        image = self._controller.document.image
        is_flat = image is None or image.ndim == 2
        fixed = sum(width for column, width in _WIDTHS.items() if column != Z or not is_flat)
        least, most = _NAME_WIDTHS
        return fixed + min(max(self.sizeHintForColumn(NAME), least), most) + self.verticalScrollBar().sizeHint().width()

    def column_widths(self) -> tuple[int, ...]:
        """Return the widths of all columns but that of the names, which takes what is left."""
        return tuple(self._widths.values())

    def set_column_widths(self, widths: Sequence[int]) -> None:
        """Give the columns the widths of `column_widths`; does nothing where these are no such widths."""
        if len(widths) == len(_WIDTHS) and all(_LEAST_WIDTH <= width <= _MOST_WIDTH for width in widths):
            for column, width in zip(_WIDTHS, widths, strict=True):
                self.setColumnWidth(column, width)
                self._widths[column] = width

    @property
    def columns_changed(self) -> bool:
        """Whether a column has another width than by default."""
        return self._widths != _WIDTHS

    def _keep_width(self, column: int, _: int, width: int) -> None:
        if column in self._widths and width > 0:  # a hidden column has none
            self._widths[column] = width

    def event(self, event: QEvent) -> bool:
        """Take F2 for typing a position; on the name of a point that a person added it is the window's, and renames."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_for_typing(event):
            event.accept()
            return True
        return super().event(event)

    def _is_for_typing(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_F2 and not event.modifiers() and self._typing_index().isValid()

    def _typing_index(self) -> QModelIndex:
        """Return the cell that F2 opens: the current one, and from a name that cannot be changed the first coordinate."""
        index = self.currentIndex()
        if not index.isValid() or index.flags() & Qt.ItemFlag.ItemIsEditable:
            return index
        if index.column() == NAME and self._controller.editor.is_own(self._model.names[index.row()]):
            return QModelIndex()
        return QModelIndex() if self.isColumnHidden(X) else self._model.index(index.row(), X)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802 - Qt's name
        """Bring the rows into order again once nothing is typed any more."""
        super().closeEditor(editor, hint)
        if self.state() is not QAbstractItemView.State.EditingState:  # Tab has opened the next cell already
            self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Leave letters to the window: they are commands here, not a search. F2 opens a position."""
        if event.key() == Qt.Key.Key_F2 and self.currentIndex().isValid() and self.isColumnHidden(X):
            self._controller.view_state.say(_TOO_NARROW, is_warning=False)
        elif self._is_for_typing(event):
            index = self._typing_index()
            self.setCurrentIndex(index)
            self.edit(index)
        elif event.text().strip():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave names and states room to be read: a narrow table does without some columns."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        image = self._controller.document.image
        wanted = [column for column in _WIDTHS if column != Z or (image is not None and image.ndim == 3)]
        room = self.viewport().width() - min(max(self.sizeHintForColumn(NAME), _NAME_WIDTHS[0]), _READABLE_NAME)
        show_what_fits(self, self._widths, wanted, _GIVEN_UP, room)

    def _show_image(self) -> None:
        self._typed = None
        self._fit_columns()
        self._refresh()

    def _refresh(self) -> None:
        self._following = True
        is_typing = self.state() is QAbstractItemView.State.EditingState
        self._model.refresh(keeps_order=is_typing or self._typed is not None)
        self._following = False
        state = self._controller.view_state
        column = next((c for c, sort in _SORTS.items() if sort is state.sort), -1)
        order = Qt.SortOrder.AscendingOrder if state.worst_first else Qt.SortOrder.DescendingOrder
        self.horizontalHeader().setSortIndicator(column, order)
        self._follow(state.selected)

    def _hold_order(self, name: str) -> None:
        """Keep a row where it is until another one is selected, or the order is changed."""
        self._typed = name

    def _select_row(self, name: str | None) -> None:
        if self._typed is not None and name != self._typed:
            self._typed = None
            self._refresh()
        else:
            self._follow(name)

    def _sort(self, *_: object) -> None:
        self._typed = None
        self._refresh()

    def _follow(self, name: str | None) -> None:
        self._following = True
        if name in self._model.names:
            index = self._model.index(self._model.names.index(name), NAME)
            if not self.selectionModel().isRowSelected(index.row(), QModelIndex()):
                self.selectRow(index.row())
            self.scrollTo(index)
        else:
            self.clearSelection()
        self._following = False

    def _select(self, selected: QItemSelection, _: QItemSelection) -> None:
        indexes = selected.indexes()
        if indexes and not self._following:
            self._controller.editor.select(self._model.names[indexes[0].row()], centre=True)

    def _sort_by(self, column: int) -> None:
        self._controller.editor.sort_by(_SORTS.get(column, Sort.MODEL))

    def _request_menu(self, place: QPoint) -> None:
        if self.indexAt(place).isValid():
            self.menu_requested.emit(self.viewport().mapToGlobal(place))


def _status_icon(status: Status, own_colour: str = "") -> QIcon:
    """Draw the state's colour as a dot, hollow where there is no position, and behind it a bar of the landmark's own colour."""
    pixmap = QPixmap(ICON_SIZE * 2 if own_colour else QSize(28, 28))
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = theme.status_text_colour(status)
    hollow = status in (Status.ABSENT, Status.UNPLACED)
    painter.setPen(QPen(colour, 1.4, Qt.PenStyle.DotLine if status is Status.UNPLACED else Qt.PenStyle.SolidLine))
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else colour)
    painter.drawEllipse(3, 3, 8, 8)
    if status is Status.ABSENT:
        painter.drawLine(3, 11, 11, 3)
    if own_colour:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(own_colour))
        painter.drawRoundedRect(15, 1, 4, 12, 1.5, 1.5)
    painter.end()
    return QIcon(pixmap)
