"""The worklist: the cases of the project with what is left to do, and what can be done with them.

Put together from its table, a filter, a search and the strip about the background. Decides nothing about cases: the desk changes
them, and who opens one is told by `open_requested`.
"""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from app.desk.case_list import CaseList, Counts
from app.desk.desk import Desk
from app.desk.next_case import NextOrder
from app.panels.background_strip import BackgroundStrip, BackgroundWork
from app.panels.learning_strip import LearningStrip
from app.panels.worklist_model import STATE_WORDS
from app.panels.worklist_pictures import WorklistPictures
from app.panels.worklist_table import WorklistTable
from app.session.jobs import Jobs
from app.session.learning import Learning
from app.session.wording import time_words
from core.base.errors import AppError
from core.models.image_task import ImageAnswer
from core.project.cases import CaseQuery, CaseRow, CaseSort, CaseState

SEARCH_AFTER_MS = 200
_OPEN_STATES = frozenset({CaseState.NEW, CaseState.LOCALIZED, CaseState.IN_REVIEW})
EXCLUDED = "excluded"
Ask = Callable[[str, str], bool]


class Worklist(QWidget):
    """The panel.

    Parameters
    ----------
    desk, case_list, work, learning
        Whose cases, which of them, what localizes them, and what learns from them.
    jobs
        Where the small pictures are made.
    confirm
        Asks whether to go on, given a sentence and the words on the button.
    learn
        Asks what to learn.
    """

    open_requested = Signal(int)
    """A case is to be opened."""

    def __init__(
        self,
        desk: Desk,
        case_list: CaseList,
        work: BackgroundWork,
        learning: Learning,
        jobs: Jobs,
        confirm: Ask,
        learn: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._list = case_list
        self._work = work
        self._confirm = confirm
        self.pictures = WorklistPictures(jobs)
        self.heading = QLabel()
        self.heading.setObjectName("worklistHeading")
        self.heading.setWordWrap(True)
        self.filter = QComboBox()
        self.filter.setToolTip("Which cases are listed.")
        self.filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.filter.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search names and notes")
        self.search.setClearButtonEnabled(True)
        self.table = WorklistTable(desk, case_list, work, self.pictures)
        self.nothing = QLabel("No case is like that.")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.strip = BackgroundStrip(work, case_list)
        self.learning = LearningStrip(learning)
        self.learn = QPushButton("Lear&n…")
        self.learn.setToolTip(learn.toolTip())
        self.learn.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the image
        self.learn.clicked.connect(learn.trigger)
        learn.enabledChanged.connect(self.learn.setEnabled)
        self.learn.setEnabled(learn.isEnabled())
        self._searching = QTimer(self)
        self._searching.setSingleShot(True)
        self._searching.setInterval(SEARCH_AFTER_MS)
        self._make_actions()
        self._allow_changes()
        self._lay_out()
        self._connect()
        self._show_counts()
        self._show_list()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(6, 0, 6, 0)
        line.addWidget(self.search, 1)
        line.addWidget(self.filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.heading.setContentsMargins(8, 4, 8, 0)
        first = QHBoxLayout()
        first.setContentsMargins(0, 0, 6, 0)
        first.addWidget(self.heading, 1)
        first.addWidget(self.learn, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(first)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.strip)
        layout.addWidget(self.learning)

    def _connect(self) -> None:
        self._searching.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _: self._searching.start())
        self.search.returnPressed.connect(self._go_to_first)
        self.filter.activated.connect(self._filter)
        self.table.open_requested.connect(self.open_requested)
        self.table.menu_requested.connect(self._show_menu)
        self._list.counts_changed.connect(self._show_counts)
        self._list.listed.connect(self._show_list)
        self.strip.retry_requested.connect(self._retry)
        self._work.progress_changed.connect(self._show_heading)
        self._work.answered.connect(self._take_picture)
        self._desk.project_changed.connect(self._begin)
        self._desk.cases_removed.connect(self.pictures.forget)

    def _make_actions(self) -> None:
        self.done = self._action("Mark as &done", self._mark_done, "Ctrl+Return")
        self.exclude = self._action("&Exclude", self._exclude)
        self.localize = self._action("&Localize these", lambda: self._work.localize(self._chosen_ids()))
        self.localize_new = self._action("Localize all &new ones", self._work.localize_new)
        self.retry = self._action("&Retry those with problems", self._retry)
        self.note = self._action("Write a &note", self.table.write_note)
        self.folder = self._action("Show in &folder", self._show_in_folder)
        self.marking = {
            NextOrder.RANDOM: self._action("Next to mark: at r&andom", lambda: self._mark_in_order(NextOrder.RANDOM)),
            NextOrder.SHAPE: self._action("Next to mark: &by shape", lambda: self._mark_in_order(NextOrder.SHAPE)),
        }
        for action in self.marking.values():
            action.setCheckable(True)
        self.remove = self._action("Remove from the &project…", self._remove)

    def _action(self, text: str, do: Callable[[], object], key: str = "") -> QAction:
        action = QAction(text, self)
        if key:
            action.setShortcut(key)
        action.triggered.connect(lambda _=False: do())
        self.addAction(action)
        return action

    def _allow_changes(self) -> None:
        can_write = not self._desk.read_only_because
        for action in (self.done, self.exclude, self.localize, self.localize_new, self.retry, self.note, self.remove):
            action.setEnabled(can_write)

    # What is shown

    def _begin(self) -> None:
        self._allow_changes()
        if self._desk.goes_on:  # the same cases, listed as before
            return
        self.pictures.clear()
        with QSignalBlocker(self.search):
            self.search.clear()
        self.table.show_sort()

    def _show_list(self) -> None:
        is_empty = not self._list.ids and self._list.counts.total > 0
        self.nothing.setVisible(is_empty)
        self.table.setVisible(not is_empty)
        self.table.show_sort()

    def _show_counts(self) -> None:
        counts = self._list.counts
        if not self.filter.view().isVisible():  # nobody chooses from it just now
            self._offer_filters(counts)
        self._show_heading()
        self._show_list()

    def _offer_filters(self, counts: Counts) -> None:
        with QSignalBlocker(self.filter):
            self.filter.clear()
            self.filter.addItem(f"All ({counts.total})", None)
            self.filter.addItem(f"Not done ({_not_done(counts)})", _OPEN_STATES | {CaseState.PROBLEM})
            for state, word in STATE_WORDS.items():
                if counts.by_state[state] or self._list.query.states == {state}:
                    self.filter.addItem(f"{word.capitalize()} ({counts.by_state[state]})", frozenset({state}))
            if counts.excluded or self._list.query.excluded:
                self.filter.addItem(f"Excluded ({counts.excluded})", EXCLUDED)
            self.filter.setCurrentIndex(self._filter_in_use())

    def _filter_in_use(self) -> int:
        query = self._list.query
        wanted = EXCLUDED if query.excluded else query.states or None
        return next((row for row in range(self.filter.count()) if self.filter.itemData(row) == wanted), 0)

    def _show_heading(self) -> None:
        self.heading.setText(heading(self._list.counts, self._work))

    # What a person does

    def _search(self) -> None:
        self._list.ask_for(text=self.search.text().strip())

    def _go_to_first(self) -> None:
        """Leave the search for the list."""
        self._searching.stop()
        self._search()
        self.table.setFocus()

    def _filter(self, row: int) -> None:
        wanted = self.filter.itemData(row)
        if wanted == EXCLUDED:
            self._list.ask_for(states=frozenset(), excluded=True)
        elif wanted is None:
            self._list.ask_for(states=frozenset(), excluded=None)
        else:
            self._list.ask_for(states=wanted, excluded=False)
        self._list.refresh()  # those that have changed meanwhile come or go

    def _mark_in_order(self, order: NextOrder) -> None:
        """List those cases first that nobody has begun, in this order; where they are, all as they were added."""
        wanted = None if self._list.marking is order else order
        self._list.ask_for(marking=wanted, sort=CaseSort.ADDED, descending=False)

    def _chosen_ids(self) -> list[int]:
        """Return the selected cases, else the open one."""
        chosen = self.table.selected_ids()
        if chosen or self._desk.current is None:
            return chosen
        return [self._desk.current]

    def _known_rows(self) -> list[CaseRow]:
        """Return what is known by now of the chosen cases; of many that is not all."""
        rows = (self._list.row_of(id_) for id_ in self._chosen_ids())
        known = (self.table.cases.row(row) for row in rows if row is not None)
        return [row for row in known if row is not None]

    def _mark_done(self) -> None:
        """Mark the chosen cases as done; where all of them are, take that back."""
        self._switch("done", lambda row: row.state is CaseState.DONE)

    def _exclude(self) -> None:
        """Exclude the chosen cases; where all of them are, take that back."""
        self._switch("excluded", lambda row: row.excluded)

    def _switch(self, what: str, is_on: Callable[[CaseRow], bool]) -> None:
        """Say something of all chosen cases, or its contrary where it is true of each of them."""
        ids = self._chosen_ids()

        def say(rows: list[CaseRow]) -> None:
            if rows:
                self._desk.update_cases([row.id for row in rows], **{what: not all(map(is_on, rows))})

        self._desk.ask(lambda project: project.rows(ids), say)

    def _retry(self) -> None:
        """Have all cases localized again that have a problem."""
        query = CaseQuery(states=frozenset({CaseState.PROBLEM}), excluded=False)
        self._desk.ask(lambda project: project.case_ids(query), self._work.localize)

    def _take_picture(self, case_id: int, answer: ImageAnswer) -> None:
        self.pictures.offer(case_id, answer.thumbnail)

    def _remove(self) -> None:
        ids = self._chosen_ids()
        what = "this case" if len(ids) == 1 else f"these {len(ids)} cases"
        sentence = (
            f"Remove {what} from the project, with everything that was said about {'it' if len(ids) == 1 else 'them'}? "
            "The images stay where they are."
        )
        if ids and self._confirm(sentence, "&Remove"):
            self._desk.remove_cases(ids)

    def _show_in_folder(self) -> None:
        for row in self._known_rows()[:1]:
            folder = row.path.parent
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
                self._desk.refused.emit(
                    AppError(f"No program here shows folders. This one is {folder}.", "Open it in your file manager.")
                )

    def _show_menu(self, place: QPoint) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self) -> QMenu:
        """Return the menu of what can be done with the selected cases."""
        rows, count = self._known_rows(), len(self._chosen_ids())
        can_write = not self._desk.read_only_because
        are_known = 0 < len(rows) == count
        are_done = are_known and all(row.state is CaseState.DONE for row in rows)
        self.done.setText("&Not done yet" if are_done else "Mark as &done")
        self.exclude.setText("&Include again" if are_known and all(row.excluded for row in rows) else "&Exclude")
        self._allow_changes()
        self.localize_new.setEnabled(can_write and self._list.counts.by_state[CaseState.NEW] > 0)
        self.retry.setEnabled(can_write and self._list.counts.by_state[CaseState.PROBLEM] > 0)
        self.note.setEnabled(can_write and count == 1)
        for order, action in self.marking.items():
            action.setChecked(self._list.marking is order)
        menu = QMenu(self)
        open_action = menu.addAction("&Open")
        open_action.setEnabled(count == 1)
        open_action.triggered.connect(lambda _=False: self.open_requested.emit(self._chosen_ids()[0]))
        menu.addActions([self.done, self.note, self.exclude])
        menu.addSeparator()
        menu.addActions([self.localize, self.localize_new, self.retry])
        menu.addSeparator()
        menu.addActions(list(self.marking.values()))
        menu.addSeparator()
        menu.addActions([self.folder, self.remove])
        return menu


def heading(counts: Counts, work: BackgroundWork) -> str:
    """Return the line that says how far the day is: ``"12 of 40 done · 3 to localize · about 2 min left"``."""
    parts = [f"{counts.by_state[CaseState.DONE]} of {counts.wanted} done"]
    if counts.by_state[CaseState.NEW]:
        parts.append(f"{counts.by_state[CaseState.NEW]} to localize")
    if counts.by_state[CaseState.PROBLEM]:
        parts.append(f"{counts.by_state[CaseState.PROBLEM]} with a problem")
    overall = work.overall
    if overall is not None and overall.busy and overall.left_s is not None and not overall.paused:
        parts.append(f"{time_words(overall.left_s)} left")
    return " · ".join(parts)


def _not_done(counts: Counts) -> int:
    return counts.wanted - counts.by_state[CaseState.DONE]
