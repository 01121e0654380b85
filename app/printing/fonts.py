"""The letters of pictures and reports: the same on every computer as far as its fonts allow.

Qt brings no fonts of its own: where the computer has none, nothing would be written, which is refused rather than printed.
"""

import os
import sys

from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QGuiApplication

from core.base.errors import AppError

_FAMILIES = ("Arial", "Liberation Sans", "Helvetica Neue", "Noto Sans", "DejaVu Sans")
"""Upright, plain, with all signs that a report needs; the first that is there is taken."""


def text_font(size: int, *, bold: bool = False) -> QFont:
    """Return a font whose letters are ``size`` units of the painter high, whatever the resolution of the page."""
    families = QFontDatabase.families()
    font = QFont(next((family for family in _FAMILIES if family in families), QFont().family()))
    font.setPixelSize(size)
    font.setBold(bold)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # widths are those of the page, not of a screen
    return font


def require_fonts() -> None:
    """Make sure that something can be written.

    Raises
    ------
    AppError
        The computer has no fonts.
    """
    if not QFontMetricsF(text_font(10)).inFont(
        "a"
    ):  # without fonts, Qt names some that it does not have, and draws boxes
        raise AppError(
            "There are no fonts on this computer, so what is drawn would be without words.",
            "Install some, such as the package fonts-dejavu-core.",
        )


def drawing_application() -> QGuiApplication:
    """Return what Qt needs to draw text in a command, where there may be no screen; the caller keeps it alive."""
    existing = QGuiApplication.instance()
    if isinstance(existing, QGuiApplication):
        return existing
    if sys.platform.startswith("linux"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # no screen is asked for what nobody looks at
    return QGuiApplication(["cairn"])
