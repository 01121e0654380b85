"""What a page is built of, from top to bottom: headings, paragraphs, the picture with its facts. Each knows its height.

Lengths are tenths of a point (`pt`), in which letters have whole sizes. Where a block lies is `pages`' affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPen

from app.desktop.chrome import LIGHT
from app.printing.fonts import text_font
from app.printing.paragraph import Paragraph
from app.printing.picture import Picture, SlicePicture
from app.printing.picture_painting import paint_picture

TEXT, FAINT, LINE, ACCENT = LIGHT.text, LIGHT.faint, LIGHT.line, LIGHT.accent


def pt(points: float) -> int:
    """Return a length in the units of the page."""
    return round(10 * points)


TITLE_SIZE, HEADING_SIZE, TEXT_SIZE, SMALL_SIZE = pt(19), pt(10.5), pt(8.6), pt(7.6)
_UNIT = pt(0.46)
"""Of the pictures: their glyphs are so much smaller than on a screen, their letters 6.5 points high."""
_TALLEST, _TALLEST_WIDE = pt(330), pt(235)
_WIDE = 1.2
"""Proportions from which a picture takes the whole width of the page."""
_GUTTER = pt(16)


class Block(Protocol):
    """A part of a page."""

    @property
    def before(self) -> float:
        """Room above it, except at the top of a page."""

    @property
    def keeps_next(self) -> bool:
        """Whether what follows stands on the same page."""

    @property
    def head(self) -> "Block | None":
        """What is repeated above it where it is the first one on a page; None for nothing."""

    def height(self, width: float) -> float:
        """Return how much of the page it takes, given its width."""

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""


@dataclass(frozen=True)
class TextBlock:
    """A paragraph or a heading."""

    text: str
    size: int = TEXT_SIZE
    bold: bool = False
    colour: str = TEXT
    before: float = pt(3)
    keeps_next: bool = False
    head: Block | None = None

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        return self._laid_out(width).height

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""
        self._laid_out(width).draw(painter, left, top, self.colour)

    def _laid_out(self, width: float) -> Paragraph:
        return Paragraph(self.text, text_font(self.size, bold=self.bold), width)


def heading(text: str) -> TextBlock:
    """Return the heading of a section, which never stands alone at the foot of a page."""
    return TextBlock(text, HEADING_SIZE, bold=True, colour=ACCENT, before=pt(13), keeps_next=True)


@dataclass(frozen=True)
class TitleBlock:
    """The head of the first page: what was measured, of which image, and a line below."""

    title: str
    name: str
    before: float = 0
    keeps_next: bool = True
    head: Block | None = None

    @cached_property
    def _parts(self) -> tuple[TextBlock, ...]:
        parts = [TextBlock(self.title, TITLE_SIZE, bold=True)]
        if self.name:
            parts.append(TextBlock(self.name, pt(10.5), colour=FAINT))
        return tuple(parts)

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        return sum(part.height(width) for part in self._parts) + pt(8)

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""
        for part in self._parts:
            part.paint(painter, left, top, width)
            top += part.height(width)
        painter.setPen(QPen(QColor(ACCENT), pt(1.4)))
        painter.drawLine(QLineF(left, top + pt(5), left + width, top + pt(5)))


@dataclass(frozen=True)
class FactsBlock:
    """Names with what belongs to them, below each other."""

    facts: tuple[tuple[str, str], ...]
    columns: int = 1
    before: float = pt(8)
    keeps_next: bool = False
    head: Block | None = None

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        return max((self._column_height(column, width) for column in self._columns()), default=0.0)

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""
        each = self._width(width)
        for number, column in enumerate(self._columns()):
            below = top
            for part in column:
                part.paint(painter, left + number * (each + _GUTTER), below + part.before, each)
                below += part.before + part.height(each)

    def _columns(self) -> list[list[TextBlock]]:
        share = -(-len(self.facts) // self.columns)
        chunks = [self.facts[start : start + share] for start in range(0, len(self.facts), max(share, 1))]
        return [
            [
                part
                for number, (name, text) in enumerate(chunk)
                for part in (
                    TextBlock(name, SMALL_SIZE, colour=FAINT, before=pt(6) if number else 0),
                    *(TextBlock(line, before=pt(1.5) * bool(place)) for place, line in enumerate(text.splitlines())),
                )
            ]
            for chunk in chunks
        ]

    def _width(self, width: float) -> float:
        return (width - (self.columns - 1) * _GUTTER) / self.columns

    def _column_height(self, column: Sequence[TextBlock], width: float) -> float:
        return sum(part.before + part.height(self._width(width)) for part in column)


@dataclass(frozen=True, eq=False)
class PicturesBlock:
    """The picture, or the slices of a volume side by side, with the facts beside or below."""

    pictures: tuple[Picture, ...]
    facts: FactsBlock
    before: float = pt(4)
    keeps_next: bool = False
    head: Block | None = None

    @property
    def _together(self) -> float:
        """Width of all pictures for a height of 1, without the gaps between them."""
        return sum(_proportions(picture) for picture in self.pictures)

    @property
    def _is_wide(self) -> bool:
        return self._together > _WIDE

    def pictures_size(self, width: float) -> tuple[float, float]:
        """Return width and height of the pictures together, given the width of the page's text."""
        gaps = (len(self.pictures) - 1) * pt(4)
        most_width, most_height = (width, _TALLEST_WIDE) if self._is_wide else (0.6 * width, _TALLEST)
        height = min(most_height, (most_width - gaps) / self._together)
        return height * self._together + gaps, height

    def height(self, width: float) -> float:
        """Return how much of the page it takes."""
        wide, high = self.pictures_size(width)
        if self._is_wide:
            return high + self.facts.before + self._below.height(width)
        return max(high, self.facts.height(width - wide - _GUTTER))

    @property
    def _below(self) -> FactsBlock:
        return FactsBlock(self.facts.facts, columns=2)

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> None:
        """Paint it."""
        wide, high = self.pictures_size(width)
        beside = left
        for picture in self.pictures:
            each = high * _proportions(picture)
            paint_picture(painter, (beside, top, each, high), picture, _UNIT)
            beside += each + pt(4)
        if self._is_wide:
            self._below.paint(painter, left, top + high + self.facts.before, width)
        else:
            self.facts.paint(painter, left + wide + _GUTTER, top, width - wide - _GUTTER)


def _proportions(picture: Picture) -> float:
    width, height = picture.size_mm if isinstance(picture, SlicePicture) else picture.size_px
    return width / height
