import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QKeySequence, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from app.actions import ACTIONS, LANDMARK_MENU, TOOLBAR
from app.controller import Controller
from app.landmark_table import NAME, PRESENCE, STATUS, Z
from app.main_window import MainWindow
from app.questions import Unsaved
from app.shortcut_sheet import ShortcutSheet
from app.view_state import Mode, Sort
from core.image_io import write_image
from core.types import Grid, Image, Status
from tests.viewer_fixtures import NAMES, make_image, make_model_file

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def empty_window(controller, qtbot):
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def window(empty_window, scan, qtbot):
    empty_window.controller.open_paths([scan])
    qtbot.waitUntil(lambda: empty_window.controller.document.prediction is not None)
    qtbot.wait(20)
    return empty_window


def screen(window, name):
    controller = window.controller
    point_px = controller.editor.plane.px_from_mm(controller.document.landmarks.point_mm(name))
    return QPoint(*(round(v) for v in window.slice_view.screen_map().to_screen(point_px)))


def status(window, name):
    landmarks = window.controller.document.landmarks
    return landmarks.status[landmarks.index(name)]


def drag(window, start, end, button=LEFT, modifier=Qt.KeyboardModifier.NoModifier, *, release=True):
    viewport = window.slice_view.viewport()
    QTest.mousePress(viewport, button, modifier, start)
    for part in (0.3, 0.7, 1.0):
        between = start + (end - start) * part
        QApplication.sendEvent(viewport, _move(viewport, between, button, modifier))
    if release:
        QTest.mouseRelease(viewport, button, modifier, end)


def _move(viewport, place, button, modifier):
    return QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(viewport.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        button,
        modifier,
    )


def wheel(window, place, steps, modifier=Qt.KeyboardModifier.NoModifier):
    viewport = window.slice_view.viewport()
    event = QWheelEvent(
        QPointF(place), QPointF(viewport.mapToGlobal(place)), QPoint(), QPoint(0, 120 * steps), LEFT & RIGHT, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt takes it by position only
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


# The table of actions


def test_ids_and_keys_are_unique_and_lists_name_real_actions():
    ids = [action.id for action in ACTIONS]
    keys = [QKeySequence(key).toString() for action in ACTIONS for key in action.shortcuts]
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)
    assert "" not in keys
    assert {*LANDMARK_MENU, *(id_ for group in TOOLBAR for id_ in group)} <= set(ids)


def test_every_drawn_icon_exists(empty_window):
    for action in ACTIONS:
        icon = empty_window.actions_by_id[action.id].icon()
        assert icon.isNull() == (not action.icon)
        assert not action.icon or not icon.pixmap(22, 22).isNull()


def test_without_an_image_only_what_needs_none_can_be_done(empty_window):
    enabled = {id_ for id_, action in empty_window.actions_by_id.items() if action.isEnabled()}
    assert enabled - {"file.sample"} == {"file.open", "file.model", "file.quit", "help.shortcuts", "help.about"}
    assert empty_window.pages.currentIndex() == 0
    assert not empty_window.dock.isVisible()


def test_every_action_can_be_triggered_without_an_image_and_with_one(window, empty_window, answers, qtbot):
    for action in ACTIONS:
        if not action.of_window:
            action.trigger(window.controller)
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    assert answers.errors == []


def test_the_sheet_names_every_key(empty_window, qtbot):
    empty_window.show_shortcuts()
    (sheet,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ShortcutSheet)]
    text = "".join(label.text() for label in sheet.findChildren(QLabel))
    for action in ACTIONS:
        for key in action.shortcuts:
            assert QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) in text
    assert "Hold H" in text
    sheet.close()


# Mouse


def test_dragging_a_point_corrects_it_and_undo_takes_it_back(window):
    start = screen(window, "Sella")
    before = window.controller.document.landmarks
    drag(window, start, start + QPoint(40, 24))
    assert status(window, "Sella") is Status.CORRECTED
    assert (screen(window, "Sella") - start - QPoint(40, 24)).manhattanLength() <= 2
    window.refresh()
    assert "Move Sella" in window.actions_by_id["edit.undo"].text()
    window.actions_by_id["edit.undo"].trigger()
    assert window.controller.document.landmarks == before


def test_a_trembling_click_selects_and_moves_nothing(window):
    before = window.controller.document.landmarks
    start = screen(window, "Menton")
    drag(window, start, start + QPoint(2, 0))
    assert window.controller.view_state.selected == "Menton"
    assert window.controller.document.landmarks == before
    QTest.mouseClick(window.slice_view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, start + QPoint(60, -60))
    assert window.controller.view_state.selected is None


def test_esc_lets_go_of_the_point(window, qtbot):
    before = window.controller.document.landmarks
    start = screen(window, "Sella")
    drag(window, start, start + QPoint(40, 24), release=False)
    assert window.controller.document.landmarks != before
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.controller.document.landmarks == before
    QTest.mouseRelease(window.slice_view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, start)
    assert window.controller.document.landmarks == before


def test_right_drag_changes_the_levels_and_not_the_selection(window):
    levels = window.controller.view_state.levels
    drag(window, QPoint(60, 60), QPoint(60, 20), RIGHT)
    low, high = window.controller.view_state.levels
    assert low < levels[0]
    assert high - low == pytest.approx(levels[1] - levels[0])
    assert window.controller.view_state.selected is None
    window.actions_by_id["view.levels"].trigger()
    assert window.controller.view_state.levels == levels


def test_right_click_on_a_point_opens_its_menu(window, qtbot):
    QTest.mouseClick(window.slice_view.viewport(), RIGHT, Qt.KeyboardModifier.NoModifier, screen(window, "Nasion"))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()][1] == "Mark not present"
    menu.actions()[1].trigger()
    menu.close()
    assert status(window, "Nasion") is Status.ABSENT


@pytest.mark.parametrize(
    ("button", "modifier"), [(MIDDLE, Qt.KeyboardModifier.NoModifier), (LEFT, Qt.KeyboardModifier.ShiftModifier)]
)
def test_the_image_is_moved_by_middle_or_shift_drag(window, button, modifier):
    wheel(window, QPoint(100, 100), 5)
    before = screen(window, "Sella")
    landmarks = window.controller.document.landmarks
    drag(window, QPoint(100, 100), QPoint(120, 90), button, modifier)
    assert screen(window, "Sella") - before == QPoint(20, -10)
    assert window.controller.document.landmarks == landmarks


def test_the_wheel_zooms_at_the_mouse_and_fit_goes_back(window):
    fitted = window.slice_view.screen_map()
    place = screen(window, "Nasion")
    wheel(window, place, 4)
    assert window.slice_view.screen_map().scale[0] == pytest.approx(fitted.scale[0] * 1.2**4, rel=1e-3)
    assert (screen(window, "Nasion") - place).manhattanLength() <= 1
    window.actions_by_id["view.fit"].trigger()
    assert window.slice_view.screen_map().scale == pytest.approx(fitted.scale)
    wheel(window, place, 4)
    QTest.mouseDClick(window.slice_view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, QPoint(5, 5))
    assert window.slice_view.screen_map().scale == pytest.approx(fitted.scale)


def test_pixels_have_their_physical_shape(answers, localize, tmp_path, qtbot, qapp):
    path = tmp_path / "wide.nrrd"
    image = make_image((1, 80, 60), spacing_known=True)
    write_image(Image(image.voxels, Grid.from_spacing((1, 80, 60), (1.0, 0.5, 1.5)), image.source), path)
    controller = Controller(answers, make_model_file(tmp_path / "m.pt"), localize=localize)
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    controller.open_paths([path])
    qtbot.waitUntil(lambda: controller.document.image is not None and not controller.jobs.busy)
    scale = window.slice_view.screen_map().scale
    assert scale[0] / scale[1] == pytest.approx(3.0)
    assert scale[1] > 0


def test_placing_by_click_follows_the_banner(window, qtbot):
    window.controller.editor.select("Sella")
    qtbot.waitUntil(window.actions_by_id["landmark.clear"].isEnabled)
    QTest.keyClick(window, Qt.Key.Key_Delete)
    assert status(window, "Sella") is Status.UNPLACED
    QTest.keyClick(window, Qt.Key.Key_P)
    assert window.controller.view_state.mode is Mode.PLACE
    banner = window.slice_view.findChild(QLabel, "modeBanner")
    assert banner.isVisible()
    assert "Sella" in banner.text()
    target = screen(window, "Nasion") + QPoint(70, 50)
    QTest.mouseClick(window.slice_view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, target)
    assert status(window, "Sella") is Status.PLACED
    assert (screen(window, "Sella") - target).manhattanLength() <= 1
    assert not banner.isVisible()


def test_the_status_line_tells_position_and_value_under_the_mouse(window):
    column, row = 20, 30
    place = QPoint(*(round(v) for v in window.slice_view.screen_map().to_screen((column, row))))
    QApplication.sendEvent(
        window.slice_view.viewport(),
        _move(window.slice_view.viewport(), place, LEFT & RIGHT, Qt.KeyboardModifier.NoModifier),
    )
    texts = [label.text() for label in window.status_bar.findChildren(QLabel)]
    value = window.controller.document.image.voxels[row, column]
    (cursor,) = [text for text in texts if "value" in text]
    assert cursor.endswith(f"value {value}")
    assert "px" in cursor
    assert any("60 × 80 px" in text and "unknown" in text for text in texts)


# Keys


def test_arrow_keys_nudge_while_the_image_has_the_focus(window, qtbot):
    window.controller.editor.select("Sella")
    window.slice_view.setFocus()
    qtbot.waitUntil(window.actions_by_id["landmark.nudge_right"].isEnabled)
    QTest.keyClick(window.slice_view, Qt.Key.Key_Right)
    QTest.keyClick(window.slice_view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    controller = window.controller
    point_px = controller.editor.plane.px_from_mm(controller.document.landmarks.point_mm("Sella"))
    assert np.allclose(point_px, [11, 20.1])


def test_arrow_keys_walk_through_the_table_while_it_has_the_focus(window, qtbot):
    before = window.controller.document.landmarks
    window.table.setFocus()
    window.controller.editor.select("Sella")
    QTest.keyClick(window.table, Qt.Key.Key_Down)
    assert window.controller.view_state.selected == "Nasion"
    assert window.controller.document.landmarks == before


def test_letters_are_commands_even_in_the_table(window, qtbot):
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_N)
    assert window.controller.view_state.selected == "Sella"
    qtbot.waitUntil(window.actions_by_id["landmark.confirm"].isEnabled)
    QTest.keyClick(window.table, Qt.Key.Key_Space)
    assert status(window, "Sella") is Status.CONFIRMED
    assert window.controller.view_state.selected == "Nasion"
    QTest.keyClick(window.table, Qt.Key.Key_B)
    assert window.controller.view_state.selected == "Sella"


@pytest.mark.parametrize("focus", ["slice_view", "table"])
def test_h_hides_while_it_is_held(window, focus):
    widget = getattr(window, focus)
    widget.setFocus()
    QTest.keyPress(widget, Qt.Key.Key_H)
    assert window.controller.view_state.hide_all
    QTest.keyRelease(widget, Qt.Key.Key_H)
    assert not window.controller.view_state.hide_all


def test_switches_show_their_state(window):
    action = window.actions_by_id["view.vectors"]
    assert action.isChecked()
    QTest.keyClick(window, Qt.Key.Key_V)
    assert not action.isChecked()
    assert not window.controller.view_state.show_vectors
    QTest.keyClick(window, Qt.Key.Key_I)
    assert window.actions_by_id["view.invert"].isChecked()


# Table, stages, messages, drop, close


def test_the_table_shows_names_states_and_worst_first(window):
    model = window.table.model()
    assert [model.index(row, NAME).data() for row in range(4)] == list(NAMES)
    assert model.index(0, PRESENCE).data() == "90 %"
    assert model.index(0, STATUS).data() == "predicted"
    assert window.table.isColumnHidden(Z)
    window.table.horizontalHeader().sectionClicked.emit(PRESENCE)
    assert window.controller.view_state.sort is Sort.PRESENCE
    assert [model.index(row, NAME).data() for row in range(4)] == list(reversed(NAMES))


def test_selecting_a_row_selects_the_point_and_brings_it_into_view(window):
    wheel(window, screen(window, "Sella"), 14)
    assert not window.slice_view.rect().contains(screen(window, "Gonion"))
    window.table.selectRow(3)
    assert window.controller.view_state.selected == "Gonion"
    assert (screen(window, "Gonion") - window.slice_view.rect().center()).manhattanLength() <= 3


def test_selecting_a_point_selects_its_row(window):
    window.controller.editor.select("Menton")
    assert [index.row() for index in window.table.selectionModel().selectedRows()] == [2]
    window.controller.editor.sort_by(Sort.SPREAD)
    assert [index.row() for index in window.table.selectionModel().selectedRows()] == [1]
    assert window.controller.view_state.selected == "Menton"


def test_the_stage_selector_names_the_stages_and_switches_the_field(window):
    assert [window.stage_box.itemText(i) for i in range(window.stage_box.count())] == ["Global", "Local 1"]
    window.controller.editor.select("Sella")
    window.stage_box.setCurrentIndex(1)
    window.stage_box.activated.emit(1)
    assert window.controller.view_state.stage == 1
    field = window.controller.document.field_of("Sella", 1)
    assert field.grid.shape == (40, 30)


def test_what_is_drawn_changes_with_vectors_labels_and_hiding(window, qtbot):
    def picture():
        qtbot.wait(30)
        return window.slice_view.grab().toImage()

    window.controller.editor.select("Menton")
    shown = picture()
    window.controller.view_state.show_vectors = False
    without_vectors = picture()
    window.controller.view_state.show_labels = False
    without_labels = picture()
    window.controller.view_state.hide_all = True
    bare = picture()
    window.controller.view_state.inverted = True
    pictures = [shown, without_vectors, without_labels, bare, picture()]
    assert all(a != b for i, a in enumerate(pictures) for b in pictures[i + 1 :])


def test_messages_stay_until_they_are_dismissed(window, qtbot):
    window.controller.view_state.say("The pixel size was guessed.")
    window.controller.view_state.say("The pixel size was guessed.")
    assert window.message_bar.isVisible()
    assert window.message_bar.texts() == ["The pixel size was guessed."]
    window.controller.view_state.dismiss(window.controller.view_state.messages[0])
    assert not window.message_bar.isVisible()


def test_progress_and_cancel_are_in_the_status_line(empty_window, scan, localize, qtbot):
    localize.gate.clear()
    controller = empty_window.controller
    controller.open_paths([scan])
    qtbot.waitUntil(lambda: controller.view_state.progress is not None and controller.view_state.progress.fraction > 0)
    button = empty_window.status_bar.cancel_button
    assert button.isVisible()
    assert not empty_window.actions_by_id["landmark.localize"].isEnabled()
    QTest.mouseClick(button, LEFT)
    assert not button.isEnabled()
    qtbot.waitUntil(lambda: not button.isVisible())
    assert localize.stopped.is_set()
    qtbot.waitUntil(empty_window.actions_by_id["landmark.localize"].isEnabled)


def test_dropping_a_file_opens_it(empty_window, scan, qtbot):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(scan))])
    event = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    empty_window.dropEvent(event)
    qtbot.waitUntil(lambda: empty_window.controller.document.prediction is not None)
    assert event.isAccepted()
    qtbot.waitUntil(lambda: empty_window.windowTitle().startswith("scan.png"))
    assert empty_window.pages.currentIndex() == 1


def test_the_title_shows_the_file_and_whether_it_is_changed(window, qtbot):
    assert window.windowTitle() == "scan.png[*] – Cairn"
    assert not window.isWindowModified()
    window.controller.editor.select("Sella")
    window.controller.editor.nudge(1, 0)
    qtbot.waitUntil(window.isWindowModified)
    window.controller.editor.undo()
    qtbot.waitUntil(lambda: not window.isWindowModified())


def test_a_window_with_unsaved_work_stays_open_until_the_person_agrees(window, answers):
    window.controller.editor.select("Sella")
    window.controller.editor.nudge(1, 0)
    assert not window.close()
    assert window.isVisible()
    answers.on_unsaved = Unsaved.DISCARD
    assert window.close()


def test_closing_the_window_while_localizing_stops_the_job(empty_window, scan, localize, qtbot):
    localize.gate.clear()
    empty_window.controller.open_paths([scan])
    qtbot.waitUntil(localize.started.is_set)
    assert empty_window.close()
    assert localize.stopped.is_set()


def test_a_volume_is_scrolled_by_wheel_and_slider(answers, localize, tmp_path, qtbot, qapp):
    path = tmp_path / "volume.nrrd"
    write_image(make_image((9, 80, 60), spacing_known=True), path)
    controller = Controller(answers, make_model_file(tmp_path / "3d.pt", ndim=3), localize=localize)
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    controller.open_paths([path])
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    qtbot.waitUntil(window.slice_slider.isVisible)
    assert window.slice_slider.value() == 4
    wheel(window, QPoint(100, 100), 1)
    assert controller.view_state.slice_index == 3
    wheel(window, QPoint(100, 100), -20)
    assert controller.view_state.slice_index == 8
    scale = window.slice_view.screen_map().scale
    wheel(window, QPoint(100, 100), 1, Qt.KeyboardModifier.ControlModifier)
    assert window.slice_view.screen_map().scale[0] > scale[0]
    assert controller.view_state.slice_index == 8
    window.slice_slider.setValue(2)
    assert controller.view_state.slice_index == 2
    assert not window.table.isColumnHidden(Z)
