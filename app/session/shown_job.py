"""Which of the running jobs the progress line shows: the one that spoke last."""

from app.session.jobs import Job
from app.session.view_state import Progress, ViewState


class ShownJob:
    """Brings what jobs say about themselves to the progress line.

    Parameters
    ----------
    view_state
        Holds the progress that is shown.

    Attributes
    ----------
    job
        The job that is shown, None where none is.
    """

    def __init__(self, view_state: ViewState) -> None:
        self._view = view_state
        self.job: Job | None = None

    def show(self, job: Job, text: str, fraction: float = -1.0, *, cancellable: bool = True) -> None:
        """Show how far a job is; a fraction below 0 means that nobody knows."""
        self.job = job
        self._view.progress = Progress(fraction, text, cancellable)

    def hide(self, job: Job) -> None:
        """Show nothing any more where ``job`` is what is shown."""
        if self.job is job:
            self.job = None
            self._view.progress = None
