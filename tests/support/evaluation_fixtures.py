"""A small evaluation whose figures can be worked out by hand, for the tests of reports."""

from dataclasses import replace

import numpy as np
import pandas as pd

from training.evaluation.evaluation import Evaluation

NAN = float("nan")


def make_evaluation() -> Evaluation:
    """Make three cases of two landmarks: two are missed, one is absent and rightly not found."""
    errors = np.array([[1.0, 3.0], [2.0, NAN], [NAN, NAN]])
    return Evaluation(
        model="m 1",
        device="cpu",
        cases=("a", "b", "c"),
        names=("left", "right"),
        errors_mm=errors,
        present=np.array([[True, True], [True, True], [True, False]]),
        found=np.array([[True, True], [True, False], [False, False]]),
        stage_errors_mm=np.stack([errors + 1, errors]),
        observer_errors_mm=np.array([[0.5, 1.5], [0.5, 2.5], [NAN, NAN]]),
        elapsed_s=np.array([0.5, 0.25, 1.0]),
        radius_mm=np.array([[1.5, 2.0], [1.5, NAN], [NAN, NAN]]),
        presence=np.array([[0.9, 0.8], [0.7, 0.2], [0.1, 0.3]]),
        hardware="CPU (Abacus 12, 2 threads)",
    )


def make_bare_evaluation() -> Evaluation:
    """Make the same as if it came from files of one observer's landmarks: no stages, times, radii or second marks."""
    whole = make_evaluation()
    return replace(
        whole,
        model="files",
        device="",
        hardware="",
        stage_errors_mm=np.empty((0, 3, 2)),
        observer_errors_mm=np.full((3, 2), NAN),
        elapsed_s=np.full(3, NAN),
        radius_mm=np.full((3, 2), NAN),
        presence=np.full((3, 2), NAN),
    )


def make_measured_evaluation(class_ii_percent: float) -> Evaluation:
    """Make the same as if it were of cephalograms, classified by two of the challenge's measures."""
    found = [("ANB", "class I", 1, 100.0), ("ANB", "class II", 2, class_ii_percent), ("SNB", "normal", 3, 60.0)]
    second = [("ANB", "class I", 2, 50.0), ("ANB", "class II", 1, 0.0), ("SNB", "normal", 3, 75.0)]
    recalls, observer_recalls = (
        pd.DataFrame(rows, columns=["measure", "class", "count", "recall_percent"]).set_index(["measure", "class"])
        for rows in (found, second)
    )
    return replace(make_evaluation(), recalls=recalls, observer_recalls=observer_recalls)
