"""The measures of landmark localization: radial errors, success detection rates, detection counts.

Pure functions of arrays; a position that does not exist is NaN and never becomes a distance. No files, no images, no models.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.base.errors import ConfigError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

THRESHOLDS_MM = (2.0, 2.5, 3.0, 4.0)
"""The distance thresholds of the cephalometric challenge, mm."""

ALL = "all"
"""Label of the row that sums up all landmarks."""


def parse_thresholds(text: str) -> tuple[float, ...]:
    """Read distances such as ``"0.25,0.5,1"``, mm.

    Raises
    ------
    ConfigError
        They are not all numbers above zero.
    """
    try:
        thresholds = tuple(float(word) for word in text.split(","))
    except ValueError:
        thresholds = ()
    if not thresholds or not all(0 < value < float("inf") for value in thresholds):
        raise ConfigError(f"{text!r} is no list of distances in mm.", "Write numbers with commas, such as 0.5,1,2.")
    return thresholds


def curve_thresholds(thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> tuple[float, ...]:
    """Return ten evenly spaced distances for a curve of success detection rates, mm.

    The step is the smallest of 1, 2 and 5 times a power of ten whose tenth reaches the largest of ``thresholds_mm``: for the
    challenge's 4 mm these are the paper's 0.5, 1, ... 5 mm (section IV), for 2 mm 0.2, 0.4, ... 2 mm.
    """
    least = max(thresholds_mm) / 10 * (1 - 1e-9)
    unit = 10.0 ** math.floor(math.log10(least))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= least)
    return tuple(round(step * number, 9) for number in range(1, 11))


@dataclass(frozen=True)
class Detection:
    """How often a landmark that is there, or is not, was reported to be there, or not."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int


def radial_errors_mm(found_mm: npt.ArrayLike, truth_mm: npt.ArrayLike) -> FloatArray:
    """Return the Euclidean distances between positions.

    Parameters
    ----------
    found_mm, truth_mm
        ``(..., D)`` positions in mm, NaN where there is none.

    Returns
    -------
    FloatArray
        ``(...)`` distances in mm, NaN where either position does not exist.
    """
    difference = np.asarray(found_mm, dtype=np.float64) - np.asarray(truth_mm, dtype=np.float64)
    return np.asarray(np.linalg.norm(difference, axis=-1))


def success_rate(errors_mm: FloatArray, threshold_mm: float, present: BoolArray) -> float:
    """Return the success detection rate in percent (paper, section IV).

    A landmark is detected where its error is smaller than the threshold. One that is present but was not found counts as
    missed; one that is not there does not count. NaN where none is present.

    Parameters
    ----------
    errors_mm
        Radial errors of any shape, mm.
    threshold_mm
        Distance below which a detection is successful, mm.
    present
        Same shape, True where the landmark really is in the image.
    """
    errors, there = np.asarray(errors_mm), np.asarray(present)
    count = int(there.sum())
    return 100.0 * int((errors[there] < threshold_mm).sum()) / count if count else float("nan")


def count_detections(found: BoolArray, present: BoolArray) -> Detection:
    """Count over any shape what was ``found`` against what is ``present``."""
    hit, there = np.asarray(found), np.asarray(present)
    return Detection(
        true_positive=int((hit & there).sum()),
        false_negative=int((~hit & there).sum()),
        false_positive=int((hit & ~there).sum()),
        true_negative=int((~hit & ~there).sum()),
    )


def median_and_iqr(values: FloatArray) -> tuple[float, float]:
    """Return the median and the width between the quartiles of finite values of any shape; NaN where there are none."""
    if values.size == 0:
        return float("nan"), float("nan")
    low, median, high = np.percentile(values, (25, 50, 75))
    return float(median), float(high - low)


def describe_errors(
    errors_mm: FloatArray, present: BoolArray, thresholds_mm: Sequence[float] = THRESHOLDS_MM
) -> dict[str, float]:
    """Sum up radial errors of any shape.

    Returns
    -------
    dict
        ``count`` of errors; ``mean_mm``, ``sd_mm`` (of the sample), ``median_mm``, ``iqr_mm`` (third minus first quartile)
        over the landmarks that were found; ``sdr_<threshold>mm_percent`` over those that are present.
    """
    there = np.asarray(present)
    known = np.asarray(errors_mm, dtype=np.float64)[there]
    known = known[np.isfinite(known)]
    median_mm, iqr_mm = median_and_iqr(known)
    description = {
        "count": known.size,
        "mean_mm": float(known.mean()) if known.size else float("nan"),
        "sd_mm": float(known.std(ddof=1)) if known.size > 1 else float("nan"),
        "median_mm": median_mm,
        "iqr_mm": iqr_mm,
    }
    for threshold in thresholds_mm:
        description[f"sdr_{threshold:g}mm_percent"] = success_rate(errors_mm, threshold, there)
    return description


def summarize(
    errors_mm: FloatArray,
    present: BoolArray,
    names: Sequence[str],
    thresholds_mm: Sequence[float] = THRESHOLDS_MM,
) -> pd.DataFrame:
    """Sum up radial errors per landmark and over all landmarks.

    Parameters
    ----------
    errors_mm
        ``(cases, L)`` radial errors, mm, NaN where there is none.
    present
        ``(cases, L)`` True where the landmark really is in the image.
    names
        The ``L`` landmarks.
    thresholds_mm
        Thresholds of the success detection rates, mm.

    Returns
    -------
    pandas.DataFrame
        A row per landmark and a last one called ``all``; the columns of `describe_errors`.
    """
    rows = [describe_errors(errors_mm[:, i], present[:, i], thresholds_mm) for i in range(len(names))]
    rows.append(describe_errors(errors_mm, present, thresholds_mm))
    table = pd.DataFrame(rows, index=pd.Index([*names, ALL], name="landmark"))
    return table.astype({"count": int})


def tabulate_detections(found: BoolArray, present: BoolArray, names: Sequence[str]) -> pd.DataFrame:
    """Count detections per landmark and over all landmarks; ``(cases, L)`` arrays, a row each and a last one ``all``."""
    rows = [count_detections(found[:, i], present[:, i]) for i in range(len(names))]
    rows.append(count_detections(found, present))
    return pd.DataFrame([vars(row) for row in rows], index=pd.Index([*names, ALL], name="landmark"))


def detection_rates(detections: pd.DataFrame) -> pd.DataFrame:
    """Return the rates of `tabulate_detections`' counts, percent.

    Returns
    -------
    pandas.DataFrame
        ``sensitivity_percent``, the share found of those that are there, and ``specificity_percent``, the share not
        reported of those that are not; NaN where there are none. The rows of ``detections``.
    """
    there = detections["true_positive"] + detections["false_negative"]
    not_there = detections["true_negative"] + detections["false_positive"]
    return pd.DataFrame(
        {
            "sensitivity_percent": 100 * detections["true_positive"] / there.where(there > 0),
            "specificity_percent": 100 * detections["true_negative"] / not_there.where(not_there > 0),
        }
    )


def outlier_limits_mm(errors_mm: FloatArray) -> FloatArray:
    """Return for each landmark the third quartile of its errors plus three times their IQR ``(L,)``, mm.

    Parameters
    ----------
    errors_mm
        ``(cases, L)``, NaN where there is none; a landmark without errors has the limit NaN.
    """
    limits = []
    for column in np.asarray(errors_mm, dtype=np.float64).T:
        known = column[np.isfinite(column)]
        third = float(np.percentile(known, 75)) if known.size else float("nan")
        limits.append(third + 3 * median_and_iqr(known)[1])
    return np.array(limits)
