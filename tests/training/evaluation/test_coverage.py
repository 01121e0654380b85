"""Coverage of calibrated radii, worked out by hand."""

import math

import numpy as np
import pytest

from training.evaluation.coverage import coverage_percent, errors_by_radius, tabulate_coverage

NAN = float("nan")


def test_coverage_counts_only_errors_with_a_radius_and_a_radius_holds_its_border() -> None:
    errors = np.array([1.0, 2.0, 3.0, NAN, 5.0])
    radii = np.array([1.0, 1.5, 4.0, 2.0, NAN])
    assert coverage_percent(errors, radii) == pytest.approx(200 / 3)


def test_coverage_per_landmark_and_over_all() -> None:
    errors = np.array([[1.0, 3.0], [2.0, NAN], [9.0, 1.0]])
    radii = np.array([[1.5, 2.0], [2.5, 2.0], [3.5, 4.0]])
    table = tabulate_coverage(errors, radii, ("left", "right"))
    assert list(table.index) == ["left", "right", "all"]
    assert table["radius_count"].tolist() == [3, 2, 5]
    assert table["median_radius_mm"].tolist() == [2.5, 3.0, 2.5]
    assert table["coverage_percent"].tolist() == pytest.approx([200 / 3, 50.0, 60.0])


def test_without_radii_nothing_is_claimed() -> None:
    table = tabulate_coverage(np.ones((2, 1)), np.full((2, 1), NAN), ("left",))
    assert table["radius_count"].tolist() == [0, 0]
    assert math.isnan(table.loc["all", "coverage_percent"])
    assert len(errors_by_radius(np.ones(3), np.full(3, NAN))) == 0


def test_groups_are_sorted_by_radius_and_hold_equal_shares() -> None:
    radii = np.arange(10.0, 0.0, -1.0)
    table = errors_by_radius(radii / 2, radii)
    assert table["count"].tolist() == [2] * 5
    assert table["smallest_radius_mm"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]
    assert table["largest_radius_mm"].tolist() == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert table["mean_mm"].tolist() == [0.75, 1.75, 2.75, 3.75, 4.75]
    assert table["error_90_mm"].iloc[0] == pytest.approx(0.95)
    assert table["coverage_percent"].tolist() == [100.0] * 5


def test_equal_radii_are_never_split() -> None:
    table = errors_by_radius(np.arange(10.0), np.repeat([1.0, 2.0], 5))
    assert table["count"].tolist() == [5, 5]
    assert table["mean_mm"].tolist() == [2.0, 7.0]
