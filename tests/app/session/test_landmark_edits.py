from dataclasses import replace

import numpy as np
import pytest

from app.session import landmark_edits
from app.session.view_state import Sort
from core.values.grid import Grid
from core.values.landmarks import Author, Landmarks, Status


def four() -> Landmarks:
    return Landmarks(
        ("a", "b", "c", "d"),
        np.array([[0.0, 0], [1, 1], [2, 2], [np.nan, np.nan]]),
        np.array([0.9, 0.2, np.nan, 0.4], np.float32),
        np.array([1.0, 5.0, np.nan, 2.0], np.float32),
        status=(Status.PREDICTED, Status.CORRECTED, Status.PLACED, Status.ABSENT),
    )


def test_unplaced_landmarks_have_no_position_and_no_finding():
    landmarks = Landmarks.unplaced(["a", "b"], 3)
    assert landmarks.ndim == 3
    assert not landmarks.located.any()
    assert landmarks.status == (Status.UNPLACED, Status.UNPLACED)
    assert Landmarks.unplaced([], 3).ndim == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a", Status.CORRECTED),
        ("b", Status.CORRECTED),
        ("c", Status.PLACED),
    ],
)
def test_moving_keeps_placed_and_corrects_the_rest(before, after):
    moved = landmark_edits.moved(four(), before, [7, 8])
    assert moved.status[moved.index(before)] is after
    assert np.array_equal(moved.point_mm(before), [7, 8])
    assert moved.subset({"a", "b", "c", "d"} - {before}) == four().subset({"a", "b", "c", "d"} - {before})


def test_placing_forgets_what_the_model_said():
    placed = landmark_edits.placed(four(), "d", [3, 4])
    assert placed.status[3] is Status.PLACED
    assert np.isnan(placed.presence[3])
    assert np.isnan(placed.spread_mm[3])


def test_placing_an_unknown_name_appends_it():
    placed = landmark_edits.placed(four(), "e", [3, 4])
    assert placed.names == ("a", "b", "c", "d", "e")
    assert placed.subset(four().names) == four()


def test_rows_that_are_joined_and_merged_keep_their_authors():
    absent = replace(four(), author=(Author.MODEL, Author.PERSON, Author.PERSON, Author.PERSON))
    assert absent.joined(Landmarks.unplaced(["e"], 2)).author == (*absent.author, Author.NOBODY)
    assert landmark_edits.merged(absent, four(), ["d"]).author[3] is Author.PERSON
    assert landmark_edits.merged(absent, four(), []).author[3] is Author.MODEL


def test_a_person_who_calls_absent_what_the_model_called_absent_has_decided():
    landmarks = four()
    assert landmarks.author[3] is Author.MODEL
    assert not landmark_edits.is_decided(landmarks, "d")
    assert landmark_edits.is_decided(landmark_edits.absent(landmarks, "d"), "d")


def test_what_a_person_moved_placed_or_confirmed_is_decided():
    decided = {name: landmark_edits.is_decided(four(), name) for name in "abc"}
    assert decided == {"a": False, "b": True, "c": True}
    assert landmark_edits.is_decided(four().with_status("a", Status.CONFIRMED), "a")


def test_clearing_is_no_finding():
    cleared = landmark_edits.cleared(four(), "a")
    assert cleared.status[0] is Status.UNPLACED
    assert not cleared.located[0]


def test_merging_keeps_the_rows_it_is_told_to():
    answer = Landmarks(("d", "c", "b", "x"), np.full((4, 2), 50.0), status=(Status.PREDICTED,) * 4)
    merged = landmark_edits.merged(four(), answer, ["a", "b"])
    assert merged.names == ("d", "c", "b", "x", "a")
    assert merged.subset(["a", "b"]) == four().subset(["a", "b"])
    assert merged.subset(["c", "d", "x"]) == answer.subset(["c", "d", "x"])


def test_regridding_keeps_the_index_and_scales_the_spread():
    old, new = Grid.from_spacing((9, 9), 1.0), Grid.from_spacing((9, 9), 0.25)
    regridded = landmark_edits.regridded(four(), old, new)
    assert np.allclose(regridded.points_mm[1], [0.25, 0.25])
    assert regridded.spread_mm[1] == pytest.approx(1.25)
    assert np.array_equal(regridded.presence, four().presence, equal_nan=True)


@pytest.mark.parametrize(
    ("sort", "worst_first", "names"),
    [
        (Sort.MODEL, True, "abcd"),
        (Sort.PRESENCE, True, "dabc"),
        (Sort.PRESENCE, False, "adbc"),
        (Sort.CERTAINTY, True, "dabc"),
        (Sort.CERTAINTY, False, "adbc"),
        (Sort.NAME, False, "dcba"),
        (Sort.STATUS, True, "dbca"),
    ],
)
def test_order_puts_the_worst_first_the_unknown_later_and_the_decided_last(sort, worst_first, names):
    assert "".join(landmark_edits.ordered_names(four(), sort, worst_first=worst_first)) == names


def test_radii_decide_the_order_where_there_are_some():
    radii_mm = np.array([3, 1, np.nan, 7], np.float32)  # d is not in the image, so its radius is around nothing
    landmarks = replace(four(), radius_mm=radii_mm, status=(*[Status.PREDICTED] * 3, Status.ABSENT))
    assert landmark_edits.ordered_names(landmarks, Sort.CERTAINTY, worst_first=True)[:2] == ("a", "b")
    assert landmark_edits.ordered_names(landmarks, Sort.CERTAINTY, worst_first=False)[:2] == ("b", "a")


def test_free_name_skips_taken_numbers():
    landmarks = landmark_edits.with_name(landmark_edits.with_name(four(), "Point 1"), "Point 3")
    assert landmark_edits.free_name(landmarks) == "Point 2"
    assert landmark_edits.renamed(landmarks, "Point 3", "Tip").names[-1] == "Tip"
    assert landmark_edits.without_name(landmarks, "Point 3").names[-1] == "Point 1"
