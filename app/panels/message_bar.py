"""Sentences over the lower left corner of the image: they move nothing and never stop the work.

Warnings stay until they are dismissed, good news fades away. Which messages there are is the view state's.
"""

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.session.view_state import Message, MessageAction, ViewState

MOST_SHOWN = 3
"""Rows at a time; the others follow as these are dismissed."""
GOOD_NEWS_MS, FADING_MS = 6000, 400
MARGIN, LEAST_WIDTH, MOST_WIDTH = 12, 200, 480
AROUND = 64
"""Width of all that stands beside a sentence."""


class MessageBar(QWidget):
    """Shows the messages of the view state, one row each, over ``parent``."""

    def __init__(self, view_state: ViewState, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = view_state
        self._area = parent
        self._rows: list[QFrame] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._fading: QPropertyAnimation | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._fade)
        parent.installEventFilter(self)
        view_state.events.messages.connect(self._show)
        self._show(view_state.messages)

    def texts(self) -> list[str]:
        """Return what is shown."""
        return [message.text for message in self._shown(self._state.messages)]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Stay in the corner of the parent."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show) and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)

    @staticmethod
    def _shown(messages: tuple[Message, ...]) -> list[Message]:
        """Return the rows: the oldest warnings, and the good news below them."""
        warnings = [message for message in messages if message.is_warning]
        return [*warnings[:MOST_SHOWN], *(message for message in messages if not message.is_warning)]

    def _show(self, messages: tuple[Message, ...]) -> None:
        self._timer.stop()
        if self._fading is not None:
            self._fading.stop()
            self._fading = None
        for row in self._rows:
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        shown = self._shown(messages)
        self._rows = [self._row(message, hidden=len(messages) - len(shown)) for message in shown]
        for row in self._rows:
            self._layout.addWidget(row)
        self.setVisible(bool(messages))
        if messages:
            self._place()
        if any(not message.is_warning for message in messages):
            self._timer.start(GOOD_NEWS_MS)

    def _place(self) -> None:
        """Take the room the sentences need, in the corner."""
        area = self._area.rect()
        wanted = LEAST_WIDTH
        for row in self._rows:
            row.show()
            for text in row.findChildren(QLabel):
                wanted = max(wanted, text.fontMetrics().horizontalAdvance(text.text()) + AROUND)
        width = max(0, min(wanted, MOST_WIDTH, area.width() - 2 * MARGIN))
        self._layout.activate()
        height = self._layout.totalHeightForWidth(width)
        self.setGeometry(MARGIN, max(0, area.height() - height - MARGIN), width, height)
        self.raise_()

    def _fade(self) -> None:
        """Let the good news go, unless the mouse is there: somebody is reading it."""
        news = [message for message in self._state.messages if not message.is_warning]
        if self.underMouse():
            self._timer.start(GOOD_NEWS_MS)
            return
        if not news:
            return
        row = self._rows[-1]
        effect = QGraphicsOpacityEffect(row)
        row.setGraphicsEffect(effect)
        self._fading = QPropertyAnimation(effect, b"opacity", row)
        self._fading.setDuration(FADING_MS)
        self._fading.setStartValue(1.0)
        self._fading.setEndValue(0.0)
        self._fading.finished.connect(lambda: self._state.dismiss(news[0]))
        self._fading.start()

    def _row(self, message: Message, *, hidden: int) -> QFrame:
        row = QFrame(self)
        row.setObjectName("message")
        row.setProperty("warning", message.is_warning)
        text = QLabel(message.text)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the image
        close.setText("✕")
        close.setToolTip("Dismiss" if not hidden else f"Dismiss ({hidden} more will follow)")
        close.setAutoRaise(True)
        close.clicked.connect(lambda: self._state.dismiss(message))
        line = QHBoxLayout()
        line.addWidget(text, 1)
        line.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(row)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(line)
        if message.actions:
            buttons = QHBoxLayout()
            buttons.setSpacing(8)
            for action in message.actions:
                buttons.addWidget(self._button(message, action))
            buttons.addStretch(1)
            layout.addLayout(buttons)
        return row

    def _button(self, message: Message, action: MessageAction) -> QPushButton:
        button = QPushButton(action.text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAutoDefault(False)

        def do() -> None:
            self._state.dismiss(message)
            action.trigger()

        button.clicked.connect(do)
        return button
