"""Whether calibrated radii say the truth: how often they hold the true position, and whether larger ones mean larger errors.

Pure functions of arrays. How a radius comes about is in `core/method/calibration.py`; nothing here changes one.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from training.evaluation.metrics import ALL, FloatArray, median_and_iqr

RADIUS_GROUPS = 5
"""Into how many groups of about equal size predictions are sorted by their radius."""


def coverage_percent(errors_mm: FloatArray, radius_mm: FloatArray) -> float:
    """Return how often the true position lies within the radius, percent, where both are known; NaN where never."""
    known = np.isfinite(errors_mm) & np.isfinite(radius_mm)
    return 100.0 * float(np.mean(errors_mm[known] <= radius_mm[known])) if known.any() else float("nan")


def tabulate_coverage(errors_mm: FloatArray, radius_mm: FloatArray, names: Sequence[str]) -> pd.DataFrame:
    """Return how well radii hold the true positions, per landmark and over all.

    Parameters
    ----------
    errors_mm, radius_mm
        ``(cases, L)``, mm; NaN where there is none.
    names
        The ``L`` landmarks.

    Returns
    -------
    pandas.DataFrame
        A row per landmark and a last one called ``all``: ``radius_count`` of errors with a radius, ``median_radius_mm``,
        ``coverage_percent``.
    """
    columns = [*zip(errors_mm.T, radius_mm.T, strict=True), (errors_mm, radius_mm)]
    rows = []
    for errors, radii in columns:
        known = np.isfinite(errors) & np.isfinite(radii)
        rows.append(
            {
                "radius_count": int(known.sum()),
                "median_radius_mm": median_and_iqr(radii[known])[0],
                "coverage_percent": coverage_percent(errors, radii),
            }
        )
    return pd.DataFrame(rows, index=pd.Index([*names, ALL], name="landmark"))


def errors_by_radius(errors_mm: FloatArray, radius_mm: FloatArray, groups: int = RADIUS_GROUPS) -> pd.DataFrame:
    """Sort predictions of all landmarks by their radius and describe the errors of each group.

    Parameters
    ----------
    errors_mm, radius_mm
        Any one shape, mm; NaN where there is none.
    groups
        How many groups, cut at the quantiles of the radius. Equal radii stay together, so there may be fewer.

    Returns
    -------
    pandas.DataFrame
        A row per group, smallest radii first: ``count``, ``smallest_radius_mm``, ``median_radius_mm``,
        ``largest_radius_mm``, ``mean_mm`` and ``error_90_mm`` (90th percentile) of the errors, ``coverage_percent``.
        Empty where no radius is known.
    """
    known = np.isfinite(errors_mm) & np.isfinite(radius_mm)
    errors, radii = errors_mm[known], radius_mm[known]
    edges = np.unique(np.quantile(radii, np.linspace(0, 1, groups + 1)[1:-1])) if radii.size else np.empty(0)
    group_of = np.searchsorted(edges, radii, side="left")
    rows = []
    for group in np.unique(group_of):
        inside = group_of == group
        rows.append(
            {
                "count": int(inside.sum()),
                "smallest_radius_mm": float(radii[inside].min()),
                "median_radius_mm": float(np.median(radii[inside])),
                "largest_radius_mm": float(radii[inside].max()),
                "mean_mm": float(errors[inside].mean()),
                "error_90_mm": float(np.percentile(errors[inside], 90)),
                "coverage_percent": coverage_percent(errors[inside], radii[inside]),
            }
        )
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="group"))
