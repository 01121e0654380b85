"""Opens the analysis editor beside the window when a person begins to edit; it is made only then. Decides nothing."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.session.analysis_editing import AnalysisEditing

if TYPE_CHECKING:
    from app.dialogs.analysis_editor import AnalysisEditor


class AnalysisEditorOpener:
    """Opens it.

    Parameters
    ----------
    editing
        Who says when.
    window
        Beside which it stands.
    """

    def __init__(self, editing: AnalysisEditing, window: QWidget) -> None:
        self._editing = editing
        self._window = window
        self._dialog: AnalysisEditor | None = None
        editing.begun.connect(lambda: self.dialog.begin())

    @property
    def dialog(self) -> "AnalysisEditor":
        """The editor, made on first use."""
        if self._dialog is None:
            from app.dialogs.analysis_editor import AnalysisEditor

            self._dialog = AnalysisEditor(self._editing, self._window)
        return self._dialog
