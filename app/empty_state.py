"""What the window shows before an image is open: where to drop one, and how else to open it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme


class EmptyState(QWidget):
    """A large place to drop on, with buttons for opening an image and the sample.

    Parameters
    ----------
    open_image, open_sample
        The actions behind the buttons; the second button is hidden where its action is disabled.
    """

    def __init__(self, open_image: QAction, open_sample: QAction) -> None:
        super().__init__()
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._zone = QFrame()
        self._zone.setObjectName("dropZone")
        self._zone.setFixedSize(520, 320)
        picture = QLabel()
        picture.setPixmap(theme.icon("cairn").pixmap(84, 84))
        title = QLabel("Drop an X-ray, a scan or a DICOM folder here")
        title.setObjectName("dropTitle")
        hint = QLabel("PNG, JPEG, TIFF, BMP, DICOM, NIfTI, NRRD or MHA. It stays on this computer.")
        hint.setObjectName("dropHint")
        opener = _button("Open image…", open_image.trigger)
        opener.setObjectName("primary")
        sample = _button("Open the sample", open_sample.trigger)
        sample.setVisible(open_sample.isEnabled())
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        buttons.addWidget(opener)
        buttons.addWidget(sample)
        buttons.addStretch()
        layout = QVBoxLayout(self._zone)
        layout.setSpacing(10)
        layout.addStretch()
        for label in (picture, title, hint):
            layout.addWidget(label, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(10)
        layout.addLayout(buttons)
        layout.addStretch()
        outer = QVBoxLayout(self)
        outer.addWidget(self._zone, alignment=Qt.AlignmentFlag.AlignCenter)

    def set_dragging(self, dragging: bool) -> None:
        """Light up while a file hovers over the window."""
        self._zone.setProperty("dragging", dragging)
        self._zone.style().unpolish(self._zone)
        self._zone.style().polish(self._zone)


def _button(text: str, clicked: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.clicked.connect(lambda: clicked())
    return button
