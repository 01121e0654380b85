"""A report on pages: what stands where, with a head and a foot on each. Lays out and paints; `content` decides what is said."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.printing.blocks import (
    FAINT,
    LINE,
    SMALL_SIZE,
    Block,
    FactsBlock,
    PicturesBlock,
    TextBlock,
    TitleBlock,
    heading,
    pt,
)
from app.printing.content import NOT_FOR_DIAGNOSIS, ReportContent
from app.printing.fonts import text_font
from app.printing.paragraph import Paragraph
from app.printing.picture import Picture
from app.printing.table_blocks import table_blocks
from app.session.printouts import PaperSize

MM = 720 / 25.4
"""Units of the page in a millimetre."""
SIDE, TOP, BOTTOM = 15 * MM, 14 * MM, 13 * MM
_HEAD, _FOOT = pt(20), pt(22)
"""What head (from the second page on) and foot take of a page."""
_LONGEST_PARAGRAPH = 1500
"""Letters; what is longer may not fit on a page, and goes on in another paragraph."""


@dataclass(frozen=True)
class Placed:
    """A block, and how far below the page's upper edge it begins."""

    block: Block
    top: float


@dataclass(frozen=True)
class Pages:
    """A report that is laid out.

    Attributes
    ----------
    paper
        What it is printed on.
    content
        What it says.
    pages
        What stands on each page.
    """

    paper: PaperSize
    content: ReportContent
    pages: tuple[tuple[Placed, ...], ...]

    @property
    def width(self) -> float:
        """Of what is printed, between the margins."""
        return self.paper.size_mm[0] * MM - 2 * SIDE

    def paint(self, painter: QPainter, number: int, made_by: str) -> None:
        """Paint a page; ``number`` counts from 0, ``made_by`` is said at its foot."""
        for placed in self.pages[number]:
            placed.block.paint(painter, SIDE, placed.top, self.width)
        if number:
            self._paint_line(painter, TOP, (_joined(self.content.title, self.content.case_name), self.content.date))
            painter.setPen(QPen(QColor(LINE), pt(0.5)))
            painter.drawLine(QLineF(SIDE, TOP + pt(12), SIDE + self.width, TOP + pt(12)))
        foot = self.paper.size_mm[1] * MM - BOTTOM - pt(11)
        painter.setPen(QPen(QColor(LINE), pt(0.5)))
        painter.drawLine(QLineF(SIDE, foot - pt(4), SIDE + self.width, foot - pt(4)))
        self._paint_line(
            painter, foot, (f"{NOT_FOR_DIAGNOSIS} {made_by}".strip(), f"Page {number + 1} of {len(self.pages)}")
        )

    def _paint_line(self, painter: QPainter, top: float, texts: tuple[str, str]) -> None:
        font = text_font(SMALL_SIZE)
        right = Paragraph(texts[1], font, pt(110), Qt.AlignmentFlag.AlignRight)
        right.draw(painter, SIDE + self.width - pt(110), top, FAINT)
        Paragraph(_shortened(texts[0], font.pixelSize(), self.width - pt(116)), font, self.width).draw(
            painter, SIDE, top, FAINT
        )


def lay_out(content: ReportContent, pictures: Sequence[Picture], paper: PaperSize) -> Pages:
    """Return a report on pages: what belongs together stays so, and a table that goes on repeats its head."""
    width_mm, height_mm = paper.size_mm
    width, bottom = width_mm * MM - 2 * SIDE, height_mm * MM - BOTTOM - _FOOT
    pages: list[list[Placed]] = [[]]
    top: float = TOP
    blocks = _blocks(content, tuple(pictures))
    for number, block in enumerate(blocks):
        before = block.before if pages[-1] else 0.0
        if pages[-1] and top + before + _height_with_next(blocks, number, width) > bottom:
            pages.append([])
            top, before = TOP + _HEAD, 0.0
            if block.head is not None:
                pages[-1].append(Placed(block.head, top))
                top += block.head.height(width)
        pages[-1].append(Placed(block, top + before))
        top += before + block.height(width)
    return Pages(paper, content, tuple(map(tuple, pages)))


def _height_with_next(blocks: Sequence[Block], number: int, width: float) -> float:
    """Return the height of a block together with those that must follow it on the same page."""
    height = blocks[number].height(width)
    while blocks[number].keeps_next and number + 1 < len(blocks):
        number += 1
        height += blocks[number].before + blocks[number].height(width)
    return height


def _blocks(content: ReportContent, pictures: tuple[Picture, ...]) -> list[Block]:
    facts = FactsBlock(content.facts)
    blocks: list[Block] = [TitleBlock(content.title, content.case_name)]
    blocks.append(PicturesBlock(pictures, facts) if pictures else FactsBlock(content.facts, columns=2))
    blocks.append(heading("Measurements"))
    if content.rows:
        blocks += table_blocks(content.rows)
    else:
        blocks.append(TextBlock("Nothing of this analysis could be measured here."))
    if content.unmeasured:
        blocks.append(heading("Not measured"))
        for reason, names in content.unmeasured:
            blocks += _paragraphs(f"{names}: {reason}")
    for said in content.notes:
        blocks.append(heading(said.heading))
        for paragraph in said.paragraphs:
            blocks += _paragraphs(paragraph)
    return blocks


def _paragraphs(text: str) -> list[TextBlock]:
    """Return a text in one paragraph, or where it is very long, in several without room between them."""
    chunks: list[str] = [""]
    for word in text.split():
        if chunks[-1] and len(chunks[-1]) + len(word) > _LONGEST_PARAGRAPH:
            chunks.append("")
        chunks[-1] += f" {word}" if chunks[-1] else word
    return [TextBlock(chunk, before=0 if number else pt(3)) for number, chunk in enumerate(chunks)]


def _joined(*texts: str) -> str:
    return " · ".join(text for text in texts if text)


def _shortened(text: str, size: int, width: float) -> str:
    """Return a text that fits on one line, with dots in its middle where it is too long."""
    from app.printing.paragraph import width_of

    font = text_font(size)
    if width_of(text, font) <= width:
        return text
    kept = len(text)
    while kept > 2 and width_of(f"{text[: kept // 2]}…{text[-(kept // 2) :]}", font) > width:
        kept -= 1
    return f"{text[: kept // 2]}…{text[-(kept // 2) :]}"
