"""Landmarks of many images at once: those of all cases saved in one file or folder, and such files read.

What is written and read is `core.project`'s, in jobs; what must be asked goes through `Questions`. Nothing that a reader has
said is ever overwritten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.desk.case_list import CaseList
from app.desk.desk import Desk
from app.session.jobs import Job, Jobs, ProgressCallback
from app.session.questions import ExportOffer, ExportWish, ImportOffer, ImportWish, Questions
from app.session.shown_job import ShownJob
from app.session.view_state import ViewState
from core.base.errors import AppError, Cancelled, ProjectError
from core.base.wording import counted
from core.project.readings import Reader
from core.schemes.comparison import Fit
from core.schemes.scheme import Scheme

if TYPE_CHECKING:
    from core.project.additions import Added, Additions, SchemeMismatch
    from core.project.store import Project

_LONGEST_FLUSH_S = 10.0
_NAMED = 3
UNNAMED = "imported"
"""Whose landmarks are that are opened before it is known who reads, as on the command line."""
_Work = Callable[["Project", Callable[[int, int], None]], Any]
"""Does something with a project; told how much is done of how much, where a person may stop it."""


@dataclass(frozen=True)
class Arrival:
    """What has come into the project.

    Attributes
    ----------
    to_show
        The cases of which the first is to be shown; none where what is open stays.
    is_seen
        Whether landmarks may be those that are shown; the next step in an open case would else be kept in their place.
    schemes
        Those of the project since then.
    tell
        Says in a sentence what has come.
    """

    to_show: tuple[int, ...]
    is_seen: bool
    schemes: tuple[Scheme, ...]
    tell: Callable[[], object]


class LandmarkExchange:
    """Saves and adds the landmarks of the cases on the desk.

    Parameters
    ----------
    desk, case_list
        Whose cases, and which of them are listed.
    jobs, shown, questions, view_state
        Who reads and writes, where it is shown that they do, who is asked, and where it is said what came of it.
    suggestion
        Returns where a file may go, without a suffix.
    arrived
        Hears that landmarks were added.
    """

    def __init__(
        self,
        desk: Desk,
        case_list: CaseList,
        jobs: Jobs,
        shown: ShownJob,
        questions: Questions,
        view_state: ViewState,
        *,
        suggestion: Callable[[], Path],
        arrived: Callable[[Arrival], object],
    ) -> None:
        self._desk = desk
        self._list = case_list
        self._jobs = jobs
        self._shown = shown
        self._questions = questions
        self._view = view_state
        self._suggestion = suggestion
        self._arrived = arrived
        self._job: Job | None = None
        self._written_to: Path | None = None
        self._waiting: Callable[[], object] | None = None
        desk.project_changed.connect(self._leave_project)

    @property
    def can_export(self) -> bool:
        """Whether there are cases, and none are being saved or added to now."""
        return self._list.counts.total > 0 and self._job is None

    @property
    def can_import(self) -> bool:
        """Whether there are cases to which something can be added, and none are being saved or added to now."""
        return self.can_export and self._desk.keeps_work

    # To a file

    def ask_export(self) -> None:
        """Ask what is to be written, in which format and where, and write it."""
        if not self.can_export:
            return
        listed, suggestion, reader = tuple(self._list.ids), self._suggestion(), self._desk.reader

        def look(project: "Project", progress: Callable[[int, int], None]) -> ExportOffer:
            from app.session.exchange_work import offer_of

            return offer_of(project, listed, suggestion, reader, progress)

        def offer(found: ExportOffer) -> None:
            wish = self._questions.export_wish(found)
            if wish is not None and self._job is None:
                self._export(found.ids[wish.cases], wish)

        self._run("Looking at the cases", look, offer)

    def _export(self, case_ids: Sequence[int], wish: ExportWish) -> None:
        name = wish.path.name

        def write(project: "Project", progress: Callable[[int, int], None]) -> tuple[int, tuple[str, ...]]:
            from core.project.exchange import export

            return export(
                project, case_ids, wish.path, wish.key, wish.reader,
                or_model=wish.or_model, everybody=wish.everybody, progress=progress,
            )  # fmt: skip

        def written(outcome: tuple[int, tuple[str, ...]]) -> None:
            count, notes = outcome
            what = counted(count, "reading") if wish.everybody else f"the landmarks of {counted(count, 'case')}"
            self._tell(f"Saved {what} as {name}.", notes)
            self._go_on()

        self._run(f"Saving {name}", write, written, written_to=wish.path)

    def cancel(self, job: Job) -> bool:
        """Stop what is being read or written where ``job`` does it; nothing remains of it. Tell whether it is."""
        if job is not self._job:
            return False
        job.cancel()
        return True

    def is_written(self, close_again: Callable[[], object]) -> bool:
        """Tell whether no file is being written; else close once it is, or once it is given up, where a person asks again."""
        if self._job is None or self._written_to is None:
            return True
        is_first, self._waiting = self._waiting is None, close_again
        if self._job.should_stop():
            return not is_first  # what was begun is being removed; a drive that hangs is not waited for twice
        if is_first:
            self._view.say(f"The window closes once {self._written_to.name} is saved.", is_warning=False)
        elif self._questions.stops_waiting(self._written_to) and self._waiting is close_again:
            self._job.cancel()
        return False

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()

    # From a file

    def ask_import(self) -> None:
        """Ask for a file or folder and whose landmarks it holds, and read it for the cases of the project."""
        if not self.can_import:
            return
        folder = self._suggestion().parent

        def offer(readers: list[Reader]) -> None:
            wish = self._questions.import_wish(ImportOffer(tuple(readers), folder))
            if wish is not None and self._job is None:
                self._import(wish)

        self._desk.ask(lambda project: project.readers(), offer)

    def _import(self, wish: ImportWish) -> None:
        def read(project: "Project", progress: Callable[[int, int], None]) -> "Additions":
            from core.project.exchange import find_in_file

            return find_in_file(project, wish.path, wish.reader, wish.key, progress=progress)

        def found(additions: "Additions") -> None:
            self._add(wish.path.name, wish.reader, additions, shows=False)

        self._run(f"Reading {wish.path.name}", read, found)

    def open(self, paths: Sequence[Path], *, shows: bool = True) -> None:
        """Let the images that files of landmarks name become cases, with these landmarks as those of who reads.

        Parameters
        ----------
        paths
            The files, and perhaps more images.
        shows
            Whether the first of the images is shown in any case; else only where none is open.
        """
        if self._job is not None:
            self._view.say("Landmarks of other cases are being read or saved just now. Wait for that, or cancel it.")
            return
        reader = self._desk.reader.name if self._desk.reader_is_known else UNNAMED
        what = named(paths)

        def read(project: "Project", progress: Callable[[int, int], None]) -> "Additions":
            from app.session.exchange_work import found_by

            return found_by(project, paths, reader, progress)

        def found(additions: "Additions") -> None:
            self._add(what, reader, additions, shows=shows or self._desk.current is None)

        self._run(f"Reading {what}", read, found)

    def _add(self, what: str, reader: str, additions: "Additions", *, shows: bool, fit: Fit | None = None) -> None:
        """Put what was found into the project, and show the first of the cases where they are to be shown."""

        def added(done: "tuple[Added | SchemeMismatch, tuple[Scheme, ...]]") -> None:
            outcome, schemes = done
            if isinstance(outcome, AppError):
                chosen = self._questions.scheme_fit(what, tuple(outcome.differs.sentences()), by_file=False)
                if chosen is not None:
                    self._add(what, reader, additions, shows=shows, fit=chosen)
                return
            self._desk.cases_changed.emit()
            stays = f"{_readers(additions)} said something else of {counted(len(outcome.kept), 'case')} before, which stays."
            notes = (*((stays,) if outcome.kept else ()), *additions.notes, *_some(additions.problems))
            tell = partial(self._tell, _told(what, additions, outcome), notes)
            is_seen = bool(outcome.readings) and reader in (self._desk.reader.name, UNNAMED)
            self._arrived(Arrival(tuple(outcome.ids) if shows else (), is_seen, schemes, tell))

        self._desk.change(partial(_added, additions=additions, fit=fit), added)

    # Both

    def _run(
        self, text: str, work: _Work, on_result: Callable[[Any], object], *, written_to: Path | None = None
    ) -> None:
        """Have something done in a job once all that was done before stands in the project."""
        desk, self._waiting = self._desk, None

        def flushed_first(*, progress: ProgressCallback, should_stop: Callable[[], bool]) -> "tuple[Project, Any]":
            gathered = False

            def told(done: int, total: int) -> None:
                nonlocal gathered
                if should_stop():
                    raise Cancelled(f"{text} was cancelled.")
                if done < total and done % max(total // 100, 1) == 0:
                    progress(done / total, text)
                elif done == total and not gathered:
                    gathered = True
                    progress(-1.0, text)  # nobody knows how long writing takes

            project = desk.await_project()
            if project is None:
                raise ProjectError("There is no project that could take landmarks.", "Make one with “New project…”.")
            if not desk.flush(_LONGEST_FLUSH_S):
                raise ProjectError(
                    f"What you did last is not in the project yet. {desk.failing}".strip(), "Try again in a moment."
                )
            return project, work(project, told)

        def ended() -> None:
            self._shown.hide(job)
            if self._job is job:
                self._job = self._written_to = None
            if job.should_stop():
                self._go_on()

        def arrived(outcome: "tuple[Project, Any]") -> None:
            project, result = outcome
            if desk.project is project:
                on_result(result)

        def failed(error: AppError) -> None:
            self._waiting = None
            self._questions.show_error(error)

        job = self._jobs.run(
            flushed_first,
            on_result=arrived,
            on_error=failed,
            on_progress=lambda fraction, said: self._shown.show(job, said, fraction),
            on_end=ended,
            may_stall=True,
        )
        self._job, self._written_to = job, written_to
        self._shown.show(job, text)

    def _leave_project(self) -> None:
        """Stop what is being done with the cases of a project that is no longer there."""
        if self._job is not None and self._written_to is not None and not self._desk.goes_on:
            self._job.cancel()
            self._view.say(f"{self._written_to.name} was not saved, since another project was opened meanwhile.")

    def _tell(self, text: str, notes: Sequence[str]) -> None:
        self._view.say(" ".join((text, *notes)), is_warning=bool(notes))


def named(paths: Sequence[Path]) -> str:
    """Return how files are called in a sentence."""
    more = f" and {counted(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
    return f"{paths[0].name}{more}"


def _readers(additions: "Additions") -> str:
    names = dict.fromkeys(marks.reader.name for case in additions.cases for marks in case.marks)
    return " and ".join(names)


def _told(what: str, additions: "Additions", outcome: "Added") -> str:
    """Return in a sentence what has come into the project."""
    readings = f"{counted(outcome.readings, 'reading')} of {_readers(additions)}" if outcome.readings else ""
    images = counted(outcome.new, "image") if outcome.new else ""
    if not images and not readings:
        return f"{what} says nothing that is not in the project already."
    return f"Added {' with '.join(filter(None, (images, readings)))} from {what}."


def _some(sentences: Sequence[str]) -> tuple[str, ...]:
    """Return the first few of many sentences, and one that counts the others."""
    others = len(sentences) - _NAMED
    return (*sentences[:_NAMED], *((f"And {counted(others, 'more such file')}.",) if others > 0 else ()))


def _added(
    project: "Project", *, additions: "Additions", fit: Fit | None
) -> "tuple[Added | SchemeMismatch, tuple[Scheme, ...]]":
    """Put what was found into the project; where it does not fit the scheme, nothing, and somebody has to be asked."""
    from core.project.additions import SchemeMismatch, add

    outcome: Added | SchemeMismatch
    try:
        outcome = add(project, additions.cases, fit=fit)
    except SchemeMismatch as error:
        outcome = error
    schemes = (project.scheme(ndim) for ndim in (2, 3))
    return outcome, tuple(scheme for scheme in schemes if scheme is not None)
