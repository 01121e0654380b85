"""The measures, worked out by hand on arrays small enough to check."""

import math

import numpy as np
import pytest

from core.base.errors import ConfigError
from training.evaluation.metrics import (
    ALL,
    count_detections,
    curve_thresholds,
    describe_errors,
    detection_rates,
    outlier_limits_mm,
    parse_thresholds,
    radial_errors_mm,
    success_rate,
    summarize,
    tabulate_detections,
)

NAN = float("nan")


def test_radial_errors_are_euclidean_distances_in_2d_and_3d():
    assert radial_errors_mm([[[3.0, 4.0]]], [[[0.0, 0.0]]]) == pytest.approx(np.array([[5.0]]))
    assert radial_errors_mm([1.0, 2.0, 2.0], [0.0, 0.0, 0.0]) == pytest.approx(3.0)


def test_a_position_that_does_not_exist_gives_no_distance():
    errors = radial_errors_mm([[NAN, NAN], [1.0, 1.0]], [[0.0, 0.0], [NAN, NAN]])
    assert np.isnan(errors).all()


def test_a_detection_is_successful_only_below_the_threshold():
    errors = np.array([1.999, 2.0, 2.001])
    assert success_rate(errors, 2.0, np.ones(3, bool)) == pytest.approx(100 / 3)


def test_a_missed_landmark_lowers_the_rate_and_an_absent_one_does_not():
    errors = np.array([1.0, NAN, NAN])
    present = np.array([True, True, False])
    assert success_rate(errors, 2.0, present) == pytest.approx(50.0)


def test_without_any_landmark_there_is_no_rate():
    assert math.isnan(success_rate(np.array([NAN]), 2.0, np.array([False])))


def test_description_by_hand():
    described = describe_errors(np.array([1.0, 2.0, 3.0, 6.0]), np.ones(4, bool), (2.0, 4.0))
    assert described["count"] == 4
    assert described["mean_mm"] == pytest.approx(3.0)
    assert described["sd_mm"] == pytest.approx(math.sqrt(14 / 3))
    assert described["median_mm"] == pytest.approx(2.5)
    assert described["iqr_mm"] == pytest.approx(3.75 - 1.75)
    assert described["sdr_2mm_percent"] == pytest.approx(25.0)
    assert described["sdr_4mm_percent"] == pytest.approx(75.0)


def test_one_case_has_no_standard_deviation():
    described = describe_errors(np.array([1.5]), np.ones(1, bool))
    assert described["mean_mm"] == 1.5
    assert math.isnan(described["sd_mm"])


def test_summary_has_a_row_per_landmark_and_one_for_all():
    errors = np.array([[1.0, NAN], [3.0, 2.0]])
    present = np.array([[True, True], [True, True]])
    table = summarize(errors, present, ("Sella", "Nasion"), (2.5,))
    assert list(table.index) == ["Sella", "Nasion", ALL]
    assert table.loc["Sella", "mean_mm"] == pytest.approx(2.0)
    assert table.loc["Nasion", "count"] == 1
    assert table.loc["Nasion", "sdr_2.5mm_percent"] == pytest.approx(50.0)
    assert table.loc[ALL, "mean_mm"] == pytest.approx(2.0)
    assert table.loc[ALL, "sdr_2.5mm_percent"] == pytest.approx(50.0)


def test_detections_are_counted_in_four_kinds():
    found = np.array([[True, False], [True, False], [True, True]])
    present = np.array([[True, True], [False, False], [True, True]])
    whole = count_detections(found, present)
    assert (whole.true_positive, whole.false_negative, whole.false_positive, whole.true_negative) == (3, 1, 1, 1)
    table = tabulate_detections(found, present, ("a", "b"))
    assert table.loc["a"].tolist() == [2, 0, 1, 0]
    assert table.loc["b"].tolist() == [1, 1, 0, 1]
    assert table.loc[ALL].tolist() == [3, 1, 1, 1]


def test_thresholds_are_read_from_text() -> None:
    assert parse_thresholds("0.25, 0.5,1") == (0.25, 0.5, 1.0)


@pytest.mark.parametrize("text", ["", "a", "1,,2", "0", "-1,2", "nan", "inf"])
def test_wrong_thresholds_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no list of distances"):
        parse_thresholds(text)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [((2, 2.5, 3, 4), 0.5, 5.0), ((0.25, 0.5, 1, 2), 0.2, 2.0), ((5,), 0.5, 5.0), ((1,), 0.1, 1.0), ((6,), 1.0, 10.0)],
)
def test_curves_have_ten_round_steps_that_reach_the_largest_threshold(
    asked: tuple[float, ...], first: float, last: float
) -> None:
    steps = curve_thresholds(asked)
    assert len(steps) == 10
    assert (steps[0], steps[-1]) == (first, last)
    assert np.diff(steps) == pytest.approx(first)


def test_rates_of_detections_by_hand() -> None:
    found = np.array([[True, False], [True, True], [False, True]])
    present = np.array([[True, True], [False, True], [True, True]])
    rates = detection_rates(tabulate_detections(found, present, ("a", "b")))
    assert rates.loc["a"].tolist() == [50.0, 0.0]
    assert rates.loc["b", "sensitivity_percent"] == pytest.approx(200 / 3)
    assert math.isnan(rates.loc["b", "specificity_percent"])
    assert rates.loc[ALL].tolist() == [60.0, 0.0]


def test_outlier_limits_by_hand() -> None:
    errors = np.array([[1.0, NAN], [2.0, NAN], [3.0, NAN], [4.0, NAN], [5.0, NAN]])
    limits = outlier_limits_mm(errors)
    assert limits[0] == pytest.approx(4.0 + 3 * 2.0)
    assert math.isnan(limits[1])
