"""Opens the window in which shapes are compared, and asks where its tables and pictures go. Decides nothing about shapes."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app.session.controller import Controller

if TYPE_CHECKING:
    from app.dialogs.shapes_window import ShapesWindow
    from app.session.comparing_shapes import ComparingShapes

_PICTURES = "PNG picture (*.png);;SVG drawing (*.svg)"
_COVERED = 0.5
"""Part of the main window from which on it counts as hidden behind the other one."""


class ShapesOpener:
    """Opens it.

    Parameters
    ----------
    controller
        Whose project, and who opens cases.
    window
        The main window.
    bring_to_front
        Brings that above the others.
    """

    def __init__(self, controller: Controller, window: QWidget, bring_to_front: Callable[[], object]) -> None:
        self._controller = controller
        self._main = window
        self._bring_to_front = bring_to_front
        self._shapes: ShapesWindow | None = None
        controller.desk.current_changed.connect(self._mark_current)
        controller.desk.project_changed.connect(self._leave_project)
        controller.cases.blind_changed.connect(self._begin_anew)
        controller.desk.reader_changed.connect(self._begin_anew)

    @cached_property
    def comparing(self) -> "ComparingShapes":
        """Who compares them; loaded, as the window is, when somebody wants to."""
        from app.session.comparing_shapes import ComparingShapes

        controller = self._controller
        return ComparingShapes(
            controller.desk, controller.document, controller.editor, controller.view_state, controller.jobs,
            is_blind=lambda: controller.cases.blind, open_case=self._open_case, analyses=self._analyses,
        )  # fmt: skip

    def show(self) -> "ShapesWindow":
        """Show the window, as it was left, with what stands in the project now."""
        if self._shapes is None:
            from app.dialogs.shapes_window import ShapesWindow

            self._shapes = ShapesWindow(self.comparing, self._ask_folder, self._ask_picture, self._replaces)
        self.comparing.refresh()
        self._shapes.show()
        self._shapes.raise_()
        self._shapes.activateWindow()
        self._mark_current()
        return self._shapes

    def close(self) -> None:
        """Close the window with the main one."""
        if self._shapes is not None:
            self._shapes.close()
            self._shapes.deleteLater()
            self._shapes = None

    def _is_open(self) -> bool:
        return self._shapes is not None and self._shapes.isVisible()

    def _analyses(self) -> tuple[Path | None, Sequence[Path], Mapping[int, str]]:
        measuring = self._controller.measuring
        return measuring.folder, measuring.opened, measuring.chosen

    def _open_case(self, case_id: int) -> None:
        self._controller.case_opener.open(case_id)
        if self._shapes is not None and covers(self._shapes.frameGeometry(), self._main.frameGeometry()):
            self._bring_to_front()

    def _mark_current(self) -> None:
        if self._shapes is not None:
            self._shapes.mark_current(self._controller.desk.current)

    def _leave_project(self) -> None:
        """Close where another project has come, in which numbers mean other cases."""
        if not self._controller.desk.goes_on and self._shapes is not None:
            self._shapes.close()

    def _begin_anew(self, *_: object) -> None:
        """Show nothing of what others have said to who reads blind from now on."""
        if self._shapes is None:
            return  # nothing was compared, or what was is asked for anew when the window is shown
        self.comparing.forget()
        if self._is_open():
            self.comparing.refresh()

    # What is asked

    def _folder(self) -> Path:
        project = self._controller.desk.project
        return project.folder if project is not None and self._controller.projects.name else Path.home()

    def _ask_folder(self) -> Path | None:
        name = QFileDialog.getExistingDirectory(self._shapes, "Folder for the tables", str(self._folder()))
        return Path(name) if name else None

    def _ask_picture(self, proposed: str) -> Path | None:
        name, kind = QFileDialog.getSaveFileName(
            self._shapes, "Save picture as", str(self._folder() / proposed), _PICTURES
        )
        if not name:
            return None
        path = Path(name)
        wanted = ".svg" if "svg" in kind and path.suffix.lower() != ".png" else ".png"
        return path if path.suffix.lower() in (".png", ".svg") else path.with_name(f"{path.name}{wanted}")

    def _replaces(self, names: Sequence[str]) -> bool:
        box = QMessageBox(self._shapes)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(
            f"The folder holds {' and '.join(names)} already."
            if len(names) < 3
            else "The folder holds such tables already."
        )
        replace = box.addButton("&Replace them", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is replace


def covers(upper: QRect, lower: QRect) -> bool:
    """Tell whether a window hides most of another one that lies below it."""
    together = upper.intersected(lower)
    return together.width() * together.height() > _COVERED * lower.width() * lower.height()
