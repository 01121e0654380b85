"""What the strips below the worklist are made of: a bar, a text that wraps, quiet buttons. Decides nothing."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QToolButton


def strip_bar() -> QProgressBar:
    """Return a bar from 0 to 1000 without a text of its own."""
    bar = QProgressBar()
    bar.setRange(0, 1000)
    bar.setTextVisible(False)
    return bar


def strip_text() -> QLabel:
    """Return an empty text that wraps."""
    text = QLabel()
    text.setWordWrap(True)
    return text


def strip_button(text: str, tip: str) -> QToolButton:
    """Return a button; a click on it leaves the keyboard to the image."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
