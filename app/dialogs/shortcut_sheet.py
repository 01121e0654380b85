"""The sheet of keys and gestures, made from the tables that define them."""

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.chrome import chrome
from app.session.action import EDIT, FILE, HELP, LANDMARK, MEASURE, REVIEW, VIEW
from app.session.actions import ACTIONS, MENUS
from app.views.gestures import GESTURES

_COLUMNS = (((FILE, EDIT, LANDMARK), 150), ((REVIEW, MEASURE, VIEW, HELP, "Anywhere"), 90), (("Mouse",), 190))
"""Titles of the sections in each column, and the width of their keys."""
_NAMES = {".": ". (full stop)", ",": ", (comma)"}
_AROUND = QSize(24, 56)
"""Room for the frame and title bar that the desktop puts around a dialog."""


class ShortcutSheet(QDialog):
    """All keys by menu, and all gestures; no larger than the screen, so that Close can be reached on any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and gestures")
        room = self.screen().availableGeometry().size() - _AROUND
        page = _page(one_column=False)
        if page.sizeHint().width() + _BESIDE > room.width():
            page = _page(one_column=True)
        scroll_area = QScrollArea()
        scroll_area.setObjectName("sheet")
        scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        scroll_area.setWidget(page)
        scroll_area.setWidgetResizable(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 16, 16)
        layout.addWidget(scroll_area)
        layout.addWidget(buttons)
        whole = page.sizeHint() + QSize(_BESIDE, buttons.sizeHint().height() + 60)
        self.resize(whole.boundedTo(room))


_BESIDE = 64
"""Width of margins and scroll bar."""


def _page(*, one_column: bool) -> QWidget:
    """Return all sections, side by side or one below the other."""
    sections = {menu: _rows(menu) for menu in MENUS}
    sections |= {"Anywhere": _rows(""), "Mouse": list(GESTURES)}
    page = QWidget()
    page.setObjectName("sheetPage")
    columns = QVBoxLayout(page) if one_column else QHBoxLayout(page)
    columns.setContentsMargins(0, 0, 0, 0)
    columns.setSpacing(0 if one_column else 24)
    for titles, keys_width in _COLUMNS:
        width = max(keys_width for _, keys_width in _COLUMNS) if one_column else keys_width
        label = QLabel("".join(_section(title, sections[title], width) for title in titles))
        label.setTextFormat(Qt.TextFormat.RichText)
        columns.addWidget(label, alignment=Qt.AlignmentFlag.AlignTop)
    return page


def _rows(menu: str) -> list[tuple[str, str]]:
    return [
        (" or ".join(_key(key) for key in action.shortcuts),
         action.name)
        for action in ACTIONS
        if action.menu == menu and action.shortcuts
    ]  # fmt: skip


def _key(portable: str) -> str:
    """Return what a key is called; a mere dot is easily overlooked."""
    return _NAMES.get(portable) or QKeySequence(portable).toString(QKeySequence.SequenceFormat.NativeText)


def _section(title: str, rows: list[tuple[str, str]], keys_width: int) -> str:
    body = "".join(
        f"<tr><td width='{keys_width}' style='padding: 2px 12px 2px 0; color: {chrome().accent}'>{escape(keys)}</td>"
        f"<td style='padding: 2px 0'>{escape(text)}</td></tr>"
        for keys, text in rows
    )
    return f"<p style='margin: 10px 0 4px 0'><b>{escape(title)}</b></p><table>{body}</table>"
