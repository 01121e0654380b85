"""Paints what the 3D panel shows: the rendering, the three planes, landmarks as balls, and a cube that says where the sides are.

Every function paints one thing and is told where; none decides anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QRadialGradient,
    QTransform,
)

from app.desktop import theme
from app.views.projection import SIDE_DIRECTIONS, ProjectionView
from app.views.volume_rendering import Rendering
from core.values.grid import FloatArray
from core.values.landmarks import Status

BALL_RADIUS = 4.5
SELECTED_RADIUS = 6.5
CUBE_SIZE = 17.0
"""Half an edge of the orientation cube, screen pixels."""


@dataclass(frozen=True)
class Ball:
    """What is drawn of one landmark.

    Attributes
    ----------
    name, label
        Its key, and its name as it is written beside it where ``named``.
    point_px
        Where it is on the panel.
    status
        Decides the colour.
    nearness
        1 at the near end of the volume, 0 at the far end; what is farther is smaller and fainter.
    selected, named
        Whether it is the selected one, and whether its name is written.
    """

    name: str
    label: str
    point_px: tuple[float, float]
    status: Status
    nearness: float = 1.0
    selected: bool = False
    named: bool = False

    @property
    def radius(self) -> float:
        """Radius in screen pixels."""
        return SELECTED_RADIUS if self.selected else BALL_RADIUS * (0.65 + 0.35 * self.nearness)

    @property
    def opacity(self) -> float:
        """Opacity in (0, 1]."""
        return 1.0 if self.selected else 0.45 + 0.55 * self.nearness


def picture_of(rendering: Rendering) -> QImage:
    """Return the rendering as a picture that is transparent where it is dark."""
    grey = np.rint(rendering.brightness * 255).astype(np.uint8)
    pixels = np.repeat(grey[..., None], 4, axis=-1)  # white of that opacity, premultiplied
    rows, columns = grey.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied).copy()


def paint_rendering(painter: QPainter, picture: QImage, rendering: Rendering, view: ProjectionView) -> None:
    """Warp the picture of a rendering to its place on the panel."""
    samples = [
        [-0.5, -0.5],
        [-0.5, 0.5],
        [0.5, -0.5],
    ]  # the picture's corner, and one sample to the right and down from it
    corner_px, right_px, down_px = view.to_px(rendering.to_mm(samples))
    painter.save()
    painter.setTransform(QTransform(*(right_px - corner_px), *(down_px - corner_px), *corner_px), combine=True)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QPointF(0, 0), picture)
    painter.restore()


def paint_outline(painter: QPainter, outline_px: FloatArray, colour: str) -> None:
    """Paint the outline ``(n, 2)`` of a plane."""
    if not len(outline_px):
        return
    painter.setPen(QPen(theme.colour(colour, 0.75), 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(QPolygonF([QPointF(*point_px) for point_px in outline_px.tolist()]))


def paint_balls(painter: QPainter, balls: Iterable[Ball], width_px: float) -> None:
    """Paint the landmarks from back to front, the selected one last, and then the names within the panel's width."""
    ordered = sorted(balls, key=lambda ball: (ball.selected, ball.nearness))
    for ball in ordered:
        _paint_ball(painter, ball)
    for ball in ordered:
        if ball.named:
            _paint_name(painter, ball, width_px)


def paint_cube(painter: QPainter, view: ProjectionView, middle_px: tuple[float, float]) -> None:
    """Paint a cube that is rotated like the patient, with the letters of the sides that face the viewer."""
    small = ProjectionView(np.zeros(3), CUBE_SIZE, middle_px, view.screen_from_patient)
    font = QFont(painter.font())
    font.setPixelSize(13)
    font.setBold(True)
    painter.setFont(font)
    for side, outwards in SIDE_DIRECTIONS.items():
        facing = -float(small.depth_mm(outwards))
        if facing <= 0:
            continue
        first, second = (np.roll(np.abs(outwards), shift) for shift in (1, 2))
        corners_px = small.to_px([outwards + a * first + b * second for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))])
        painter.setPen(QPen(theme.colour(theme.CANVAS_FAINT, 0.8), 1.0))
        painter.setBrush(theme.colour(theme.CANVAS_FRAME, 0.92).lighter(round(130 + 130 * facing)))
        painter.drawPolygon(QPolygonF([QPointF(*corner_px) for corner_px in corners_px.tolist()]))
        if facing > 0.35:
            painter.setPen(theme.colour(theme.CANVAS_TEXT, min(1.0, 0.3 + facing)))
            x_px, y_px = small.to_px(outwards).tolist()
            painter.drawText(QRectF(x_px - 12, y_px - 12, 24, 24), Qt.AlignmentFlag.AlignCenter, side)


def _paint_ball(painter: QPainter, ball: Ball) -> None:
    centre, radius = QPointF(*ball.point_px), ball.radius
    colour = theme.status_colour(ball.status, ball.opacity)
    light = QRadialGradient(centre - QPointF(radius * 0.35, radius * 0.35), radius * 1.5)
    light.setColorAt(0, colour.lighter(150))
    light.setColorAt(0.45, colour)
    light.setColorAt(1, colour.darker(220))
    painter.setPen(QPen(theme.colour(theme.SHADE, 0.75 * ball.opacity), 1.2))
    painter.setBrush(QBrush(light))
    painter.drawEllipse(centre, radius, radius)
    if ball.selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(theme.colour(theme.SHADE, 0.67), 3.4), QPen(QColor(theme.SELECTED), 1.6)):
            painter.setPen(pen)
            painter.drawEllipse(centre, radius + 4, radius + 4)


def _paint_name(painter: QPainter, ball: Ball, width_px: float) -> None:
    font = QFont(painter.font())
    font.setBold(ball.selected)
    length_px = QFontMetricsF(font).horizontalAdvance(ball.label)
    x_px, y_px = ball.point_px
    reach_px = ball.radius + 8
    left_px = x_px + reach_px if x_px + reach_px + length_px < width_px else x_px - reach_px - length_px
    path = QPainterPath()
    path.addText(QPointF(left_px, y_px + 4), font, ball.label)
    painter.strokePath(path, QPen(theme.colour(theme.SHADE, 0.82), 3.4, j=Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(
        path, QBrush(QColor(theme.SELECTED) if ball.selected else theme.pale(theme.STATUS_COLOURS[ball.status]))
    )
