"""The line of the wigglegram."""

import math

import pytest

from app.panels.wigglegram import line_through

NAN = math.nan


@pytest.mark.parametrize(
    ("deviations", "row", "expected"),
    [
        ([1.0, -1.0], 0, (None, 1.0, 0.0)),
        ([1.0, -1.0], 1, (0.0, -1.0, None)),
        ([0.0, NAN, 2.0], 1, (0.5, 1.0, 1.5)),
        ([9.0, -9.0], 0, (None, 3.0, 0.0)),
        ([NAN, 1.0], 0, (None, None, None)),
        ([NAN], 0, (None, None, None)),
    ],
)
def test_the_line_runs_from_each_known_deviation_to_the_next(deviations, row, expected):
    assert line_through(deviations, row) == expected
