"""The strip below the worklist that tells how far the localization in the background is, and lets it be paused, left or repeated.

Shows what the background work and the counts of the cases say; decides nothing. Hidden while there is nothing to tell.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from psygnal import SignalInstance
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desk.case_list import CaseList
from app.desk.events import Overall
from app.panels.strip_parts import strip_bar, strip_button, strip_text
from app.session.wording import time_words

MOST_SENTENCES = 2
"""Sentences about problems that are shown; all of them stand beside their cases."""


class BackgroundWork(Protocol):
    """What localizes cases in the background, as far as panels have to do with it.

    Attributes
    ----------
    overall
        How far everything is; None before anything was begun.
    under_way
        The cases that are worked on, each with the fraction that is done.
    """

    overall: Overall | None
    under_way: dict[int, float]

    @property
    def progress_changed(self) -> SignalInstance:
        """Tells that one of the attributes has changed."""

    @property
    def answered(self) -> SignalInstance:
        """Tells the number of a case whose landmarks were found, and the `ImageAnswer`."""

    def localize(self, case_ids: Collection[int]) -> None:
        """Localize cases, whatever was said about them before."""

    def localize_new(self) -> None:
        """Localize every case that nobody has read yet."""

    def pause(self) -> None:
        """Begin no further case."""

    def resume(self) -> None:
        """Go on after `pause`."""

    def cancel(self) -> None:
        """Take everything off the list."""


class BackgroundStrip(QWidget):
    """Progress in all, pause, cancel, and what went wrong.

    Parameters
    ----------
    work, case_list
        What it tells about.
    """

    retry_requested = Signal()
    """Cases that have a problem are to be tried again."""

    def __init__(self, work: BackgroundWork, case_list: CaseList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backgroundStrip")
        self._work = work
        self._list = case_list
        self.bar, self.text = strip_bar(), strip_text()
        self.pause = strip_button("Pause", "Begin no further image; those that have begun come to their end.")
        self.pause.clicked.connect(self._pause)
        self.cancel = strip_button("Cancel", "Leave all that waits and runs. What was found stays.")
        self.cancel.clicked.connect(work.cancel)
        self.problems = strip_text()
        self.problems.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry = strip_button("Retry", "Try all that have a problem once more.")
        self.retry.clicked.connect(self.retry_requested)
        self._lay_out()
        work.progress_changed.connect(self.refresh)
        case_list.counts_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how far it is."""
        overall, problems = self._work.overall, self._list.counts.problems
        is_busy = overall is not None and overall.busy
        for part in (self.bar, self.text, self.pause, self.cancel):
            part.setVisible(is_busy)
        if overall is not None and is_busy:
            self.bar.setValue(round(1000 * overall.fraction))
            self.text.setText(_words(overall))
            self.pause.setText("Go on" if overall.paused else "Pause")
        for part in (self.problems, self.retry):
            part.setVisible(bool(problems))
        self.problems.setText(_problem_words(problems))
        self.setVisible(is_busy or bool(problems))

    def _pause(self) -> None:
        if self._work.overall is not None and self._work.overall.paused:
            self._work.resume()
        else:
            self._work.pause()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.text, 1)
        first.addWidget(self.pause)
        first.addWidget(self.cancel)
        second.addWidget(self.problems, 1)
        second.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addWidget(self.bar)
        layout.addLayout(first)
        layout.addLayout(second)


def _words(overall: Overall) -> str:
    parts = [f"{overall.done + overall.failed} of {overall.total}"]
    if overall.paused:
        parts.append("paused")
    elif overall.left_s is not None:
        parts.append(f"{time_words(overall.left_s)} left")
    return " · ".join(parts)


def _problem_words(problems: Mapping[str, int]) -> str:
    lines = [f"{count} ×: {sentence}" if count > 1 else sentence for sentence, count in problems.items()]
    return "\n".join([*lines[:MOST_SENTENCES], *(["…"] if len(lines) > MOST_SENTENCES else [])])
