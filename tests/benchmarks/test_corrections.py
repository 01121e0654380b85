"""What the benchmark of corrections moves and counts."""

from pathlib import Path

import numpy as np
import pytest

from core.learning.cases import Case
from core.values.landmarks import Landmarks
from tests.benchmarks.bench_corrections import CORRECTED, MOVED_MM, forgetting, moved_case, to_markdown

NAMES = ("Sella", *MOVED_MM, "Menton")


def test_three_landmarks_are_moved_by_three_millimetres() -> None:
    case = Case("1", Path("1.png"), Landmarks(NAMES, np.arange(10.0).reshape(5, 2)))
    off_mm = np.linalg.norm(moved_case(case).landmarks.points_mm - case.landmarks.points_mm, axis=1)
    assert off_mm == pytest.approx([0, 3, 3, 3, 0], abs=0.01)
    assert len(set(CORRECTED)) == 20
    assert max(CORRECTED) < 140


def test_moved_landmarks_and_others_are_counted_apart() -> None:
    before = forgetting(np.array([[1.0, 3, 3, 3, 0], [2.0, 3, 4, 5, 1]]), NAMES)
    assert (before.moved, before.others) == (3.5, 1.0)
    assert before.landmarks["Gonion"] == 4.0
    after = forgetting(np.ones((2, 5)), NAMES)
    assert "| A, B and Go, against the new definition | 3.50 | 1.00 |" in to_markdown(before, after, 2)
