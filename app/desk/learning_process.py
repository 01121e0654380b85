"""The child process in which networks learn, as its parent sees it: started, followed, suspended, stopped, left.

Starts ``cairn learn … --json`` and reads what it tells, in a thread of its own. Knows no project and no window; starting and
leaving may wait for the system, so both belong into jobs.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.desk.crew_plan import usable_cores
from core.base.errors import AppError, ConfigError
from core.base.files import reason_of
from core.learning.course_events import Event, parse_event

_ENTRY = "import sys; from app.commands.cli import run; sys.exit(run(sys.argv[1:]))"


@dataclass(frozen=True)
class Ended:
    """The process has ended, after all that it told.

    Attributes
    ----------
    code
        Its exit code; below zero the signal that ended it.
    """

    code: int


@dataclass(frozen=True)
class LearningTask:
    """What is to be learnt.

    Attributes
    ----------
    cases
        The project whose marked cases are learnt from; a copy, which stays as it is meanwhile.
    out
        The model file to be written.
    minutes
        Granted.
    start
        The model file to go on from; None to begin from scratch.
    """

    cases: Path
    out: Path
    minutes: float
    start: Path | None = None

    @property
    def work_folder(self) -> Path:
        """Where work in progress lies."""
        return self.out.with_suffix(".learning")


def learn_command(task: LearningTask) -> list[str]:
    """Return the command that learns: this very program, with one thread fewer than there are cores."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-c", _ENTRY]
    start = [] if task.start is None else ["--from", str(task.start)]
    threads = max(1, usable_cores() - 1)
    return [
        *program, "learn", str(task.cases), "--minutes", f"{task.minutes:g}", *start, "--out", str(task.out), "--json",
        "--threads", str(threads),
    ]  # fmt: skip


class LearningProcess:
    """A process that learns.

    Parameters
    ----------
    command
        What is started; it tells `core.learning.course_events` on its standard output, one a line.
    hear
        Gets every event and at last `Ended`, one after the other, in a thread of its own. Must not raise.

    Raises
    ------
    AppError
        The system does not start it.
    """

    def __init__(self, command: Sequence[str], hear: Callable[[Event | Ended], None]) -> None:
        self._hear = hear
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=_no_window(),
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=sys.platform != "win32",  # Ctrl-C in the terminal of the window is not meant for it
            )
        except OSError as error:
            raise AppError(
                f"Learning cannot be started ({reason_of(error)}).", "Close other programs and try again."
            ) from error
        self._let_others_go_first()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="learning", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def stop(self) -> None:
        """Ask it to stop and keep the best that was learnt."""
        with self._writing, suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(b"stop\n")
                self._process.stdin.flush()

    def pause(self) -> None:
        """Let it rest, with all that it has started."""
        for process in self._family():
            with suppress(psutil.Error):
                process.suspend()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        for process in self._family():
            with suppress(psutil.Error):
                process.resume()

    def leave(self, timeout_s: float = 20.0) -> None:
        """Let it save how far it is and end; one that does not is killed, and goes on from what it saved before."""
        self.resume()
        with self._writing, suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._thread.join()

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        for process in reversed(self._family()):
            with suppress(psutil.Error):
                process.kill()
        self._process.wait()

    def _family(self) -> list[psutil.Process]:
        """Return the process and its children; none where it has ended."""
        try:
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.Error:
            return []

    def _let_others_go_first(self) -> None:
        with suppress(psutil.Error, OSError):
            process = psutil.Process(self._process.pid)
            if sys.platform == "win32":
                process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
            else:
                process.nice(10)

    def _follow(self) -> None:
        """Read what it tells until it ends."""
        stdout = self._process.stdout
        if stdout is not None:
            for line in stdout:
                with suppress(ConfigError):  # a library may have printed something
                    self._hear(parse_event(line))
            stdout.close()
        code = self._process.wait()
        with self._writing, suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._hear(Ended(code))


def _no_window() -> int:
    """Return the flag by which Windows opens no terminal for it."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0
