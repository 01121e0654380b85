"""Opens the analysis editor beside the window when a person begins to edit; it is made only then. Decides nothing."""

from PySide6.QtWidgets import QWidget

from app.dialogs.analysis_editor import AnalysisEditor
from app.session.analysis_editing import AnalysisEditing


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
    def dialog(self) -> AnalysisEditor:
        """The editor, made on first use."""
        if self._dialog is None:
            self._dialog = AnalysisEditor(self._editing, self._window)
        return self._dialog
