import numpy as np
import pytest

from app.slice_plane import SlicePlane
from core.types import Grid


def oblique_grid() -> Grid:
    """A volume turned by 30 degrees about z, with three different spacings and an origin."""
    turn = np.array([[np.cos(0.5), -np.sin(0.5), 0], [np.sin(0.5), np.cos(0.5), 0], [0, 0, 1]])
    grid = Grid.from_spacing((5, 40, 30), (3.0, 0.5, 0.7), (10, 20, 30))
    matrix = grid.mm_from_index.copy()
    matrix[:3, :3] = turn @ matrix[:3, :3]
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
