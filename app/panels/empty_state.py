"""What the window shows before an image is open: where to drop one, and how else to open one or a sample."""

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.desktop import theme

_OPENERS = ("file.open", "file.folder")
_SAMPLES = {"file.sample_xray": "Head &X-ray, 2D", "file.sample_volume": "Mouse s&kull CT, 3D"}


class EmptyState(QWidget):
    """A large place to drop on, with buttons for opening an image, a folder and the samples.

    Parameters
    ----------
    actions_by_id
        What the buttons do; those whose action is disabled are left out.
    """

    def __init__(self, actions_by_id: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._zone = QFrame()
        self._zone.setObjectName("dropZone")
        self._zone.setMaximumSize(560, 380)
        picture = QLabel()
        picture.setPixmap(theme.icon("cairn-app").pixmap(84, 84))
        title = QLabel("Drop an X-ray, a scan or a DICOM folder here")
        title.setObjectName("dropTitle")
        hint = QLabel("PNG, JPEG, TIFF, BMP, DICOM, NIfTI, NRRD or MHA. It stays on this computer.")
        hint.setObjectName("dropHint")
        openers = [_button(actions_by_id[id_].text(), actions_by_id[id_].trigger) for id_ in _OPENERS]
        openers[0].setObjectName("primary")
        self.setFocusProxy(openers[0])
        samples = [
            _button(text, actions_by_id[id_].trigger)
            for id_, text in _SAMPLES.items()
            if actions_by_id[id_].isEnabled()
        ]
        layout = QVBoxLayout(self._zone)
        layout.setSpacing(10)
        layout.addStretch()
        for label in (picture, title, hint):
            layout.addWidget(label, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(10)
        layout.addLayout(_row(openers))
        layout.addSpacing(16)
        if samples:
            invitation = QLabel("or begin with a sample")
            invitation.setObjectName("dropHint")
            layout.addWidget(invitation, alignment=Qt.AlignmentFlag.AlignHCenter)
            layout.addLayout(_row(samples))
        layout.addStretch()
        page = QWidget()
        page.setObjectName("emptyPage")
        middle = QHBoxLayout(page)
        middle.setContentsMargins(8, 8, 8, 8)
        middle.addWidget(self._zone)
        scroll_area = QScrollArea()  # a small window shows the upper part
        scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        scroll_area.setWidgetResizable(True)
        scroll_area.setWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll_area)

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


def _row(buttons: Iterable[QPushButton]) -> QHBoxLayout:
    """Put buttons of one width side by side in the middle."""
    row = QHBoxLayout()
    row.setSpacing(10)
    row.addStretch()
    for button in buttons:
        button.setMinimumWidth(150)
        row.addWidget(button)
    row.addStretch()
    return row
