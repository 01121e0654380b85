"""Opens images: finds out what dropped paths stand for, asks which series is meant, reads it, and walks on to the next.

All that touches a disk runs in jobs that may stall: cancelling returns at once, and a late answer is dropped. What happens with
an image that was read is the controller's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.session.document import Document
from app.session.image_search import Found, find_images
from app.session.jobs import Job, Jobs
from app.session.questions import Questions
from app.session.view_state import Progress
from core.images.dicom.series import Series
from core.values.image import Image
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class _Request:
    """What somebody wants to see: one of ``paths``, and whether landmarks from a file belong to it."""

    paths: tuple[Path, ...]
    position: int
    landmarks_path: Path | None
    asked_about: Landmarks | None


class Opener:
    """Opens one image after the other.

    Parameters
    ----------
    document
        What is open now.
    jobs, questions
        Who reads, and who is asked.
    read
        What reads an image.
    may_discard
        Asks about unsaved work; False means that it must stay.
    show
        Takes over an image that was read, and the landmark file that goes with it.
    show_progress, hide_progress
        Tell how far a job is, and that it has ended.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        questions: Questions,
        read: Callable[..., Image],
        *,
        may_discard: Callable[[], bool],
        show: Callable[[Image, Path | None], None],
        show_progress: Callable[[Job, Progress], None],
        hide_progress: Callable[[Job], None],
    ) -> None:
        self.paths: tuple[Path, ...] = ()
        self._position = -1
        self._added: tuple[Path, ...] = ()
        self._document = document
        self._jobs = jobs
        self._questions = questions
        self._read = read
        self._may_discard = may_discard
        self._show = show
        self._show_progress = show_progress
        self._hide_progress = hide_progress
        self._job: Job | None = None

    def open(self, paths: Sequence[Path], landmarks_path: Path | None = None) -> None:
        """Open the first of ``paths`` in the background; the present image stays until the new one is there.

        Landmarks from ``landmarks_path`` are shown instead of localizing, where given.
        """
        if paths:
            self._added = ()
            whole = tuple(path.absolute() for path in paths)  # what is called "." has a name, too
            self._start(whole, 0, landmarks_path)

    def add(self, paths: Sequence[Path]) -> None:
        """Let images follow those that were opened together; what is shown or being opened stays."""
        if self._job is None and not self.paths:
            self.open(paths)
            return
        self._added = (*self._added, *(path.absolute() for path in paths))
        if self._job is None:
            self._take_added()

    def open_neighbour(self, step: int) -> None:
        """Open the next or previous of the images that were opened together."""
        if self.has_neighbour(step):
            self._start(self.paths, self._position + step, None)

    def has_neighbour(self, step: int) -> bool:
        """Tell whether there is a next or previous image."""
        return self._position >= 0 and 0 <= self._position + step < len(self.paths)

    def is_reading(self, job: Job | None) -> bool:
        """Tell whether ``job`` is what opens an image now."""
        return job is not None and job is self._job

    def cancel(self) -> None:
        """Give up what is being opened; nothing is waited for."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            self._hide_progress(job)

    def _start(self, paths: tuple[Path, ...], position: int, landmarks_path: Path | None) -> None:
        if not self._may_discard():
            return
        self.cancel()
        request = _Request(paths, position, landmarks_path, self._document.landmarks)
        self._run(find_images, paths[position:], on_result=partial(self._choose, request), name=paths[position].name)

    def _choose(self, request: _Request, found: Found) -> None:
        """Ask which series is meant where there are several, and read."""
        series = found.series[0] if found.series else None
        if len(found.series) > 1:
            series = self._questions.series(found.series)
            if series is None:
                return
        paths = (*request.paths[: request.position], *found.paths)
        path = paths[request.position]
        arrived = partial(self._arrive, request, paths)
        self._run(self._read_image, path, series, on_result=arrived, name=path.name)

    def _read_image(
        self,
        path: Path,
        series: Series | None,
        *,
        progress: Callable[[float, str], None],  # noqa: ARG002 - reading does not know how far it is
        should_stop: Callable[[], bool],
    ) -> Image:
        return self._read(path, series=series, should_stop=should_stop)

    def _arrive(self, request: _Request, paths: tuple[Path, ...], image: Image) -> None:
        """Hand the image over, unless work was done meanwhile that must not be lost."""
        if self._document.landmarks is request.asked_about or self._may_discard():
            self.paths, self._position = paths, request.position
            self._take_added()
            self._show(image, request.landmarks_path)

    def _take_added(self) -> None:
        self.paths = (*self.paths, *(path for path in self._added if path not in self.paths))
        self._added = ()

    def _run(
        self,
        function: Callable[..., object],
        *args: object,
        on_result: Callable[..., None],
        name: str,
    ) -> None:
        def ended() -> None:
            if self._job is job:
                self._job = None
            self._hide_progress(job)

        job = self._jobs.run(
            function,
            *args,
            on_result=on_result,
            on_error=self._questions.show_error,
            on_progress=lambda fraction, text: self._show_progress(job, Progress(fraction, text)),
            on_end=ended,
            may_stall=True,
        )
        self._job = job
        self._show_progress(job, Progress(-1.0, f"Opening {name}"))
