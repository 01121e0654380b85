"""Paints distances and angles that a person has drawn, in a slice or in 3D, and tells what of them is under the mouse.

Works on positions of the screen and is told what to draw; decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from app.desktop import theme
from app.session.free_measuring import Handle
from app.session.free_rows import FreeDrawing
from core.values.grid import FloatArray

POINT_REACH = 9.0
LINE_REACH = 5.0
"""Screen pixels within which the mouse is on a point, or on a line."""
_RADIUS = 3.5
_WIDTH = 1.7
_GAP = 9.0
"""Screen pixels between a line and its number."""


@dataclass(frozen=True, eq=False)
class FreeShape:
    """A measurement where it is on the screen.

    Attributes
    ----------
    drawing
        What it is.
    points_screen
        ``(N, 2)``.
    arc_screen
        ``(M, 2)`` the arc of an angle; None where there is none.
    """

    drawing: FreeDrawing
    points_screen: FloatArray
    arc_screen: FloatArray | None = None


def handle_at(shapes: Sequence[FreeShape], place: tuple[float, float]) -> Handle | None:
    """Return the part of a measurement under a place of the screen: points before lines, and what lies above before the rest."""
    known = [shape for shape in reversed(shapes) if shape.drawing.uuid]
    for shape in known:
        distances = np.linalg.norm(shape.points_screen - place, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= POINT_REACH:
            return Handle(shape.drawing.uuid, nearest)
    for shape in known:
        ends = zip(shape.points_screen, shape.points_screen[1:], strict=False)
        if any(_distance(np.asarray(place), start, end) <= LINE_REACH for start, end in ends):
            return Handle(shape.drawing.uuid, None)
    return None


def _distance(place: FloatArray, start: FloatArray, end: FloatArray) -> float:
    along = end - start
    length = float(along @ along)
    part = 0.0 if length == 0 else float(np.clip((place - start) @ along / length, 0, 1))
    return float(np.linalg.norm(place - start - part * along))


def paint_free(painter: QPainter, shapes: Iterable[FreeShape], area: QRectF, *, show_texts: bool = True) -> None:
    """Paint lines, arcs and points, and then the numbers, within ``area`` of the screen."""
    shapes = list(shapes)
    for shape in shapes:
        _paint_lines(painter, shape)
    for shape in shapes:
        if shape.drawing.text and (show_texts or shape.drawing.selected):
            _paint_text(painter, shape, area)


def _paint_lines(painter: QPainter, shape: FreeShape) -> None:
    drawing = shape.drawing
    points = [QPointF(*point) for point in shape.points_screen.tolist()]
    arc = [] if shape.arc_screen is None else [QPointF(*point) for point in shape.arc_screen.tolist()]
    width = _WIDTH + 0.8 * drawing.selected
    style = Qt.PenStyle.SolidLine if drawing.own else Qt.PenStyle.DashLine
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, more in ((theme.colour(theme.SHADE, 0.6), 2.0), (theme.colour(theme.FREE), 0.0)):
        pen = QPen(colour, width + more, style)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))
        if arc:
            painter.setPen(QPen(colour, 1.2 + more))
            painter.drawPolyline(QPolygonF(arc))
    painter.setPen(QPen(theme.colour(theme.SHADE, 0.8), 1.2))
    painter.setBrush(QBrush(theme.colour(theme.SELECTED if drawing.selected else theme.FREE)))
    for point in points:
        painter.drawEllipse(point, _RADIUS + drawing.selected, _RADIUS + drawing.selected)


def _paint_text(painter: QPainter, shape: FreeShape, area: QRectF) -> None:
    drawing = shape.drawing
    font = QFont(painter.font())
    font.setBold(True)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(drawing.text), metrics.ascent()
    centre = _text_centre(shape.points_screen, width, height)
    left = float(np.clip(centre[0] - width / 2, area.left() + 4, max(area.left() + 4, area.right() - width - 4)))
    base = float(
        np.clip(centre[1] + height / 2, area.top() + height + 4, max(area.top() + height + 4, area.bottom() - 6))
    )
    path = QPainterPath()
    path.addText(QPointF(left, base), font, drawing.text)
    painter.strokePath(path, QPen(theme.colour(theme.SHADE, 0.85), 3.6, j=Qt.PenJoinStyle.RoundJoin))
    painter.setFont(font)
    painter.setPen(theme.colour(theme.SELECTED) if drawing.selected else theme.pale(theme.FREE))
    painter.drawText(QPointF(left, base), drawing.text)  # as text, which a drawing keeps as such


def _text_centre(points: FloatArray, width: float, height: float) -> FloatArray:
    """Return where the middle of a number is: beside the middle of a distance, and outside of the vertex of an angle."""
    if len(points) == 2:
        middle = points.mean(axis=0)
        normal = np.array([points[1, 1] - points[0, 1], points[0, 0] - points[1, 0]])
        length = float(np.linalg.norm(normal))
        away = np.array([0.0, -1.0]) if length == 0 else normal / length
        if away[1] > 0 or (away[1] == 0 and away[0] < 0):
            away = -away  # above the line, or to its right
    else:
        middle = points[1]
        sides = [side / max(float(np.linalg.norm(side)), 1e-9) for side in (points[0] - middle, points[2] - middle)]
        inwards = sides[0] + sides[1]
        length = float(np.linalg.norm(inwards))
        away = np.array([0.0, -1.0]) if length < 1e-6 else -inwards / length
    reach = _GAP + abs(float(away[0])) * width / 2 + abs(float(away[1])) * height / 2
    return np.asarray(middle + reach * away)
