"""The colours of everything around the image: light or dark, as the desktop has it or as a person wishes.

The image and what frames it stay dark on any desktop; their colours are those of `theme`. Draws nothing.
"""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from core.project.cases import CaseState
from core.values.landmarks import Status


@dataclass(frozen=True)
class Chrome:
    """One set of colours, each ``#rrggbb``.

    Attributes
    ----------
    window, panel, stripe, button
        Backgrounds: of the window, of lists, of every other row, of buttons.
    line, hover
        Separators, and what lies under the mouse.
    text, faint, disabled, icon
        What is read, what may be overlooked, what cannot be used, and strokes of icons.
    accent, focus
        Links and progress; the ring around what has the keyboard.
    selection, checked
        Backgrounds of selected rows and of switches that are on.
    empty, zone, zone_line, zone_dragging
        The window without an image, and the place in it to drop one on.
    usual, unusual, far
        A figure within the range of its norm, outside of it, and far outside.
    tick
        The green of the icon that confirms.
    status
        The state of a landmark where it stands as a word.
    case
        The state of a case in the worklist.
    """

    window: str
    panel: str
    stripe: str
    button: str
    line: str
    hover: str
    text: str
    faint: str
    disabled: str
    icon: str
    accent: str
    focus: str
    selection: str
    checked: str
    empty: str
    zone: str
    zone_line: str
    zone_dragging: str
    tick: str
    usual: str
    unusual: str
    far: str
    status: dict[Status, str]
    case: dict[CaseState, str]


DARK = Chrome(
    window="#23262b", panel="#2b2f36", stripe="#282c32", button="#343a43", line="#3c424c", hover="#3c424c",
    text="#e4e7ec", faint="#a3acb9", disabled="#6b7480", icon="#d5dae2", accent="#56b4e9", focus="#7cc4ef",
    selection="#2f4961", checked="#2d4657", empty="#0d0f12", zone="#14171b", zone_line="#46505e",
    zone_dragging="#16232d", tick="#22d3a0", usual="#22d3a0", unusual="#f0e442", far="#ff8a70",
    status={
        Status.PREDICTED: "#56b4e9", Status.CORRECTED: "#f0e442", Status.PLACED: "#e79fc9",
        Status.CONFIRMED: "#22d3a0", Status.ABSENT: "#a3acb9", Status.UNPLACED: "#a3acb9",
    },
    case={
        CaseState.NEW: "#a3acb9", CaseState.LOCALIZED: "#56b4e9", CaseState.IN_REVIEW: "#f0e442", CaseState.DONE: "#22d3a0",
        CaseState.PROBLEM: "#ff8a70",
    },
)  # fmt: skip
LIGHT = Chrome(
    window="#f1f3f5", panel="#ffffff", stripe="#f6f8fa", button="#ffffff", line="#cfd5dd", hover="#e2e7ed",
    text="#1d232c", faint="#57616f", disabled="#98a1ae", icon="#3a4450", accent="#0f6ba8", focus="#0f6ba8",
    selection="#cde4f6", checked="#d6e9f7", empty="#e6eaee", zone="#f7f9fb", zone_line="#a9b4c1",
    zone_dragging="#e0effa", tick="#00875f", usual="#00774f", unusual="#7d6a00", far="#b3391c",
    status={
        Status.PREDICTED: "#0f6ba8", Status.CORRECTED: "#7d6a00", Status.PLACED: "#a3447f",
        Status.CONFIRMED: "#00774f", Status.ABSENT: "#57616f", Status.UNPLACED: "#57616f",
    },
    case={
        CaseState.NEW: "#57616f", CaseState.LOCALIZED: "#0f6ba8", CaseState.IN_REVIEW: "#7d6a00", CaseState.DONE: "#00774f",
        CaseState.PROBLEM: "#b3391c",
    },
)  # fmt: skip
"""Okabe and Ito's colours of the states, dark enough to be read on white."""


def chrome() -> Chrome:
    """Return the colours in use."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return DARK
    return LIGHT if application.palette().color(QPalette.ColorRole.Window).lightness() > 127 else DARK


def palette(colours: Chrome) -> QPalette:
    """Return Qt's palette of these colours."""
    result = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: colours.window,
        roles.WindowText: colours.text,
        roles.Base: colours.panel,
        roles.AlternateBase: colours.stripe,
        roles.Text: colours.text,
        roles.Button: colours.panel,
        roles.ButtonText: colours.text,
        roles.BrightText: "#ffffff",
        roles.ToolTipBase: colours.panel,
        roles.ToolTipText: colours.text,
        roles.PlaceholderText: colours.faint,
        roles.Highlight: colours.selection,
        roles.HighlightedText: colours.text,
        roles.Link: colours.accent,
    }.items():
        result.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.disabled))
    return result


def style_sheet(c: Chrome) -> str:
    """Return the style sheet of these colours."""
    return f"""
QMainWindow, QDialog, QMessageBox {{ background: {c.window}; }}
QToolBar {{ background: {c.window}; border: none; border-bottom: 1px solid {c.line}; spacing: 2px; padding: 4px 6px; }}
QToolBar::separator {{ background: {c.line}; width: 1px; margin: 6px 6px; }}
QToolBar QLabel {{ color: {c.faint}; padding: 0 4px 0 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px 7px; color: {c.text}; }}
QToolButton:hover {{ background: {c.hover}; }}
#qt_toolbar_ext_button {{ padding: 0; background: {c.button}; }}
QToolButton:checked {{ background: {c.checked}; border-color: {c.accent}; }}
QToolButton:disabled {{ color: {c.disabled}; }}
QToolButton:focus {{ border-color: {c.focus}; }}
QMenuBar {{ background: {c.window}; padding: 2px 4px; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {c.selection}; }}
QMenu {{ background: {c.panel}; border: 1px solid {c.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 28px; border-radius: 3px; }}
QMenu::item:disabled {{ color: {c.disabled}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 8px; }}
QStatusBar {{ background: {c.window}; border-top: 1px solid {c.line}; color: {c.faint}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {c.faint}; padding: 0 6px; }}
QTableView {{ background: {c.panel}; border: 1px solid transparent; gridline-color: transparent;
  selection-background-color: {c.selection}; selection-color: {c.text}; alternate-background-color: {c.stripe}; }}
QTableView:focus {{ border-color: {c.focus}; }}
QTableView::item {{ padding: 0 3px; }}
QHeaderView::section {{ background: {c.window}; color: {c.faint}; border: none; border-bottom: 1px solid {c.line};
  padding: 5px 6px; }}
QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; width: 9px; height: 6px; }}
QLineEdit[wrong="true"], QComboBox[wrong="true"], QPlainTextEdit[wrong="true"] {{ border: 1px solid {c.far}; }}
#measurementPreview {{ color: {c.text}; padding: 4px 0; font-weight: bold; }}
#definitionCard {{ background: {c.panel}; border: none; border-top: 1px solid {c.line}; }}
QDockWidget {{ titlebar-close-icon: none; color: {c.text}; }}
QDockWidget::title {{ background: {c.window}; padding: 6px 8px; }}
QProgressBar {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 4px; height: 12px; text-align: center; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
QPushButton {{ background: {c.button}; border: 1px solid {c.line}; border-radius: 5px; padding: 6px 14px; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:default, QPushButton#primary {{ background: #2b6f9c; border-color: #3b88ba; color: white; }}
QPushButton:default:hover, QPushButton#primary:hover {{ background: #337fb1; }}
QPushButton:disabled {{ color: {c.disabled}; }}
QPushButton#primary:disabled {{ background: {c.button}; border-color: {c.line}; color: {c.disabled}; }}
QPushButton:focus, QComboBox:focus {{ border: 2px solid {c.focus}; }}
QPushButton:focus {{ padding: 5px 13px; }}
QDialogButtonBox, QMessageBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
#emptyState, #emptyPage {{ background: {c.empty}; }}
#dropZone {{ border: 2px dashed {c.zone_line}; border-radius: 16px; background: {c.zone}; }}
#dropZone[dragging="true"] {{ border-color: {c.accent}; background: {c.zone_dragging}; }}
#dropTitle {{ font-size: 20px; color: {c.text}; }}
#dropHint {{ color: {c.faint}; }}
#sheet, #sheetPage {{ background: {c.window}; }}
QFileDialog QToolButton {{ padding: 1px; }}
"""
