"""Predictions as values."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from core.values.grid import Grid
from core.values.landmarks import Landmarks
from core.values.prediction import Prediction, VectorField


def test_a_vector_field_fits_its_cells():
    grid = Grid.from_spacing((3, 4))
    field = VectorField(np.zeros((3, 4, 2)), np.zeros((3, 4)), grid)
    assert field.displacement_mm.dtype == np.float32
    with pytest.raises(ValueError, match="cells"):
        VectorField(np.zeros((3, 4, 3)), np.zeros((3, 4)), grid)


def make_prediction(stages: int = 2) -> Prediction:
    grid = Grid.from_spacing((3, 4))
    field = VectorField(np.zeros((3, 4, 2)), np.zeros((3, 4)), grid)
    landmarks = Landmarks(("a", "b", "c"), np.zeros((3, 2)))
    return Prediction(landmarks, ((field,) * 3,) * stages, np.zeros((stages, 3, 2)), "model 1", "cpu", 0.5)


@pytest.mark.parametrize(
    ("weight", "likely"),
    [
        ([[0.9, 0.6], [0.5, 0.1]], [[True, True], [False, False]]),
        ([[0.4, 0.45], [0.4, 0.3]], [[False, False], [False, False]]),  # each by itself, and likelier not
        ([[0.16, 0.1], [0.3, 0.4]], [[False, False], [True, True]]),  # together a probability
        ([[0.1, 0.1], [0.1, 0.1]], [[False, False], [False, False]]),  # and likelier elsewhere
    ],
)
def test_likely_cells_are_those_of_the_paper_or_the_best_of_those_that_share_one_posterior(weight, likely):
    field = VectorField(np.zeros((2, 2, 2)), np.array(weight), Grid.from_spacing((2, 2)))
    np.testing.assert_array_equal(field.likely, likely)


def test_a_prediction_cannot_be_changed():
    prediction = make_prediction()
    assert prediction.stage_points_mm.dtype == np.float64
    with pytest.raises(FrozenInstanceError):
        prediction.device = "cuda"
    with pytest.raises(ValueError, match="read-only"):
        prediction.stage_points_mm[0, 0, 0] = 1.0
    listed = replace(prediction, fields=[list(fields) for fields in prediction.fields], warnings=["Look."])
    assert isinstance(listed.fields, tuple)
    assert isinstance(listed.fields[0], tuple)
    assert listed.warnings == ("Look.",)


@pytest.mark.parametrize("shape", [(1, 3, 2), (2, 4, 2), (2, 3, 3), (3, 2)])
def test_the_points_of_a_prediction_are_those_of_its_stages_landmarks_and_axes(shape):
    with pytest.raises(ValueError, match="2 stages have"):
        replace(make_prediction(), stage_points_mm=np.zeros(shape))


def test_each_landmark_has_a_field_in_each_stage():
    prediction = make_prediction()
    with pytest.raises(ValueError, match="stage 1 needs a field of 2 axes for each of 3 landmarks"):
        replace(prediction, fields=(prediction.fields[0], prediction.fields[1][:2]))
    volume = VectorField(np.zeros((2, 3, 4, 3)), np.zeros((2, 3, 4)), Grid.from_spacing((2, 3, 4)))
    with pytest.raises(ValueError, match="stage 0 needs a field of 2 axes"):
        replace(prediction, fields=((*prediction.fields[0][:2], volume), prediction.fields[1]))
