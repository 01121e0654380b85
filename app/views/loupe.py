"""The loupe beside a landmark that is being dragged: the pixels around it, enlarged, with a cross through its position.

Shows nothing but pixels and cross, so that what lies under the landmark can be seen; it never covers the landmark itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from app.desktop import theme
from app.session.controller import Controller
from app.session.window_level import grey_values
from app.views.grey_picture import picture_of_grey
from app.views.slice_layer import HALO, ScreenMap, SliceLayer
from core.geometry.planes import Orientation, SlicePlane
from core.geometry.slices import extract_slice
from core.values.grid import FloatArray
from core.values.image import Image

MOST_TIMES, LEAST_TIMES = 4.0, 2.0
"""How much larger than in the view pixels are; the more, the smaller they are there."""
RADIUS, LEAST_RADIUS = 76.0, 24.0
"""Of the loupe in screen pixels, and below which it is of no use: a view so small has none."""
PART = 0.22
"""Of a small view's shorter side: a larger radius hides too much of it."""
GAP = 20.0
"""Screen pixels between the landmark and the rim."""
FREE = 5.0
"""Screen pixels around the position that the cross leaves free."""
_DIRECTIONS = np.array([[1, -1], [-1, -1], [1, 1], [-1, 1]]) / np.sqrt(2)
"""From the landmark to the loupe, the best first: to the upper right."""


class LoupeLayer(SliceLayer):
    """The loupe of one slice.

    Parameters
    ----------
    controller
        Whose image is shown, and which landmark is dragged.
    orientation
        Which plane this is; the loupe is in the one in which a person works.
    screen_map
        Gives where image pixels are on the screen now.
    """

    def __init__(self, controller: Controller, orientation: Orientation, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._controller = controller
        self._orientation = orientation
        self._cut: tuple[Image, SlicePlane, npt.NDArray[Any]] | None = None

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint the loupe while a landmark is dragged here."""
        image, plane = self._controller.document.image, self._controller.navigator.plane_of(self._orientation)
        point_px = self._point_px(plane)
        radius = radius_in(self.boundingRect().width(), self.boundingRect().height())
        if image is None or plane is None or point_px is None or radius is None:
            self._cut = None
            return
        area = np.array([self.boundingRect().width(), self.boundingRect().height()])
        middle = QPointF(*loupe_centre(screen_map.to_screen(point_px), radius, area))
        rim = QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)
        path = QPainterPath()
        path.addEllipse(rim)
        painter.save()
        painter.setClipPath(path)
        painter.fillPath(path, theme.colour(theme.CANVAS))
        scale = times_in(screen_map) * np.abs(screen_map.scale)
        smooth = image.ndim == 3 or float(scale.min()) < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        self._paint_pixels(painter, self._pixels(image, plane), point_px, middle, radius / scale, scale)
        painter.restore()
        _paint_cross(painter, middle, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(HALO, 4.5), QPen(theme.colour(theme.CANVAS_TEXT), 1.6)):
            painter.setPen(pen)
            painter.drawEllipse(rim)

    def _point_px(self, plane: SlicePlane | None) -> FloatArray | None:
        """Return where the dragged landmark is in this slice, None where there is nothing to enlarge."""
        state, landmarks = self._controller.view_state, self._controller.document.landmarks
        name = state.dragged
        if not state.show_loupe or state.active is not self._orientation or plane is None or landmarks is None:
            return None
        if name is None or name not in landmarks.names or not self._controller.editor.is_located(name):
            return None
        return plane.px_from_mm(landmarks.point_mm(name))

    def _pixels(self, image: Image, plane: SlicePlane) -> npt.NDArray[Any]:
        """Return the whole slice; an interpolated one is kept, since the plane stays the same during a drag."""
        if self._cut is None or self._cut[0] is not image or self._cut[1] != plane:
            self._cut = image, plane, extract_slice(image, plane, self._controller.view_state.full_levels[0])
        return self._cut[2]

    def _paint_pixels(
        self,
        painter: QPainter,
        pixels: npt.NDArray[Any],
        point_px: FloatArray,
        middle: QPointF,
        reach_px: FloatArray,
        scale: FloatArray,
    ) -> None:
        """Paint what lies within ``reach_px`` of a point, each pixel ``scale`` screen pixels large."""
        rows, columns = pixels.shape
        size_px = np.array([columns, rows])
        first = np.clip(np.floor(point_px - reach_px).astype(int), 0, size_px)
        last = np.clip(np.ceil(point_px + reach_px).astype(int) + 1, 0, size_px)
        if (last <= first).any():
            return
        low, high = self._controller.view_state.levels
        grey = grey_values(pixels[first[1] : last[1], first[0] : last[0]], low, high)
        if self._controller.view_state.inverted:
            grey = 255 - grey
        left, top = np.array([middle.x(), middle.y()]) + (first - 0.5 - point_px) * scale
        width, height = (last - first) * scale
        picture, _pixels = picture_of_grey(grey)
        painter.drawImage(QRectF(float(left), float(top), float(width), float(height)), picture)


def times_in(screen_map: ScreenMap) -> float:
    """Return how much larger than in the view pixels are shown."""
    return float(np.clip(MOST_TIMES / np.sqrt(np.abs(screen_map.scale).min()), LEAST_TIMES, MOST_TIMES))


def radius_in(width: float, height: float) -> float | None:
    """Return the radius of a loupe that finds room beside any point of a view; None where it would be of no use."""
    diagonal = float(np.sqrt(0.5))
    shorter = min(width, height)
    radius = min(RADIUS, PART * shorter, (shorter / 2 - diagonal * GAP) / (1 + diagonal))
    return radius if radius >= LEAST_RADIUS else None


def loupe_centre(point: FloatArray, radius: float, area: FloatArray) -> FloatArray:
    """Return where the middle of the loupe is.

    Parameters
    ----------
    point
        ``(2,)`` the landmark in screen pixels; one beside the view counts as at its edge.
    radius
        Of the loupe, from `radius_in`.
    area
        ``(2,)`` width and height of the view.

    Returns
    -------
    centre
        ``(2,)`` at least `GAP` and the radius away from the point, with the whole loupe in the view.
    """
    anchor = np.clip(point, 0, area)
    centres = np.clip(anchor + _DIRECTIONS * (radius + GAP), radius, area - radius)
    clear = np.linalg.norm(centres - anchor, axis=1) >= radius + GAP - 1e-6
    return np.asarray(centres[int(np.argmax(clear))])


def _paint_cross(painter: QPainter, middle: QPointF, radius: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(HALO, 3.0), QPen(theme.colour(theme.SELECTED), 1.0)):
        painter.setPen(pen)
        for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
            painter.drawLine(middle + way * FREE, middle + way * (radius - 1))
