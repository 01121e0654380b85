import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views.projection import (
    SIDE_DIRECTIONS,
    SIDES,
    ProjectionView,
    corners_of,
    radius_mm,
    rotation_from,
    section_mm,
    view_of,
)
from core.values.grid import Grid

angles = st.floats(-3, 3)


def oblique_grid(shape=(10, 20, 30)):
    about_z = np.array([[np.cos(0.4), -np.sin(0.4), 0], [np.sin(0.4), np.cos(0.4), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(0.7), -np.sin(0.7)], [0, np.sin(0.7), np.cos(0.7)]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_x @ about_z @ np.fliplr(np.diag([0.5, 0.5, 2.0]))
    matrix[:3, 3] = (100, -20, 7)
    return Grid(shape, matrix)


@pytest.mark.parametrize(
    ("side", "right", "up"),
    [("A", "L", "S"), ("P", "R", "S"), ("L", "P", "S"), ("R", "A", "S"), ("S", "R", "A"), ("I", "L", "A")],
)
def test_each_side_shows_the_patient_as_a_person_standing_there_sees_him(side, right, up):
    view = ProjectionView(np.zeros(3), 10.0, (100, 50)).seen_from(side)
    assert np.allclose(view.to_px(SIDE_DIRECTIONS[right]), [110, 50])
    assert np.allclose(view.to_px(SIDE_DIRECTIONS[up]), [100, 40])
    assert view.depth_mm(SIDE_DIRECTIONS[side]) == pytest.approx(-1)


@pytest.mark.parametrize("side", SIDES)
def test_no_side_mirrors_the_patient(side):
    assert np.linalg.det(rotation_from(side)) == pytest.approx(1)


def test_what_is_in_front_follows_the_mouse():
    view = ProjectionView(np.zeros(3))
    nose_mm = SIDE_DIRECTIONS["A"]
    assert view.rotated(0.2, 0).to_px(nose_mm)[0] > 0.1
    assert view.rotated(0, 0.2).to_px(nose_mm)[1] > 0.1


@given(right=angles, down=angles)
def test_rotating_keeps_the_centre_and_all_lengths(right, down):
    view = ProjectionView(np.array([1.0, 2, 3]), 7.0, (40, 30))
    for _ in range(5):
        view = view.rotated(right, down)
    rotation = view.screen_from_patient
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert np.allclose(view.to_px([1, 2, 3]), [40, 30])


@given(factor=st.floats(0.5, 3), x_px=st.floats(0, 300), y_px=st.floats(0, 200))
def test_zooming_keeps_what_is_under_the_mouse(factor, x_px, y_px):
    view = view_of(Grid.from_spacing((10, 20, 30))).fitted(18, (300, 200)).moved(12, -5)
    zoomed = view.zoomed(factor, (x_px, y_px))
    across = (np.array([x_px, y_px]) - view.to_px(view.centre_mm)) / view.scale
    point_mm = view.centre_mm + across @ view.screen_from_patient[:2]
    assert np.allclose(view.to_px(point_mm), [x_px, y_px])
    assert np.allclose(zoomed.to_px(point_mm), [x_px, y_px])
    assert zoomed.scale == pytest.approx(view.scale * factor)
    assert np.allclose(zoomed.whole().to_px(view.centre_mm), [150, 100])


def test_zooming_ends_somewhere():
    view = ProjectionView(np.zeros(3))
    for _ in range(100):
        view = view.zoomed(2, (0, 0))
    assert view.zoom == 40


def test_a_volume_fits_into_the_panel():
    grid = oblique_grid()
    view = view_of(grid).fitted(radius_mm(grid), (400, 300))
    assert np.allclose(view.to_px(grid.to_mm([4.5, 9.5, 14.5])), [200, 150])
    assert radius_mm(grid) == pytest.approx(np.linalg.norm([20, 10, 15]) / 2)
    spread_px = np.ptp(view.to_px(corners_of(grid)), axis=0)
    assert 150 < spread_px.max() < 450


def test_the_outline_of_a_plane_in_an_upright_volume_is_its_rectangle():
    grid = Grid.from_spacing((10, 20, 30), 1.0)
    outline_mm = section_mm(grid, 2, 4.0)
    assert outline_mm.shape == (4, 3)
    assert np.allclose(outline_mm[:, 2], 4)
    assert {tuple(corner) for corner in outline_mm[:, :2]} == {(-0.5, -0.5), (29.5, -0.5), (29.5, 19.5), (-0.5, 19.5)}
    assert np.allclose(np.abs(np.diff(outline_mm, axis=0)).sum(axis=1)[[0, 2]], np.ptp(outline_mm[:2], axis=0).sum())
    assert section_mm(grid, 2, 40.0).shape == (0, 3)


@given(axis=st.integers(0, 2), part=st.floats(0.05, 0.95))
def test_the_outline_in_an_oblique_volume_lies_on_its_border_and_is_convex(axis, part):
    grid = oblique_grid()
    low_mm, high_mm = np.sort(corners_of(grid)[:, axis])[[0, -1]]
    coordinate_mm = low_mm + part * (high_mm - low_mm)
    outline_mm = section_mm(grid, axis, coordinate_mm)
    assert 3 <= len(outline_mm) <= 6
    assert np.allclose(outline_mm[:, axis], coordinate_mm)
    faces = np.stack([grid.to_index(outline_mm) + 0.5, grid.shape - (grid.to_index(outline_mm) + 0.5)], axis=-1)
    assert faces.min() > -1e-9
    assert np.all(np.sort(faces.reshape(len(outline_mm), 6), axis=1)[:, 1] < 1e-9)  # every corner lies on an edge
    across = np.delete(outline_mm, axis, axis=1)
    steps = np.roll(across, -1, axis=0) - across
    bends = steps[:, 0] * np.roll(steps[:, 1], -1) - steps[:, 1] * np.roll(steps[:, 0], -1)
    assert np.all(bends > -1e-9)
