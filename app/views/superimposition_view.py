"""Shows a superimposition on the screen: the wheel enlarges, a drag moves, a double click shows all or the landmarks again."""

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.desktop import theme
from app.session.superimposed_picture import SuperimposedPicture
from app.views.superimposition_painting import Frame, Look, paint_superimposition
from core.values.grid import FloatArray

_STEP = 1.0015
"""How much larger the picture gets for each eighth of a degree of the wheel."""
_LEAST_TIMES, _MOST_TIMES = 0.2, 40.0


class SuperimpositionView(QWidget):
    """The picture; what is to be seen of it is `look`'s and a person's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: SuperimposedPicture | None = None
        self._look = Look()
        self._told = ""
        self._bounds: FloatArray | None = None
        self._shows_all = False
        self._times = 1.0
        self._moved = np.zeros(2)
        self._dragged_from: QPointF | None = None
        self.setMinimumSize(280, 240)
        self.setAccessibleName("Superimposition")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size in which a skull can be seen."""
        return QSize(560, 640)

    @property
    def picture(self) -> SuperimposedPicture | None:
        """What is shown."""
        return self._picture

    @property
    def look(self) -> Look:
        """What of it is shown."""
        return self._look

    def show_picture(self, picture: SuperimposedPicture | None, told: str = "") -> None:
        """Show a picture, or a sentence where there is none; what was enlarged stays so while the place is the same."""
        bounds = None if picture is None else picture.focus
        if bounds is not None and (self._bounds is None or not np.allclose(bounds, self._bounds, rtol=0.05, atol=5.0)):
            self.fit()
        self._picture, self._told = picture, told
        self._bounds = self._bounds if bounds is None else bounds
        self.update()

    def set_look(self, look: Look) -> None:
        """Show more or less of it."""
        self._look = look
        self.update()

    def fit(self) -> None:
        """Show the landmarks, with some room around them."""
        self._shows_all = False
        self._times, self._moved = 1.0, np.zeros(2)
        self.update()

    @property
    def frame(self) -> Frame:
        """Where the plane is on the screen now."""
        bounds = np.array([0.0, 0.0, 1.0, 1.0]) if self._picture is None else self._extent(self._picture)
        whole = Frame.fitting(bounds, self.width(), self.height())
        middle = np.array([self.width(), self.height()]) / 2
        zoomed = np.diag([self._times, self._times, 1.0])
        zoomed[:2, 2] = middle * (1 - self._times) + self._moved
        return Frame(np.asarray(zoomed @ whole.screen_from_plane), self.width(), self.height())

    def _extent(self, picture: SuperimposedPicture) -> FloatArray:
        return picture.bounds if self._shows_all else picture.focus

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint it."""
        painter = QPainter(self)
        if self._picture is not None:
            paint_superimposition(painter, self._picture, self._look, self.frame)
        else:
            painter.fillRect(self.rect(), theme.colour(theme.CANVAS))
            painter.setPen(theme.colour(theme.CANVAS_FAINT))
            room = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._told)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Enlarge around the mouse."""
        times = float(np.clip(self._times * _STEP ** event.angleDelta().y(), _LEAST_TIMES, _MOST_TIMES))
        place = np.array([event.position().x(), event.position().y()])
        middle = np.array([self.width(), self.height()]) / 2
        self._moved = (place - middle) - (place - middle - self._moved) * times / self._times
        self._times = times
        self._keep_in_sight()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of it."""
        self._dragged_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Move it."""
        if self._dragged_from is None:
            return
        way = event.position() - self._dragged_from
        self._dragged_from = event.position()
        self._moved = self._moved + np.array([way.x(), way.y()])
        self._keep_in_sight()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Let go of it."""
        self._dragged_from = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Show all of it, or the landmarks again."""
        shows_all = not self._shows_all
        self.fit()
        self._shows_all = shows_all

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Keep it in sight."""
        super().resizeEvent(event)
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        reach = np.array([self.width(), self.height()]) / 2 * max(self._times, 1.0) * (1 if self._shows_all else 3)
        self._moved = np.clip(self._moved, -reach, reach)
        self.update()
