"""The child process: takes messages from a pipe, reads the next image while it computes the present one, and sends answers.

Ends by itself when the process that started it is gone. Decides nothing: which image comes when, and what becomes of failures, is
for `app.desk.dispatcher` to say. Writes no file and no log.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Protocol

from core.base.errors import AppError, Cancelled
from core.base.files import reason_of
from core.base.memory import is_lack_of_memory
from core.models.image_task import ImageAnswer, ImageTask

AHEAD_BYTES = 64e6
"""A file that is larger is not read ahead, but once its turn has come."""
_UNPACKED = 4
"""How much larger a file usually is in memory, where it is packed."""


class Work(Protocol):
    """What a child does with a task; `core.models.image_task.ImageWork` says what each of these means."""

    def prepare(self) -> str: ...  # noqa: D102
    def stored_bytes(self, task: ImageTask) -> int: ...  # noqa: D102
    def read(self, task: ImageTask, should_stop: Callable[[], bool]) -> Any: ...  # noqa: D102
    def needed_bytes(self, task: ImageTask, read: Any) -> int: ...  # noqa: D102
    def is_large(self, task: ImageTask, read: Any) -> bool: ...  # noqa: D102
    def run(  # noqa: D102
        self, task: ImageTask, read: Any, progress: Callable[[float, str], None], should_stop: Callable[[], bool]
    ) -> ImageAnswer: ...


# --- to the child ---


@dataclass(frozen=True)
class Read:
    """Read the image of a task, which may have its turn next."""

    number: int
    task: ImageTask


@dataclass(frozen=True)
class Run:
    """Work on a task; ``share_bytes`` is the memory that it may take, None where nothing else runs."""

    number: int
    task: ImageTask
    share_bytes: float | None


@dataclass(frozen=True)
class Stop:
    """Leave a task, wherever it is."""

    number: int


# --- from the child ---


@dataclass(frozen=True)
class Ready:
    """The child can work; ``device`` is where the networks will run."""

    device: str


@dataclass(frozen=True)
class Progressed:
    """How far the task is that runs."""

    number: int
    fraction: float
    doing: str


@dataclass(frozen=True)
class TooLarge:
    """The task is to run alone: its image is large, or needs more memory than a share. It has not begun."""


@dataclass(frozen=True)
class Stopped:
    """The task was left as asked."""


@dataclass(frozen=True)
class Problem:
    """Why a task has failed: a sentence, the error's class, whether memory was lacking; a traceback of our own errors."""

    sentence: str
    kind: str
    lack_of_memory: bool = False
    details: str = ""


@dataclass(frozen=True, eq=False)
class Ended:
    """A task that ran has come to its end."""

    number: int
    outcome: ImageAnswer | Problem | TooLarge | Stopped


def problem_of(error: Exception) -> Problem:
    """Return what a person is told of an error while an image was read or localized."""
    lacking, kind = is_lack_of_memory(error), type(error).__name__
    if isinstance(error, AppError):
        return Problem(str(error), kind, lacking)
    if isinstance(error, OSError):
        return Problem(f"The file system refused it ({reason_of(error)}). Check the disk and try again.", kind)
    if isinstance(error, MemoryError):
        sentence = "There is not enough memory for this image. Close other programs, or use a computer with more."
        return Problem(sentence, kind, lack_of_memory=True)
    told = f"Stopped by an error in the program ({kind})."
    return Problem(told, kind, details="".join(traceback.format_exception(error)))


@dataclass(frozen=True, eq=False)
class _Ahead:
    """How to stop a task, and its image if that is read, or being read, already."""

    stop: threading.Event
    read: Future[Any] | None = None


_Begun = tuple[Run, _Ahead]


class Worker:
    """One child at work.

    Parameters
    ----------
    connection
        Its end of the pipe.
    work
        What it does.
    """

    def __init__(self, connection: Connection, work: Work) -> None:
        self._connection = connection
        self._work = work
        self._sending = threading.Lock()
        self._runs: SimpleQueue[_Begun] = SimpleQueue()
        self._reader = ThreadPoolExecutor(1, "reading")
        self._ahead: dict[int, _Ahead] = {}
        self._stops: dict[int, threading.Event] = {}

    def serve(self) -> None:
        """Work until the other end of the pipe is closed, which ends the process."""
        threading.Thread(target=self._listen, name="listening", daemon=True).start()
        self._send(Ready(self._work.prepare()))
        while True:
            run, begun = self._runs.get()
            outcome = self._outcome(run, begun)
            del begun  # the next image may need the memory
            self._stops.pop(run.number, None)
            self._send(Ended(run.number, outcome))

    def _listen(self) -> None:
        """Take messages while the other thread computes."""
        try:
            while True:
                message = self._connection.recv()
                self._take(message)
        except (EOFError, OSError):
            os._exit(0)  # whoever started this process is gone; in the middle of a network nothing gentler works

    def _take(self, message: Read | Run | Stop) -> None:
        number = message.number
        if isinstance(message, Run):
            begun = self._ahead.pop(number, None) or _Ahead(threading.Event())
            self._stops[number] = begun.stop
            self._runs.put((message, begun))
        elif isinstance(message, Read):
            if self._work.stored_bytes(message.task) <= AHEAD_BYTES:
                stop = threading.Event()
                read = self._reader.submit(self._work.read, message.task, stop.is_set)
                self._ahead[number] = _Ahead(stop, read)
        elif number in self._ahead:
            ahead = self._ahead.pop(number)
            ahead.stop.set()
            if ahead.read is not None:
                ahead.read.cancel()
        elif number in self._stops:
            self._stops[number].set()

    def _outcome(self, run: Run, begun: _Ahead) -> ImageAnswer | Problem | TooLarge | Stopped:
        stop, ahead = begun.stop, begun.read
        try:
            if ahead is None and run.share_bytes is not None:
                stored = self._work.stored_bytes(run.task)
                if stored > AHEAD_BYTES and stored * _UNPACKED > run.share_bytes:
                    return TooLarge()
            read = ahead.result() if ahead is not None else self._work.read(run.task, stop.is_set)
            if run.share_bytes is not None and self._exceeds(run.share_bytes, run.task, read):
                return TooLarge()

            def progress(fraction: float, doing: str) -> None:
                self._send(Progressed(run.number, fraction, doing))

            return self._work.run(run.task, read, progress, stop.is_set)
        except Cancelled:
            return Stopped()
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this image and no other
            return problem_of(error)

    def _exceeds(self, share_bytes: float, task: ImageTask, read: Any) -> bool:
        return self._work.is_large(task, read) or self._work.needed_bytes(task, read) > share_bytes

    def _send(self, message: Ready | Progressed | Ended) -> None:
        with self._sending:
            try:
                self._connection.send(message)
            except OSError:
                os._exit(0)


def serve(connection: Connection, work_name: str, cores: int, *, considerate: bool) -> None:
    """Be a child process: the target that `app.desk.child` starts.

    Parameters
    ----------
    connection
        The child's end of a two-way pipe.
    work_name
        ``"package.module:Class"`` of the `Work`, made with ``cores``.
    cores
        Threads for an image that runs alone.
    considerate
        Whether other programs go first.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches a whole terminal; the parent ends its children itself
    if considerate:
        _go_last()
    module_name, _, class_name = work_name.partition(":")
    work: Work = getattr(import_module(module_name), class_name)(cores)
    Worker(connection, work).serve()


def _go_last() -> None:
    if sys.platform == "win32":
        import psutil

        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(10)
