import tracemalloc

import numpy as np
import pytest

from app.session.window_level import dragged_levels, grey_values, percentile_levels


def test_outliers_are_left_out():
    voxels = np.concatenate([np.linspace(100, 200, 10_000), [65_000, 0]]).astype(np.uint16)
    low, high = percentile_levels(voxels)
    assert 99 <= low <= 102
    assert 198 <= high <= 201


@pytest.mark.parametrize(
    ("voxels", "levels"),
    [
        (np.full((4, 4), 7), (6.5, 7.5)),
        (np.full((4, 4), np.nan), (0.0, 1.0)),
        (np.array([[np.nan, 1.0], [np.inf, 3.0]]), (1.0, 3.0)),
    ],
)
def test_odd_images_get_levels_too(voxels, levels):
    assert percentile_levels(voxels, 0, 100) == levels


def test_a_mask_with_a_few_bright_voxels_is_not_black():
    voxels = np.zeros(100_000, np.uint8)
    voxels[::1000] = 1
    assert percentile_levels(voxels) == (0.0, 1.0)


def test_dragging_up_brightens_and_right_flattens():
    low, high = dragged_levels((50, 150), 0.0, 0.1, (0, 200))
    assert (low, high) == (30, 130)
    low, high = dragged_levels((50, 150), 0.2, 0.0, (0, 200))
    assert (low + high) / 2 == pytest.approx(100)
    assert high - low > 100


def test_the_window_never_closes():
    low, high = dragged_levels((50, 150), -100.0, 0.0, (0, 200))
    assert high - low == pytest.approx(0.2)


def test_a_volume_stored_in_another_order_is_sampled_without_a_copy_of_it():
    voxels = np.random.default_rng(0).normal(100, 20, (120, 130, 140)).astype(np.float32).transpose(2, 0, 1)[::-1]
    tracemalloc.start()
    low, high = percentile_levels(voxels, 1, 99)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < voxels.nbytes
    assert (low, high) == pytest.approx((100 - 2.326 * 20, 100 + 2.326 * 20), abs=1)


def test_grey_values_follow_the_levels():
    assert grey_values(np.array([[-5.0, 0.0, 5.0, 10.0, np.nan]]), 0, 10).tolist() == [[0, 0, 127, 255, 0]]
    assert grey_values(np.array([[1, 2]]), 2, 2).tolist() == [[0, 0]]
