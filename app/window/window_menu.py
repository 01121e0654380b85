"""The menu of named grey levels: lists those that suit the open image, each with a key, and ticks the one in use."""

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.session.controller import Controller
from app.session.window_presets import Preset, presets_for
from app.window.action_set import escaped

MOST_PRESETS = 9


class WindowMenu(QMenu):
    """One entry per preset, on Ctrl+1, Ctrl+2 and so on.

    Parameters
    ----------
    controller
        Whose image the presets must suit, and who applies them.
    parent
        The window it belongs to.
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__("Window prese&ts", parent)
        self._controller = controller
        self._presets: tuple[Preset, ...] = ()
        one_of_them = QActionGroup(self)
        one_of_them.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        for number in range(1, MOST_PRESETS + 1):
            action = QAction(self)
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, number=number: self._apply(number))
            one_of_them.addAction(action)
            self.addAction(action)
        controller.document.image_changed.connect(self._list)
        self.aboutToShow.connect(self._tick)
        self._list()

    def _list(self) -> None:
        """Offer what suits the image; the keys of the others do nothing."""
        self._presets = presets_for(self._controller.document.image)[:MOST_PRESETS]
        for row, action in enumerate(self.actions()):
            there = row < len(self._presets)
            action.setVisible(there)
            action.setEnabled(there)
            action.setText(f"&{row + 1}  {escaped(self._presets[row].title)}" if there else "")
        self.menuAction().setEnabled(bool(self._presets))

    def _tick(self) -> None:
        image = self._controller.document.image
        levels = self._controller.view_state.levels
        for preset, action in zip(self._presets, self.actions(), strict=False):
            action.setChecked(image is not None and preset.levels(image) == levels)

    def _apply(self, number: int) -> None:
        if number <= len(self._presets):
            self._controller.apply_preset(self._presets[number - 1])
