"""The place of the worklist in the window: beside the image, from two cases on, as wide as a person left it.

Joins list, panel and controller; decides nothing about cases.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMessageBox

from app.desktop.settings import Settings
from app.panels.worklist import Worklist
from app.session.controller import Controller

WIDTH = 330
LEAST_WIDTH = 230
FEWEST_CASES = 2
_WIDTH_KEY = "window/worklist"
_COLUMNS_KEY = "window/worklist_columns"


class WorklistDock(QDockWidget):
    """The dock.

    Parameters
    ----------
    controller
        Who opens cases.
    settings
        Where its width and its columns are kept.
    window
        Where it stands.
    leave_room
        Has the other dock leave room for a list of a width.
    learn
        Asks what to learn.
    """

    def __init__(
        self,
        controller: Controller,
        settings: Settings,
        window: QMainWindow,
        leave_room: Callable[[int], object],
        learn: QAction,
    ) -> None:
        super().__init__("Worklist", window)
        self.setObjectName("worklist")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self._controller = controller
        self._settings = settings
        self._window = window
        self._leave_room = leave_room
        self.cases = controller.case_list
        self.panel = Worklist(
            controller.desk,
            self.cases,
            controller.background,
            controller.learning,
            controller.jobs,
            self._confirm,
            learn,
        )
        self.panel.setMinimumWidth(LEAST_WIDTH)
        self.setWidget(self.panel)
        columns = settings.numbers(_COLUMNS_KEY)
        if columns:
            self.panel.table.choose_columns(columns)
        self.panel.table.columns_chosen.connect(self._keep_columns)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self)
        self.cases.counts_changed.connect(self.refresh)
        self.panel.open_requested.connect(controller.case_opener.open)
        controller.view_state.events.show_worklist.connect(lambda _: self.refresh())
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        """Show the list where a person wants it and there is more than one case."""
        is_wanted = self._controller.view_state.show_worklist and self.cases.counts.total >= FEWEST_CASES
        if is_wanted == (not self.isHidden()):
            return
        chosen = self._settings.numbers(_WIDTH_KEY)
        width = chosen[0] if chosen else WIDTH
        self._leave_room(
            width if is_wanted else 0
        )  # before the window is laid out anew, which moves what a person has set
        self.setVisible(is_wanted)
        if is_wanted:
            self._window.resizeDocks([self], [width], Qt.Orientation.Horizontal)

    def _keep_columns(self) -> None:
        self._settings.set(_COLUMNS_KEY, self.panel.table.chosen_columns())

    def save(self) -> None:
        """Keep the width."""
        if self.isVisible():
            self._settings.set(_WIDTH_KEY, (self.width(),))

    def _confirm(self, sentence: str, button: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Question, "Cairn", sentence, parent=self._window)
        wanted = box.addButton(button, QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is wanted
