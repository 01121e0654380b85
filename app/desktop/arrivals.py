"""Gathers the files that reach the application from outside: later starts, and the Finder of macOS.

Makes one list of what belongs together, and waits while a dialog is open. Opens nothing itself: `open_files` and `add_files` do.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

GATHER_MS = 300
"""How long after a file another one is expected: several files that a person opens at once come one by one."""
TOGETHER_S = 3.0
"""What follows a list that soon joins it in place of replacing it: Windows starts one process a file, all a little apart."""

Take = Callable[[Sequence[Path]], None]


class Arrivals(QObject):
    """Files on their way to the window; keeps those that come before there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Path] = []
        self._first_came_s = 0.0
        self._former_came_s = -TOGETHER_S
        self._open: Take | None = None
        self._add: Take | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(GATHER_MS)
        self._timer.timeout.connect(self._deliver)

    def deliver_to(self, open_files: Take, add_files: Take) -> None:
        """Say who opens a new list, and who adds to the one that was opened last."""
        self._open, self._add = open_files, add_files
        if self._waiting:
            self._timer.start()

    def add(self, paths: Sequence[Path]) -> None:
        """Take files to be opened."""
        if not paths:
            return
        if not self._waiting:
            self._first_came_s = time.monotonic()
        self._waiting.extend(paths)
        self._timer.start()

    def opened(self) -> None:
        """Remember that a list, such as that of the command line, is being opened just now."""
        self._former_came_s = time.monotonic()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._timer.stop()
        self._waiting.clear()

    def _deliver(self) -> None:
        if self._open is None or self._add is None:
            return
        if QApplication.activeModalWidget() is not None:
            self._timer.start()  # a person is being asked something else
            return
        paths, self._waiting = list(dict.fromkeys(self._waiting)), []
        belong_to_former = self._first_came_s - self._former_came_s < TOGETHER_S
        self._former_came_s = time.monotonic()
        (self._add if belong_to_former else self._open)(paths)
