"""How much each stage's answer counts for each landmark, from their errors on cases that they did not learn from.

Stages that err differently make a better position together than any of them alone; which of them a landmark should trust is read
off out-of-fold errors. `core.method.localizer.Localizer` applies the shares. Knows nothing of folds, files or networks.
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

POOLED_CASES = 50.0
"""So many cases' worth the errors of all landmarks together weigh beside those of one: few cases of one say little."""
SMALLEST_ERROR_MM = 0.25
"""Errors below it count alike in the reweighting, mm."""
ROUNDS = 20


def fit_shares(off_mm: FloatArray) -> FloatArray:
    """Return the shares with which the stages' positions make the smallest mean radial error.

    Least squares on the simplex, reweighted by the inverse of the error so that it is the mean distance, not its square, that
    is made small (Weiszfeld's iteration); the landmarks' matrices are drawn towards the mean of all.

    Parameters
    ----------
    off_mm
        ``(S, N, L, D)`` position less truth for ``S`` stages and ``N`` cases; NaN where there is no truth.

    Returns
    -------
    FloatArray
        ``(S, L)`` shares, none negative, 1 in sum for each landmark.
    """
    stages, _, landmarks, _ = off_mm.shape
    known = np.asarray(np.isfinite(off_mm).all(axis=(0, 3)))
    off_mm = np.where(known[None, :, :, None], off_mm, 0.0)
    shares = np.full((stages, landmarks), 1.0 / stages)
    for _ in range(ROUNDS):
        joined_mm = np.linalg.norm(np.einsum("sl,snld->nld", shares, off_mm), axis=-1)
        weight = known / np.maximum(joined_mm, SMALLEST_ERROR_MM)
        squares = np.einsum("nl,snld,tnld->lst", weight, off_mm, off_mm)
        pooled = squares.sum(axis=0) / max(float(known.sum()), 1.0)
        shares = np.stack([_least(matrix + POOLED_CASES * pooled) for matrix in squares], axis=1)
    return shares


def _least(matrix: FloatArray) -> FloatArray:
    """Return the shares ``w`` that make ``w @ matrix @ w`` smallest: the best of all sets of stages with no negative share."""
    count = len(matrix)
    found, smallest = np.full(count, 1.0 / count), np.inf
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            part = matrix[np.ix_(chosen, chosen)]
            solved = np.linalg.lstsq(part + 1e-9 * np.trace(part) * np.eye(size), np.ones(size), rcond=None)[0]
            if (solved < 0).any() or solved.sum() <= 0:
                continue
            shares = np.zeros(count)
            shares[list(chosen)] = solved / solved.sum()
            value = float(shares @ matrix @ shares)
            if value < smallest - 1e-12:
                found, smallest = shares, value
    return found
