from pathlib import Path

import numpy as np
import pytest

from core.geometry.thumbnail import LARGEST_SIDE_PX, thumbnail_of
from core.values.grid import Grid
from core.values.image import Image, ImageSource


def image(voxels: np.ndarray, spacing_mm: float | tuple[float, ...] = 1.0) -> Image:
    return Image(voxels, Grid.from_spacing(voxels.shape, spacing_mm), ImageSource(Path("image")))


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "expected"),
    [
        ((480, 240), 0.1, (96, 48)),
        ((10, 40), 1.0, (24, 96)),
        ((480, 240), (0.1, 0.4), (48, 96)),
        ((9, 50, 100), (5.0, 1.0, 1.0), (48, 96)),
        ((2, 3000), 1.0, (1, 96)),
    ],
)
def test_proportions_are_those_of_the_object(shape, spacing_mm, expected):
    small = thumbnail_of(image(np.random.default_rng(0).normal(size=shape), spacing_mm))
    assert small.shape == expected
    assert max(small.shape) == LARGEST_SIDE_PX
    assert small.dtype == np.uint8


def test_dark_is_black_bright_is_white_and_up_stays_up():
    ramp = np.linspace(-1000, 3000, 400, dtype=np.float32)[:, None].repeat(400, axis=1)
    small = thumbnail_of(image(ramp)).astype(int)
    assert small[0].max() == 0
    assert small[-1].min() == 255
    assert (np.diff(small[:, 0]) >= 0).all()


def test_of_a_volume_it_is_the_axial_slice_in_the_middle_however_it_is_stored():
    voxels = np.zeros((9, 20, 20), np.int16)
    voxels[4, :10, :5] = 100
    upright = thumbnail_of(image(voxels), 20)
    assert np.array_equal(upright > 128, voxels[4] > 0)
    stored = voxels.transpose(2, 0, 1)[:, ::-1]
    matrix = np.eye(4)
    matrix[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    matrix[2, 3] = 8
    turned = Image(stored, Grid(stored.shape, matrix), ImageSource(Path("image")))
    assert np.array_equal(thumbnail_of(turned, 20), upright)


@pytest.mark.parametrize("value", [0, 40, np.nan])
def test_a_picture_of_nothing_is_grey(value):
    assert set(thumbnail_of(image(np.full((30, 30), value, np.float32))).ravel()) == {128}


def test_what_is_no_number_hides_nothing():
    voxels = np.linspace(0, 100, 900, dtype=np.float32).reshape(30, 30)
    voxels[0, 0], voxels[0, 1] = np.nan, np.inf
    assert thumbnail_of(image(voxels)).std() > 50
