"""The table of the worklist: which columns there is room for, how it is sorted, what a double click and the keys do.

Letters stay the window's: they are commands there, not a search. What is done with cases is asked for by signals.
"""

from collections.abc import Collection, Sequence
from functools import partial

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desktop.tables import settle_look, show_what_fits
from app.panels.background_strip import BackgroundWork
from app.panels.worklist_cells import ROW_HEIGHT, NameCell, StateCell
from app.panels.worklist_model import LAST, SORTS, TITLES, Column, WorklistModel
from app.panels.worklist_pictures import WorklistPictures
from core.project.cases import CaseSort

_WIDTHS = {
    Column.STATE: 92, Column.TO_CHECK: 72, Column.RADIUS: 72, Column.READER: 110, Column.TIME: 66, Column.NOTE: 160,
    Column.LESSON: 150,
}  # fmt: skip
_ON_REQUEST = frozenset({Column.TIME})
"""Columns that are there for who asks for them."""
_BY_ORDER = frozenset({Column.LESSON})
"""Columns that are there while the list is in the order that they explain, and cannot be chosen."""
_GIVEN_UP = tuple(
    (column,) for column in (Column.NOTE, Column.READER, Column.RADIUS, Column.TO_CHECK, Column.TIME, Column.LESSON)
)
"""Columns that a narrow table does without, in this order."""
_READABLE_NAME = 140
"""What other columns leave to picture and name."""


class WorklistTable(QTableView):
    """The cases, row by row.

    Parameters
    ----------
    desk, case_list, work, pictures
        What is shown.
    """

    open_requested = Signal(int)
    menu_requested = Signal(QPoint)
    columns_chosen = Signal()
    """A person wants other columns than before."""

    def __init__(
        self,
        desk: Desk,
        case_list: CaseList,
        work: BackgroundWork,
        pictures: WorklistPictures,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._list = case_list
        self._chosen = frozenset(_WIDTHS) - _ON_REQUEST - _BY_ORDER
        self.cases = WorklistModel(desk, case_list, work.under_way)
        self.setModel(self.cases)
        self.setItemDelegateForColumn(Column.NAME, NameCell(desk, pictures, self))
        self.setItemDelegateForColumn(Column.STATE, StateCell(self.cases, self))
        settle_look(self)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.SelectedClicked)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._make_headers()
        self.doubleClicked.connect(lambda index: self._open(index))
        self.customContextMenuRequested.connect(self._request_menu)
        pictures.made.connect(self._repaint)
        work.progress_changed.connect(self._repaint_all)
        case_list.listed.connect(self._follow)
        case_list.listed.connect(self._fit_columns)
        desk.current_changed.connect(self._follow)

    def _make_headers(self) -> None:
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        columns.setSectionsClickable(True)
        columns.setSortIndicatorShown(True)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        columns.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        columns.setMinimumSectionSize(48)
        columns.sectionClicked.connect(self._sort_by)
        columns.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        columns.customContextMenuRequested.connect(self._offer_columns)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)

    # Which columns there are

    def chosen_columns(self) -> tuple[int, ...]:
        """Return the columns beside the name that a person wants to see where there is room for them."""
        return tuple(int(column) for column in _WIDTHS if column in self._chosen)

    def choose_columns(self, columns: Collection[int]) -> None:
        """Show these columns beside the name; numbers that mean none are passed over."""
        self._chosen = frozenset(column for column in _WIDTHS if int(column) in columns) - _BY_ORDER
        self._fit_columns()

    def column_menu(self) -> QMenu:
        """Return the menu in which columns are chosen."""
        menu = QMenu(self)
        for column in (column for column in _WIDTHS if column not in _BY_ORDER):
            action = menu.addAction(TITLES[column])
            action.setCheckable(True)
            action.setChecked(column in self._chosen)
            action.toggled.connect(partial(self._toggle_column, column))
        return menu

    def _toggle_column(self, column: Column, wanted: bool) -> None:
        self.choose_columns(self._chosen | {column} if wanted else self._chosen - {column})
        self.columns_chosen.emit()

    def _offer_columns(self, place: QPoint) -> None:
        menu = self.column_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    # What is selected

    def selected_ids(self) -> list[int]:
        """Return the numbers of the selected cases, in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._list.ids[row] for row in rows]

    def select(self, case_ids: Sequence[int]) -> None:
        """Select cases, those of them that are listed."""
        selection = QItemSelection()
        for row in (self._list.row_of(id_) for id_ in case_ids):
            if row is not None:
                selection.select(self.cases.index(row, 0), self.cases.index(row, LAST))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def write_note(self) -> None:
        """Let the note of the first selected case be written, with room made for it."""
        ids = self.selected_ids()
        row = self._list.row_of(ids[0]) if ids else None
        if row is not None:
            self.setColumnHidden(Column.NOTE, False)  # noqa: FBT003 - Qt takes it by position only
            index = self.cases.index(row, Column.NOTE)
            self.setCurrentIndex(index)
            self.edit(index)

    def _follow(self) -> None:
        """Show where the open case is; what else a person has selected is let go."""
        row = self._list.row_of(self._desk.current)
        if row is None:
            return
        index = self.cases.index(row, Column.NAME)
        if not self.selectionModel().isRowSelected(row, QModelIndex()):
            self.selectRow(row)
        self.scrollTo(index)

    def _repaint_all(self) -> None:
        self.viewport().update()

    def _repaint(self, case_id: int) -> None:
        row = self._list.row_of(case_id)
        if row is not None:
            self.update(self.cases.index(row, Column.NAME))

    # What a person does

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.open_requested.emit(self.cases.case_id(index))

    def _request_menu(self, place: QPoint) -> None:
        if self.indexAt(place).isValid():
            self.menu_requested.emit(self.viewport().mapToGlobal(place))

    def _sort_by(self, section: int) -> None:
        """Sort by a column, then the other way round, then as the cases were added."""
        if section in _BY_ORDER:
            self._list.ask_for(sort=CaseSort.ADDED, descending=False)
            return
        sort = SORTS[Column(section)]
        worst_first = sort in (CaseSort.TO_CHECK, CaseSort.WORST_RADIUS, CaseSort.SECONDS)
        query = self._list.query
        if query.sort is not sort or self._list.marking:
            self._list.ask_for(sort=sort, descending=worst_first)
        elif query.descending is worst_first:
            self._list.ask_for(descending=not worst_first)
        else:
            self._list.ask_for(sort=CaseSort.ADDED, descending=False)
        self.show_sort()

    def show_sort(self) -> None:
        """Mark the column by which the list is sorted."""
        query = self._list.query
        column = next((int(column) for column, sort in SORTS.items() if sort is query.sort), -1)
        column = int(Column.LESSON) if self._list.marking else column
        order = Qt.SortOrder.DescendingOrder if query.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, order)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Open with Enter; leave letters and the space bar to the window."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._open(self.currentIndex())
        elif event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the names room to be read: a narrow table does without some columns."""
        super().resizeEvent(event)
        self._fit_columns()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802 - Qt's name
        """Take back the room that was made for a note."""
        super().closeEditor(editor, hint)
        self._fit_columns()

    def _fit_columns(self) -> None:
        widths = {int(column): self.columnWidth(column) or width for column, width in _WIDTHS.items()}
        wanted = self._chosen | (_BY_ORDER if self._list.lessons else frozenset())
        show_what_fits(self, widths, wanted, _GIVEN_UP, self.viewport().width() - _READABLE_NAME)
