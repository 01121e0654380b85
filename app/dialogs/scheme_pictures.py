"""Makes the small PNG pictures that a scheme holds of any picture file. Runs in jobs; touches no widget."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from core.base.errors import ConfigError
from core.schemes.scheme import LARGEST_PICTURE_BYTES, picture_text

SIDES_PX = (640, 480, 360, 240, 160)
"""Longest sides that are tried until the picture takes few enough bytes."""
FILTER = "Pictures (*.png *.jpg *.jpeg *.svg *.bmp *.gif *.webp);;All files (*)"


def picture_of_file(path: Path) -> str:
    """Return a picture file as a scheme holds it: PNG in base64, small enough.

    Raises
    ------
    ConfigError
        It is no picture that can be read, or one that nothing makes small enough.
    """
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        side = SIDES_PX[0]
        is_drawing = bytes(reader.format().data()).startswith(
            b"svg"
        )  # drawn at any size, and then as large as it may be
        if is_drawing or max(size.width(), size.height()) > side:
            reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise ConfigError(
            f"{path.name} is not a picture that can be read ({reader.errorString().rstrip('.').lower()}).",
            "Choose a PNG, JPEG or SVG file.",
        )
    for side in SIDES_PX:
        content = _png(_at_most(image, side))
        if len(content) <= LARGEST_PICTURE_BYTES:
            return picture_text(content)
    raise ConfigError(f"{path.name} cannot be made small enough for a scheme.", "Choose a simpler picture.")


def _at_most(image: QImage, side: int) -> QImage:
    if max(image.width(), image.height()) <= side:
        return image
    return image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
