"""Joins document, view state, editor and jobs, and says who does what: opening, saving, finding landmarks, closing.

Everything a person can do goes through here, or through one of its parts; widgets only pass it on. Holds no widget: what must be
asked goes through `Questions`, what must be shown through `Document` and `ViewState`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtGui import QUndoStack

from app.session.checking import Checking, NextCase
from app.session.document import Document
from app.session.editor import Editor
from app.session.file_names import Sample, is_landmark_file, sample_path
from app.session.jobs import Jobs
from app.session.landmark_opener import LandmarkOpener
from app.session.landmark_search import (
    BY_HAND,
    ChosenModel,
    LandmarkSearch,
    Model,
    doubt_about,
    model_for,
    too_small_for,
)
from app.session.localization import localize_image
from app.session.navigation import Navigator
from app.session.opener import Opener
from app.session.pixel_sizes import PixelSizes, Said, with_size
from app.session.placing import Placing
from app.session.questions import Questions, Unsaved
from app.session.saved_work import SavedWork, find_saved_work
from app.session.saving import Saver
from app.session.schemes import Schemes
from app.session.shown_job import ShownJob
from app.session.typed_positions import TypedPositions
from app.session.view_state import ViewState
from app.session.window_presets import AUTOMATIC, Preset
from core.base.errors import AppError
from core.images.file import read_image
from core.values.image import Image
from core.values.prediction import Prediction

Proceed = Callable[[], object]


@dataclass(frozen=True)
class _Prepared:
    """An image that was read, and what else the disk knows about it."""

    image: Image
    model: Model | AppError
    work: SavedWork


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
    opens_saved_work
        Whether an image is opened with the landmark file that lies beside it, where there is one.
    """

    def __init__(
        self,
        questions: Questions,
        model_path: Path | None = None,
        *,
        read: Callable[..., Image] = read_image,
        localize: Callable[..., Prediction] = localize_image,
        opens_saved_work: bool = True,
    ) -> None:
        self.document = Document()
        self.view_state = ViewState()
        self.undo_stack = QUndoStack()
        self.navigator = Navigator(self.document, self.view_state)
        self.editor = Editor(self.document, self.view_state, self.undo_stack, self.navigator)
        self.checking = Checking(self.document, self.editor, self.view_state)
        self.placing = Placing(self.document, self.editor, self.view_state, self.navigator)
        self.typed_positions = TypedPositions(self.document, self.editor, self.view_state)
        self.jobs = Jobs()
        self.questions = questions
        self._opens_saved_work = opens_saved_work
        self._shown = ShownJob(self.view_state)
        parts = self.document, self.editor, self.view_state
        work = self.jobs, questions, self._shown
        self.search = LandmarkSearch(*parts, *work, localize, model_path)
        self.pixel_sizes = PixelSizes(*parts, questions, listed=lambda: self.opener.paths, find_again=self.search.start)
        self.saver = Saver(*parts, *work)
        self.landmark_opener = LandmarkOpener(
            *parts,
            self.saver,
            *work,
            when_safe=self._when_safe,
            ask_pixel_size=self.pixel_sizes.ask,
            stop_search=self.search.stop,
        )
        self.opener = Opener(
            self.document,
            *work,
            read,
            prepare=self._preparation,
            when_safe=self._when_safe,
            show=self._show_image,
            say=self.view_state.say,
            announce=lambda name: setattr(self.view_state, "opening", name),
        )
        self.checking.next_case = NextCase(
            lambda: self.opener.has_neighbour(1), lambda: self.opener.open_neighbour(1), "&Next image"
        )
        self.schemes = Schemes(
            *parts,
            self.placing,
            questions,
            stop_search=self.search.stop,
            has_next=lambda: self.opener.has_neighbour(1),
            open_next=lambda: self.opener.open_neighbour(1),
        )

    # Opening

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open what was dropped or named on the command line: images, and perhaps a landmark file for the first of them."""
        landmark_files = [path for path in paths if is_landmark_file(path)]
        images = [path for path in paths if path not in landmark_files]
        if images:
            self.opener.open(images, landmark_files[0] if landmark_files else None)
        elif landmark_files:
            self.landmark_opener.open(landmark_files[0])

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Let images follow those that were opened just before; a landmark file among them is opened as ever."""
        self.opener.add([path for path in paths if not is_landmark_file(path)])
        for path in filter(is_landmark_file, paths):
            self.landmark_opener.open(path)

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

    def ask_open_landmarks(self) -> None:
        """Ask for a landmark file and open it."""
        path = self.questions.landmarks_path(self.folder)
        if path is not None:
            self.landmark_opener.open(path)

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

    def _preparation(self, path: Path) -> Callable[[Image], _Prepared]:
        """Return what completes an image in the job that has read it."""
        remembered = self.saver.file_of(path)
        said = self.pixel_sizes.said_about(path)
        return partial(
            _prepare,
            chosen=self.search.chosen,
            chosen_before=dict(self.search.remembered),
            said=said,
            finds_work=self._opens_saved_work,
            remembered=remembered,
        )

    def _show_image(self, prepared: _Prepared, landmarks_path: Path | None) -> None:
        image, model = prepared.image, prepared.model
        work = SavedWork() if landmarks_path is not None else prepared.work
        self.undo_stack.clear()
        self.view_state.begin(image)
        self.search.use(model)
        self.schemes.begin(image)
        info = None if isinstance(model, AppError) else model[1]
        has_landmarks = self.landmark_opener.begin(image, work, info)
        for warning in image.source.warnings:
            self.view_state.say(warning)
        too_small, doubt = too_small_for(image, model), doubt_about(image, model)
        if landmarks_path is not None:
            self.landmark_opener.open(landmarks_path)
        elif has_landmarks or not self.schemes.wants(info):
            pass
        elif too_small:
            self.view_state.say(f"{too_small} {BY_HAND}")
        elif doubt:
            self.view_state.say(f"{doubt} Ctrl+L looks for them anyway.")
        else:
            self.search.start()
        if landmarks_path is None:
            self.schemes.shown(info)

    # Finding landmarks and saving them

    def start_localization(self) -> None:
        """Find the landmarks in the background; what a person has decided on stays."""
        self.search.start()

    def ask_model(self) -> None:
        """Ask for a model file, show what it says about itself, and find the landmarks with it."""
        self.search.ask_model()

    @property
    def localizing(self) -> bool:
        """Whether a search for landmarks runs that nobody has cancelled."""
        return self.search.running

    def save(self) -> None:
        """Save the landmarks to the file they belong to, asking for one the first time."""
        self.saver.save()

    def save_as(self) -> None:
        """Ask where to save the landmarks, and save them there."""
        self.saver.save_as()

    # Pixel size

    def ask_pixel_size(self) -> None:
        """Ask for the pixel size, or start measuring it on a ruler in the image."""
        self.pixel_sizes.ask()

    def click_ruler(self, point_px: tuple[float, float]) -> None:
        """Take one end of the ruler; after the second one ask for its length."""
        self.pixel_sizes.click(point_px)

    # Looking and naming

    def reset_levels(self) -> None:
        """Go back to the brightness and contrast that suit the image."""
        self.apply_preset(AUTOMATIC)

    def apply_preset(self, preset: Preset) -> None:
        """Show the image in named grey levels."""
        if self.document.image is not None:
            self.view_state.levels = preset.levels(self.document.image)

    def leave_mode(self) -> None:
        """Esc: put a dragged landmark back, or else return to looking around."""
        if not self.editor.cancel_drag():
            self.schemes.stop_through_all()
            self.pixel_sizes.stop_measuring()

    def ask_rename(self) -> None:
        """Ask for a new name for the selected landmark."""
        name = self.view_state.selected
        new_name = None if name is None else self.questions.landmark_name(name)
        if new_name is not None:
            self.editor.rename(new_name)

    # Leaving, and what is going on

    def close(self, hide: Proceed = lambda: None, close_again: Proceed = lambda: None) -> bool:
        """Ask about unsaved work; tell whether the window may close, which then has been hidden and waits for nothing.

        Where a file has to be written first, ``close_again`` is called once that has gone well.
        """
        agreed: list[bool] = []
        asking = True

        def leave() -> None:
            if asking:
                agreed.append(True)
            else:
                close_again()

        self._when_safe(leave)
        asking = False
        if not agreed:
            return False
        hide()  # a network on a large volume takes a while to hear that it shall stop
        self.jobs.shut_down()
        return True

    def cancel_job(self) -> None:
        """Stop what the progress bar shows."""
        job = self._shown.job
        if job is None:
            return
        if self.opener.is_reading(job):
            self.opener.cancel()
        elif not self.landmark_opener.cancel(job):
            self.search.cancel(job)

    def _when_safe(self, proceed: Proceed) -> None:
        """Go on once nothing would be lost: what is being written is waited for, unsaved work is asked about."""
        self.editor.end_drag()
        image = self.document.image
        if self.saver.running:
            self.saver.when_written(lambda: self._when_safe(proceed), anyway=proceed)
        elif image is None or not self.document.modified:
            proceed()
        else:
            answer = self.questions.unsaved(image.source.path.name)
            if answer is Unsaved.SAVE:
                self.saver.save(lambda: self._when_safe(proceed))
            elif answer is Unsaved.DISCARD:
                proceed()


def _prepare(
    image: Image,
    *,
    chosen: Path | None,
    chosen_before: Mapping[int, ChosenModel],
    said: Said,
    finds_work: bool,
    remembered: Path | None,
) -> _Prepared:
    """Give an image the size that a person said it has, and find its model and earlier work on it; in a job."""
    image = with_size(image, said)
    try:
        model: Model | AppError = model_for(image.ndim, chosen, chosen_before.get(image.ndim))
    except AppError as error:
        model = error
    return _Prepared(image, model, find_saved_work(image, remembered) if finds_work else SavedWork())
