"""A folded network gets a normalisation with which it answers as before, and nearly so while it learns."""

import copy

import pytest
import torch
from torch import Tensor

from core.learning.building import build_network
from core.learning.configuration import TrainingConfig, parse_config
from core.learning.sampling import Batch
from core.learning.unfolding import unfold
from core.method.layers import fold_normalisation
from tests.support.training_fixtures import CONFIG

SIDES = {0: (1, 48, 48), 1: (3, 16, 16)}


@pytest.fixture(scope="module")
def config() -> TrainingConfig:
    text = CONFIG.replace('"LANDMARKS"', '["a", "b", "c"]').replace("ITERATIONS", "5")
    return parse_config(text, "phantom")


def batches(stage: int, count: int, seed: int = 1) -> list[Batch]:
    generator = torch.Generator().manual_seed(seed)
    return [Batch(torch.randn(6, *SIDES[stage], generator=generator) + 0.3, torch.zeros(0)) for _ in range(count)]


def folded_weights(config: TrainingConfig, stage: int) -> tuple[torch.nn.Module, dict[str, Tensor]]:
    """Make a network that has seen some batches, and its weights when folded."""
    torch.manual_seed(3)
    network = build_network(config, stage, 3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
        for batch in batches(stage, 20):
            network(batch.images)
    folded = copy.deepcopy(network).eval()
    fold_normalisation(folded)
    return folded, dict(folded.state_dict())


@pytest.mark.parametrize("stage", [0, 1])
def test_it_answers_as_before_and_learns_from_where_it_stands(config: TrainingConfig, stage: int) -> None:
    folded, weights = folded_weights(config, stage)
    unfolded = unfold(config, stage, 3, weights, batches(stage, 30))
    network = build_network(config, stage, 3, unfolded)
    images = batches(stage, 1, seed=9)[0].images
    with torch.no_grad():
        expected = folded(images)
        for known, found in zip(expected, network.eval()(images), strict=True):
            assert torch.allclose(known, found, atol=1e-4, rtol=1e-4)
        untouched = build_network(config, stage, 3)
        for key, value in unfolded.items():  # the same convolutions, but the normalisation of a new network
            if ".1." not in key:
                untouched.state_dict()[key].copy_(value)
        for known, found, other in zip(expected, network.train()(images), untouched.train()(images), strict=True):
            assert float((known - found).abs().mean()) < 0.3 * float((known - other).abs().mean())
    again = copy.deepcopy(network).eval()
    again.load_state_dict(unfolded)
    fold_normalisation(again)
    for key, value in again.state_dict().items():
        assert torch.allclose(value, weights[key], atol=1e-5, rtol=1e-5)


def test_a_channel_that_is_always_the_same_does_no_harm(config: TrainingConfig) -> None:
    _, weights = folded_weights(config, 0)
    weights["trunk.0.weight"][2] = 0.0
    unfolded = unfold(config, 0, 3, weights, batches(0, 2))
    assert all(bool(torch.isfinite(value).all()) for value in unfolded.values())
    assert float(unfolded["trunk.0.1.running_var"][2]) == 0.0
    assert torch.equal(unfolded["trunk.0.0.weight"], weights["trunk.0.weight"])


def test_weights_of_another_network_are_refused(config: TrainingConfig) -> None:
    _, weights = folded_weights(config, 0)
    with pytest.raises(RuntimeError, match="state_dict"):
        unfold(config, 1, 3, weights, batches(1, 1))
