"""The rows of the analysis editor in which a measurement is put together: a row for each part, those within it indented below.

Shows what `app.session.analysis_editing` says, and tells it what is chosen. Decides nothing.
"""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.desktop.theme import chrome_icon
from app.dialogs.marked_fields import mark
from app.dialogs.still_fields import StillComboBox
from app.session.analysis_editing import AnalysisEditing
from app.session.analysis_steps import number_of
from core.measuring import parts
from core.measuring.parts import LANDMARK, NUMBER, OTHER, TEXT, Part, Place

_INDENT = 18
_AS_WRITTEN = "as it is written"
_NO_SIGN = "without sign"


class PartsForm(QWidget):
    """The rows.

    Parameters
    ----------
    editing
        What is edited.

    Attributes
    ----------
    boxes
        What each part is chosen in, by its path; that of the whole is the kind of measurement.
    """

    def __init__(self, editing: AnalysisEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self._built_for: object = None
        self.boxes: dict[parts.Path, QComboBox] = {}
        self.numbers: dict[parts.Path, QLineEdit] = {}
        self.signs: dict[parts.Path, QComboBox] = {}
        self.targets: dict[parts.Path, QToolButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._rows = QWidget()

    def refresh(self) -> None:
        """Show how the measurement is put together now, and what is asked for."""
        editing, steps = self._editing, self._editing.steps
        part = steps.part
        wanted = part, editing.landmarks, steps.other_keys, steps.draft.ndim
        if wanted != self._built_for:
            self._built_for = wanted
            self._build(part)
        for path, target in self.targets.items():
            target.setChecked(editing.is_picking and editing.asked == path)
        wrong = {
            one.path: one.sentence for one in steps.problems if one.measurement == steps.place and one.field == "how"
        }
        for path, box in self.boxes.items():
            mark(box, wrong.get(path, ""))

    def _build(self, part: Part) -> None:
        """Make the rows anew."""
        for edit in self.numbers.values():
            edit.blockSignals(True)  # noqa: FBT003 - Qt takes it by position only; what goes away says nothing any more
        self.boxes, self.numbers, self.signs, self.targets = {}, {}, {}, {}
        old, self._rows = self._rows, QWidget()
        old.hide()
        old.deleteLater()
        layout = QGridLayout(self._rows)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(1, 1)
        self._add_rows(layout, part, (), Place.TERM)
        self._grid.addWidget(self._rows, 0, 0)

    def _add_rows(self, layout: QGridLayout, part: Part, path: parts.Path, place: Place) -> None:
        here = part.at(path)
        row = layout.rowCount()
        text = "Kind" if not path else parts.FORMS[part.at(path[:-1]).form].asks_at(path[-1])[0].capitalize()
        label = QLabel(text)
        label.setContentsMargins(_INDENT * max(0, len(path) - 1), 0, 0, 0)
        box = self._make_box(here, path, place)
        label.setBuddy(box)
        layout.addWidget(label, row, 0)
        beside = QHBoxLayout()
        beside.addWidget(box, 1)
        layout.addLayout(beside, row, 1)
        self.boxes[path] = box
        if here.form == NUMBER:
            beside.addWidget(self._make_number(here, path))
        if here.form == LANDMARK:
            beside.addWidget(self._make_target(path))
        grows = bool(path) and parts.FORMS[part.at(path[:-1]).form].may_grow
        if grows and len(part.at(path[:-1]).parts) > len(parts.FORMS[part.at(path[:-1]).form].asks):
            beside.addWidget(_button("−", "Take it out of the sum", partial(self._editing.steps.drop_term, path)))
        for number in range(len(here.parts)):
            _, inner = parts.FORMS[here.form].asks_at(number)
            self._add_rows(layout, part, (*path, number), inner)
        if here.form in parts.FORMS and parts.FORMS[here.form].may_grow:
            layout.addWidget(
                _button("+ another", "Add one more to the sum", partial(self._editing.steps.add_term, path)),
                layout.rowCount(), 1, Qt.AlignmentFlag.AlignLeft,
            )  # fmt: skip
        sides = parts.sides_of(here.form, self._editing.steps.draft.ndim)
        if sides:
            self._add_sign(layout, here, path, sides)

    def _make_box(self, here: Part, path: parts.Path, place: Place) -> QComboBox:
        """Return a box of what can stand for a part; what is chosen there is done by what its entry holds."""
        box = StillComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(12)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        editing, steps = self._editing, self._editing.steps
        acts: list[Callable[[], object]] = []
        chosen = -1

        def add(text: str, act: Callable[[], object], *, is_chosen: bool = False) -> None:
            nonlocal chosen
            if is_chosen:
                chosen = box.count()
            box.addItem(text)
            acts.append(act)

        def part_off() -> None:
            if box.count():
                box.insertSeparator(box.count())
                acts.append(lambda: None)

        if place is Place.POINT:
            for choice in editing.landmarks:
                is_chosen = here.form == LANDMARK and here.value == choice.symbol and not choice.name
                add(choice.text, partial(editing.take_choice, path, choice), is_chosen=is_chosen)
            if here.form == LANDMARK and not here.is_blank and chosen < 0:
                add(str(here.value), lambda: None, is_chosen=True)
            add("Another landmark…", partial(self._ask_landmark, path))
            part_off()
        if place is Place.TERM and path:
            for key in steps.other_keys:
                act = partial(self._choose_other, path, key)
                add(key, act, is_chosen=here.form == OTHER and here.value == key)
            if here.form == OTHER and not here.is_blank and chosen < 0:
                add(str(here.value), lambda: None, is_chosen=True)
            part_off()
        for form in parts.forms_at(place, steps.draft.ndim, whole=not path):
            if form.key not in (LANDMARK, OTHER):
                add(form.name, partial(editing.set_form, path, form.key), is_chosen=here.form == form.key)
        if here.form == TEXT:
            add(f"{_AS_WRITTEN}: {parts.as_text(here.value)}", lambda: None, is_chosen=True)
        box.setPlaceholderText("click it in the image, or choose" if place is Place.POINT else "choose")
        box.setCurrentIndex(chosen)
        if here.form == TEXT:
            box.setToolTip(
                "The editor cannot take this apart. It is kept as it stands unless you choose something else."
            )
        box.activated.connect(lambda index: acts[index]())
        return box

    def _make_number(self, here: Part, path: parts.Path) -> QLineEdit:
        edit = QLineEdit("" if here.is_blank else f"{here.value}")
        edit.setFixedWidth(70)
        edit.setAccessibleName("Number")
        edit.editingFinished.connect(lambda: self._take_number(path, edit.text()))
        self.numbers[path] = edit
        return edit

    def _make_target(self, path: parts.Path) -> QToolButton:
        target = QToolButton()
        target.setIcon(chrome_icon("place"))
        target.setCheckable(True)
        target.setToolTip("Click the landmark in the image or in the table")
        target.setAccessibleName("Click it in the image")
        target.clicked.connect(lambda checked: self._editing.ask_for(path if checked else None))
        self.targets[path] = target
        return target

    def _add_sign(self, layout: QGridLayout, here: Part, path: parts.Path, sides: tuple[str, ...]) -> None:
        row = layout.rowCount()
        label = QLabel("Positive")
        label.setContentsMargins(_INDENT * len(path), 0, 0, 0)
        box = StillComboBox()
        box.addItem(_NO_SIGN, "")
        for side in sides:
            box.addItem(f"{side}, as on a face that looks to the right" if "clockwise" in side else side, side)
        box.setCurrentIndex(box.findData(here.positive))
        box.activated.connect(lambda index: self._editing.steps.set_positive(path, box.itemData(index)))
        label.setBuddy(box)
        layout.addWidget(label, row, 0)
        layout.addWidget(box, row, 1)
        self.signs[path] = box

    def _choose_other(self, path: parts.Path, key: str) -> None:
        steps = self._editing.steps
        steps.put(steps.part.having(path, Part(OTHER, value=key)))

    def _take_number(self, path: parts.Path, text: str) -> None:
        if self._editing.is_under_way:
            self._editing.steps.set_value(path, number_of(text))

    def _ask_landmark(self, path: parts.Path) -> None:
        name = self.ask_name()
        if name:
            self._editing.add_landmark(path, name)
        else:
            self._built_for = None
            self.refresh()

    def ask_name(self) -> str:
        """Ask for the name of a landmark that this image does not have; empty where nobody gives one."""
        text, accepted = QInputDialog.getText(self, "Another landmark", "Its name in the landmark set:")
        return text.strip() if accepted else ""


def _button(text: str, tip: str, act: Callable[[], object]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setMinimumSize(QSize(26, 0))
    button.clicked.connect(lambda _=False: act())
    return button
