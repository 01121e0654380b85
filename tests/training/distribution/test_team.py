"""Several processes that train together do what one does."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn

from core.base.command_line import EXIT_INTERRUPTED
from core.base.errors import ConfigError
from core.learning.building import build_network
from core.learning.checkpoints import TrainingState, read_checkpoint
from core.learning.configuration import read_config
from core.learning.sampling import Batch
from core.method.networks import GlobalLayout, GlobalNetwork
from tests.training.test_train_cli import run
from tests.training.test_trainer import write_config
from training.cli import _TrainingDisplay
from training.datasets.phantom import write_phantom_dataset
from training.distribution.processes import Placement, find_placement
from training.distribution.team import SynchronisedBatchNorm, Team, synchronise
from training.run import make_fabric
from training.session import StageSession
from training.trainer import Step


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


def test_a_synchronised_network_keeps_its_state() -> None:
    network = GlobalNetwork(2, 2, GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), head_channels=4))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    synchronise(network)
    kinds = {type(module) for module in network.modules()}
    assert SynchronisedBatchNorm in kinds
    assert nn.BatchNorm2d not in kinds
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())


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


def test_a_batch_script_itself_may_train_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the job asked Slurm for concerns its steps."""
    monkeypatch.setenv("SLURM_NTASKS", "8")
    config, _ = read_config(write_config(tmp_path, 1))
    fabric = make_fabric(config, "cpu", find_placement(None, None))
    assert (fabric.world_size, fabric.global_rank) == (1, 0)


def test_fabric_run_leaves_device_and_precision_to_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it leaves behind would keep Fabric from being launched."""
    for name, value in {"CLI_USED": "1", "DEVICES": "2", "ACCELERATOR": "cpu", "STRATEGY": "ddp"}.items():
        monkeypatch.setenv(f"LT_{name}", value)
    config, _ = read_config(write_config(tmp_path, 1))
    assert make_fabric(config, "cpu", Placement()).world_size == 1


def test_accumulated_parts_give_the_gradients_of_the_whole(tmp_path: Path) -> None:
    """Both parts show the same images, so that batch normalisation sees in each what it sees in the whole."""
    config, _ = read_config(write_config(tmp_path, 1))
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 48, 48, generator=generator).repeat(2, 1, 1, 1)
    points = 10 + 30 * torch.rand(4, 4, 2, generator=generator)
    points[0, :3] = torch.nan  # the parts hold unequal numbers of landmarks
    fabric = make_fabric(config, "cpu", Placement())
    losses, gradients = [], []
    for accumulate in (1, 2):
        budget = config.global_stage.optimisation.model_copy(update={"batch": 4, "accumulate": accumulate})
        stage = config.global_stage.model_copy(update={"optimisation": budget})
        torch.manual_seed(0)
        network = build_network(config, 0, 4)
        session = StageSession(network, stage, TrainingState("", list(config.landmarks)), fabric, Team())
        losses.append(torch.tensor(session.step(Batch(images, points), 0)))
        gradients.append([parameter.grad for parameter in network.parameters()])
    assert torch.allclose(*losses, rtol=1e-5)
    for whole, parts in zip(*gradients, strict=True):
        assert whole is not None
        assert parts is not None
        assert torch.allclose(whole, parts, rtol=1e-3, atol=1e-5)


def assert_same(expected: TrainingState, found: TrainingState, tolerance: float) -> None:
    """Compare what two trainings learnt."""
    assert len(expected.finished) == len(found.finished)
    for theirs, ours in zip(expected.finished, found.finished, strict=True):
        assert theirs.keys() == ours.keys()
        for key, value in theirs.items():
            if key.startswith("trunk.0.0.shortcut"):
                continue  # normalised filters of one weight: their gradients are nothing but rounding, which Adam enlarges
            assert torch.allclose(value, ours[key], rtol=tolerance, atol=tolerance), key
    assert np.allclose(expected.errors_mm, found.errors_mm, atol=10 * tolerance, equal_nan=True)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a short training of phantoms of which every other one lacks a landmark."""
    write_phantom_dataset(tmp_path, 2, 7, absent_every=2)
    path = write_config(tmp_path, 4)
    path.write_text(path.read_text().replace("batch = 2", "batch = 4").replace("5e-3", "1e-3"))
    return path


def test_two_processes_learn_what_one_learns(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Weights and running statistics agree; two that are stopped leave a state from which one goes on."""
    assert run("train", config, "--out", tmp_path / "one", "--device", "cpu") == 0
    heard = _TrainingDisplay.step

    def step(display: _TrainingDisplay, step: Step) -> None:
        heard(display, step)
        if (step.stage, step.iteration) == (1, 2):  # stop the other process, not this one
            (other,) = multiprocessing.active_children()
            assert other.pid is not None
            os.kill(other.pid, signal.SIGTERM)

    monkeypatch.setattr(_TrainingDisplay, "step", step)
    code = run("train", config, "--out", tmp_path / "two", "--device", "cpu", "--devices", "2")
    assert code == EXIT_INTERRUPTED
    assert not multiprocessing.active_children()
    assert capfd.readouterr().err.count("Stopped; continue with") == 1
    state = read_checkpoint(tmp_path / "two")
    assert state.stage == 1
    assert state.iteration >= 2
    assert run("train", config, "--out", tmp_path / "two", "--device", "cpu", "--resume") == 0
    assert_same(read_checkpoint(tmp_path / "one"), read_checkpoint(tmp_path / "two"), 1e-5)


def test_what_goes_wrong_in_one_process_ends_all_and_is_said_once(
    config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only the first process notices that the run folder cannot be written; the other must not wait for it."""
    assert run("train", config, "--out", config / "run", "--device", "cpu", "--devices", "2") == 2
    assert not multiprocessing.active_children()
    error = capfd.readouterr().err
    assert "cannot be written to" in error
    assert len(error.strip().splitlines()) == 1
