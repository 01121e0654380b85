import numpy as np
import pytest
import SimpleITK as sitk
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.method.resampling import (
    crop_starts,
    cut_crops,
    cut_rotated_crops,
    resample,
    resample_window,
    resampled_length,
)
from core.values.grid import Grid


@given(st.integers(1, 400), st.floats(0.1, 9))
def test_lengths_agree_with_the_grid(samples: int, factor: float) -> None:
    grid = Grid.from_spacing((samples, 5), 1.0).resampled((factor, 1.0))
    assert resampled_length(samples, factor) == grid.shape[0]


@settings(deadline=None, max_examples=30)
@given(st.floats(0.4, 4.0), st.floats(0.4, 4.0))
def test_a_linear_ramp_stays_in_place(first: float, second: float) -> None:
    index = np.stack(np.meshgrid(np.arange(30.0), np.arange(40.0), indexing="ij"))
    ramp = torch.tensor(2.0 * index[0] - 0.5 * index[1], dtype=torch.float32)
    found = resample(ramp, [first, second]).numpy()
    grid = Grid.from_spacing((30, 40), 1.0).resampled((first, second))
    new_index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    where = Grid.from_spacing((30, 40), 1.0).to_index(grid.to_mm(new_index))
    inside = ((where > 5) & (where < np.array([24, 34]))).all(-1)
    expected = 2.0 * where[..., 0] - 0.5 * where[..., 1]
    assert np.abs(found - expected)[inside].max() < 1e-3 if inside.any() else True


def test_finer_resampling_is_that_of_simpleitk() -> None:
    voxels = np.random.default_rng(0).normal(size=(12, 9)).astype(np.float32)
    found = resample(torch.from_numpy(voxels), [0.5, 0.5]).numpy()
    image = sitk.GetImageFromArray(voxels)
    oracle = sitk.Resample(image, (18, 24), sitk.Transform(), sitk.sitkLinear, (-0.25, -0.25), (0.5, 0.5))
    inner = (slice(1, -1), slice(1, -1))  # outside the outermost centres SimpleITK gives zero
    assert np.allclose(found[inner], sitk.GetArrayFromImage(oracle)[inner], atol=1e-5)


def test_coarser_resampling_does_not_alias() -> None:
    checkers = torch.tensor([[1.0, -1.0] * 32, [-1.0, 1.0] * 32] * 32)
    assert resample(checkers, [4.0, 4.0])[2:-2, 2:-2].abs().max() < 0.05


def test_the_same_spacing_changes_nothing() -> None:
    image = torch.rand(5, 6, 7)
    assert torch.equal(resample(image, [1.0, 1.0, 1.0]), image)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_a_window_is_that_part_of_the_whole_and_zero_beyond(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    image = torch.from_numpy(rng.normal(size=(21, 17, 13)[:ndim]).astype(np.float32))
    factors = [float(f) for f in rng.choice([0.5, 1.0, 1.7, 3.0], ndim)]
    first, shape = rng.integers(-12, 30, ndim).tolist(), rng.integers(1, 20, ndim).tolist()
    whole = torch.nn.functional.pad(resample(image, factors), [60] * 2 * ndim)
    expected = whole[tuple(slice(60 + f, 60 + f + n) for f, n in zip(first, shape, strict=True))]
    assert torch.allclose(resample_window(image, factors, first, shape), expected, atol=1e-5)


@pytest.mark.parametrize("ndim", [2, 3])
def test_crops_are_centred_and_zero_outside(ndim: int) -> None:
    shape = [10, 12, 14][:ndim]
    image = torch.rand(*shape) + 1.0
    points = torch.tensor([[5.0] * ndim, [-50.0] * ndim, [500.0] * ndim])
    starts = crop_starts(points, shape, 4)
    crops = cut_crops(image, [1.0] * ndim, starts, 4)
    assert starts[0].tolist() == [4.0] * ndim  # 3.5 rounds to even
    assert torch.equal(crops[0], image[(slice(4, 8),) * ndim])
    assert (crops[1] > 0).sum() == 2**ndim  # half of each side still overlaps the corner
    assert (crops[2] > 0).sum() == 2**ndim


@pytest.mark.parametrize("ndim", [2, 3])
def test_rotated_crops_see_what_lies_there(ndim: int) -> None:
    """On a linear ramp interpolation is exact, so every sample must have the value of its place."""
    rng = np.random.default_rng(ndim)
    slope = torch.from_numpy(rng.normal(size=ndim).astype(np.float32))
    index = torch.stack(torch.meshgrid(*[torch.arange(40.0)] * ndim, indexing="ij"), -1)
    rotation = torch.linalg.qr(torch.from_numpy(rng.normal(size=(ndim, ndim)).astype(np.float32))).Q
    centres = torch.from_numpy(rng.uniform(18, 21, (2, ndim)).astype(np.float32))
    found = cut_rotated_crops(index @ slope, [1.0] * ndim, centres, rotation, 6)
    offsets = torch.stack(torch.meshgrid(*[torch.arange(6.0) - 2.5] * ndim, indexing="ij"), -1)
    places = centres.reshape(2, *[1] * ndim, ndim) + offsets @ rotation.t()
    assert torch.allclose(found, places @ slope, atol=1e-3)
