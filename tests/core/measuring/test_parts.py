"""What measurements are put together of: taken apart and put together again, filled in, and what is still missing."""

import pytest

from core.measuring.file import bundled_analyses
from core.measuring.parts import (
    FORMS,
    TEXT,
    Part,
    Place,
    blank,
    complaint,
    forms_at,
    in_short,
    part_of,
    raw_of,
    reformed,
    sides_of,
)
from core.measuring.quantities import KINDS


def whole(raw, ndim=2):
    return part_of(raw, Place.TERM, ndim, whole=True)


def test_every_kind_of_quantity_can_be_put_together():
    assert set(KINDS) <= set(FORMS)


def test_every_bundled_measurement_is_taken_apart_and_put_together_as_it_was():
    for analysis in bundled_analyses():
        for one in analysis.measurements:
            part = whole(one.how, analysis.ndim)
            assert part.form != TEXT, one.key
            assert raw_of(part) == one.how
            assert complaint(part, analysis.ndim) is None


@pytest.mark.parametrize(
    "raw",
    [
        {
            "offset": {"midpoint": ["A", "B"]},
            "from": {"through": "C", "parallel_to": ["A", "D"]},
            "positive": "anterior",
        },
        {"distance": [{"foot": "A", "on": ["B", "C"]}, {"crossing": [["A", "B"], ["C", "D"]]}]},
        {"extent": ["A", "B"], "along": ["C", "D"]},
        {"angle_between": [["A", "B"], ["C", "D"]], "positive": "clockwise"},
        {"sum": ["x", 3, {"percent": ["y", 2.5]}]},
    ],
)
def test_whatever_can_be_written_comes_back_as_it_was(raw):
    part = whole(raw)
    assert part.form != TEXT
    assert raw_of(part) == raw


@pytest.mark.parametrize(
    "raw",
    [
        {"surface": ["A", "B", "C"]}, {"distance": ["A", "B"], "weight": 2}, {"distance": ["A"]}, "SNA", 3, None, [],
        {"distance": ["A", "B"], "positive": "left"}, {"foot": "A", "on": ["B", "C"]}, {"distance": 4},
    ],
)  # fmt: skip
def test_what_is_not_known_is_kept_as_it_stands(raw):
    part = whole(raw)
    assert part == Part(TEXT, value=raw)
    assert raw_of(part) == raw


def test_a_part_that_is_not_known_is_kept_within_one_that_is():
    raw = {"distance": [{"centre": ["A", "B"]}, "C"]}
    part = whole(raw)
    assert part.form == "distance"
    assert part.parts[0] == Part(TEXT, value={"centre": ["A", "B"]})
    assert raw_of(part.having((1,), Part("landmark", value="D"))) == {"distance": [{"centre": ["A", "B"]}, "D"]}


def test_what_is_missing_is_said_one_after_the_other_until_nothing_is():
    part = blank("angle_between")
    asked = []
    for name in "ABCD":
        path, sentence = complaint(part, 2)
        assert part.first_blank() == path
        asked.append((path, sentence))
        part = part.having(path, Part("landmark", value=name))
    assert complaint(part, 2) is None
    assert [path for path, _ in asked] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert asked[1][1] == (
        "Choose the landmark for “to” in “one line”: click it in the image, or take it from the list."
    )
    assert raw_of(part) == {"angle_between": [["A", "B"], ["C", "D"]]}


def test_what_is_wrong_is_said_where_it_is():
    twice = {"angle_between": [["A", "A"], ["C", "D"]]}
    assert complaint(whole(twice), 2) == ((0, 1), "A stands here twice: choose another.")
    assert complaint(whole({"sum": ["x", "x"]}), 2) is None
    assert complaint(whole({"ratio": ["x", 0]}), 2) == ((), "Nothing can be divided by zero.")
    assert complaint(blank("sum"), 2)[1] == "Choose the measurement for “of”."
    unknown = whole({"surface": ["A"]})
    assert complaint(unknown, 2)[1].startswith("A quantity has exactly one of distance")


def test_the_next_landmark_to_click_is_behind_the_last_one_or_the_first_that_was_passed_over():
    part = blank("angle")
    assert part.next_landmark(()) == (0,)
    part = part.having((1,), Part("landmark", value="N"))
    assert part.next_landmark((1,)) == (2,)
    part = part.having((2,), Part("landmark", value="A"))
    assert part.next_landmark((2,)) == (0,)
    assert part.having((0,), Part("landmark", value="S")).next_landmark((0,)) is None


def test_another_kind_takes_over_the_landmarks():
    angle = whole({"angle": ["S", "N", "A"]})
    assert raw_of(reformed(angle, "distance", 2)) == {"distance": ["S", "N"]}
    assert raw_of(reformed(angle, "angle_between", 2)) == {"angle_between": [["S", "N"], ["A", ""]]}
    difference = whole({"difference": ["SNA", "SNB"]})
    assert raw_of(reformed(difference, "ratio", 2)) == {"ratio": ["SNA", "SNB"]}
    signed = whole({"distance": ["S", "N"], "positive": "anterior"})
    assert reformed(signed, "offset", 2).positive == "anterior"
    assert reformed(signed, "angle", 2).positive == ""


def test_in_volumes_there_are_no_crossings_and_angles_have_no_sign():
    flat = {form.key for place in Place for form in forms_at(place, 2)} - {
        form.key for place in Place for form in forms_at(place, 3)
    }
    assert flat == {"crossing", "perpendicular_to"}
    assert sides_of("angle_between", 3) == ()
    assert "left" in sides_of("distance", 3)
    assert {form.key for form in forms_at(Place.TERM, 2)} - {form.key for form in forms_at(Place.TERM, 2, whole=True)} == {
        "other", "number",
    }  # fmt: skip
    assert set(FORMS) == {form.key for place in Place for form in forms_at(place, 2)}


def test_a_measurement_is_told_in_short():
    assert in_short({"angle": ["S", "N", "A"]}, 2) == "S–N–A"
    assert in_short({"offset": "A", "from": {"through": "N", "perpendicular_to": ["Po", "Or"]}}, 2) == "A ⟂ (N ⟂ Po–Or)"
    assert in_short({"distance": ["", "A"]}, 2) == "…–A"
    assert in_short({"surface": ["A"]}, 2) == '{"surface": ["A"]}'
