"""The picture of a case with two sets of points: where a person sees the landmarks, and where the models do.

Draws values only.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.desktop import theme
from app.session.judged_cases import JudgedCase, Points
from app.views.grey_picture import picture_of_grey
from core.values.landmarks import Status

TRUTH = theme.STATUS_COLOURS[Status.CONFIRMED]
NEW = theme.STATUS_COLOURS[Status.PREDICTED]
OLD = theme.ARROW
_ARM, _MARGIN = 5.0, 8.0


class JudgedPicture(QWidget):
    """The picture; a line leads from each place of a person to that of the new model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(QSize(260, 200))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture of the case")
        self._case: JudgedCase | None = None
        self._words = ""

    @property
    def case(self) -> JudgedCase | None:
        """What is shown."""
        return self._case

    def show_case(self, case: JudgedCase | None, words: str = "") -> None:
        """Show a case, or words in its place."""
        self._case, self._words = case, words
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint picture, points and legend."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.CANVAS))
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self._case is None:
            painter.setPen(QColor(theme.CANVAS_FAINT))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
            painter.end()
            return
        self._paint_case(painter, self._case)
        painter.end()

    def _paint_case(self, painter: QPainter, case: JudgedCase) -> None:
        rows, columns = case.grey.shape
        high = rows * case.height_of_pixel
        room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN - self.fontMetrics().height() - 6)
        scale = min(room.width() / columns, room.height() / high)
        frame = QRectF(0, 0, columns * scale, high * scale)
        frame.moveCenter(room.center())
        picture, kept = picture_of_grey(case.grey)
        painter.drawImage(frame, picture)
        del kept

        def at(point_px: tuple[float, float]) -> QPointF:
            return QPointF(
                frame.left() + (point_px[0] + 0.5) * scale,
                frame.top() + (point_px[1] + 0.5) * scale * case.height_of_pixel,
            )

        self._paint_points(painter, _placed(case.truth, at), _placed(case.old, at), _placed(case.new, at))
        self._paint_legend(painter, case)

    def _paint_points(
        self,
        painter: QPainter,
        truth: dict[str, QPointF],
        old: dict[str, QPointF],
        new: dict[str, QPointF],
    ) -> None:
        for name, place in truth.items():
            if name in new:
                painter.setPen(QPen(QColor(NEW), 1))
                painter.drawLine(place, new[name])
            _ring(painter, place, TRUTH)
        for place in old.values():
            _plus(painter, place, OLD)
        for place in new.values():
            _cross(painter, place, NEW)

    def _paint_legend(self, painter: QPainter, case: JudgedCase) -> None:
        left, base = _MARGIN + _ARM, self.height() - _MARGIN - self.fontMetrics().descent()
        middle = base - self.fontMetrics().ascent() / 2 + 1
        for words, draw, colour, is_there in (
            ("a person", _ring, TRUTH, True),
            ("the model before", _plus, OLD, bool(case.old)),
            ("the new one", _cross, NEW, True),
        ):
            if not is_there:
                continue
            draw(painter, QPointF(left, middle), colour)
            painter.setPen(QColor(theme.CANVAS_TEXT))
            painter.drawText(QPointF(left + 2 * _ARM, base), words)
            left += 5 * _ARM + self.fontMetrics().horizontalAdvance(words)


def _placed(points: Points, at: Callable[[tuple[float, float]], QPointF]) -> dict[str, QPointF]:
    return {name: at(point) for name, point in points.items()}


def _ring(painter: QPainter, place: QPointF, colour: str) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(theme.SHADE), 3), QPen(QColor(colour), 1.5)):
        painter.setPen(pen)
        painter.drawEllipse(place, _ARM, _ARM)


def _plus(painter: QPainter, place: QPointF, colour: str) -> None:
    _strokes(painter, place, colour, ((-_ARM, 0), (_ARM, 0)), ((0, -_ARM), (0, _ARM)))


def _cross(painter: QPainter, place: QPointF, colour: str) -> None:
    arm = 0.75 * _ARM
    _strokes(painter, place, colour, ((-arm, -arm), (arm, arm)), ((-arm, arm), (arm, -arm)))


def _strokes(
    painter: QPainter,
    place: QPointF,
    colour: str,
    *strokes: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    for pen in (QPen(QColor(theme.SHADE), 3.5), QPen(QColor(colour), 1.8)):
        painter.setPen(pen)
        for start, end in strokes:
            painter.drawLine(place + QPointF(*start), place + QPointF(*end))
