"""The mirror image of an animal: a reflection, and other names for the landmarks."""

import numpy as np
import pytest
import torch

from core.learning.mirror import make_mirror


@pytest.mark.parametrize("ndim", [2, 3])
def test_without_a_shape_left_and_right_of_the_array_are_exchanged(ndim: int) -> None:
    matrix = make_mirror((1, 0), ndim).matrix
    assert matrix.tolist() == np.diag([1.0] * (ndim - 1) + [-1.0]).tolist()


def test_landmarks_take_the_place_of_their_partner_or_cannot_be_judged() -> None:
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [torch.nan, torch.nan]])
    renamed = make_mirror((1, 0, -1, 3), 2).renamed(points)
    assert renamed[:2].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert torch.isinf(renamed[2]).all()
    assert torch.isnan(renamed[3]).all()


def test_the_plane_of_a_mean_shape_is_found_whichever_way_it_lies() -> None:
    """Pairs and two midline landmarks, symmetric to a plane through the shape's middle, with a little noise."""
    rng = np.random.default_rng(4)
    normal = np.array([0.36, 0.48, 0.8])
    reflection = np.eye(3) - 2 * np.outer(normal, normal)
    left = rng.normal(size=(6, 3)) * 10
    middle = rng.normal(size=(2, 3)) * 10
    middle -= np.outer(middle @ normal, normal)
    shape = np.concatenate([left, left @ reflection.T, middle]) + np.array([5.0, -3.0, 8.0])
    shape += rng.normal(size=shape.shape) * 0.01
    partners = (*range(6, 12), *range(6), 12, 13)
    matrix = make_mirror(partners, 3, shape.tolist()).matrix.double().numpy()
    np.testing.assert_allclose(matrix, reflection, atol=0.005)
    assert np.linalg.det(matrix) == pytest.approx(-1.0, abs=1e-5)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-5)
