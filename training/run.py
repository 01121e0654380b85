"""A training from its configuration file to its run folder: reads the data, starts or resumes, stops cleanly.

The command line calls this; it owns devices, seeds and signals, while `training/trainer.py` owns the loop.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch
from lightning_fabric import Fabric

from core.base.errors import AppError, ConfigError
from core.base.files import written_whole
from core.learning.batches import default_workers
from core.learning.building import build_normalisation
from core.learning.cases import Case
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from core.learning.configuration import TrainingConfig, parse_config, read_config
from core.learning.model_export import landmark_names
from core.learning.prepared_cases import PreparedCase, prepare_cases
from core.models.devices import choose_device
from training.datasets.reading import default_root, read_cases
from training.distribution.processes import FoundEnvironment, Placement, settle_fabric_run
from training.distribution.team import Team
from training.trainer import Step, Trainer

CONFIG_NAME = "config.toml"


def cases_of(config: TrainingConfig, split: str, folder: Path, data: Path | None = None) -> tuple[Case, ...]:
    """Read one split of a configuration's data set.

    Parameters
    ----------
    config
        Says the kind of data set and the landmarks.
    split
        ``"train"``, ``"validation"`` or a test split.
    folder
        What a relative ``root`` in the configuration is relative to.
    data
        Overrides the configuration's ``root``.
    """
    root = data
    if root is None:
        root = folder / config.data.root if config.data.root else default_root(config.data.kind)
    if root is None:
        raise ConfigError("The configuration does not say where the data set is.", "Set root in its [data] section.")
    return read_cases(config.data.kind, root, split, landmark_names(config)[0], config.data.spacing_mm)


def choose_precision(config: TrainingConfig, accelerator: str) -> str:
    """Return Fabric's precision: for ``"auto"``, bfloat16 where the device computes with it, else float32."""
    if config.precision != "auto":
        return config.precision
    if accelerator == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    if accelerator == "cpu":
        return "bf16-mixed" if torch.cpu.get_capabilities().get("avx512_bf16", False) else "32-true"
    return "32-true"


def choose_training_device(device: str, placement: Placement) -> str:
    """Return ``"cpu"``, ``"cuda"`` or ``"mps"``; ``"auto"`` is CUDA where there is any, else the CPU.

    Raises
    ------
    ConfigError, InferenceError
        There is no such device, or not enough of them on this computer.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda", "mps"):
        raise ConfigError(f"Nothing can be trained on {device}.", "Use one of: auto, cpu, cuda, mps.")
    choose_device(device)
    there = {"cpu": placement.devices, "cuda": torch.cuda.device_count(), "mps": 1}[device]
    if placement.devices > there or (device == "mps" and placement.count > 1):
        raise ConfigError(
            f"{placement.devices} devices were asked for on each computer, this one has {there} ({device}).",
            "Ask for fewer with --devices.",
        )
    return device


def make_fabric(config: TrainingConfig, device: str, placement: Placement) -> Fabric:
    """Return a launched Fabric on ``device``, connected with the other processes; they all must call this."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # each process would introduce itself
    precision = choose_precision(config, device)
    settle_fabric_run(device, precision)
    fabric = Fabric(
        accelerator=device,
        devices=placement.devices,
        num_nodes=placement.nodes,
        precision=precision,  # type: ignore[arg-type]
        strategy="ddp" if placement.count > 1 else "auto",
        plugins=[FoundEnvironment(placement)],  # else it would look for a launcher, and may find one for something else
    )
    fabric.launch()
    return fabric


@contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C (or SIGTERM) was pressed, instead of breaking off in mid-step."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: pressed.set()) for number in numbers}
    try:
        yield pressed.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def train(
    config_path: Path,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    data: Path | None = None,
    workers: int | None = None,
    placement: Placement | None = None,
    others: AbstractContextManager[None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_loading: Callable[[int, int], None] | None = None,
) -> bool:
    """Train a configuration into a run folder; return False where it was interrupted (continue with ``resume``).

    Parameters
    ----------
    config_path, folder
        The configuration and the run folder, which all machines must reach under these names.
    resume, device, data
        Continue; ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``; the data set, instead of the configuration's own.
    workers
        Threads that make batches ahead; None chooses by cores and device.
    placement
        Which process this is among those that train together; None for this one alone.
    others
        Entered as soon as the input is known to be right: starts the other processes (`processes.others_started`).
    on_step, on_loading
        Hear of the progress of this process.

    Raises
    ------
    ConfigError
        The configuration or the data set is wrong; the folder holds a training already, or with ``resume`` none or that
        of another configuration.
    ImageReadError
        An image cannot be read.
    """
    placement = placement or Placement()
    config, text = read_config(config_path)
    _check_shares(config, placement.count)
    names, _ = landmark_names(config)
    exists = (folder / CHECKPOINT_NAME).exists()
    if exists and not resume:
        raise ConfigError(f"The folder {folder} holds a training already.", "Add --resume, or choose another folder.")
    state = read_checkpoint(folder) if resume else TrainingState(text, list(names))
    if parse_config(state.config_text, CONFIG_NAME) != config:
        raise ConfigError(
            f"The training in {folder} was begun with another configuration.",
            f"Resume with {folder / CONFIG_NAME}, or choose another folder.",
        )
    train_cases = cases_of(config, "train", config_path.parent, data)
    cases = [*train_cases, *cases_of(config, "validation", config_path.parent, data)]
    state.presence_threshold = 0.0 if all(case.landmarks.located.all() for case in train_cases) else 0.5
    device = choose_training_device(device, placement)
    with (
        others or nullcontext(),
        _fabric_and_team(config, device, placement) as (fabric, team),
        _stop_on_interrupt() as stop,
    ):
        prepared = _prepare(config, cases, folder, text, team, on_loading)
        split = len(train_cases)
        threads = workers or default_workers(device, placement.devices)
        trainer = Trainer(
            config, state, folder, prepared[:split], prepared[split:], fabric, on_step, stop, team, threads
        )
        return trainer.fit()


def _check_shares(config: TrainingConfig, processes: int) -> None:
    """Refuse batches that do not divide evenly among the processes."""
    for number in range(1 + len(config.local_stages)):
        settings = config.stage(number).optimisation
        parts = processes * settings.accumulate
        if settings.batch % parts:
            raise ConfigError(
                f"Stage {number}'s batch of {settings.batch} does not divide evenly among {processes} processes"
                + (f" that accumulate {settings.accumulate} parts." if settings.accumulate > 1 else "."),
                f"Set batch to a multiple of {parts}, or train with fewer devices.",
            )


@contextmanager
def _fabric_and_team(config: TrainingConfig, device: str, placement: Placement) -> Iterator[tuple[Fabric, Team]]:
    """Connect the processes, set this one up for learning, and leave it as it was."""
    fabric = make_fabric(config, device, placement)
    # Adam's moments decay into denormal numbers, with which a CPU computes several times slower.
    torch.set_flush_denormal(True)
    try:
        yield fabric, Team(placement.rank, placement.count)
    finally:
        torch.set_flush_denormal(False)
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _prepare(
    config: TrainingConfig,
    cases: Sequence[Case],
    folder: Path,
    text: str,
    team: Team,
    on_loading: Callable[[int, int], None] | None,
) -> list[PreparedCase]:
    """Begin the run folder and read all images; what one process cannot, all refuse."""
    prepared: list[PreparedCase] = []
    problem: AppError | None = None
    try:
        if team.is_first:
            _write_config(folder, text)
        prepared = prepare_cases(cases, build_normalisation(config), on_loading)
    except AppError as error:
        problem = error
    team.raise_together(problem)
    return prepared


def _write_config(folder: Path, text: str) -> None:
    """Keep the configuration beside what it made."""
    try:
        with written_whole(folder / CONFIG_NAME) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be written to ({error.strerror}).", "Choose another folder with --out."
        ) from error
