"""Opens the window about learning and models, and brings it up when something begins or comes to its end. Decides nothing."""

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.session.controller import Controller
from core.project.models import ProjectModel

if TYPE_CHECKING:
    from app.dialogs.learning_window import LearningWindow


class LearningOpener:
    """Opens it.

    Parameters
    ----------
    controller
        Whose learning.
    window
        The main window.
    """

    def __init__(self, controller: Controller, window: QWidget) -> None:
        self._controller = controller
        self._main = window
        self._made = False
        controller.learning.begun.connect(self.show_course)
        controller.learning.learnt.connect(self.show_verdict)
        controller.desk.project_changed.connect(self._leave_project)
        controller.cases.blind_changed.connect(lambda _: self.close())

    @cached_property
    def dialog(self) -> "LearningWindow":
        """The window; loaded with the first thing that is learnt."""
        from app.dialogs.learning_window import LearningWindow
        from app.session.judged_cases import JudgedCases

        controller = self._controller
        pictures = JudgedCases(controller.desk, controller.jobs)
        dialog = LearningWindow(controller.learning, controller.models, pictures, self._main)
        dialog.case_wanted.connect(controller.case_opener.open)
        self._made = True
        return dialog

    def ask(self) -> None:
        """Ask what to learn; where something is learnt already, show that."""
        if self._controller.learning.running:
            self.show_course()
        else:
            self._controller.learning.ask()

    def show_course(self) -> None:
        """Show what is learnt, or what came of it."""
        self.dialog.show_course()
        self._raise()

    def show_models(self) -> None:
        """Show the models of the project."""
        self.dialog.show_models()
        self._raise()

    def show_verdict(self, model: ProjectModel) -> None:
        """Show how a model did."""
        self.dialog.show_verdict(model)
        self._raise()

    def close(self) -> None:
        """Close the window with the main one."""
        if self._made:
            self.dialog.close()

    def _raise(self) -> None:
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _leave_project(self) -> None:
        if not self._controller.desk.goes_on:
            self.close()
