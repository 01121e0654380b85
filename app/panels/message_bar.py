"""Sentences above the image that stay until they are dismissed, and never stop the work."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.session.view_state import Message, ViewState


class MessageBar(QWidget):
    """Shows the messages of the view state, one row each."""

    def __init__(self, view_state: ViewState) -> None:
        super().__init__()
        self._state = view_state
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        view_state.events.messages.connect(self._show)
        self._show(view_state.messages)

    def texts(self) -> list[str]:
        """Return what is shown."""
        return [message.text for message in self._state.messages]

    def _show(self, messages: tuple[Message, ...]) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.hide()
                row.deleteLater()
        for message in messages:
            self._layout.addWidget(self._row(message))
        self.setVisible(bool(messages))

    def _row(self, message: Message) -> QFrame:
        row = QFrame()
        row.setObjectName("message")
        row.setProperty("warning", message.is_warning)
        text = QLabel(message.text)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setText("✕")
        close.setToolTip("Dismiss")
        close.setAutoRaise(True)
        close.clicked.connect(lambda: self._state.dismiss(message))
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(text, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        return row
