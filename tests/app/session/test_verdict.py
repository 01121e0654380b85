"""Two models side by side in words and rows."""

from pathlib import Path

import pytest

from app.session.verdict import (
    Row,
    case_row,
    cases_to_show,
    comparison_of,
    figure_rows,
    landmark_rows,
    sentence,
    worse_count,
)
from core.learning.course_events import CaseChange, Comparison, Errors, LandmarkChange
from core.project.models import ProjectModel

OLD, NEW = Errors(median=3.0, mean=3.5, within=0.8), Errors(median=2.0, mean=2.5, within=0.915)
CASES = (
    CaseChange(case="a", old=2.0, new=3.0), CaseChange(case="b", old=4.0, new=1.0), CaseChange(case="c", old=1.0, new=4.0),
    CaseChange(case="d", old=None, new=None),
)  # fmt: skip
LANDMARKS = (LandmarkChange(name="1", old=3.0, new=2.0), LandmarkChange(name="2", old=None, new=2.5))


def comparison(old: Errors | None = OLD) -> Comparison:
    return Comparison(cases=8, unit="px", within=8, old=old, new=NEW, landmarks=LANDMARKS, details=CASES)


def model(text: str = "") -> ProjectModel:
    return ProjectModel("a" * 64, "wing 2", Path("/wing 2.pt"), 2, comparison=text)


def test_what_came_of_it_is_said_in_a_sentence():
    assert sentence(model(), comparison(), "wing 1") == (
        "wing 2 has a median error of 2.0 px on 8 cases that neither learnt from; wing 1 has 3.0 px. The new one is better."
    )
    assert sentence(model(), comparison(None), "") == (
        "wing 2 has a median error of 2.0 px on 8 cases that it learnt nothing from."
    )
    assert "Nothing is known" in sentence(model(), None, "")


def test_a_figure_of_few_cases_is_called_that():
    few = comparison().model_copy(update={"cases": 2})
    assert sentence(model(), few, "wing 1").endswith(
        "The new one is better. So few say little: look at its suggestions on other images, too."
    )
    assert "on 1 case that it learnt nothing from. So few" in sentence(
        model(), few.model_copy(update={"cases": 1, "old": None}), ""
    )
    assert "So few" not in sentence(model(), comparison().model_copy(update={"cases": 5}), "wing 1")


@pytest.mark.parametrize(("median", "word"), [(1.0, "worse"), (2.02, "about as good"), (3.0, "better")])
def test_how_much_better_it_is(median, word):
    old = OLD.model_copy(update={"median": median})
    assert sentence(model(), comparison(old), "wing 1").endswith(f"The new one is {word}.")


def test_figures_and_landmarks_are_listed_with_what_became_better():
    assert figure_rows(comparison()) == (
        Row("median", "3.0 px", "2.0 px", is_better=True),
        Row("mean", "3.5 px", "2.5 px", is_better=True),
        Row("within 8 px", "80 %", "92 %", is_better=True),
    )
    assert landmark_rows(comparison()) == (Row("1", "3.0 px", "2.0 px", is_better=True), Row("2", "–", "2.5 px", None))
    assert figure_rows(comparison(None))[2] == Row("within 8 px", "–", "92 %", None)


def test_the_cases_that_became_worse_come_first_or_without_a_model_before_the_worst_ones():
    assert (worse_count(comparison()), worse_count(comparison(None))) == (2, 2)
    assert [one.case for one in cases_to_show(comparison())] == ["c", "a", "b"]
    assert [one.case for one in cases_to_show(comparison(None))] == ["c", "a", "b"]
    assert case_row(CASES[0], "mm") == Row("a", "2.00 mm", "3.00 mm", is_better=False)


def test_what_is_kept_is_read_and_rubbish_is_nothing():
    assert comparison_of(model(comparison().model_dump_json())) == comparison()
    assert comparison_of(model("rubbish")) is None
    assert comparison_of(model()) is None
