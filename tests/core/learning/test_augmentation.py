"""Random rotations of volumes, and what is done to intensities."""

import numpy as np
import pytest
import torch

from core.learning.augmentation import change_intensity, random_matrices, uniform_rotations
from core.learning.configuration import AugmentationConfig


def test_uniform_rotations_are_rotations_and_repeat_with_their_seed() -> None:
    found = uniform_rotations(np.random.default_rng(3), 50)
    assert found.shape == (50, 3, 3)
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(found), 1.0)
    np.testing.assert_array_equal(found, uniform_rotations(np.random.default_rng(3), 50))
    assert not np.allclose(found[0], found[1])


def test_uniform_rotations_prefer_no_direction_and_no_angle() -> None:
    """What is known of the uniform distribution: every axis goes anywhere, and angles have density ``(1 - cos) / pi``."""
    found = uniform_rotations(np.random.default_rng(0), 20_000)
    np.testing.assert_allclose(found.mean(0), 0, atol=0.02)
    np.testing.assert_allclose((found**2).mean(0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(np.quantile(found[:, 0, 0], [0.1, 0.5, 0.9]), [-0.8, 0, 0.8], atol=0.03)
    angles = np.arccos(np.clip((np.trace(found, axis1=1, axis2=2) - 1) / 2, -1, 1))
    quarters = np.array([0.25, 0.5, 0.75]) * np.pi
    expected = (quarters - np.sin(quarters)) / np.pi
    np.testing.assert_allclose([(angles < quarter).mean() for quarter in quarters], expected, atol=0.01)


def test_every_orientation_is_drawn_with_180_degrees_and_only_near_ones_with_less() -> None:
    rng = np.random.default_rng(1)
    everywhere = random_matrices(rng, 4000, 3, AugmentationConfig(rotation_deg=180, scale=0.2))
    scales = torch.linalg.det(everywhere).pow(1 / 3)
    assert float(scales.min()) == pytest.approx(np.exp(-0.2), abs=0.01)
    assert float(scales.max()) == pytest.approx(np.exp(0.2), abs=0.01)
    rotations = everywhere / scales[:, None, None]
    assert torch.allclose(rotations.mean(0), torch.zeros(3, 3), atol=0.05)
    near = random_matrices(rng, 200, 3, AugmentationConfig(rotation_deg=30))
    cosines = (near.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
    assert float(cosines.min()) >= np.cos(np.deg2rad(30)) - 1e-5
    assert float(cosines.min()) < np.cos(np.deg2rad(25))


@pytest.mark.parametrize("ndim", [2, 3])
def test_sharpness_changes_the_fine_detail_alone(ndim: int) -> None:
    """A ramp has none (away from the border); of a spike, each crop keeps more or less."""
    size = (9,) * ndim
    spike = torch.zeros(50, *size)
    spike[(slice(None), *(4,) * ndim)] = 1.0
    found = change_intensity(spike, np.random.default_rng(0), AugmentationConfig(sharpness=0.8))
    assert torch.allclose(
        found.flatten(1).sum(1), torch.ones(50), atol=1e-4
    )  # what the middle loses its neighbours gain
    middles = found[(slice(None), *(4,) * ndim)]
    assert 0.2 < float(middles.min()) < 0.6
    assert 1.4 < float(middles.max()) < 1.8
    ramp = torch.arange(9.0).expand(50, *size)
    inside = (slice(None), *(slice(2, 7),) * ndim)
    sharpened = change_intensity(ramp, np.random.default_rng(0), AugmentationConfig(sharpness=0.8))
    assert torch.allclose(sharpened[inside], ramp[inside], atol=1e-4)


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_aspect_changes_and_the_size_does_not(ndim: int) -> None:
    found = random_matrices(np.random.default_rng(2), 500, ndim, AugmentationConfig(rotation_deg=30, aspect=0.1))
    assert torch.allclose(torch.linalg.det(found), torch.ones(500), atol=1e-4)
    ratios = torch.linalg.svdvals(found)
    stretched = (ratios[:, 0] / ratios[:, -1]).log()
    assert float(stretched.max()) <= 0.2 + 1e-5
    assert float(stretched.max()) > 0.15
    alike = random_matrices(np.random.default_rng(2), 500, ndim, AugmentationConfig(rotation_deg=30))
    assert torch.allclose(torch.linalg.svdvals(alike), torch.ones(500, ndim), atol=1e-5)
