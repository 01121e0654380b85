"""Numbers as a reader sees them."""

import pandas as pd
import pytest

from training.report.number_text import mean_and_sd, median_and_iqr, number, p_text

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"), [(1.005, "1.00"), (12.3456, "12.35"), (-0.5, "−0.50"), (-0.001, "0.00"), (NAN, "–")]
)
def test_numbers_are_rounded_with_a_true_minus_and_a_dash_for_none(value: float, text: str) -> None:
    assert number(value) == text


def test_joined_figures() -> None:
    row = pd.Series({"mean_mm": 1.234, "sd_mm": NAN, "other_median_mm": 2.0, "other_iqr_mm": 0.456})
    assert mean_and_sd(row) == "1.23 ± –"
    assert median_and_iqr(row, "other_") == "2.00 (0.46)"


@pytest.mark.parametrize(("p_value", "text"), [(0.0009, "< 0.001"), (0.001, "0.001"), (0.25, "0.250"), (NAN, "–")])
def test_p_values(p_value: float, text: str) -> None:
    assert p_text(p_value) == text
