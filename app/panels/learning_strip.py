"""The strip below the worklist that tells that something is learnt, was begun earlier, or was learnt and waits for a decision.

Shows what `app.session.learning` says; hidden while there is nothing to tell.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.panels.strip_parts import strip_bar, strip_button, strip_text
from app.session.learning import Learning
from app.session.wording import decimals_of, time_words


class LearningStrip(QWidget):
    """Progress, and the way to what there is to see.

    Parameters
    ----------
    learning
        What it tells about.
    """

    show_requested = Signal()
    """The curve, or the comparison, is to be shown."""

    def __init__(self, learning: Learning, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("learningStrip")
        self._learning = learning
        self.bar, self.text = strip_bar(), strip_text()
        self.show_it = strip_button("Show", "Show the curve, or the comparison.")
        self.show_it.clicked.connect(self.show_requested)
        self.go_on = strip_button("Go on", "Go on learning where it stood.")
        self.go_on.clicked.connect(learning.go_on)
        self.give_up = strip_button("Give up", "Forget what was begun.")
        self.give_up.clicked.connect(learning.give_up)
        line = QHBoxLayout()
        line.addWidget(self.text, 1)
        for button in (self.show_it, self.go_on, self.give_up):
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addWidget(self.bar)
        layout.addLayout(line)
        learning.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show how far it is."""
        learning, progress = self._learning, self._learning.progress
        can_go_on = progress is None and learning.unfinished is not None
        waits = progress is None and learning.waiting is not None
        self.bar.setVisible(progress is not None)
        if progress is not None:
            granted_s = 60 * progress.minutes
            part = 0.0 if progress.left_s is None or not granted_s else 1 - progress.left_s / granted_s
            self.bar.setValue(round(1000 * min(1.0, max(0.0, part))))
        self.text.setText(self._words())
        self.show_it.setVisible(progress is not None or waits)
        self.show_it.setText("Compare" if waits else "Show")
        self.go_on.setVisible(can_go_on or learning.paused)
        self.give_up.setVisible(can_go_on)
        self.setVisible(bool(progress is not None or can_go_on or waits))

    def _words(self) -> str:
        learning, progress = self._learning, self._learning.progress
        if progress is not None:
            parts = ["Learning rests" if learning.paused else "Learning"]
            if progress.best is not None:
                parts.append(f"best {progress.best:.{decimals_of(progress.unit)}f} {progress.unit}")
            if progress.left_s is not None and not learning.paused:
                parts.append(f"{time_words(progress.left_s)} left")
            return " · ".join(parts)
        if learning.waiting is not None:
            return f"{learning.waiting.name} was learnt."
        return "Learning was begun and can go on." if learning.unfinished is not None else ""
