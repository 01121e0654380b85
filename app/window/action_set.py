"""Qt's actions, made from the table in `actions` and kept in step with what can be done now. Decides nothing."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.desktop import theme
from app.session.action import Action
from app.session.actions import ACTIONS
from app.session.controller import Controller


class ActionSet:
    """One `QAction` per row of the table.

    Parameters
    ----------
    controller
        Who carries them out.
    window
        Where their keys work.
    by_window
        What the window does itself, by id.
    """

    def __init__(
        self,
        controller: Controller,
        window: QWidget,
        by_window: Mapping[str, Callable[[], object]],
    ) -> None:
        self._controller = controller
        self._by_window = by_window
        self.by_id = {row.id: self._make(row, window) for row in ACTIONS}
        self.show_icons()

    def refresh(self) -> None:
        """Show what can be done now, what is on, and what would be undone."""
        for row in ACTIONS:
            action = self.by_id[row.id]
            action.setEnabled(row.enabled_when(self._controller))
            action.setVisible(row.shown_when(self._controller))
            if row.checked_when is not None:
                action.setChecked(action.isEnabled() and row.checked_when(self._controller))
        stack = self._controller.undo_stack
        for id_, verb, what in (("edit.undo", "Undo", stack.undoText()), ("edit.redo", "Redo", stack.redoText())):
            self.by_id[id_].setText(f"&{verb} “{escaped(what)}”" if what else f"&{verb}")
            self.by_id[id_].setIconText(verb)

    def show_icons(self) -> None:
        """Draw the icons in the colours of the theme."""
        for row in ACTIONS:
            if row.icon:
                self.by_id[row.id].setIcon(theme.chrome_icon(row.icon))

    def _make(self, row: Action, window: QWidget) -> QAction:
        action = QAction(row.text, window)
        action.setShortcuts([QKeySequence(key) for key in row.shortcuts])
        action.setCheckable(row.checked_when is not None)
        action.setIconText(row.toolbar or row.name)
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{row.name} ({key})" if key else row.name)
        action.triggered.connect(lambda _=False: self._trigger(row))
        window.addAction(action)
        return action

    def _trigger(self, row: Action) -> None:
        if row.of_window:
            self._by_window[row.id]()
        else:
            row.trigger(self._controller)
            self.refresh()  # a switch that did not move must show so


def escaped(text: str) -> str:
    """Return a text for a menu in which an ampersand is an ampersand."""
    return text.replace("&", "&&")
