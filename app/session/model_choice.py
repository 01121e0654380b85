"""By which models the desk's project is localized: what a person decides about them, and which they trust.

Asks and changes the project through the desk, in jobs and in its writer; opens no file in the main thread. What follows for the
images is told by `changed`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from app.desk.desk import Desk
from app.desk.project_model import digest_of, file_of, model_in_use
from app.desk.trusted_models import TrustedModels
from app.session.jobs import Jobs
from app.session.landmark_search import ChosenModel, Model, model_for
from app.session.questions import Questions
from core.base.errors import AppError, ModelFileError, ProjectError
from core.base.files import reason_of
from core.models.bundled import bundled_models
from core.project.models import ProjectModel
from core.project.paths import models_folder

if TYPE_CHECKING:
    from core.project.store import Project


@dataclass(frozen=True)
class KnownModels:
    """The models that can be localized by in a project.

    Attributes
    ----------
    models
        Those of the project, the first one first.
    in_use
        The digest of the one in use, by rank; a rank that is not there is localized by what comes with Cairn.
    missing
        Why the file of a model cannot be used, by digest.
    bundled
        What the models are called that come with Cairn, by rank.
    bundled_titles
        The same, by digest.
    """

    models: tuple[ProjectModel, ...]
    in_use: dict[int, str]
    missing: dict[str, str]
    bundled: dict[int, str]
    bundled_titles: dict[str, str]

    def title_of(self, sha256: str) -> str:
        """Return what a model is called, empty where nobody knows it."""
        return next((one.name for one in self.models if one.sha256 == sha256), self.bundled_titles.get(sha256, ""))


class ModelChoice:
    """Decides about models.

    Parameters
    ----------
    desk, jobs, questions
        Whose project, who works, and who is told what is wrong.
    forget_choice
        Gives up what was chosen in this window only, since the project says it from now on.
    remembered
        Gives the models that were chosen at earlier starts, by rank.

    Attributes
    ----------
    trusted
        Which files a person trusts.
    """

    changed = Signal(int, object)
    """Images of a rank are localized by another model: its file and what it says of itself, or why there is none."""
    listed_anew = Signal()
    """The project knows other models, or other things of them."""

    def __init__(
        self,
        desk: Desk,
        jobs: Jobs,
        questions: Questions,
        *,
        forget_choice: Callable[[], object],
        remembered: Callable[[], dict[int, ChosenModel]],
    ) -> None:
        self.trusted = TrustedModels(None)
        self._desk = desk
        self._jobs = jobs
        self._questions = questions
        self._forget_choice = forget_choice
        self._remembered = remembered

    def ask_known(self, on_known: Callable[[KnownModels], object]) -> None:
        """Find out which models there are."""
        self._desk.ask(_known, on_known)

    def use(self, model: ProjectModel) -> None:
        """Localize by a model of the project from now on; who says so trusts it."""

        def used(_: object) -> None:
            self._forget_choice()
            self._tell(model.ndim)

        self.trust(model, lambda: self._desk.change(lambda project: project.models.use(model.sha256), used))

    def go_back(self, ndim: int) -> None:
        """Localize images of a rank by what is used where a project names no model."""

        def gone(_: object) -> None:
            self._forget_choice()
            self._tell(ndim)

        self._desk.change(lambda project: project.models.use_none(ndim), gone)

    def keep(self, model: ProjectModel) -> None:
        """Keep a model for later."""
        self._desk.change(lambda project: project.models.keep(model.sha256), lambda _: self.listed_anew.emit())

    def discard(self, model: ProjectModel) -> None:
        """Forget a model and remove its file; of one that is in use the next best is used from then on."""

        def discarded(was_used: bool) -> None:
            if was_used:
                self._tell(model.ndim)
            self.listed_anew.emit()

        self._desk.change(lambda project: _discard(project, model), discarded)

    def trust(self, model: ProjectModel, then: Callable[[], None]) -> None:
        """Trust a model from now on, and then go on."""

        def failed(error: AppError) -> None:
            self._questions.show_error(error)
            if self.trusted.knows_now(model.sha256):
                then()

        self._jobs.run(self.trusted.trust, model.sha256, on_result=lambda _: then(), on_error=failed, may_stall=True)

    def _tell(self, ndim: int) -> None:
        trusted, remembered = self.trusted, self._remembered()
        self._desk.ask(
            lambda project: _model(project, ndim, trusted, remembered.get(ndim)),
            lambda model: self.changed.emit(ndim, model),
        )
        self.listed_anew.emit()


def _model(project: "Project", ndim: int, trusted: TrustedModels, remembered: ChosenModel | None) -> Model | AppError:
    try:
        return model_for(ndim, None, remembered, of_project=lambda ndim: model_in_use(project, ndim, trusted))
    except AppError as error:
        return error


def _known(project: "Project") -> KnownModels:
    models = tuple(project.models.all())
    used = [(ndim, project.models.in_use(ndim)) for ndim in (2, 3)]
    in_use = {ndim: model.sha256 for ndim, model in used if model is not None}
    missing = {}
    for model in models:
        try:
            file_of(project, model)
        except AppError as error:
            missing[model.sha256] = str(error)
    comes_along = bundled_models()
    bundled: dict[int, str] = {info.ndim: info.title for info in reversed(comes_along.values())}
    return KnownModels(
        models, in_use, missing, bundled, {digest_of(path): info.title for path, info in comes_along.items()}
    )


def _discard(project: "Project", model: ProjectModel) -> bool:
    """Forget a model, then remove its file where it lies beside this project; tell whether it was in use."""
    used = project.models.in_use(model.ndim)
    path: Path | None = None
    with suppress(ModelFileError):  # it is gone, or another file by now
        path = file_of(project, model)
    project.models.remove(model.sha256)
    try:
        if path is not None and path.parent == models_folder(project.path):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ProjectError(
            f"{model.name} is forgotten, but its file {path} cannot be removed ({reason_of(error)}).",
            "Remove it yourself.",
        ) from error
    return used is not None and used.sha256 == model.sha256
