"""Opens the window of a superimposition and asks for its files. Decides nothing."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.superimposition_dialog import Paths, SuperimpositionDialog
from app.dialogs.table_path import table_path
from app.session.controller import Controller
from app.session.superimposing import Superimposing


class SuperimpositionOpener:
    """Opens it.

    Parameters
    ----------
    controller
        Whose image and project.
    window
        What it belongs to.
    """

    def __init__(self, controller: Controller, window: QWidget) -> None:
        self._controller = controller
        self._window = window

    def show(self) -> SuperimpositionDialog:
        """Superimpose the open image and another one; the window can be used meanwhile."""
        controller = self._controller
        session = Superimposing(
            controller.document, controller.view_state, controller.desk, controller.measuring,
            is_blind=lambda: controller.cases.blind, jobs=controller.jobs,
        )  # fmt: skip
        paths = Paths(self._ask_to_open, self._ask_for_table, self._ask_for_picture)
        dialog = SuperimpositionDialog(session, controller.jobs, paths, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        controller.cases.blind_changed.connect(session.start_anew)
        controller.desk.reader_changed.connect(session.start_anew)

        def leave_project() -> None:
            if not controller.desk.goes_on:  # in another project numbers mean other cases
                dialog.reject()

        def forget() -> None:
            controller.cases.blind_changed.disconnect(session.start_anew)
            controller.desk.reader_changed.disconnect(session.start_anew)
            controller.desk.project_changed.disconnect(leave_project)

        controller.desk.project_changed.connect(leave_project)
        dialog.finished.connect(forget)
        session.begin()
        dialog.resize(dialog.sizeHint().boundedTo(self._window.screen().availableSize() * 0.94))
        dialog.show()
        return dialog

    def _ask_to_open(self) -> Path | None:
        folder = str(self._controller.folder or "")
        name, _ = QFileDialog.getOpenFileName(self._window, "Choose an image or a landmark file", folder)
        return Path(name) if name else None

    def _ask_for_table(self, proposed: Path) -> Path | None:
        return table_path(self._window, "Save tables as", self._place_of(proposed))

    def _ask_for_picture(self, proposed: Path) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Save picture as", str(self._place_of(proposed)), "Picture (*.png)"
        )
        path = Path(name)
        return None if not name else path if path.suffix else path.with_suffix(".png")

    def _place_of(self, proposed: Path) -> Path:
        """Return where a file is proposed: beside a project that has a name, else beside the image."""
        project = self._controller.desk.project
        folder = self._controller.folder
        if project is not None and self._controller.projects.name:
            folder = project.folder
        return proposed if folder is None else folder / proposed
