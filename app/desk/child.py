"""One child process as its parent sees it: starting it, sending to it, ending it.

Knows what the child is working on, and decides nothing.
"""

import multiprocessing
import signal
from contextlib import suppress

from app.desk.crew_plan import CrewPlan
from app.desk.waiting_line import Entry
from app.desk.worker import Read, Run, Stop, serve

_REAPED_WITHIN_S = 1.0


class Child:
    """A process that works on one image and reads another one ahead.

    Started with spawn: a fork would copy the locks of Qt and torch in whatever state they are, and Windows has none. The frozen
    application is ready for it (packaging/frozen/cairn_entry.py).

    Parameters
    ----------
    work_name
        What it works with, as `app.desk.worker.serve` takes it.
    plan
        How much of the computer it may take.

    Attributes
    ----------
    connection
        Where its messages come from; at its end once the process is.
    ready
        Whether it has said that it can work.
    running, ahead
        What it works on, and what it reads meanwhile.
    told_to_stop_s
        When it was asked to leave what it runs; None where it was not.
    idle_since_s
        Since when it has had nothing to do; None while it has.
    dismissed
        Whether it was ended on purpose.

    Raises
    ------
    OSError
        The system starts no further process.
    """

    def __init__(self, work_name: str, plan: CrewPlan) -> None:
        context = multiprocessing.get_context("spawn")
        # Both ends of a two-way pipe are of the same class, which differs from system to system.
        ours, theirs = context.Pipe(duplex=True)
        self.connection = ours
        self.ready = False
        self.running: Entry | None = None
        self.ahead: Entry | None = None
        self.told_to_stop_s: float | None = None
        self.idle_since_s: float | None = None
        self.dismissed = False
        self._process = context.Process(
            target=serve,
            args=(theirs, work_name, plan.cores),
            kwargs={"considerate": plan.considerate},
            name="cairn-background",
            daemon=True,
        )
        try:
            self._process.start()
        except OSError:
            self.connection.close()
            raise
        finally:
            theirs.close()  # else the end of the child would not end the pipe

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid or 0

    def send(self, message: Read | Run | Stop) -> None:
        """Send a message; where the child has just ended, that is found out when its pipe is read."""
        with suppress(OSError):
            self.connection.send(message)

    def kill(self) -> None:
        """End the process at once, whatever it does; it writes nothing, so nothing is left half written."""
        self.dismissed = True
        self._process.kill()

    def reap(self) -> str:
        """Wait until the process, which ends, has ended; return how it did, in a few words.

        One that closed its pipe and goes on is ended.
        """
        self._process.join(_REAPED_WITHIN_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(_REAPED_WITHIN_S)
        self.connection.close()
        code = self._process.exitcode
        if code is None:
            return "an unknown exit code"  # somebody else in this program has asked the system for it first
        self._process.close()
        return _manner(code)


def _manner(code: int) -> str:
    """Say how a process ended that ended with ``code``; below zero it is the signal."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
        return f"{name}, perhaps because memory ran out" if name == "SIGKILL" else name
    return f"signal {-code}"
