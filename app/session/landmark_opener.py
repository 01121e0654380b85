"""Opens landmark files on the image: asks where a file seems to belong elsewhere, and takes over the pixel size it knows.

Files are read in jobs that may stall; a late answer is dropped. What is shown, and whether anything would be lost, is decided in
the main thread.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from app.session import landmark_edits
from app.session.document import Document, Snapshot
from app.session.editor import Editor
from app.session.jobs import Job, Jobs
from app.session.questions import MmOfFile, Questions
from app.session.saved_work import ReadFile, SavedWork, other_image, read_file
from app.session.saving import Saver
from app.session.schemes import fitted_to_scheme
from app.session.shown_job import ShownJob
from app.session.view_state import MessageAction, ViewState
from core.base.errors import AppError, LandmarkFileError, PixelSizeNeeded
from core.models.metadata import ModelInfo
from core.values.image import Image, SpacingSource
from core.values.landmarks import Landmarks, Status
from core.values.prediction import Prediction


class LandmarkOpener:
    """Opens landmark files.

    Parameters
    ----------
    document, editor, view_state
        Where the landmarks are shown.
    saver
        Remembers what was read, so that saving may replace it.
    jobs, questions
        Who reads, and who is asked.
    shown_job
        Tells how far a job is.
    when_safe
        Calls its argument once no unsaved work would be lost.
    ask_pixel_size
        Asks for the pixel size of the image and calls its argument once it is known.
    stop_search
        Drops a search for landmarks whose answer would replace those of the file.
    """

    def __init__(
        self,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        saver: Saver,
        jobs: Jobs,
        questions: Questions,
        shown_job: ShownJob,
        *,
        when_safe: Callable[[Callable[[], object]], None],
        ask_pixel_size: Callable[[Callable[[], object]], None],
        stop_search: Callable[[], None],
    ) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._saver = saver
        self._jobs = jobs
        self._questions = questions
        self._when_safe = when_safe
        self._ask_pixel_size = ask_pixel_size
        self._stop_search = stop_search
        self._shown = shown_job
        self._job: Job | None = None

    def open(self, path: Path) -> None:
        """Show the landmarks of a file in place of the present ones, in one step that can be undone."""
        if self._document.image is None:
            self._questions.show_error(
                LandmarkFileError(f"{path.name} holds landmarks, but no image is open.", "Open its image first.")
            )
        else:
            self._when_safe(partial(self._read, path))

    def begin(self, image: Image, work: SavedWork, info: ModelInfo | None) -> bool:
        """Start with the work that was found for an image just read; tell whether there was any."""
        if work.file is None:
            self._document.set_image(image, Landmarks.unplaced(self._names(info), image.ndim), info)
        else:
            content, path = work.file.content, work.file.path
            calibrated = _with_spacing_of(work.file, image)
            landmarks = self._complete(_on_grid_of(calibrated, work.file, image), info)
            self._document.set_image(calibrated, landmarks, info)
            self._document.landmarks_template = content.template
            self._saver.remember(path, work.file.digest, image)
            self._document.mark_saved(path)
            for warning in content.warnings:
                self._view.say(warning)
            self._view.say(f"Opened with the landmarks saved in {path.name}", is_warning=False)
        self._name_foreign(work)
        return work.file is not None

    def begin_with(
        self, image: Image, landmarks: Landmarks, info: ModelInfo | None, prediction: Prediction | None, work: SavedWork
    ) -> None:
        """Start with what the project knows of an image just read; a file beside it that says otherwise is named, not opened."""
        self._document.set_image(image, self._complete(landmarks, info), info, prediction)
        if work.file is not None:
            read, path = work.file, work.file.path
            self._document.landmarks_path, self._document.landmarks_template = path, read.content.template
            if _agree(_on_grid_of(_with_spacing_of(read, image), read, image), landmarks):
                self._saver.remember(path, read.digest, image)
                self._document.mark_saved(path)
            else:
                self._view.say(
                    f"{path.name} beside the image differs from what the project holds, which is shown.",
                    actions=[MessageAction(f"&Open {path.name}", partial(self.open, path))],
                )
        self._name_foreign(work)

    def _name_foreign(self, work: SavedWork) -> None:
        for path, reason in work.foreign:
            again = MessageAction("&Open", partial(self.open, path))
            self._view.say(f"{reason} It was not opened.", actions=[again])

    def cancel(self, job: Job) -> bool:
        """Give up reading where ``job`` is what reads; tell whether it is."""
        if job is not self._job:
            return False
        self._job = None
        job.cancel()
        self._shown.hide(job)
        return True

    def _names(self, info: ModelInfo | None) -> tuple[str, ...]:
        """Return the landmarks of the scheme, else those of the model of an image that is about to be shown."""
        scheme = self._document.scheme
        return scheme.names if scheme is not None else () if info is None else info.landmarks

    def _complete(self, landmarks: Landmarks, info: ModelInfo | None) -> Landmarks:
        """Return ``landmarks`` and behind them the others that are wanted, yet to be placed.

        A model that knows none of the landmarks is no reason to place its own.
        """
        wanted = self._names(info)
        if self._document.scheme is None and not set(wanted) & set(landmarks.names):
            return landmarks
        missing = [name for name in wanted if name not in landmarks.names]
        return landmarks.joined(Landmarks.unplaced(missing, landmarks.ndim))

    def _read(self, path: Path, *, mm_is_px: bool = False) -> None:
        image = self._document.image
        if image is None:
            return
        if self._job is not None:
            self.cancel(self._job)
        function = partial(read_file, mm_is_px=mm_is_px)
        revision = self._document.revision

        def arrived(read: ReadFile) -> None:
            if revision == self._document.revision:
                self._show(read)

        def ended() -> None:
            if self._job is job:
                self._job = None
            self._shown.hide(job)

        job = self._jobs.run(
            function,
            path,
            image,
            self._document.wanted_names or None,
            on_result=arrived,
            on_error=partial(self._failed, path),
            on_end=ended,
            may_stall=True,
        )
        self._job = job
        self._shown.show(job, f"Opening {path.name}")

    def _failed(self, path: Path, error: AppError) -> None:
        if not isinstance(error, PixelSizeNeeded):
            self._questions.show_error(error)
            return
        answer = self._questions.mm_without_pixel_size(path)
        if answer is MmOfFile.NEED_PIXEL_SIZE:
            self._ask_pixel_size(partial(self._read, path))
        elif answer is MmOfFile.ARE_PX:
            self._read(path, mm_is_px=True)

    def _show(self, read: ReadFile) -> None:
        image, before, path = self._document.image, self._document.snapshot(), read.path
        if image is None or before is None:
            return
        stranger = other_image(read.content, image)
        if stranger and not self._questions.belongs_here(path, stranger, image.source.path.name):
            return
        if self._document.landmarks is not before.landmarks or self._document.image is not image:
            return  # something else came while a person thought about it
        calibrated = _with_spacing_of(read, image)
        fitting = fitted_to_scheme(
            _on_grid_of(calibrated, read, image), path.name, self._document, self._view, self._questions
        )
        if fitting is None or self._document.landmarks is not before.landmarks or self._document.image is not image:
            return
        landmarks = self._complete(fitting, self._document.model_info)
        # What belongs to another image, or says nothing but names, is no file to save these landmarks to.
        is_own = not stranger and any(status is not Status.UNPLACED for status in read.content.landmarks.status)
        after = Snapshot(
            calibrated,
            landmarks,
            before.prediction if calibrated is image else None,
            path if is_own else None,
            read.content.template,
        )
        self._stop_search()
        self._editor.replace_state(after, f"Open {path.name}")
        if self._view.selected not in landmarks.names:
            self._view.selected = None
        if not stranger:
            self._saver.remember(path, read.digest, calibrated)
        self._document.mark_saved(after.landmarks_path)
        for warning in read.content.warnings:
            self._view.say(warning)
        if calibrated is not image:
            self._view.say(f"The pixel size was taken over from {path.name}.", is_warning=False)


def _agree(first: Landmarks, second: Landmarks) -> bool:
    """Tell whether two say the same of every landmark of which either says anything, within what files round off."""
    for name in dict.fromkeys((*first.names, *second.names)):
        said = [
            (landmarks.status[landmarks.index(name)], landmarks.point_mm(name))
            for landmarks in (first, second)
            if name in landmarks.names and landmarks.status[landmarks.index(name)] is not Status.UNPLACED
        ]
        if len(said) == 1:
            return False
        if said and (
            said[0][0] is not said[1][0] or not np.allclose(said[0][1], said[1][1], atol=0.01, equal_nan=True)
        ):
            return False
    return True


def _with_spacing_of(read: ReadFile, image: Image) -> Image:
    """Return ``image`` with the pixel size its landmark file was written with, where it does not know its own."""
    spacing_mm = read.content.spacing_mm
    if image.source.spacing_known or spacing_mm is None:
        return image
    return image.with_spacing(spacing_mm, SpacingSource.LANDMARK_FILE)


def _on_grid_of(calibrated: Image, read: ReadFile, image: Image) -> Landmarks:
    """Return the landmarks read for ``image`` in mm of the same pixels as they are in ``calibrated``."""
    landmarks = read.content.landmarks
    return landmarks if calibrated is image else landmark_edits.regridded(landmarks, image.grid, calibrated.grid)
