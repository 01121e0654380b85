"""The Wilcoxon test and its marks, against values from the tables of the test."""

import math

import numpy as np
import pytest

from training.evaluation.statistics import compare_errors, significance_mark, wilcoxon_p

NAN = float("nan")


@pytest.mark.parametrize(
    ("p_value", "mark"),
    [(0.0009, "‡"), (0.001, "†"), (0.0099, "†"), (0.01, "*"), (0.049, "*"), (0.05, ""), (1.0, ""), (NAN, "")],
)
def test_marks_are_the_papers(p_value: float, mark: str) -> None:
    assert significance_mark(p_value) == mark


def test_p_of_five_differences_of_one_sign_is_one_in_sixteen() -> None:
    """All five ranks on one side: 2 of the 32 equally likely ways to give signs."""
    assert wilcoxon_p([1.0, 2.0, 3.0, 4.0, 5.0], [0.9, 1.8, 2.7, 3.6, 4.5]) == pytest.approx(2 / 32)


def test_p_does_not_depend_on_the_order_of_the_two() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random(20), rng.random(20)
    assert wilcoxon_p(first, second) == pytest.approx(wilcoxon_p(second, first))


def test_missing_pairs_are_left_out_and_equal_ones_dropped() -> None:
    first, second = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.9, 1.8, 2.7, 3.6, 4.5])
    assert wilcoxon_p([*first, NAN, 7.0, 8.0], [*second, 1.0, NAN, 8.0]) == wilcoxon_p(first, second)


def test_without_differences_p_is_one_and_without_pairs_unknown() -> None:
    assert wilcoxon_p([1.0, 2.0], [1.0, 2.0]) == 1.0
    assert math.isnan(wilcoxon_p([NAN], [1.0]))


def test_comparison_by_hand() -> None:
    errors = np.array([[1.0, 5.0], [2.0, NAN], [3.0, 5.0]])
    others = np.array([[2.0, 5.0], [4.0, 1.0], [6.0, 5.0]])
    table = compare_errors(errors, others, ("Sella", "Nasion"))
    assert list(table.index) == ["Sella", "Nasion", "all"]
    assert table["pairs"].tolist() == [3, 2, 5]
    sella = table.loc["Sella"]
    assert (sella["median_mm"], sella["other_median_mm"], sella["difference_mm"]) == (2.0, 4.0, -2.0)
    assert (sella["iqr_mm"], sella["other_iqr_mm"]) == (1.0, 2.0)
    assert sella["p_value"] == pytest.approx(2 / 8)
    assert table.loc["Nasion", "p_value"] == 1.0
    assert table.loc["all", "p_value"] == pytest.approx(2 / 8)
    assert table["mark"].tolist() == ["", "", ""]


def test_a_clear_difference_is_marked() -> None:
    rng = np.random.default_rng(1)
    errors = rng.random((40, 1))
    table = compare_errors(errors, errors + 0.1 + 0.01 * rng.random((40, 1)), ("Sella",))
    assert table.loc["Sella", "mark"] == "‡"


def test_a_landmark_without_any_pair_has_no_figures() -> None:
    row = compare_errors(np.full((2, 1), NAN), np.ones((2, 1)), ("Sella",)).loc["Sella"]
    assert row["pairs"] == 0
    assert all(math.isnan(row[key]) for key in ("median_mm", "other_iqr_mm", "difference_mm", "p_value"))
    assert row["mark"] == ""
