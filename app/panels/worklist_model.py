"""The worklist as Qt's table: one row for each listed case, fetched page by page when it is looked at.

Holds the numbers of all cases and what is known of the few pages that were looked at last; asks the desk for more in jobs, and
shows a placeholder until it comes. Draws nothing.
"""

from collections import OrderedDict
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.desk.next_case import NextOrder, why_next
from app.desktop import theme
from app.desktop.chrome import chrome
from app.session import wording
from core.base.errors import AppError
from core.project.cases import CaseRow, CaseSort, CaseState

Index = QModelIndex | QPersistentModelIndex

PAGE = 128
"""Rows that are fetched together."""
PAGES_KEPT = 64
PAGES_WANTED = 4
"""Pages that are asked for at a time: what was scrolled past meanwhile is not worth fetching."""
RETRY_MS = 3000
"""How long to wait before a disk that did not answer is asked again."""
PLACEHOLDER = "…"
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""The `CaseRow` of a cell, None where it is still on its way."""
_DISPLAY, _EDIT = int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.EditRole)
_FOREGROUND, _TIP = int(Qt.ItemDataRole.ForegroundRole), int(Qt.ItemDataRole.ToolTipRole)
_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
_ROLES = frozenset((ROW_ROLE, _DISPLAY, _EDIT, _FOREGROUND, _TIP, _ALIGNMENT))
"""What cells are asked for, as plain numbers: a painted frame asks hundreds of times."""

STATE_WORDS = {
    CaseState.NEW: "new",
    CaseState.LOCALIZED: "localized",
    CaseState.IN_REVIEW: "in review",
    CaseState.DONE: "done",
    CaseState.PROBLEM: "problem",
}


class Column(IntEnum):
    """Columns of the worklist."""

    NAME = 0
    STATE = 1
    TO_CHECK = 2
    RADIUS = 3
    READER = 4
    TIME = 5
    NOTE = 6
    LESSON = 7


LAST = max(Column)


SORTS = {
    Column.NAME: CaseSort.NAME,
    Column.STATE: CaseSort.STATE,
    Column.TO_CHECK: CaseSort.TO_CHECK,
    Column.RADIUS: CaseSort.WORST_RADIUS,
    Column.READER: CaseSort.READER,
    Column.TIME: CaseSort.SECONDS,
    Column.NOTE: CaseSort.NOTE,
}
TITLES = {
    Column.NAME: "Case",
    Column.STATE: "State",
    Column.TO_CHECK: "To check",
    Column.RADIUS: "Worst ±",
    Column.READER: "Reader",
    Column.TIME: "Time",
    Column.NOTE: "Note",
    Column.LESSON: "Why next",
}
_TIPS = {
    Column.TO_CHECK: "How many landmarks want a person's eye.",
    Column.RADIUS: "The largest radius, in mm or px, among the landmarks that nobody has decided on:\n"
    "in 90 % of cases the true position lies within it.",
    Column.READER: "Who read it last.",
    Column.LESSON: "How many cases that nobody has begun are shaped more like this one than like any that is\n"
    "done or stands above it, as a model found them. Those that stand for most others come first.",
    Column.TIME: "How long people have worked on it with the window in use, all readers together.",
}
_CENTRED = Qt.AlignmentFlag.AlignCenter
_FIGURES = frozenset((int(Column.TO_CHECK), int(Column.RADIUS), int(Column.TIME)))


class WorklistModel(QAbstractTableModel):
    """Rows are the cases of a `CaseList`, in its order.

    Parameters
    ----------
    desk
        Whose cases these are.
    case_list
        Which of them, and in which order.
    under_way
        The cases that are being localized just now, each with the fraction that is done.
    """

    def __init__(self, desk: Desk, case_list: CaseList, under_way: Mapping[int, float]) -> None:
        super().__init__()
        self._desk = desk
        self._list = case_list
        self._under_way = under_way
        self._pages: OrderedDict[int, dict[int, CaseRow]] = OrderedDict()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._coming: int | None = None
        self._changed: set[int] = set()
        self._fetching_changed = False
        self._listing = 0
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self._fetch_all)
        case_list.listed.connect(self._begin)
        desk.case_changed.connect(self._note_change)
        desk.current_changed.connect(self._mark_current)

    # What is known of a row

    def row(self, number: int) -> CaseRow | None:
        """Return what is known of the case in a row; None where that is still on its way, which it is from now on."""
        page = number // PAGE
        known = self._pages.get(page)
        if known is None:
            self._want(page)
            return None
        return known.get(self._list.ids[number])

    def case_id(self, index: Index) -> int:
        """Return the number of the case of a valid index."""
        return self._list.ids[index.row()]

    def state_text(self, row: CaseRow) -> str:
        """Return how far a case is, in a word or two."""
        if row.excluded:
            return "excluded"
        fraction = self._under_way.get(row.id)
        return STATE_WORDS[row.state] if fraction is None else f"{100 * fraction:.0f} %"

    def _why_next(self, row: CaseRow) -> str:
        """Return why a case comes next; of one that no model has read nothing can be known."""
        lesson = self._list.lessons.get(row.id)
        if lesson is None:
            return ""
        by_shape = self._list.marking is NextOrder.SHAPE and row.state is not CaseState.NEW
        return why_next(lesson) if by_shape else "at random"

    def _want(self, page: int) -> None:
        if page == self._coming:
            return
        self._wanted[page] = None
        self._wanted.move_to_end(page)
        while len(self._wanted) > PAGES_WANTED:
            self._wanted.popitem(last=False)
        self._fetch()

    def _fetch_all(self) -> None:
        self._fetch_changed()
        self._fetch()

    def _fetch_later(self) -> None:
        """Wait until the disk answers again; what is looked at until then stays a placeholder."""
        if not self._retry.isActive():
            self._retry.start(RETRY_MS)

    def _fetch(self) -> None:
        if self._coming is not None or not self._wanted or self._desk.project is None or self._retry.isActive():
            return
        page, _ = self._wanted.popitem()
        ids = list(self._list.ids[page * PAGE : (page + 1) * PAGE])
        listing = self._listing
        self._coming = page
        self._desk.ask(
            lambda project: project.rows(ids),
            lambda rows: self._take(listing, page, rows),
            lambda _: self._lack(listing, page),
        )

    def _take(self, listing: int, page: int, rows: list[CaseRow]) -> None:
        if listing != self._listing:
            return
        self._coming = None
        self._pages[page] = {row.id: row for row in rows}
        self._pages.move_to_end(page)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        last = min((page + 1) * PAGE, len(self._list.ids)) - 1
        self.dataChanged.emit(self.index(page * PAGE, 0), self.index(last, LAST))
        self._fetch_all()

    def _lack(self, listing: int, page: int) -> None:
        """Ask for a page again in a while."""
        if listing == self._listing:
            self._coming = None
            self._wanted[page] = None
            self._fetch_later()

    def _note_change(self, case_id: int) -> None:
        """Fetch a case anew that has changed, where it is shown or was."""
        page = self._page_of(case_id)
        if page is not None and (page in self._pages or page == self._coming):
            self._changed.add(case_id)
            self._fetch_changed()

    def _page_of(self, case_id: int) -> int | None:
        number = self._list.row_of(case_id)
        return None if number is None else number // PAGE

    def _fetch_changed(self) -> None:
        """Fetch what has changed, one question after the other; of a page that is on its way only once it is there."""
        if self._fetching_changed or self._desk.project is None or self._retry.isActive():
            return
        ready = [id_ for id_ in self._changed if self._coming is None or self._page_of(id_) != self._coming]
        if not ready:
            return
        self._changed.difference_update(ready)
        self._fetching_changed = True
        listing = self._listing

        def take(rows: list[CaseRow]) -> None:
            if listing == self._listing:
                self._fetching_changed = False
                for row in rows:
                    self._replace(row)
                self._fetch_changed()

        def fail(_: AppError) -> None:
            if listing == self._listing:
                self._fetching_changed = False
                self._changed.update(ready)
                self._fetch_later()

        self._desk.ask(lambda project: project.rows(ready), take, fail)

    def _replace(self, row: CaseRow) -> None:
        number = self._list.row_of(row.id)
        page = None if number is None else self._pages.get(number // PAGE)
        if number is not None and page is not None:
            page[row.id] = row
            self.dataChanged.emit(self.index(number, 0), self.index(number, LAST))

    def _begin(self) -> None:
        self.beginResetModel()
        self._listing += 1
        self._coming, self._fetching_changed = None, False
        self._pages.clear()
        self._wanted.clear()
        self._changed.clear()
        self._retry.stop()
        self.endResetModel()

    def _mark_current(self) -> None:
        if self._list.ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._list.ids) - 1, Column.NAME))

    # What Qt asks

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of listed cases."""
        return 0 if parent is not None and parent.isValid() else len(self._list.ids)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return title, tip or alignment of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _CENTRED if column in _FIGURES else theme.LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let notes be written."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() and index.column() == Column.NOTE else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour, alignment or tip of a cell, and the `CaseRow` for `ROW_ROLE`."""
        if role not in _ROLES or not index.isValid():
            return None
        column = index.column()
        if role == _ALIGNMENT:
            return _CENTRED if column in _FIGURES else theme.LEFT
        row = self.row(index.row())
        if role == ROW_ROLE:
            return row
        if row is None:
            return PLACEHOLDER if role == _DISPLAY and column == 0 else None
        if role == _FOREGROUND:
            return _colour(row, column)
        if role == _TIP:
            return _tip(row, column, self._why_next(row))
        if column == Column.LESSON:
            return self._why_next(row)
        return self.state_text(row) if column == 1 else _text(row, column)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802 - Qt's name
        """Keep a note."""
        row = self.row(index.row()) if index.isValid() else None
        note = str(value).strip()
        if row is None or role != Qt.ItemDataRole.EditRole or index.column() != Column.NOTE or note == row.note:
            return False
        self._desk.update_case(row.id, note=note)
        return True


def state_colour(row: CaseRow) -> QColor:
    """Return the colour of how far a case is."""
    colours = chrome()
    return QColor(colours.faint if row.excluded else colours.case[row.state])


def _text(row: CaseRow, column: int) -> str:
    if column == Column.NAME:
        return row.name
    if column == Column.TO_CHECK:
        return str(row.to_check) if row.to_check and not row.excluded else ""
    if column == Column.RADIUS:
        if row.worst_radius is None or row.excluded:
            return ""
        return f"{row.worst_radius:.1f} {row.unit}".rstrip()
    if column == Column.TIME:
        return wording.time_spent(row.seconds) if row.seconds else ""
    return row.reader if column == Column.READER else row.note


def _colour(row: CaseRow, column: int) -> QColor | None:
    if column == Column.STATE:
        return state_colour(row)
    return QColor(chrome().faint) if row.excluded or column in (Column.READER, Column.NOTE, Column.LESSON) else None


def _tip(row: CaseRow, column: int, why_next: str) -> str:
    if column == Column.NOTE:
        return row.note
    lines = [row.name, str(row.path)]
    if row.problem:
        lines.append(row.problem)
    if why_next:
        lines.append(f"Comes next: {why_next}.")
    return "\n".join(lines)
