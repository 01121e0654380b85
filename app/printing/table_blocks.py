"""The table of measurements on paper: a row each with the wigglegram through them, and a head that every page repeats."""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.desktop.chrome import LIGHT
from app.printing.blocks import ACCENT, FAINT, LINE, SMALL_SIZE, TEXT, TEXT_SIZE, Block, pt
from app.printing.fonts import text_font
from app.printing.paragraph import Paragraph, width_of
from app.session.measurement_rows import Deviation, MeasurementRow

_LEFT, _RIGHT, _MIDDLE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
_COLOURS = {Deviation.USUAL: LIGHT.usual, Deviation.UNUSUAL: LIGHT.unusual, Deviation.FAR: LIGHT.far}
_PADDING = pt(2.6)
_GAP = pt(9)
_LEAST_WORDS, _SHARE_OF_NAMES = pt(160), 0.42
"""Width of the columns of words together at least, and what part of it the names may keep."""
_WIGGLE_WIDTH, _WIGGLE_MARGIN = pt(92), pt(7)
_DOT = pt(2.3)
MOST_SD = 3.0
"""Standard deviations to both sides that the wigglegram shows, as in the window."""


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    title
        What stands at its head.
    of_words
        Whether it takes what the columns of figures leave, which are as wide as their widest figure.
    is_wiggle
        Whether the wigglegram runs through it.
    """

    title: str
    of_words: bool = False
    is_wiggle: bool = False

    @property
    def alignment(self) -> Qt.AlignmentFlag:
        """Words begin at the left, figures end at the right."""
        return _LEFT if self.of_words else _MIDDLE if self.is_wiggle else _RIGHT


_COLUMNS = (
    Column("Measurement", of_words=True), Column("Value"), Column("90 % interval"), Column("Norm"), Column("SD"),
    Column("−3 … +3 SD", is_wiggle=True), Column("Assessment", of_words=True),
)  # fmt: skip
_NAME, _VALUE, _SD, _SAID = 0, 1, 4, 6


def _cells(row: MeasurementRow) -> tuple[str, ...]:
    said = "; ".join(part for part in (row.words, row.class_text) if part)
    return (row.name, row.value, row.interval, row.norm, row.sd, "", said)


@dataclass(frozen=True, eq=False)
class Table:
    """What all rows of a table have in common: which columns there are, how wide each is, and where the line runs.

    Attributes
    ----------
    rows
        All of them.
    """

    rows: tuple[MeasurementRow, ...]
    _widths: dict[float, list[float]] = field(default_factory=dict)
    _middles: dict[float, tuple[list[float], list[float]]] = field(default_factory=dict)

    @cached_property
    def used(self) -> tuple[int, ...]:
        """The columns in which something stands."""
        cells = [_cells(row) for row in self.rows]
        has_line = any(row.sd for row in self.rows)
        return tuple(
            number
            for number, column in enumerate(_COLUMNS)
            if number <= _VALUE or (has_line if column.is_wiggle else any(cell[number] for cell in cells))
        )

    @cached_property
    def blocks(self) -> "tuple[GroupBlock | RowBlock, ...]":
        """The rows, and the names of groups above the first of each."""
        blocks: list[GroupBlock | RowBlock] = []
        for number, row in enumerate(self.rows):
            if row.group and (number == 0 or self.rows[number - 1].group != row.group):
                blocks.append(GroupBlock(self, len(blocks), row.group))
            blocks.append(RowBlock(self, len(blocks), row))
        return tuple(blocks)

    def places(self, width: float) -> list[tuple[int, float, float]]:
        """Return number, left end and width of each column, for a table of this width."""
        if width not in self._widths:
            self._widths[width] = self._measured(width)
        places, left = [], 0.0
        for number, wide in zip(self.used, self._widths[width], strict=True):
            places.append((number, left, wide))
            left += wide + _GAP
        return places

    def _measured(self, width: float) -> list[float]:
        head_font, fonts = text_font(SMALL_SIZE, bold=True), (text_font(TEXT_SIZE), text_font(TEXT_SIZE, bold=True))
        wide = {}
        for number in self.used:
            texts = [width_of(_cells(row)[number], fonts[number == _VALUE]) for row in self.rows]
            wide[number] = max(*texts, width_of(_COLUMNS[number].title, head_font), pt(20)) + pt(1)
            if _COLUMNS[number].is_wiggle:
                wide[number] = _WIGGLE_WIDTH
        room = width - _GAP * (len(self.used) - 1)
        figures = sum(wide[number] for number in self.used if not _COLUMNS[number].of_words)
        names = max(room - figures, _LEAST_WORDS)
        if _SAID in wide:
            wide[_NAME] = min(wide[_NAME], max(names - wide[_SAID], _SHARE_OF_NAMES * names))
            wide[_SAID] = names - wide[_NAME]
        else:
            wide[_NAME] = names
        return [wide[number] for number in self.used]

    def line_within(self, width: float, place: int) -> list[tuple[float, float]]:
        """Return the corners of the line in the block at a place: how far below its upper edge, and the deviation in SD there.

        The line runs straight from each known deviation to the next one, past what has none and from page to page.
        """
        if width not in self._middles:
            self._middles[width] = self._known_middles(width)
        known, deviations = self._middles[width]
        if not known:
            return []
        top = sum(block.height(width) for block in self.blocks[:place])
        bottom = top + self.blocks[place].height(width)
        ends = [max(top, known[0]), min(bottom, known[-1])]
        if ends[0] >= ends[1]:
            return []
        corners = sorted({*ends, *(middle for middle in known if ends[0] < middle < ends[1])})
        return [(y - top, float(np.interp(y, known, deviations))) for y in corners]

    def _known_middles(self, width: float) -> tuple[list[float], list[float]]:
        known, deviations, top = [], [], 0.0
        for block in self.blocks:
            high = block.height(width)
            if isinstance(block, RowBlock) and math.isfinite(block.row.sd_number):
                known.append(top + high / 2)
                deviations.append(_within(block.row.sd_number))
            top += high
        return known, deviations


@dataclass(frozen=True, eq=False)
class HeadBlock:
    """The head of the table."""

    table: Table
    before: float = pt(3)
    keeps_next: bool = True
    head: Block | None = None

    def height(self, width: float) -> float:  # noqa: ARG002 - the same for every width
        """Return how much of the page it takes."""
        return Paragraph("X", text_font(SMALL_SIZE), pt(100)).height + pt(3.5)

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint the titles of the columns over a line."""
        font = text_font(SMALL_SIZE, bold=True)
        for number, at, wide in self.table.places(width):
            column = _COLUMNS[number]
            Paragraph(column.title, font, wide, column.alignment).draw(painter, left + at, top, FAINT)
        bottom = top + self.height(width) - pt(0.5)
        painter.setPen(QPen(QColor(ACCENT), pt(0.8)))
        painter.drawLine(QLineF(left, bottom, left + width, bottom))


@dataclass(frozen=True, eq=False)
class GroupBlock:
    """The name of a group of measurements; the line of the wigglegram runs on past it."""

    table: Table
    place: int
    name: str
    before: float = 0
    keeps_next: bool = True

    @property
    def head(self) -> Block:
        """The head of the table."""
        return HeadBlock(self.table)

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        return self._laid_out(width).height + 2 * _PADDING + pt(2)

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""
        _paint_wiggle(painter, self.table, self.place, QRectF(left, top, width, self.height(width)))
        self._laid_out(width).draw(painter, left, top + _PADDING + pt(2), ACCENT)

    def _laid_out(self, width: float) -> Paragraph:
        first = self.table.places(width)[0][2]
        return Paragraph(self.name, text_font(TEXT_SIZE, bold=True), first)


@dataclass(frozen=True, eq=False)
class RowBlock:
    """One measurement."""

    table: Table
    place: int
    row: MeasurementRow
    before: float = 0
    keeps_next: bool = False

    @property
    def head(self) -> Block:
        """The head of the table."""
        return HeadBlock(self.table)

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        return max(paragraph.height for _, _, paragraph in self._laid_out(width)) + 2 * _PADDING

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint its figures and words, its part of the wigglegram, and a thin line below."""
        area = QRectF(left, top, width, self.height(width))
        painter.setPen(QPen(QColor(LINE), pt(0.4)))
        painter.drawLine(QLineF(area.bottomLeft(), area.bottomRight()))
        coloured = _COLOURS.get(self.row.deviation, TEXT)
        place = _paint_wiggle(painter, self.table, self.place, area)
        if place is not None:
            self._paint_point(painter, place, coloured)
        for number, at, paragraph in self._laid_out(width):
            colour = coloured if number in (_VALUE, _SD, _SAID) else TEXT if number == _NAME else FAINT
            paragraph.draw(painter, left + at, top + _PADDING, colour)

    def _laid_out(self, width: float) -> list[tuple[int, float, Paragraph]]:
        cells = _cells(self.row)
        return [
            (
                number,
                at,
                Paragraph(cells[number], text_font(TEXT_SIZE, bold=number == _VALUE), wide, _COLUMNS[number].alignment),
            )
            for number, at, wide in self.table.places(width)
        ]

    def _paint_point(self, painter: QPainter, place: QRectF, colour: str) -> None:
        """Paint the value's point; beyond the scale it is an arrow head at its end."""
        if not math.isfinite(self.row.sd_number):
            return
        within = _within(self.row.sd_number)
        centre = QPointF(_x(place, within), place.center().y())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        if within == self.row.sd_number:
            painter.drawEllipse(centre, _DOT, _DOT)
        else:
            way = math.copysign(1.0, within)
            corners = ((pt(4.4), 0), (-pt(1.5), -pt(3.2)), (-pt(1.5), pt(3.2)))
            painter.drawPolygon(QPolygonF([centre + QPointF(x * way, y) for x, y in corners]))
        painter.setBrush(Qt.BrushStyle.NoBrush)


def table_blocks(rows: tuple[MeasurementRow, ...]) -> list[Block]:
    """Return head, groups and rows of the table of measurements."""
    table = Table(rows)
    return [HeadBlock(table), *table.blocks]


def _within(deviation_sd: float) -> float:
    return min(max(deviation_sd, -MOST_SD), MOST_SD)


def _x(place: QRectF, deviation_sd: float) -> float:
    half = place.width() / 2 - _WIGGLE_MARGIN
    return place.center().x() + half * deviation_sd / MOST_SD


def _paint_wiggle(painter: QPainter, table: Table, number: int, area: QRectF) -> QRectF | None:
    """Paint scale and line in the column of the wigglegram of a block; return where that is, None where there is none."""
    column = next((place for place in table.places(area.width()) if _COLUMNS[place[0]].is_wiggle), None)
    if column is None:
        return None
    place = QRectF(area.left() + column[1], area.top(), column[2], area.height())
    band = QColor(LIGHT.usual)
    band.setAlphaF(0.12)
    painter.fillRect(QRectF(_x(place, -1), place.top(), _x(place, 1) - _x(place, -1), place.height()), band)
    for deviation_sd in (-3, -2, 0, 2, 3):
        colour = QColor(LIGHT.faint)
        colour.setAlphaF(0.7 if deviation_sd == 0 else 0.28)
        painter.setPen(QPen(colour, pt(0.4)))
        x = _x(place, deviation_sd)
        painter.drawLine(QLineF(x, place.top(), x, place.bottom()))
    corners = [QPointF(_x(place, value), place.top() + y) for y, value in table.line_within(area.width(), number)]
    painter.setPen(QPen(QColor(TEXT), pt(0.9)))
    painter.drawPolyline(QPolygonF(corners))
    return place
