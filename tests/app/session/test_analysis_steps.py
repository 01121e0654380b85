"""The steps by which an analysis is made: what each changes, and that each can be undone."""

import pytest

from app.session.analysis_steps import AnalysisSteps, number_of
from core.measuring.draft import draft_of, new_draft
from core.measuring.parts import LANDMARK, Part
from tests.support.measuring_fixtures import OWN_ANALYSIS


@pytest.fixture
def steps():
    return AnalysisSteps(draft_of(OWN_ANALYSIS, "own"))


def keys(steps):
    return [one["key"] for one in steps.draft.measurements]


def test_each_step_is_undone_and_done_again_one_by_one(steps):
    told = []
    steps.changed.connect(lambda: told.append(steps.draft.text))
    start = steps.draft.text
    steps.describe(title="Nasion")
    steps.describe(title="Nasion")  # nothing
    steps.choose(1)
    steps.set_form((), "angle")
    steps.say(source="Us")
    assert steps.can_undo
    assert not steps.can_redo
    for _ in range(3):
        steps.undo()
    assert steps.draft.text == start
    assert not steps.can_undo
    steps.undo()
    assert steps.place == 0
    for _ in range(3):
        steps.redo()
    steps.redo()
    assert steps.draft.raw["source"] == "Us"
    assert steps.draft.measurements[1]["how"] == {"angle": ["S", "N", ""]}
    steps.undo()
    steps.remove()
    assert not steps.can_redo
    assert len(told) == 12


def test_measurements_are_added_behind_the_one_shown_copied_moved_and_removed(steps):
    steps.choose(1)
    steps.add()
    assert keys(steps) == ["SNMe", "S–N", "M1", "Ba–N", "share", "gap"]
    assert steps.shown["how"] == {"angle": ["", "", ""]}
    steps.add()
    assert steps.shown["key"] == "M2"
    steps.choose(0)
    steps.duplicate()
    assert keys(steps)[:2] == ["SNMe", "SNMe 2"]
    assert steps.shown["norms"] == steps.draft.measurements[0]["norms"]
    steps.move(-1)
    steps.move(-1)
    assert keys(steps)[:2] == ["SNMe 2", "SNMe"]
    assert steps.place == 0
    steps.remove()
    assert keys(steps)[0] == "SNMe"
    for _ in range(10):
        steps.remove()
    assert (steps.shown, steps.place) == (None, 0)
    steps.describe(title="of nothing")
    steps.add()
    assert keys(steps) == ["M1"]
    while steps.can_undo:
        steps.undo()
    assert steps.draft.text == OWN_ANALYSIS


def test_what_is_empty_is_left_out_but_for_what_must_be_there(steps):
    steps.describe(large="", definition="", key="")
    assert "large" not in steps.shown
    assert steps.shown["key"] == ""
    assert [(one.measurement, one.field) for one in steps.problems] == [(0, "key")]
    steps.say(title="", source="")
    assert steps.draft.raw["title"] == ""
    assert "source" not in steps.draft.raw


def test_norms_are_typed_number_by_number(steps):
    steps.set_norm(0, "mean", "81,5")
    steps.set_norm(0, "population", "")
    steps.set_norm(2, "low", "−3")
    assert steps.shown["norms"][0] == {"mean": 81.5, "sd": 10}
    assert steps.shown["norms"][2] == {"low": -3}
    assert [one.field for one in steps.problems] == ["norms.2"]
    steps.set_norm(2, "high", "4 mm")
    assert any(one.sentence == "“4 mm” is not a number." for one in steps.problems)
    steps.set_norm(2, "high", "4")
    assert steps.problems == ()
    for key in ("low", "high"):
        steps.set_norm(2, key, "")
    assert len(steps.shown["norms"]) == 2  # one of which nothing is said is none


def test_sums_grow_and_shrink_to_two(steps):
    steps.set_form((), "sum")
    steps.add_term(())
    assert len(steps.part.parts) == 3
    steps.set_value((2,), "S–N")
    steps.drop_term((0,))
    assert steps.shown["how"] == {"sum": ["", "S–N"]}
    steps.drop_term((0,))
    assert len(steps.part.parts) == 2
    assert "SNMe" not in steps.other_keys


def test_signs_and_directions(steps):
    steps.choose(1)
    steps.set_positive((), "anterior")
    assert [one.field for one in steps.problems] == ["directions"]
    steps.set_direction("anterior", ("S", "N"))
    steps.set_direction("superior", ("Me", "N"))
    assert steps.problems == ()
    steps.say(anterior=[["S", "N"], ["Go", "Me"]])
    steps.set_direction("anterior", ("", "N"))
    assert steps.draft.raw["anterior"] == [["Go", "Me"]]  # the other rules stay
    steps.set_positive((), "")
    assert "positive" not in steps.shown["how"]


def test_a_part_within_another_is_made_of_something_else(steps):
    steps.set_form((0,), "midpoint")
    assert steps.shown["how"] == {"angle": [{"midpoint": ["S", ""]}, "N", "Me"]}
    steps.put(steps.part.having((0, 1), Part(LANDMARK, value="Go")))
    assert steps.problems == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2.0", 2.0), ("−1,5", -1.5), (" 1e3 ", 1000.0), ("", ""), ("eight", "eight"), ("1.2.3", "1.2.3")],
)
def test_numbers_are_typed_with_point_or_comma(text, value):
    assert number_of(text) == value
    assert type(number_of(text)) is type(value)


def test_one_that_cannot_be_taken_apart_stays_as_it_is_until_another_kind_is_chosen():
    draft = new_draft(2, "x", "X").with_new(0, {"key": "a", "how": {"surface": ["A", "B"]}})
    steps = AnalysisSteps(draft)
    assert steps.part.form == "text"
    steps.describe(title="Area")
    assert steps.shown["how"] == {"surface": ["A", "B"]}
    steps.set_form((), "distance")
    assert steps.shown["how"] == {"distance": ["", ""]}
    steps.undo()
    assert steps.shown["how"] == {"surface": ["A", "B"]}
