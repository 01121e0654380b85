import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.method.pose import (
    axis_orientations,
    fit_shape,
    held_near,
    orientation_matrix,
    orientation_origin,
    oriented_image,
    oriented_shape,
)


def random_rotation(rng: np.random.Generator, ndim: int) -> torch.Tensor:
    matrix = np.linalg.qr(rng.normal(size=(ndim, ndim)))[0]
    matrix[:, 0] *= np.sign(np.linalg.det(matrix))
    return torch.from_numpy(matrix.astype(np.float32))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_a_rotated_scaled_moved_shape_is_fitted_in_spite_of_strays(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    shape = torch.from_numpy(rng.normal(scale=8, size=(30, ndim)).astype(np.float32))
    rotation = random_rotation(rng, ndim)
    truth = 1.2 * shape @ rotation.t() + torch.from_numpy(rng.normal(scale=30, size=ndim).astype(np.float32))
    estimate = truth + torch.from_numpy(rng.normal(scale=0.1, size=(30, ndim)).astype(np.float32))
    estimate[:4] += torch.from_numpy(rng.normal(scale=15, size=(4, ndim)).astype(np.float32))
    found, fitted = fit_shape(shape, estimate)
    assert torch.allclose(found, rotation, atol=0.03)
    assert (fitted - truth).norm(dim=1).max() < 0.6
    assert torch.linalg.det(found) == pytest.approx(1.0, abs=1e-4)


def test_points_are_held_near_the_shape() -> None:
    fitted = torch.zeros(3, 2)
    held = held_near(torch.tensor([[0.3, 0.4], [3.0, 4.0], [0.0, 0.0]]), fitted, 1.0)
    assert torch.allclose(held, torch.tensor([[0.3, 0.4], [0.6, 0.8], [0.0, 0.0]]))


@pytest.mark.parametrize(("ndim", "count"), [(2, 4), (3, 24)])
def test_the_orientations_are_all_the_rotations_from_axes_onto_axes(ndim: int, count: int) -> None:
    orientations = axis_orientations(ndim)
    matrices = torch.stack([orientation_matrix(orientation) for orientation in orientations])
    assert len(orientations) == count
    assert torch.equal(matrices[0], torch.eye(ndim))
    assert len(torch.unique(matrices.flatten(1), dim=0)) == count
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(count))


@pytest.mark.parametrize("ndim", [2, 3])
def test_an_oriented_image_has_its_samples_where_matrix_and_origin_say(ndim: int) -> None:
    image = torch.randn(5, 4, 3)[(slice(None),) * ndim + (0,) * (3 - ndim)]
    for orientation in axis_orientations(ndim):
        oriented = oriented_image(image, orientation)
        index = torch.tensor([1.0, 2.0, 0.0][:ndim])
        place = orientation_matrix(orientation) @ index + orientation_origin(list(image.shape), orientation)
        assert oriented[tuple(index.int())] == image[tuple(place.int())]


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_shape_of_an_oriented_image_is_known_without_making_it(ndim: int) -> None:
    image = torch.zeros([4, 5, 6][:ndim])
    for orientation in axis_orientations(ndim):
        assert oriented_shape(list(image.shape), orientation) == list(oriented_image(image, orientation).shape)
