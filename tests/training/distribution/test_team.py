"""What several processes do together, and a team of one."""

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn

from core.base.errors import ConfigError
from core.learning.team import Team
from core.method.networks import GlobalLayout, GlobalNetwork
from training.distribution.team import ProcessTeam, SynchronisedBatchNorm, synchronise


@pytest.fixture
def _group_of_one() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("_group_of_one")
@pytest.mark.parametrize("ndim", [2, 3])
def test_batch_normalisation_is_torchs(ndim: int) -> None:
    """Output, gradients and running statistics, also where the mean is far from zero."""
    torch.manual_seed(0)
    theirs = (nn.BatchNorm2d if ndim == 2 else nn.BatchNorm3d)(3)
    nn.init.normal_(theirs.weight)
    ours = SynchronisedBatchNorm(3)
    ours.load_state_dict(theirs.state_dict())
    for _ in range(3):
        values = torch.randn(2, 3, *[5] * ndim) * 4.0 + 50.0
        inputs = [values.clone().requires_grad_() for _ in range(2)]
        outputs = [norm(given) for norm, given in zip((theirs, ours), inputs, strict=True)]
        assert torch.allclose(*outputs, atol=1e-4)
        for output in outputs:
            (output * torch.linspace(-1, 1, output.numel()).reshape(output.shape)).sum().backward()
        assert inputs[0].grad is not None
        assert inputs[1].grad is not None
        assert torch.allclose(inputs[0].grad, inputs[1].grad, atol=1e-5)
    for key, expected in theirs.state_dict().items():
        assert torch.allclose(expected, ours.state_dict()[key], rtol=1e-4), key
    assert torch.allclose(theirs.eval()(values), ours.eval()(values), atol=1e-4)


@pytest.mark.parametrize(("kind", "expected"), [("cpu", SynchronisedBatchNorm), ("cuda", nn.SyncBatchNorm)])
def test_a_synchronised_network_keeps_its_parameters_and_state(kind: str, expected: type[nn.Module]) -> None:
    network = GlobalNetwork(2, 2, GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), head_channels=4))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    parameters = list(network.parameters())
    synchronise(network, kind)
    kinds = {type(module) for module in network.modules()}
    assert expected in kinds
    assert nn.BatchNorm2d not in kinds
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())
    assert all(kept is given for kept, given in zip(network.parameters(), parameters, strict=True))


def test_a_team_of_one_asks_nobody() -> None:
    team = Team()
    assert team.is_first
    assert team.any(value=True)
    assert not team.any(value=False)
    assert team.sum(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert team.gathered([torch.tensor([1.0]), torch.tensor([2.0])], 2).tolist() == [[1.0], [2.0]]
    team.raise_together(None)
    with pytest.raises(ConfigError, match="Nothing is well"):
        team.raise_together(ConfigError("Nothing is well."))


@pytest.mark.usefixtures("_group_of_one")
def test_a_group_of_one_says_what_a_team_of_one_says() -> None:
    group = ProcessTeam()
    assert (group.rank, group.size, group.is_first) == (0, 1, True)
    assert group.any(value=True)
    assert not group.any(value=False)
    values = torch.tensor([1.0, 2.0])
    assert group.sum(values).tolist() == [1.0, 2.0]
    assert group.sum(values) is not values
    assert group.gathered([torch.tensor([1.0]), torch.tensor([2.0])], 2).tolist() == [[1.0], [2.0]]
    group.raise_together(None)
    with pytest.raises(ConfigError, match="Nothing is well"):
        group.raise_together(ConfigError("Nothing is well."))
