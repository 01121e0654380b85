"""Finds the landmarks of the project's other cases while a person works on one, and keeps the answers as readings of the model.

Hands tasks to `app.desk.background` and brings what it says into the main thread. What a person has said is never touched.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.case_tasks import keep, likely_ndim, note_image, size_where_unknown_mm, task_of
from app.desk.desk import Desk
from app.desk.project_model import model_in_use
from app.desk.trusted_models import TrustedModels
from app.session.jobs import Jobs
from app.session.landmark_search import ChosenModel, Model, model_for
from core.base.errors import AppError
from core.models.bundled import bundled_models, is_bundled
from core.project.cases import CaseQuery, CaseState
from core.values.doubt import recognises_nothing

if TYPE_CHECKING:
    from app.desk.background import Background
    from app.desk.events import Event, Overall
    from core.models.image_task import ImageAnswer, ImageTask
    from core.project.store import Project

FIRST = 1
"""Priority of the case that a person looks at."""


@dataclass(frozen=True)
class Choice:
    """Which model a person chose for images of each rank, and which files they trust.

    Attributes
    ----------
    chosen, remembered
        Of this window, and of earlier starts by rank; as in `model_for`.
    trusted
        What a project may name.
    """

    chosen: Path | None
    remembered: Mapping[int, ChosenModel]
    trusted: TrustedModels

    def of(self, ndim: int, project: "Project") -> Model | AppError:
        """Return the model for images of a rank, or why there is none; in a job."""
        try:
            return model_for(
                ndim, self.chosen, self.remembered.get(ndim),
                of_project=lambda ndim: model_in_use(project, ndim, self.trusted),
            )  # fmt: skip
        except AppError as error:
            return error


class BackgroundSearch:
    """Localizes cases.

    Parameters
    ----------
    desk
        Whose cases, and where the answers are kept.
    jobs
        What brings events to the main thread.
    models
        Gives which models a person chose.
    make
        Makes what does the work, given who hears of it; nothing is localized in the background where omitted.

    Attributes
    ----------
    overall
        How far everything is, None before anything was begun.
    under_way
        The cases that are worked on, each with the fraction that is done.
    """

    progress_changed = Signal()
    """`overall` or `under_way` has changed."""
    answered = Signal(int, object)
    """The landmarks of a case were found: its number and the `ImageAnswer`."""

    def __init__(
        self,
        desk: Desk,
        jobs: Jobs,
        models: Callable[[], Choice],
        make: Callable[[Callable[["Event"], None]], "Background"] | None,
    ) -> None:
        self.overall: Overall | None = None
        self.under_way: dict[int, float] = {}
        self._desk = desk
        self._jobs = jobs
        self._models = models
        self._make = make
        self._background: Background | None = None
        self._asked_for: set[int] = set()
        self._left_to_window: set[int] = set()
        self._infos: dict[int, Model] = {}
        self._asking = False
        self._again = False
        desk.project_changed.connect(self._start_anew)

    # What is asked for

    def localize_new(self) -> None:
        """Localize every case that nobody has read yet and that was not asked for before."""
        if self._make is None or not self._desk.keeps_work:
            return
        if self._asking:
            self._again = True
            return
        self._asking = True
        models = self._models()
        self._desk.ask(
            partial(
                _new_tasks,
                models=models,
                but=frozenset(self._asked_for | self._left_to_window),
                current=self._desk.current,
            ),
            self._submit,
            lambda _: self._submit(({}, {})),
        )

    def look_again(self) -> None:
        """Localize the new cases by what is wanted of them now, once the project knows it; not by what was wanted before."""
        if self._background is None or not self._desk.keeps_work:
            return
        self.cancel()
        self._asked_for.clear()
        self._desk.change(lambda _: None, lambda _: self.localize_new())

    def localize(self, case_ids: Collection[int]) -> None:
        """Localize cases, whatever was said about them before; what a person has said stays."""
        if self._make is None or not self._desk.keeps_work:
            return
        models = self._models()
        self._desk.ask(partial(_tasks_of, models=models, case_ids=tuple(case_ids)), self._submit)

    def _submit(self, found: "tuple[dict[int, ImageTask], dict[int, Model]]") -> None:
        tasks, infos = found
        tasks = {case_id: task for case_id, task in tasks.items() if case_id not in self._left_to_window}
        self._asking = False
        self._infos.update(infos)
        if tasks and self._make is not None:
            if self._background is None:
                self._background = self._make(self._hear)
            self._asked_for.update(tasks)
            self._background.submit(tasks.items())
        if self._again:
            self._again = False
            self.localize_new()

    def localize_again(self) -> None:
        """Localize every case anew about which no person has said anything, since another model is in use."""
        if self._make is None or not self._desk.keeps_work:
            return
        self.cancel()
        self._left_to_window.clear()
        models = self._models()
        self._desk.ask(partial(_untouched_tasks, models=models, current=self._desk.current), self._submit)

    def leave_to_window(self, case_id: int) -> None:
        """Take a case off the list, since its landmarks are found in the window."""
        if self._background is not None and case_id in self._asked_for:
            self._background.cancel(case_id)
        self._left_to_window.add(case_id)

    def take_back(self, case_id: int) -> None:
        """Localize a case after all that was left to the window, and is left before it was found there."""
        self._asked_for.discard(case_id)
        self._left_to_window.discard(case_id)
        self.localize_new()

    def pause(self) -> None:
        """Begin no further case."""
        if self._background is not None:
            self._background.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._background is not None:
            self._background.resume()

    def cancel(self) -> None:
        """Take everything off the list; it can be asked for again."""
        if self._background is not None:
            self._background.cancel_all()

    def retry(self, case_ids: Collection[int] | None = None) -> None:
        """Try cases again that have failed; all of them where omitted."""
        if self._background is not None:
            self._background.retry(None if case_ids is None else list(case_ids))

    def close(self) -> None:
        """End all processes; takes a fraction of a second."""
        background, self._background = self._background, None
        if background is not None:
            background.close()

    def _start_anew(self) -> None:
        if self._desk.goes_on:
            return
        self._asked_for.clear()
        self._left_to_window.clear()
        self.under_way.clear()
        self.overall = None
        background, self._background = self._background, None
        if background is not None:
            self._jobs.run(background.close, on_result=lambda _: None, on_error=lambda _: None)
        self.progress_changed.emit()

    # What is heard

    def _hear(self, event: "Event") -> None:
        """Take what happened, in the background's thread, to the main one."""
        self._jobs.post(partial(self._take, self._desk.project, event))

    def _take(self, project: "Project | None", event: "Event") -> None:
        from app.desk import events

        if project is not self._desk.project and not self._desk.goes_on:
            return
        if isinstance(event, events.Overall):
            self.overall = event
        elif isinstance(event, events.Started | events.Advanced) and isinstance(event.key, int):
            self.under_way[event.key] = event.fraction if isinstance(event, events.Advanced) else 0.0
        elif isinstance(event.key, int):
            self.under_way.pop(event.key, None)
            if isinstance(event, events.Done):
                self._keep(event.key, event.answer)
            elif isinstance(event, events.Failed):
                self._desk.update_case(event.key, problem=event.sentence)
        self.progress_changed.emit()

    def _keep(self, case_id: int, answer: "ImageAnswer") -> None:
        """Keep an answer, unless the model can hardly know such an image."""
        model = self._infos.get(answer.grid.ndim)
        info = None if model is None else model[1]
        knows = info is None or not answer.source.spacing_known or not info.doubt_about(answer.grid.spacing_mm.tolist())
        if model is not None and is_bundled(model[0]) and recognises_nothing(answer.landmarks):
            knows = False  # the image shows something else
        kept = partial(keep, info=info) if knows else note_image
        self._desk.change(
            partial(kept, case_id=case_id, answer=answer), lambda _: self._desk.case_changed.emit(case_id)
        )
        if knows:
            self.answered.emit(case_id, answer)


def _new_tasks(
    project: "Project", *, models: Choice, but: frozenset[int], current: int | None
) -> "tuple[dict[int, ImageTask], dict[int, Model]]":
    """Return what to do for the cases that nobody has read, the nearest ones behind the open one first; in a job."""
    new = project.case_ids(CaseQuery(states=frozenset({CaseState.NEW}), excluded=False))
    wanted = [case_id for case_id in new if case_id not in but and case_id != current]
    if current is not None:
        wanted.sort(key=lambda case_id: (case_id < current, case_id))
    return _tasks_of(project, models=models, case_ids=wanted)


def _untouched_tasks(
    project: "Project", *, models: Choice, current: int | None
) -> "tuple[dict[int, ImageTask], dict[int, Model]]":
    """Return what to do for the cases of which only models have spoken, the nearest ones behind the open one first; in a job."""
    states = frozenset({CaseState.NEW, CaseState.LOCALIZED})
    wanted = [case_id for case_id in project.case_ids(CaseQuery(states=states, excluded=False)) if case_id != current]
    if current is not None:
        wanted.sort(key=lambda case_id: (case_id < current, case_id))
    return _tasks_of(project, models=models, case_ids=wanted)


def _tasks_of(
    project: "Project", *, models: Choice, case_ids: Iterable[int]
) -> "tuple[dict[int, ImageTask], dict[int, Model]]":
    """Return what to do for cases, and with which models; in a job."""
    found = {ndim: models.of(ndim, project) for ndim in (2, 3)}
    infos = {ndim: model for ndim, model in found.items() if not isinstance(model, AppError)}
    # A bundled model is found by the rank that the image turns out to have, which is not known of all.
    bundled = set(bundled_models()) - {models.chosen, *(model.path for model in models.remembered.values())}
    marked = {ndim: project.scheme(ndim) for ndim in (2, 3)}
    tasks, where_unknown_mm = {}, size_where_unknown_mm(project)
    for case in project.cases(list(case_ids)):
        ndim = likely_ndim(case)
        model, scheme = infos.get(ndim), marked[ndim]
        if model is None or (scheme is not None and not set(scheme.names) & set(model[1].landmarks)):
            continue  # it is marked by hand
        with suppress(AppError):  # opening it says why
            tasks[case.id] = task_of(case, None if model[0] in bundled else model[0], where_unknown_mm=where_unknown_mm)
    return tasks, infos
