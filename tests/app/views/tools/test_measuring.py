"""Distances and angles with a hand on the mouse: clicks, strokes, drags, keys, in a picture, in slices and in 3D."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.session.view_state import Mode, Panel
from core.geometry.planes import Orientation
from core.project.free_measurements import FreeKind
from core.values.landmarks import Landmarks
from tests.support.hand import LEFT, NO_KEY, drag, move_event, screen
from tests.support.viewer_fixtures import idle, make_image, make_prediction, messages

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def free(window):
    return window.controller.free_measuring


def spot(window, column, row, orientation=None):
    """Where a pixel of the slice is on the screen."""
    window.viewer.bring_up_to_date()
    view = window.viewer.views[orientation or window.controller.view_state.active]
    return QPoint(*(round(value) for value in view.screen_map().to_screen((column, row))))


def click(window, *places, orientation=None, modifier=NO_KEY):
    viewport = window.viewer.views[orientation or window.controller.view_state.active].viewport()
    for place in places:
        QTest.mouseClick(viewport, LEFT, modifier, place)


def hover(window, place):
    viewport = window.slice_view.viewport()
    event = move_event(viewport, place, Qt.MouseButton.NoButton, NO_KEY)
    QApplication.sendEvent(viewport, event)


def banner(window):
    label = window.slice_view.findChild(QLabel, "modeBanner")
    return label.text() if label.isVisible() else ""


def points(window):
    """Return the pixels of the last measurement."""
    plane = window.controller.editor.plane
    return plane.px_from_mm(window.controller.free_measuring.measurements[-1].array_mm)


def test_key_click_click_gives_a_distance_and_escape_ends_it(window, free):
    QTest.keyClick(window.slice_view, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert "click one end" in banner(window)
    click(window, spot(window, 15, 50), spot(window, 45, 60))
    assert len(free.rows) == 1
    assert np.abs(points(window) - [(15, 50), (45, 60)]).max() < 0.3
    assert free.kind is FreeKind.DISTANCE, "the next one can be drawn at once"
    QTest.keyClick(window.slice_view, Qt.Key.Key_Escape)
    assert free.kind is None
    assert banner(window) == ""


def test_an_angle_takes_three_clicks_and_shows_its_value_before_the_last(window, free):
    QTest.keyClick(window.slice_view, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    click(window, spot(window, 40, 60))
    assert "vertex" in banner(window)
    click(window, spot(window, 15, 60))
    assert "second side" in banner(window)
    hover(window, spot(window, 15, 70))
    assert float(free.drawings[-1].text.rstrip("°")) == pytest.approx(90, abs=2)
    assert free.rows == ()
    click(window, spot(window, 40, 70))
    assert free.measurements[0].kind is FreeKind.ANGLE


def test_one_stroke_draws_a_distance_and_a_trembling_hand_does_not(window, free):
    window.controller.free_measuring.toggle(FreeKind.DISTANCE)
    drag(window, spot(window, 15, 50), spot(window, 15, 50) + QPoint(5, 0))
    assert free.points_clicked == 1
    window.controller.leave_mode()
    drag(window, spot(window, 15, 50), spot(window, 45, 60))
    assert len(free.rows) == 1
    assert np.abs(points(window) - [(15, 50), (45, 60)]).max() < 0.3
    assert free.points_clicked == 0


def test_clicks_snap_to_landmarks_and_with_ctrl_they_do_not(window, free):
    landmarks = window.controller.document.landmarks
    free.toggle(FreeKind.DISTANCE)
    beside = QPoint(5, 4)
    click(window, screen(window, "Sella") + beside, screen(window, "Nasion") + beside)
    assert free.measurements[-1].array_mm.tolist() == [landmarks.point_mm(n).tolist() for n in ("Sella", "Nasion")]
    click(window, screen(window, "Menton") + beside, screen(window, "Gonion") + beside, modifier=CTRL)
    assert free.measurements[-1].array_mm[0].tolist() != landmarks.point_mm("Menton").tolist()
    assert window.controller.document.landmarks == landmarks, "no landmark was moved"


def test_a_point_is_dragged_also_while_measuring_and_a_click_on_it_begins_there(window, free):
    free.toggle(FreeKind.DISTANCE)
    click(window, spot(window, 15, 50), spot(window, 45, 60))
    drag(window, spot(window, 45, 60), spot(window, 45, 70))
    assert len(free.rows) == 1
    assert points(window)[1] == pytest.approx((45, 70), abs=0.5)
    click(window, spot(window, 45, 70), spot(window, 20, 70))
    assert len(free.rows) == 2
    window.controller.view_state.mode = Mode.NAVIGATE
    drag(window, spot(window, 20, 70), spot(window, 20, 55))
    assert points(window)[1] == pytest.approx((20, 55), abs=0.5)
    assert window.controller.undo_stack.undoText() == "Change distance"


def test_escape_during_a_drag_puts_the_point_back(window, free):
    free.toggle(FreeKind.DISTANCE)
    click(window, spot(window, 15, 50), spot(window, 45, 60))
    window.controller.leave_mode()
    drag(window, spot(window, 45, 60), spot(window, 45, 70), release=False)
    assert points(window)[1] == pytest.approx((45, 70), abs=0.5)
    QTest.keyClick(window.slice_view, Qt.Key.Key_Escape)
    viewport = window.slice_view.viewport()
    QApplication.sendEvent(viewport, move_event(viewport, spot(window, 30, 70), LEFT, NO_KEY))
    QTest.mouseRelease(viewport, LEFT, NO_KEY, spot(window, 30, 70))
    assert points(window)[1] == pytest.approx((45, 60), abs=0.5)
    assert window.controller.undo_stack.undoText() == "Measure distance"


def test_a_click_on_the_line_selects_and_delete_takes_it_away(window, free):
    free.toggle(FreeKind.DISTANCE)
    click(window, spot(window, 15, 50), spot(window, 45, 60), spot(window, 15, 70), spot(window, 45, 75))
    window.controller.leave_mode()
    click(window, spot(window, 30, 55))
    assert free.selected == free.measurements[0]
    window.refresh()
    QTest.keyClick(window.slice_view, Qt.Key.Key_Delete)
    assert len(free.rows) == 1
    click(window, spot(window, 55, 10))
    assert free.selected is None
    window.refresh()
    QTest.keyClick(window.slice_view, Qt.Key.Key_Delete)
    assert len(free.rows) == 1, "nothing is selected"
    window.controller.editor.undo()
    assert len(free.rows) == 2


def test_a_landmark_under_an_end_is_moved_unless_the_measurement_is_selected(window, free):
    free.toggle(FreeKind.DISTANCE)
    click(window, screen(window, "Sella"), spot(window, 45, 60))
    window.controller.leave_mode()
    sella = window.controller.document.landmarks.point_mm("Sella").tolist()
    drag(window, screen(window, "Sella"), screen(window, "Sella") + QPoint(0, 60), modifier=CTRL)
    assert window.controller.document.landmarks.point_mm("Sella").tolist() == sella
    assert free.measurements[0].array_mm[0].tolist() != sella
    free.select(None)
    window.controller.editor.undo()
    free.select(None)
    drag(window, screen(window, "Sella"), screen(window, "Sella") + QPoint(0, 60))
    assert window.controller.document.landmarks.point_mm("Sella").tolist() != sella
    assert free.measurements[0].array_mm[0].tolist() == sella


def test_while_everything_is_hidden_nothing_can_be_taken_hold_of(window, free):
    free.toggle(FreeKind.DISTANCE)
    click(window, spot(window, 15, 50), spot(window, 45, 60))
    window.controller.leave_mode()
    free.select(None)
    window.controller.view_state.hide_all = True
    click(window, spot(window, 30, 55))
    assert free.selected is None


# Volumes


@pytest.fixture
def volume(empty_window, qtbot):
    controller = empty_window.controller
    image = make_image((30, 80, 60), spacing_known=True)
    image.voxels.flags.writeable = True
    image.voxels[:] = 0
    image.voxels[15, 20, 30] = image.voxels[15, 60, 30] = 250
    image.voxels.flags.writeable = False
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image, ((0.0, 250.0), (0.0, 250.0)))
    empty_window.refresh()
    idle(controller, qtbot)
    qtbot.wait(20)
    return empty_window


def test_a_distance_begins_in_one_plane_and_ends_in_another(volume):
    free = volume.controller.free_measuring
    volume.controller.navigator.go_to((30.0, 40.0, 15.0))
    free.toggle(FreeKind.DISTANCE)
    before = volume.controller.view_state.crosshair_mm
    click(volume, spot(volume, 40, 50), orientation=Orientation.AXIAL)
    coronal = spot(volume, 20, 10, Orientation.CORONAL)
    click(volume, coronal, orientation=Orientation.CORONAL)
    ends = free.measurements[0].array_mm
    assert ends[0, 2] == pytest.approx(15)
    assert ends[1, 1] == pytest.approx(40, abs=0.51)
    assert volume.controller.view_state.crosshair_mm == before
    assert len(free.rows) == 1


def test_a_slice_far_away_does_not_show_it_unless_it_is_selected(volume):
    controller, free = volume.controller, volume.controller.free_measuring
    controller.navigator.go_to((30.0, 40.0, 3.0))
    free.toggle(FreeKind.DISTANCE)
    click(volume, spot(volume, 40, 50), spot(volume, 45, 70))
    controller.leave_mode()
    layer = volume.slice_view._free_layer
    middle = spot(volume, 42.5, 60).toTuple()
    free.select(None)
    assert layer.handle_at(middle) is not None
    controller.navigator.go_to((30.0, 40.0, 25.0))
    assert layer.handle_at(middle) is None
    free.select(free.measurements[0].uuid)
    assert layer.handle_at(middle) is not None


def scene_click(scene, place_mm, *, offset=(0, 0)):
    at = QPointF(*(scene.view.to_px(np.array(place_mm, dtype=float)) + offset))
    for kind, buttons in (
        (QEvent.Type.MouseButtonPress, LEFT),
        (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        QApplication.sendEvent(scene, QMouseEvent(kind, at, scene.mapToGlobal(at), LEFT, buttons, NO_KEY))


def scene_hover(scene, place_mm):
    at, none = QPointF(*scene.view.to_px(np.array(place_mm, dtype=float))), Qt.MouseButton.NoButton
    QApplication.sendEvent(scene, QMouseEvent(QEvent.Type.MouseMove, at, scene.mapToGlobal(at), none, none, NO_KEY))


def test_in_3d_clicks_take_what_is_seen_there(volume):
    controller, free, scene = volume.controller, volume.controller.free_measuring, volume.viewer.scene
    controller.document.set_landmarks(Landmarks((), np.zeros((0, 3))))
    controller.view_state.maximised = Panel.SCENE
    scene.look_from("L")
    free.toggle(FreeKind.DISTANCE)
    label = scene.findChild(QLabel, "modeBanner")
    assert label.isVisible()
    assert "click one end" in label.text()
    assert "drag rotates" in label.text()
    scene_click(scene, (10, 40, 5))
    assert free.points_clicked == 0
    assert "nothing to be seen here" in messages(controller)[-1]
    scene_click(scene, (30, 20, 15))
    scene_hover(scene, (30, 60, 15))
    assert float(free.drawings[-1].text.split()[0]) == pytest.approx(40, abs=1.5)
    scene_click(scene, (30, 60, 15))
    assert np.abs(free.measurements[0].array_mm - [(30, 20, 15), (30, 60, 15)]).max() <= 1
    controller.leave_mode()
    assert not label.isVisible()
    free.select(None)
    scene_click(scene, (30, 40, 15))
    assert free.selected == free.measurements[0], "a click on the line selects it"
    scene_click(scene, (30, 40, 15), offset=(0, 60))
    assert free.selected is None


def test_in_3d_clicks_snap_to_landmarks(volume):
    controller, free, scene = volume.controller, volume.controller.free_measuring, volume.viewer.scene
    free.toggle(FreeKind.DISTANCE)
    landmarks = controller.document.landmarks
    for name in ("Sella", "Gonion"):
        scene_click(scene, landmarks.point_mm(name), offset=(2, 2))
    assert free.measurements[0].array_mm.tolist() == [landmarks.point_mm(n).tolist() for n in ("Sella", "Gonion")]
    assert controller.view_state.selected is None
