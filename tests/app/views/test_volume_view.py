import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.session.controller import Controller
from app.session.view_state import Mode, Panel
from app.views.loupe import radius_in
from app.views.slice_panel import slice_position
from app.window.main_window import MainWindow
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.images.file import write_image
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Landmarks, Status
from tests.support.hand import LEFT, MIDDLE, NO_KEY, RIGHT, drag, middle_of_loupe, move_event, screen, status, wheel
from tests.support.viewer_fixtures import make_image, make_model_file

ORIENTATIONS = list(Orientation)
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def make_rotated_grid() -> Grid:
    """Stored along S, R and A and rotated by 0.3 rad, with three different spacings."""
    rotation = np.array([[np.cos(0.3), -np.sin(0.3), 0], [np.sin(0.3), np.cos(0.3), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation @ np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]]) * [1.5, 0.8, 0.6]
    matrix[:3, 3] = (20, 40, -15)
    return Grid((16, 48, 56), matrix)


@pytest.fixture(params=["aligned", "oblique"])
def grid(request) -> Grid:
    return Grid.from_spacing((16, 48, 56), (1.5, 0.8, 0.6)) if request.param == "aligned" else make_rotated_grid()


@pytest.fixture
def volume_window(grid, answers, localize, tmp_path, qtbot, qapp):
    path = tmp_path / "volume.nrrd"
    image = make_image(grid.shape, spacing_known=True)
    write_image(Image(image.voxels, grid, image.source), path)
    window = MainWindow(Controller(answers, make_model_file(tmp_path / "3d.pt", ndim=3), localize=localize))
    qtbot.addWidget(window)
    window.show()
    controller = window.controller
    controller.open_paths([path])
    qtbot.waitUntil(lambda: controller.document.prediction is not None and not controller.jobs.busy)
    qtbot.waitUntil(lambda: all(view.isVisible() for view in window.viewer.views.values()))
    window.viewer.bring_up_to_date()
    yield window
    controller.jobs.shut_down()


def crosshair_index(window, orientation=None):
    """Where the crosshair is in the stack of a plane: depth, row, column; or in the image."""
    plane = window.controller.navigator.plane_of(orientation) if orientation else None
    grid = plane.grid if plane else window.controller.document.image.grid
    return grid.to_index(window.controller.view_state.crosshair_mm)


def spot(window, orientation, columns=0, rows=0):
    """A place on the screen beside the middle of a slice, and its pixel."""
    view = window.viewer.views[orientation]
    size_px = np.asarray(window.controller.navigator.plane_of(orientation).size_px)
    place = QPoint(*(round(v) for v in view.screen_map().to_screen(size_px / 2 + [columns, rows])))
    return place, view.screen_map().to_px((place.x(), place.y()))


# Panels


def test_a_volume_has_four_panels_and_a_flat_image_one_bare_view(volume_window, scan, qtbot):
    viewer = volume_window.viewer
    assert all(panel.isVisible() for panel in viewer.panels.values())
    assert all(panel.header.isVisible() for panel in viewer.panels.values())
    assert volume_window.actions_by_id["view.crosshair"].isVisible()
    volume_window.controller.open_paths([scan])
    qtbot.waitUntil(lambda: not viewer.panels[Panel.SCENE].isVisible())
    qtbot.waitUntil(lambda: not volume_window.controller.jobs.busy)
    assert [panel for panel, frame in viewer.panels.items() if frame.isVisible()] == [Panel.AXIAL]
    assert not viewer.panels[Panel.AXIAL].header.isVisible()
    qtbot.waitUntil(lambda: volume_window.slice_view.size() == viewer.size())
    volume_window.refresh()
    assert not volume_window.actions_by_id["view.crosshair"].isVisible()
    assert volume_window.actions_by_id["edit.pixel_size"].isVisible()


@pytest.mark.parametrize("grid", ["aligned"], indirect=True)
def test_the_panels_get_most_of_the_window_until_a_person_decides_otherwise(volume_window, qtbot):
    window, controller = volume_window, volume_window.controller
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.viewer.width() >= 0.6 * window.width())
    assert window.table.horizontalScrollBar().maximum() == 0
    window.resizeDocks([window.dock], [600], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: window.dock.width() == 600)
    controller.open_paths([controller.document.image.source.path])
    qtbot.waitUntil(lambda: controller.document.revision == 2 and not controller.jobs.busy)
    qtbot.wait(20)
    assert window.dock.width() == 600


@pytest.mark.parametrize("way", ["double click", "button", "key"])
def test_a_panel_is_maximised_and_brought_back(volume_window, way, qtbot):
    viewer, state = volume_window.viewer, volume_window.controller.view_state
    frame = viewer.panels[Panel.CORONAL]
    volume_window.refresh()
    crosshair_mm = state.crosshair_mm

    def toggle():
        if way == "double click":
            place, _ = spot(volume_window, Orientation.CORONAL, 0, -8)
            QTest.mouseClick(viewer.views[Orientation.CORONAL].viewport(), LEFT, NO_KEY, place)
            QTest.mouseDClick(viewer.views[Orientation.CORONAL].viewport(), LEFT, NO_KEY, place)
        elif way == "button":
            QTest.mouseClick(frame.maximise_button, LEFT)
        else:
            QTest.keyClick(volume_window, Qt.Key.Key_2)

    toggle()
    assert state.crosshair_mm == crosshair_mm
    assert state.maximised is Panel.CORONAL
    assert [panel for panel, frame in viewer.panels.items() if frame.isVisible()] == [Panel.CORONAL]
    qtbot.waitUntil(lambda: frame.size() == viewer.size())
    assert volume_window.controller.navigator.plane.grid == reformatted_grid(
        volume_window.controller.document.image.grid, Orientation.CORONAL
    )
    toggle()
    assert state.maximised is None
    assert all(frame.isVisible() for frame in viewer.panels.values())
    QTest.keyClick(volume_window, Qt.Key.Key_4)
    assert state.maximised is Panel.SCENE
    volume_window.refresh()
    QTest.keyClick(volume_window, Qt.Key.Key_0)
    assert state.maximised is None


def test_a_hidden_view_catches_up_when_it_is_shown(volume_window, qtbot):
    window = volume_window
    panel = window.viewer.panels[Panel.AXIAL]
    window.controller.view_state.maximised = Panel.SAGITTAL
    before = panel.readout.text()
    window.controller.navigator.scroll(Orientation.AXIAL, 3)
    qtbot.wait(20)
    assert panel.readout.text() == before
    window.controller.view_state.maximised = None
    plane = window.controller.navigator.plane_of(Orientation.AXIAL)
    qtbot.waitUntil(lambda: panel.readout.text().startswith(slice_position(plane)))
    assert panel.slice_bar.value() == plane.slice_index


def test_the_readout_says_on_which_side_of_the_origin_a_slice_lies():
    stack = reformatted_grid(Grid.from_spacing((16, 48, 56), (1.5, 0.8, 0.6), (-12, -20, -3)), Orientation.AXIAL)
    assert [slice_position(SlicePlane(stack, index)) for index in (0, 2, 9)] == ["I 3.0 mm", "S 0.0 mm", "S 10.5 mm"]
    stack = reformatted_grid(Grid.from_spacing((16, 48, 56), (1.5, 0.8, 0.6), (-12, -20, -3)), Orientation.SAGITTAL)
    assert [slice_position(SlicePlane(stack, index)) for index in (0, 55)] == ["L 21.0 mm", "R 12.0 mm"]


def test_letters_and_crosshair_are_drawn_and_can_be_switched(volume_window, qtbot):
    def pictures():
        volume_window.viewer.bring_up_to_date()
        return [view.grab().toImage() for view in volume_window.viewer.views.values()]

    shown = pictures()
    volume_window.refresh()
    QTest.keyClick(volume_window, Qt.Key.Key_C)
    assert not volume_window.controller.view_state.show_crosshair
    without = pictures()
    assert all(a != b for a, b in zip(shown, without, strict=True))
    volume_window.actions_by_id["view.radiological"].trigger()
    axial, coronal, sagittal = (a != b for a, b in zip(without, pictures(), strict=True))
    assert (axial, coronal, sagittal) == (True, True, False)


@pytest.mark.parametrize("size", [(1280, 800), (1900, 620), (2600, 600)])
def test_every_slice_is_wholly_in_view_until_it_is_zoomed(volume_window, size, qtbot):
    volume_window.resize(*size)
    volume_window.controller.view_state.maximised = Panel.CORONAL
    coronal = volume_window.viewer.views[Orientation.CORONAL]
    qtbot.waitUntil(lambda: coronal.width() > size[0] / 3)
    for maximised, views in ((Panel.CORONAL, [coronal]), (None, volume_window.viewer.views.values())):
        volume_window.controller.view_state.maximised = maximised
        qtbot.wait(20)
        for view in views:
            columns, rows = view.plane.size_px
            corners = view.screen_map().to_screen([[-0.5, -0.5], [columns - 0.5, rows - 0.5]])
            assert (corners >= -0.5).all()
            assert (corners <= [view.width() + 0.5, view.height() + 0.5]).all()
            filled = (corners[1] - corners[0]) / [view.width(), view.height()]
            assert filled.max() > 0.9


# Crosshair


@pytest.mark.parametrize("radiological", [True, False])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_click_brings_all_planes_to_the_point_and_keeps_the_slice(volume_window, orientation, radiological):
    controller, viewer = volume_window.controller, volume_window.viewer
    controller.view_state.radiological = radiological
    viewer.bring_up_to_date()
    depth = crosshair_index(volume_window, orientation)[0]
    selected = controller.editor.names[0]
    controller.editor.select(selected)
    place, point_px = spot(volume_window, orientation, 3, -6)
    QTest.mouseClick(viewer.views[orientation].viewport(), LEFT, NO_KEY, place)
    assert np.allclose(crosshair_index(volume_window, orientation), [depth, point_px[1], point_px[0]])
    assert controller.view_state.active is orientation
    assert controller.view_state.selected == selected
    for other in ORIENTATIONS:
        plane = controller.navigator.plane_of(other)
        assert abs(plane.depth_of(controller.view_state.crosshair_mm)) <= 0.5 + 1e-9


def test_the_crosshair_follows_a_drag_and_shift_with_the_mouse(volume_window):
    orientation = Orientation.SAGITTAL
    viewport = volume_window.viewer.views[orientation].viewport()
    start, _ = spot(volume_window, orientation, 0, 5)
    end, end_px = spot(volume_window, orientation, 4, 7)
    drag(volume_window, start, end, orientation=orientation)
    assert np.allclose(crosshair_index(volume_window, orientation)[1:], end_px[::-1])
    place, place_px = spot(volume_window, orientation, -4, 6)
    QApplication.sendEvent(viewport, move_event(viewport, place, LEFT & RIGHT, NO_KEY))
    assert np.allclose(crosshair_index(volume_window, orientation)[1:], end_px[::-1])
    QApplication.sendEvent(viewport, move_event(viewport, place, LEFT & RIGHT, SHIFT))
    assert np.allclose(crosshair_index(volume_window, orientation)[1:], place_px[::-1])


@pytest.mark.parametrize(("button", "modifier"), [(MIDDLE, NO_KEY), (LEFT, SHIFT)])
def test_one_view_is_panned_and_the_crosshair_stays(volume_window, button, modifier):
    window, views = volume_window, volume_window.viewer.views
    wheel(window, QPoint(100, 100), 6, CTRL, orientation=Orientation.CORONAL)
    origins = {orientation: view.screen_map().origin for orientation, view in views.items()}
    crosshair_mm = window.controller.view_state.crosshair_mm
    drag(window, QPoint(100, 100), QPoint(115, 92), button, modifier, orientation=Orientation.CORONAL)
    moved = {o: np.subtract(view.screen_map().origin, origins[o]) for o, view in views.items()}
    assert np.allclose(moved[Orientation.CORONAL], [15, -8], atol=1)
    assert np.allclose(moved[Orientation.AXIAL], 0)
    assert window.controller.view_state.crosshair_mm == crosshair_mm
    window.actions_by_id["view.fit"].trigger()
    assert not np.allclose(views[Orientation.CORONAL].screen_map().origin, origins[Orientation.CORONAL], atol=1)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_wheel_bar_and_keys_scroll_one_plane_up_to_s_a_or_r(volume_window, orientation):
    window, controller = volume_window, volume_window.controller
    bar = window.viewer.panels[Panel(orientation)].slice_bar
    controller.view_state.active = orientation
    first = controller.navigator.plane.slice_index
    start_mm = np.array(controller.view_state.crosshair_mm)
    wheel(window, QPoint(100, 100), 1, orientation=orientation)
    assert controller.navigator.plane.slice_index == first + 1
    up = {"axial": [0, 0, 1], "coronal": [0, -1, 0], "sagittal": [-1, 0, 0]}[orientation]
    way = np.array(controller.view_state.crosshair_mm) - start_mm
    assert np.linalg.norm(way) == pytest.approx(way @ up)
    window.refresh()
    QTest.keyClick(window, Qt.Key.Key_Down, CTRL)
    assert controller.navigator.plane.slice_index == first
    wheel(window, QPoint(100, 100), -200, orientation=orientation)
    assert controller.navigator.plane.slice_index == 0
    QTest.keyClick(window, Qt.Key.Key_PageUp, CTRL)
    assert controller.navigator.plane.slice_index == 10
    bar.setValue(4)
    assert controller.navigator.plane.slice_index == 4
    scale = window.slice_view.screen_map().scale[0]
    wheel(window, QPoint(100, 100), 2, CTRL, orientation=orientation)
    assert window.slice_view.screen_map().scale[0] == pytest.approx(scale * 1.44)
    assert controller.navigator.plane.slice_index == 4


# Landmarks


@pytest.mark.parametrize("way", ["key", "click", "table"])
def test_all_planes_go_to_a_landmark(volume_window, way):
    window, controller = volume_window, volume_window.controller
    point_mm = controller.document.landmarks.point_mm("Nasion")
    if way == "key":
        controller.editor.select("Sella")
        QTest.keyClick(window, Qt.Key.Key_Period)
    elif way == "table":
        window.table.selectRow(1)
    else:
        controller.navigator.go_to(point_mm)
        controller.navigator.scroll(Orientation.AXIAL, 1)  # beside its slice, where it is still seen
        place = screen(window, "Nasion", Orientation.AXIAL)
        QTest.mouseClick(window.viewer.views[Orientation.AXIAL].viewport(), LEFT, NO_KEY, place)
    assert controller.view_state.selected == "Nasion"
    assert np.allclose(controller.view_state.crosshair_mm, point_mm)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_drag_stays_in_its_plane_is_one_step_and_the_other_planes_follow(volume_window, orientation):
    window, controller = volume_window, volume_window.controller
    before = controller.document.landmarks
    controller.editor.select("Nasion", centre=True)
    start = screen(window, "Nasion", orientation)
    plane = controller.navigator.plane_of(orientation)
    depth = plane.depth_of(before.point_mm("Nasion"))
    end = start + QPoint(-12, -14)
    drag(window, start, end, orientation=orientation)
    after_mm = controller.document.landmarks.point_mm("Nasion")
    assert status(window, "Nasion") is Status.CORRECTED
    assert plane.depth_of(after_mm) == pytest.approx(float(depth))
    assert (screen(window, "Nasion", orientation) - end).manhattanLength() <= 2
    assert np.allclose(controller.view_state.crosshair_mm, after_mm)
    drag(window, end, end + QPoint(4, 4), orientation=orientation)
    controller.editor.undo()
    assert controller.document.landmarks == before


def test_esc_puts_landmark_and_planes_back(volume_window):
    window, controller = volume_window, volume_window.controller
    controller.editor.select("Sella", centre=True)
    before, crosshair_mm = controller.document.landmarks, controller.view_state.crosshair_mm
    start = screen(window, "Sella", Orientation.CORONAL)
    drag(window, start, start + QPoint(12, -18), release=False, orientation=Orientation.CORONAL)
    assert controller.document.landmarks != before
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert controller.document.landmarks == before
    assert controller.view_state.crosshair_mm == crosshair_mm


def test_arrows_nudge_by_a_pixel_of_the_plane_with_the_focus(volume_window, qtbot):
    window, controller = volume_window, volume_window.controller
    controller.editor.select("Sella", centre=True)
    view = window.viewer.views[Orientation.CORONAL]
    view.setFocus()
    qtbot.waitUntil(lambda: controller.view_state.active is Orientation.CORONAL)
    plane = controller.navigator.plane
    before_px = plane.px_from_mm(controller.document.landmarks.point_mm("Sella"))
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Right, ALT)
    after_mm = controller.document.landmarks.point_mm("Sella")
    assert np.allclose(plane.px_from_mm(after_mm) - before_px, [0.1, -1])
    assert np.allclose(controller.view_state.crosshair_mm, after_mm)


def test_a_landmark_is_placed_in_the_plane_that_is_clicked(volume_window):
    window, controller = volume_window, volume_window.controller
    controller.editor.select("Gonion")
    controller.editor.clear()
    controller.placing.toggle()
    place, point_px = spot(window, Orientation.SAGITTAL, 2, 3)
    plane = controller.navigator.plane_of(Orientation.SAGITTAL)
    QTest.mouseClick(window.viewer.views[Orientation.SAGITTAL].viewport(), LEFT, NO_KEY, place)
    assert status(window, "Gonion") is Status.PLACED
    assert np.allclose(controller.document.landmarks.point_mm("Gonion"), plane.mm_from_px(point_px))
    assert controller.view_state.mode is Mode.NAVIGATE
    controller.placing.toggle()
    corner, _ = spot(window, Orientation.SAGITTAL, -400, 0)
    before = controller.document.landmarks
    QTest.mouseClick(window.viewer.views[Orientation.SAGITTAL].viewport(), LEFT, NO_KEY, corner)
    assert controller.document.landmarks == before


# Grey levels, status line


def test_grey_levels_are_shared_and_dragged_as_in_two_dimensions(volume_window):
    state = volume_window.controller.view_state
    low, high = state.levels
    drag(volume_window, QPoint(60, 60), QPoint(60, 20), RIGHT, orientation=Orientation.SAGITTAL)
    assert state.levels[0] < low
    assert state.levels[1] - state.levels[0] == pytest.approx(high - low)
    assert state.full_levels == (0.0, 250.0)


def test_the_status_line_names_the_sides_the_voxel_and_its_value(volume_window):
    orientation = Orientation.CORONAL
    viewport = volume_window.viewer.views[orientation].viewport()
    place, point_px = spot(volume_window, orientation, 2, 1)
    QApplication.sendEvent(viewport, move_event(viewport, place, LEFT & RIGHT, NO_KEY))
    (text,) = [t for label in volume_window.status_bar.findChildren(QLabel) if "value" in (t := label.text())]
    point_mm = volume_window.controller.navigator.plane_of(orientation).mm_from_px(point_px)
    image = volume_window.controller.document.image
    z, y, x = np.round(image.grid.to_index(point_mm)).astype(int)
    sides = [pair[int(value > 0)] for pair, value in zip(("RL", "AP", "IS"), point_mm, strict=True)]
    where = "  ".join(f"{side} {abs(value):.1f}" for side, value in zip(sides, point_mm, strict=True))
    assert text == f"{where} mm   voxel ({x}, {y}, {z})   value {image.voxels[z, y, x]:g}"


def test_a_volume_of_which_nobody_knows_how_it_lies_has_no_sides(empty_window, qtbot):
    window, controller = empty_window, empty_window.controller
    image = make_image((9, 30, 40))
    controller.view_state.begin(image)
    controller.document.set_image(image, Landmarks.unplaced(("a",), 3), None)
    views = window.viewer.views
    qtbot.waitUntil(lambda: all(view.isVisible() for view in views.values()))
    window.viewer.bring_up_to_date()
    assert [window.viewer.panels[Panel(o)].readout.text() for o in views] == ["5 / 9", "16 / 30", "21 / 40"]
    place, _ = spot(window, Orientation.AXIAL)
    viewport = views[Orientation.AXIAL].viewport()
    QApplication.sendEvent(viewport, move_event(viewport, place, LEFT & RIGHT, NO_KEY))
    (text,) = [t for label in window.status_bar.findChildren(QLabel) if "value" in (t := label.text())]
    assert text.startswith("voxel (")


def test_each_plane_has_its_own_loupe(volume_window):
    window = volume_window
    window.controller.editor.select("Sella", centre=True)
    views = window.viewer.views
    for orientation in (Orientation.CORONAL, Orientation.SAGITTAL):
        before = {other: view.grab().toImage() for other, view in views.items()}
        start = screen(window, "Sella", orientation)
        drag(window, start, start + QPoint(4, 3), release=False, orientation=orientation)
        window.viewer.bring_up_to_date()
        view = views[orientation]
        middle = middle_of_loupe(view, screen(window, "Sella", orientation))
        rim = middle + QPoint(0, -round(radius_in(view.viewport().width(), view.viewport().height())))
        assert view.grab().toImage().pixelColor(rim) != before[orientation].pixelColor(rim)
        QTest.keyClick(view, Qt.Key.Key_Escape)
        QTest.mouseRelease(view.viewport(), LEFT, NO_KEY, start)
