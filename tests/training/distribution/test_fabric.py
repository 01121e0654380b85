"""Fabric is one plain device where there is one, and several processes that train together do what one does."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from core.base.command_line import EXIT_INTERRUPTED
from core.base.errors import ConfigError
from core.learning.building import build_network
from core.learning.checkpoints import TrainingState, read_checkpoint
from core.learning.configuration import landmark_names, read_config
from core.learning.device import Device, PlainDevice, Precision
from core.learning.sampling import Batch
from core.learning.session import StageSession
from core.learning.team import Team
from core.learning.trainer import Step, Trainer
from tests.support.training_fixtures import phantom_cases, write_config
from tests.training.test_train_cli import run
from training.cli import _follow
from training.datasets.phantom import write_phantom_dataset
from training.display import TrainingDisplay
from training.distribution.fabric import FabricDevice, connected, launch_fabric, settle_fabric_run
from training.distribution.processes import Placement, find_placement, run_in_processes

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_plain_device_learns_bit_for_bit_what_fabric_learns_on_one(tmp_path: Path, precision: Precision) -> None:
    """Every loss, every validation error and every weight, over both stages, with accumulation in the second."""
    path = write_config(tmp_path, 6)
    path.write_text(path.read_text().replace("vote_weight = 0.5", "vote_weight = 0.5\naccumulate = 2"))
    config, _ = read_config(path)
    cases = phantom_cases(3)
    learnt = []
    devices: list[Device] = [PlainDevice("cpu", precision), FabricDevice(launch_fabric("cpu", precision, Placement()))]
    for number, device in enumerate(devices):
        heard: list[Step] = []
        state = TrainingState("", list(landmark_names(config)[0]))
        folder = tmp_path / str(number)
        assert Trainer(config, state, folder, cases[:2], cases[2:], device=device, on_step=heard.append).fit()
        losses = torch.stack([torch.stack(list(step.losses)) for step in heard])
        learnt.append((losses, [step.validation_error_mm for step in heard], state))
    (losses, errors_mm, state), (their_losses, their_errors_mm, their_state) = learnt
    assert len(losses) == 12
    assert torch.equal(losses, their_losses)
    assert errors_mm == their_errors_mm
    assert state.errors_mm == their_state.errors_mm
    for ours, theirs in zip(state.finished, their_state.finished, strict=True):
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_a_batch_script_itself_may_train_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the job asked Slurm for concerns its steps."""
    monkeypatch.setenv("SLURM_NTASKS", "8")
    with connected("cpu", "32-true", find_placement(None, None)) as (device, team):
        assert isinstance(device, PlainDevice)
        assert (team.size, team.rank) == (1, 0)


FABRIC_RUN = {"LT_CLI_USED": "1", "LT_DEVICES": "2", "LT_NUM_NODES": "1"}


@pytest.mark.parametrize(("name", "asked"), [("ACCELERATOR", "gpu"), ("PRECISION", "bf16-mixed"), ("STRATEGY", "fsdp")])
def test_fabric_run_may_not_ask_for_something_else(name: str, asked: str) -> None:
    with pytest.raises(ConfigError, match=f"--{name.lower()} {asked}"):
        settle_fabric_run("cpu", "32-true", FABRIC_RUN | {f"LT_{name}": asked})


def test_a_gpu_is_cuda_or_mps() -> None:
    environ = FABRIC_RUN | {"LT_ACCELERATOR": "gpu"}
    settle_fabric_run("cuda", "32-true", environ)
    assert not environ


def test_fabric_run_leaves_device_and_precision_to_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leaves behind would keep Fabric from being launched."""
    for name, value in {"CLI_USED": "1", "DEVICES": "2", "ACCELERATOR": "cpu", "STRATEGY": "ddp"}.items():
        monkeypatch.setenv(f"LT_{name}", value)
    with connected("cpu", "32-true", Placement()):
        pass
    assert launch_fabric("cpu", "32-true", Placement()).world_size == 1


def test_accumulated_parts_give_the_gradients_of_the_whole(tmp_path: Path) -> None:
    """Both parts show the same images, so that batch normalisation sees in each what it sees in the whole."""
    config, _ = read_config(write_config(tmp_path, 1))
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 48, 48, generator=generator).repeat(2, 1, 1, 1)
    points = 10 + 30 * torch.rand(4, 4, 2, generator=generator)
    points[0, :3] = torch.nan  # the parts hold unequal numbers of landmarks
    losses, gradients = [], []
    for accumulate in (1, 2):
        budget = config.global_stage.optimisation.model_copy(update={"batch": 4, "accumulate": accumulate})
        stage = config.global_stage.model_copy(update={"optimisation": budget})
        torch.manual_seed(0)
        network = build_network(config, 0, 4)
        session = StageSession(network, stage, TrainingState("", list(config.landmarks)), PlainDevice(), Team())
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


def _stop_the_second(arguments: list[str]) -> int:
    """Be one of two processes; the second is told to stop within the second stage."""
    heard = TrainingDisplay.step

    def step(display: TrainingDisplay, step: Step) -> None:
        heard(display, step)
        if os.environ["RANK"] == "1" and (step.stage, step.iteration) == (1, 2):
            os.kill(os.getpid(), signal.SIGTERM)

    TrainingDisplay.step = step  # type: ignore[method-assign]
    return _follow(arguments)


def test_two_processes_learn_what_one_learns(config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Weights and running statistics agree; two of which one is stopped leave a state from which one goes on."""
    assert run("train", config, "--out", tmp_path / "one", "--device", "cpu") == 0
    arguments = ["train", str(config), "--out", str(tmp_path / "two"), "--device", "cpu"]
    assert run_in_processes(find_placement(2, None, {}), _stop_the_second, arguments) == EXIT_INTERRUPTED
    assert capfd.readouterr().err.count("Stopped; continue with") == 1
    state = read_checkpoint(tmp_path / "two")
    assert state.stage == 1
    assert state.iteration >= 2
    assert run("train", config, "--out", tmp_path / "two", "--device", "cpu", "--resume") == 0
    assert_same(read_checkpoint(tmp_path / "one"), read_checkpoint(tmp_path / "two"), 1e-4)  # a wrong step is 1e-3


def test_two_devices_are_two_processes(config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert run("train", config, "--out", out, "--device", "cpu", "--devices", "2") == 0
    assert capfd.readouterr().out.count("Trained. Export it with") == 1
    assert len(read_checkpoint(out).finished) == 2


def test_what_goes_wrong_in_one_process_ends_all_and_is_said_once(
    config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only the first process notices that the run folder cannot be written; the other must not wait for it."""
    assert run("train", config, "--out", config / "run", "--device", "cpu", "--devices", "2") == 2
    error = capfd.readouterr().err
    assert "cannot be written to" in error
    assert len(error.strip().splitlines()) == 1
