"""How much each stage counts: by its errors, where these are known, and never less than nothing."""

import numpy as np
import pytest

from core.learning.joining import fit_shares


def offsets(deviations_mm: list[list[float]], cases: int = 400, seed: int = 0) -> np.ndarray:
    """Return independent offsets ``(S, N, L, 2)`` of the given deviations ``[stage][landmark]``."""
    scale = np.asarray(deviations_mm)[:, None, :, None]
    stages, landmarks = np.shape(deviations_mm)
    return np.random.default_rng(seed).normal(size=(stages, cases, landmarks, 2)) * scale


def test_shares_are_none_negative_and_one_in_sum() -> None:
    shares = fit_shares(offsets([[1, 2, 3], [2, 2, 1], [5, 1, 1]]))
    assert shares.shape == (3, 3)
    assert (shares >= 0).all()
    assert shares.sum(axis=0) == pytest.approx(1.0)


def test_equal_stages_share_equally_and_the_better_one_counts_more() -> None:
    shares = fit_shares(offsets([[1, 1, 2], [1, 2, 1]]))
    assert shares[:, 0] == pytest.approx([0.5, 0.5], abs=0.05)
    assert shares[0, 1] > 0.7
    assert shares[1, 2] > 0.7


def test_a_stage_that_only_adds_to_the_error_of_another_does_not_count() -> None:
    (first,) = offsets([[1.0]])
    (noise,) = offsets([[1.0]], seed=1)
    shares = fit_shares(np.stack([first, first + noise]))
    assert shares[:, 0] == pytest.approx([1.0, 0.0], abs=0.05)


def test_few_cases_of_one_landmark_are_drawn_to_all() -> None:
    many = offsets([[1.0] * 19, [1.0] * 19], cases=4)
    many[1, :, 0] *= 0.1
    few, much = fit_shares(many)[1, 0], fit_shares(np.tile(many, (1, 100, 1, 1)))[1, 0]
    assert few == pytest.approx(0.5, abs=0.1)
    assert 0.8 < much < 1.0


def test_together_they_err_less_on_other_cases_than_the_best_alone() -> None:
    deviations = [[1.0, 1.5], [1.2, 1.0]]
    shares = fit_shares(offsets(deviations))
    others = offsets(deviations, seed=7)
    together = np.linalg.norm(np.einsum("sl,snld->nld", shares, others), axis=-1).mean(0)
    alone = np.linalg.norm(others, axis=-1).mean(1)
    assert (together < alone.min(0)).all()


def test_what_has_no_truth_does_not_count() -> None:
    known = offsets([[1, 2], [2, 1]], cases=100)
    holes = np.concatenate([known, np.full((2, 30, 2, 2), np.nan)], axis=1)
    np.testing.assert_allclose(fit_shares(holes), fit_shares(known))
    nobody = known.copy()
    nobody[:, :, 1] = np.nan
    assert fit_shares(nobody).sum(axis=0) == pytest.approx(1.0)
