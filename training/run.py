"""A training from its configuration file to its run folder: reads the data, starts or resumes, stops cleanly.

The command line calls this; it owns devices, seeds and signals, while `training/trainer.py` owns the loop.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning_fabric import Fabric

from core.errors import ConfigError
from core.files import written_whole
from core.inference import choose_device
from training.cases import Case
from training.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from training.config import TrainingConfig, parse_config, read_config
from training.datasets import default_root, read_cases
from training.images import prepare_cases
from training.model_export import landmark_names
from training.models import build_normalisation
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


def make_fabric(config: TrainingConfig, device: str) -> Fabric:
    """Return a launched Fabric on ``device``: ``"cpu"``, ``"cuda"``, ``"mps"``, or ``"auto"`` for CUDA, else the CPU.

    Raises
    ------
    ConfigError, InferenceError
        There is no such device, or it is not available on this computer.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda", "mps"):
        raise ConfigError(f"Nothing can be trained on {device}.", "Use one of: auto, cpu, cuda, mps.")
    choose_device(device)
    fabric = Fabric(accelerator=device, devices=1, precision=choose_precision(config, device))  # type: ignore[arg-type]
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
    on_step: Callable[[Step], None] | None = None,
    on_loading: Callable[[int, int], None] | None = None,
) -> bool:
    """Train a configuration into a run folder; return False where it was interrupted (continue with ``resume``).

    Raises
    ------
    ConfigError
        The configuration or the data set is wrong; the folder holds a training already, or with ``resume`` none or that
        of another configuration.
    ImageReadError
        An image cannot be read.
    """
    config, text = read_config(config_path)
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
    validation_cases = cases_of(config, "validation", config_path.parent, data)
    state.presence_threshold = 0.0 if all(case.landmarks.located.all() for case in train_cases) else 0.5
    fabric = make_fabric(config, device)
    _write_config(folder, text)
    prepared = prepare_cases([*train_cases, *validation_cases], build_normalisation(config), on_loading)
    count = len(train_cases)
    # Adam's moments decay into denormal numbers, with which a CPU computes several times slower.
    torch.set_flush_denormal(True)
    try:
        with _stop_on_interrupt() as should_stop:
            trainer = Trainer(config, state, folder, prepared[:count], prepared[count:], fabric, on_step, should_stop)
            return trainer.fit()
    finally:
        torch.set_flush_denormal(False)


def _write_config(folder: Path, text: str) -> None:
    """Keep the configuration beside what it made."""
    try:
        with written_whole(folder / CONFIG_NAME) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be written to ({error.strerror}).", "Choose another folder with --out."
        ) from error
