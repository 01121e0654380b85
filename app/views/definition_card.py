"""Says what a landmark is: its colour, name, definition and picture, for whoever is about to place it. Decides nothing."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

SWATCH = QSize(10, 16)
TALLEST_PICTURE = 180


class DefinitionCard(QFrame):
    """A landmark's title over its definition and its picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("definitionCard")
        self._png, self._picture = b"", QPixmap()
        self._swatch, self._title, self._text, self._shown = QLabel(), QLabel(), QLabel(), QLabel()
        for label in (self._title, self._text):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._shown.hide()
        self._shown.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._shown.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setSpacing(7)
        head.addWidget(self._swatch, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self._text)
        layout.addWidget(self._shown)

    def show_landmark(self, title: str, definition: str, colour: str = "", picture_png: bytes = b"") -> None:
        """Show what a landmark is; empty texts take no room."""
        self._title.setText(title)
        self._text.setText(definition)
        self._text.setVisible(bool(definition))
        self._swatch.setVisible(bool(colour))
        if colour:
            self._swatch.setPixmap(swatch(colour, SWATCH, self.devicePixelRatioF()))
        if picture_png != self._png:
            self._png = picture_png
            self._picture = QPixmap.fromImage(QImage.fromData(picture_png))
            self._shown.setVisible(not self._picture.isNull())
            self._fit_picture()

    def text(self) -> str:
        """Return what is written there."""
        return f"{self._title.text()}\n{self._text.text()}".strip()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Let the picture follow the width."""
        super().resizeEvent(event)
        self._fit_picture()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the picture anew on a screen of another density."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.DevicePixelRatioChange:
            self._fit_picture()

    def _fit_picture(self) -> None:
        if self._picture.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = QSize(max(40, self.width() - 22), TALLEST_PICTURE)
        wanted = self._picture.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        wanted = wanted.boundedTo(self._picture.size() * 2)  # enlarged further it shows only its pixels
        scaled = self._picture.scaled(
            wanted * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        scaled.setDevicePixelRatio(ratio)
        self._shown.setPixmap(scaled)
        self._shown.setFixedHeight(wanted.height())


def swatch(colour: str, size: QSize, ratio: float = 1.0) -> QPixmap:
    """Draw a patch of a colour, with an edge so that it is seen on any background.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    size
        In pixels of the layout.
    ratio
        How many pixels of the screen are one of these.
    """
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(128, 128, 128, 160))
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(0, 0, size.width() - 1, size.height() - 1, 2.5, 2.5)
    painter.end()
    return pixmap
