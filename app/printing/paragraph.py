"""A piece of text of a given width on paper: broken between words, and within one that is wider than its column."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QTextLayout, QTextOption

LEADING = 1.22
"""Distance of two lines, in heights of the letters' size."""


class Paragraph:
    """Text that is laid out once and drawn where it is wanted.

    Parameters
    ----------
    text
        One paragraph; a line break in it is a space.
    font
        With a size in the painter's units.
    width
        Of the column, in the same.
    alignment
        Left, right or in the middle.
    """

    def __init__(
        self, text: str, font: QFont, width: float, alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft
    ) -> None:
        option = QTextOption(alignment)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._layout = QTextLayout(" ".join(text.split()), font)
        self._layout.setTextOption(option)
        self._layout.setCacheEnabled(True)
        step = LEADING * font.pixelSize()
        self._layout.beginLayout()
        top = (step - QFontMetricsF(font).height()) / 2
        count = 0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(max(width, 1.0))
            line.setPosition(QPointF(0, top + count * step))
            count += 1
        self._layout.endLayout()
        self.height = max(count, 1) * step

    def draw(self, painter: QPainter, left: float, top: float, colour: str) -> None:
        """Draw the text with its upper left corner in a place."""
        painter.setPen(QColor(colour))
        self._layout.draw(painter, QPointF(left, top))


def width_of(text: str, font: QFont) -> float:
    """Return how wide a text is on one line."""
    return QFontMetricsF(font).horizontalAdvance(text)
