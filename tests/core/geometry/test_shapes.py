"""Shapes: similarity fits and the Procrustes mean."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.geometry.shapes import centroid_size, fit_similarity, mean_shape, procrustes_mean, transform_points


def moved(points_mm: np.ndarray, degrees: float, scale: float, shift_mm: float) -> np.ndarray:
    """Rotate about z, scale and shift points ``(L, D)``."""
    ndim = points_mm.shape[1]
    matrix = Rotation.from_euler("z", degrees, degrees=True).as_matrix()[:ndim, :ndim]
    return scale * points_mm @ matrix.T + shift_mm


def shape_of(ndim: int, count: int = 7) -> np.ndarray:
    return np.random.default_rng(ndim).uniform(0, 100, size=(count, ndim))


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_similarity_is_recovered(ndim: int) -> None:
    source = shape_of(ndim)
    target = moved(source, 130.0, 1.7, -40.0)
    np.testing.assert_allclose(transform_points(fit_similarity(source, target), source), target, atol=1e-9)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_mirror_image_is_never_fitted_by_reflection(ndim: int) -> None:
    source = shape_of(ndim)
    target = source * np.array([-1.0, *([1.0] * (ndim - 1))])
    matrix = fit_similarity(source, target)
    assert np.linalg.det(matrix) > 0
    assert np.abs(transform_points(matrix, source) - target).max() > 5


def test_a_rigid_fit_does_not_scale() -> None:
    source = shape_of(2)
    matrix = fit_similarity(source, moved(source, 20.0, 3.0, 5.0), scaled=False)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_mean_of_one_shape_in_many_poses_is_that_shape(ndim: int) -> None:
    shape = shape_of(ndim)
    poses = np.stack([moved(shape, angle, scale, 10 * scale) for angle, scale in ((-15, 0.8), (3, 1.0), (12, 1.2))])
    mean = procrustes_mean(poses)
    np.testing.assert_allclose(transform_points(fit_similarity(mean, shape), mean), shape, atol=1e-6)


def test_the_mean_keeps_typical_size_place_and_orientation() -> None:
    shape = shape_of(2)
    noise = np.random.default_rng(0).normal(0, 2, size=(20, *shape.shape))
    poses = np.stack(
        [moved(shape + n, angle, 1.0, 5.0) for n, angle in zip(noise, np.linspace(-20, 20, 20), strict=True)]
    )
    mean = procrustes_mean(poses)
    assert centroid_size(mean) == pytest.approx(np.mean([centroid_size(pose) for pose in poses]))
    np.testing.assert_allclose(mean.mean(axis=0), poses.mean(axis=(0, 1)), atol=1e-9)
    np.testing.assert_allclose(mean, moved(shape, 0.0, 1.0, 5.0), atol=3.0)


def test_the_mean_does_not_depend_on_the_order() -> None:
    poses = np.stack([moved(shape_of(2) + n, 9.0 * n, 1.0, n) for n in range(4)])
    np.testing.assert_allclose(procrustes_mean(poses), procrustes_mean(poses[::-1]), atol=1e-4)


def test_the_mean_shape_lies_as_the_first_complete_one_and_needs_one() -> None:
    shape = shape_of(3)
    incomplete = np.where(np.arange(7)[:, None] == 2, np.nan, shape)
    complete = [moved(shape, angle, 1.0, shift) for angle, shift in ((40, 5), (-100, 30), (170, 0))]
    np.testing.assert_allclose(mean_shape([incomplete, *complete]), complete[0], atol=1e-4)
    with pytest.raises(ValueError, match="no configuration knows all its points"):
        mean_shape([incomplete])
