"""The panel of measurements: what it lists, and what a person does with it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication

from app.desktop.chrome import chrome
from app.panels.measurements_table import CLASS, INTERVAL, NAME, NORM, SD, VALUE, WIGGLE, WORDS
from core.project.store import Project
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import idle, make_image, make_prediction


@pytest.fixture
def panel(window, tmp_path, qtbot):
    measuring = window.controller.measuring
    measuring.folder = tmp_path / "analyses"
    path = write_own(measuring.folder)
    window.resize(1500, 800)
    window.controller.view_state.show_measurements = True
    idle(window.controller, qtbot)
    measuring.choose(str(path))
    qtbot.waitUntil(window.measurements.isVisible)
    idle(window.controller, qtbot)
    qtbot.wait(20)
    return window.measurements.panel


def cell(panel, row, column, role=Qt.ItemDataRole.DisplayRole):
    model = panel.table.model()
    return model.index(row, column).data(role)


def place(panel, row):
    return panel.table.visualRect(panel.table.model().index(row, NAME)).center()


def test_each_measurement_has_a_row(panel):
    assert [cell(panel, row, NAME) for row in range(4)] == ["Angle at nasion", "S–N", "Ba–N", "Share of the gap"]
    assert panel.table.model().rowCount() == 4
    angle = 180.0  # the four landmarks of the stand-in lie on one line
    assert cell(panel, 0, VALUE) == f"{angle:.1f}°"
    assert (cell(panel, 0, NORM), cell(panel, 0, SD), cell(panel, 0, WORDS)) == ("150 ± 10", "+3.0", "long face")
    assert cell(panel, 0, CLASS) == "high"
    assert cell(panel, 0, VALUE, Qt.ItemDataRole.ForegroundRole).name() == chrome().far
    assert cell(panel, 0, WIGGLE, Qt.ItemDataRole.AccessibleTextRole) == "+3.0 SD"


def test_what_cannot_be_measured_is_grey_and_says_why_across_the_row(panel):
    assert cell(panel, 2, VALUE) == "It needs Basion (Ba), not among these landmarks."
    assert cell(panel, 2, NAME, Qt.ItemDataRole.ForegroundRole).name() == chrome().faint
    assert panel.table.columnSpan(2, VALUE) == CLASS
    assert panel.table.columnSpan(0, VALUE) == 1
    assert "Basion" in cell(panel, 2, NAME, Qt.ItemDataRole.ToolTipRole)


def test_reasons_have_room_where_nothing_can_be_measured_yet(panel, window, qtbot):
    path = panel._measuring.folder / "own.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("norms")), encoding="utf-8")
    landmarks = window.controller.document.landmarks
    for name in landmarks.names:
        landmarks = landmarks.without_point(name)
    window.controller.document.set_landmarks(landmarks)
    panel._measuring.read()
    idle(window.controller, qtbot)
    table = panel.table
    assert all(cell(panel, row, VALUE) for row in range(4))
    assert table.columnSpan(0, VALUE) == CLASS
    spanned = sum(table.columnWidth(column) for column in range(VALUE, CLASS + 1))
    assert spanned > table.fontMetrics().horizontalAdvance(cell(panel, 0, VALUE))


def test_it_follows_every_edit_at_once(panel, window):
    before = cell(panel, 0, VALUE)
    controller = window.controller
    controller.editor.begin_drag("Nasion", (20.0, 25.0))
    controller.editor.drag_to((20.0, 40.0))
    during = cell(panel, 0, VALUE)
    controller.editor.cancel_drag()
    assert before != during
    assert cell(panel, 0, VALUE) == before
    controller.editor.select("Menton")
    controller.editor.mark_absent()
    assert cell(panel, 0, VALUE) == "Menton is not in the image."
    assert panel.table.columnSpan(0, VALUE) == CLASS
    controller.editor.undo()
    assert (cell(panel, 0, VALUE), panel.table.columnSpan(0, VALUE)) == (before, 1)


def test_the_row_under_the_mouse_is_pointed_at_and_a_click_picks_it(panel, window, qtbot):
    measuring, viewport = window.controller.measuring, panel.table.viewport()
    shown = []
    measuring.show_requested.connect(shown.append)
    qtbot.mouseMove(viewport, place(panel, 1))
    qtbot.waitUntil(lambda: measuring.pointed_at == "S–N")
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place(panel, 0))
    assert np.allclose(shown[-1], [[10, 20], [20, 25], [30, 30]])
    qtbot.mouseMove(window.slice_view, QPoint(5, 5))
    measuring.point_at(None)
    assert measuring.pointed_at == "SNMe"


def test_ctrl_c_puts_the_table_on_the_clipboard(panel, qtbot):
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 5
    assert lines[1].startswith("Angle at nasion\t180.0\t°\t")


def test_letters_are_commands_of_the_window(panel, window, qtbot):
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_G)
    assert window.controller.view_state.show_tracing


def test_the_boxes_choose_analysis_and_norms(panel, window, qtbot):
    measuring = window.controller.measuring
    texts = [panel.analyses.itemText(row) for row in range(panel.analyses.count())]
    assert panel.analyses.currentText() == "My own  (3 of 4)"
    assert len(texts) == 11
    assert panel.populations.isVisible()
    panel.populations.setCurrentIndex(2)
    panel.populations.activated.emit(2)
    assert cell(panel, 0, NORM) == "179 ± 2"
    jarabak = next(row for row, text in enumerate(texts) if "Jarabak" in text)
    panel.analyses.setCurrentIndex(jarabak)
    panel.analyses.activated.emit(jarabak)
    assert measuring.offer.key == "jarabak"
    assert panel.table.model().rowCount() == 16  # 13 measurements under 3 headings
    assert not panel.populations.isVisible()
    idle(window.controller, qtbot)


def test_a_narrow_table_keeps_name_value_and_words(panel, window, qtbot):
    table = panel.table
    table.resize(700, 300)
    table._fit_columns()
    assert table.isColumnHidden(INTERVAL)  # no landmark says how uncertain it is
    radii = np.full(4, 0.5, np.float32)
    window.controller.document.set_landmarks(replace(window.controller.document.landmarks, radius_mm=radii))
    table._fit_columns()
    shown = [column for column in range(CLASS + 1) if not table.isColumnHidden(column)]
    assert {NAME, VALUE, INTERVAL, NORM, WIGGLE, WORDS} <= set(shown)
    assert sum(map(table.columnWidth, shown)) == table.viewport().width()  # names and words take what is left
    table.resize(330, 300)
    table._fit_columns()
    hidden = [column for column in range(CLASS + 1) if table.isColumnHidden(column)]
    assert SD in hidden
    assert INTERVAL in hidden
    assert not {NAME, VALUE, WORDS} & set(hidden)
    idle(window.controller, qtbot)


def test_nothing_is_measured_while_the_panel_is_hidden(panel, window, monkeypatch):
    window.controller.view_state.show_measurements = False
    assert not panel.isVisible()
    monkeypatch.setattr("app.session.measured_subject.measure", lambda *_, **__: pytest.fail("nobody looks"))
    window.controller.editor.select("Nasion")
    window.controller.editor.nudge(1, 0)


def test_groups_have_headings_that_nobody_points_at(panel, window, qtbot):
    measuring = window.controller.measuring
    measuring.choose("jarabak")
    idle(window.controller, qtbot)
    table, model = panel.table, panel.table.model()
    groups = list(dict.fromkeys(row.group for row in measuring.rows))
    headings = [row for row in range(model.rowCount()) if model.key_at(row) is None]
    assert [cell(panel, row, NAME) for row in headings] == groups
    assert headings[0] == 0
    assert table.columnSpan(0, NAME) == WIGGLE  # the line of the wigglegram runs on
    assert not model.flags(model.index(0, NAME)) & Qt.ItemFlag.ItemIsSelectable
    qtbot.mouseMove(table.viewport(), place(panel, 1))
    qtbot.waitUntil(lambda: measuring.pointed_at == model.key_at(1))
    qtbot.mouseMove(table.viewport(), place(panel, 0))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place(panel, 0))
    measuring.point_at(None)
    assert measuring.pointed_at is None
    table.setFocus()
    table.setCurrentIndex(model.index(headings[1] - 1, NAME))
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert table.currentIndex().row() == headings[1] + 1
    idle(window.controller, qtbot)


def test_an_own_analysis_without_groups_has_no_headings(panel):
    model = panel.table.model()
    assert all(model.key_at(row) is not None for row in range(model.rowCount()))


def test_words_that_do_not_fit_are_broken_into_lines(panel, window, tmp_path, qtbot):
    path = panel._measuring.folder / "own.toml"
    text = path.read_text(encoding="utf-8")
    long = (
        "a face that is very much longer than that of most other people of this age, sex and origin, as far as we know"
    )
    path.write_text(text.replace("long face", long), encoding="utf-8")
    panel._measuring.read()
    idle(window.controller, qtbot)
    table = panel.table
    table.resize(420, 300)
    table._fit_columns()
    lines = table.fontMetrics().lineSpacing()
    assert 3 * lines < table.rowHeight(0) < 4 * lines  # no higher than that: the tip has the rest
    assert table.rowHeight(1) < table.rowHeight(0)
    assert long in " ".join(cell(panel, 0, WORDS, Qt.ItemDataRole.ToolTipRole).split())


def test_the_selected_row_keeps_its_colours(panel, qtbot):
    table = panel.table
    table.selectRow(0)
    qtbot.wait(20)
    wanted = QColor(chrome().far)
    place_of_value = table.visualRect(table.model().index(0, VALUE))
    picture = table.viewport().grab(place_of_value).toImage()
    pixels = [picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height())]
    near = [one for one in pixels if max(abs(one.red() - wanted.red()), abs(one.green() - wanted.green())) < 40]
    assert len(near) > 5


def test_the_menu_beside_the_box_saves_keeps_and_takes_out(panel, window, answers, tmp_path, qtbot):
    controller = window.controller
    menu = panel.more.menu()

    def entries():
        menu.fill()
        return {action.text(): action for action in menu.actions() if action.text()}

    assert list(entries()) == [
        "&New analysis…", "&Edit “My own”…", "Edit a &copy of “My own”…", "&Open analysis…", "&Save “My own” as a file…",
    ]  # fmt: skip
    path = tmp_path / "day.cairn"
    Project.create(path).close()
    controller.desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: controller.own_analyses.keeps)
    idle(controller, qtbot)
    image = make_image(spacing_known=True)
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image)
    entries()["&Put “My own” into the project"].trigger()
    qtbot.waitUntil(lambda: controller.own_analyses.find("own") is not None)
    there = entries()
    assert "&Put “My own” into the project" not in there  # it is the project's now
    assert panel.analyses.currentText() == "My own  (3 of 4, in the project)"
    assert not there["In the project:"].isEnabled()
    kept = there["My own"].menu().actions()
    answers.saved_analysis = tmp_path / "out.toml"
    kept[0].trigger()
    assert controller.analysis_editing.name == "own"
    assert controller.analysis_editing.cancel()
    kept[1].trigger()
    qtbot.waitUntil(answers.saved_analysis.exists)
    kept[2].trigger()
    qtbot.waitUntil(lambda: controller.own_analyses.kept == ())
    idle(controller, qtbot)
    controller.desk.close()
