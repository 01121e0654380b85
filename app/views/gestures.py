"""Which mouse button means what, and the list of gestures that the shortcut sheet shows.

The counterpart of `actions` for things that are done with the mouse or by holding a key.
"""

from enum import Enum, auto

from PySide6.QtCore import Qt

from app.session.view_state import Mode


class DragKind(Enum):
    """What moving the mouse does while a button is down."""

    NONE = auto()
    POINT = auto()
    PAN = auto()
    LEVELS = auto()
    CROSSHAIR = auto()


def drag_kind(button: Qt.MouseButton, mode: Mode, *, shift: bool, on_point: bool, volume: bool) -> DragKind:
    """Return what a drag with ``button`` does that begins on a landmark or beside it, in a volume or in a 2D image."""
    if button == Qt.MouseButton.MiddleButton:
        return DragKind.PAN
    if button == Qt.MouseButton.RightButton:
        return DragKind.LEVELS
    if button != Qt.MouseButton.LeftButton:
        return DragKind.NONE
    if shift:
        return DragKind.PAN
    if on_point and mode is not Mode.RULER:
        return DragKind.POINT
    return DragKind.CROSSHAIR if volume and mode is Mode.NAVIGATE else DragKind.NONE


GESTURES = (
    ("Drag a landmark", "Move it, in a volume within that plane (Esc lets go)"),
    ("Click a landmark", "Select it; in a volume all planes go there"),
    ("Right click a landmark", "What can be done with it"),
    ("Wheel", "Zoom; in a volume: next slice, with Ctrl zoom"),
    ("Right drag", "Brightness (up, down) and contrast (left, right)"),
    ("Middle drag, or Shift + left drag", "Move the image"),
    ("Double click beside landmarks", "Fit; in a volume: this view alone, or all four"),
    ("Click or drag beside landmarks", "In a volume: move the crosshair"),
    ("Shift + move", "In a volume: the crosshair follows the mouse"),
    ("Drag in the 3D view", "Turn it; the wheel zooms, Shift + drag moves it"),
    ("Hold H", "Hide landmarks, vectors and crosshair"),
)
