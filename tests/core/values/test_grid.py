"""Grids as values: geometry by property, immutability by trying."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.values.grid import Grid, grid_around

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SPACING = st.floats(0.01, 10)
RANK = st.sampled_from([2, 3])


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any rotated, shifted grid, 2D or 3D, with unequal spacings."""
    ndim = draw(RANK)
    shape = draw(st.tuples(*[st.integers(1, 40)] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rotation, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    matrix = np.eye(ndim + 1)
    matrix[:ndim, :ndim] = rotation * draw(st.tuples(*[SPACING] * ndim))
    matrix[:ndim, ndim] = draw(st.tuples(*[st.floats(-500, 500)] * ndim))
    return Grid(shape, matrix)


def corners_mm(grid: Grid) -> np.ndarray:
    """The two opposite corners of the field of view; samples have a width."""
    return grid.to_mm([[-0.5] * grid.ndim, np.array(grid.shape) - 0.5])


@unhurried
@given(grids(), st.data())
def test_index_and_mm_are_inverse(grid, data):
    index = data.draw(hnp.arrays(float, (5, grid.ndim), elements=st.floats(-50, 50)))
    np.testing.assert_allclose(grid.to_index(grid.to_mm(index)), index, atol=1e-6)


@unhurried
@given(grids(), st.data())
def test_a_vector_is_the_difference_of_its_ends(grid, data):
    ends = data.draw(hnp.arrays(float, (2, grid.ndim), elements=st.floats(-50, 50)))
    np.testing.assert_allclose(
        grid.vectors_to_mm(ends[1] - ends[0]), grid.to_mm(ends[1]) - grid.to_mm(ends[0]), atol=1e-6
    )


@unhurried
@given(grids())
def test_one_step_along_an_axis_is_the_spacing(grid):
    steps = grid.vectors_to_mm(np.eye(grid.ndim))
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), grid.spacing_mm)


@unhurried
@given(grids(), st.integers(1, 9), st.data())
def test_strided_samples_lie_where_they_say(grid, stride, data):
    offset = (stride - 1) / 2
    coarse = grid.strided(stride, offset)
    cell = [data.draw(st.integers(0, n - 1)) for n in coarse.shape]
    np.testing.assert_allclose(coarse.to_mm(cell), grid.to_mm(offset + stride * np.array(cell)), atol=1e-6)


@unhurried
@given(RANK, st.integers(1, 8), st.data())
def test_strided_with_half_the_stride_as_offset_keeps_the_field_of_view(ndim, stride, data):
    cells = data.draw(st.tuples(*[st.integers(1, 6)] * ndim))
    grid = Grid.from_spacing([n * stride for n in cells], data.draw(st.tuples(*[SPACING] * ndim)))
    coarse = grid.strided(stride, (stride - 1) / 2)
    assert coarse.shape == cells
    np.testing.assert_allclose(corners_mm(coarse), corners_mm(grid), atol=1e-9)


@unhurried
@given(grids(), st.data())
def test_cropped_samples_keep_their_place(grid, data):
    start = np.array([data.draw(st.integers(-5, n)) for n in grid.shape])
    part = grid.cropped(start, [3] * grid.ndim)
    np.testing.assert_allclose(part.to_mm([1] * grid.ndim), grid.to_mm(start + 1), atol=1e-6)
    np.testing.assert_allclose(part.spacing_mm, grid.spacing_mm)


@unhurried
@given(grids(), st.floats(0.3, 4))
def test_resampled_keeps_the_near_corner_and_loses_nothing_at_the_far_one(grid, factor):
    other = grid.resampled(grid.spacing_mm * factor)
    np.testing.assert_allclose(other.spacing_mm, grid.spacing_mm * factor)
    np.testing.assert_allclose(corners_mm(other)[0], corners_mm(grid)[0], atol=1e-6)
    overhang = grid.to_index(corners_mm(other)[1]) - (np.array(grid.shape) - 0.5)
    assert (overhang > -1e-3 * factor).all()
    assert (overhang < factor).all()


@unhurried
@given(grids(), st.floats(0.3, 4))
def test_resampled_centres_follow_the_half_pixel_rule(grid, factor):
    other = grid.resampled(grid.spacing_mm * factor)
    for i in (0, 1, 7):
        np.testing.assert_allclose(
            grid.to_index(other.to_mm([i] * grid.ndim)), [(i + 0.5) * factor - 0.5] * grid.ndim, atol=1e-6
        )


@unhurried
@given(grids())
def test_resampling_to_the_same_spacing_changes_nothing(grid):
    same = grid.resampled(grid.spacing_mm)
    assert same.shape == grid.shape
    np.testing.assert_allclose(same.mm_from_index, grid.mm_from_index, atol=1e-9)


@unhurried
@given(grids())
def test_the_field_of_view_reaches_half_a_sample_past_the_outer_centres(grid):
    last = np.array(grid.shape) - 1.0
    assert grid.contains(grid.to_mm([last * 0 - 0.49, last + 0.49])).all()
    assert not grid.contains(grid.to_mm([last * 0 - 0.51, last + 0.51])).any()


def test_an_axis_aligned_grid_reverses_the_axes_once():
    grid = Grid.from_spacing((4, 5, 6), (3.0, 2.0, 1.0), origin_mm=(10, 20, 30))
    np.testing.assert_array_equal(grid.to_mm([1, 1, 1]), [11, 22, 33])
    np.testing.assert_array_equal(grid.spacing_mm, [3, 2, 1])


@pytest.mark.parametrize(
    ("shape", "matrix"),
    [
        ((5,), np.eye(2)),
        ((5, 5, 5, 5), np.eye(5)),
        ((0, 5), np.eye(3)),
        ((5, 5), np.eye(4)),
        ((5, 5), np.zeros((3, 3))),
        ((5, 5), np.full((3, 3), np.nan)),
    ],
)
def test_grids_that_cannot_be_are_refused(shape, matrix):
    with pytest.raises(ValueError, match=r"grid|mm_from_index"):
        Grid(shape, matrix)


def test_grids_are_compared_by_value_and_cannot_be_changed():
    grid = Grid.from_spacing((3, 4), 0.5)
    assert grid == Grid.from_spacing((3, 4), 0.5)
    assert hash(grid) == hash(Grid.from_spacing((3, 4), 0.5))
    assert grid != Grid.from_spacing((3, 4), 0.6)
    with pytest.raises(ValueError, match="read-only"):
        grid.mm_from_index[0, 0] = 7
    with pytest.raises(FrozenInstanceError):
        grid.shape = (1, 1)


def test_a_grid_keeps_its_own_copy_of_the_matrix():
    matrix = np.eye(3)
    grid = Grid((3, 4), matrix)
    matrix[0, 0] = 9
    assert grid.mm_from_index[0, 0] == 1


def test_a_grid_around_points_holds_them_and_no_more() -> None:
    points_mm = np.array([[1.0, -2.0, 3.0], [4.1, 5.0, 3.0], [2.0, 0.0, 8.9]])
    grid = grid_around(points_mm, 0.5)
    index = grid.to_index(points_mm)
    assert np.allclose(index.min(axis=0), 0)
    assert (index <= np.array(grid.shape) - 1 + 1e-9).all()
    assert (index.max(axis=0) > np.array(grid.shape) - 2).all()
    assert grid.shape == (13, 15, 8)
