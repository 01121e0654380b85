"""What is seen of learning while it runs: what it does, the curve, the best so far, the time left; pause, stop and keep, cancel.

Shows what `app.session.learning` says, and passes on what a person wants.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.dialogs.learning_curve import LearningCurve
from app.session.course_progress import CourseProgress
from app.session.learning import Learning
from app.session.wording import decimals_of, time_words


class CoursePanel(QWidget):
    """The panel.

    Parameters
    ----------
    learning
        What it shows.
    """

    cancel_requested = Signal()
    """What was learnt is to be thrown away."""

    def __init__(self, learning: Learning, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._learning = learning
        self.heading = _label()
        self.doing = _label()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.curve = LearningCurve()
        self.best, self.last, self.left = _figure(), _figure(), _figure()
        self.left_out = _label("dropHint")
        self.pause = QPushButton("&Pause")
        self.stop = QPushButton("&Stop and keep the best")
        self.stop.setToolTip("Make a model of the best that was learnt so far.")
        self.cancel = QPushButton("&Cancel")
        self.cancel.setToolTip("Stop, and throw away what was learnt.")
        for button in (self.pause, self.stop, self.cancel):
            button.setAutoDefault(False)
        self.pause.clicked.connect(self._pause)
        self.stop.clicked.connect(learning.stop)
        self.cancel.clicked.connect(self.cancel_requested)
        self._lay_out()
        learning.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how far it is."""
        progress = self._learning.progress
        if progress is None:
            return
        self.heading.setText(heading(progress))
        resting = "Resting: " if self._learning.paused else "Stopping: " if self._learning.stopping else ""
        self.doing.setText(f"{resting}{progress.doing}")
        self._show_bar(progress)
        self.curve.show_progress(progress)
        self.best.setText(_error(progress.best, progress.unit))
        self.last.setText(_error(progress.error, progress.unit))
        self.left.setText("–" if progress.left_s is None else time_words(progress.left_s))
        self.left_out.setText(left_out_words(progress))
        self.left_out.setVisible(bool(progress.left_out))
        self.pause.setText("&Go on" if self._learning.paused else "&Pause")
        self.stop.setEnabled(not self._learning.stopping and bool(progress.curve))

    def _show_bar(self, progress: CourseProgress) -> None:
        granted_s = 60 * progress.minutes
        if progress.left_s is None or granted_s <= 0:
            self.bar.setRange(0, 0)
            return
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * min(1.0, max(0.0, 1 - progress.left_s / granted_s))))

    def _pause(self) -> None:
        if self._learning.paused:
            self._learning.go_on()
        else:
            self._learning.pause()

    def _lay_out(self) -> None:
        figures = QGridLayout()
        for column, (title, figure) in enumerate(
            (("Best so far", self.best), ("Last check", self.last), ("Time left", self.left))
        ):
            figures.addWidget(_label("dropHint", title), 0, column)
            figures.addWidget(figure, 1, column)
            figures.setColumnStretch(column, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.pause)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.heading)
        layout.addWidget(self.doing)
        layout.addWidget(self.bar)
        layout.addWidget(self.curve, 1)
        layout.addLayout(figures)
        layout.addWidget(self.left_out)
        layout.addLayout(buttons)


def heading(progress: CourseProgress) -> str:
    """Return the line that says what is learnt from."""
    start = f"Going on from {progress.start}" if progress.start else "From scratch"
    if not progress.learn:
        return f"{start}."
    return f"{start}: {progress.learn} cases to learn from, {progress.check} to check with."


def left_out_words(progress: CourseProgress) -> str:
    """Return which cases were left out, and why."""
    lines = [f"{one.case}: {one.why}" for one in progress.left_out]
    shown = lines if len(lines) <= 3 else [*lines[:2], f"and {len(lines) - 2} more"]
    return "Left out: " + "\n".join(shown) if shown else ""


def _error(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.{decimals_of(unit)}f} {unit}"


def _label(name: str = "", text: str = "") -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def _figure() -> QLabel:
    label = QLabel("–")
    font = label.font()
    font.setPointSizeF(1.35 * font.pointSizeF())
    label.setFont(font)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
