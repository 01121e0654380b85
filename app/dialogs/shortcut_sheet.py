"""The sheet of keys and gestures, made from the tables that define them."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.desktop import theme
from app.session.actions import ACTIONS, EDIT, FILE, HELP, LANDMARK, MENUS, VIEW
from app.views.gestures import GESTURES

_COLUMNS = (((FILE, EDIT, LANDMARK), 150), ((VIEW, HELP, "Nudging and leaving"), 90), (("Mouse",), 190))
"""Titles of the sections in each column, and the width of their keys."""


class ShortcutSheet(QDialog):
    """All keys by menu, and all gestures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and gestures")
        sections = {menu: _rows(menu) for menu in MENUS}
        sections |= {"Nudging and leaving": _rows(""), "Mouse": list(GESTURES)}
        columns = QHBoxLayout()
        columns.setSpacing(36)
        for titles, keys_width in _COLUMNS:
            label = QLabel("".join(_section(title, sections[title], keys_width) for title in titles))
            label.setTextFormat(Qt.TextFormat.RichText)
            columns.addWidget(label, alignment=Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.addLayout(columns)
        layout.addWidget(buttons)


def _rows(menu: str) -> list[tuple[str, str]]:
    return [
        (" or ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts),
         action.text.rstrip("…"))
        for action in ACTIONS
        if action.menu == menu and action.shortcuts
    ]  # fmt: skip


def _section(title: str, rows: list[tuple[str, str]], keys_width: int) -> str:
    body = "".join(
        f"<tr><td width='{keys_width}' style='padding: 2px 12px 2px 0; color: {theme.ACCENT}'>{escape(keys)}</td>"
        f"<td style='padding: 2px 0'>{escape(text)}</td></tr>"
        for keys, text in rows
    )
    return f"<p style='margin: 10px 0 4px 0'><b>{escape(title)}</b></p><table>{body}</table>"
