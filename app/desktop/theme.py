"""How Cairn looks: light or dark around the image, and always dark in it, since X-rays are read in the dark.

Owns the colours of the image, the icons and the choice of the theme; the two sets of colours around it are `chrome`'s.
The colours of states are Okabe and Ito's, distinguishable with any colour vision; a glyph's shape says the same again.
"""

from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QBuffer, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImageReader, QPixmap
from PySide6.QtWidgets import QApplication

from app.desktop.chrome import DARK, LIGHT, chrome, palette, style_sheet
from core.base.assets import assets_folder
from core.base.errors import AppError
from core.geometry.planes import Orientation
from core.values.landmarks import Status

# The image and what frames it: dark on any desktop, so that what is painted over it looks the same everywhere.
CANVAS = "#0d0f12"
CANVAS_FRAME = "#23262b"
CANVAS_LINE = "#3c424c"
CANVAS_TEXT = "#e4e7ec"
CANVAS_FAINT = "#98a1af"
FOCUS = "#56b4e9"
"""Of the frame around the view in which the arrow keys move a landmark."""
SELECTED = "#ffffff"
SHADE = "#000000"
"""Outlines whatever is painted over the image, so that it can be read on any grey."""

STATUS_COLOURS = {
    Status.PREDICTED: "#56b4e9",
    Status.CORRECTED: "#f0e442",
    Status.PLACED: "#e79fc9",
    Status.CONFIRMED: "#22d3a0",
    Status.ABSENT: "#98a1af",
    Status.UNPLACED: "#98a1af",
}
ARROW = "#f08a24"
CELL = "#3ddc5a"
RULER = "#f0e442"
TRACING = "#b9b6ff"
SOFT_TISSUE = "#ffc2a1"
EMPHASIS = "#ffd166"
"""Of the lines of an analysis, and of those of the measurement that a person points at."""
FREE = "#c8f250"
"""Of the distances and angles that a person has drawn."""
PLANE_COLOURS = {
    Orientation.AXIAL: "#f0605b",
    Orientation.CORONAL: "#72c355",
    Orientation.SAGITTAL: "#e6c34a",
}
"""Of each plane's frame, and of the line in which the others cut it."""

_CANVAS_STYLE = f"""
#modeBanner {{ background: rgba(20, 24, 30, 225); color: {CANVAS_TEXT}; border: 1px solid {FOCUS}; border-radius: 6px;
  padding: 6px 12px; }}
#panel {{ background: {CANVAS}; }}
#panelHeader {{ background: {CANVAS_FRAME}; }}
#panelHeader QLabel {{ color: {CANVAS_FAINT}; }}
#panelHeader QToolButton {{ padding: 1px 3px; border-radius: 3px; }}
#panelHeader QToolButton:hover {{ background: {CANVAS_LINE}; }}
#panel QScrollBar:vertical {{ background: {CANVAS_FRAME}; width: 11px; margin: 0; border: none; }}
#panel QScrollBar::handle:vertical {{ background: #59626f; border-radius: 3px; min-height: 28px; margin: 1px 2px; }}
#panel QScrollBar::handle:vertical:hover {{ background: {CANVAS_FAINT}; }}
#panel QScrollBar::add-line:vertical, #panel QScrollBar::sub-line:vertical {{ height: 0; }}
#panel QScrollBar::add-page:vertical, #panel QScrollBar::sub-page:vertical {{ background: none; }}
#sideButton {{ padding: 0; background: {CANVAS_FRAME}; border: 1px solid {CANVAS_LINE}; color: {CANVAS_TEXT}; }}
#sideButton:hover {{ background: {CANVAS_LINE}; }}
#message {{ background: #2a3442; border: 1px solid #46586e; border-radius: 6px; }}
#message[warning="true"] {{ background: #40381f; border-color: #7a6a35; }}
#message QLabel {{ color: {CANVAS_TEXT}; }}
#message QLabel#more {{ color: {CANVAS_FAINT}; }}
#message QPushButton {{ background: rgba(255, 255, 255, 30); color: {CANVAS_TEXT};
  border: 1px solid rgba(255, 255, 255, 70); padding: 3px 10px; }}
#message QPushButton:hover {{ background: rgba(255, 255, 255, 60); }}
#message QPushButton:focus {{ border: 2px solid {FOCUS}; padding: 2px 9px; }}
#message QToolButton {{ color: {CANVAS_TEXT}; padding: 0 6px; }}
#message QToolButton:hover {{ background: rgba(255, 255, 255, 60); }}
#message QToolButton:focus {{ border-color: {FOCUS}; }}
"""
"""Of the widgets in, over and around the image."""

_FILE_DIALOG_ICONS = {
    "backward": "previous",
    "forward": "next",
    "filedialog-parent-directory": "folder-up",
    "filedialog-new-directory": "folder-new",
    "filedialog-listview": "list",
    "filedialog-detailedview": "details",
}
"""Of Qt's own dialog, which serves where a desktop has none: its own icons are nearly black."""

_ICON_SIDES = (16, 22, 32, 44, 64)
"""In pixels of the screen, of icons that are drawn in other colours."""


class Theme(StrEnum):
    """Whether what surrounds the image is light or dark; the image itself is always dark."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def apply_theme(application: QApplication, theme: Theme = Theme.SYSTEM) -> None:
    """Give the application Cairn's palette, style sheet and icon; with ``SYSTEM``, those that go with the desktop.

    Dialogs that the desktop draws itself are asked to be light or dark as well.
    """
    hints = application.styleHints()
    if theme is Theme.SYSTEM:
        hints.unsetColorScheme()
    else:
        hints.setColorScheme(Qt.ColorScheme.Light if theme is Theme.LIGHT else Qt.ColorScheme.Dark)
    is_light = theme is Theme.LIGHT or (theme is Theme.SYSTEM and hints.colorScheme() is Qt.ColorScheme.Light)
    colours = LIGHT if is_light else DARK
    if application.style().objectName() != "fusion":
        application.setStyle("Fusion")
    application.setPalette(palette(colours))
    application.setStyleSheet(style_sheet(colours) + _CANVAS_STYLE + ("" if is_light else _file_dialog_style()))
    application.setWindowIcon(icon("cairn-app"))


def _file_dialog_style() -> str:
    try:
        folder = assets_folder() / "icons"
    except AppError:
        return ""
    rules = [f'{role}-icon: url("{(folder / f"{name}.svg").as_posix()}");' for role, name in _FILE_DIALOG_ICONS.items()]
    return f"QFileDialog {{ {' '.join(rules)} }}"


@lru_cache(maxsize=64)
def icon(name: str) -> QIcon:
    """Return one of the drawn icons; an empty one where the assets are missing."""
    try:
        return QIcon(str(assets_folder() / "icons" / f"{name}.svg"))
    except AppError:
        return QIcon()


def chrome_icon(name: str) -> QIcon:
    """Return one of the drawn icons in the colours that are used around the image."""
    return icon(name) if chrome() is DARK else _icon_on_light(name)


@lru_cache(maxsize=64)
def _icon_on_light(name: str) -> QIcon:
    result = QIcon()
    try:
        drawing = (assets_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    except (AppError, OSError):
        return result
    for role in ("icon", "accent", "tick"):
        drawing = drawing.replace(getattr(DARK, role), getattr(LIGHT, role))
    for side in _ICON_SIDES:
        buffer = QBuffer()
        buffer.setData(drawing.encode())
        reader = QImageReader(buffer, b"svg")
        reader.setScaledSize(QSize(side, side))
        result.addPixmap(QPixmap.fromImage(reader.read()))
    return result


def colour(name: str, alpha: float = 1.0) -> QColor:
    """Return a colour of this module with an opacity in [0, 1]."""
    result = QColor(name)
    result.setAlphaF(max(0.0, min(1.0, alpha)))
    return result


def pale(name: str) -> QColor:
    """Return a colour half way to white: for text, which must be read on any grey."""
    strong = QColor(name)
    return QColor(*((channel + 255) // 2 for channel in (strong.red(), strong.green(), strong.blue())))


def status_colour(status: Status, alpha: float = 1.0) -> QColor:
    """Return the colour of a landmark's state."""
    return colour(STATUS_COLOURS[status], alpha)


def status_text_colour(status: Status) -> QColor:
    """Return the colour of a landmark's state where it stands as a word or a dot in a list."""
    return QColor(chrome().status[status])


LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
