"""How the cells of the worklist are drawn: a small picture beside the name, and the state as a sign and a word.

Reads what the model says of a row; decides nothing.
"""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.desk.desk import Desk
from app.desktop.chrome import chrome
from app.desktop.theme import CANVAS
from app.panels.worklist_model import PLACEHOLDER, ROW_ROLE, WorklistModel, state_colour
from app.panels.worklist_pictures import WorklistPictures
from core.project.cases import CaseRow, CaseState

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 46
"""Height of the rows that the cells are made for."""
PICTURE_SIDE = 38
_GAP = 8
_BAR = 3
"""Width of the mark beside the case that lies open."""
_SIGN_SIDE = 10


class NameCell(QStyledItemDelegate):
    """Picture, name, and below it the note or what is wrong.

    Parameters
    ----------
    desk
        Which case lies open.
    pictures
        Where the pictures come from.
    """

    def __init__(self, desk: Desk, pictures: WorklistPictures, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._pictures = pictures

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell."""
        _draw_background(painter, option)
        row: CaseRow | None = index.data(ROW_ROLE)
        place = option.rect
        painter.save()
        frame = QRect(place.left() + _GAP, place.center().y() - PICTURE_SIDE // 2 + 1, PICTURE_SIDE, PICTURE_SIDE)
        if row is None:
            painter.setPen(QColor(chrome().faint))
            painter.drawText(
                place.adjusted(PICTURE_SIDE + 2 * _GAP, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, PLACEHOLDER
            )
        else:
            is_open = row.id == self._desk.current
            if is_open:
                painter.fillRect(
                    QRect(place.left(), place.top() + 2, _BAR, place.height() - 4), QColor(chrome().accent)
                )
            self._draw_picture(painter, frame, row)
            self._draw_texts(painter, option, place.adjusted(PICTURE_SIDE + 2 * _GAP, 4, -_GAP // 2, -4), row, is_open)
        painter.restore()

    def _draw_picture(self, painter: QPainter, frame: QRect, row: CaseRow) -> None:
        painter.fillRect(frame, QColor(CANVAS))
        picture = self._pictures.picture(row)
        if picture is None:
            return
        size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if row.excluded:
            painter.setOpacity(0.45)
        painter.drawPixmap(target, picture)
        painter.setOpacity(1.0)

    def _draw_texts(
        self, painter: QPainter, option: QStyleOptionViewItem, place: QRect, row: CaseRow, is_open: bool
    ) -> None:
        colours = chrome()
        font = QFont(option.font)
        font.setBold(is_open)
        below = row.problem or row.note
        upper = QRect(place.left(), place.top(), place.width(), place.height() // 2) if below else place
        _draw_line(painter, font, QColor(colours.faint if row.excluded else colours.text), upper, row.name)
        if below:
            small = QFont(option.font)
            small.setPointSizeF(small.pointSizeF() * 0.9)
            colour = QColor(colours.case[CaseState.PROBLEM] if row.problem and not row.excluded else colours.faint)
            _draw_line(painter, small, colour, upper.translated(0, upper.height()), below, Qt.TextElideMode.ElideRight)


class StateCell(QStyledItemDelegate):
    """A sign and a word: the sign says the same without its colour.

    Parameters
    ----------
    cases
        What knows the words.
    """

    def __init__(self, cases: WorklistModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._cases = cases

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a cell."""
        _draw_background(painter, option)
        row: CaseRow | None = index.data(ROW_ROLE)
        if row is None:
            return
        place = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = state_colour(row)
        side = _SIGN_SIDE
        sign = QRectF(place.left() + _GAP // 2, place.center().y() - side / 2 + 1, side, side)
        draw_sign(painter, sign, colour, row)
        _draw_line(painter, option.font, colour, place.adjusted(side + _GAP, 0, -2, 0), self._cases.state_text(row))
        painter.restore()


def draw_sign(painter: QPainter, place: QRectF, colour: QColor, row: CaseRow) -> None:
    """Draw the sign of a state: hollow, full, half full, a tick, a triangle; a stroke through what is excluded."""
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    left, top, side = place.left(), place.top(), place.width()
    if row.excluded:
        painter.drawEllipse(place)
        painter.drawLine(place.bottomLeft(), place.topRight())
    elif row.state is CaseState.DONE:
        painter.setPen(QPen(colour, 2))
        corners = ((0.05, 0.55), (0.38, 0.88), (0.95, 0.15))
        painter.drawPolyline(QPolygonF([QPointF(left + x * side, top + y * side) for x, y in corners]))
    elif row.state is CaseState.PROBLEM:
        corners = ((0.5, 0.05), (1.0, 0.95), (0.0, 0.95))
        painter.drawPolygon(QPolygonF([QPointF(left + x * side, top + y * side) for x, y in corners]))
        painter.drawLine(QPointF(left + side / 2, top + 0.4 * side), QPointF(left + side / 2, top + 0.65 * side))
    else:
        painter.drawEllipse(place)
        painter.setBrush(colour)
        if row.state is CaseState.LOCALIZED:
            painter.drawEllipse(place)
        elif row.state is CaseState.IN_REVIEW:
            painter.drawPie(place, 90 * 16, 180 * 16)


def _draw_background(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Draw the selection and what else the style sheet has for a cell; text and sign follow."""
    shown = QStyleOptionViewItem(option)
    shown.state &= ~QStyle.StateFlag.State_HasFocus
    shown.widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, shown, painter, shown.widget)


def _draw_line(
    painter: QPainter,
    font: QFont,
    colour: QColor,
    place: QRect,
    text: str,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetrics(font).elidedText(text, elide, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
