"""Planes through volumes and images: pixels to millimetres and back, and which side of the patient is where."""

import numpy as np
import pytest

from core.geometry.planes import Orientation, SlicePlane, direction_letter, reformatted_grid, slice_directions
from core.values.grid import Grid
from tests.support.volume_fixtures import make_volume, rotation, stored_orders

ORIENTATIONS = list(Orientation)


def test_radiological_means_left_on_the_right_and_sagittal_slices_face_left():
    rights = {o: direction_letter(slice_directions(o)[2]) for o in ORIENTATIONS}
    assert rights == {Orientation.AXIAL: "L", Orientation.CORONAL: "L", Orientation.SAGITTAL: "P"}
    rights = {o: direction_letter(slice_directions(o, radiological=False)[2]) for o in ORIENTATIONS}
    assert rights == {Orientation.AXIAL: "R", Orientation.CORONAL: "R", Orientation.SAGITTAL: "P"}
    tops = [direction_letter(-slice_directions(o)[1]) for o in ORIENTATIONS]
    depths = [direction_letter(slice_directions(o)[0]) for o in ORIENTATIONS]
    assert (tops, depths) == (["A", "S", "S"], ["S", "A", "R"])


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("radiological", [True, False])
def test_pixels_and_millimetres_go_round_in_every_plane(orientation, radiological):
    for direction in (*stored_orders()[::7], rotation((0.5, -0.4, 0.8))):
        grid = make_volume(direction).grid
        plane = SlicePlane(reformatted_grid(grid, orientation, radiological=radiological), 2)
        points_px = np.random.default_rng(1).uniform(-1, 9, (10, 2))
        points_mm = plane.mm_from_px(points_px, 0.75)
        assert np.allclose(plane.px_from_mm(points_mm), points_px)
        assert np.allclose(plane.depth_of(points_mm), 0.75)


def test_the_slice_through_a_point_is_the_nearest_there_is():
    stack = Grid.from_spacing((5, 10, 10), (2.0, 1.0, 1.0))
    assert [SlicePlane.through(stack, (3, 3, z)).slice_index for z in (-50, 0.9, 1.1, 5.0, 90)] == [0, 0, 1, 3, 4]


def oblique_grid() -> Grid:
    """A volume rotated by half a radian about z, with three different spacings and an origin."""
    rotated = np.array([[np.cos(0.5), -np.sin(0.5), 0], [np.sin(0.5), np.cos(0.5), 0], [0, 0, 1]])
    grid = Grid.from_spacing((5, 40, 30), (3.0, 0.5, 0.7), (10, 20, 30))
    matrix = grid.mm_from_index.copy()
    matrix[:3, :3] = rotated @ matrix[:3, :3]
    return Grid(grid.shape, matrix)


def test_pixels_are_column_and_row_of_the_array():
    plane = SlicePlane(Grid.from_spacing((80, 60), (0.5, 0.25), (100, 200)))
    assert plane.size_px == (60, 80)
    assert plane.pixel_size_mm == (0.25, 0.5)
    assert np.allclose(plane.px_from_mm([100 + 8 * 0.25, 200 + 3 * 0.5]), [8, 3])
    assert np.allclose(plane.mm_from_px([8, 3]), [102, 201.5])


@pytest.mark.parametrize("grid", [Grid.from_spacing((80, 60), (0.5, 0.25), (5, 6)), oblique_grid()])
def test_round_trip_keeps_points_and_depth(grid):
    plane = SlicePlane(grid, 2)
    points_px = np.random.default_rng(1).uniform(0, 30, (20, 2))
    points_mm = plane.mm_from_px(points_px)
    assert np.allclose(plane.px_from_mm(points_mm), points_px)
    assert np.allclose(plane.depth_of(points_mm), 0)


def test_depth_counts_slices():
    plane = SlicePlane(oblique_grid(), 2)
    point_mm = plane.mm_from_px([4.0, 5.0], depth=1.5)
    assert plane.depth_of(point_mm) == pytest.approx(1.5)
    assert np.allclose(plane.px_from_mm(point_mm), [4, 5])


def test_a_point_outside_is_clamped_to_the_border_of_the_last_pixel():
    plane = SlicePlane(Grid.from_spacing((80, 60)))
    assert plane.clamped((-20, 500)) == (-0.5, 79.5)
    assert plane.inside((59.5, 79.5))
    assert not plane.inside((59.6, 10))


def test_length_uses_the_spacing_of_each_axis():
    plane = SlicePlane(Grid.from_spacing((80, 60), (2.0, 0.5)))
    assert plane.length_mm((0, 0), (6, 2)) == pytest.approx(5.0)
