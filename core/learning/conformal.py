"""Finds how the spread of the votes and the posterior translate into millimetres, by split conformal prediction.

The shape of the rule, one scale per landmark and two rates common to all, is fitted to the training cases; how large the
radius must then be to hold the true position in 90 % of cases is read off the validation cases, which no network has learnt
from. `core/method/calibration.py` applies the rule. Angelopoulos and Bates, "A gentle introduction to conformal prediction and
distribution-free uncertainty quantification", 2021, sections 1 and 2.3.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from core.learning.prepared_cases import PreparedCase
from core.method.calibration import SMALLEST_SPREAD_MM, Calibration
from core.method.localizer import Localizer
from core.values.landmarks import NOMINAL_COVERAGE

FloatArray = npt.NDArray[np.float64]

SMALLEST_ERROR_MM = 0.05
"""Smaller errors count as this one, lest the logarithms of lucky hits rule the fit; mm."""

LARGEST_POWER, LARGEST_RATE = 3.0, 5.0
"""Most that spread and doubt may do to a radius: what hardly varies, as in a network that has not learnt yet, fits any rate."""


class Answers(NamedTuple):
    """What a localizer says of ``N`` cases, each ``(N, L)``; errors are NaN where the landmark is absent."""

    errors_mm: FloatArray
    spreads_mm: FloatArray
    doubts: FloatArray


class Calibrated(NamedTuple):
    """The calibration, and per landmark the median radius that it gives on the validation cases, mm."""

    calibration: Calibration
    radii_mm: tuple[float, ...]


@torch.inference_mode()
def collect_answers(localizer: Localizer, cases: Iterable[PreparedCase]) -> Answers:
    """Localize the landmarks of prepared cases, taken one at a time."""
    rows: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for case in cases:
        output = localizer.analyse(case.prepared.float(), case.spacing_mm)
        off_mm = (output.points_index - case.points_index) * case.spacing_mm
        found = (off_mm.square().sum(1).sqrt(), output.spread_mm, 1.0 - output.posterior)
        rows.append((found[0].double().numpy(), found[1].double().numpy(), found[2].double().numpy()))
    errors, spreads, doubts = (np.stack(column) for column in zip(*rows, strict=True))
    return Answers(errors, spreads, doubts)


def fit_rates(answers: Answers) -> tuple[float, float]:
    """Return how the errors grow with spread and doubt: the power of the spread and the rate of the doubt, within bounds.

    Least squares on the logarithm of the errors, each landmark against its own mean.
    """
    known = np.isfinite(answers.errors_mm)

    def centred(values: FloatArray) -> FloatArray:
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        return np.asarray((values - mean)[known])

    error = centred(np.log(np.maximum(np.nan_to_num(answers.errors_mm), SMALLEST_ERROR_MM)))
    spread = centred(np.log(np.maximum(answers.spreads_mm, SMALLEST_SPREAD_MM)))
    doubt = centred(answers.doubts)
    causes = np.stack([spread, doubt], axis=1)
    both, *_ = np.linalg.lstsq(causes, error, rcond=None)
    if (both < 0).any():
        better = int(np.argmax(both))
        alone = float(causes[:, better] @ error / max(float(causes[:, better] @ causes[:, better]), 1e-12))
        both = np.where(np.arange(2) == better, alone, 0.0)
    power, rate = np.clip(both, 0.0, (LARGEST_POWER, LARGEST_RATE)).tolist()
    return power, rate


def conformal_quantile(scores: FloatArray, coverage: float) -> float:
    """Return the score that a new case stays below with probability ``coverage``: the ``⌈(n + 1) coverage⌉``-th smallest.

    The largest where there are too few for that.
    """
    ordered = np.sort(scores[np.isfinite(scores)])
    return float(ordered[min(math.ceil((len(ordered) + 1) * coverage), len(ordered)) - 1])


def calibrate(train: Answers, validation: Answers, coverage: float = NOMINAL_COVERAGE) -> Calibrated:
    """Calibrate the radius.

    The landmarks of all validation cases are pooled for the conformal step: ten cases of one landmark say little about a share of
    90 %, and the scale of each landmark makes them alike.

    Parameters
    ----------
    train
        Answers on the training cases, which shape the rule.
    validation
        Answers on the validation cases, which set its size.
    coverage
        Share of true positions that the radius is to hold.
    """
    power, rate = fit_rates(train)
    landmarks = train.errors_mm.shape[1]

    def sized(scale: FloatArray, answers: Answers) -> FloatArray:
        rule = Calibration(torch.from_numpy(scale), power, rate)
        spreads, doubts = torch.from_numpy(answers.spreads_mm).float(), torch.from_numpy(answers.doubts).float()
        return np.asarray(rule(spreads, 1.0 - doubts).numpy(), dtype=np.float64)

    ratios = np.where(np.isfinite(train.errors_mm), train.errors_mm / sized(np.ones(landmarks), train), np.nan)
    known = np.isfinite(ratios).any(axis=0)
    scale = np.full(landmarks, np.nanquantile(ratios, coverage))  # a landmark without an example takes what all have
    scale[known] = np.nanquantile(ratios[:, known], coverage, axis=0)
    scale *= conformal_quantile(validation.errors_mm / sized(scale, validation), coverage)
    radii_mm = np.median(sized(scale, validation), axis=0)
    return Calibrated(
        Calibration(torch.from_numpy(scale), power, rate), tuple(round(float(radius), 3) for radius in radii_mm)
    )
