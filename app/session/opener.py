"""Opens images: finds out what dropped paths stand for, asks which series is meant, reads it, and walks on to the next.

All that touches a disk runs in jobs that may stall: cancelling returns at once, and a late answer is dropped. A file that cannot
be opened is skipped and named. What happens with an image that was read is the controller's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from app.session.document import Document
from app.session.image_search import Found, find_images
from app.session.jobs import Job, Jobs
from app.session.questions import Questions
from app.session.shown_job import ShownJob
from core.base.errors import AppError
from core.images.dicom.series import Series
from core.values.image import Image
from core.values.landmarks import Landmarks

Prepared = TypeVar("Prepared")
"""What the controller needs to show an image, the image among it."""


@dataclass(frozen=True)
class _Request:
    """What somebody wants to see.

    Attributes
    ----------
    paths, position
        One of these.
    step
        Which way to go on where it cannot be opened.
    landmarks_path
        Landmark file that goes with it.
    asked_about
        The landmarks that may be given up.
    failures
        What could not be opened on the way.
    """

    paths: tuple[Path, ...]
    position: int
    step: int = 1
    landmarks_path: Path | None = None
    asked_about: Landmarks | None = None
    failures: tuple[AppError, ...] = ()

    @property
    def path(self) -> Path:
        """What is to be opened."""
        return self.paths[self.position]


class Opener(Generic[Prepared]):
    """Opens one image after the other.

    Parameters
    ----------
    document
        What is open now.
    jobs, questions
        Who reads, and who is asked.
    shown_job
        Tells how far a job is.
    read
        What reads an image.
    prepare
        Gives what finds out, in the reading job, all else that showing the image at a path needs.
    when_safe
        Calls its argument once no unsaved work would be lost.
    show
        Takes over an image that was read, what was prepared for it, and the landmark file that goes with it.
    say
        Tells in a sentence which files were skipped.
    announce
        Tells the name of what is being opened, which is no longer the present image's; empty once nothing is.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        questions: Questions,
        shown_job: ShownJob,
        read: Callable[..., Image],
        *,
        prepare: Callable[[Path], Callable[[Image, Series | None], Prepared]],
        when_safe: Callable[[Callable[[], object]], None],
        show: Callable[[Prepared, Path | None], None],
        say: Callable[[str], None],
        announce: Callable[[str], None],
    ) -> None:
        self.paths: tuple[Path, ...] = ()
        self._position = -1
        self._added: tuple[Path, ...] = ()
        self._document = document
        self._jobs = jobs
        self._questions = questions
        self._read = read
        self._prepare = prepare
        self._when_safe = when_safe
        self._show = show
        self._say = say
        self._announce = announce
        self._shown = shown_job
        self._job: Job | None = None

    def open(self, paths: Sequence[Path], landmarks_path: Path | None = None) -> None:
        """Open the first of ``paths`` in the background; the present image stays until the new one is there.

        Landmarks from ``landmarks_path`` are shown instead of localizing, where given.
        """
        if paths:
            self._added = ()
            whole = tuple(path.absolute() for path in paths)  # what is called "." has a name, too
            self._when_safe(lambda: self._begin(_Request(whole, 0, landmarks_path=landmarks_path)))

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
            request = _Request(self.paths, self._position + step, 1 if step > 0 else -1)
            self._when_safe(lambda: self._begin(request))

    def has_neighbour(self, step: int) -> bool:
        """Tell whether there is a next or previous image."""
        return self._position >= 0 and 0 <= self._position + step < len(self.paths)

    @property
    def others(self) -> tuple[Path, ...]:
        """What was opened together with the image that is shown."""
        return tuple(path for place, path in enumerate(self.paths) if place != self._position)

    def is_reading(self, job: Job | None) -> bool:
        """Tell whether ``job`` is what opens an image now."""
        return job is not None and job is self._job

    def cancel(self) -> None:
        """Give up what is being opened; nothing is waited for."""
        self._stop()
        self._announce("")

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            self._shown.hide(job)

    def _begin(self, request: _Request) -> None:
        self._stop()
        self._find(replace(request, asked_about=self._document.landmarks))

    def _find(self, request: _Request) -> None:
        self._run(
            find_images, request.paths[request.position :], on_result=partial(self._choose, request), request=request
        )

    def _choose(self, request: _Request, found: Found) -> None:
        """Ask which series is meant where there are several, and read."""
        series = found.series[0] if found.series else None
        if len(found.series) > 1:
            series = self._questions.series(found.series)
            if series is None:
                return
        request = replace(request, paths=(*request.paths[: request.position], *found.paths))
        prepare = self._prepare(request.path)
        arrived = partial(self._arrive, request)
        self._run(self._read_image, request.path, series, prepare, on_result=arrived, request=request)

    def open_by(
        self,
        name: str,
        load: Callable[..., Prepared],
        on_error: Callable[[AppError], object],
        *,
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """Open what ``load`` reads in a job, given ``progress`` and ``should_stop``, in place of what is being opened now.

        Parameters
        ----------
        name
            What it is called.
        load
            Reads and prepares it.
        on_error
            Gets the reason where it cannot be read.
        then
            Called once it is shown.
        """
        asked_about = self._document.landmarks

        def show(prepared: Prepared) -> None:
            self._show(prepared, None)
            then()

        def arrived(prepared: Prepared) -> None:
            if self._document.landmarks is asked_about:
                show(prepared)
            else:
                self._when_safe(lambda: show(prepared))

        def begin() -> None:
            self._stop()
            self._run_job(load, on_result=arrived, on_error=on_error, name=name)

        self._when_safe(begin)

    def switch(self, show: Callable[[], object]) -> None:
        """Show what need not be read, in place of what is being opened now."""

        def begin() -> None:
            self.cancel()
            show()

        self._when_safe(begin)

    def _read_image(
        self,
        path: Path,
        series: Series | None,
        prepare: Callable[[Image, Series | None], Prepared],
        *,
        progress: Callable[[float, str], None],  # noqa: ARG002 - reading does not know how far it is
        should_stop: Callable[[], bool],
    ) -> Prepared:
        return prepare(self._read(path, series=series, should_stop=should_stop), series)

    def _arrive(self, request: _Request, prepared: Prepared) -> None:
        """Hand the image over, unless work was done meanwhile that must not be lost."""
        if self._document.landmarks is request.asked_about:
            self._show_arrived(request, prepared)
        else:
            self._when_safe(lambda: self._show_arrived(request, prepared))

    def _show_arrived(self, request: _Request, prepared: Prepared) -> None:
        self.paths, self._position = request.paths, request.position
        self._take_added()
        self._show(prepared, request.landmarks_path)
        if len(request.failures) == 1:
            self._say(f"{request.failures[0].message} It was skipped.")
        elif request.failures:
            self._say(f"{len(request.failures)} files were skipped. The first one: {request.failures[0].message}")

    def _skip(self, request: _Request, error: AppError) -> None:
        """Go on to the next file, or say what is wrong where there is none."""
        request = replace(request, failures=(*request.failures, error), position=request.position + request.step)
        if 0 <= request.position < len(request.paths):
            self._find(request)
            return
        first, *others = request.failures
        more = f" {len(others)} more cannot be opened either." if others else ""
        self._questions.show_error(type(first)(f"{first.message}{more}", first.hint))

    def _take_added(self) -> None:
        self.paths = (*self.paths, *(path for path in self._added if path not in self.paths))
        self._added = ()

    def _run(
        self,
        function: Callable[..., object],
        *args: object,
        on_result: Callable[..., None],
        request: _Request,
    ) -> None:
        self._run_job(
            function, *args, on_result=on_result, on_error=partial(self._skip, request), name=request.path.name
        )

    def _run_job(
        self,
        function: Callable[..., object],
        *args: object,
        on_result: Callable[..., object],
        on_error: Callable[[AppError], object],
        name: str,
    ) -> None:
        def ended() -> None:
            if self._job is job:
                self._job = None
            self._shown.hide(job)

        def then(follow: Callable[..., object]) -> Callable[..., None]:
            def handle(outcome: object) -> None:
                try:
                    follow(outcome)
                finally:
                    if self._job in (None, job):  # else another job has begun that goes on opening
                        self._announce("")

            return handle

        job = self._jobs.run(
            function,
            *args,
            on_result=then(on_result),
            on_error=then(on_error),
            on_progress=lambda fraction, text: self._shown.show(job, text, fraction),
            on_end=ended,
            may_stall=True,
        )
        self._job = job
        self._announce(name)
        self._shown.show(job, f"Opening {name}")
