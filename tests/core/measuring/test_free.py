"""Values of free measurements by hand, and the table of them."""

import numpy as np
import pytest

from core.measuring.free import COINCIDING, UNKNOWN_VOXELS, FreeRow, free_table, free_value
from core.measuring.table import csv_text


@pytest.mark.parametrize(
    ("points", "known", "value", "unit"),
    [
        ([(1, 2), (4, 6)], True, 5, "mm"),
        ([(1, 2), (4, 6)], False, 5, "px"),
        ([(1, 2, 3), (3, 5, 9)], True, 7, "mm"),
        ([(5, 0), (0, 0), (0, 3)], True, 90, "°"),
        ([(5, 0), (0, 0), (-2, 0)], False, 180, "°"),
        ([(1, 1, 0), (0, 0, 0), (1, 0, 1)], True, 60, "°"),
        ([(2, 2), (2, 2)], True, 0, "mm"),
    ],
)
def test_values_by_hand(points: list[tuple[int, ...]], known: bool, value: float, unit: str) -> None:
    one = free_value(np.array(points, dtype=float), spacing_known=known)
    assert one.value == pytest.approx(value)
    assert (one.unit, one.reason) == (unit, "")


@pytest.mark.parametrize(
    ("points", "known", "reason"),
    [
        ([(1, 2, 3), (3, 5, 9)], False, UNKNOWN_VOXELS),
        ([(1, 1, 0), (0, 0, 0), (1, 0, 1)], False, UNKNOWN_VOXELS),
        ([(1, 1), (1, 1), (3, 0)], True, COINCIDING),
    ],
)
def test_what_has_no_value_says_why(points: list[tuple[int, ...]], known: bool, reason: str) -> None:
    one = free_value(np.array(points, dtype=float), spacing_known=known)
    assert np.isnan(one.value)
    assert one.reason == reason


def test_the_table_has_values_places_and_reasons() -> None:
    volume = np.array([(1.0, 2.0, 3.0), (3.0, 5.0, 9.0)])
    rows = [
        FreeRow("a", "Anna", np.array([(1.0, 2.0), (4.0, 6.00049)]), spacing_known=True),
        FreeRow("=b", "Ben", np.array([(5.0, 0.0), (0.0, 0.0), (0.0, -0.0001)]), spacing_known=False),
        FreeRow("c", "Ben", volume, spacing_known=False),
    ]
    head, first, second, third = csv_text(free_table(rows)).splitlines()
    assert head == "case,reader,kind,value,unit,points,points_unit,reason"
    assert first == "a,Anna,distance,5.0,mm,1.000 2.000; 4.000 6.000,mm,"
    assert second == "'=b,Ben,angle,90.0,°,5.000 0.000; 0.000 0.000; 0.000 0.000,px,"
    assert third == "c,Ben,distance,,px,1.000 2.000 3.000; 3.000 5.000 9.000,px,the voxel size is not known"
