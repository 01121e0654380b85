"""The analysis editor: a person makes measurements by clicking landmarks, and sees at once what they come to in the open image.

Stays beside the window, which can be used meanwhile. Shows what `app.session.analysis_editing` says and decides nothing.
"""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QCloseEvent, QColor, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.chrome import chrome
from app.dialogs.marked_fields import mark
from app.dialogs.measurement_form import MeasurementForm
from app.dialogs.still_fields import StillComboBox
from app.session.analysis_editing import AnalysisEditing, LandmarkChoice
from core.measuring.draft_problems import DIRECTIONS, Problem
from core.measuring.parts import in_short

_FINE = "Nothing is wrong with it."
_HEADS = {
    "title": ("Title", "What a person calls the analysis"),
    "name": ("Name", "What tables, files and commands call it"),
    "source": ("Source", "The publication of the analysis as a whole"),
}
_WAYS = {"anterior": "To the front", "superior": "Upwards"}


class AnalysisEditor(QDialog):
    """The dialog; it goes away when a person ends editing.

    Parameters
    ----------
    editing
        What is edited.
    parent
        The window beside which it stands.
    """

    def __init__(self, editing: AnalysisEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Analysis")
        self._editing = editing
        self.heads = {key: QLineEdit() for key in _HEADS}
        self.list = QListWidget()
        self.form = MeasurementForm(editing)
        self.directions = QGroupBox("Signs need to know which landmarks lead")
        self.ways = {(key, end): StillComboBox() for key in _WAYS for end in (0, 1)}
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self._typed_directions: dict[tuple[str, int], LandmarkChoice | None] = {}
        self.buttons = QDialogButtonBox()
        self.save = self.buttons.addButton("&Save", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.save_file = self.buttons.addButton("Save as &file…", QDialogButtonBox.ButtonRole.ActionRole)
        self.undo, self.redo = QPushButton("&Undo"), QPushButton("&Redo")
        self._lay_out()
        self._connect()

    # Building

    def _lay_out(self) -> None:
        self.save.setObjectName("primary")
        head = QGridLayout()
        for place, (key, (name, tip)) in enumerate(_HEADS.items()):
            label = QLabel(name)
            label.setBuddy(self.heads[key])
            self.heads[key].setAccessibleName(name)
            self.heads[key].setPlaceholderText(tip)
            row, column = (0, 2 * place) if key != "source" else (1, 0)
            head.addWidget(label, row, column)
            head.addWidget(self.heads[key], row, column + 1, 1, 3 if key == "source" else 1)
        head.setColumnStretch(1, 3)
        head.setColumnStretch(3, 2)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self._make_list())
        splitter.addWidget(self.form)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([220, 430])
        splitter.setChildrenCollapsible(False)
        self._lay_out_directions()
        foot = QHBoxLayout()
        for button in (self.undo, self.redo):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.buttons)
        for any_button in self.findChildren(QPushButton):
            any_button.setAutoDefault(False)
            any_button.setDefault(False)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.directions)
        layout.addWidget(self.said)
        layout.addLayout(foot)

    def _make_list(self) -> QWidget:
        self.list.setMinimumWidth(150)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        grid = QGridLayout()
        self.tools: dict[str, QToolButton] = {}
        for number, (name, text, tip, act) in enumerate(
            (
                ("add", "Add", "Add a measurement", lambda: self._editing.add()),
                ("copy", "Copy", "Add a copy of this measurement", lambda: self._editing.duplicate()),
                ("remove", "Remove", "Take this measurement away", lambda: self._editing.steps.remove()),
                ("up", "↑", "Move it up", lambda: self._editing.steps.move(-1)),
                ("down", "↓", "Move it down", lambda: self._editing.steps.move(1)),
            )
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(partial(self._do, act))
            grid.addWidget(button, number // 3, number % 3)
            self.tools[name] = button
        grid.setColumnStretch(3, 1)
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list, 1)
        layout.addLayout(grid)
        return left

    def _lay_out_directions(self) -> None:
        grid = QGridLayout(self.directions)
        for row, (key, text) in enumerate(_WAYS.items()):
            grid.addWidget(QLabel(text), row, 0)
            for end, word in enumerate(("from", "to")):
                grid.addWidget(QLabel(word), row, 1 + 2 * end)
                box = self.ways[key, end]
                box.setAccessibleName(f"{text}, {word}")
                box.activated.connect(partial(self._take_direction, key))
                grid.addWidget(box, row, 2 + 2 * end)
        for column in (2, 4):
            grid.setColumnStretch(column, 1)

    def _connect(self) -> None:
        editing = self._editing
        for key, line in self.heads.items():
            line.editingFinished.connect(partial(self._take_head, key))
        self.list.currentRowChanged.connect(self._choose)
        self.undo.clicked.connect(partial(self._do, lambda: editing.steps.undo()))
        self.redo.clicked.connect(partial(self._do, lambda: editing.steps.redo()))
        self.buttons.accepted.connect(self._finish)
        self.buttons.rejected.connect(self.reject)
        self.save_file.clicked.connect(self._save_file)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self, lambda: editing.steps.undo())
        QShortcut(QKeySequence(QKeySequence.StandardKey.Redo), self, lambda: editing.steps.redo())
        QShortcut(QKeySequence("Ctrl+Return"), self, self._finish)
        editing.changed.connect(self.refresh)
        editing.ended.connect(lambda: self.hide())

    # Showing

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size beside which an image has room, and that fits on a small screen."""
        screen = QGuiApplication.primaryScreen().availableGeometry()
        return QSize(660, 690).boundedTo(QSize(screen.width() - 40, screen.height() - 60))

    def begin(self) -> None:
        """Show what a person begins to edit."""
        self._typed_directions.clear()
        if not self.isVisible():
            self.resize(self.sizeHint())
            window = self.parentWidget()
            if window is not None:  # over the tables at its right, so that the image stays free
                place = window.frameGeometry()
                self.move(max(0, place.right() - self.width()), max(0, place.top() + 40))
        self.refresh()
        self.show()
        self.raise_()
        self.activateWindow()

    def refresh(self) -> None:
        """Show what is edited as it is now."""
        editing = self._editing
        if not editing.is_under_way:
            return
        steps = editing.steps
        self._refresh_list(steps.problems)
        of_whole = {one.field: one.sentence for one in steps.problems if one.measurement is None}
        for key, line in self.heads.items():
            if not line.hasFocus() or not line.isModified():
                line.setText(str(steps.draft.raw.get(key, "")))
                line.setCursorPosition(0)
            mark(line, of_whole.get(key, ""))
        self.form.refresh()
        self._refresh_directions(of_whole.get(DIRECTIONS, ""))
        self.undo.setEnabled(steps.can_undo)
        self.redo.setEnabled(steps.can_redo)
        self.save.setText(f"&Save {editing.saves_to}")
        self.said.setText(self._sentence(steps.problems))
        self.said.setStyleSheet(f"color: {chrome().far if steps.problems else chrome().faint};")
        self.save.setEnabled(not steps.problems)
        self.setWindowTitle(f"{steps.draft.raw.get('title') or 'Analysis'}[*]")
        self.setWindowModified(editing.is_modified)

    def _sentence(self, problems: tuple[Problem, ...]) -> str:
        """Say what is wrong first, and of which measurement."""
        if not problems:
            return _FINE
        first = problems[0]
        measurements = self._editing.steps.draft.measurements
        whose = (
            "" if first.measurement is None else f"{measurements[first.measurement].get('key') or 'A measurement'}: "
        )
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        return f"{whose}{first.sentence}{more}"

    def _refresh_list(self, problems: tuple[Problem, ...]) -> None:
        steps = self._editing.steps
        measurements = steps.draft.measurements
        wrong = {one.measurement: one.sentence for one in reversed(problems)}
        with QSignalBlocker(self.list):
            while self.list.count() > len(measurements):
                self.list.takeItem(self.list.count() - 1)
            while self.list.count() < len(measurements):
                self.list.addItem(QListWidgetItem())
            for number, one in enumerate(measurements):
                item = self.list.item(number)
                item.setText(f"{one.get('key') or '…'}   {in_short(one.get('how', {}), steps.draft.ndim)}")
                item.setToolTip(wrong.get(number) or str(one.get("title", "")))
                colour = QColor(chrome().far) if number in wrong else None
                item.setData(Qt.ItemDataRole.ForegroundRole, colour)
            self.list.setCurrentRow(steps.place if measurements else -1)
        count = len(measurements)
        for name in ("copy", "remove"):
            self.tools[name].setEnabled(bool(count))
        self.tools["up"].setEnabled(steps.place > 0)
        self.tools["down"].setEnabled(steps.place < count - 1)

    def _refresh_directions(self, sentence: str) -> None:
        steps = self._editing.steps
        raw = steps.draft.raw
        self.directions.setVisible(bool(sentence) or any(key in raw for key in _WAYS))
        choices = self._editing.landmarks
        for (key, end), box in self.ways.items():
            pairs = raw.get(key) or [["", ""]]
            pair = (
                pairs[0] if isinstance(pairs, list) and isinstance(pairs[0], list) and len(pairs[0]) == 2 else ["", ""]
            )
            typed = self._typed_directions.get((key, end))
            wanted = pair[end] or (typed.symbol if typed is not None else "")
            box.clear()
            box.addItem("choose", None)
            for choice in choices:
                box.addItem(choice.text, choice)
                if choice.symbol == wanted:
                    box.setCurrentIndex(box.count() - 1)
            mark(box, sentence)

    # Taking

    def _take_head(self, key: str) -> None:
        line = self.heads[key]
        line.setModified(False)
        if self._editing.is_under_way:
            self._editing.steps.say(**{key: line.text().strip()})

    def _choose(self, row: int) -> None:
        if self._editing.is_under_way:
            self._editing.steps.choose(row)

    def _take_direction(self, key: str, _: int) -> None:
        pair: list[LandmarkChoice | None] = [self.ways[key, end].currentData() for end in (0, 1)]
        for end, choice in enumerate(pair):
            self._typed_directions[key, end] = choice
        self._editing.set_direction(key, pair)

    def _take_typed(self) -> None:
        """Take over what is still being typed."""
        focus = self.focusWidget()
        if focus is not None:
            focus.clearFocus()

    def _do(self, act: Callable[[], object], _: bool = False) -> None:
        """Do something, after what is still being typed."""
        self._take_typed()
        act()

    def _save_file(self) -> None:
        self._take_typed()
        self._editing.ask_save_file()

    def _finish(self) -> None:
        self._take_typed()
        self._editing.finish()

    # Leaving

    def reject(self) -> None:
        """End without saving, unless a person thinks better of it."""
        if not self._editing.is_under_way or self._editing.cancel():
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """End without saving, unless a person thinks better of it."""
        if self._editing.is_under_way and not self._editing.cancel():
            event.ignore()
        else:
            super().closeEvent(event)
