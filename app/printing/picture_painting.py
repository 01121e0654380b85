"""Draws pictures with a painter, be it of pixels, of an SVG or of a page: lines and letters stay lines and letters.

Shapes are those of the views. Letters have a halo of their outline, not of copies of the text, which would be found many times.
"""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from app.desktop import theme
from app.printing.fonts import text_font
from app.printing.picture import Box, Picture, SlicePicture
from app.views.free_item import shapes_of
from app.views.free_painting import paint_free
from app.views.glyphs import Glyph
from app.views.label_layout import label_corners
from app.views.landmark_items import GLYPH_RADIUS, paint_glyph, paint_ring
from app.views.plane_items import paint_crosshair
from app.views.scene_free import shapes_in_space
from app.views.scene_painting import (
    CUBE_SIZE,
    Ball,
    paint_balls,
    paint_cube,
    paint_outline,
    paint_rendering,
    picture_of,
)
from app.views.scene_picture import ScenePicture
from app.views.scene_tracing import paint_tracing_in_space
from app.views.slice_layer import ScreenMap
from app.views.tracing_item import paint_tracing
from app.views.vector_field_item import arrow_lines, paint_field
from core.values.grid import FloatArray

_LABEL_SIZE, _DETAIL_SIZE, _LETTER_SIZE = 14, 11, 20
_HALO_WIDTH = 3.2


def paint_picture(painter: QPainter, box: Box, picture: Picture, unit: float) -> None:
    """Paint a picture into a box.

    Parameters
    ----------
    painter, box
        Where, in the painter's units.
    picture
        What; a slice keeps its physical proportions and lies in the middle of the box.
    unit
        Units of the painter for one pixel of a screen, by which glyphs, lines and letters are sized.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(QRectF(*box))
    painter.fillRect(QRectF(*box), QColor(theme.CANVAS))
    if isinstance(picture, SlicePicture):
        _paint_slice(painter, fitted_box(box, picture.size_mm), picture, unit)
    else:
        _paint_scene(painter, fitted_box(box, picture.size_px), picture)
    painter.restore()


def _paint_scene(painter: QPainter, box: Box, picture: ScenePicture) -> None:
    left, top, width, _ = box
    scale = width / picture.size_px[0]
    painter.translate(left, top)
    painter.scale(scale, scale)
    if picture.rendering is not None:
        paint_rendering(painter, picture_of(picture.rendering), picture.rendering, picture.view)
    for outline_px, colour in picture.outlines:
        paint_outline(painter, outline_px, colour)
    paint_tracing_in_space(painter, picture.view, picture.tracing, picture.emphasised, picture.angles)
    paint_balls(painter, [replace(ball, named=False) for ball in picture.balls], picture.size_px[0])
    _label_balls(painter, picture.balls, picture.size_px[0])
    painter.setFont(text_font(_LABEL_SIZE))
    paint_free(painter, shapes_in_space(picture.view, picture.free), QRectF(0, 0, *picture.size_px))
    margin = 2 * CUBE_SIZE
    paint_cube(painter, picture.view, (margin, picture.size_px[1] - margin))


def fitted_box(box: Box, size: tuple[float, float]) -> Box:
    """Return the largest box of the proportions of ``size`` in the middle of another; the same where they are the same."""
    left, top, width, height = box
    scale = min(width / size[0], height / size[1])
    wide, high = size[0] * scale, size[1] * scale
    if (
        abs(wide - width) < 1 and abs(high - height) < 1
    ):  # a pixel was rounded away: no sample shall be drawn between two
        return box
    return left + (width - wide) / 2, top + (height - high) / 2, wide, high


def map_of(box: Box, picture: SlicePicture) -> ScreenMap:
    """Return where the pixels of a slice lie in the box that it fills."""
    left, top, width, height = box
    first_x, first_y, columns, rows = picture.shown_px
    scale = width / columns, height / rows
    return ScreenMap((left - first_x * scale[0], top - first_y * scale[1]), scale)


def _paint_slice(painter: QPainter, box: Box, picture: SlicePicture, unit: float) -> None:
    _paint_pixels(painter, box, picture)
    painter.scale(unit, unit)
    area = QRectF(*(value / unit for value in box))
    screen_map = map_of((area.x(), area.y(), area.width(), area.height()), picture)
    if picture.crosshair_px is not None:
        paint_crosshair(painter, area, screen_map.to_screen(picture.crosshair_px), picture.orientation)
    paint_tracing(painter, screen_map, picture.plane, picture.tracing, picture.emphasised, picture.angles)
    if picture.field is not None and len(picture.field.cells):
        paint_field(painter, screen_map, picture.field, arrow_lines(picture.field, screen_map))
    points = screen_map.to_screen(np.array([glyph.point_px for glyph in picture.glyphs]).reshape(-1, 2))
    for glyph, point in zip(picture.glyphs, points, strict=True):
        paint_ring(painter, glyph, QPointF(*point), screen_map)
    for glyph, point in zip(picture.glyphs, points, strict=True):
        paint_glyph(painter, glyph, QPointF(*point))
    if picture.labels:
        _paint_labels(painter, area, picture.glyphs, points)
    painter.setFont(text_font(_LABEL_SIZE))
    paint_free(painter, shapes_of(picture.plane, picture.free, screen_map), area)
    if picture.letters is not None:
        _paint_letters(painter, area, picture)


def _paint_pixels(painter: QPainter, box: Box, picture: SlicePicture) -> None:
    grey = picture.grey()
    if grey is None:
        return
    rows, columns = grey.shape
    grey = np.ascontiguousarray(grey)
    pixels = QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    whole = map_of(box, picture)
    (left, top), (right, bottom) = whole.to_screen([[-0.5, -0.5], [columns - 0.5, rows - 0.5]])
    smooth = picture.plane.grid.ndim == 3
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
    painter.drawImage(QRectF(left, top, right - left, bottom - top), pixels.copy())


def _paint_labels(painter: QPainter, area: QRectF, glyphs: tuple[Glyph, ...], points: FloatArray) -> None:
    name_font, detail_font = text_font(_LABEL_SIZE), text_font(_DETAIL_SIZE)
    texts = [
        [(name_font, glyph.label), *((detail_font, f"  {text}") for text in (glyph.distance, glyph.radius) if text)]
        for glyph in glyphs
    ]
    ascent = QFontMetricsF(name_font).ascent()
    sizes = np.array([[sum(_width(font, text) for font, text in parts), ascent + 1] for parts in texts])
    bounds = np.array([area.left(), area.top(), area.right(), area.bottom()])
    clearances = np.full(len(glyphs), GLYPH_RADIUS + 4)
    for glyph, parts, corner in zip(
        glyphs, texts, label_corners(points, sizes.reshape(-1, 2), clearances, bounds), strict=True
    ):
        colour = theme.pale(theme.STATUS_COLOURS[glyph.status])
        colour.setAlphaF(min(1.0, 0.3 + 0.7 * glyph.opacity))
        base = QPointF(corner[0], corner[1] + ascent)
        for font, text in parts:
            _paint_text(painter, base, font, text, colour)
            base += QPointF(_width(font, text), 0)


def _width(font: QFont, text: str) -> float:
    return QFontMetricsF(font).horizontalAdvance(text)


def _paint_text(painter: QPainter, base: QPointF, font: QFont, text: str, colour: QColor) -> None:
    """Paint a text once, as text, over the shade of its outline."""
    path = QPainterPath()
    path.addText(base, font, text)
    painter.strokePath(path, QPen(theme.colour(theme.SHADE, 0.72), _HALO_WIDTH, j=Qt.PenJoinStyle.RoundJoin))
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(base, text)


def _paint_letters(painter: QPainter, area: QRectF, picture: SlicePicture) -> None:
    """Paint the sides of the patient at the middle of the edges."""
    letters = picture.letters
    if letters is None:
        return
    font = text_font(_LETTER_SIZE, bold=True)
    ascent, margin = QFontMetricsF(font).capHeight(), 8.0
    middle = area.center()
    for letter, x, y in (
        (letters.left, area.left() + margin, middle.y() + ascent / 2),
        (letters.right, area.right() - margin - _width(font, letters.right), middle.y() + ascent / 2),
        (letters.top, middle.x() - _width(font, letters.top) / 2, area.top() + margin + ascent),
        (letters.bottom, middle.x() - _width(font, letters.bottom) / 2, area.bottom() - margin),
    ):
        _paint_text(painter, QPointF(x, y), font, letter, QColor(theme.CANVAS_TEXT))


def _label_balls(painter: QPainter, balls: tuple[Ball, ...], width_px: float) -> None:
    font = text_font(_LABEL_SIZE)
    for ball in balls:
        if not ball.named:
            continue
        x, y = ball.point_px
        reach, length = ball.radius + 8, _width(font, ball.label)
        left = x + reach if x + reach + length < width_px else x - reach - length
        colour = QColor(theme.SELECTED) if ball.selected else theme.pale(theme.STATUS_COLOURS[ball.status])
        _paint_text(painter, QPointF(left, y + 4), font, ball.label, colour)
