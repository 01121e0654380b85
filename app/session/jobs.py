"""Runs functions in other threads and brings their results back to the main thread.

A job takes and returns immutable values and never touches a widget, the document or the undo stack. Its callbacks run in
the main thread, and none runs after the job was cancelled except `on_end`. A job that has ended holds nothing any more. No Qt
object is handed to another thread, where it might be destroyed. What may stall, as files on a network drive do, gets a thread of
its own that nothing ever waits for.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, Qt, QThreadPool, Signal, Slot

from core.base.errors import AppError, Cancelled

ProgressCallback = Callable[[float, str], None]


class _Messenger(QObject):
    """Calls functions in the main thread for others; as old as the application, so that it never dies in another thread."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__(QCoreApplication.instance())
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the main thread, soon; from any thread."""
        with suppress(RuntimeError):  # the application has ended, and nobody listens any more
            self._posted.emit(call)

    @Slot(object)
    def _deliver(self, call: Callable[[], None]) -> None:
        call()


@dataclass(frozen=True)
class _Callbacks:
    on_result: Callable[[Any], None]
    on_error: Callable[[AppError], None]
    on_progress: ProgressCallback | None
    on_end: Callable[[], None] | None


class Job:
    """A running function, and whom to tell about it."""

    def __init__(
        self, work: Callable[["Job"], Any], callbacks: _Callbacks, post: Callable[[Callable[[], None]], None]
    ) -> None:
        self._work: Callable[[Job], Any] | None = work
        self._callbacks: _Callbacks | None = callbacks
        self._post = post
        self._stop = threading.Event()
        self._result: Any = None
        self._error: Exception | None = None

    def cancel(self) -> None:
        """Ask the function to stop; its result, if it still gives one, is dropped."""
        self._stop.set()

    def abandon(self) -> None:
        """Cancel, and tell nobody about the end either."""
        self.cancel()
        self._callbacks = None

    def should_stop(self) -> bool:
        """Tell the function, in its own thread, whether to stop."""
        return self._stop.is_set()

    def report(self, fraction: float, text: str) -> None:
        """Tell the main thread, from the function's thread, how far it is."""
        self._post(partial(self._report_progress, fraction, text))

    def execute(self) -> None:
        """Run the function; called in its own thread."""
        work, self._work = self._work, None
        try:
            if work is not None:
                self._result = work(self)
        except MemoryError as error:
            self._error = _memory_error(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the main thread
            self._error = error
        del work  # what it was given is let go before anybody hears of the end
        self._post(self._finish)

    def _report_progress(self, fraction: float, text: str) -> None:
        callbacks = self._callbacks
        if callbacks is not None and callbacks.on_progress is not None and not self.should_stop():
            callbacks.on_progress(fraction, text)

    def _finish(self) -> None:
        callbacks, result, error = self._callbacks, self._result, self._error
        self._callbacks = self._result = self._error = None
        if callbacks is None:
            return
        if callbacks.on_end is not None:
            callbacks.on_end()
        if self.should_stop() or isinstance(error, Cancelled):
            return
        if error is None:
            callbacks.on_result(result)
        elif isinstance(error, AppError):
            callbacks.on_error(error)
        else:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame


def _memory_error(cause: MemoryError) -> AppError:
    error = AppError(
        "There is not enough memory for this.", "Close other programs, or use a computer with more memory."
    )
    error.__cause__ = cause
    return error


class _Task(QRunnable):
    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job: Job | None = job

    def run(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.execute()


class Jobs:
    """Starts jobs and knows which are running."""

    def __init__(self, max_threads: int = 4) -> None:
        self._messenger = _Messenger()
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

        def ended() -> None:
            self._running.discard(job)
            if on_end is not None:
                on_end()

        job = Job(work, _Callbacks(on_result, on_error, on_progress, ended), self._messenger.post)
        self._running.add(job)
        if may_stall:
            threading.Thread(target=job.execute, name="reading", daemon=True).start()
        else:
            self._pool.start(_Task(job))
        return job

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` called in the main thread, soon; from any thread, and after `shut_down`, too."""
        self._messenger.post(call)

    @property
    def busy(self) -> bool:
        """Whether any job has not come to its end."""
        return bool(self._running)

    def shut_down(self) -> None:
        """Cancel every job and wait until the pool's threads are free."""
        for job in self._running:
            job.abandon()
        self._pool.clear()
        self._pool.waitForDone()
        self._running.clear()
