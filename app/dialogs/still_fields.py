"""Fields of a form that scrolls: the wheel scrolls the form and never changes what stands in them."""

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QSpinBox


class StillComboBox(QComboBox):
    """A box that leaves the wheel to the form."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave it."""
        event.ignore()


class StillSpinBox(QSpinBox):
    """A number that leaves the wheel to the form."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave it."""
        event.ignore()
