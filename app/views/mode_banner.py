"""The line at the top of a slice that says what the next click does. Decides nothing and is told what to say."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QWidget

MARGIN = 12
"""Screen pixels above it, and at least on both sides."""


class ModeBanner(QLabel):
    """A line of rich text in the middle of the upper edge of its parent; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("modeBanner")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.hide()

    def say(self, text: str) -> None:
        """Show a text, or go away where it is empty."""
        self.setVisible(bool(text))
        if text:
            self.setText(f"{text} &nbsp;·&nbsp; Esc to stop")
            self.place()
            self.raise_()

    def place(self) -> None:
        """Keep to the middle of the view, in several lines where it is narrow."""
        view = self.parentWidget()
        if view is None:
            return
        room = view.width() - 2 * MARGIN
        self.setWordWrap(False)
        wanted = self.sizeHint()
        if wanted.width() > room:
            self.setWordWrap(True)
            wanted = QSize(room, self.heightForWidth(room))
        self.resize(wanted)
        self.move((view.width() - self.width()) // 2, MARGIN)
