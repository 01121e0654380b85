from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.views.projection import ProjectionView, view_of
from app.views.volume_rendering import FARTHEST_SHADE, Miniature, Renderer, make_miniature, rendering_levels
from core.base.errors import Cancelled
from core.values.grid import Grid
from core.values.image import Image, ImageSource

LEVELS = (0.0, 1.0)
BRIGHT = 2.0


def random_rotation(numbers):
    rotation, _ = np.linalg.qr(np.random.default_rng(numbers).normal(size=(3, 3)))
    return rotation * np.linalg.det(rotation)


def miniature(image, size):
    return make_miniature(image, progress=lambda *_: None, should_stop=lambda: False, size=size)


def image_of(voxels, spacing_mm=1.0):
    return Image(voxels, Grid.from_spacing(voxels.shape, spacing_mm), ImageSource(Path("scan.nrrd")))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), part=st.tuples(*[st.floats(0, 0.999)] * 3))
def test_a_bright_voxel_of_an_oblique_volume_is_drawn_where_its_millimetres_are_projected(seed, part):
    shape = (9, 14, 11)
    matrix = np.eye(4)
    matrix[:3, :3] = random_rotation(seed) @ np.fliplr(np.diag([0.7, 0.5, 1.6]))
    matrix[:3, 3] = (-30, 12, 55)
    grid = Grid(shape, matrix)
    index = tuple(int(p * n) for p, n in zip(part, shape, strict=True))
    voxels = np.zeros(shape, np.float32)
    voxels[index] = BRIGHT
    view = ProjectionView(grid.to_mm([4, 7, 5]), 8.0, (200, 150), random_rotation(seed + 1))
    rendering = Renderer(Miniature(voxels, grid)).render(view, LEVELS)
    weight = rendering.brightness
    middle = [np.average(axis, weights=weight) for axis in np.indices(weight.shape)]
    assert np.allclose(view.to_px(rendering.to_mm(middle)), view.to_px(grid.to_mm(index)), atol=1e-2)


@pytest.mark.parametrize("side", "RLAPSI")
def test_the_brightest_value_on_each_line_is_shown_and_what_is_near_outshines_what_is_far(side):
    voxels = np.random.default_rng(3).random((7, 8, 9), dtype=np.float32)
    grid = Grid.from_spacing(voxels.shape)
    view = view_of(grid).seen_from(side)
    axis = {"R": 2, "L": 2, "A": 1, "P": 1, "S": 0, "I": 0}[side]
    shades = np.linspace(1, FARTHEST_SHADE, voxels.shape[axis])
    if side in "LPS":  # looked at from the end of the axis
        shades = np.flip(shades)
    levels = (-0.2, 0.4)
    low, high = rendering_levels(levels)
    grey = np.clip((voxels - low) / (high - low), 0, 1)
    expected = (grey * np.expand_dims(shades, [a for a in range(3) if a != axis])).max(axis=axis)
    rendering = Renderer(Miniature(voxels, grid)).render(view, levels)
    rows, columns = expected.shape
    assert np.allclose(rendering.brightness[:rows, :columns], expected, atol=1e-6)
    assert not rendering.brightness[rows:].any()
    assert not rendering.brightness[:, columns:].any()


def test_other_levels_and_other_sides_are_rendered_anew():
    voxels = np.zeros((6, 6, 6), np.float32)
    voxels[1, 2, 3] = 1
    grid = Grid.from_spacing(voxels.shape)
    renderer = Renderer(Miniature(voxels, grid))
    view = view_of(grid).seen_from("A")
    dim, bright = renderer.render(view, (0, 4)).brightness.max(), renderer.render(view, (0, 1)).brightness.max()
    assert 0 < dim < bright
    assert renderer.render(view, (2, 4)).brightness.max() == 0
    again = renderer.render(view.seen_from("S"), (0, 1))
    assert again.slice_axis == 0
    assert again.brightness.max() > 0


def test_a_miniature_keeps_every_maximum_near_its_place():
    voxels = np.zeros((40, 61, 83), np.int16)
    voxels[17, 60, 82] = 900
    small = miniature(image_of(voxels, (1.5, 1.0, 1.0)), 5000)
    assert small.voxels.size <= 5000
    assert small.voxels.max() == 900
    sides_mm = small.grid.spacing_mm
    assert sides_mm.max() / sides_mm.min() < 1.6
    place_mm = small.grid.to_mm(np.unravel_index(np.argmax(small.voxels), small.voxels.shape))
    assert np.all(np.abs(place_mm - [82, 60, 25.5]) <= sides_mm / 2 + 1)


def test_a_small_volume_stays_as_it_is():
    image = image_of(np.random.default_rng(0).integers(-1000, 2000, (5, 6, 7), dtype=np.int16), (3.0, 0.5, 0.5))
    small = miniature(image, 1000)
    assert np.array_equal(small.voxels, image.voxels)
    assert np.allclose(small.grid.mm_from_index, image.grid.mm_from_index)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float64])
def test_any_kind_of_number_is_rendered(dtype):
    small = miniature(image_of(np.ones((8, 8, 8), dtype)), 64)
    assert small.voxels.dtype == np.float32
    assert np.all(small.voxels == 1)


def test_missing_numbers_are_dark():
    voxels = np.full((4, 4, 4), np.nan, np.float32)
    voxels[:, :, 2:] = 5
    voxels[0, 0, 2] = np.nan
    small = miniature(image_of(voxels), 8)
    brightness = Renderer(small).render(view_of(small.grid).seen_from("A"), (0, 1)).brightness
    assert np.allclose(brightness[:2, :2], [[0, 1], [0, 1]])


def test_preparing_stops_when_asked():
    with pytest.raises(Cancelled):
        make_miniature(image_of(np.zeros((4, 4, 4))), progress=lambda *_: None, should_stop=lambda: True)
