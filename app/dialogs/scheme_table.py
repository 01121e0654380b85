"""The list in the scheme editor: a row for each landmark, an empty one to type the next into, drag and keys for the order.

Every change is an edit of `core.schemes.draft`, and undoing goes back to the draft before. Reads no files.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QIcon, QImage, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QColorDialog,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.desktop import theme
from app.desktop.chrome import chrome
from app.views.definition_card import swatch
from core.schemes import draft as edits
from core.schemes.draft import Draft, Problem, problems

Index = QModelIndex | QPersistentModelIndex

NAME, ABBREVIATION, COLOUR, PARTNER, DEFINITION = range(5)
HEADINGS = ("Landmark", "Short", "Colour", "Mirror image", "Definition")
_FIELDS = {"name": NAME, "abbreviation": ABBREVIATION, "definition": DEFINITION}
_WIDTHS = {NAME: 190, ABBREVIATION: 74, COLOUR: 60, PARTNER: 130}
NO_PARTNER, MIDLINE = "none", "itself (midline)"
_TIPS = {
    ABBREVIATION: "The short form beside the point in the image; the name where it is empty.",
    COLOUR: "Double-click to choose. It marks the landmark in lists; points keep the colours of their state.",
    PARTNER: "Which landmark it becomes in a mirror: its partner on the other side, or itself in the midline.",
    DEFINITION: "Where it lies, shown to whoever is about to place it.",
}
MOST_STEPS = 500
WARNING_RED = QColor(224, 72, 72, 70)


class DraftModel(QAbstractTableModel):
    """Rows are the landmarks of a draft, and behind them an empty one."""

    edited = Signal()

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._past: list[Draft] = []
        self._future: list[Draft] = []
        self._problems: tuple[Problem, ...] = problems(draft)

    @property
    def draft(self) -> Draft:
        """The draft as it is now."""
        return self._draft

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it."""
        return self._problems

    def edit(self, after: Draft) -> None:
        """Replace the draft by an edited one, in a step that can be undone."""
        if after != self._draft:
            self._past = [*self._past[-MOST_STEPS:], self._draft]
            self._future = []
            self._show(after)

    def undo(self) -> None:
        """Go back a step."""
        if self._past:
            self._future.append(self._draft)
            self._show(self._past.pop())

    def redo(self) -> None:
        """Do the step again that was undone last."""
        if self._future:
            self._past.append(self._draft)
            self._show(self._future.pop())

    def _show(self, draft: Draft) -> None:
        before, now = len(self._draft.rows), len(draft.rows)
        is_longer = now > before and draft.rows[:before] == self._draft.rows
        if is_longer:  # the empty row is filled where it stands, and stays the current one
            self.beginInsertRows(QModelIndex(), before + 1, now)
        elif now != before:
            self.beginResetModel()
        self._draft, self._problems = draft, problems(draft)
        if is_longer:
            self.endInsertRows()
        elif now != before:
            self.endResetModel()
        if is_longer or now == before:
            self.dataChanged.emit(self.index(0, 0), self.index(len(draft.rows), DEFINITION))
        self.edited.emit()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of landmarks, and one."""
        return 0 if parent is not None and parent.isValid() else len(self._draft.rows) + 1

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return the heading of a column, the number of a row."""
        if role == Qt.ItemDataRole.DisplayRole:
            if orientation == Qt.Orientation.Horizontal:
                return HEADINGS[section]
            return str(section + 1) if section < len(self._draft.rows) else "+"
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(section)
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return theme.LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let everything be selected and typed into, and rows be dragged between others."""
        flags = Qt.ItemFlag.ItemIsEnabled
        if not index.isValid():
            return flags | Qt.ItemFlag.ItemIsDropEnabled
        flags |= Qt.ItemFlag.ItemIsSelectable
        is_new = index.row() == len(self._draft.rows)
        if index.column() == NAME or (not is_new and index.column() != COLOUR):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags if is_new else flags | Qt.ItemFlag.ItemIsDragEnabled

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour and complaint of a cell."""
        if index.row() >= len(self._draft.rows):
            if index.column() == NAME and role == Qt.ItemDataRole.DisplayRole:
                return "Type a name"
            return QColor(chrome().faint) if role == Qt.ItemDataRole.ForegroundRole else None
        row, column = self._draft.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return (row.name, row.abbreviation, "", self._partner_text(index.row()), row.definition)[column]
        if role == Qt.ItemDataRole.DecorationRole:
            if column == COLOUR and row.colour:
                return QIcon(swatch(row.colour, QSize(22, 14), 2.0))
            if column == DEFINITION and row.picture:
                return QIcon(QPixmap.fromImage(_thumbnail(row.picture)))
        complaint = next(
            (p.sentence for p in self._problems if p.row == index.row() and _FIELDS[p.field] == column), ""
        )
        if role == Qt.ItemDataRole.BackgroundRole and complaint:
            return WARNING_RED
        if role == Qt.ItemDataRole.ToolTipRole:
            shown = f"Shown as {row.display_name}" if column == NAME and row.display_name else ""
            return complaint or shown or (row.definition if column == DEFINITION else None)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802 - Qt's name
        """Take what was typed."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        place, draft = index.row(), self._draft
        if place == len(draft.rows):
            if not str(value).strip():
                return False
            self.edit(edits.with_rows(draft, [str(value)]))
            return True
        edit: Callable[[], Draft] = {
            NAME: lambda: edits.renamed(draft, place, str(value)),
            ABBREVIATION: lambda: edits.abbreviated(draft, place, str(value)),
            COLOUR: lambda: edits.described(draft, place, colour=str(value)),
            PARTNER: lambda: edits.paired(draft, place, value),
            DEFINITION: lambda: edits.described(draft, place, definition=str(value)),
        }[index.column()]
        self.edit(edit())
        return True

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 - Qt's name
        """Let rows be moved."""
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def partners(self, place: int) -> list[tuple[str, int | None]]:
        """Return what a landmark can be in a mirror, as a person reads it, and where that stands."""
        others = [(row.name, other) for other, row in enumerate(self._draft.rows) if other != place and row.name]
        return [(NO_PARTNER, None), (MIDLINE, place), *others]

    def _partner_text(self, place: int) -> str:
        row = self._draft.rows[place]
        other = self._draft.position(row.partner)
        return "" if other is None else MIDLINE if other == place else self._draft.rows[other].name


class _PartnerDelegate(QStyledItemDelegate):
    """Offers the landmarks that may be mirror images."""

    def __init__(self, model: DraftModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:  # noqa: N802, ARG002
        """Open a list."""
        box = QComboBox(parent)
        for text, place in self._model.partners(index.row()):
            box.addItem(text, place)
        box.activated.connect(lambda _: self._choose(box))
        return box

    def _choose(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box, QAbstractItemDelegate.EndEditHint.NoHint)

    def setEditorData(self, editor: QWidget, index: Index) -> None:  # noqa: N802 - Qt's name
        """Show what is chosen now."""
        if isinstance(editor, QComboBox):
            text = self._model.data(index, Qt.ItemDataRole.EditRole)
            editor.setCurrentIndex(max(0, editor.findText(text)))

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:  # noqa: N802 - Qt's name
        """Take the choice over."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData())


class SchemeTable(QTableView):
    """The list itself."""

    def __init__(self, model: DraftModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setItemDelegateForColumn(PARTNER, _PartnerDelegate(model, self))
        self.verticalHeader().setDefaultSectionSize(28)
        self.verticalHeader().setMinimumWidth(30)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(DEFINITION, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self.doubleClicked.connect(self._open_cell)

    @property
    def places(self) -> list[int]:
        """Where the selected landmarks stand; the empty row is none."""
        rows = {index.row() for index in self.selectedIndexes()}
        return sorted(row for row in rows if row < len(self._model.draft.rows))

    def select(self, places: Iterable[int], column: int = NAME) -> None:
        """Select landmarks; the first of them becomes the current one."""
        flags = QItemSelectionModel.SelectionFlag
        self.clearSelection()
        for number, place in enumerate(places):
            index = self._model.index(place, column)
            if number == 0:
                self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
            self.selectionModel().select(index, flags.Select | flags.Rows)

    def type_into(self, place: int, column: int = NAME) -> None:
        """Open a cell for typing."""
        index = self._model.index(place, column)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        self.edit(index)

    def move_selected(self, step: int) -> None:
        """Move the selected landmarks up or down by a place."""
        places = self.places
        if not places or places[0] + step < 0 or places[-1] + step >= len(self._model.draft.rows):
            return
        to = places[0] + step if step < 0 else places[-1] + step + 1
        column = max(0, self.currentIndex().column())
        self._model.edit(edits.moved(self._model.draft, set(places), to))
        self.select((place + step for place in places), column)

    def remove_selected(self) -> None:
        """Remove the selected landmarks."""
        places = self.places
        if places:
            self._model.edit(edits.without_rows(self._model.draft, set(places)))
            self.select([min(places[0], len(self._model.draft.rows))])

    def paste(self, text: str) -> None:
        """Add what was copied from a list before the current landmark, at the end where none is selected."""
        at = self.places[0] if self.places else len(self._model.draft.rows)
        before = len(self._model.draft.rows)
        self._model.edit(edits.pasted(self._model.draft, text, at))
        self.select(range(at, at + len(self._model.draft.rows) - before))

    def choose_colour(self, place: int) -> None:
        """Ask for the colour of a landmark."""
        row = self._model.draft.rows[place]
        chosen = QColorDialog.getColor(QColor(row.colour or "#56b4e9"), self, f"Colour of {row.name}")
        if chosen.isValid():
            self._model.setData(self._model.index(place, COLOUR), chosen.name())

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802 - Qt's name
        """Go on to the next name after Enter."""
        index = self.currentIndex()
        super().closeEditor(editor, hint)
        entered = hint is QAbstractItemDelegate.EndEditHint.SubmitModelCache and index.column() == NAME
        if entered and index.row() < len(self._model.draft.rows):
            self.type_into(index.row() + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Take the keys for order, removing, pasting and undoing; letters begin to type."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        index = self.currentIndex()
        if alt and step:
            self.move_selected(step)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self._model.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self._model.redo()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste(QGuiApplication.clipboard().text())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._clear(index)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2) and index.isValid():
            if index.column() == COLOUR:
                self._open_cell(index)
            elif self.state() is not QAbstractItemView.State.EditingState:  # else it has come from what is typed into
                self.edit(index)
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Move the dragged landmarks to where they were dropped."""
        place = event.position().toPoint()
        index = self.indexAt(place)
        count = len(self._model.draft.rows)
        to = index.row() if index.isValid() else count
        if index.isValid() and place.y() > self.visualRect(index).center().y():
            to += 1
        places, to = self.places, min(to, count)
        before = sum(other < to for other in places)
        self._model.edit(edits.moved(self._model.draft, set(places), to))
        self.select(range(to - before, to - before + len(places)))
        event.setDropAction(Qt.DropAction.CopyAction)  # after a move Qt would remove the rows that have moved already
        event.accept()

    def _clear(self, index: QModelIndex) -> None:
        if index.isValid() and index.column() in (COLOUR, PARTNER, DEFINITION) and len(self.places) == 1:
            self._model.setData(index, None if index.column() == PARTNER else "")
        else:
            self.remove_selected()

    def _open_cell(self, index: QModelIndex) -> None:
        if index.column() == COLOUR and index.row() < len(self._model.draft.rows):
            self.choose_colour(index.row())


@lru_cache(maxsize=64)
def _thumbnail(picture: str) -> QImage:
    return QImage.fromData(b64decode(picture)).scaled(44, 44, Qt.AspectRatioMode.KeepAspectRatio)
