"""To how many decimals a landmark's numbers mean something, and how they are written.

0.001 mm and 0.01 px are finer than anybody sees or places a point. The C++ runner writes the same (landmark_csv.cpp).
"""

import math

import numpy as np
import numpy.typing as npt

from core.base.delimited_text import finite_number
from core.values.image import Image

PX_DECIMALS = 2
UNTOUCHED = 1e-6
"""Numbers this close (in mm or px) are the same: what lies between them is the noise of going to px and back."""


def mm_decimals(image: Image | None) -> int:
    """Return the decimals of a length in mm: three, or more where 0.01 px of ``image`` is less than 0.001 mm."""
    if image is None or not image.source.spacing_known:
        return 3
    return max(3, math.ceil(-math.log10(0.01 * float(image.grid.spacing_mm.min())) - 1e-9))


def fixed_text(value: float, decimals: int) -> str:
    """Return a number with that many decimals; there is no minus before a zero."""
    return f"{value:z.{decimals}f}"


def rounded(values: npt.ArrayLike, decimals: int) -> list[float]:
    """Return numbers rounded to that many decimals, as plain floats; there is no negative zero."""
    return [round(float(value), decimals) + 0.0 for value in np.asarray(values, dtype=np.float64)]


def same_numbers(first: npt.ArrayLike, second: npt.ArrayLike, tolerance: float = UNTOUCHED) -> bool:
    """Tell whether two points or figures are the same, NaN for NaN."""
    return bool(np.allclose(first, second, rtol=0, atol=tolerance, equal_nan=True))


def number_in(cell: str) -> float:
    """Return the number that a cell holds, NaN where it holds none."""
    number = finite_number(cell.strip())
    return math.nan if number is None else number
