"""Which of the running jobs the progress line shows: the one that spoke last, and after its end one that still runs."""

from app.session.jobs import Job
from app.session.view_state import Progress, ViewState


class ShownJob:
    """Brings what jobs say about themselves to the progress line.

    Parameters
    ----------
    view_state
        Holds the progress that is shown.
    """

    def __init__(self, view_state: ViewState) -> None:
        self._view = view_state
        self._running: dict[Job, Progress] = {}

    @property
    def job(self) -> Job | None:
        """The job that is shown, None where none is."""
        return next(reversed(self._running), None)

    def show(self, job: Job, text: str, fraction: float = -1.0, *, cancellable: bool = True) -> None:
        """Show how far a job is; a fraction below 0 means that nobody knows."""
        self._running.pop(job, None)
        self._running[job] = Progress(fraction, text, cancellable)
        self._view.progress = self._running[job]

    def hide(self, job: Job) -> None:
        """Let go of a job that has ended or was given up."""
        self._running.pop(job, None)
        self._view.progress = next(reversed(self._running.values()), None)
