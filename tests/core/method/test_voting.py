import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.method.voting import (
    cell_centres,
    displacement_of,
    inverse_log_transform,
    log_transform,
    posteriors_of,
    presence,
    vote,
    vote_weights,
)


@given(st.lists(st.floats(-2000, 2000, width=32, allow_subnormal=False), min_size=1, max_size=20))
def test_log_transform_is_undone(values: list[float]) -> None:
    displacement = torch.tensor(values)
    transformed = log_transform(displacement)
    assert torch.allclose(inverse_log_transform(transformed), displacement, rtol=1e-4, atol=1e-4)
    assert torch.equal(torch.sign(transformed), torch.sign(displacement))


def test_log_transform_has_the_published_base() -> None:
    assert float(log_transform(torch.tensor(99.0))) == pytest.approx(2.0)
    assert float(log_transform(torch.tensor(-9.0))) == pytest.approx(-1.0)


def test_cell_centres_are_the_middles_of_patches() -> None:
    centres = cell_centres([2, 3], 8, torch.device("cpu"))
    assert centres.shape == (2, 2, 3)
    assert centres[:, 0, 0].tolist() == [3.5, 3.5]  # samples 0 ... 7
    assert centres[:, 1, 2].tolist() == [11.5, 19.5]


@pytest.mark.parametrize("ndim", [2, 3])
def test_exact_displacements_give_the_exact_point_and_no_spread(ndim: int) -> None:
    cells = [4, 5, 6][:ndim]
    truth = torch.tensor([[9.25, 3.5, 17.0][:ndim], [-2.0, 30.0, 1.0][:ndim]])
    displacement = truth.reshape(2, ndim, *[1] * ndim) - cell_centres(cells, 4, torch.device("cpu"))
    weight = torch.rand(2, *cells)
    points, spread = vote(displacement, weight, 4)
    assert torch.allclose(points, truth, atol=1e-4)
    assert spread.max() < 1e-3


def test_votes_count_by_their_posterior() -> None:
    displacement = torch.zeros(1, 2, 1, 2)
    weight = torch.tensor([[[0.9, 0.3]]])
    points, spread = vote(displacement, weight, 2)
    assert torch.allclose(points, torch.tensor([[0.5, 0.5 + 2.0 * 0.25]]))
    assert float(spread) == pytest.approx(2.0 * math.sqrt(0.25 * 0.75), abs=1e-6)


def test_without_any_posterior_all_votes_count_alike() -> None:
    points, _ = vote(torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2), 2)
    assert torch.allclose(points, torch.tensor([[1.5, 1.5]]))
    assert torch.isfinite(points).all()


def test_presence_sums_what_neighbours_share() -> None:
    weight = torch.zeros(3, 4, 4)
    weight[0, 2, 2] = 0.9
    weight[1, 1:3, 1:3] = 0.24  # on the corner of four patches
    weight[2, 0, 0] = weight[2, 3, 3] = 0.3  # two places at once are not one landmark
    assert torch.allclose(presence(weight), torch.tensor([0.9, 0.96, 0.3]))


def test_presence_never_exceeds_one() -> None:
    assert presence(torch.ones(1, 3, 3, 3)).tolist() == [1.0]


POSTERIOR = torch.tensor([[[0.1, 0.7, 0.2], [0.6, 0.05, 0.3]]])


@pytest.mark.parametrize(
    ("rule", "voters"),
    [
        ("posterior", [0.1, 0.7, 0.2, 0.6, 0.05, 0.3]),
        ("uniform", [1.0] * 6),
        ("top-k", [0, 0.7, 0, 0.6, 0, 0.3]),
        ("threshold", [0, 0.7, 0, 0.6, 0, 0]),
        ("arg-max", [0, 0.7, 0, 0, 0, 0]),
    ],
)
def test_each_rule_lets_its_patches_vote(rule: str, voters: list[float]) -> None:
    weights = vote_weights(POSTERIOR, rule, 3, 0.5)
    assert weights.shape == POSTERIOR.shape
    assert weights.flatten().tolist() == pytest.approx(voters)


def test_where_no_patch_reaches_the_threshold_the_most_probable_one_votes() -> None:
    assert vote_weights(POSTERIOR, "threshold", 1, 0.9).flatten().tolist() == pytest.approx([0, 0.7, 0, 0, 0, 0])


def test_more_voters_than_patches_are_all_patches() -> None:
    assert torch.equal(vote_weights(POSTERIOR, "top-k", 100, 0.5), POSTERIOR)


def test_displacements_come_back_in_the_form_that_was_taught() -> None:
    displacement = torch.tensor([[[-7.0, 0.0, 120.0]]])
    assert torch.allclose(displacement_of(log_transform(displacement), "log"), displacement, rtol=1e-4)
    assert torch.equal(displacement_of(displacement, "linear"), displacement)


def test_a_soft_max_shares_one_posterior_and_leaves_what_is_in_no_patch() -> None:
    logit = torch.zeros(2, 3, 4)
    posterior = posteriors_of(logit, "soft-max")
    assert torch.allclose(posterior, torch.full((2, 3, 4), 1 / 13))
    assert torch.allclose(presence(posterior, "soft-max"), torch.full((2,), 12 / 13))
    assert float(presence(posteriors_of(logit - 100.0, "soft-max"), "soft-max").max()) == pytest.approx(0.0, abs=1e-6)
    assert float(presence(posteriors_of(logit + 100.0, "soft-max"), "soft-max").min()) == pytest.approx(1.0, abs=1e-4)


def test_without_a_soft_max_each_patch_has_its_own_posterior() -> None:
    logit = torch.randn(2, 3, 4)
    assert torch.equal(posteriors_of(logit, "sigmoid"), torch.sigmoid(logit))
