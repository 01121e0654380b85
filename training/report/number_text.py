"""How figures of an evaluation are written, the same in Markdown and in HTML.

Rounds and joins numbers, computes nothing. A figure that does not exist is a dash.
"""

import math

import pandas as pd

DASH = "–"


def number(value: float, digits: int = 2) -> str:
    """Return a number with ``digits`` decimals and a true minus sign; a dash for NaN."""
    if math.isnan(value):
        return DASH
    rounded = round(value, digits) + 0.0  # never -0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def mean_and_sd(row: pd.Series, prefix: str = "", digits: int = 2) -> str:
    """Return ``mean ± SD`` of a row with the columns ``<prefix>mean_mm`` and ``<prefix>sd_mm``."""
    return f"{number(row[f'{prefix}mean_mm'], digits)} ± {number(row[f'{prefix}sd_mm'], digits)}"


def median_and_iqr(row: pd.Series, prefix: str = "", digits: int = 2) -> str:
    """Return ``median (IQR)`` of a row with the columns ``<prefix>median_mm`` and ``<prefix>iqr_mm``."""
    return f"{number(row[f'{prefix}median_mm'], digits)} ({number(row[f'{prefix}iqr_mm'], digits)})"


def p_text(p_value: float) -> str:
    """Return a p value with three decimals, or ``< 0.001``."""
    return "< 0.001" if p_value < 0.001 else number(p_value, 3)
