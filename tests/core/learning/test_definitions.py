"""Another definition of a landmark is told from chance."""

import numpy as np
import pytest

from core.learning.definitions import FEWEST_CASES, fit_offsets

MOVED_MM = np.array([[0.0, 0.0], [3.0, -1.0], [0.0, 0.0]])


def off(cases: int, seed: int = 0, sd_mm: float = 1.0) -> np.ndarray:
    """Return marks less what a model finds, of which the second landmark is marked elsewhere."""
    return MOVED_MM + np.random.default_rng(seed).normal(0.0, sd_mm, (cases, 3, 2))


def test_what_is_marked_elsewhere_in_every_case_is_found_and_nothing_else() -> None:
    found_mm = fit_offsets(off(20))
    np.testing.assert_allclose(found_mm[1], MOVED_MM[1], atol=0.7)
    assert not found_mm[[0, 2]].any()


def test_chance_moves_hardly_any_landmark() -> None:
    noise_mm = np.random.default_rng(1).normal(0.0, 1.0, (12, 2000, 2))
    assert fit_offsets(noise_mm).any(axis=1).mean() < 0.01


def test_a_gross_miss_hides_nothing() -> None:
    off_mm = off(20, sd_mm=0.5)
    off_mm[3, 1] += 60.0
    np.testing.assert_allclose(fit_offsets(off_mm)[1], MOVED_MM[1], atol=0.5)


def test_what_is_marked_in_few_cases_stays() -> None:
    off_mm = off(20, sd_mm=0.01)
    off_mm[FEWEST_CASES - 1 :, 1] = np.nan
    assert not fit_offsets(off_mm).any()
    off_mm[FEWEST_CASES - 1, 1] = MOVED_MM[1]
    assert fit_offsets(off_mm)[1] == pytest.approx(MOVED_MM[1], abs=0.05)
