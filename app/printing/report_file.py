"""Writes a report as PDF: vector letters and lines on A4 or letter. What the file says of itself names nobody and no image."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter

from app.printing.content import TITLE, ReportContent
from app.printing.files import write_drawn
from app.printing.fonts import require_fonts
from app.printing.pages import lay_out
from app.printing.picture import Picture
from app.session.printouts import PaperSize

_DOTS_PER_INCH = 1200
_UNITS_PER_INCH = 720


def write_report(content: ReportContent, pictures: Sequence[Picture], paper: PaperSize, path: Path) -> None:
    """Write a report.

    Parameters
    ----------
    content
        What it says.
    pictures
        The image, or slices of a volume side by side; none where there is no image.
    paper
        What it is printed on.
    path
        Where to; may be replaced.

    Raises
    ------
    AppError
        There are no fonts, or the file cannot be written.
    """
    write_drawn(path, pdf_bytes(content, pictures, paper))


def pdf_bytes(content: ReportContent, pictures: Sequence[Picture], paper: PaperSize) -> bytes:
    """Return a report as PDF; `AppError` where there are no fonts."""
    require_fonts()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(TITLE)
    writer.setCreator(f"Cairn {version('cairn-landmarks')}")
    writer.setResolution(_DOTS_PER_INCH)
    page = QPageSize(QSizeF(*paper.size_mm), QPageSize.Unit.Millimeter, paper.named)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF()))
    pages = lay_out(content, pictures, paper)
    painter = QPainter(writer)
    try:
        for number in range(len(pages.pages)):
            if number:
                writer.newPage()
            painter.save()
            painter.scale(_DOTS_PER_INCH / _UNITS_PER_INCH, _DOTS_PER_INCH / _UNITS_PER_INCH)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pages.paint(painter, number, f"Made by Cairn {version('cairn-landmarks')}.")
            painter.restore()
    finally:
        painter.end()
    return bytes(buffer.data().data())
