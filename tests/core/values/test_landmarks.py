"""Landmarks as values: what is stated fits the position, and nothing can be changed in place."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.values.landmarks import Author, Landmarks, Status

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

RANK = st.sampled_from([2, 3])
NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


@st.composite
def landmark_sets(draw: st.DrawFn) -> Landmarks:
    names = draw(NAMES)
    points = draw(hnp.arrays(float, (len(names), draw(RANK)), elements=st.floats(-1e4, 1e4)))
    return Landmarks(tuple(names), points, status=(Status.PREDICTED,) * len(names))


@unhurried
@given(landmark_sets(), st.data())
def test_moving_one_landmark_leaves_the_original_and_the_others_alone(landmarks, data):
    name = data.draw(st.sampled_from(landmarks.names))
    before = landmarks.points_mm.copy()
    target_mm = np.full(landmarks.ndim, 12345.0)
    moved = landmarks.with_point(name, target_mm)
    np.testing.assert_array_equal(landmarks.points_mm, before)
    np.testing.assert_array_equal(moved.point_mm(name), target_mm)
    assert moved.status[moved.index(name)] is Status.CORRECTED
    others = [other for other in landmarks.names if other != name]
    assert moved.subset(others) == landmarks.subset(others)


@unhurried
@given(landmark_sets(), st.data())
def test_a_removed_landmark_is_absent_and_keeps_its_row(landmarks, data):
    name = data.draw(st.sampled_from(landmarks.names))
    removed = landmarks.without_point(name)
    row = removed.index(name)
    assert removed.names == landmarks.names
    assert removed.status[row] is Status.ABSENT
    assert not removed.located[row]
    assert removed.located.sum() == len(landmarks) - 1


@unhurried
@given(landmark_sets(), st.randoms(use_true_random=False))
def test_a_subset_of_all_in_another_order_and_back_is_the_same(landmarks, random):
    shuffled = list(landmarks.names)
    random.shuffle(shuffled)
    assert landmarks.subset(shuffled).names == tuple(shuffled)
    assert landmarks.subset(shuffled).subset(landmarks.names) == landmarks


def test_confirming_changes_the_status_and_not_the_place():
    landmarks = Landmarks(("a", "b"), [[1, 2], [3, 4]])
    confirmed = landmarks.with_status("b", Status.CONFIRMED)
    np.testing.assert_array_equal(confirmed.points_mm, landmarks.points_mm)
    assert confirmed.status == (Status.PLACED, Status.CONFIRMED)


def test_the_author_follows_from_the_state_and_from_what_the_model_said():
    states = (*Status, Status.ABSENT, Status.ABSENT, Status.CONFIRMED)
    presence = [0.9, 0.9, np.nan, 0.9, 0.1, np.nan, 0.9, np.nan, np.nan]
    names = tuple(f"{row} {status}" for row, status in enumerate(states))
    landmarks = Landmarks(names, np.zeros((9, 2)), presence, status=states)
    model, person, nobody = Author.MODEL, Author.PERSON, Author.NOBODY
    assert landmarks.author == (model, person, person, model, model, nobody, person, person, person)


def test_a_person_who_confirms_agrees_and_one_who_moves_becomes_the_author():
    found = Landmarks(("a", "b"), [[1, 2], [np.nan] * 2], [0.9, 0.1], status=(Status.PREDICTED, Status.ABSENT))
    assert found.author == (Author.MODEL, Author.MODEL)
    agreed = found.with_status("a", Status.CONFIRMED).without_point("b")
    assert (agreed.status, agreed.author) == ((Status.CONFIRMED, Status.ABSENT), (Author.MODEL, Author.MODEL))
    moved = found.with_point("a", [3, 4]).with_status("a", Status.CONFIRMED).with_point("b", [5, 6], Status.PLACED)
    assert (moved.status, moved.author) == ((Status.CONFIRMED, Status.PLACED), (Author.PERSON, Author.PERSON))
    assert moved.without_point("b").author == (Author.PERSON, Author.PERSON)
    assert moved.with_point("b", [np.nan] * 2, Status.UNPLACED).author == (Author.PERSON, Author.NOBODY)
    assert moved.subset(["b", "a"]).author == moved.author[::-1]


def test_an_absence_that_a_model_asserts_stays_the_models_whatever_its_threshold():
    """A model may call a landmark absent at a presence of 0.6; it says so, and no default overrules it."""
    absent = Landmarks(("a",), [[np.nan] * 2], [0.6], status=(Status.ABSENT,), author=(Author.MODEL,))
    assert absent.subset(["a"]).with_status("a", Status.ABSENT).author == (Author.MODEL,)
    assert replace(absent, presence=[np.nan]).author == (Author.MODEL,)
    assert absent != replace(absent, author=(Author.PERSON,))


def test_landmarks_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"unique.*a"):
        Landmarks(("a", "b", "a"), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="points"):
        Landmarks(("a",), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="points"):
        Landmarks(("a",), np.zeros((1, 4)))
    with pytest.raises(ValueError, match="presence"):
        Landmarks(("a",), np.zeros((1, 2)), presence=np.zeros(2))
    with pytest.raises(ValueError, match="states"):
        Landmarks(("a",), np.zeros((1, 2)), status=(Status.PLACED,) * 2)
    with pytest.raises(ValueError, match="authors"):
        Landmarks(("a",), np.zeros((1, 2)), author=(Author.PERSON,) * 2)
    with pytest.raises(KeyError):
        Landmarks(("a",), np.zeros((1, 2))).point_mm("b")


def test_landmarks_cannot_be_changed_and_keep_their_own_copies():
    points = np.zeros((2, 2))
    landmarks = Landmarks(("a", "b"), points)
    points[0, 0] = 5
    assert landmarks.points_mm[0, 0] == 0
    for array in (landmarks.points_mm, landmarks.presence, landmarks.spread_mm, landmarks.radius_mm):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(FrozenInstanceError):
        landmarks.names = ("c", "d")


def test_without_a_status_a_place_means_placed_and_none_means_absent():
    landmarks = Landmarks(("a", "b"), [[1, 2], [np.nan, np.nan]])
    assert landmarks.status == (Status.PLACED, Status.ABSENT)
    assert landmarks == replace(landmarks)
    assert landmarks != landmarks.without_point("a")


def test_what_is_stated_fits_the_position():
    here, nowhere = [1.0, 2.0], [np.nan, np.nan]
    status = (Status.CONFIRMED, Status.UNPLACED, Status.ABSENT, Status.CONFIRMED, Status.UNPLACED, Status.ABSENT)
    landmarks = Landmarks(tuple("abcdef"), [here] * 3 + [nowhere] * 3, status=status)
    assert landmarks.stated == (
        Status.CONFIRMED, Status.PLACED, Status.ABSENT, Status.ABSENT, Status.UNPLACED, Status.ABSENT,
    )  # fmt: skip


def test_no_landmarks_are_landmarks_too():
    assert len(Landmarks((), np.zeros((0, 3)))) == 0
    assert Landmarks((), np.zeros((0, 3))).ndim == 3
