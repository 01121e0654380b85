"""The thin-plate spline between configurations of landmarks."""

import numpy as np
import pytest

from core.geometry.shapes import fit_similarity, transform_points
from tests.core.geometry.test_shapes import moved, shape_of
from training.samples.warping import fit_thin_plate_spline


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_spline_carries_landmarks_exactly_and_anchors_by_the_similarity(ndim: int) -> None:
    rng = np.random.default_rng(1)
    source = shape_of(ndim, 12)
    target = moved(source, 12.0, 1.1, 4.0) + rng.normal(0, 3, source.shape)
    anchors = rng.uniform(200, 300, size=(8, ndim))
    spline = fit_thin_plate_spline(source, target, anchors)
    np.testing.assert_allclose(spline(source), target, atol=1e-6)
    np.testing.assert_allclose(spline(anchors), transform_points(fit_similarity(source, target), anchors), atol=1e-6)


def test_the_spline_of_a_similarity_is_that_similarity() -> None:
    source, elsewhere = shape_of(2), shape_of(2, 30) * 2
    spline = fit_thin_plate_spline(source, moved(source, 30.0, 0.9, 7.0), np.array([[300.0, 0.0], [0.0, 300.0]]))
    np.testing.assert_allclose(spline(elsewhere), moved(elsewhere, 30.0, 0.9, 7.0), atol=1e-6)
