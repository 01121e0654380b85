"""Runs functions in other threads and brings their results back to the main thread.

A job takes and returns immutable values and never touches a widget, the document or the undo stack. Its callbacks run in
the main thread, and none runs after the job was cancelled except `on_end`. What may stall, as files on a network drive do,
gets a thread of its own that nothing ever waits for.
"""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from core.base.errors import AppError, Cancelled

ProgressCallback = Callable[[float, str], None]


class Job(QObject):
    """A running function; lives in the main thread."""

    _progressed = Signal(float, str)
    _ended = Signal()

    def __init__(
        self,
        work: Callable[["Job"], Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[AppError], None],
        on_progress: ProgressCallback | None,
        on_end: Callable[[], None] | None,
    ) -> None:
        super().__init__()
        self._work = work
        self._on_result = on_result
        self._on_error = on_error
        self._on_progress = on_progress
        self._on_end = on_end
        self._stop = threading.Event()
        self._result: Any = None
        self._error: Exception | None = None
        self._progressed.connect(self._report_progress)
        self._ended.connect(self._finish)

    def cancel(self) -> None:
        """Ask the function to stop; its result, if it still gives one, is dropped."""
        self._stop.set()

    def should_stop(self) -> bool:
        """Tell the function, in its own thread, whether to stop."""
        return self._stop.is_set()

    def report(self, fraction: float, text: str) -> None:
        """Tell the main thread, from the function's thread, how far it is."""
        self._progressed.emit(fraction, text)

    def execute(self) -> None:
        """Run the function; called in its own thread."""
        try:
            self._result = self._work(self)
        except MemoryError as error:
            self._error = _memory_error(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the main thread
            self._error = error
        self._ended.emit()

    @Slot(float, str)
    def _report_progress(self, fraction: float, text: str) -> None:
        if self._on_progress is not None and not self.should_stop():
            self._on_progress(fraction, text)

    @Slot()
    def _finish(self) -> None:
        if self._on_end is not None:
            self._on_end()
        if self.should_stop() or isinstance(self._error, Cancelled):
            return
        if self._error is None:
            self._on_result(self._result)
        elif isinstance(self._error, AppError):
            self._on_error(self._error)
        else:
            raise self._error


def _memory_error(cause: MemoryError) -> AppError:
    error = AppError(
        "There is not enough memory for this.", "Close other programs, or use a computer with more memory."
    )
    error.__cause__ = cause
    return error


class _Task(QRunnable):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def run(self) -> None:
        self._job.execute()


class Jobs:
    """Starts jobs and knows which are running."""

    def __init__(self, max_threads: int = 4) -> None:
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(max_threads)
        self._running: set[Job] = set()

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        on_result: Callable[[Any], None],
        on_error: Callable[[AppError], None],
        on_progress: ProgressCallback | None = None,
        on_end: Callable[[], None] | None = None,
        may_stall: bool = False,
    ) -> Job:
        """Call ``function(*args)`` in another thread.

        Parameters
        ----------
        function
            Where ``on_progress`` is given it is called with ``progress`` and ``should_stop`` as well.
        on_result
            Gets what it returned.
        on_error
            Gets the `AppError` it raised; any other exception goes to the exception hook.
        on_progress
            Gets a fraction and a text now and then.
        on_end
            Called first in any case, cancelled or not.
        may_stall
            Whether it may hang where nobody can stop it, in the operating system. It then takes no place in the pool, and
            `shut_down` does not wait for it.
        """

        def work(job: Job) -> Any:
            if on_progress is None:
                return function(*args)
            return function(*args, progress=job.report, should_stop=job.should_stop)

        job = Job(work, on_result, on_error, on_progress, lambda: self._forget(job, on_end))
        self._running.add(job)
        if may_stall:
            threading.Thread(target=job.execute, name="reading", daemon=True).start()
        else:
            self._pool.start(_Task(job))
        return job

    @property
    def busy(self) -> bool:
        """Whether any job has not come to its end."""
        return bool(self._running)

    def shut_down(self) -> None:
        """Cancel every job and wait until the pool's threads are free."""
        for job in self._running:
            job.cancel()
        self._pool.clear()
        self._pool.waitForDone()
        self._running.clear()

    def _forget(self, job: Job, on_end: Callable[[], None] | None) -> None:
        self._running.discard(job)
        if on_end is not None:
            on_end()
