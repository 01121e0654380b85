"""The wigglegram: a column in which a line runs through the deviations of all measurements, from −3 to +3 SD. Decides nothing."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.chrome import chrome
from app.session.measurement_rows import Deviation, Line, MeasurementRow

Index = QModelIndex | QPersistentModelIndex

LINES_ROLE = Qt.ItemDataRole.UserRole + 1
"""Under which a model gives all its lines."""
MOST_SD = 3.0
_MARGIN = 8.0
_DOT = 3.2


def deviation_colour(deviation: Deviation) -> QColor | None:
    """Return the colour of a figure by how it compares with its norm; None for that of any text."""
    colours = chrome()
    name = {
        Deviation.USUAL: colours.usual,
        Deviation.UNUSUAL: colours.unusual,
        Deviation.FAR: colours.far,
    }.get(deviation)
    return None if name is None else QColor(name)


def line_through(deviations_sd: Sequence[float], row: int) -> tuple[float | None, float | None, float | None]:
    """Return where the line is at the top, in the middle and at the bottom of a row, in SD within ±`MOST_SD`.

    It runs straight from each known deviation to the next one, also past rows without any. None where there is no line.
    """
    known = [number for number, value in enumerate(deviations_sd) if math.isfinite(value)]
    shown = {number: min(max(deviations_sd[number], -MOST_SD), MOST_SD) for number in known}

    def at(place: float) -> float | None:
        before = max((number for number in known if number <= place), default=None)
        after = min((number for number in known if number >= place), default=None)
        if before is None or after is None:
            return None
        if before == after:
            return shown[before]
        return shown[before] + (shown[after] - shown[before]) * (place - before) / (after - before)

    return at(row - 0.5), at(row), at(row + 0.5)


class WigglegramCell(QStyledItemDelegate):
    """A row's part of the wigglegram."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the range of one SD, the scale, the line and the row's own point."""
        shown = QStyleOptionViewItem(option)
        shown.state &= ~QStyle.StateFlag.State_HasFocus
        shown.widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, shown, painter, shown.widget)
        lines: Sequence[Line] = index.data(LINES_ROLE) or ()
        if index.row() >= len(lines):
            return
        deviations = [line.sd_number if isinstance(line, MeasurementRow) else math.nan for line in lines]
        line = lines[index.row()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(option.rect)
        _paint_scale(painter, option.rect)
        _paint_line(painter, option.rect, line_through(deviations, index.row()))
        if isinstance(line, MeasurementRow):
            _paint_point(painter, option.rect, line)
        painter.restore()


def _x(place: QRect, deviation_sd: float) -> float:
    half = place.width() / 2 - _MARGIN
    return place.left() + place.width() / 2 + half * deviation_sd / MOST_SD


def _paint_scale(painter: QPainter, place: QRect) -> None:
    colours = chrome()
    band = QColor(colours.usual)
    band.setAlphaF(0.16)
    painter.fillRect(QRectF(_x(place, -1), place.top(), _x(place, 1) - _x(place, -1), place.height()), band)
    for deviation_sd in (-3, -2, 0, 2, 3):
        line = QColor(colours.faint)
        line.setAlphaF(0.7 if deviation_sd == 0 else 0.25)
        painter.setPen(QPen(line, 1))
        x = _x(place, deviation_sd)
        painter.drawLine(QLineF(x, place.top(), x, place.bottom() + 1))


def _paint_line(painter: QPainter, place: QRect, line: tuple[float | None, float | None, float | None]) -> None:
    heights = (place.top(), place.top() + place.height() / 2, place.top() + place.height())
    corners = [
        QPointF(_x(place, value), height) for value, height in zip(line, heights, strict=True) if value is not None
    ]
    painter.setPen(QPen(QColor(chrome().text), 1.4))
    painter.drawPolyline(QPolygonF(corners))


def _paint_point(painter: QPainter, place: QRect, row: MeasurementRow) -> None:
    """Draw the value's point; beyond the scale it is an arrow head at its end."""
    if not math.isfinite(row.sd_number):
        return
    within = min(max(row.sd_number, -MOST_SD), MOST_SD)
    centre = QPointF(_x(place, within), place.top() + place.height() / 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(deviation_colour(row.deviation) or QColor(chrome().text))
    if within == row.sd_number:
        painter.drawEllipse(centre, _DOT, _DOT)
        return
    way = math.copysign(1.0, within)
    painter.drawPolygon(QPolygonF([centre + QPointF(x * way, y) for x, y in ((6.0, 0.0), (-2.0, -4.5), (-2.0, 4.5))]))
