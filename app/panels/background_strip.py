"""The strip below the worklist that tells how far the localization in the background is, and lets it be paused, left or repeated.

Shows what `app.desk.case_localization` says; decides nothing. Hidden while there is nothing to tell.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from app.desk.case_localization import CaseLocalization, failures_by_sentence

MOST_SENTENCES = 2
"""Sentences about failures that are shown; all of them stand beside their cases."""


class BackgroundStrip(QWidget):
    """Progress in all, pause, cancel, and what went wrong.

    Parameters
    ----------
    work
        What it tells about.
    """

    def __init__(self, work: CaseLocalization, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backgroundStrip")
        self._work = work
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.text = QLabel()
        self.pause = _button("Pause", "Begin no further image; those that have begun come to their end.")
        self.pause.clicked.connect(self._pause)
        self.cancel = _button("Cancel", "Leave all that waits and runs. What was found stays.")
        self.cancel.clicked.connect(work.cancel)
        self.problems = QLabel()
        self.problems.setWordWrap(True)
        self.problems.setObjectName("backgroundProblems")
        self.problems.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry = _button("Retry", "Try those that have failed once more.")
        self.retry.clicked.connect(lambda: work.retry())
        self._lay_out()
        work.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how far it is."""
        work = self._work
        count, failures = len(work.waiting), work.failures
        self.bar.setVisible(count > 0)
        self.text.setVisible(count > 0)
        self.pause.setVisible(count > 0)
        self.cancel.setVisible(count > 0)
        if count:
            overall = work.overall
            self.bar.setValue(round(1000 * overall.fraction) if overall.busy else 0)
            self.text.setText(_words(work))
            self.pause.setText("Go on" if work.paused else "Pause")
        self.problems.setVisible(bool(failures))
        self.retry.setVisible(bool(failures))
        if failures:
            self.problems.setText(_problem_words(failures))
            self.retry.setText("Retry" if len(failures) == 1 else f"Retry {len(failures)}")
        self.setVisible(bool(count or failures))

    def _pause(self) -> None:
        if self._work.paused:
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


def time_words(seconds: float) -> str:
    """Return about how long something takes, as people say it: ``"about 2 min"``."""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {max(minutes, 1)} min"
    hours = seconds / 3600
    return f"about {hours:.0f} h" if hours >= 9.5 else f"about {hours:.1f} h".replace(".0 ", " ")


def _words(work: CaseLocalization) -> str:
    overall = work.overall
    if not overall.busy:
        return f"Localizing {len(work.waiting)}: getting ready…"
    ended = overall.done + overall.failed
    parts = [f"{ended} of {overall.total} localized"]
    if overall.paused:
        parts.append("paused")
    elif overall.left_s is not None:
        parts.append(f"{time_words(overall.left_s)} left")
    return " · ".join(parts)


def _problem_words(failures: dict[int, str]) -> str:
    said = failures_by_sentence(failures)
    lines = [sentence if count == 1 else f"{count} ×: {sentence}" for sentence, count in said[:MOST_SENTENCES]]
    if len(said) > MOST_SENTENCES:
        lines.append("…")
    return "\n".join(lines)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the image
    return button
