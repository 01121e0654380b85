import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolTip

from app.desktop import theme
from app.panels.landmark_table import NAME, STATUS, X
from app.session.controller import Controller
from app.session.view_state import Mode
from app.window.main_window import MainWindow
from core.images.file import write_image
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Status
from tests.support.hand import LEFT, MIDDLE, NO_KEY, RIGHT, drag, move_event, screen, status, wheel
from tests.support.viewer_fixtures import make_image, make_model_file


def pixels(image: QImage) -> np.ndarray:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return rows[:, : grey.width()].copy()


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
    QTest.mouseClick(window.slice_view.viewport(), LEFT, NO_KEY, start + QPoint(60, -60))
    assert window.controller.view_state.selected is None


def test_esc_lets_go_of_the_point(window, qtbot):
    before = window.controller.document.landmarks
    start = screen(window, "Sella")
    drag(window, start, start + QPoint(40, 24), release=False)
    assert window.controller.document.landmarks != before
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.controller.document.landmarks == before
    QTest.mouseRelease(window.slice_view.viewport(), LEFT, NO_KEY, start)
    assert window.controller.document.landmarks == before


def test_after_esc_the_point_stays_where_it_was_while_the_button_is_still_down(window):
    before = window.controller.document.landmarks
    start = screen(window, "Sella")
    viewport = window.slice_view.viewport()
    drag(window, start, start + QPoint(40, 24), release=False)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QApplication.sendEvent(viewport, move_event(viewport, start + QPoint(50, 30), LEFT, NO_KEY))
    QTest.mouseRelease(viewport, LEFT, NO_KEY, start + QPoint(50, 30))
    assert window.controller.document.landmarks == before


def test_a_second_button_does_not_end_a_drag(window):
    start = screen(window, "Sella")
    levels = window.controller.view_state.levels
    drag(window, start, start + QPoint(30, 20), release=False)
    viewport = window.slice_view.viewport()
    press = QMouseEvent(
        QEvent.Type.MouseButtonPress, start + QPoint(30, 20), viewport.mapToGlobal(start), RIGHT, LEFT | RIGHT, NO_KEY
    )
    QApplication.sendEvent(viewport, press)
    QApplication.sendEvent(viewport, move_event(viewport, start + QPoint(40, 24), LEFT | RIGHT, NO_KEY))
    QTest.mouseRelease(viewport, RIGHT, NO_KEY, start + QPoint(40, 24))
    assert window.controller.editor.dragging
    QTest.mouseRelease(viewport, LEFT, NO_KEY, start + QPoint(40, 24))
    assert not window.controller.editor.dragging
    assert (screen(window, "Sella") - start - QPoint(40, 24)).manhattanLength() <= 2
    assert window.controller.view_state.levels == levels


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
    QTest.mouseClick(window.slice_view.viewport(), RIGHT, NO_KEY, screen(window, "Nasion"))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()][1] == "Mark as &not present"
    menu.actions()[1].trigger()
    menu.close()
    assert status(window, "Nasion") is Status.ABSENT


@pytest.mark.parametrize(("button", "modifier"), [(MIDDLE, NO_KEY), (LEFT, Qt.KeyboardModifier.ShiftModifier)])
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
    there_px = fitted.to_px(place.toTuple())
    wheel(window, place, 4)
    assert window.slice_view.screen_map().scale[0] == pytest.approx(fitted.scale[0] * 1.2**4, rel=1e-3)
    assert window.slice_view.screen_map().to_px(place.toTuple()) == pytest.approx(there_px, abs=0.01)
    window.actions_by_id["view.fit"].trigger()
    assert window.slice_view.screen_map().scale == pytest.approx(fitted.scale)
    wheel(window, place, 4)
    QTest.mouseDClick(window.slice_view.viewport(), LEFT, NO_KEY, QPoint(5, 5))
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
    qtbot.waitUntil(window.slice_view.isVisible)
    window.viewer.bring_up_to_date()
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
    QTest.mouseClick(window.slice_view.viewport(), LEFT, NO_KEY, target)
    assert status(window, "Sella") is Status.PLACED
    assert (screen(window, "Sella") - target).manhattanLength() <= 1
    assert not banner.isVisible()


def test_a_click_places_even_on_another_landmark_which_a_drag_still_moves(window):
    editor = window.controller.editor
    editor.select("Sella")
    editor.clear()
    window.controller.placing.toggle()
    start = screen(window, "Nasion")
    drag(window, start, start + QPoint(20, 0))
    assert status(window, "Nasion") is Status.CORRECTED
    editor.select("Sella")
    before_mm = window.controller.document.landmarks.point_mm("Nasion")
    QTest.mouseClick(window.slice_view.viewport(), LEFT, NO_KEY, screen(window, "Nasion") + QPoint(4, 3))
    assert status(window, "Sella") is Status.PLACED
    assert np.array_equal(window.controller.document.landmarks.point_mm("Nasion"), before_mm)


def test_the_status_line_tells_position_and_value_under_the_mouse(window):
    column, row = 20, 30
    place = QPoint(*(round(v) for v in window.slice_view.screen_map().to_screen((column, row))))
    QApplication.sendEvent(
        window.slice_view.viewport(),
        move_event(window.slice_view.viewport(), place, LEFT & RIGHT, NO_KEY),
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
    QTest.keyClick(window.slice_view, Qt.Key.Key_Right)
    QTest.keyClick(window.slice_view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(window.slice_view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    controller = window.controller
    point_px = controller.editor.plane.px_from_mm(controller.document.landmarks.point_mm("Sella"))
    assert np.allclose(point_px, [21, 20.1])


def test_arrow_keys_walk_through_the_table_while_it_has_the_focus(window, qtbot):
    before = window.controller.document.landmarks
    window.table.setFocus()
    window.controller.editor.select("Sella")
    QTest.keyClick(window.table, Qt.Key.Key_Down)
    assert window.controller.view_state.selected == "Nasion"
    assert window.controller.document.landmarks == before


def test_a_frame_and_words_show_where_arrow_keys_move_a_landmark(window, qtbot):
    view = window.slice_view
    QTest.mouseClick(view.viewport(), LEFT, NO_KEY, screen(window, "Sella"))
    assert view.hasFocus()
    framed = view.grab().toImage()
    corners = [(0, 0), (framed.width() - 1, 0), (0, framed.height() - 1), (framed.width() - 1, framed.height() - 1)]
    assert all(framed.pixelColor(*corner) == theme.colour(theme.FOCUS) for corner in corners)
    window.table.setFocus()
    unframed = view.grab().toImage()
    assert not any(unframed.pixelColor(*corner) == theme.colour(theme.FOCUS) for corner in corners)
    bottom_left = (slice(framed.height() - 30, framed.height() - 6), slice(8, 160))
    assert (pixels(framed)[bottom_left] != pixels(unframed)[bottom_left]).any()  # the words
    view.setFocus()
    window.controller.editor.select(None)
    assert not (pixels(view.grab().toImage())[bottom_left] != pixels(unframed)[bottom_left]).any()


def test_an_arrow_key_brings_a_landmark_into_sight_before_it_moves_it(window):
    wheel(window, screen(window, "Gonion"), 12)
    window.controller.editor.select("Sella")
    view, before = window.slice_view, window.controller.document.landmarks
    view.setFocus()
    assert not view.rect().contains(screen(window, "Sella"))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert window.controller.document.landmarks == before
    assert view.rect().contains(screen(window, "Sella"))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert status(window, "Sella") is Status.CORRECTED


def test_what_is_known_of_a_landmark_is_said_where_the_mouse_rests_on_it(window, qtbot):
    viewport = window.slice_view.viewport()

    def rest(place):
        QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, place, viewport.mapToGlobal(place)))
        return QToolTip.text()

    assert rest(screen(window, "Sella")).splitlines() == ["Sella (S)", "Predicted", "Presence 90 %", "Spread 1.0 px"]
    rest(QPoint(5, 5))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_letters_are_commands_even_in_the_table(window, qtbot):
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Period)
    assert window.controller.view_state.selected == "Sella"
    qtbot.waitUntil(window.actions_by_id["landmark.confirm"].isEnabled)
    QTest.keyClick(window.table, Qt.Key.Key_Space)
    assert status(window, "Sella") is Status.CONFIRMED
    assert window.controller.view_state.selected == "Nasion"
    QTest.keyClick(window.table, Qt.Key.Key_Comma)
    assert window.controller.view_state.selected == "Sella"
    QTest.keyClick(window.table, Qt.Key.Key_Z)
    assert status(window, "Sella") is Status.PREDICTED


def test_f2_types_a_position_and_renames_a_point_of_one_s_own(window, answers, qtbot):
    table, controller = window.table, window.controller
    window.resize(1400, 700)
    window.resizeDocks([window.dock], [640], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: not table.isColumnHidden(X))
    QTest.mouseClick(table.viewport(), LEFT, NO_KEY, table.visualRect(table.model().index(0, NAME)).center())
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = table.indexWidget(table.currentIndex())
    QTest.keyClicks(editor, "12,5")  # comma, full stop and letters are no commands here
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert np.allclose(controller.document.landmarks.point_mm("Sella"), [12.5, 20])
    controller.placing.toggle()
    controller.placing.place((3, 4))
    qtbot.waitUntil(window.actions_by_id["landmark.rename"].isEnabled)
    answers.name = "Tip"
    table.setFocus()
    QTest.mouseClick(table.viewport(), LEFT, NO_KEY, table.visualRect(table.model().index(4, NAME)).center())
    QTest.keyClick(table, Qt.Key.Key_F2)
    assert controller.document.landmarks.names[-1] == "Tip"


def test_a_locked_landmark_is_neither_dragged_nor_nudged_nor_cleared(window, qtbot):
    before = window.controller.document.landmarks
    start = screen(window, "Sella")
    QTest.mouseClick(window.slice_view.viewport(), LEFT, NO_KEY, start)
    qtbot.waitUntil(window.actions_by_id["landmark.lock"].isEnabled)
    unlocked = window.slice_view.grab().toImage()
    QTest.keyClick(window.slice_view, Qt.Key.Key_L)
    assert window.controller.view_state.locked == {"Sella"}
    assert window.actions_by_id["landmark.lock"].isChecked()
    cell = window.table.model().index(0, STATUS)
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "predicted, locked"
    assert not cell.data(Qt.ItemDataRole.DecorationRole).isNull()
    window.viewer.bring_up_to_date()
    assert window.slice_view.grab().toImage() != unlocked  # a padlock
    for act in (
        lambda: drag(window, start, start + QPoint(40, 24)),
        lambda: QTest.keyClick(window.slice_view, Qt.Key.Key_Right),
        lambda: QTest.keyClick(window.slice_view, Qt.Key.Key_Delete),
        lambda: QTest.keyClick(window.slice_view, Qt.Key.Key_X),
    ):
        window.controller.view_state.messages = ()
        act()
        assert window.controller.document.landmarks == before
        assert [message.text for message in window.controller.view_state.messages] == [
            "Sella (S) is locked. L unlocks it."
        ]
    QTest.keyClick(window.slice_view, Qt.Key.Key_L)
    drag(window, start, start + QPoint(40, 24))
    assert status(window, "Sella") is Status.CORRECTED


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
    assert not action.isChecked()  # arrows over the anatomy are asked for
    QTest.keyClick(window, Qt.Key.Key_V)
    assert action.isChecked()
    assert window.controller.view_state.show_vectors
    QTest.keyClick(window, Qt.Key.Key_I)
    assert window.actions_by_id["view.invert"].isChecked()
