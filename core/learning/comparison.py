"""How good a model is on the cases that it was kept from, and how good the model that it started from is there.

Counts errors; runs nothing. Only cases that neither has learnt from tell which is the better one.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.learning.course_events import CaseChange, Comparison, Errors, LandmarkChange, Unit

FloatArray = npt.NDArray[np.float64]

USUAL_MM = 2.0
"""What is close enough on a head; of smaller objects a share of their size is."""
CLOSE_SHARE = 0.02


def close_enough(object_mm: float, unit: Unit) -> float:
    """Return the distance within which a position counts as found: 2 mm on what is as large as a head, less on less.

    ``object_mm`` is how far the two landmarks furthest apart are from each other, in ``unit``.
    """
    share = CLOSE_SHARE * object_mm
    if share <= 0:
        return USUAL_MM
    rounded = round(share, -math.floor(math.log10(share)))
    return rounded if unit == "px" else min(USUAL_MM, rounded)


def compare(
    names: Sequence[str],
    cases: Sequence[str],
    new: FloatArray,
    old: FloatArray | None,
    within: float,
    unit: Unit,
) -> Comparison:
    """Compare two models, or say how good one is.

    Parameters
    ----------
    names, cases
        The ``L`` landmarks and ``N`` cases.
    new
        Errors of the new model ``(N, L)``; NaN where a landmark is absent.
    old
        Those of the model that it started from, None without one.
    within, unit
        The distance whose share is counted, and what all lengths are in.
    """
    return Comparison(
        cases=len(cases),
        unit=unit,
        within=within,
        old=None if old is None else _errors(old, within),
        new=_errors(new, within),
        landmarks=tuple(
            LandmarkChange(name=name, old=None if old is None else _median(old[:, row]), new=_median(new[:, row]))
            for row, name in enumerate(names)
        ),
        details=tuple(
            CaseChange(case=name, old=None if old is None else _mean(old[row]), new=_mean(new[row]))
            for row, name in enumerate(cases)
        ),
    )


def _errors(errors: FloatArray, within: float) -> Errors:
    known = errors[np.isfinite(errors)]
    return Errors(median=float(np.median(known)), mean=float(known.mean()), within=float((known <= within).mean()))


def _median(errors: FloatArray) -> float | None:
    known = errors[np.isfinite(errors)]
    return float(np.median(known)) if known.size else None


def _mean(errors: FloatArray) -> float | None:
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if known.size else None
