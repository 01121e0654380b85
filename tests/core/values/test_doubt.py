import numpy as np
import pytest

from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.values.doubt import (
    LARGE,
    SURE_PRESENCE,
    UNRECOGNISED_PRESENCE,
    UNUSUALLY_LARGE,
    is_decided,
    names_in_doubt,
    recognises_nothing,
    seen_blind,
)
from core.values.landmarks import Author, Landmarks, Status

NAMES = ("a", "b", "c")
USUAL = {"a": 1.0, "b": 1.0, "c": 3.0}


def three(presence=(1.0, 1.0, 1.0), radius=(1.0, 1.0, 1.5), spread=(1.0, 1.0, 1.0), status=(Status.PREDICTED,) * 3):
    points = [[np.nan, np.nan] if s in (Status.ABSENT, Status.UNPLACED) else [1.0, 2.0] for s in status]
    return Landmarks(NAMES, points, presence, spread, radius, status)


def test_a_model_that_is_sure_of_everything_asks_for_no_eye():
    assert names_in_doubt(three(), USUAL) == ()


@pytest.mark.parametrize(
    ("presence", "doubted"), [(SURE_PRESENCE, ()), (SURE_PRESENCE - 0.01, ("b",)), (np.nan, ("b",))]
)
def test_a_presence_that_is_low_or_unknown_wants_an_eye(presence, doubted):
    assert names_in_doubt(three(presence=(1.0, presence, 1.0)), USUAL) == doubted


def test_a_radius_unusual_for_its_landmark_wants_an_eye_and_so_does_one_that_is_large_beside_the_others():
    unusual = three(radius=(UNUSUALLY_LARGE * 1.01, UNUSUALLY_LARGE * 0.99, 1.5))
    assert names_in_doubt(unusual, USUAL) == ("a",)
    as_ever = three(radius=(1.0, 1.0, 3.0))  # as large as ever, and far larger than that of the others
    assert names_in_doubt(as_ever, USUAL) == ("c",)


def test_without_usual_radii_those_of_this_image_are_compared_and_without_radii_the_spreads():
    assert names_in_doubt(three(radius=(1.0, 1.0, LARGE * 1.01))) == ("c",)
    nothing = (np.nan,) * 3
    assert names_in_doubt(three(radius=nothing, spread=(1.0, 1.0, LARGE * 1.01))) == ("c",)
    assert names_in_doubt(three(radius=nothing, spread=nothing)) == NAMES


def test_a_landmark_that_the_model_does_not_know_is_held_against_the_other_radii():
    assert names_in_doubt(three(radius=(1.0, 1.0, 5.0)), {"a": 1.0, "b": 1.0}) == ("c",)


def test_what_is_absent_wants_an_eye_unless_the_model_is_sure_or_a_person_said_so():
    status = (Status.ABSENT,) * 3
    absent = three(presence=(0.01, 0.3, np.nan), status=status)
    assert absent.author[2] is Author.PERSON
    assert names_in_doubt(absent, USUAL) == ("b",)


def test_what_nobody_has_placed_wants_an_eye_and_what_a_person_decided_does_not():
    landmarks = three(presence=(0.1, 0.1, np.nan), status=(Status.CONFIRMED, Status.CORRECTED, Status.UNPLACED))
    assert names_in_doubt(landmarks, USUAL) == ("c",)
    assert [is_decided(landmarks, name) for name in NAMES] == [True, True, False]


def test_no_landmarks_are_no_doubt():
    assert names_in_doubt(Landmarks((), np.empty((0, 2)))) == ()


def test_usual_radii_come_from_the_metadata_in_mm_or_in_px_of_the_training_images():
    info = read_model_info(bundled_model_for(2))
    usual = info.usual_radii()
    assert list(usual) == list(info.landmarks)
    in_px = info.usual_radii(in_px=True)
    assert in_px["Sella"] == pytest.approx(usual["Sella"] / info.training_spacing_mm)
    assert info.model_copy(update={"calibration_mm": ()}).usual_radii() == {}


def test_who_reads_blind_sees_what_a_person_has_decided_and_no_radius():
    landmarks = three(status=(Status.PREDICTED, Status.CONFIRMED, Status.PLACED))
    seen = seen_blind(landmarks)
    assert seen.located.tolist() == [False, True, True]
    assert seen.status == (Status.UNPLACED, Status.CONFIRMED, Status.PLACED)
    assert np.isnan(seen.radius_mm).all()


def test_a_model_recognises_nothing_where_it_finds_none_of_its_landmarks():
    low = UNRECOGNISED_PRESENCE / 2
    assert recognises_nothing(three(presence=(low, 0.0, low)))
    assert not recognises_nothing(three(presence=(low, 0.0, 2 * UNRECOGNISED_PRESENCE)))
    assert not recognises_nothing(three(presence=(np.nan, 0.0, 0.0)))  # it does not say
    assert not recognises_nothing(three().subset(()))
