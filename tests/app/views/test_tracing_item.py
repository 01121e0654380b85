"""Lines over a slice: which are seen there, and that they are painted where they belong."""

import numpy as np
import pytest

from app.desktop import theme
from app.views.tracing_item import lines_on
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.values.grid import Grid
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import idle


def test_a_2d_image_shows_every_line_in_its_pixels():
    plane = SlicePlane(Grid.from_spacing((40, 60), 0.5))
    (line,) = lines_on(plane, [np.array([[5.0, 10.0], [10.0, 0.0]])])
    assert line.tolist() == [[10, 20], [20, 0]]


def test_a_slice_shows_the_lines_both_of_whose_ends_are_seen_from_it():
    grid = reformatted_grid(Grid.from_spacing((40, 50, 60), 1.0), Orientation.AXIAL, radiological=True)
    plane = SlicePlane(grid, 20)
    near, far = plane.mm_from_px((10, 10), 1.0), plane.mm_from_px((30, 10), 15.0)
    here = plane.mm_from_px((20, 30))
    (shown,) = lines_on(plane, [np.stack([here, near]), np.stack([here, far])])
    assert np.allclose(shown, [[20, 30], [10, 10]])  # projected


@pytest.fixture
def drawn(window, tmp_path, qtbot):
    """Returns how many pixels of the view have the colour of a line, after the tracing was brought up to date."""
    controller = window.controller
    controller.measuring.folder = tmp_path / "analyses"
    path = write_own(controller.measuring.folder)
    controller.measuring.read()
    idle(controller, qtbot)
    controller.measuring.choose(str(path))
    controller.view_state.show_labels = False

    def count(name):
        window.viewer.bring_up_to_date()
        qtbot.wait(20)
        image = window.slice_view.grab().toImage()
        wanted = theme.colour(name)
        found = 0
        for x in range(0, image.width(), 2):
            for y in range(0, image.height(), 2):
                there = image.pixelColor(x, y)
                near = (there.red() - wanted.red(), there.green() - wanted.green(), there.blue() - wanted.blue())
                found += max(map(abs, near)) < 14
        return found

    return count


def test_the_tracing_is_drawn_where_it_is_wanted(window, drawn):
    state = window.controller.view_state
    assert drawn(theme.TRACING) == 0
    state.show_tracing = True
    assert drawn(theme.TRACING) > 5
    state.hide_all = True
    assert drawn(theme.TRACING) == 0


def test_the_lines_of_a_measurement_are_drawn_while_it_is_pointed_at(window, drawn):
    window.controller.view_state.show_measurements = True
    assert drawn(theme.EMPHASIS) == 0
    window.controller.measuring.point_at("SNMe")
    assert drawn(theme.EMPHASIS) > 20
    window.controller.measuring.point_at(None)
    assert drawn(theme.EMPHASIS) == 0


def test_a_measurement_that_is_picked_comes_into_view(window, drawn, qtbot):
    view = window.slice_view
    idle(window.controller, qtbot)
    view.zoom(0.1, (50.0, 60.0))  # far from the landmarks

    def in_view(points_px):
        at = view.screen_map().to_screen(points_px)
        return bool((at >= 0).all() and (at <= [view.width(), view.height()]).all())

    ends = np.array([[10.0, 20.0], [20.0, 25.0]])
    assert not in_view(ends)
    scale = view.screen_map().scale[0]
    window.controller.measuring.pick("SNMe")
    qtbot.wait(20)
    assert in_view(np.array([[10.0, 20.0], [20.0, 25.0], [30.0, 30.0]]))
    assert view.screen_map().scale[0] < scale  # they do not all fit at that zoom


def test_an_arc_is_drawn_where_an_angle_is_pointed_at(window, drawn, monkeypatch):
    controller = window.controller
    controller.view_state.show_measurements = True
    moved = controller.document.landmarks.with_point("Menton", [20.0, 60.0])  # the four lie on one line
    controller.document.set_landmarks(moved)
    painted = []
    monkeypatch.setattr("app.views.tracing_item.paint_arcs", lambda _, arcs: painted.append(arcs))
    controller.measuring.point_at("SNMe")
    window.slice_view.grab()
    (arc,) = painted[-1]
    nasion = window.slice_view.screen_map().to_screen([20.0, 25.0])
    assert np.ptp(np.linalg.norm(arc - nasion, axis=1)) < 1e-6
