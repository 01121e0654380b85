"""Draws the frame around the view in which the arrow keys act, which nobody must overlook: they move a landmark there.

Decides nothing and is told what to draw.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from app.desktop import theme
from app.views.slice_layer import ScreenMap, SliceLayer

FRAME_WIDTH = 2.0
MARGIN, PADDING = 12.0, 4.0
"""Screen pixels between the frame and the words in it, and around these."""


class FocusLayer(SliceLayer):
    """The frame of the view in which the arrow keys act, with what they do there."""

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._framed = False
        self._words = ""

    def set_frame(self, *, framed: bool, words: str = "") -> None:
        """Draw the frame with these words in its corner, or none."""
        if (framed, words) != (self._framed, self._words):
            self._framed, self._words = framed, words
            self.update()

    def paint_on_screen(self, painter: QPainter, _screen_map: ScreenMap) -> None:
        """Paint the frame at the edge of the view, the words at the bottom left."""
        if not self._framed:
            return
        half = FRAME_WIDTH / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour(theme.FOCUS), FRAME_WIDTH, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(self.boundingRect().adjusted(half, half, -half, -half))
        if self._words:
            paint_words(painter, self.boundingRect().bottomLeft() + QPointF(MARGIN, -MARGIN), self._words)


def paint_words(painter: QPainter, place: QPointF, words: str) -> None:
    """Paint a line of letters on a dark ground, readable on any grey, with its lower left corner at ``place``."""
    metrics = QFontMetricsF(painter.font())
    ground = QRectF(
        place.x(), place.y() - metrics.height() - PADDING, metrics.horizontalAdvance(words), metrics.height()
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(theme.CANVAS, 0.8))
    painter.drawRoundedRect(ground.adjusted(-PADDING, -PADDING, PADDING, PADDING), PADDING, PADDING)
    painter.setPen(theme.colour(theme.CANVAS_TEXT))
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, words)
