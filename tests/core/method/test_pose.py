import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.method.pose import axis_turns, fit_shape, held_near, turn_image, turn_matrix, turn_origin, turned_shape


def random_rotation(rng: np.random.Generator, ndim: int) -> torch.Tensor:
    matrix = np.linalg.qr(rng.normal(size=(ndim, ndim)))[0]
    matrix[:, 0] *= np.sign(np.linalg.det(matrix))
    return torch.from_numpy(matrix.astype(np.float32))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_a_turned_scaled_moved_shape_is_fitted_in_spite_of_strays(seed: int, ndim: int) -> None:
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
def test_turns_are_all_the_rotations_along_axes(ndim: int, count: int) -> None:
    turns = axis_turns(ndim)
    matrices = torch.stack([turn_matrix(turn) for turn in turns])
    assert len(turns) == count
    assert torch.equal(matrices[0], torch.eye(ndim))
    assert len(torch.unique(matrices.flatten(1), dim=0)) == count
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(count))


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_turned_image_has_its_samples_where_matrix_and_origin_say(ndim: int) -> None:
    image = torch.randn(5, 4, 3)[(slice(None),) * ndim + (0,) * (3 - ndim)]
    for turn in axis_turns(ndim):
        turned = turn_image(image, turn)
        index = torch.tensor([1.0, 2.0, 0.0][:ndim])
        place = turn_matrix(turn) @ index + turn_origin(list(image.shape), turn)
        assert turned[tuple(index.int())] == image[tuple(place.int())]


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_shape_of_a_turned_image_is_known_without_turning_it(ndim: int) -> None:
    image = torch.zeros([4, 5, 6][:ndim])
    for turn in axis_turns(ndim):
        assert turned_shape(list(image.shape), turn) == list(turn_image(image, turn).shape)
