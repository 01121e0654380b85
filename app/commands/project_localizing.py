"""What ``cairn project localize`` does: has the cases of a project localized in child processes, and keeps each answer at once.

What is done is in the project: whoever stops it, or kills it, goes on by giving the same command again.
"""

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from app.desk.background import Background
from app.desk.crew_plan import plan_crew
from app.desk.events import Done, Event, Failed, Overall
from core.base.errors import AppError
from core.images.listing import image_at
from core.models.image_task import ImageAnswer, ImageTask
from core.project.cases import Case, CaseQuery, Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project

_POLL_S = 0.5
"""How long a wait may keep Ctrl-C from being heard."""


@dataclass(frozen=True)
class Request:
    """What to localize and how.

    Attributes
    ----------
    workers
        How many child processes; None for what the computer carries.
    model
        A model file; None for the bundled one of each image's rank.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    again
        Whether cases are localized that a model has localized already.
    """

    workers: int | None = None
    model: Path | None = None
    device: str = "auto"
    again: bool = False


@dataclass
class Report:
    """What became of the cases."""

    localized: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def localize_cases(
    project: Project, cases: Sequence[Case], request: Request, report: Report, on_progress: Callable[[Overall], None]
) -> None:
    """Localize cases and keep what is found; a failure costs one case.

    Parameters
    ----------
    project
        Where the answers go, each in a transaction of its own.
    cases
        Which.
    request
        How.
    report
        Filled as it goes, so that it is right also when a person interrupts.
    on_progress
        Told how far everything is.

    Raises
    ------
    ModelFileError
        The model cannot be loaded, so that every image would fail.
    ProjectError
        An answer cannot be kept; what was kept before stays.
    """
    tasks = []
    for case in cases:
        try:
            tasks.append((case.id, task_of(case, request)))
        except AppError as error:
            _fail(project, case, str(error), report)
    if not tasks:
        return
    if request.model is not None:
        from core.models.file import load_model  # torch takes seconds

        load_model(request.model)  # says at once what would be said of every image
    by_id = {case.id: case for case in cases}
    with _Events(request) as events:
        events.background.submit(tasks)
        left = {key for key, _ in tasks}
        while left:
            event = events.next()
            if isinstance(event, Overall):
                on_progress(event)
            elif isinstance(event, Done) and event.key in left:
                left.discard(event.key)
                keep(project, event.key, event.answer)
                report.localized += 1
            elif isinstance(event, Failed) and event.key in left:
                left.discard(event.key)
                _fail(project, by_id[event.key], event.sentence, report)


class _Events:
    """The background for as long as it works, and what it says, one event after the other."""

    def __init__(self, request: Request) -> None:
        self._said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.background = Background(self._said.put, plan_crew(request.workers))

    def __enter__(self) -> "_Events":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.background.close()

    def next(self) -> Event:
        """Wait for the next event; Ctrl-C is heard meanwhile on every system."""
        while True:
            try:
                return self._said.get(timeout=_POLL_S)
            except queue.Empty:
                continue


def cases_to_localize(project: Project, model_reader: str, *, again: bool) -> list[Case]:
    """Return the cases that are to be localized: none that is excluded or done, nor one that has its answer.

    Parameters
    ----------
    project
        The project.
    model_reader
        Only the answer of the model of that name counts; empty for any model's.
    again
        Whether those that have their answer are localized again.
    """
    models = [reader for reader in project.readers() if reader.kind is ReaderKind.MODEL]
    counting = [reader for reader in models if not model_reader or reader.name == model_reader]
    answered = set() if again else {reading.case_id for reader in counting for reading in project.readings_of(reader)}
    ids = project.case_ids(CaseQuery(excluded=False))
    return [case for case in project.cases([id_ for id_ in ids if id_ not in answered]) if not case.done]


def task_of(case: Case, request: Request) -> ImageTask:
    """Return what a child process is to do for a case; `ImageReadError` where its DICOM series is gone."""
    image = image_at(case.path, case.series)
    task = ImageTask(image.path, image.series, model=request.model, device=request.device)
    geometry = case.geometry
    if geometry is None or not geometry.spacing_source.is_outside_the_file:
        return task
    spacing_mm = tuple(geometry.grid.spacing_mm.tolist())
    return replace(task, spacing_mm=spacing_mm, spacing_source=geometry.spacing_source)


def keep(project: Project, case_id: int, answer: ImageAnswer) -> None:
    """Keep what was found in an image, beside what persons said of it."""
    geometry = Geometry(answer.grid, answer.source.spacing_source)
    reading = Reading(case_id, Reader(answer.model, ReaderKind.MODEL), answer.landmarks, geometry)
    with project.transaction():
        project.set_case_image(case_id, geometry, answer.source.sha256)
        project.save_reading(reading, "Find landmarks")
        if project.case(case_id).problem:
            project.update_case(case_id, problem="")


def _fail(project: Project, case: Case, sentence: str, report: Report) -> None:
    project.update_case(case.id, problem=sentence)
    report.failures.append((case.name, sentence))
