"""Saves landmarks in the background, and never unasked over a file that a person might miss.

What is written is what the landmarks were when it was asked for; edits made meanwhile stay unsaved. A file may be replaced
unasked only where it holds what Cairn itself read from it or wrote to it for this very image.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from app.session.document import Document
from app.session.editor import Editor
from app.session.file_names import can_be_written, keeps_everything, landmarks_path_beside, numbered
from app.session.jobs import Job, Jobs
from app.session.questions import Occupied, Overwrite, Questions
from app.session.saved_work import other_image
from app.session.shown_job import ShownJob
from app.session.view_state import ViewState
from core.base.errors import AppError, LandmarkFileError
from core.base.files import sha256_of
from core.landmark_files.file import LandmarkTemplate, read_landmark_file, write_landmarks
from core.landmark_files.formats import WRITABLE_SUFFIXES, format_to_write
from core.values.image import Image
from core.values.landmarks import Landmarks

Proceed = Callable[[], object]


@dataclass(frozen=True)
class _Order:
    """What is to be written where.

    Attributes
    ----------
    path, landmarks, image, model, template
        As for `write_landmarks`.
    revision
        The document's when it was asked for.
    replaceable
        SHA-256 of the one content that ``path`` may lose.
    """

    path: Path
    landmarks: Landmarks
    image: Image
    model: str
    template: LandmarkTemplate | None
    revision: int
    replaceable: str = ""


class Saver:
    """Saves the landmarks of a document.

    Parameters
    ----------
    document, editor, view_state
        What is saved; a drag ends first.
    jobs, questions
        Who writes, and who is asked.
    shown_job
        Tells how far a job is.
    """

    def __init__(
        self,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        jobs: Jobs,
        questions: Questions,
        shown_job: ShownJob,
    ) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._jobs = jobs
        self._questions = questions
        self._shown = shown_job
        self._known: dict[Path, tuple[str, Path]] = {}  # content and image of each file that was read or written
        self._files: dict[Path, Path] = {}  # by image: the file its landmarks were last read from or saved to
        self._running: dict[Path, Job] = {}
        self._queued: dict[Path, tuple[_Order, Proceed]] = {}
        self._waiting: Proceed | None = None
        self._asking = False

    def remember(self, path: Path, digest: str, image: Image) -> None:
        """Take note of what stands in a file of this image, so that saving may replace just that."""
        self._known[path.absolute()] = (digest, image.source.path)
        self._files[image.source.path] = path

    def file_of(self, image_path: Path) -> Path | None:
        """Return where the landmarks of an image were read or saved last, None where that was not in this session."""
        return self._files.get(image_path)

    # Saving

    def save(self, then: Proceed = lambda: None) -> None:
        """Save to the file that the landmarks belong to, asking for one the first time; ``then`` go on if it went well."""
        path = self._document.landmarks_path
        if path is None or not keeps_everything(path):
            self.save_as(then)
        else:
            self._write(path, then)

    def save_as(self, then: Proceed = lambda: None) -> None:
        """Ask where to save, proposing a name that is free, and save there."""
        image, path = self._document.image, self._document.landmarks_path
        if image is None or self._asking:
            return
        if path is not None and keeps_everything(path):
            self._asking = True
            self._ask_path(self._document.revision, then, path)
        else:
            self._propose(_free_path_beside, image.source.path, then)

    def _propose(self, find: Callable[[Path], Path], path: Path, then: Proceed) -> None:
        """Ask where to save, proposing what ``find`` makes of ``path`` in a job."""
        self._asking = True
        ask = partial(self._ask_path, self._document.revision, then)
        self._jobs.run(find, path, on_result=ask, on_error=self._questions.show_error, may_stall=True)

    def _ask_path(self, revision: int, then: Proceed, suggestion: Path) -> None:
        try:
            if revision != self._document.revision:
                return
            chosen = self._questions.save_path(suggestion)
        finally:
            self._asking = False
        if chosen is None:
            return
        if can_be_written(chosen):
            self._write(chosen, then)
        else:
            self._questions.show_error(
                LandmarkFileError(
                    f"Landmarks cannot be saved as “{chosen.suffix}”.",
                    f"Let the name end in {', '.join(WRITABLE_SUFFIXES[:-1])} or {WRITABLE_SUFFIXES[-1]}.",
                )
            )

    def _write(self, path: Path, then: Proceed) -> None:
        self._editor.end_drag()
        document, path = self._document, path.absolute()
        if document.image is None or document.landmarks is None:
            return
        model = document.answering_model
        order = _Order(path, document.landmarks, document.image, model, document.landmarks_template, document.revision)
        if path in self._running:
            self._queued[path] = (order, then)
        else:
            self._run(order, then)

    def _run(self, order: _Order, then: Proceed) -> None:
        path = order.path
        self._queued.pop(path, None)
        digest, image_path = self._known.get(path, ("", None))
        if not order.replaceable and image_path == order.image.source.path:
            order = replace(order, replaceable=digest)

        def ended() -> None:
            self._running.pop(path, None)
            self._shown.hide(job)

        job = self._jobs.run(
            _write,
            order,
            on_result=partial(self._written, order, then),
            on_error=partial(self._failed, path),
            on_end=ended,
            may_stall=True,
        )
        self._running[path] = job
        self._shown.show(job, f"Saving {path.name}", cancellable=False)

    def _written(self, order: _Order, then: Proceed, outcome: str | Occupied) -> None:
        if isinstance(outcome, Occupied):
            self._ask_to_overwrite(order, then, outcome)
            return
        if not keeps_everything(order.path):
            self._known[order.path] = (outcome, order.image.source.path)
            self._view.say(
                f"{order.path.name} does not keep {format_to_write(order.path).loses}. Save as .csv to keep them."
            )
            self._waiting = None
            self._go_on(order.path)
            return
        self.remember(order.path, outcome, order.image)
        if order.revision == self._document.revision:
            self._document.mark_saved(order.path, order.landmarks)
        self._view.say(f"Saved {order.path.name}", is_warning=False)
        then()
        self._go_on(order.path)

    def _ask_to_overwrite(self, order: _Order, then: Proceed, occupied: Occupied) -> None:
        answer = self._questions.overwrites(occupied)
        if answer is Overwrite.REPLACE:
            self._run(replace(order, replaceable=occupied.digest), then)
            return
        if answer is Overwrite.ELSEWHERE:
            self._propose(_free_path, order.path, then)
        self._waiting = None
        self._queued.pop(order.path, None)

    def _failed(self, path: Path, error: AppError) -> None:
        self._waiting = None
        self._questions.show_error(error)
        self._go_on(path)

    # Waiting

    @property
    def running(self) -> bool:
        """Whether a file is being written."""
        return bool(self._running)

    def when_written(self, proceed: Proceed, anyway: Proceed) -> None:
        """Go on once all that is being written stands in its file; a person who asks again may go on ``anyway``."""
        is_first, self._waiting = self._waiting is None, proceed
        if is_first or not self._questions.stops_waiting(next(iter(self._running))):
            return
        if self._waiting is proceed:  # else it has been written while a person thought about it
            self._waiting = None
            self._running.clear()
            anyway()

    def _go_on(self, path: Path) -> None:
        if path in self._queued:
            self._run(*self._queued[path])
        elif not self._running and self._waiting is not None:
            proceed, self._waiting = self._waiting, None
            proceed()


def _write(order: _Order) -> str | Occupied:
    """Write, and return the SHA-256 of what stands in the file from then on; in a job."""
    path = order.path
    try:
        digest = sha256_of(path)
    except OSError:
        digest = ""  # there is no such file, or writing it says what is wrong
    if digest and digest != order.replaceable:
        return Occupied(path, digest, changed=bool(order.replaceable), image_name=_other_image(order))
    write_landmarks(order.landmarks, path, image=order.image, model=order.model, template=order.template)
    return sha256_of(path)


def _other_image(order: _Order) -> str:
    """Return the name of the image that the file in the way belongs to; empty where it is the same one, or not known."""
    try:
        return other_image(read_landmark_file(order.path), order.image)
    except AppError:
        return ""


def _free_path_beside(image_path: Path) -> Path:
    """Return a file beside an image, or a folder of slices, that is not there yet; in a job."""
    return _free_path(landmarks_path_beside(image_path))


def _free_path(path: Path) -> Path:
    """Return ``path``, numbered where there is such a file already; in a job."""
    try:
        return next(other for other in chain([path], numbered(path)) if not other.exists())
    except OSError:
        return path  # a folder that nobody may look into; saving says so
