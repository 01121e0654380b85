"""Draws the landmarks of a slice: a glyph per point, a ring for how sure the model is, a label where there is room.

The colour says the state, the shape where the position comes from, opacity the presence; a dashed ring is a calibrated
radius, a dotted one a spread. Decides nothing and is told what to draw.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from app.desktop import theme
from app.views.glyphs import Glyph
from app.views.label_layout import label_corners
from app.views.slice_layer import HALO, ScreenMap, SliceLayer
from core.values.grid import FloatArray
from core.values.landmarks import Status

GLYPH_RADIUS = 5.5
SELECTED_RADIUS = 8.0
RING_RADIUS = SELECTED_RADIUS + 4
"""Of the white ring around the selected landmark."""
HIT_RADIUS = 12.0
_HALO_OFFSETS = tuple(QPointF(x, y) for x in (-1.2, 0.0, 1.2) for y in (-1.2, 0.0, 1.2) if x or y)
DETAIL_FONT = 0.85
"""Size of the texts that say how far away a landmark is and how sure the model is of it, against that of its label."""


class LandmarkLayer(SliceLayer):
    """All landmarks of one slice."""

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._glyphs: tuple[Glyph, ...] = ()
        self._show_labels = True
        self._font = QFont()
        self._font.setPointSizeF(max(8.0, self._font.pointSizeF()))
        self._corners = np.zeros((0, 2))
        self._labels_for: tuple[ScreenMap, QRectF] | None = None

    def set_glyphs(self, glyphs: Sequence[Glyph], *, show_labels: bool) -> None:
        """Show these landmarks."""
        self._glyphs = tuple(sorted(glyphs, key=lambda glyph: glyph.selected))
        self._show_labels = show_labels
        self._labels_for = None
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
            paint_ring(painter, glyph, QPointF(*centre), screen_map)
        for glyph, centre in zip(self._glyphs, screen, strict=True):
            paint_glyph(painter, glyph, QPointF(*centre))
        if self._show_labels:
            wanted = (screen_map, self.boundingRect())
            if self._labels_for != wanted:  # finding room for them takes longer than painting them
                self._corners = self._label_corners(screen)
                self._labels_for = wanted
            for glyph, corner in zip(self._glyphs, self._corners, strict=True):
                self._paint_label(painter, glyph, QPointF(*corner))

    def _texts(self, glyph: Glyph) -> list[tuple[QFont, str]]:
        """Return what a label consists of: the name, and in smaller letters how far away and how sure it is."""
        font, small = QFont(self._font), QFont(self._font)
        font.setBold(glyph.selected)
        small.setPointSizeF(self._font.pointSizeF() * DETAIL_FONT)
        return [(font, glyph.label), *((small, f"  {text}") for text in (glyph.distance, glyph.radius) if text)]

    def _label_corners(self, screen: FloatArray) -> FloatArray:
        """Return where there is room for the labels: their left ends on the base line."""
        height = QFontMetricsF(self._font).ascent()
        widths = [
            sum(QFontMetricsF(font).horizontalAdvance(text) for font, text in self._texts(glyph))
            for glyph in self._glyphs
        ]
        order = range(len(self._glyphs) - 1, -1, -1)  # the selected one, drawn last, chooses first
        sizes = np.array([[width, height + 1] for width in widths])
        clearances = np.array([RING_RADIUS + 1 if glyph.selected else GLYPH_RADIUS + 4 for glyph in self._glyphs])
        area = np.array([*self.boundingRect().topLeft().toTuple(), *self.boundingRect().bottomRight().toTuple()])
        return np.asarray(label_corners(screen, sizes, clearances, area, order) + np.array([0.0, height]))

    def _paint_label(self, painter: QPainter, glyph: Glyph, corner: QPointF) -> None:
        """Paint a label with a halo, made of the text itself: stroking its outline takes ten times as long."""
        halo = theme.colour(theme.SHADE, max(0.24, 0.43 * glyph.opacity))
        colour = QColor(theme.SELECTED) if glyph.selected else theme.pale(theme.STATUS_COLOURS[glyph.status])
        colour.setAlphaF(min(1.0, 0.3 + 0.7 * glyph.opacity))
        for font, text in self._texts(glyph):
            painter.setFont(font)
            painter.setPen(halo)
            for offset in _HALO_OFFSETS:
                painter.drawText(corner + offset, text)
            painter.setPen(colour)
            painter.drawText(corner, text)
            corner += QPointF(QFontMetricsF(font).horizontalAdvance(text), 0)


def paint_ring(painter: QPainter, glyph: Glyph, centre: QPointF, screen_map: ScreenMap) -> None:
    """Paint how sure the model is: a dashed ring for a calibrated radius, a dotted one for a spread."""
    half_width, half_height = np.asarray(glyph.radii_px) * np.abs(screen_map.scale)
    if max(half_width, half_height) <= GLYPH_RADIUS:
        return
    colour = theme.status_colour(glyph.status, (0.9 if glyph.selected else 0.55) * glyph.opacity)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width = 1.6 if glyph.selected else 1.2
    shade = theme.colour(theme.SHADE, 0.43 * glyph.opacity)
    line = Qt.PenStyle.DashLine if glyph.calibrated else Qt.PenStyle.DotLine
    for pen in (QPen(shade, width + 1.6), QPen(colour, width, line)):
        painter.setPen(pen)
        painter.drawEllipse(centre, half_width, half_height)


def paint_glyph(painter: QPainter, glyph: Glyph, centre: QPointF) -> None:
    """Paint shape and centre dot; the very pixel under the point stays visible around the dot."""
    radius = SELECTED_RADIUS if glyph.selected else GLYPH_RADIUS
    colour = theme.status_colour(glyph.status, glyph.opacity)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    shade = QColor(HALO)
    shade.setAlphaF(HALO.alphaF() * glyph.nearness)
    for pen in (QPen(shade, 4.0), QPen(colour, 2.2 if glyph.selected else 1.7)):
        painter.setPen(pen)
        _draw_shape(painter, glyph, centre, radius)
    if glyph.selected:
        painter.setPen(QPen(theme.colour(theme.SELECTED, max(0.5, glyph.nearness)), 1.2))
        painter.drawEllipse(centre, RING_RADIUS, RING_RADIUS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawEllipse(centre, 2.0, 2.0)
    painter.setBrush(colour)
    painter.drawEllipse(centre, 1.1, 1.1)
    if glyph.locked:
        reach = 0.75 * (RING_RADIUS if glyph.selected else GLYPH_RADIUS) + 4.5
        _paint_padlock(painter, centre - QPointF(reach, reach), colour, shade)


def _paint_padlock(painter: QPainter, middle: QPointF, colour: QColor, shade: QColor) -> None:
    """Paint a small padlock, which says that the landmark stays where it is."""
    body = QRectF(middle.x() - 3.5, middle.y() - 1.0, 7.0, 5.5)
    shackle = QRectF(middle.x() - 2.2, middle.y() - 4.4, 4.4, 6.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(shade, 3.2), QPen(colour, 1.3)):
        painter.setPen(pen)
        painter.drawArc(shackle, 0, 180 * 16)
    painter.setPen(QPen(shade, 1.0))
    painter.setBrush(colour)
    painter.drawRoundedRect(body, 1.0, 1.0)


def _draw_shape(painter: QPainter, glyph: Glyph, centre: QPointF, radius: float) -> None:
    """Draw circle, diamond or square for a position that was predicted, corrected or placed, with a tick if confirmed."""
    if glyph.origin is Status.CORRECTED:
        far = radius * 1.25
        painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in ((0, -far), (far, 0), (0, far), (-far, 0))]))
    elif glyph.origin is Status.PLACED:
        painter.drawRect(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
    else:
        painter.drawEllipse(centre, radius, radius)
    if glyph.status is Status.CONFIRMED:
        corner = centre + QPointF(radius * 0.9, radius * 1.35)
        painter.drawPolyline(QPolygonF([corner + QPointF(-3, -3), corner, corner + QPointF(5, -6)]))
