"""Whether cases mark a landmark elsewhere than a model knows it, and how far: another person's definition of it.

A definition that differs is the same in every case, so it can be read off a few of them at once, where a network would have to
unlearn and learn. `core.method.localizer.Localizer` applies what is found. Knows no networks and no files.
"""

import numpy as np

from core.values.grid import FloatArray

FEWEST_CASES = 5
"""With fewer cases of a landmark nothing is said of its definition."""
SURE = 4.0
"""An offset counts from so many of its standard errors on: with dozens of landmarks none should get one by chance."""
MEDIAN_ERROR = 1.2533
"""Standard error of the median of normally distributed values, as a multiple of that of their mean: the root of pi / 2."""


def fit_offsets(off_mm: FloatArray) -> FloatArray:
    """Return how far from where a model finds them landmarks are marked, in the same way in every case.

    The median along each axis, so that a few misses of the model do not count; zero for a landmark of which that is no more than
    chance.

    Parameters
    ----------
    off_mm
        ``(N, L, D)`` mark less what the model finds, along the array axes; NaN where a landmark is not marked.

    Returns
    -------
    FloatArray
        ``(L, D)`` mm.
    """
    offsets_mm = np.zeros(off_mm.shape[1:])
    for row in range(off_mm.shape[1]):
        known = off_mm[np.isfinite(off_mm[:, row]).all(axis=1), row]
        if len(known) < FEWEST_CASES:
            continue
        median_mm = np.median(known, axis=0)
        # The spread by the quartiles: one gross miss must not hide a definition that all other cases agree on.
        low, high = np.quantile(known, (0.25, 0.75), axis=0)
        error_mm = MEDIAN_ERROR * (high - low) / 1.349 / np.sqrt(len(known))
        if np.linalg.norm(median_mm) > SURE * np.linalg.norm(error_mm):
            offsets_mm[row] = median_mm
    return offsets_mm
