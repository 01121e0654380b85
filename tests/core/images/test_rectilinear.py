"""Slanted volumes made straight: brightness that is a linear function of the millimetres must stay that function."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.base.errors import Cancelled
from core.images.rectilinear import is_rectilinear, slant_note, straightened
from core.values.grid import Grid

SHAPE = (9, 10, 11)


def slanted_grid(seed: int, yx: float, zx: float, zy: float) -> Grid:
    """Return a grid anywhere in space whose rows and slices are shifted by these parts of a mm per step."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    x_mm, y_mm, z_mm = rng.uniform(0.4, 2, 3)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation @ np.array([[zx, yx, x_mm], [zy, y_mm, 0], [z_mm, 0, 0]])
    matrix[:3, 3] = rng.uniform(-100, 100, 3)
    return Grid(SHAPE, matrix)


shifts = st.floats(-0.4, 0.4)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), shifts, shifts, shifts)
def test_every_voxel_stays_at_its_millimetres(seed, yx, zx, zy):
    grid = slanted_grid(seed, yx, zx, zy)
    assume(not is_rectilinear(grid))
    slope = np.random.default_rng(seed).uniform(-1, 1, 3)
    places = grid.to_mm(np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1))
    voxels = (places @ slope).astype(np.float64)
    straight, new = straightened(voxels, grid, "phantom")
    axes = new.mm_from_index[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag(new.spacing_mm**2), atol=1e-9)
    assert is_rectilinear(new)
    new_places = new.to_mm(np.stack(np.meshgrid(*map(np.arange, new.shape), indexing="ij"), axis=-1))
    inside = ((grid.to_index(new_places) >= 0) & (grid.to_index(new_places) <= np.array(SHAPE) - 1)).all(axis=-1)
    assert inside.sum() > voxels.size / 4
    np.testing.assert_allclose(straight[inside], (new_places @ slope)[inside], atol=1e-6)
    assert new.contains(places).all(), "a voxel fell off"


def test_what_the_volume_does_not_cover_gets_its_smallest_value():
    voxels = np.full(SHAPE, 7, np.int16)
    voxels[4, 4, 4] = -1000
    straight, _ = straightened(voxels, slanted_grid(1, 0, 0.4, 0.4), "phantom")
    assert straight.dtype == np.int16
    assert straight[0, -1, -1] == -1000
    assert straight.max() == 7


@pytest.mark.parametrize("seed", range(5))
def test_right_angles_are_left_alone(seed):
    assert is_rectilinear(slanted_grid(seed, 0, 0, 0))
    assert is_rectilinear(Grid.from_spacing((4, 5), (0.2, 0.3)))


def test_a_small_slant_matters_over_many_slices():
    matrix = Grid.from_spacing(SHAPE).mm_from_index.copy()
    matrix[1, 0] = 0.009
    assert is_rectilinear(Grid((9, 10, 11), matrix))
    assert not is_rectilinear(Grid((800, 10, 11), matrix))
    assert "0.5°" in slant_note(Grid((800, 10, 11), matrix))


def test_it_can_be_stopped():
    with pytest.raises(Cancelled):
        straightened(np.zeros(SHAPE), slanted_grid(1, 0, 0.4, 0), "phantom", lambda: True)
