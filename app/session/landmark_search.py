"""Finds the landmarks of the open image in the background, with the model that fits it or the one a person chose.

Knows which model that is; `localization` applies it, in another thread. No model file is opened in the main thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from app.desk.project_model import UntrustedModel
from app.session.document import Document
from app.session.editor import Editor
from app.session.jobs import Job, Jobs
from app.session.questions import Questions
from app.session.shown_job import ShownJob
from app.session.view_state import MessageAction, ViewState
from core.base.errors import AppError, InferenceError, ModelFileError
from core.models.bundled import bundled_model_for, is_bundled
from core.models.metadata import ModelInfo, read_model_info
from core.project.models import ProjectModel
from core.values.doubt import recognises_nothing
from core.values.image import Image
from core.values.prediction import Prediction

Model = tuple[Path, ModelInfo]
"""A model file and what it says about itself."""


@dataclass(frozen=True)
class ChosenModel:
    """A model file that a person agreed to use, as it was then: one that has changed since may hold other code.

    Attributes
    ----------
    path
        The file.
    size, changed_ns
        Its bytes, and when it was written.
    """

    path: Path
    size: int
    changed_ns: int

    @classmethod
    def now(cls, path: Path) -> "ChosenModel":
        """Return a file as it is now; `OSError` where it is not there."""
        found = path.stat()
        return cls(path, found.st_size, found.st_mtime_ns)


_KINDS = {2: "2D images", 3: "volumes"}


BY_HAND = "You can place landmarks by hand: press P and click."
"""What a person can do where no model can."""


class LandmarkSearch:
    """Finds landmarks.

    Parameters
    ----------
    document, editor, view_state
        Where the answer goes.
    jobs, questions
        Who works, and who is asked.
    shown_job
        Tells how far a job is.
    localize
        What finds landmarks; runs in a worker thread.
    chosen
        Model file to use in place of the bundled ones.

    Attributes
    ----------
    chosen
        The model file a person chose, None where the bundled ones serve.
    remembered
        The model files that a person chose at earlier starts, by the rank of their images.
    model_chosen
        Emitted with rank and file when a person has chosen a model.
    trust
        What is done where a person says that they trust a model of the project.
    new_scheme
        Lets a person name landmarks of their own.
    """

    model_chosen = Signal(int, ChosenModel)

    def __init__(
        self,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        jobs: Jobs,
        questions: Questions,
        shown_job: ShownJob,
        localize: Callable[..., Prediction],
        chosen: Path | None,
    ) -> None:
        self.chosen = chosen
        self.remembered: dict[int, ChosenModel] = {}
        self.trust: Callable[[ProjectModel], object] = lambda _: None
        self.new_scheme: Callable[[], object] = lambda: None
        self._document = document
        self._editor = editor
        self._view = view_state
        self._jobs = jobs
        self._questions = questions
        self._localize = localize
        self._shown = shown_job
        self._model: Model | AppError = ModelFileError("No image is open.")
        self._said = ""
        self._job: Job | None = None
        document.image_changed.connect(self.stop)

    @property
    def running(self) -> bool:
        """Whether a search runs that nobody has cancelled."""
        return self._job is not None

    def use(self, model: Model | AppError) -> None:
        """Take what `model_for` found for the open image; what was said of another model no longer holds."""
        self._model = model
        self._view.take_back(self._said)
        self._said = ""

    def start(self, *, asked: bool = True) -> None:
        """Find the landmarks; where no model fits, say so and let the person place them.

        Where nobody has ``asked`` for them, the answer of a model that comes with Cairn is not shown if it recognises nothing.
        """
        image = self._document.image
        if image is None:
            return
        self.stop()
        if isinstance(self._model, AppError):
            self._say_no_model(self._model)
            return
        path, info = self._model
        scheme = self._document.scheme
        if scheme is not None and not set(scheme.names) & set(info.landmarks):
            self._say_of_model(f"{info.title} finds none of the landmarks of “{scheme.title}”. {BY_HAND}")
            return
        revision = self._document.revision

        def localized(prediction: Prediction) -> None:
            if revision != self._document.revision:
                return
            if not asked and is_bundled(path) and recognises_nothing(prediction.landmarks):
                self._say_unrecognised(prediction, info)
            else:
                self._take(prediction, info)

        def ended() -> None:
            if self._job is job:
                self._job = None
            self._shown.hide(job)

        job = self._jobs.run(
            self._localize,
            image,
            path,
            on_result=localized,
            on_error=self._questions.show_error,
            on_progress=lambda fraction, text: self._shown.show(job, text, fraction),
            on_end=ended,
        )
        self._job = job
        self._shown.show(job, "Starting up")

    def _say_unrecognised(self, prediction: Prediction, info: ModelInfo) -> None:
        """Force nothing on an image of something else, and say how to go on."""
        revision = self._document.revision

        def show() -> None:
            if revision == self._document.revision:
                self._take(prediction, info)

        self._say_of_model(
            f"{info.title} recognises nothing in this image. To mark landmarks of your own, give them names in a scheme.",
            [MessageAction("&New scheme…", self.new_scheme), MessageAction("&Show what it found", show)],
        )

    def _say_no_model(self, error: AppError) -> None:
        actions = []
        if isinstance(error, UntrustedModel):
            actions = [MessageAction("&Trust and use it", lambda: self.trust(error.model))]
        self._say_of_model(f"{error} {BY_HAND}", actions)

    def _say_of_model(self, text: str, actions: Sequence[MessageAction] = ()) -> None:
        """Say what holds as long as this model is the one that is used."""
        self._said = text
        self._view.say(text, actions=actions)

    def forget_choice(self) -> None:
        """Give up what was chosen in this window: the project says from now on what finds landmarks."""
        self.chosen = None

    @property
    def model(self) -> Model | AppError:
        """What finds the landmarks of the open image."""
        return self._model

    def stop(self) -> None:
        """Drop a search that runs; its answer would be for another image or another pixel size."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def cancel(self, job: Job) -> bool:
        """Stop at a person's wish where ``job`` is the search that runs; tell whether it is."""
        if job is not self._job:
            return False
        self.stop()
        progress = self._view.progress
        self._shown.show(job, "Cancelling", -1.0 if progress is None else progress.fraction, cancellable=False)
        again = MessageAction("&Find landmarks", self.start)
        self._view.say("The search for landmarks was cancelled.", is_warning=False, actions=[again])
        return True

    def ask_model(self) -> None:
        """Ask for a model file, show what it says about itself, and find the landmarks with it."""
        path = self._questions.model_path()
        if path is None:
            return
        self._jobs.run(
            _read_choice,
            path,
            on_result=lambda read: self._choose((path, read[0]), read[1]),
            on_error=self._questions.show_error,
            may_stall=True,
        )

    def _choose(self, model: Model, choice: ChosenModel) -> None:
        path, info = model
        image = self._document.image
        try:
            if image is not None:
                _require_rank(info, image.ndim)
        except InferenceError as error:
            self._questions.show_error(error)
            return
        if self._questions.accepts_model(info, path):
            self.chosen = path
            self.remembered[info.ndim] = choice
            self.model_chosen.emit(info.ndim, choice)
            self._model = model
            self._view.messages = ()
            self.start()

    def _take(self, prediction: Prediction, info: ModelInfo) -> None:
        self._editor.apply_prediction(prediction, info)
        self._view.stage = min(self._view.stage, len(prediction.fields) - 1)
        for warning in prediction.warnings:
            if warning != info.assumed_spacing:  # a message of its own, with buttons, says that
                self._view.say(warning)


def _read_choice(path: Path) -> tuple[ModelInfo, ChosenModel]:
    info = read_model_info(path)
    return info, ChosenModel.now(path)


def model_for(
    ndim: int,
    chosen: Path | None,
    remembered: ChosenModel | None = None,
    *,
    of_project: Callable[[int], Path | None] = lambda _: None,
) -> Model:
    """Return the model for images of ``ndim`` axes; in a job.

    What was chosen in this window goes before what its project is localized by, that before what was chosen at earlier starts;
    the bundled one comes last.

    Raises
    ------
    ModelFileError, InferenceError
        There is none, it cannot be read, the one ``chosen`` is for other images, or the one ``remembered`` has changed.
    ProjectError
        The project does not answer.
    """
    chosen = chosen or of_project(ndim)
    if chosen is None and remembered is not None:
        chosen = _unchanged(remembered)
    try:
        path = chosen or bundled_model_for(ndim)
    except ModelFileError as error:
        raise ModelFileError(error.message, _hint_to_choose(ndim)) from error
    info = read_model_info(path)
    _require_rank(info, ndim)
    return path, info


def _unchanged(model: ChosenModel) -> Path:
    """Return the file of a model that a person agreed to, if it is still the same file."""
    try:
        is_same = ChosenModel.now(model.path) == model
    except OSError:
        is_same = False
    if not is_same:
        raise ModelFileError(
            f"The model {model.path.name} that you chose last has changed or is gone.",
            "Choose it again, or another one, with “Choose model…” in the File menu.",
        )
    return model.path


def too_small_for(image: Image, model: Model | AppError) -> str:
    """Say why an image can hold nothing for a model, since it is smaller than one of its patches; empty where it can."""
    if isinstance(model, AppError):
        return ""
    assumed_mm = [model[1].training_spacing_mm] * image.ndim
    spacing_mm = image.grid.spacing_mm.tolist() if image.source.spacing_known else assumed_mm
    return model[1].too_small(image.grid.shape, spacing_mm)


def doubt_about(image: Image, model: Model | AppError) -> str:
    """Say why a model can hardly know such an image; empty where it can, or where that cannot be told."""
    if isinstance(model, AppError) or not image.source.spacing_known:
        return ""
    return model[1].doubt_about(image.grid.spacing_mm.tolist())


def _require_rank(info: ModelInfo, ndim: int) -> None:
    """Refuse a model for volumes on a 2D image, and the reverse."""
    if info.ndim != ndim:
        shown = "a volume" if ndim == 3 else "a 2D image"
        raise InferenceError(
            f"The model {info.title} analyses {_KINDS[info.ndim]}, and this is {shown}.", _hint_to_choose(ndim)
        )


def _hint_to_choose(ndim: int) -> str:
    return f"Choose one for {_KINDS[ndim]} with “Choose model…” in the File menu."
