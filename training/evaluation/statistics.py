"""Paired tests between the radial errors of models and the distances between observers (paper, Table I).

Owns the Wilcoxon signed-rank test and the marks of its significance. Pure functions of arrays; knows no models and no files.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wilcoxon

from training.evaluation.metrics import ALL, FloatArray, median_and_iqr

SIGNIFICANCE_MARKS = ((0.001, "‡"), (0.01, "†"), (0.05, "*"))
"""The paper's marks: a p value below the number bears the mark."""


def significance_mark(p_value: float) -> str:
    """Return the paper's mark of a p value: ``*`` below 0.05, ``†`` below 0.01, ``‡`` below 0.001, else nothing."""
    return next((mark for limit, mark in SIGNIFICANCE_MARKS if p_value < limit), "")


def wilcoxon_p(errors_mm: npt.ArrayLike, other_mm: npt.ArrayLike) -> float:
    """Return the two-sided p value of the Wilcoxon signed-rank test between paired errors.

    Pairs of which one is NaN are left out; pairs without a difference say nothing and are dropped, as Wilcoxon did.

    Parameters
    ----------
    errors_mm, other_mm
        Errors of any one shape, mm; entries at the same place belong to the same landmark of the same case.

    Returns
    -------
    float
        In (0, 1]; 1 where no pair differs, NaN where there is no pair.
    """
    differences = (np.asarray(errors_mm, dtype=np.float64) - np.asarray(other_mm, dtype=np.float64)).ravel()
    differences = differences[np.isfinite(differences)]
    if differences.size == 0:
        return float("nan")
    differences = differences[differences != 0]
    return float(wilcoxon(differences).pvalue) if differences.size else 1.0


def compare_errors(errors_mm: FloatArray, other_mm: FloatArray, names: Sequence[str]) -> pd.DataFrame:
    """Compare paired errors per landmark and over all landmarks.

    Parameters
    ----------
    errors_mm, other_mm
        ``(cases, L)`` of one model, and of another one or between observers, mm; NaN where there is none.
    names
        The ``L`` landmarks.

    Returns
    -------
    pandas.DataFrame
        A row per landmark and a last one called ``all``, which pools the pairs of all landmarks. Everything is over the
        pairs of which both are known: ``pairs``; ``median_mm`` and ``iqr_mm``; ``other_median_mm`` and ``other_iqr_mm``;
        ``difference_mm``, the median of the differences, negative where the first is smaller; ``p_value`` of
        `wilcoxon_p`; ``mark`` of `significance_mark`.
    """
    rows = [_comparison(errors_mm[:, row], other_mm[:, row]) for row in range(len(names))]
    rows.append(_comparison(errors_mm, other_mm))
    return pd.DataFrame(rows, index=pd.Index([*names, ALL], name="landmark"))


def _comparison(errors_mm: FloatArray, other_mm: FloatArray) -> dict[str, float | str]:
    both = np.isfinite(errors_mm) & np.isfinite(other_mm)
    errors, others = errors_mm[both], other_mm[both]
    median_mm, iqr_mm = median_and_iqr(errors)
    other_median_mm, other_iqr_mm = median_and_iqr(others)
    p_value = wilcoxon_p(errors, others)
    return {
        "pairs": int(both.sum()),
        "median_mm": median_mm,
        "iqr_mm": iqr_mm,
        "other_median_mm": other_median_mm,
        "other_iqr_mm": other_iqr_mm,
        "difference_mm": median_and_iqr(errors - others)[0],
        "p_value": p_value,
        "mark": significance_mark(p_value),
    }
