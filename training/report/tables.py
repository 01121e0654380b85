"""The tables of an evaluation report: each is written as a CSV file, and the HTML shows figures of these and of nothing else.

Puts together what `training/evaluation/evaluation.py` and the measures give; formats no number and writes no file.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from training.evaluation.coverage import errors_by_radius, tabulate_coverage
from training.evaluation.evaluation import Evaluation
from training.evaluation.metrics import BoolArray, FloatArray, curve_thresholds, describe_errors, detection_rates
from training.evaluation.statistics import compare_errors

Tables = dict[str, pd.DataFrame]
"""A table by the stem of its CSV file."""

OBSERVERS = "second observer"
"""Row of the success rates of one observer's marks against the other's (paper, section IV)."""


def every_threshold(thresholds_mm: Sequence[float]) -> tuple[float, ...]:
    """Return the asked thresholds and those of the curve, each once, ascending, mm."""
    return tuple(sorted({*thresholds_mm, *curve_thresholds(thresholds_mm)}))


def rate_column(threshold_mm: float) -> str:
    """Return the column that holds the success detection rate below a threshold."""
    return f"sdr_{threshold_mm:g}mm_percent"


def make_tables(evaluation: Evaluation, thresholds_mm: Sequence[float], other: Evaluation | None = None) -> Tables:
    """Return all tables that an evaluation has something to say in.

    Parameters
    ----------
    evaluation
        The model's.
    thresholds_mm
        Asked distances of the success detection rates, mm; those of the curve come on top.
    other
        Of another model on the same cases, to compare with.

    Returns
    -------
    dict
        ``errors``, ``summary``, ``sdr``, ``outliers``; ``radii`` and ``certainty`` with calibrated radii, ``stages`` and
        ``times`` for a model, ``observers`` and ``observers_test`` where two observers marked, ``other_errors`` and
        ``other_test`` with ``other``; ``measures`` and ``classes`` of cephalograms.
    """
    thresholds = every_threshold(thresholds_mm)
    tables = {
        "summary": _summary(evaluation, thresholds),
        "sdr": _success_rates(evaluation, thresholds, other),
        "errors": _per_case(evaluation, evaluation.errors_mm).assign(elapsed_s=evaluation.elapsed_s),
        "outliers": evaluation.outliers(thresholds[-1]).set_index("case"),
    }
    if evaluation.calibrated:
        tables["radii"] = _per_case(evaluation, evaluation.radius_mm)
        tables["certainty"] = errors_by_radius(evaluation.errors_mm, evaluation.radius_mm)
    if len(evaluation.stage_errors_mm):
        tables["stages"] = evaluation.stages(thresholds)
    runs = {evaluation.model: evaluation}
    if other is not None:
        runs[title_of_other(evaluation, other)] = other
    timed = {title: _times(run) for title, run in runs.items() if np.isfinite(run.elapsed_s).any()}
    if timed:
        tables["times"] = pd.DataFrame(timed.values(), index=pd.Index(list(timed), name="model"))
    if evaluation.observed_twice:
        tables["observers"] = evaluation.observers(thresholds)
        tables["observers_test"] = compare_errors(evaluation.errors_mm, evaluation.observer_errors_mm, evaluation.names)
    if len(evaluation.recalls):
        tables["measures"] = evaluation.measures()
        tables["classes"] = evaluation.recalls
        if other is not None and len(other.recalls):
            tables["measures"]["other_percent"] = other.measures()["rate_percent"]
    if other is not None:
        tables["other_errors"] = _per_case(other, other.errors_mm).assign(elapsed_s=other.elapsed_s)
        tables["other_test"] = compare_errors(evaluation.errors_mm, other.errors_mm, evaluation.names)
    return tables


def title_of_other(evaluation: Evaluation, other: Evaluation) -> str:
    """Return the other model's name, told apart where both have the same."""
    return other.model if other.model != evaluation.model else f"{other.model} (other)"


def error_series(evaluation: Evaluation, other: Evaluation | None) -> dict[str, tuple[FloatArray, BoolArray]]:
    """Return whose success rates stand side by side, with errors and presence ``(N, L)`` of each.

    The stages before the answer, the model itself under its name, the other model, the observers.
    """
    series = {
        f"after {label}": (errors_mm, evaluation.present)
        for label, errors_mm in zip(evaluation.stages().index[:-1], evaluation.stage_errors_mm, strict=False)
    }
    series[evaluation.model] = (evaluation.errors_mm, evaluation.present)
    if other is not None:
        series[title_of_other(evaluation, other)] = (other.errors_mm, other.present)
    if evaluation.observed_twice:
        between_mm = evaluation.observer_errors_mm
        series[OBSERVERS] = (between_mm, np.isfinite(between_mm))
    return series


def _per_case(evaluation: Evaluation, values: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index(evaluation.cases, name="case"), columns=list(evaluation.names))


def _summary(evaluation: Evaluation, thresholds_mm: Sequence[float]) -> pd.DataFrame:
    """Return everything that there is one figure of per landmark and over all."""
    counts = evaluation.detections()
    between = evaluation.observers(thresholds_mm)[["mean_mm", "sd_mm"]]
    coverage = tabulate_coverage(evaluation.errors_mm, evaluation.radius_mm, evaluation.names)
    parts = [evaluation.summary(thresholds_mm), counts, detection_rates(counts)]
    return pd.concat([*parts, between.add_prefix("observers_"), coverage], axis=1)


def _success_rates(evaluation: Evaluation, thresholds_mm: Sequence[float], other: Evaluation | None) -> pd.DataFrame:
    series = error_series(evaluation, other)
    rows = [describe_errors(errors_mm, there, thresholds_mm) for errors_mm, there in series.values()]
    table = pd.DataFrame(rows, index=pd.Index(list(series), name="series"))
    return table[[rate_column(threshold) for threshold in thresholds_mm]]


def _times(evaluation: Evaluation) -> dict[str, str | float]:
    times_s = evaluation.elapsed_s[np.isfinite(evaluation.elapsed_s)]
    return {
        "device": evaluation.hardware,
        "images": times_s.size,
        "mean_s": float(times_s.mean()),
        "sd_s": float(times_s.std(ddof=1)) if times_s.size > 1 else float("nan"),
        "median_s": float(np.median(times_s)),
        "slowest_s": float(times_s.max()),
    }
