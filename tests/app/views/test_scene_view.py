import time

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.desktop import theme
from app.views.scene_view import SceneView
from core.geometry.planes import Orientation
from core.values.landmarks import Landmarks, Status
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import NAMES, make_image, make_prediction

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def scene(controller, qtbot):
    view = SceneView(controller)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def volume(scene, controller, qtbot):
    """A panel with a volume and four landmarks."""
    image = make_image((40, 60, 60), spacing_known=True)
    controller.view_state.levels = (0.0, 250.0)
    controller.view_state.crosshair_mm = (30.0, 30.0, 20.0)
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    return scene


def colours(scene):
    picture = scene.grab().toImage().convertToFormat(scene.grab().toImage().Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine() // 4, 4)
    return pixels[:, : picture.width(), 2::-1].astype(int)


def has_colour(scene, name, tolerance=40):
    wanted = theme.colour(name)
    distance = np.abs(colours(scene) - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=-1)
    return bool((distance < tolerance).any())


def send(scene, kind, place, button=LEFT, buttons=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    at = QPointF(*place)
    QApplication.sendEvent(scene, QMouseEvent(kind, at, scene.mapToGlobal(at), button, buttons, modifiers))


def drag(scene, start, end, button=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    send(scene, QEvent.Type.MouseButtonPress, start, button, button, modifiers)
    for part in (0.3, 0.6, 1.0):
        place = [s + part * (e - s) for s, e in zip(start, end, strict=True)]
        send(scene, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button, modifiers)
    send(scene, QEvent.Type.MouseButtonRelease, end, button, Qt.MouseButton.NoButton, modifiers)


def click(scene, place):
    send(scene, QEvent.Type.MouseButtonPress, place)
    send(scene, QEvent.Type.MouseButtonRelease, place, buttons=Qt.MouseButton.NoButton)


def place_of(scene, controller, name):
    return scene.view.to_px(controller.document.landmarks.point_mm(name)).tolist()


@pytest.mark.parametrize("shape", [None, (40, 60)])
def test_without_a_volume_there_is_nothing_to_do(scene, controller, shape):
    if shape is not None:
        controller.document.set_image(make_image(shape), Landmarks((), np.zeros((0, 2))), None)
    assert scene.view is None
    assert not controller.jobs.busy
    scene.look_from("L")
    scene.fit()
    drag(scene, (100, 100), (150, 150))
    click(scene, (100, 100))
    canvas = theme.colour(theme.CANVAS)
    assert np.all(colours(scene) == [canvas.red(), canvas.green(), canvas.blue()])
    assert not any(button.isVisible() for button in scene.side_buttons.values())


def test_the_volume_appears_once_it_is_prepared(scene, controller, qtbot):
    image = make_image((40, 60, 60), spacing_known=True)
    controller.view_state.levels = (0.0, 250.0)
    controller.document.set_image(image, Landmarks((), np.zeros((0, 3))), None)
    before = colours(scene)[100:200, 150:250].mean()
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert colours(scene)[100:200, 150:250].mean() > before + 20


def test_landmarks_and_planes_are_drawn_in_their_colours(volume, controller):
    controller.view_state.selected = NAMES[0]
    for plane in Orientation:
        assert has_colour(volume, theme.PLANE_COLOURS[plane])
    assert has_colour(volume, theme.STATUS_COLOURS[Status.PREDICTED])
    controller.view_state.show_crosshair = False
    assert not any(has_colour(volume, theme.PLANE_COLOURS[plane]) for plane in Orientation)
    assert has_colour(volume, theme.STATUS_COLOURS[Status.PREDICTED])
    controller.view_state.show_crosshair = True
    controller.view_state.hide_all = True
    assert not any(has_colour(volume, theme.PLANE_COLOURS[plane]) for plane in Orientation)
    assert not has_colour(volume, theme.STATUS_COLOURS[Status.PREDICTED])


def test_the_selected_landmark_is_named(volume, controller):
    before = colours(volume)
    controller.view_state.selected = NAMES[1]
    x, y = (round(value) for value in place_of(volume, controller, NAMES[1]))
    changed = np.abs(colours(volume) - before).max(axis=-1) > 60
    assert changed[y - 8 : y + 8, x + 14 : x + 50].sum() > 30


def test_dragging_rotates_the_volume_about_its_middle(volume, controller):
    before = volume.view
    drag(volume, (200, 150), (260, 150))
    after = volume.view
    assert np.allclose(after.to_px(after.centre_mm), [200, 150])
    assert not np.allclose(after.screen_from_patient, before.screen_from_patient)
    front_mm = before.centre_mm - 10 * before.away
    assert after.to_px(front_mm)[0] > 205


def test_shift_or_the_middle_button_moves_it_and_fitting_brings_it_back(volume, controller):
    drag(volume, (200, 150), (230, 140), modifiers=Qt.KeyboardModifier.ShiftModifier)
    drag(volume, (200, 150), (210, 150), button=Qt.MouseButton.MiddleButton)
    assert np.allclose(volume.view.to_px(volume.view.centre_mm), [240, 140])
    controller.view_state.fit_requested.emit()
    assert np.allclose(volume.view.to_px(volume.view.centre_mm), [200, 150])


def test_the_wheel_zooms(volume):
    before = volume.view.scale
    at = QPointF(200, 150)
    none, up = QPoint(), QPoint(0, 120)
    buttons, modifiers = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, volume.mapToGlobal(at), none, up, buttons, modifiers, phase, False)  # noqa: FBT003 - Qt takes it by position only
    QApplication.sendEvent(volume, event)
    assert volume.view.scale == pytest.approx(before * 1.2)


def test_a_click_selects_the_nearest_landmark_and_a_drag_does_not(volume, controller):
    place = place_of(volume, controller, NAMES[2])
    drag(volume, place, (place[0] + 40, place[1]))
    assert controller.view_state.selected is None
    click(volume, place_of(volume, controller, NAMES[2]))
    assert controller.view_state.selected == NAMES[2]
    click(volume, (5, 5))
    assert controller.view_state.selected == NAMES[2]


def test_of_two_landmarks_on_one_line_the_nearer_one_is_meant(scene, controller, qtbot):
    image = make_image((40, 60, 60), spacing_known=True)
    points_mm = [[30.0, 50.0, 20.0], [30.0, 10.0, 20.0], [np.nan] * 3]
    controller.document.set_image(image, Landmarks(("behind", "before", "absent"), np.array(points_mm)), None)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    scene.look_from("A")
    assert scene.name_at(scene.view.to_px([30, 10, 20]).tolist()) == "before"
    scene.look_from("P")
    assert scene.name_at(scene.view.to_px([30, 10, 20]).tolist()) == "behind"


def test_the_buttons_look_from_each_side(volume):
    volume.side_buttons["L"].click()
    assert np.allclose(volume.view.away, [-1, 0, 0])
    volume.side_buttons["S"].click()
    assert np.allclose(volume.view.away, [0, 0, -1])


def test_a_double_click_asks_to_be_alone(volume, qtbot):
    with qtbot.waitSignal(volume.maximise_requested, timeout=500):
        send(volume, QEvent.Type.MouseButtonDblClick, (50, 50))


def test_moving_the_planes_renders_nothing_again(volume, controller, monkeypatch):
    volume.grab()

    def refuse(*_):
        raise AssertionError("rendered again")

    monkeypatch.setattr("app.views.volume_rendering.Renderer.render", refuse)
    controller.view_state.crosshair_mm = (10.0, 20.0, 30.0)
    controller.view_state.selected = NAMES[0]
    volume.grab()
    controller.view_state.levels = (0.0, 100.0)
    monkeypatch.undo()
    assert volume.grab().width() > 0


def test_a_new_image_drops_the_preparation_of_the_old_one(scene, controller, qtbot):
    first, second = (make_image((40, 60, size), spacing_known=True) for size in (30, 50))
    for image in (first, second):
        controller.document.set_image(image, Landmarks((), np.zeros((0, 3))), None)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    assert scene.view.centre_mm[0] == pytest.approx(24.5)
    start = time.perf_counter()
    scene.grab()
    assert time.perf_counter() - start < 1


def test_the_lines_of_an_analysis_are_drawn_through_the_volume(volume, controller, tmp_path, qtbot):
    measuring, state = controller.measuring, controller.view_state
    measuring.folder = tmp_path / "analyses"
    path = write_own(measuring.folder, ndim=3)
    measuring.read()
    qtbot.waitUntil(lambda: not controller.jobs.busy)
    measuring.choose(str(path))
    state.show_crosshair = False
    assert not has_colour(volume, theme.TRACING, 20)
    state.show_tracing = True
    assert has_colour(volume, theme.TRACING, 20)
    state.show_tracing = False
    state.show_measurements = True
    measuring.point_at("S–N")
    assert has_colour(volume, theme.EMPHASIS, 20)
    state.hide_all = True
    assert not has_colour(volume, theme.EMPHASIS, 20)
    qtbot.waitUntil(lambda: not controller.jobs.busy)
