"""The analysis editor in a window: what a person clicks and types, what is marked as wrong, and what it shows meanwhile."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from app.dialogs.marked_fields import is_marked
from app.session.view_state import Mode
from core.project.store import Project
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import idle, make_image, make_prediction


@pytest.fixture
def editor(window, answers, tmp_path, qtbot):
    """The editor of a window with a project and an image whose landmarks do not lie on one line."""
    controller = window.controller
    path = tmp_path / "day.cairn"
    Project.create(path).close()
    controller.desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: controller.own_analyses.keeps)
    idle(controller, qtbot)
    image = make_image(spacing_known=True)
    landmarks = make_prediction(image).landmarks.with_point("Menton", [20.0, 60.0])
    controller.document.set_image(image, landmarks, None)
    controller.view_state.begin(image)
    controller.measuring.folder = tmp_path / "analyses"
    write_own(controller.measuring.folder)
    controller.measuring.read()
    idle(controller, qtbot)
    yield window.analysis_editor.dialog
    answers.gives_up_edit = True
    controller.analysis_editing.cancel()
    idle(controller, qtbot)
    controller.desk.close()


@pytest.fixture
def editing(editor, window):
    return window.controller.analysis_editing


def begin_own(window, qtbot):
    controller = window.controller
    offer = next(one for one in controller.measuring.offers if one.path is not None)
    controller.analysis_editing.begin_with(offer)
    qtbot.waitUntil(window.analysis_editor.dialog.isVisible)
    idle(controller, qtbot)


def click_landmark(window, name, qtbot):
    """Click it in the image."""
    qtbot.wait(20)
    view = window.slice_view
    view.bring_up_to_date()
    plane = window.controller.editor.plane
    at = view.screen_map().to_screen(plane.px_from_mm(window.controller.document.landmarks.point_mm(name)))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(*at.round().astype(int).tolist()))


def choose(box, text):
    """Choose an entry as a person does."""
    row = next(row for row in range(box.count()) if box.itemText(row).startswith(text))
    box.setCurrentIndex(row)
    box.activated.emit(row)


def type_into(line, text, qtbot):
    line.setFocus()
    line.selectAll()
    line.insert(text)
    line.editingFinished.emit()


def test_it_stays_beside_the_window_and_landmarks_are_clicked_in_the_image(editor, editing, window, qtbot):
    window.actions_by_id["measure.new_analysis"].trigger()
    assert editor.isVisible()
    assert not editor.isModal()
    assert editor.form.parts.targets[(0,)].isChecked()
    assert "“one side”" in window.slice_view._banner.text()
    before = window.controller.document.landmarks
    click_landmark(window, "Sella", qtbot)
    assert editor.form.parts.boxes[(0,)].currentText() == "Sella"
    click_landmark(window, "Nasion", qtbot)
    window.table.selectRow(2)  # Menton, in the list
    qtbot.waitUntil(lambda: editor.form.parts.boxes[(2,)].currentText() == "Menton")
    assert editor.form.preview.text() == "In this image: 116.6°."
    assert editor.list.item(0).text() == "M1   Sella–Nasion–Menton"
    assert window.controller.view_state.mode is Mode.NAVIGATE
    assert window.controller.document.landmarks == before  # none was moved
    assert editor.save.isEnabled()
    assert editor.save.text() == "&Save in the project"


def test_beside_the_landmarks_a_click_does_nothing_while_one_is_asked_for(editor, editing, window, qtbot):
    editing.begin_new()
    qtbot.mouseClick(window.slice_view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert editing.asked == (0,)
    qtbot.keyClick(window.slice_view, Qt.Key.Key_Escape)
    assert not editor.form.parts.targets[(0,)].isChecked()
    assert editor.isVisible()
    editor.form.parts.targets[(1,)].click()
    click_landmark(window, "Gonion", qtbot)
    assert editor.form.parts.boxes[(1,)].currentText() == "Gonion"


def test_landmarks_are_chosen_from_the_list_and_parts_are_made_of_parts(editor, editing, qtbot, monkeypatch):
    editing.begin_new()
    form = editor.form.parts
    choose(form.boxes[()], "distance of two points")
    choose(form.boxes[(0,)], "point half way between")
    choose(form.boxes[(0, 0)], "Sella")
    choose(form.boxes[(0, 1)], "Nasion")
    choose(form.boxes[(1,)], "Menton")
    assert editing.steps.shown["how"] == {"distance": [{"midpoint": ["Sella", "Nasion"]}, "Menton"]}
    choose(form.signs[()], "anterior")
    assert editor.directions.isVisible()
    assert is_marked(editor.ways["anterior", 0])
    for (key, end), name in {
        ("anterior", 0): "Sella", ("anterior", 1): "Nasion", ("superior", 0): "Menton", ("superior", 1): "Nasion",
    }.items():  # fmt: skip
        choose(editor.ways[key, end], name)
    assert editing.steps.problems == ()
    assert not is_marked(editor.ways["anterior", 0])
    monkeypatch.setattr(form, "ask_name", lambda: "Basion")
    choose(form.boxes[(1,)], "Another landmark…")
    assert editor.form.preview.text() == "It needs Basion, not among these landmarks."
    monkeypatch.setattr(form, "ask_name", lambda: "")
    choose(form.boxes[(1,)], "Another landmark…")
    assert form.boxes[(1,)].currentText() == "Basion"


def test_sums_and_numbers(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    form = editor.form.parts
    editing.add()
    choose(form.boxes[()], "sum")
    choose(form.boxes[(0,)], "S–N")
    choose(form.boxes[(1,)], "number")
    assert form.numbers[(1,)].text() == "1"
    type_into(form.numbers[(1,)], "2,5", qtbot)
    assert editing.steps.shown["how"] == {"sum": ["S–N", 2.5]}
    assert editor.form.preview.text().startswith("In this image: 13.7 mm")
    editing.steps.add_term(())
    choose(form.boxes[(2,)], "angle of three points")
    for path, name in {(2, 0): "S", (2, 1): "N", (2, 2): "Me"}.items():
        choose(form.boxes[path], name)
    assert editor.form.preview.text() == "Mm and ° cannot be reckoned with each other."
    assert is_marked(form.boxes[()])


def test_a_wrong_field_is_marked_and_told_and_nothing_is_saved(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    editor.list.setCurrentRow(1)
    type_into(editor.form.lines["key"], "SNMe", qtbot)
    assert is_marked(editor.form.lines["key"])
    assert editor.form.lines["key"].toolTip() == "There is another measurement called SNMe."
    assert editor.said.text() == "SNMe: There is another measurement called SNMe."
    assert not editor.save.isEnabled()
    type_into(editor.form.lines["key"], "S–N", qtbot)
    assert not is_marked(editor.form.lines["key"])
    assert editor.save.isEnabled()
    type_into(editor.heads["title"], "", qtbot)
    assert is_marked(editor.heads["title"])
    editor.undo.click()
    assert editor.heads["title"].text() == "My own"
    editor.redo.click()
    assert editor.heads["title"].text() == ""


def test_norms_are_typed_into_a_table_that_marks_what_is_no_number(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    norms = editor.form.norms
    assert norms.rowCount() == 3
    assert (norms.item(0, 0).text(), norms.item(1, 4).text()) == ("150", "children")
    norms.item(2, 0).setText("12.5")
    assert norms.rowCount() == 4
    assert editing.steps.shown["norms"][2] == {"mean": 12.5}
    norms.item(2, 1).setText("one")
    assert norms.item(2, 1).toolTip() == "“one” is not a number."
    assert norms.item(2, 1).background().color().alpha() > 0
    assert norms.item(1, 1).background().style() is Qt.BrushStyle.NoBrush
    norms.item(2, 1).setText("1")
    assert editor.save.isEnabled()


def test_what_is_said_of_it_is_typed(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    type_into(editor.form.lines["group"], "Jaws", qtbot)
    editor.form.decimals.setValue(2)
    editor.form.definition.setPlainText("At nasion.\nOf three points.")
    editor.form.definition.left.emit()
    editor.form.hidden.click()
    shown = editing.steps.shown
    assert (shown["group"], shown["decimals"], shown["hidden"]) == ("Jaws", 2, True)
    assert shown["definition"] == "At nasion.\nOf three points."
    editor.form.hidden.click()
    editor.form.decimals.setValue(1)
    assert "hidden" not in editing.steps.shown
    assert "decimals" not in editing.steps.shown
    assert editor.form.preview.text().startswith("In this image: 116.6°; −3.3 SD from the mean: short face.")


def test_what_cannot_be_taken_apart_is_shown_as_text_and_kept(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    editing.steps.describe(how={"surface": ["S", "N"]})
    box = editor.form.parts.boxes[()]
    assert box.currentText() == 'as it is written: {"surface": ["S", "N"]}'
    assert is_marked(box)
    type_into(editor.form.lines["title"], "Surface", qtbot)
    assert editing.steps.shown["how"] == {"surface": ["S", "N"]}


def test_the_buttons_below_the_list(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    tools = editor.tools
    assert not tools["up"].isEnabled()
    tools["copy"].click()
    tools["down"].click()
    tools["add"].click()
    assert [one["key"] for one in editing.steps.draft.measurements][:4] == ["SNMe", "S–N", "SNMe 2", "M1"]
    tools["up"].click()
    tools["remove"].click()
    assert editor.list.count() == 6
    while editor.list.count():
        tools["remove"].click()
    assert editor.form.preview.text() == "There is no measurement yet. Add one."
    assert not editor.form.widget().isEnabled()


def test_what_is_still_being_typed_belongs_to_the_measurement_that_was_shown(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    line = editor.form.lines["title"]
    line.setFocus()
    line.selectAll()
    line.insert("Typed")
    editor.tools["add"].click()
    titles = [one.get("title", "") for one in editing.steps.draft.measurements]
    assert titles[:2] == ["Typed", ""]
    assert line.text() == ""
    line.setFocus()
    line.insert("More")
    window.controller.document.landmarks_changed.emit()
    assert line.text() == "More"  # what happens in the image does not disturb who types
    choose(editor.form.parts.boxes[()], "ratio")
    choose(editor.form.parts.boxes[(0,)], "number")
    editor.form.parts.numbers[(0,)].setFocus()
    choose(editor.form.parts.boxes[()], "distance of two points")
    qtbot.wait(20)
    assert editing.steps.shown["how"] == {"distance": ["", ""]}


def test_the_wheel_scrolls_the_form_and_changes_nothing(editor, editing, window, qtbot):
    begin_own(window, qtbot)
    before = editing.steps.draft.text
    for field in (editor.form.parts.boxes[()], editor.form.parts.boxes[(0,)], editor.form.decimals):
        field.setFocus()
        at = QPointF(field.rect().center())
        turned = QWheelEvent(
            at, QPointF(field.mapToGlobal(at)), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt takes it by position only
        )  # fmt: skip
        QApplication.sendEvent(field, turned)
    assert editing.steps.draft.text == before
    assert editor.form.parts.boxes[()].currentText() == "angle of three points"


def test_cancel_asks_where_something_was_done_and_leaves_all_as_it_was(editor, editing, window, answers, qtbot):
    begin_own(window, qtbot)
    before = (window.controller.measuring.folder / "own.toml").read_text(encoding="utf-8")
    type_into(editor.form.lines["title"], "Another", qtbot)
    editor.reject()
    assert editor.isVisible()
    editor.close()
    assert editor.isVisible()
    answers.gives_up_edit = True
    editor.reject()
    assert not editor.isVisible()
    assert not editing.is_under_way
    assert (window.controller.measuring.folder / "own.toml").read_text(encoding="utf-8") == before


def test_saving_shows_the_measurements(editor, editing, window, qtbot):
    editing.begin_new()
    for name in ("Sella", "Nasion", "Menton"):
        click_landmark(window, name, qtbot)
    editor.heads["name"].setFocus()
    editor.heads["name"].selectAll()
    qtbot.keyClicks(editor.heads["name"], "mine")  # still being typed
    editor.save.click()
    qtbot.waitUntil(lambda: not editor.isVisible())
    idle(window.controller, qtbot)
    assert window.controller.own_analyses.find("mine") is not None
    assert window.measurements.isVisible()
    assert window.measurements.panel.analyses.currentText() == "My analysis  (1 of 1, in the project)"


def test_a_small_screen_has_room_for_it(editor):
    hint = editor.sizeHint()
    screen = editor.screen().availableGeometry()
    assert hint.width() <= screen.width()
    assert hint.height() <= screen.height()
