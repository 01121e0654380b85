"""The desk of a window: its project, who reads, which case lies open, and the queue of what is to be written.

Everything that the window knows of a project it asks for and changes here. Belongs to the main thread, which never waits:
questions run in jobs, changes in the one thread of `app.desk.writer`, and what came of them is told in the main thread. No Qt.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal

from app.desk.case_tasks import keep_usual_radii
from app.desk.writer import RETRY_S, Order, Writer
from core.base.errors import AppError, ProjectError
from core.images.listing import ListedImage, series_key
from core.project.cases import NewCase
from core.project.readings import Reader, Reading

if TYPE_CHECKING:
    from core.models.metadata import ModelInfo
    from core.project.store import Project


class Runs(Protocol):
    """What runs functions elsewhere and brings results back to the main thread; `app.session.jobs.Jobs` does."""

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        on_result: Callable[[Any], None],
        on_error: Callable[[AppError], None],
        may_stall: bool = False,
    ) -> object:
        """Call ``function(*args)`` in another thread and ``on_result`` or ``on_error`` in the main one."""

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the main thread, soon; from any thread."""


class Desk:
    """What lies on the desk.

    Parameters
    ----------
    jobs
        What runs questions elsewhere.
    reader
        Who reads.
    retry_s
        How long to wait before a disk that was full or away is asked again.

    Attributes
    ----------
    project
        The open project, None before it is open.
    reader
        Who reads; what a person does is kept as theirs.
    reader_is_known
        Whether anybody has said that it is they who read; else ``reader`` is only a proposal.
    current
        Number of the case whose image is shown, None where none is.
    goes_on
        Whether the project is a copy of the one before, in which the same cases go on.
    """

    project_changed = Signal()
    """Another project lies on the desk, or none."""
    cases_changed = Signal()
    """Cases were added or removed."""
    cases_removed = Signal(object)
    """Cases were taken out: a frozenset of their numbers, which no other case will get."""
    case_changed = Signal(int)
    """What is known of a case has changed, and stands in the project."""
    current_changed = Signal()
    reader_changed = Signal()
    saving_changed = Signal()
    """More or less waits to be written, or the disk refuses or takes it again."""
    refused = Signal(AppError)
    """Something was not done; the error says why."""

    def __init__(self, jobs: Runs, reader: Reader, *, retry_s: float = RETRY_S) -> None:
        self.project: Project | None = None
        self.goes_on = False
        self._known_models: set[str] = set()
        self._reader = reader
        self.reader_is_known = True
        self._current: int | None = None
        self._jobs = jobs
        self._retry_s = retry_s
        self._writer: Writer | None = None
        self._opening = threading.Event()
        self._opening.set()

    # The project

    def open(
        self,
        opener: Callable[[], "Project"],
        on_open: Callable[[], object] = lambda: None,
        on_error: Callable[[AppError], object] | None = None,
    ) -> None:
        """Put another project on the desk in place of the present one, in the background.

        The present one is written to its end and closed once the other is open; where that cannot be opened, it stays.

        Parameters
        ----------
        opener
            Opens the project, in a job.
        on_open, on_error
            Called in the main thread; an error is told by `refused` where omitted.
        """
        self._opening.clear()

        def opened(project: "Project") -> None:
            self._lay_down(project)
            on_open()

        def failed(error: AppError) -> None:
            self._opening.set()
            (on_error or self.refused.emit)(error)

        self._jobs.run(opener, on_result=opened, on_error=failed, may_stall=True)

    def _lay_down(self, project: "Project") -> None:
        old, writer = self.project, self._writer
        self.project, self.current, self.goes_on = project, None, False
        self._known_models.clear()
        self._writer = None if project.read_only_because else self._writer_for(project)
        self._opening.set()
        if old is not None:
            self._jobs.run(_end, old, writer, on_result=lambda _: None, on_error=self.refused.emit, may_stall=True)
        self.project_changed.emit()
        self.saving_changed.emit()

    def _writer_for(self, project: "Project", orders: Sequence[Order] = ()) -> Writer:
        return Writer(project, self._tell_saving, retry_s=self._retry_s, orders=orders)

    def go_on_in(
        self,
        path: Path,
        on_open: Callable[[], object] = lambda: None,
        on_error: Callable[[AppError], object] | None = None,
    ) -> None:
        """Save the whole project to another file and go on in it, in the background.

        What waits to be written, because the present file does not take it, is written there. Cases keep their numbers.
        """
        old, writer = self.project, self._writer
        if old is None:
            return

        def copied(new: "Project") -> None:
            self.project, self.goes_on = new, True
            self._writer = self._writer_for(new, () if writer is None else writer.orders)
            self._jobs.run(old.close, on_result=lambda _: None, on_error=self.refused.emit, may_stall=True)
            self.project_changed.emit()
            self.saving_changed.emit()
            on_open()

        def failed(error: AppError) -> None:
            if writer is not None:
                self._writer = self._writer_for(old, writer.orders)
            (on_error or self.refused.emit)(error)

        self._jobs.run(_copy, old, writer, path, on_result=copied, on_error=failed, may_stall=True)

    def await_project(self, timeout_s: float = 30.0) -> "Project | None":
        """Return the project once it is open, None where none will be; for jobs, never in the main thread."""
        self._opening.wait(timeout_s)
        return self.project

    @property
    def read_only_because(self) -> str:
        """The sentence that says why nothing can be changed; empty where it can."""
        return "" if self.project is None else self.project.read_only_because

    @property
    def keeps_work(self) -> bool:
        """Whether what a person does is kept: there is a project that can be written."""
        return self._writer is not None

    def close(self, timeout_s: float | None = 10.0) -> None:
        """Write what is left and let the project go; may wait for the disk, so hide the window first."""
        project, self.project = self.project, None
        writer, self._writer = self._writer, None
        if project is not None:
            _end(project, writer, timeout_s)

    # Who reads, and what lies open

    @property
    def reader(self) -> Reader:
        """Who reads."""
        return self._reader

    @reader.setter
    def reader(self, reader: Reader) -> None:
        if reader != self._reader:
            self._reader = reader
            self.reader_changed.emit()

    @property
    def current(self) -> int | None:
        """Number of the case whose image is shown."""
        return self._current

    @current.setter
    def current(self, case_id: int | None) -> None:
        if case_id != self._current:
            self._current = case_id
            self.current_changed.emit()

    # Asking

    def ask(
        self,
        question: Callable[["Project"], Any],
        on_result: Callable[[Any], object],
        on_error: Callable[[AppError], object] | None = None,
    ) -> None:
        """Ask the project something in a job; the answer comes in the main thread, unless another project came meanwhile.

        Does nothing while there is no project.
        """
        project = self.project
        if project is None:
            return

        def answered(handle: Callable[[Any], object], outcome: Any) -> None:
            if self.project is project:
                handle(outcome)

        self._jobs.run(
            question,
            project,
            on_result=partial(answered, on_result),
            on_error=partial(answered, on_error or self.refused.emit),
            may_stall=True,
        )

    # Changing

    def add_cases(
        self, images: Sequence[ListedImage], on_added: Callable[[list[int]], object] = lambda _: None
    ) -> None:
        """Add images to the project; those that are there already stay as they are. ``on_added`` gets all their numbers."""
        new = [NewCase(image.path.absolute(), image.name, series_key(image)) for image in images]

        def added(ids: list[int]) -> None:
            self.cases_changed.emit()
            on_added(ids)

        self.change(lambda project: project.add_cases(new), added)

    def remove_cases(self, ids: Collection[int]) -> None:
        """Take cases out of the project; their images stay where they are."""
        gone = frozenset(ids)

        def removed(_: None) -> None:
            self.cases_removed.emit(gone)
            self.cases_changed.emit()

        self.change(lambda project: project.remove_cases(gone), removed)

    def update_case(self, case_id: int, **changes: Any) -> None:
        """Change what was said about a case, as `Project.update_case` does."""
        self.update_cases([case_id], **changes)

    def update_cases(self, case_ids: Collection[int], **changes: Any) -> None:
        """Change the same of several cases, of all or of none."""
        ids = tuple(case_ids)

        def write(project: "Project") -> None:
            with project.transaction():
                for case_id in ids:
                    project.update_case(case_id, **changes)

        def written(_: None) -> None:
            for case_id in ids:
                self.case_changed.emit(case_id)

        self.change(write, written)

    def store(self, reading: Reading, text: str = "") -> None:
        """Keep what a reader says about a case from now on; ``text`` says what was done, for the history."""
        self.change(
            lambda project: project.save_reading(reading, text), lambda _: self.case_changed.emit(reading.case_id)
        )

    def know_model(self, info: "ModelInfo") -> None:
        """Let the project know how sure a model usually is, before its readings are kept: what is in doubt depends on it."""
        if self.keeps_work and info.title not in self._known_models:
            self._known_models.add(info.title)
            self.change(partial(keep_usual_radii, info=info))

    def change(self, write: Callable[["Project"], Any], on_written: Callable[[Any], object] = lambda _: None) -> None:
        """Have something written after all that was asked for before; ``on_written`` is called in the main thread.

        In a read-only project nothing is changed and `refused` says so.
        """
        writer, project = self._writer, self.project
        if writer is None:
            because = self.read_only_because or "There is no project open that could be written."
            self.refused.emit(
                ProjectError(f"Nothing of this is kept. {because}", "Save a copy of the project and go on in it.")
            )
            return

        def deliver(outcome: Any) -> None:
            if self.project is project:
                on_written(outcome)

        writer.put(
            Order(
                write,
                lambda outcome: self._jobs.post(partial(deliver, outcome)),
                lambda error: self._jobs.post(partial(self.refused.emit, error)),
            )
        )

    @property
    def pending(self) -> int:
        """How many changes are not on the disk yet."""
        return 0 if self._writer is None else self._writer.pending

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is on the disk, or cannot be now; tell which. For jobs, never in the main thread."""
        return self._writer is None or self._writer.flush(timeout_s)

    @property
    def failing(self) -> str:
        """Why the disk does not take changes now; empty where it does. They are kept, and tried again."""
        return "" if self._writer is None else self._writer.failing

    def try_now(self) -> None:
        """Ask a disk that was full or away again at once."""
        if self._writer is not None:
            self._writer.try_now()

    def _tell_saving(self) -> None:
        self._jobs.post(self.saving_changed.emit)


def _copy(project: "Project", writer: Writer | None, path: Path) -> "Project":
    """Save a project to another file and open that, with the writer at rest; in a job."""
    if writer is not None:
        writer.flush(10.0)
        writer.close()
    project.save_copy(path)
    return type(project).open(path)


def _end(project: "Project", writer: Writer | None, timeout_s: float | None = 10.0) -> None:
    """Write what is left as far as the disk takes it, and close."""
    if writer is not None:
        writer.flush(timeout_s)
        writer.close()
    project.close()
