"""Draws the landmarks of a slice: a glyph per point, a ring for its uncertainty, a label where there is room.

Shape and colour both say the state; opacity says the presence. Decides nothing and is told what to draw.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app import theme
from app.label_layout import label_corners
from app.slice_layer import HALO, ScreenMap, SliceLayer
from core.types import FloatArray, Status

GLYPH_RADIUS = 5.5
SELECTED_RADIUS = 8.0
HIT_RADIUS = 12.0
VISIBLE_DEPTH = 3.0
"""A landmark of a volume is drawn, ever fainter, up to this many slices away from its own."""


@dataclass(frozen=True)
class Glyph:
    """What is drawn of one landmark.

    Attributes
    ----------
    name, label
        Its name, and the text beside it.
    point_px
        Position on the slice.
    status
        Decides shape and colour.
    presence
        In [0, 1]; opacity.
    radii_px
        Half axes of the uncertainty ring in image pixels; zero for none.
    depth
        Slices between the landmark and this slice.
    selected
        Whether it is the selected one.
    """

    name: str
    label: str
    point_px: tuple[float, float]
    status: Status
    presence: float = 1.0
    radii_px: tuple[float, float] = (0.0, 0.0)
    depth: float = 0.0
    selected: bool = False

    @property
    def opacity(self) -> float:
        """Opacity in (0, 1]."""
        nearness = 1.0 - min(abs(self.depth), VISIBLE_DEPTH) / (VISIBLE_DEPTH + 1)
        return (0.4 + 0.6 * self.presence) * nearness


class LandmarkLayer(SliceLayer):
    """All landmarks of one slice."""

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._glyphs: tuple[Glyph, ...] = ()
        self._show_labels = True
        self._font = QFont()
        self._font.setPointSizeF(max(8.0, self._font.pointSizeF()))

    def set_glyphs(self, glyphs: Sequence[Glyph], *, show_labels: bool) -> None:
        """Show these landmarks."""
        self._glyphs = tuple(sorted(glyphs, key=lambda glyph: glyph.selected))
        self._show_labels = show_labels
        self.update()

    def name_at(self, point_screen: tuple[float, float]) -> str | None:
        """Return the landmark nearest to a screen position, None where none is within reach."""
        if not self._glyphs:
            return None
        screen = self._screen_map().to_screen([glyph.point_px for glyph in self._glyphs])
        distances = np.linalg.norm(screen - np.asarray(point_screen), axis=1)
        nearest = int(np.argmin(distances))
        return self._glyphs[nearest].name if distances[nearest] <= HIT_RADIUS else None

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint rings below glyphs below labels."""
        if not self._glyphs:
            return
        screen = screen_map.to_screen([glyph.point_px for glyph in self._glyphs])
        for glyph, centre in zip(self._glyphs, screen, strict=True):
            self._paint_ring(painter, glyph, QPointF(*centre), screen_map)
        for glyph, centre in zip(self._glyphs, screen, strict=True):
            _paint_glyph(painter, glyph, QPointF(*centre))
        if self._show_labels:
            self._paint_labels(painter, screen)

    def _paint_ring(self, painter: QPainter, glyph: Glyph, centre: QPointF, screen_map: ScreenMap) -> None:
        half_width, half_height = np.asarray(glyph.radii_px) * np.abs(screen_map.scale)
        if max(half_width, half_height) <= GLYPH_RADIUS:
            return
        colour = theme.status_colour(glyph.status, (0.9 if glyph.selected else 0.55) * glyph.opacity)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = 1.6 if glyph.selected else 1.2
        shade = QColor(0, 0, 0, round(110 * glyph.opacity))
        for pen in (QPen(shade, width + 1.6), QPen(colour, width, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            painter.drawEllipse(centre, half_width, half_height)

    def _paint_labels(self, painter: QPainter, screen: FloatArray) -> None:
        fonts = [self._font_of(glyph) for glyph in self._glyphs]
        metrics = [QFontMetricsF(font) for font in fonts]
        sizes = np.array(
            [
                [metric.horizontalAdvance(glyph.label), metric.ascent() + 1]
                for glyph, metric in zip(self._glyphs, metrics, strict=True)
            ]
        )
        order = range(len(self._glyphs) - 1, -1, -1)  # the selected one, drawn last, chooses first
        corners = label_corners(screen, sizes, GLYPH_RADIUS + 4, order)
        for row, glyph in enumerate(self._glyphs):
            path = QPainterPath()
            path.addText(QPointF(corners[row, 0], corners[row, 1] + metrics[row].ascent()), fonts[row], glyph.label)
            painter.strokePath(path, QPen(QColor(0, 0, 0, int(200 * glyph.opacity)), 3.2, j=Qt.PenJoinStyle.RoundJoin))
            colour = QColor("white") if glyph.selected else theme.pale(theme.STATUS_COLOURS[glyph.status])
            colour.setAlphaF(min(1.0, 0.3 + 0.7 * glyph.opacity))
            painter.fillPath(path, QBrush(colour))

    def _font_of(self, glyph: Glyph) -> QFont:
        font = QFont(self._font)
        font.setBold(glyph.selected)
        return font


def _paint_glyph(painter: QPainter, glyph: Glyph, centre: QPointF) -> None:
    """Paint shape and centre dot; the very pixel under the point stays visible around the dot."""
    radius = SELECTED_RADIUS if glyph.selected else GLYPH_RADIUS
    colour = theme.status_colour(glyph.status, glyph.opacity)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(HALO, 4.0), QPen(colour, 2.2 if glyph.selected else 1.7)):
        painter.setPen(pen)
        _draw_shape(painter, glyph.status, centre, radius)
    if glyph.selected:
        painter.setPen(QPen(QColor("white"), 1.2))
        painter.drawEllipse(centre, radius + 4, radius + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(HALO)
    painter.drawEllipse(centre, 2.0, 2.0)
    painter.setBrush(colour)
    painter.drawEllipse(centre, 1.1, 1.1)


def _draw_shape(painter: QPainter, status: Status, centre: QPointF, radius: float) -> None:
    """Draw the outline that stands for a state: circle, diamond, square, or circle with a tick."""
    if status is Status.CORRECTED:
        far = radius * 1.25
        painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in ((0, -far), (far, 0), (0, far), (-far, 0))]))
    elif status is Status.PLACED:
        painter.drawRect(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
    else:
        painter.drawEllipse(centre, radius, radius)
        if status is Status.CONFIRMED:
            corner = centre + QPointF(radius * 0.9, radius * 1.35)
            painter.drawPolyline(QPolygonF([corner + QPointF(-3, -3), corner, corner + QPointF(5, -6)]))
