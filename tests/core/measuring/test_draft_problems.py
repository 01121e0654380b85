"""What is wrong with an analysis that is being written is told where it is."""

import pytest

from core.base.assets import assets_folder
from core.measuring.draft import draft_of
from core.measuring.draft_problems import Problem, alone, problems_of
from core.measuring.file import AnalysisError, parse_analysis
from tests.support.measuring_fixtures import OWN_ANALYSIS


@pytest.fixture
def draft():
    return draft_of(OWN_ANALYSIS, "own")


def wrong(draft):
    return [(one.measurement, one.field, one.sentence) for one in problems_of(draft)]


def test_nothing_is_wrong_with_what_is_right(draft):
    assert problems_of(draft) == ()
    for path in (assets_folder() / "analyses").glob("*.toml"):
        assert problems_of(draft_of(path.read_text(encoding="utf-8"), path.name)) == ()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"key": "S–N"}, (1, "key", "There is another measurement called S–N.")),
        ({"key": ""}, (0, "key", "Give it a name.")),
        (
            {"how": {"angle": ["S", "Q", "Me"]}},
            (0, "how", "There is no landmark Q in this analysis: choose another, or add it."),
        ),
        (
            {"how": {"angle": ["S", "", "Me"]}},
            (0, "how", "Choose the landmark for “vertex”: click it in the image, or take it from the list."),
        ),
        ({"how": {"angle": ["S", "S", "Me"]}}, (0, "how", "S stands here twice: choose another.")),
        ({"how": {"difference": ["S–N", "gone"]}}, (0, "how", "There is no measurement called gone.")),
        (
            {"how": {"difference": ["S–N", {"angle": ["S", "N", "Me"]}]}},
            (0, "how", "Mm and ° cannot be reckoned with each other."),
        ),
        ({"norms": [{"mean": "8o"}]}, (0, "norms.0.mean", "“8o” is not a number.")),
        ({"norms": [{"mean": 80, "sd": -1}]}, (0, "norms.0.sd", "Input should be greater than 0.")),
        ({"norms": [{"low": 3, "high": 2}]}, (0, "norms.0", "Low (3) is above high (2).")),
        ({"decimals": 9}, (0, "decimals", "Input should be less than or equal to 6.")),
        ({"colour": "red"}, (0, "colour", "Nobody knows what “colour” means: is it misspelt?")),
    ],
)
def test_it_is_told_where_it_is_and_nowhere_else(draft, said, expected):
    assert wrong(draft.with_measurement(0, said)) == [expected]


def test_the_part_that_is_wrong_is_told(draft):
    (problem,) = problems_of(draft.with_measurement(0, {"how": {"angle_between": [["S", "N"], ["Go", "Q"]]}}))
    assert problem.path == (1, 1)


def test_a_circle_is_told_of_each_that_is_in_it(draft):
    turning = draft.with_measurement(0, {"how": {"ratio": ["S–N", 2]}}).with_measurement(
        1, {"how": {"sum": ["SNMe", 1]}}
    )
    told = wrong(turning)
    assert [(place, field) for place, field, _ in told] == [(0, "how"), (1, "how")]
    assert "in a circle: " in told[0][2]


def test_the_whole_has_fields_too(draft):
    for key in ("title", "name"):
        assert wrong(draft.with_head(**{key: ""})) == [(None, key, "Give it a name.")]
        assert wrong(draft.with_head(**{key: None})) == [(None, key, "Give it a name.")]
    signed = draft.with_measurement(1, {"how": {"distance": ["S", "N"], "positive": "anterior"}})
    told = wrong(signed)
    assert [(place, field) for place, field, _ in told] == [(None, "directions")]
    assert wrong(signed.with_head(anterior=[["S", "N"]], superior=[["Me", "N"]])) == []
    assert [
        (place, field) for place, field, _ in wrong(signed.with_head(anterior=[["S", "N"]], superior=[["Q", "N"]]))
    ] == [(None, "")]
    empty = draft
    while empty.measurements:
        empty = empty.without(0)
    assert wrong(empty)[0] == (None, "measurements", "An analysis needs a measurement: add one.")


def test_whatever_is_refused_when_read_is_a_problem_when_written(draft):
    changes = [
        {"key": "S–N"}, {"how": {"distance": ["S", "Q"]}}, {"how": {"sum": ["SNMe", 2]}}, {"decimals": -1}, {"how": {}},
        {"how": {"area": ["S"]}}, {"norms": 3}, {"large": "x" * 600}, {"classes": [{"name": ""}]}, {"how": None},
    ]  # fmt: skip
    for said in changes:
        after = draft.with_measurement(0, said)
        with pytest.raises(AnalysisError):
            parse_analysis(after.text, "own")
        assert problems_of(after), said


def test_one_can_be_tried_though_others_are_wrong(draft):
    others_wrong = draft.with_measurement(0, {"how": {}}).with_measurement(1, {"key": "gap"})
    tried = alone(draft.with_measurement(0, {"how": {}}), 3)
    assert [one.key for one in tried.measurements] == ["share", "gap"]
    assert not tried.measurements[1].hidden
    assert alone(others_wrong, 0) is None
    with_wrong_norm = alone(draft.with_measurement(0, {"norms": [{"sd": 2}]}), 0)
    assert with_wrong_norm.measurements[0].norms == ()
    unnamed = alone(draft.with_measurement(0, {"key": ""}), 0)
    assert unnamed.measurements[0].key == "?"
    assert isinstance(problems_of(others_wrong)[0], Problem)
