"""Dealing cases to those to learn from and those to check with."""

from pathlib import Path

import numpy as np
import pytest

from core.learning.cases import Case
from core.learning.splits import choose_validation, validation_count
from core.values.landmarks import Landmarks


def some(count: int) -> list[Case]:
    marks = Landmarks(("one",), np.array([[1.0, 2.0]]))
    return [Case(f"case {number}", Path(f"{number}.png"), marks) for number in range(count)]


@pytest.mark.parametrize(("cases", "kept"), [(2, 1), (5, 1), (12, 2), (40, 7), (150, 25), (1000, 30)])
def test_one_in_six_is_kept(cases: int, kept: int) -> None:
    train, validation = choose_validation(some(cases))
    assert len(validation) == validation_count(cases) == kept
    assert len(train) == cases - kept


def test_every_case_is_dealt_once_and_keeps_its_order() -> None:
    cases = some(31)
    train, validation = choose_validation(cases)
    assert sorted([*train, *validation], key=cases.index) == cases
    for part in (train, validation):
        assert sorted(part, key=cases.index) == list(part)


def test_the_same_cases_are_dealt_alike_in_any_order_and_otherwise_by_another_seed() -> None:
    cases = some(40)
    kept = {case.name for case in choose_validation(cases)[1]}
    assert {case.name for case in choose_validation(cases[::-1])[1]} == kept
    assert {case.name for case in choose_validation(cases, seed=1)[1]} != kept


def test_a_case_that_is_added_moves_few_others() -> None:
    cases = some(41)
    before = {case.name for case in choose_validation(cases[:40])[1]}
    after = {case.name for case in choose_validation(cases)[1]}
    assert len(before ^ after) <= 2


def test_images_of_a_patient_stay_together() -> None:
    cases = some(40)
    groups = [f"patient {number // 3}" for number in range(40)]
    train, validation = choose_validation(cases, groups)
    patients = [{groups[cases.index(case)] for case in part} for part in (train, validation)]
    assert not patients[0] & patients[1]
    assert 4 <= len(validation) <= 7


def test_patients_with_more_images_than_are_wanted_give_the_one_with_fewest() -> None:
    cases = some(10)
    train, validation = choose_validation(cases, ["a"] * 4 + ["b"] * 6)
    assert {case.name for case in validation} == {f"case {number}" for number in range(4)}
    assert train


def test_unknown_patients_are_not_one_patient_and_a_single_one_is_divided() -> None:
    for groups in ([""] * 12, ["a"] * 12):
        train, validation = choose_validation(some(12), groups)
        assert (len(train), len(validation)) == (10, 2)
