"""Colours, sizes and icons: everything that decides how Cairn looks. Dark, since X-rays are read in the dark.

The colours of states are Okabe and Ito's, distinguishable with any colour vision; a glyph's shape says the same again.
"""

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from core.base.assets import assets_folder
from core.base.errors import AppError
from core.geometry.planes import Orientation
from core.values.landmarks import Status

WINDOW = "#23262b"
PANEL = "#2b2f36"
LINE = "#3c424c"
TEXT = "#e4e7ec"
FAINT = "#98a1af"
ACCENT = "#56b4e9"
WARNING = "#f0c674"

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
PLANE_COLOURS = {
    Orientation.AXIAL: "#f0605b",
    Orientation.CORONAL: "#72c355",
    Orientation.SAGITTAL: "#e6c34a",
}
"""Of each plane's frame, and of the line in which the others cut it."""

_STYLE = f"""
QMainWindow, QDialog, QMessageBox {{ background: {WINDOW}; }}
QToolBar {{ background: {WINDOW}; border: none; border-bottom: 1px solid {LINE}; spacing: 2px; padding: 4px 6px; }}
QToolBar::separator {{ background: {LINE}; width: 1px; margin: 6px 6px; }}
QToolBar QLabel {{ color: {FAINT}; padding: 0 4px 0 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px 7px; color: {TEXT}; }}
QToolButton:hover {{ background: {LINE}; }}
#qt_toolbar_ext_button {{ padding: 0; background: #343a43; }}
QToolButton:checked {{ background: #2d4657; border-color: {ACCENT}; }}
QToolButton:disabled {{ color: #6b7480; }}
QMenuBar {{ background: {WINDOW}; padding: 2px 4px; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: #35506a; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 28px; border-radius: 3px; }}
QMenu::item:disabled {{ color: #6b7480; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QStatusBar {{ background: {WINDOW}; border-top: 1px solid {LINE}; color: {FAINT}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {FAINT}; padding: 0 6px; }}
QTableView {{ background: {PANEL}; border: none; gridline-color: transparent; selection-background-color: #35506a;
  selection-color: {TEXT}; alternate-background-color: #282c32; }}
QTableView::item {{ padding: 0 3px; }}
QHeaderView::section {{ background: {WINDOW}; color: {FAINT}; border: none; border-bottom: 1px solid {LINE};
  padding: 5px 6px; }}
QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; width: 9px; height: 6px; }}
QDockWidget {{ titlebar-close-icon: none; color: {TEXT}; }}
QDockWidget::title {{ background: {WINDOW}; padding: 6px 8px; }}
QProgressBar {{ background: {PANEL}; border: 1px solid {LINE}; border-radius: 4px; height: 12px; text-align: center; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
QPushButton {{ background: #343a43; border: 1px solid {LINE}; border-radius: 5px; padding: 6px 14px; }}
QPushButton:hover {{ background: {LINE}; }}
QPushButton:default, QPushButton#primary {{ background: #2b6f9c; border-color: #3b88ba; color: white; }}
QPushButton#primary:hover {{ background: #337fb1; }}
QDialogButtonBox, QMessageBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QToolTip {{ background: {PANEL}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px; }}
#emptyState {{ background: {CANVAS}; }}
#dropZone {{ border: 2px dashed #46505e; border-radius: 16px; background: #14171b; }}
#dropZone[dragging="true"] {{ border-color: {ACCENT}; background: #16232d; }}
#dropTitle {{ font-size: 20px; color: {TEXT}; }}
#dropHint {{ color: {FAINT}; }}
#message {{ background: #2a3442; border-bottom: 1px solid {LINE}; }}
#message[warning="true"] {{ background: #3b3524; }}
#message QToolButton {{ color: {FAINT}; padding: 0 6px; }}
QFileDialog QToolButton {{ padding: 1px; }}
"""

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
"""
"""Of the widgets in and around the image."""

_FILE_DIALOG_ICONS = {
    "backward": "previous",
    "forward": "next",
    "filedialog-parent-directory": "folder-up",
    "filedialog-new-directory": "folder-new",
    "filedialog-listview": "list",
    "filedialog-detailedview": "details",
}
"""Of Qt's own dialog, which serves where a desktop has none: its own icons are nearly black."""


def apply_theme(application: QApplication) -> None:
    """Give the application Cairn's palette, style sheet and icon."""
    application.setStyle("Fusion")
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: WINDOW,
        roles.WindowText: TEXT,
        roles.Base: PANEL,
        roles.AlternateBase: WINDOW,
        roles.Text: TEXT,
        roles.Button: PANEL,
        roles.ButtonText: TEXT,
        roles.BrightText: "#ffffff",
        roles.ToolTipBase: PANEL,
        roles.ToolTipText: TEXT,
        roles.PlaceholderText: FAINT,
        roles.Highlight: "#35506a",
        roles.HighlightedText: TEXT,
        roles.Link: ACCENT,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#6b7480"))
    application.setPalette(palette)
    application.setStyleSheet(_STYLE + _CANVAS_STYLE + _file_dialog_style())
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


LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
