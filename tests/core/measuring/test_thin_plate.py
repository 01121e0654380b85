"""Thin-plate splines: against scipy's, and what any of them has to do."""

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from core.measuring.thin_plate import thin_plate_weights


def scene(ndim: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    source = generator.normal(size=(12, ndim))
    return source, source + generator.normal(scale=0.2, size=source.shape), generator.uniform(-3, 3, size=(50, ndim))


@pytest.mark.parametrize(("ndim", "kernel"), [(2, "thin_plate_spline"), (3, "linear")])
def test_places_go_where_scipy_puts_them(ndim: int, kernel: str) -> None:
    source, target, places = scene(ndim)
    expected = RBFInterpolator(source, target, kernel=kernel, degree=1)(places)
    np.testing.assert_allclose(thin_plate_weights(source, places) @ target, expected, atol=1e-9)


@pytest.mark.parametrize("ndim", [2, 3])
def test_landmarks_go_where_they_are_sent_and_a_shear_takes_everything_along(ndim: int) -> None:
    source, target, places = scene(ndim)
    np.testing.assert_allclose(thin_plate_weights(source, source) @ target, target, atol=1e-9)
    shear = np.eye(ndim) + 0.3 * np.eye(ndim, k=1)
    weights = thin_plate_weights(source, places)
    np.testing.assert_allclose(weights @ (source @ shear + 5), places @ shear + 5, atol=1e-9)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-9)


def test_landmarks_that_span_no_space_are_refused() -> None:
    line = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [5.0, 5.0]])
    plane = np.column_stack([scene(2)[0], np.zeros(12)])
    twice = np.vstack([scene(2)[0], scene(2)[0][:1]])
    for source in (line, plane, twice):
        with pytest.raises(ValueError, match="span no space"):
            thin_plate_weights(source, source + 0.5)
