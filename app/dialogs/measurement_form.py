"""The right half of the analysis editor: one measurement, how it is put together, what it comes to, and what is said of it.

Shows what `app.session.analysis_editing` says, and tells it what is typed and chosen. Decides nothing.
"""

from functools import partial
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.marked_fields import mark
from app.dialogs.norms_table import NormsTable
from app.dialogs.parts_form import PartsForm
from app.dialogs.still_fields import StillSpinBox
from app.session.analysis_editing import AnalysisEditing
from app.session.measurement_rows import sentence

_LINES = {
    "key": ("Name", "Short and unique: other measurements and tables call it so"),
    "title": ("Title", "What a person reads; the name where empty"),
    "group": ("Group", "The heading under which it stands"),
    "large": ("Large is", "What a value above the norm is called, such as “upper jaw forward”"),
    "small": ("Small is", "What a value below the norm is called"),
    "source": ("Source", "Where it is defined"),
}
_NOTHING = "There is no measurement yet. Add one."


class _TextBox(QPlainTextEdit):
    """A text of several lines that tells when a person has left it."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Tell it."""
        super().focusOutEvent(event)
        self.left.emit()


class MeasurementForm(QScrollArea):
    """The form.

    Parameters
    ----------
    editing
        What is edited.
    """

    def __init__(self, editing: AnalysisEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self._shown_place = -1
        self.parts = PartsForm(editing)
        self.lines = {key: QLineEdit() for key in _LINES}
        self.decimals = StillSpinBox()
        self.decimals.setRange(0, 6)
        self.definition = _TextBox()
        self.definition.setTabChangesFocus(True)
        self.definition.setPlaceholderText("What it is, in words")
        self.definition.setMaximumHeight(64)
        self.hidden = QCheckBox("Only for others to build on")
        self.norms = NormsTable(editing)
        self.preview = QLabel()
        self.preview.setObjectName("measurementPreview")
        self.preview.setWordWrap(True)
        self.preview.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        for key, line in self.lines.items():
            line.editingFinished.connect(partial(self._take_line, key))
        self.decimals.valueChanged.connect(self._take_decimals)
        self.definition.left.connect(lambda: self._say("definition", self.definition.toPlainText().strip()))
        self.hidden.clicked.connect(lambda checked: self._say("hidden", checked))

    def _lay_out(self) -> None:
        top, rest = QFormLayout(), QFormLayout()
        for form, keys in ((top, ("key", "title")), (rest, ("group", "large", "small"))):
            for key in keys:
                self._add_line(form, key)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        rest.addRow("Decimals", self.decimals)
        rest.addRow("Definition", self.definition)
        self._add_line(rest, "source")
        rest.addRow("", self.hidden)
        self._inside = QWidget()
        layout = QVBoxLayout(self._inside)
        layout.setContentsMargins(4, 0, 8, 4)
        layout.addLayout(top)
        layout.addWidget(self.parts)
        layout.addWidget(self.preview)
        layout.addWidget(QLabel("Norms"))
        layout.addWidget(self.norms)
        layout.addLayout(rest)
        layout.addStretch(1)
        self._nothing = QLabel(_NOTHING)
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)

    def _add_line(self, form: QFormLayout, key: str) -> None:
        name, tip = _LINES[key]
        self.lines[key].setPlaceholderText(tip if key in ("title", "large", "small") else "")
        self.lines[key].setAccessibleName(name)
        form.addRow(name, self.lines[key])

    def refresh(self) -> None:
        """Show the measurement as it is now, what is wrong with it and what it comes to."""
        steps = self._editing.steps
        shown = steps.shown
        self._inside.setEnabled(shown is not None)
        said: dict[str, Any] = dict(shown or {})
        wrong = {one.field: one.sentence for one in steps.problems if one.measurement == steps.place}
        for key, line in self.lines.items():
            if not (
                line.hasFocus() and line.isModified() and self._shown_place == steps.place
            ):  # else it is being typed
                line.setText(str(said.get(key, "")))
                line.setCursorPosition(0)
            mark(line, wrong.get(key, ""))
        self._shown_place = steps.place
        with QSignalBlocker(self.decimals):
            decimals = said.get("decimals", 1)
            self.decimals.setValue(decimals if isinstance(decimals, int) else 1)
        if self.definition.toPlainText().strip() != str(said.get("definition", "")).strip():
            self.definition.setPlainText(str(said.get("definition", "")))
        mark(self.definition, wrong.get("definition", ""))
        self.hidden.setChecked(said.get("hidden") is True)
        if shown is not None:
            self.parts.refresh()
            self.norms.refresh()
        self.preview.setText(_NOTHING if shown is None else self._preview_text(wrong))

    def _preview_text(self, wrong: dict[str, str]) -> str:
        if "how" in wrong:
            return wrong["how"]
        one, reason = self._editing.measured()
        if one is not None:
            return f"In this image: {sentence(one)}"
        return reason

    def _take_line(self, key: str) -> None:
        self.lines[key].setModified(False)
        self._say(key, self.lines[key].text().strip())

    def _say(self, key: str, value: Any) -> None:
        if self._editing.is_under_way:
            self._editing.steps.describe(**{key: value})

    def _take_decimals(self, value: int) -> None:
        if self._editing.is_under_way and self._editing.steps.shown is not None:
            self._editing.steps.describe(decimals=value if value != 1 else None)
