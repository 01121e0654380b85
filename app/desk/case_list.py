"""Which cases are listed, and in which order: what a person filters, sorts and searches.

Holds the numbers of the cases and nothing else of them, so that a hundred thousand of them are no burden. Belongs to the main
thread; the project is asked in jobs. Knows no Qt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.desk.desk import Desk
from app.desk.next_case import NextOrder, next_cases
from core.learning.next_case import Lesson
from core.project.cases import CaseQuery, CaseState

if TYPE_CHECKING:
    from core.project.store import Project


@dataclass(frozen=True)
class Counts:
    """How many cases there are.

    Attributes
    ----------
    by_state
        Those that are not excluded, in each state.
    excluded
        Those that a person has left out.
    problems
        What is wrong with how many of those with a problem, in sentences, the most frequent first.
    """

    by_state: dict[CaseState, int] = field(default_factory=lambda: dict.fromkeys(CaseState, 0))
    excluded: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        """Cases that are not excluded."""
        return sum(self.by_state.values())

    @property
    def total(self) -> int:
        """All cases of the project."""
        return self.wanted + self.excluded


@dataclass(frozen=True)
class _Listing:
    query: CaseQuery
    ids: list[int]
    rows: dict[int, int]
    lessons: dict[int, Lesson]


class CaseList:
    """The cases that are listed.

    The order stays while cases change: a list that moved under one's hands would be of no use while working through it. It is
    made anew when a person asks for something else, and when cases come or go.

    Parameters
    ----------
    desk
        Whose project is listed.

    Attributes
    ----------
    ids
        Numbers of the cases, in their order. Not to be changed.
    counts
        How many cases there are of which kind, whatever is listed.
    lessons
        The cases that nobody has begun, where those are listed first; else empty.
    """

    listed = Signal()
    """Other cases are listed, or in another order."""
    counts_changed = Signal()

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._query = CaseQuery()
        self.ids: Sequence[int] = []
        self.counts = Counts()
        self.lessons: Mapping[int, Lesson] = {}
        self._marking: NextOrder | None = None
        self._rows: dict[int, int] = {}
        self._listing = self._list_again = self._counting = self._count_again = False
        desk.project_changed.connect(self._begin)
        desk.cases_changed.connect(self.refresh)
        desk.case_changed.connect(self._count)
        self._begin()

    @property
    def query(self) -> CaseQuery:
        """What is asked for; the list may still be on its way."""
        return self._query

    @property
    def marking(self) -> NextOrder | None:
        """In which order the cases that nobody has begun are wanted first, whatever `query` says; None where they are not."""
        return self._marking

    def ask_for(self, *, marking: NextOrder | None = None, **changes: Any) -> None:
        """List other cases: any of `CaseQuery`'s text, states, excluded, sort, descending.

        With ``marking`` those that nobody has begun come first, in that order, the others as ``sort`` says; asking for a ``sort``
        alone ends that.
        """
        query = replace(self._query, **changes)
        wanted = self._marking if marking is None and "sort" not in changes else marking
        if (query, wanted) != (self._query, self._marking):
            self._query, self._marking = query, wanted
            self.refresh()

    def refresh(self) -> None:
        """Make the list anew."""
        self._count()
        if self._listing:
            self._list_again = True
            return
        self._listing = True
        query, marking = self._query, self._marking
        self._desk.ask(lambda project: _list(project, query, marking), self._show, lambda _: self._show(None))
        if self._desk.project is None:
            self._listing = False

    def row_of(self, case_id: int | None) -> int | None:
        """Return where a case stands in the list, None where it is not in it."""
        return None if case_id is None else self._rows.get(case_id)

    def _begin(self) -> None:
        """List another project, from its beginning; a copy in which the same one goes on stays as it is listed."""
        if self._desk.goes_on:
            self._listing = self._list_again = self._counting = self._count_again = False
            self.refresh()
            return
        self._query, self.ids, self._rows = CaseQuery(), [], {}
        self._marking, self.lessons = None, {}
        self._listing = self._list_again = self._counting = self._count_again = (
            False  # what was asked of another one never comes
        )
        self.counts = Counts()
        self.listed.emit()
        self.counts_changed.emit()
        self.refresh()

    def _show(self, listing: _Listing | None) -> None:
        self._listing = False
        if self._list_again:
            self._list_again = False
            self.refresh()
        elif listing is not None:
            self.ids, self._rows, self.lessons = listing.ids, listing.rows, listing.lessons
            self.listed.emit()

    def _count(self, *_: object) -> None:
        if self._counting:
            self._count_again = True
            return
        if self._desk.project is not None:
            self._counting = True
            self._desk.ask(_counts, self._show_counts, lambda _: self._show_counts(None))

    def _show_counts(self, counts: Counts | None) -> None:
        self._counting = False
        if counts is not None and counts != self.counts:
            self.counts = counts
            self.counts_changed.emit()
        if self._count_again:
            self._count_again = False
            self._count()


def _list(project: "Project", query: CaseQuery, marking: NextOrder | None) -> _Listing:
    ids = project.case_ids(query)
    lessons = {lesson.key: lesson for lesson in next_cases(project, marking).lessons} if marking else {}
    if lessons:
        wanted = set(ids)
        ids = [id_ for id_ in lessons if id_ in wanted] + [id_ for id_ in ids if id_ not in lessons]
    return _Listing(query, ids, {id_: row for row, id_ in enumerate(ids)}, lessons)


def _counts(project: "Project") -> Counts:
    return Counts(project.counts(), project.excluded_count(), project.problems())
