"""Decides what happens: localizing, saving, calibrating, closing. Opening is the opener's, corrections are the editor's.

Everything a person can do goes through here or through `editor`; widgets only pass it on. Holds no widget: what must be
asked goes through `Questions`, what must be shown through `Document` and `ViewState`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtGui import QUndoStack

from app.session import landmark_edits
from app.session.document import Document
from app.session.editor import Editor
from app.session.file_names import Sample, can_be_written, is_landmark_file, landmarks_path_beside, sample_path
from app.session.jobs import Job, Jobs
from app.session.localization import localize_image
from app.session.navigation import Navigator
from app.session.opener import Opener
from app.session.questions import OnRuler, Questions, Unsaved
from app.session.view_state import Mode, Progress, ViewState
from app.session.window_presets import AUTOMATIC, Preset
from core.base.errors import AppError, InferenceError, LandmarkFileError, ModelFileError
from core.images.file import read_image
from core.landmark_files.file import read_landmark_file, write_landmarks
from core.models.bundled import bundled_model_for
from core.models.metadata import ModelInfo, read_model_info
from core.values.image import Image
from core.values.landmarks import Status
from core.values.prediction import Prediction


class Controller:
    """Owns document, view state, editor and jobs, and joins them.

    Parameters
    ----------
    questions
        Who answers.
    model_path
        Model to use in place of the bundled ones.
    read, localize
        What opens an image and what finds its landmarks; both run in worker threads.
    """

    def __init__(
        self,
        questions: Questions,
        model_path: Path | None = None,
        *,
        read: Callable[..., Image] = read_image,
        localize: Callable[..., Prediction] = localize_image,
    ) -> None:
        self.document = Document()
        self.view_state = ViewState()
        self.undo_stack = QUndoStack()
        self.navigator = Navigator(self.document, self.view_state)
        self.editor = Editor(self.document, self.view_state, self.undo_stack, self.navigator)
        self.jobs = Jobs()
        self.questions = questions
        self.opener = Opener(
            self.document,
            self.jobs,
            questions,
            read,
            may_discard=self._may_discard,
            show=self._show_image,
            show_progress=self._show_progress,
            hide_progress=self._hide_progress,
        )
        self._model_path = model_path
        self._localize = localize
        self._localizing: Job | None = None
        self._shown_job: Job | None = None

    # Opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what was dropped or named on the command line: images, and perhaps a landmark file for the first of them."""
        landmark_files = [path for path in paths if is_landmark_file(path)]
        images = [path for path in paths if path not in landmark_files]
        if images:
            self.opener.open(images, landmark_files[0] if landmark_files else None)
        elif landmark_files:
            self.open_landmarks(landmark_files[0])

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Let images follow those that were opened just before; a landmark file among them is opened as ever."""
        self.opener.add([path for path in paths if not is_landmark_file(path)])
        for path in filter(is_landmark_file, paths):
            self.open_landmarks(path)

    def ask_open_image(self) -> None:
        """Ask for an image and open it."""
        path = self.questions.image_path(self.folder)
        if path is not None:
            self.open_paths([path])

    def ask_open_folder(self) -> None:
        """Ask for a folder, such as one with DICOM slices, and open what is in it."""
        path = self.questions.image_folder(self.folder)
        if path is not None:
            self.opener.open([path])

    def open_sample(self, sample: Sample) -> None:
        """Open one of the images that come with Cairn."""
        path = sample_path(sample)
        if path is not None:
            self.open_paths([path])

    @property
    def image_paths(self) -> tuple[Path, ...]:
        """The images that were opened together."""
        return self.opener.paths

    @property
    def folder(self) -> Path | None:
        """Folder of the open image, where dialogs start."""
        image = self.document.image
        return None if image is None else image.source.path.parent

    def _show_image(self, image: Image, landmarks_path: Path | None) -> None:
        self._stop_localizing()
        info: ModelInfo | None = None
        with suppress(AppError):  # said by start_localization, which meets it again
            info = self._model_for(image)[1]
        state = self.view_state
        self.undo_stack.clear()
        state.begin(image)
        names = () if info is None else info.landmarks
        self.document.set_image(image, landmark_edits.unplaced(names, image.ndim), info)
        for warning in image.source.warnings:
            state.say(warning)
        doubt = ""
        if info is not None and image.source.spacing_known:
            doubt = info.doubt_about(image.grid.spacing_mm.tolist())
        if landmarks_path is not None:
            self.open_landmarks(landmarks_path)
        elif doubt:
            state.say(f"{doubt} Ctrl+L looks for them all the same.")
        else:
            self.start_localization()

    # Localizing

    def start_localization(self) -> None:
        """Find the landmarks in the background; where no model fits, say so and let the person place them."""
        image = self.document.image
        if image is None:
            return
        self._stop_localizing()
        try:
            path, info = self._model_for(image)
        except AppError as error:
            self.view_state.say(f"{error} You can place landmarks by hand: press P and click.")
            return
        revision = self.document.revision

        def localized(prediction: Prediction) -> None:
            if revision == self.document.revision:
                self.editor.apply_prediction(prediction, info)
                self.view_state.stage = min(self.view_state.stage, len(prediction.fields) - 1)
                for warning in prediction.warnings:
                    self.view_state.say(warning)

        def ended() -> None:
            if self._localizing is job:
                self._localizing = None
            self._hide_progress(job)

        job = self.jobs.run(
            self._localize,
            image,
            path,
            on_result=localized,
            on_error=self.questions.show_error,
            on_progress=lambda fraction, text: self._show_progress(job, Progress(fraction, text)),
            on_end=ended,
        )
        self._localizing = job
        self._show_progress(job, Progress(-1.0, "Starting up"))

    def ask_model(self) -> None:
        """Ask for a model file, show what it says about itself, and localize with it."""
        path = self.questions.model_path()
        if path is None:
            return
        try:
            info = read_model_info(path)
            if self.document.image is not None:
                _require_rank(info, self.document.image)
        except AppError as error:
            self.questions.show_error(error)
            return
        if not self.questions.accepts_model(info, path):
            return
        self._model_path = path
        self.view_state.messages = ()
        self.start_localization()

    @property
    def localizing(self) -> bool:
        """Whether a localization runs that nobody has cancelled."""
        return self._localizing is not None

    def cancel_job(self) -> None:
        """Stop what the progress bar shows."""
        progress = self.view_state.progress
        if self._shown_job is None or progress is None:
            return
        if self.opener.is_reading(self._shown_job):
            self.opener.cancel()
            return
        self._shown_job.cancel()
        self._localizing = None
        self.view_state.progress = Progress(progress.fraction, "Cancelling", cancellable=False)
        self.view_state.say("Localization was cancelled. Ctrl+L starts it again.", is_warning=False)

    def _stop_localizing(self) -> None:
        if self._localizing is not None:
            self._localizing.cancel()
            self._localizing = None

    def _model_for(self, image: Image) -> tuple[Path, ModelInfo]:
        try:
            path = self._model_path or bundled_model_for(image.ndim)
        except ModelFileError as error:
            raise ModelFileError(error.message, _hint_to_choose(image)) from error
        info = read_model_info(path)
        _require_rank(info, image)
        return path, info

    # Landmark files

    def ask_open_landmarks(self) -> None:
        """Ask for a landmark file and open it."""
        path = self.questions.landmarks_path(self.folder)
        if path is not None:
            self.open_landmarks(path)

    def open_landmarks(self, path: Path) -> None:
        """Show the landmarks of a file in place of the present ones, in one step that can be undone."""
        image, info = self.document.image, self.document.model_info
        if image is None:
            self.questions.show_error(
                LandmarkFileError(f"{path.name} holds landmarks, but no image is open.", "Open its image first.")
            )
            return
        names = info.landmarks if info is not None and path.suffix.lower() == ".txt" else None
        try:
            file = read_landmark_file(path, names=names, image=image, ndim=image.ndim)
        except AppError as error:
            self.questions.show_error(error)
            return
        self._stop_localizing()
        landmarks = file.landmarks
        expected = () if info is None else info.landmarks
        missing = [name for name in expected if name not in landmarks.names]
        full = landmark_edits.joined(landmarks, landmark_edits.unplaced(missing, image.ndim))
        self.editor.replace(full, f"Open {path.name}")
        if self.view_state.selected not in full.names:
            self.view_state.selected = None
        self.document.landmarks_template = file.template
        self.document.mark_saved(path)
        self.undo_stack.setClean()

    def save(self) -> bool:
        """Write the landmarks to the file they belong to, asking for one the first time; tell whether they are saved."""
        path = self.document.landmarks_path
        if path is None or not can_be_written(path):
            return self.export()
        return self._write(path)

    def export(self) -> bool:
        """Ask where to write the landmarks and write them; tell whether it was done."""
        image = self.document.image
        if image is None:
            return False
        path = self.document.landmarks_path
        if path is None or not can_be_written(path):
            path = landmarks_path_beside(image.source.path)
        chosen = self.questions.export_path(path)
        return chosen is not None and self._write(chosen)

    def _write(self, path: Path) -> bool:
        self.editor.end_drag()
        image, landmarks = self.document.image, self.document.landmarks
        if image is None or landmarks is None:
            return False
        model = "" if self.document.prediction is None else self.document.prediction.model
        try:
            write_landmarks(landmarks, path, image=image, model=model, template=self.document.landmarks_template)
        except AppError as error:
            self.questions.show_error(error)
            return False
        self.document.mark_saved(path)
        self.undo_stack.setClean()
        self.view_state.say(f"Wrote {path}", is_warning=False)
        return True

    # Pixel size

    def ask_pixel_size(self) -> None:
        """Ask for the pixel size, or start measuring it on a ruler in the image."""
        image = self.document.image
        if image is None:
            return
        known = image.source.spacing_known
        answer = self.questions.pixel_size_mm(float(image.grid.spacing_mm.mean()) if known else None)
        if answer is OnRuler.MEASURE:
            self.view_state.ruler_px = ()
            self.view_state.mode = Mode.RULER
        elif answer is not None:
            self._set_spacing([float(answer)] * image.ndim)

    def click_ruler(self, point_px: tuple[float, float]) -> None:
        """Take one end of the ruler; after the second one ask for its length."""
        image, plane = self.document.image, self.editor.plane
        if image is None or plane is None or not plane.inside(point_px):
            return
        self.view_state.ruler_px = (*self.view_state.ruler_px, point_px)
        if len(self.view_state.ruler_px) < 2:
            return
        start_px, end_px = self.view_state.ruler_px
        length = plane.length_mm(start_px, end_px)
        length_px = float(((start_px[0] - end_px[0]) ** 2 + (start_px[1] - end_px[1]) ** 2) ** 0.5)
        known_mm = self.questions.ruler_length_mm(length_px) if length_px >= 1 else None
        self.leave_mode()
        if known_mm is not None:
            self._set_spacing([float(spacing) * known_mm / length for spacing in image.grid.spacing_mm])

    def _set_spacing(self, spacing_mm: Sequence[float]) -> None:
        image, landmarks = self.document.image, self.document.landmarks
        if image is None or landmarks is None:
            return
        self._stop_localizing()
        for name in landmarks.names:
            if landmarks.status[landmarks.index(name)] is Status.ABSENT and not self.document.is_decided(name):
                landmarks = landmark_edits.cleared(landmarks, name)
        calibrated = image.with_spacing(spacing_mm)
        self.undo_stack.clear()
        self.document.replace_image(calibrated, landmark_edits.regridded(landmarks, image.grid, calibrated.grid))
        self.start_localization()

    # The rest

    def reset_levels(self) -> None:
        """Go back to the brightness and contrast that suit the image."""
        self.apply_preset(AUTOMATIC)

    def apply_preset(self, preset: Preset) -> None:
        """Show the image in named grey levels."""
        if self.document.image is not None:
            self.view_state.levels = preset.levels(self.document.image)

    def leave_mode(self) -> None:
        """Esc: let go of a dragged landmark, or else return to looking around."""
        if not self.editor.cancel_drag():
            self.view_state.mode = Mode.NAVIGATE
            self.view_state.ruler_px = ()

    def ask_rename(self) -> None:
        """Ask for another name of the selected landmark."""
        name = self.view_state.selected
        new_name = None if name is None else self.questions.landmark_name(name)
        if new_name is not None:
            self.editor.rename(new_name)

    def close(self, hide: Callable[[], object] = lambda: None) -> bool:
        """Ask about unsaved work, then ``hide`` and wait until every job has stopped; tell whether the window may close."""
        self.editor.end_drag()
        if not self._may_discard():
            return False
        hide()  # a network on a large volume takes a while to hear that it shall stop
        self.jobs.shut_down()
        return True

    def _may_discard(self) -> bool:
        image = self.document.image
        if image is None or not self.document.modified:
            return True
        answer = self.questions.unsaved(image.source.path.name)
        return self.save() if answer is Unsaved.SAVE else answer is Unsaved.DISCARD

    def _show_progress(self, job: Job, progress: Progress) -> None:
        self._shown_job = job
        self.view_state.progress = progress

    def _hide_progress(self, job: Job) -> None:
        if self._shown_job is job:
            self._shown_job = None
            self.view_state.progress = None


_KINDS = {2: "2D images", 3: "volumes"}


def _require_rank(info: ModelInfo, image: Image) -> None:
    """Refuse a model for volumes on a 2D image, and the reverse."""
    if info.ndim != image.ndim:
        shown = "a volume" if image.ndim == 3 else "a 2D image"
        raise InferenceError(
            f"The model {info.title} analyses {_KINDS[info.ndim]}, and this is {shown}.", _hint_to_choose(image)
        )


def _hint_to_choose(image: Image) -> str:
    return f"Choose one for {_KINDS[image.ndim]} with “Choose model…” in the File menu."
