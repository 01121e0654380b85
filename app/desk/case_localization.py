"""Has the cases of a project localized in the background, and keeps what the models say with them.

Brings the background's events into the main thread and turns them into readings and problems of cases. How images are localized
is `app.desk.background`'s; who shows the progress is told by signals. Knows no Qt.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from psygnal import Signal

from app.desk.crew_plan import plan_crew
from app.desk.desk import Desk
from app.desk.events import Advanced, Done, Event, Failed, Overall, Started
from core.base.errors import AppError
from core.images.formats import FLAT_SUFFIXES
from core.images.listing import image_at
from core.models.image_task import ImageAnswer, ImageTask
from core.project.cases import Case, CaseQuery, CaseState, Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.values.image import SpacingSource

if TYPE_CHECKING:
    from app.desk.background import Background
    from core.project.store import Project

_OUTSIDE_THE_IMAGE = frozenset({SpacingSource.PERSON, SpacingSource.LANDMARK_FILE})
"""Pixel sizes that the image itself does not know."""
_OPEN_CASE = 1
"""Priority of the case that a person looks at."""


class Posts(Protocol):
    """What calls functions in the main thread; `app.session.jobs.Jobs` does."""

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the main thread, soon; from any thread."""


@dataclass(frozen=True)
class Running:
    """How far one case is: the fraction in [0, 1], and what is being done."""

    fraction: float = 0.0
    doing: str = ""


@dataclass(frozen=True)
class _Key:
    """What the background calls a case; the round tells apart what was asked for before everything was cancelled."""

    round: int
    case_id: int


class CaseLocalization:
    """Localizes cases.

    Parameters
    ----------
    desk
        Whose cases, and where the answers go.
    jobs
        What leads back to the main thread.
    make_background
        Makes the background, given who gets its events; called when there is something to do first.

    Attributes
    ----------
    overall
        How far all of it is.
    running
        The cases that are being localized now.
    waiting
        Cases that are to be localized, those that run included.
    failures
        What went wrong with which case, in sentences, since the program started.
    """

    changed = Signal()
    """Something has begun, goes on or has ended."""
    pictured = Signal(int, object)
    """A small picture of a case came along: its number, ``(rows, columns)`` uint8."""
    localized = Signal(int, object)
    """A case was localized: its number and the `ImageAnswer`."""

    def __init__(
        self, desk: Desk, jobs: Posts, make_background: "Callable[[Callable[[Event], None]], Background] | None" = None
    ) -> None:
        self._desk = desk
        self._jobs = jobs
        self._make = make_background or _make_background
        self._background: Background | None = None
        self.overall = Overall()
        self.running: dict[int, Running] = {}
        self.waiting: set[int] = set()
        self.failures: dict[int, str] = {}
        self._round = 0
        self._model: Callable[[int], Path | None] = lambda _: None
        desk.project_changed.connect(self._begin)
        desk.current_changed.connect(self._prefer_current)

    @property
    def paused(self) -> bool:
        """Whether nothing further is begun."""
        return self.overall.paused

    def use_models(self, model: Callable[[int], Path | None]) -> None:
        """Localize with the models that a person chose: given the rank of an image, the file; None for the bundled one."""
        self._model = model

    def localize(self, case_ids: Sequence[int]) -> None:
        """Have cases localized, in this order; those that wait already stay where they are. What a person did stays."""
        wanted = [id_ for id_ in case_ids if id_ not in self.waiting]
        if not wanted:
            return
        self.waiting.update(wanted)
        self.changed.emit()
        round_ = self._round
        self._desk.ask(
            lambda project: _tasks(project, wanted, self._model),
            lambda prepared: self._submit(round_, wanted, prepared),
            lambda error: self._give_up(wanted, error),
        )

    def localize_new(self) -> None:
        """Have all cases localized that nobody has read."""
        query = CaseQuery(states=frozenset({CaseState.NEW}), excluded=False)
        self._desk.ask(lambda project: project.case_ids(query), self.localize)

    def retry(self, case_ids: Sequence[int] | None = None) -> None:
        """Try cases again that have failed; all of them where omitted."""
        again = [id_ for id_ in (self.failures if case_ids is None else case_ids) if id_ in self.failures]
        for id_ in again:
            del self.failures[id_]
        self.localize(again)

    def retry_problems(self) -> None:
        """Try all cases of the project again that have a problem, of earlier days, too."""
        query = CaseQuery(states=frozenset({CaseState.PROBLEM}), excluded=False)

        def again(ids: list[int]) -> None:
            for id_ in ids:
                self.failures.pop(id_, None)
            self.localize(ids)

        self._desk.ask(lambda project: project.case_ids(query), again)

    def pause(self) -> None:
        """Begin no further case."""
        if self._background is not None:
            self._background.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._background is not None:
            self._background.resume()

    def cancel(self) -> None:
        """Leave all that waits and runs."""
        self._round += 1
        self.waiting.clear()
        self.running.clear()
        self.overall = Overall()
        if self._background is not None:
            self._background.cancel_all()
            self._background.resume()
        self.changed.emit()

    def close(self) -> None:
        """End the background and its processes."""
        if self._background is not None:
            self._background.close()
            self._background = None

    # From here on it is about what comes back

    def _begin(self) -> None:
        """Another project lies on the desk: what was found for the cases of the last one is no longer wanted."""
        self.failures.clear()
        if self.waiting:
            self.cancel()
        self.changed.emit()

    def _prefer_current(self) -> None:
        current = self._desk.current
        if self._background is not None and current is not None and current in self.waiting:
            self._background.prioritise(_Key(self._round, current), _OPEN_CASE)

    def _submit(self, round_: int, wanted: Sequence[int], prepared: "_Prepared") -> None:
        if round_ != self._round:
            return
        self.waiting.difference_update(set(wanted) - {id_ for id_, _ in prepared.tasks})
        for id_, sentence in prepared.problems.items():
            self._fail(id_, sentence)
        if prepared.tasks:
            if self._background is None:
                self._background = self._make(lambda event: self._jobs.post(partial(self._hear, event)))
            self._background.submit([(_Key(round_, id_), task) for id_, task in prepared.tasks])
            self._prefer_current()
        self.changed.emit()

    def _give_up(self, wanted: Sequence[int], error: AppError) -> None:
        self.waiting.difference_update(wanted)
        self._desk.refused.emit(error)
        self.changed.emit()

    def _hear(self, event: Event) -> None:
        """Take an event; those of a round that was cancelled mean nothing any more."""
        if isinstance(event, Overall):
            self.overall = event if self.waiting else Overall(done=event.done, failed=event.failed)
            self.changed.emit()
            return
        if not isinstance(event.key, _Key) or event.key.round != self._round:
            return
        case_id = event.key.case_id
        if isinstance(event, Started):
            self.running[case_id] = Running()
        elif isinstance(event, Advanced):
            self.running[case_id] = Running(event.fraction, event.doing)
        else:
            self.running.pop(case_id, None)
            self.waiting.discard(case_id)
            if isinstance(event, Done):
                self._keep(case_id, event.answer)
            elif isinstance(event, Failed):
                self._fail(case_id, event.sentence)
        self.changed.emit()

    def _keep(self, case_id: int, answer: ImageAnswer) -> None:
        """Keep an answer as a reading of its model, which replaces nothing that a person did."""
        reading = reading_of(case_id, answer)

        def write(project: "Project") -> None:
            with project.transaction():
                project.set_case_image(case_id, reading.geometry, answer.source.sha256)
                project.save_reading(reading)
                project.update_case(case_id, problem="")

        self.failures.pop(case_id, None)
        self._desk.change(write, lambda _: self._desk.case_changed.emit(case_id))
        self.pictured.emit(case_id, answer.thumbnail)
        self.localized.emit(case_id, answer)

    def _fail(self, case_id: int, sentence: str) -> None:
        self.failures[case_id] = sentence
        self._desk.update_case(case_id, problem=sentence)


def reading_of(case_id: int, answer: ImageAnswer) -> Reading:
    """Return what a model said about a case."""
    geometry = Geometry(answer.grid, answer.source.spacing_source)
    return Reading(
        case_id, Reader(answer.model, ReaderKind.MODEL), answer.landmarks, geometry, seconds=answer.elapsed_s
    )


@dataclass(frozen=True)
class _Prepared:
    """What is to be done, and what cannot be."""

    tasks: list[tuple[int, ImageTask]]
    problems: dict[int, str]


def _tasks(project: "Project", case_ids: Sequence[int], model: Callable[[int], Path | None]) -> _Prepared:
    """Return the tasks of cases; in a job, since the series of a folder have to be looked for."""
    tasks, problems = [], {}
    for case in project.cases(case_ids):
        try:
            tasks.append((case.id, _task(case, model)))
        except AppError as error:
            problems[case.id] = str(error)
    return _Prepared(tasks, problems)


def _task(case: Case, model: Callable[[int], Path | None]) -> ImageTask:
    image = image_at(case.path, case.series)
    spacing_mm = None
    source = SpacingSource.PERSON
    if case.geometry is not None and case.geometry.spacing_source in _OUTSIDE_THE_IMAGE:
        source = case.geometry.spacing_source
        spacing_mm = tuple(case.geometry.grid.spacing_mm.tolist())
    chosen = model(case.geometry.grid.ndim) if case.geometry is not None else model(2) if _is_flat(case.path) else None
    return ImageTask(image.path, image.series, spacing_mm=spacing_mm, spacing_source=source, model=chosen)


def _is_flat(path: Path) -> bool:
    """Tell whether an image that nobody has read is one of two axes for sure; what else it is, its bundled model knows."""
    return path.name.lower().endswith(FLAT_SUFFIXES)


def failures_by_sentence(failures: dict[int, str]) -> list[tuple[str, int]]:
    """Return each sentence and how many cases it was said of, the most frequent first."""
    return Counter(failures.values()).most_common()


def _make_background(on_event: Callable[[Event], None]) -> "Background":
    """Leave the window a core, and let it go first."""
    from app.desk.background import Background

    return Background(on_event, plan_crew(spare_cores=1, considerate=True))
