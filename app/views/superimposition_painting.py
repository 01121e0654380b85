"""Paints a superimposition: the later image over the earlier one, both tracings, and the ways of the landmarks as arrows.

The same for the screen and for a file. Decides nothing about what is compared; knows no controller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF, QTransform

from app.desktop import theme
from app.session.superimposed_picture import Backdrop, SuperimposedPicture, Way
from app.session.tracing import Stroke, TracedLine
from app.views.grey_picture import picture_of_grey
from app.views.label_layout import label_corners
from core.geometry.shapes import transform_points
from core.values.grid import FloatArray

EARLIER_COLOUR, LATER_COLOUR = "#56b4e9", "#ff9a3c"
"""Sky blue and orange: told apart with any colour vision; what is earlier is also hollow, what is later also filled."""
_WAY_COLOUR = "#ffffff"
LARGEST_SIDE_PX = 4000
_PX_OF_UNIT_WITHOUT_IMAGE = 8.0
_LONGEST_BAR = 0.25
"""Of the picture's width, which the scale bar takes at most."""
_BARS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class Look:
    """What of a superimposition is shown.

    Attributes
    ----------
    later_opacity
        Of the later image over the earlier one, in [0, 1].
    images
        Whether the images are shown at all.
    tracings, labels
        Whether lines are drawn, and names and lengths written.
    measurement, landmark
        Key of the measurement whose lines are drawn thick, and name of the landmark whose way is; empty for none.
    """

    later_opacity: float = 0.0
    images: bool = True
    tracings: bool = True
    labels: bool = True
    measurement: str = ""
    landmark: str = ""


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the plane is on the screen.

    Attributes
    ----------
    screen_from_plane
        ``(3, 3)`` homogeneous; the same scale along both axes.
    width, height
        Of what is painted on, in its pixels.
    unit
        Widths of lines and sizes of letters are multiples of this.
    family
        Font of the letters; the application's where empty.
    """

    screen_from_plane: FloatArray
    width: float
    height: float
    unit: float = 1.0
    family: str = ""

    @classmethod
    def fitting(cls, bounds: FloatArray, width: float, height: float, unit: float = 1.0, family: str = "") -> "Frame":
        """Return the frame that shows all of ``bounds`` (left, top, right, bottom) in the middle."""
        size = np.maximum(bounds[2:] - bounds[:2], 1e-9)
        scale = min(width / size[0], height / size[1])
        matrix = np.diag([scale, scale, 1.0])
        matrix[:2, 2] = np.array([width, height]) / 2 - scale * (bounds[:2] + bounds[2:]) / 2
        return cls(matrix, width, height, unit, family)

    @property
    def scale(self) -> float:
        """Pixels of the screen for each unit of the plane."""
        return float(self.screen_from_plane[0, 0])

    def to_screen(self, points: FloatArray) -> FloatArray:
        """Map points ``(..., 2)`` of the plane."""
        return transform_points(self.screen_from_plane, points)


def paint_superimposition(painter: QPainter, picture: SuperimposedPicture, look: Look, frame: Frame) -> None:
    """Paint a picture."""
    painter.fillRect(QRectF(0, 0, frame.width, frame.height), theme.colour(theme.CANVAS))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    if look.images:
        _paint_image(painter, picture.earlier, 1.0, frame)
        _paint_image(painter, picture.later, look.later_opacity, frame)
    if look.tracings:
        _paint_lines(painter, picture.earlier_lines, EARLIER_COLOUR, frame)
        _paint_lines(painter, picture.later_lines, LATER_COLOUR, frame)
    earlier, later = picture.measured.get(look.measurement, ((), ()))
    _paint_measured(painter, earlier, EARLIER_COLOUR, frame)
    _paint_measured(painter, later, LATER_COLOUR, frame)
    for way in picture.ways:
        _paint_way(painter, way, frame, chosen=way.name == look.landmark)
    _paint_points(painter, picture.earlier_points, EARLIER_COLOUR, frame, filled=False)
    _paint_points(painter, picture.later_points, LATER_COLOUR, frame, filled=True)
    if look.labels:
        _paint_labels(painter, picture, frame)
    _paint_legend(painter, picture, frame)


def png_of(picture: SuperimposedPicture, look: Look, family: str = "") -> bytes:
    """Return a picture as the bytes of a PNG file, in the pixels of the earlier image where there is one; in any thread.

    Parameters
    ----------
    picture, look
        What is drawn.
    family
        Font of the letters; the application's where empty.
    """
    size = np.maximum(picture.bounds[2:] - picture.bounds[:2], 1e-9)
    scale = _PX_OF_UNIT_WITHOUT_IMAGE
    if picture.earlier is not None:
        scale = 1.0 / float(np.linalg.norm(picture.earlier.plane_from_px[:2, 0]))
    longest = float(np.clip(scale * size.max(), 800.0, LARGEST_SIDE_PX))
    width, height = (max(1, round(float(side) * longest / size.max())) for side in size)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint_superimposition(painter, picture, look, Frame.fitting(picture.bounds, width, height, longest / 900.0, family))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # Qt takes the name as text
    return bytes(buffer.data().data())


def _paint_image(painter: QPainter, backdrop: Backdrop | None, opacity: float, frame: Frame) -> None:
    if backdrop is None or opacity <= 0:
        return
    matrix = frame.screen_from_plane @ backdrop.plane_from_px
    (a, b, x), (c, d, y) = matrix[0].tolist(), matrix[1].tolist()
    rows, columns = backdrop.grey.shape
    image, _pixels = picture_of_grey(backdrop.grey)
    painter.save()
    painter.setOpacity(opacity)
    painter.setTransform(QTransform(a, c, b, d, x, y), combine=True)
    painter.drawImage(QRectF(-0.5, -0.5, columns, rows), image)
    painter.restore()


def _paint_lines(painter: QPainter, lines: Sequence[TracedLine], colour: str, frame: Frame) -> None:
    drawn = [(QLineF(*frame.to_screen(line.ends_mm).ravel().tolist()), line.stroke) for line in lines]
    for width, tint in ((3.2, theme.colour(theme.SHADE, 0.45)), (1.5, theme.colour(colour, 0.95))):
        for line, stroke in drawn:
            pen = QPen(tint, width * frame.unit)
            if stroke is Stroke.SOFT_TISSUE:
                pen.setDashPattern([10.5 / width, 7.5 / width])
            painter.setPen(pen)
            painter.drawLine(line)


def _paint_measured(painter: QPainter, lines: Sequence[FloatArray], colour: str, frame: Frame) -> None:
    """Paint the lines of the measurement that a person points at: thick, and paler than the tracing."""
    for width, tint in ((5.0, theme.colour(theme.SHADE, 0.55)), (2.8, theme.pale(colour))):
        painter.setPen(QPen(tint, width * frame.unit))
        for ends in lines:
            painter.drawLine(QLineF(*frame.to_screen(ends).ravel().tolist()))


def _paint_points(painter: QPainter, points: FloatArray, colour: str, frame: Frame, *, filled: bool) -> None:
    radius = (2.6 if filled else 3.6) * frame.unit
    for x, y in frame.to_screen(points).tolist():
        for width, tint in ((3.4, theme.colour(theme.SHADE, 0.6)), (1.5, QColor(colour))):
            painter.setPen(QPen(tint, width * frame.unit))
            painter.setBrush(QColor(colour) if filled else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, y), radius, radius)


def _paint_way(painter: QPainter, way: Way, frame: Frame, *, chosen: bool = False) -> None:
    """Paint an arrow; a pale one where the way is not longer than its uncertainty, which is a ring around its end."""
    if chosen:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.EMPHASIS, 0.45))
        for x, y in frame.to_screen(way.ends).tolist():
            painter.drawEllipse(QPointF(x, y), 9.0 * frame.unit, 9.0 * frame.unit)
    (x, y), (to_x, to_y) = frame.to_screen(way.ends).tolist()
    alpha = 0.6 if way.beyond_error is False else 1.0
    if np.isfinite(way.radius):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(theme.colour(LATER_COLOUR, 0.6), 0.9 * frame.unit)
        pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        painter.drawEllipse(QPointF(to_x, to_y), way.radius * frame.scale, way.radius * frame.scale)
    length = hypot(to_x - x, to_y - y)
    head = 7.0 * frame.unit
    if length < head:
        return
    along = QPointF((to_x - x) / length, (to_y - y) / length)
    across = QPointF(-along.y(), along.x())
    end = QPointF(to_x, to_y)
    tip = QPolygonF([end, end - along * head + across * head * 0.45, end - along * head - across * head * 0.45])
    for width, tint in ((3.6, theme.colour(theme.SHADE, 0.6)), (1.6, theme.colour(_WAY_COLOUR, alpha))):
        pen = QPen(tint, width * frame.unit)
        painter.setPen(pen)
        painter.drawLine(QPointF(x, y), end - along * head)
        painter.setPen(QPen(tint, (width - 1.6) * frame.unit) if width > 1.6 else Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawPolygon(tip)


def _font(frame: Frame, bold: bool = False) -> QFont:
    font = QFont(frame.family) if frame.family else QFont()
    font.setPixelSize(max(1, round(12 * frame.unit)))
    font.setBold(bold)
    return font


def way_text(way: Way, picture: SuperimposedPicture) -> str:
    """Return what is written beside the end of a way; the name alone where a landmark has stayed."""
    length = round(way.length, picture.decimals)
    return f"{way.label}  {length:.{picture.decimals}f} {picture.unit}" if length else way.label


def _paint_labels(painter: QPainter, picture: SuperimposedPicture, frame: Frame) -> None:
    font = _font(frame)
    metrics = QFontMetricsF(font)
    texts = [way_text(way, picture) for way in picture.ways]
    if not texts:
        return
    points = frame.to_screen(np.stack([way.ends[1] for way in picture.ways]))
    sizes = np.array([[metrics.horizontalAdvance(text), metrics.height()] for text in texts])
    clearances = np.full(len(texts), 8.0 * frame.unit)
    longest_first = sorted(range(len(texts)), key=lambda row: -picture.ways[row].length)
    area = np.array([0.0, 0.0, frame.width, frame.height])
    corners = label_corners(points, sizes, clearances, area, longest_first)
    painter.setFont(font)
    for (left, top), text, way in zip(corners.tolist(), texts, picture.ways, strict=True):
        alpha = 0.75 if way.beyond_error is False else 1.0
        _paint_text(painter, QPointF(left, top + metrics.ascent()), text, theme.colour(_WAY_COLOUR, alpha), frame)


def _paint_text(painter: QPainter, place: QPointF, text: str, colour: QColor, frame: Frame) -> None:
    painter.setPen(theme.colour(theme.SHADE, 0.8))
    step = max(1.0, frame.unit)
    for x, y in ((-step, 0), (step, 0), (0, -step), (0, step)):
        painter.drawText(place + QPointF(x, y), text)
    painter.setPen(colour)
    painter.drawText(place, text)


def _paint_legend(painter: QPainter, picture: SuperimposedPicture, frame: Frame) -> None:
    """Say which colour is which, and how long a length is; no name of an image, since pictures are passed on."""
    font = _font(frame, bold=True)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    left, line = 18.0 * frame.unit, metrics.height() * 1.25
    room = QRectF(
        6.0 * frame.unit, 6.0 * frame.unit, metrics.horizontalAdvance("Earlier") + 32.0 * frame.unit, 2.1 * line
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(theme.CANVAS, 0.75))
    painter.drawRoundedRect(room, 4.0 * frame.unit, 4.0 * frame.unit)
    for row, (text, colour, filled) in enumerate((("Earlier", EARLIER_COLOUR, False), ("Later", LATER_COLOUR, True))):
        middle = QPointF(left, 6.0 * frame.unit + (row + 0.55) * line)
        painter.setPen(QPen(QColor(colour), 1.8 * frame.unit))
        painter.setBrush(QColor(colour) if filled else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(middle, 3.6 * frame.unit, 3.6 * frame.unit)
        place = middle + QPointF(10.0 * frame.unit, metrics.ascent() / 2 - metrics.descent() / 2)
        painter.drawText(place, text)
    _paint_bar(painter, picture.unit, frame, metrics)


def _paint_bar(painter: QPainter, unit: str, frame: Frame, metrics: QFontMetricsF) -> None:
    fitting = [bar for bar in _BARS if bar * frame.scale <= _LONGEST_BAR * frame.width]
    if not fitting:
        return
    length = fitting[-1] * frame.scale
    left, bottom = 14.0 * frame.unit, frame.height - 14.0 * frame.unit
    for width, tint in ((4.4, theme.colour(theme.SHADE, 0.6)), (2.0, theme.colour(_WAY_COLOUR))):
        painter.setPen(QPen(tint, width * frame.unit))
        painter.drawLine(QPointF(left, bottom), QPointF(left + length, bottom))
    _paint_text(
        painter, QPointF(left, bottom - metrics.descent() - 3.0 * frame.unit), f"{fitting[-1]} {unit}",
        theme.colour(_WAY_COLOUR), frame,
    )  # fmt: skip
