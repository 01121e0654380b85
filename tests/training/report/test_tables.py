"""The tables of a report, by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.support.evaluation_fixtures import make_bare_evaluation, make_evaluation, make_measured_evaluation
from training.report.tables import OBSERVERS, every_threshold, make_tables, title_of_other


def test_asked_thresholds_join_those_of_the_curve() -> None:
    assert every_threshold((2.0, 2.25)) == (0.5, 1.0, 1.5, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)


def test_a_model_with_everything_has_every_table() -> None:
    tables = make_tables(make_evaluation(), (2.0, 4.0), make_bare_evaluation())
    assert set(tables) == {
        "summary", "sdr", "errors", "outliers", "radii", "certainty", "stages", "times", "observers", "observers_test",
        "other_errors", "other_test",
    }  # fmt: skip
    assert set(make_tables(make_bare_evaluation(), (2.0,))) == {"summary", "sdr", "errors", "outliers"}


def test_cephalograms_have_their_measures_and_classes() -> None:
    tables = make_tables(make_measured_evaluation(40.0), (2.0,), make_measured_evaluation(70.0))
    assert tables["measures"].to_dict("index") == {
        "ANB": {"rate_percent": 70.0, "observers_percent": 25.0, "other_percent": 85.0},
        "SNB": {"rate_percent": 60.0, "observers_percent": 75.0, "other_percent": 60.0},
        "all": {"rate_percent": 65.0, "observers_percent": 50.0, "other_percent": 72.5},
    }
    assert tables["classes"].loc[("ANB", "class II"), "count"] == 2
    alone = make_tables(replace(make_measured_evaluation(40.0), observer_recalls=pd.DataFrame()), (2.0,))
    assert list(alone["measures"].columns) == ["rate_percent"]


def test_radii_without_any_landmark_found_say_nothing() -> None:
    nothing = replace(make_evaluation(), errors_mm=np.full((3, 2), np.nan), found=np.zeros((3, 2), dtype=bool))
    assert not {"radii", "certainty"} & set(make_tables(nothing, (2.0,)))


def test_the_summary_holds_one_figure_of_everything_per_landmark() -> None:
    summary = make_tables(make_evaluation(), (2.0,))["summary"]
    left = summary.loc["left"]
    assert left["mean_mm"] == 1.5
    assert left["sdr_2mm_percent"] == pytest.approx(100 / 3)
    assert left["sdr_1.2mm_percent"] == pytest.approx(100 / 3)
    assert left["false_negative"] == 1
    assert left["sensitivity_percent"] == pytest.approx(200 / 3)
    assert left["observers_mean_mm"] == 0.5
    assert (left["radius_count"], left["coverage_percent"]) == (2, 50.0)
    assert summary.loc["right", "specificity_percent"] == 100.0


def test_success_rates_stand_side_by_side() -> None:
    other = replace(make_evaluation(), errors_mm=make_evaluation().errors_mm / 10)
    rates = make_tables(make_evaluation(), (2.0, 4.0), other)["sdr"]
    assert list(rates.index) == ["after global", "m 1", "m 1 (other)", OBSERVERS]
    assert rates["sdr_2mm_percent"].tolist() == pytest.approx([0.0, 20.0, 60.0, 75.0])
    assert rates["sdr_4mm_percent"].tolist() == pytest.approx([40.0, 60.0, 60.0, 100.0])


def test_comparisons_are_over_pairs() -> None:
    tables = make_tables(make_evaluation(), (2.0,))
    assert tables["observers_test"]["pairs"].tolist() == [2, 1, 3]
    assert tables["observers_test"].loc["all", "difference_mm"] == 1.5


def test_times_of_both_models_are_told_apart() -> None:
    evaluation = make_evaluation()
    times = make_tables(evaluation, (2.0,), evaluation)["times"]
    assert list(times.index) == ["m 1", "m 1 (other)"]
    assert times.loc["m 1", "mean_s"] == pytest.approx(1.75 / 3)
    assert times.loc["m 1", "sd_s"] == pytest.approx(np.std([0.5, 0.25, 1.0], ddof=1))
    assert times.loc["m 1", ["median_s", "slowest_s"]].tolist() == [0.5, 1.0]
    assert title_of_other(evaluation, make_bare_evaluation()) == "files"
