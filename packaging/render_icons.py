"""Makes the application's icons out of one drawing: PNG in the sizes that desktops ask for, ICO for Windows, ICNS for macOS.

Draws with QtSvg, which is what the application itself uses, so that the icon looks the same everywhere. Chooses no drawing and
installs nothing.
"""

import argparse
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from core.base.errors import AppError

PNG_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIZES = (32, 64, 128, 256, 512, 1024)


class IconError(AppError):
    """A drawing cannot be made into icons."""


def render(svg: Path, folder: Path) -> None:
    """Write ``cairn-16.png`` to ``cairn-512.png``, ``cairn.ico`` and ``cairn.icns``.

    Parameters
    ----------
    svg
        The drawing; it is centred in a square where it is not one.
    folder
        Where the icons go. Made if it is not there.

    Raises
    ------
    IconError
        The drawing is missing or no SVG that Qt understands.
    """
    renderer = QSvgRenderer()
    if not (svg.is_file() and renderer.load(str(svg))):
        raise IconError(f"{svg} cannot be drawn.", "Give an SVG file; Qt draws what SVG Tiny 1.2 knows.")
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {size: _picture(renderer, size) for size in sorted({*PNG_SIZES, *ICO_SIZES, *ICNS_SIZES})}
    for size in PNG_SIZES:
        pictures[size].save(folder / f"cairn-{size}.png", optimize=True)
    # Every size is drawn for itself; Pillow would shrink the largest one where a size is not handed over.
    ico = [pictures[size] for size in ICO_SIZES]
    ico[-1].save(folder / "cairn.ico", sizes=[(size, size) for size in ICO_SIZES], append_images=ico[:-1])
    icns = [pictures[size] for size in ICNS_SIZES]
    icns[-1].save(folder / "cairn.icns", append_images=icns[:-1])


def _picture(renderer: QSvgRenderer, size: int) -> Image.Image:
    """Return the drawing as ``size`` × ``size`` pixels with transparency."""
    canvas = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    straight = canvas.convertToFormat(QImage.Format.Format_RGBA8888)  # four bytes a pixel, so rows have no padding
    return Image.frombytes("RGBA", (size, size), bytes(straight.constBits()))


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("svg", type=Path, help="the drawing")
    parser.add_argument("folder", type=Path, help="where the icons go")
    options = parser.parse_args(arguments)
    try:
        render(options.svg, options.folder)
    except AppError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
