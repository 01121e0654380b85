import numpy as np
import pytest

from app.session import wording
from core.values.landmarks import NOMINAL_COVERAGE, Landmarks, Status

NAN = np.nan


def three(radii_mm=(1.5, 2.5, NAN), status=(Status.PREDICTED, Status.CORRECTED, Status.PLACED)):
    """Landmarks a and b that a model found, and c that a person placed."""
    return Landmarks(("a", "b", "c"), np.zeros((3, 2)), spread_mm=[4, 3, NAN], radius_mm=radii_mm, status=status)


def test_the_words_name_the_coverage_of_the_calibration():
    assert f"{100 * NOMINAL_COVERAGE:g} %" == wording.COVERAGE


def test_a_calibrated_model_is_shown_by_its_radii():
    landmarks = three()
    assert wording.is_calibrated(landmarks)
    np.testing.assert_array_equal(wording.uncertainty_mm(landmarks), landmarks.radius_mm)
    assert wording.heading(landmarks, "mm") == "± mm (90 %)"
    assert "spread" not in wording.explanation(landmarks).lower()
    assert wording.sentence(landmarks, "a", "mm").startswith("± 1.50 mm around what the model found")
    assert wording.sentence(landmarks, "b", "px").startswith("± 2.5 px around what the model found")
    assert wording.sentence(landmarks, "c", "mm") == ""


def test_a_radius_needs_something_to_be_around():
    landmarks = three().without_point("a")
    assert np.isnan(wording.uncertainty_mm(landmarks)[0])
    assert wording.sentence(landmarks, "a", "mm") == ""


@pytest.mark.parametrize("radii_mm", [(NAN, NAN, NAN), (NAN, 2.5, NAN)])
def test_a_prediction_without_a_radius_is_shown_by_its_spread_and_so_are_all_beside_it(radii_mm):
    landmarks = three(radii_mm)
    assert not wording.is_calibrated(landmarks)
    np.testing.assert_array_equal(wording.uncertainty_mm(landmarks), landmarks.spread_mm)
    assert wording.heading(landmarks, "px") == "Spread px"
    for text in (wording.explanation(landmarks), wording.sentence(landmarks, "a", "mm")):
        assert "90 %" not in text
        assert "not how far off" in text
    assert "±" not in wording.sentence(landmarks, "a", "mm")


def test_what_an_uncalibrated_model_left_behind_does_not_hide_the_radii_of_a_calibrated_one():
    landmarks = three((1.5, NAN, NAN))
    assert wording.is_calibrated(landmarks)
    assert np.isnan(wording.uncertainty_mm(landmarks)[1:]).all()


def test_without_landmarks_there_is_no_radius():
    empty = Landmarks((), np.zeros((0, 2)))
    assert not wording.is_calibrated(empty)
    assert wording.heading(None, "mm") == "Spread mm"
