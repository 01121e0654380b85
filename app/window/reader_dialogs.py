"""Opens the dialogs about readers: how far two of them agree, and what a colleague's copy brings. Decides nothing."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.agreement_dialog import AgreementDialog
from app.dialogs.merge_dialog import MergeDialog
from app.session.controller import Controller


class ReaderDialogs:
    """Opens them.

    Parameters
    ----------
    controller
        Whose project, and who opens cases.
    window
        What they belong to.
    """

    def __init__(self, controller: Controller, window: QWidget) -> None:
        self._controller = controller
        self._window = window

    def show_agreement(self) -> AgreementDialog:
        """Compare two readers; the window can be used meanwhile."""
        dialog = AgreementDialog(self._controller.desk, self._save_path, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open_requested.connect(self._controller.case_opener.open)
        dialog.show()
        return dialog

    def ask_merge(self) -> MergeDialog | None:
        """Ask for a colleague's copy, and show what it brings; None where the person thought better of it."""
        path = self._controller.questions.project_path(self._controller.folder)
        if path is None:
            return None
        self._controller.cases.note()
        dialog = MergeDialog(self._controller.desk, path, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.merged.connect(lambda told: self._controller.view_state.say(told, is_warning=False))
        dialog.brought.connect(self._controller.take_merged)
        dialog.open()
        return dialog

    def _save_path(self, proposed: Path) -> Path | None:
        project = self._controller.desk.project
        start = proposed if project is None or not self._controller.projects.name else project.folder / proposed
        name, _ = QFileDialog.getSaveFileName(self._window, "Save agreement as", str(start), "Table (*.csv)")
        path = Path(name)
        return None if not name else path if path.suffix else path.with_suffix(".csv")
