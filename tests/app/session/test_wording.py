import numpy as np
import pytest

from app.session import wording
from core.values.landmarks import NOMINAL_COVERAGE, Author, Landmarks, Status

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
    assert wording.sentence(landmarks, "a", "mm") == (
        "In 90 % of cases, the true position lies within 1.50 mm of the one the model found."
    )
    assert wording.sentence(landmarks, "b", "px").endswith("within 2.5 px of the one the model found.")
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


def one(status, author=Author.NOBODY, presence=0.98):
    return Landmarks(
        ("a",), np.zeros((1, 2)), [presence], [3.0 if presence == presence else NAN],
        [1.5 if presence == presence else NAN], (status,), (author,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("landmarks", "words"),
    [
        (one(Status.PREDICTED), "predicted"),
        (one(Status.CORRECTED), "corrected"),
        (one(Status.CONFIRMED, Author.MODEL), "confirmed"),
        (one(Status.CONFIRMED, Author.PERSON), "corrected, confirmed"),
        (one(Status.CONFIRMED, presence=NAN), "placed, confirmed"),
        (one(Status.ABSENT, Author.PERSON), "not present"),
        (one(Status.UNPLACED), "not placed"),
    ],
)
def test_a_state_keeps_both_facts(landmarks, words):
    assert wording.state(landmarks, "a") == words


def test_moving_and_confirming_are_both_told_whatever_came_first():
    found = one(Status.PREDICTED)
    moved = found.with_point("a", (5.0, 5.0), Status.CORRECTED)
    assert wording.state(moved.with_status("a", Status.CONFIRMED), "a") == "corrected, confirmed"
    assert wording.origin(moved.with_status("a", Status.CONFIRMED), "a") is Status.CORRECTED
    assert wording.state(found.with_status("a", Status.CONFIRMED), "a") == "confirmed"
    assert wording.origin(found.with_status("a", Status.CONFIRMED), "a") is Status.PREDICTED


def test_a_tip_says_in_lines_what_is_known():
    def tip(landmarks, unit="mm"):
        return wording.tip(landmarks, "a", "sella (S)", unit).splitlines()

    assert tip(one(Status.PREDICTED)) == ["Sella (S)", "Predicted", "Presence 98 %", "± 1.50 mm (90 %)"]
    assert tip(one(Status.CONFIRMED, Author.PERSON)) == [
        "Sella (S)",
        "Corrected by hand, confirmed",
        "The model's answer: presence 98 %, ± 1.50 mm (90 %)",
    ]
    assert tip(one(Status.PLACED, presence=NAN)) == ["Sella (S)", "Placed by hand"]
    uncalibrated = Landmarks(("a",), np.zeros((1, 2)), [0.5], [3.0], [NAN], (Status.PREDICTED,))
    assert tip(uncalibrated, "px")[-1] == "Spread 3.0 px"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65.4, "1:05"), (3599.6, "1:00:00"), (3605, "1:00:05")])
def test_time_is_told_as_a_clock_shows_it(seconds, text):
    assert wording.time_spent(seconds) == text
