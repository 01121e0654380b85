"""Writes a sheet of pictures as PNG or SVG, with its physical size where that is known and nothing else beside the drawing.

In an SVG the image is embedded as PNG; everything else is lines and text.
"""

import io
import re
from pathlib import Path

from PIL import Image as PilImage
from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from app.desktop import theme
from app.printing.files import write_drawn
from app.printing.fonts import require_fonts
from app.printing.picture import Sheet
from app.printing.picture_painting import paint_picture
from app.session.printouts import LARGEST_PICTURE_PX, PictureForm, picture_form_of
from core.base.errors import AppError

_TITLE = "Picture made by Cairn"
"""The only thing that a file says of itself."""
_SIZE_OF_SVG = re.compile(rb'<svg width="[^"]*" height="[^"]*"')


def write_picture(sheet: Sheet, path: Path) -> None:
    """Write a sheet; the suffix says as what. Raises what `picture_bytes` and `write_drawn` raise."""
    write_drawn(path, picture_bytes(sheet, path))


def picture_bytes(sheet: Sheet, path: Path) -> bytes:
    """Draw a sheet as what the suffix of ``path`` says, which is not touched.

    Raises
    ------
    AppError
        The suffix is neither ``.png`` nor ``.svg``, the picture is too large, or there are no fonts.
    """
    form = picture_form_of(path)
    if form is None:
        raise AppError(f"{path.name} is neither a PNG nor an SVG.", "Let its name end in .png or .svg.")
    if sheet.size_px[0] * sheet.size_px[1] > LARGEST_PICTURE_PX:
        millions = sheet.size_px[0] * sheet.size_px[1] / 1e6
        raise AppError(
            f"The picture would have {millions:.0f} million pixels.",
            f"Up to {LARGEST_PICTURE_PX / 1e6:.0f} million can be saved: choose a smaller size.",
        )
    require_fonts()
    return png_bytes(sheet) if form is PictureForm.PNG else svg_bytes(sheet)


def png_bytes(sheet: Sheet) -> bytes:
    """Return a sheet as PNG, with dots per metre where the size of a pixel is known.

    Pillow writes it: Qt would state a resolution also where there is none.
    """
    picture = QImage(*sheet.size_px, QImage.Format.Format_RGB32)
    if picture.isNull():
        raise AppError("There is not enough memory for a picture of this size.", "Choose a smaller size.")
    picture.fill(QColor(theme.CANVAS))
    _paint(QPainter(picture), sheet)
    pixels = PilImage.frombytes(
        "RGB", sheet.size_px, bytes(picture.constBits()), "raw", "BGRX", picture.bytesPerLine(), 1
    )
    content = io.BytesIO()
    dots_per_inch = None if sheet.mm_per_px is None else 25.4 / sheet.mm_per_px
    pixels.save(content, "PNG", **({} if dots_per_inch is None else {"dpi": (dots_per_inch, dots_per_inch)}))
    return content.getvalue()


def svg_bytes(sheet: Sheet) -> bytes:
    """Return a sheet as SVG, in mm where the size of a pixel is known, else in px."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setTitle(_TITLE)
    drawing.setDescription("")
    drawing.setSize(QSize(*sheet.size_px))
    drawing.setViewBox(QRectF(0, 0, *sheet.size_px))
    _paint(QPainter(drawing), sheet)
    if sheet.mm_per_px is None:
        width, height = (f"{side}" for side in sheet.size_px)
    else:
        width, height = (f"{side * sheet.mm_per_px:.6g}mm" for side in sheet.size_px)
    said = f'<svg width="{width}" height="{height}"'.encode()
    return _SIZE_OF_SVG.sub(said, bytes(buffer.data().data()), count=1)


def _paint(painter: QPainter, sheet: Sheet) -> None:
    try:
        for box, picture in sheet.parts:
            paint_picture(painter, box, picture, sheet.unit_px)
    finally:
        painter.end()
