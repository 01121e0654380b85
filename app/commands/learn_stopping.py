"""How a person, or the window that started it, stops ``cairn learn``: by Ctrl-C, by a line on standard input, or by dying.

Only notes what is wished; the course asks for it.
"""

import os
import stat
import sys
import threading

from core.learning.course_request import Stop


class Stopping:
    """What was wished so far: nothing, to stop and keep the best, or to save and leave."""

    def __init__(self) -> None:
        self._wished = Stop.NOT

    def wished(self) -> Stop:
        """Return what is wished."""
        return self._wished

    def keep(self) -> None:
        """Wish to stop and keep the best; wished twice it is to leave."""
        self._wished = Stop.KEEP if self._wished is Stop.NOT else Stop.LEAVE

    def leave(self) -> None:
        """Wish to save and leave, so that the same command goes on later."""
        self._wished = Stop.LEAVE

    def hear(self, line: bytes) -> None:
        """Hear a line of standard input; ``stop`` twice is still to keep the best."""
        if line.strip() == b"stop" and self._wished is Stop.NOT:
            self._wished = Stop.KEEP


def listen(stopping: Stopping) -> None:
    """Listen to standard input from now on: a line ``stop``, or its end, when whoever started this is gone.

    Where it never was a pipe, nobody is at its other end, and nothing is heard.
    """
    try:
        number = sys.stdin.fileno()
        mode = os.fstat(number).st_mode
    except (AttributeError, OSError, ValueError):  # a windowed program has none
        return
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=_hear, args=(number, stopping), name="standard input", daemon=True).start()


def _hear(number: int, stopping: Stopping) -> None:
    """Read past Python's buffer, whose lock a thread that waits would hold when the program ends."""
    rest = b""
    while True:
        try:
            content = os.read(number, 4096)
        except OSError:
            content = b""
        if not content:
            stopping.leave()
            return
        *lines, rest = (rest + content).split(b"\n")
        for line in lines:
            stopping.hear(line)
