"""Arrow keys in a slice: they move the selected landmark; one that is out of sight is brought into sight first.

They act only in the view that has the focus, which has a frame around it; in a list the same keys walk from row to row.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.session.controller import Controller
from app.views.tools.tool import Gesture

STEP_PX = 1.0
"""How far an arrow key moves a landmark by itself."""
_STEPS_PX = {
    Qt.KeyboardModifier.NoModifier: STEP_PX,
    Qt.KeyboardModifier.ShiftModifier: 10 * STEP_PX,
    Qt.KeyboardModifier.AltModifier: STEP_PX / 10,
}
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}

GESTURE = Gesture("Arrow keys, in a blue frame", "Move the landmark by 1 px (Shift: 10, Alt: 0.1)")


class Nudging:
    """The arrow keys of one view.

    Parameters
    ----------
    controller
        Who moves landmarks and brings them into sight.
    in_sight
        Tells whether a landmark can be seen in the view.
    """

    def __init__(self, controller: Controller, in_sight: Callable[[str], bool]) -> None:
        self._controller = controller
        self._in_sight = in_sight

    @property
    def name(self) -> str | None:
        """The landmark that the keys act on, None where there is none."""
        name = self._controller.view_state.selected
        return name if self._controller.editor.is_located(name) else None

    @property
    def words(self) -> str:
        """What the keys do now; empty where they do nothing."""
        return "" if self.name is None else f"Arrow keys move {self._controller.document.display_name(self.name)}"

    def takes(self, event: QKeyEvent) -> bool:
        """Act on a key; tell whether it was an arrow with nothing to it but Shift or Alt."""
        way = _ARROWS.get(Qt.Key(event.key()))
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        step_px = _STEPS_PX.get(modifiers)
        if way is None or step_px is None:
            return False
        name, editor = self.name, self._controller.editor
        if name is not None and not self._in_sight(name):
            editor.select(name, centre=True)
        elif name is not None:
            editor.nudge(way[0] * step_px, way[1] * step_px)
        return True
