"""What layers over the image have in common: they paint in screen pixels, whatever the zoom.

A layer keeps positions in image pixels and asks its `ScreenMap` where these are on the screen at the moment of painting.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.desktop import theme
from core.values.grid import FloatArray

HALO = theme.colour(theme.SHADE, 0.67)


@dataclass(frozen=True)
class ScreenMap:
    """Where image pixels are on the screen: ``screen = origin + scale * px``, per axis.

    Attributes
    ----------
    origin
        Screen position of the centre of pixel ``(0, 0)``.
    scale
        Screen pixels per image pixel along ``(column, row)``.
    """

    origin: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)

    def to_screen(self, points_px: npt.ArrayLike) -> FloatArray:
        """Map image pixels ``(..., 2)`` to the screen."""
        return np.asarray(np.asarray(points_px, dtype=np.float64) * self.scale + self.origin)

    def to_px(self, point_screen: tuple[float, float]) -> tuple[float, float]:
        """Map a screen position to image pixels."""
        column_px, row_px = (np.asarray(point_screen) - self.origin) / np.asarray(self.scale)
        return float(column_px), float(row_px)


class SliceLayer(QGraphicsItem):
    """Covers the whole view and paints in screen pixels.

    Parameters
    ----------
    screen_map
        Gives the current mapping.
    """

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__()
        self._screen_map = screen_map
        self._area = QRectF()

    def set_area(self, area: QRectF) -> None:
        """Cover ``area`` of the scene from now on."""
        self.prepareGeometryChange()
        self._area = QRectF(area)

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Return the whole view."""
        return self._area

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Paint with smooth edges."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_on_screen(painter, self._screen_map())

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint; overridden by each layer."""
        raise NotImplementedError


class ToolLayer(SliceLayer):
    """What the tool of the current mode paints.

    Parameters
    ----------
    screen_map
        Gives the current mapping.
    paint
        Asks that tool to paint.
    """

    def __init__(self, screen_map: Callable[[], ScreenMap], paint: Callable[[QPainter, ScreenMap], None]) -> None:
        super().__init__(screen_map)
        self._paint = paint

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Let the tool paint."""
        self._paint(painter, screen_map)
