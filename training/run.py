"""A training from its configuration file to its run folder: reads the data, starts or resumes, stops cleanly.

The command line calls this; it owns devices and signals, while `core/learning/trainer.py` owns the loop.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import torch

from core.base.errors import AppError, ConfigError
from core.base.files import reason_of, sha256_of, written_whole
from core.base.interruption import interruptions
from core.learning.batches import default_workers
from core.learning.building import build_normalisation
from core.learning.cases import Case, presence_threshold_of
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from core.learning.configuration import TrainingConfig, landmark_names, parse_config, read_config
from core.learning.device import choose_precision, without_denormals
from core.learning.prepared_cases import PreparedCase, prepare_cases
from core.learning.team import Team
from core.learning.trainable import read_trainable
from core.learning.trainer import Step, Trainer
from core.models.devices import choose_device
from training.curves import open_curves
from training.datasets.reading import cases_of, find_root
from training.distribution.fabric import connected
from training.distribution.processes import Placement

CONFIG_NAME = "config.toml"


class Listener(Protocol):
    """Whoever shows how trainings and evaluations go, one after the other."""

    def begin(self, title: str) -> None:
        """Hear that a training or an evaluation begins."""

    def loading(self, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` images of a training are read."""

    def step(self, step: Step) -> None:
        """Hear of one iteration."""

    def localizing(self, done: float, name: str) -> None:
        """Hear the part of the cases that a model has analysed, and which comes next."""


def choose_training_device(device: str, placement: Placement) -> str:
    """Return ``"cpu"``, ``"cuda"`` or ``"mps"``; ``"auto"`` is CUDA where it can be used, else the CPU.

    Raises
    ------
    ConfigError, InferenceError
        There is no such device, or not enough of them on this computer.
    """
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise ConfigError(f"Nothing can be trained on {device}.", "Use one of: auto, cpu, cuda, mps.")
    kind = choose_device(device, automatic=("cuda", "cpu"))
    there = {"cpu": placement.devices, "cuda": torch.cuda.device_count(), "mps": 1}[kind]
    if placement.devices > there or (kind == "mps" and placement.count > 1):
        raise ConfigError(
            f"{placement.devices} devices were asked for on each computer, this one has {there} ({kind}).",
            "Ask for fewer with --devices.",
        )
    return kind


@contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C (or SIGTERM) was pressed, instead of breaking off in mid-step."""
    pressed = threading.Event()
    with interruptions(pressed.set):
        yield pressed.is_set


def train(
    config_path: Path,
    folder: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    data: Path | None = None,
    cases: tuple[Sequence[Case], Sequence[Case]] | None = None,
    workers: int | None = None,
    placement: Placement | None = None,
    start: Path | None = None,
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
    cases
        What to learn from and what to validate on, instead of the data set's own splits.
    workers
        Threads that make batches ahead; None chooses by cores and device.
    placement
        Which process this is among those that train together; None for this one alone.
    start
        A model file to go on from, of the same landmarks and networks; a training that is resumed knows its own.
    on_step, on_loading
        Hear of the progress of this process.

    Raises
    ------
    ConfigError
        The configuration or the data set is wrong; the folder holds a training already, or with ``resume`` none or that
        of another configuration.
    ImageReadError
        An image cannot be read.
    ModelFileError
        The model to go on from cannot be, or not be read.
    """
    placement = placement or Placement()
    config, text = read_config(config_path)
    _check_shares(config, placement.count)
    state = _begun(config, text, folder, resume, start)
    root = _root_to_train_on(state, config, config_path, folder, data)
    if cases is None:
        cases = cases_of(config, "train", folder, root), cases_of(config, "validation", folder, root)
    train_cases, validation_cases = cases
    state.presence_threshold = presence_threshold_of(train_cases)
    kind = choose_training_device(device, placement)
    with (
        connected(kind, choose_precision(config.precision, kind), placement) as (processor, team),
        without_denormals(),
        _stop_on_interrupt() as stop,
        ExitStack() as opened,
    ):
        prepared = _prepare(config, [*train_cases, *validation_cases], folder, text, team, on_loading)
        listeners = [] if on_step is None else [on_step]
        if team.is_first:
            listeners.append(opened.enter_context(open_curves(folder)).step)

        def tell(step: Step) -> None:
            for listener in listeners:
                listener(step)

        trainer = Trainer(
            config,
            state,
            folder,
            prepared[: len(train_cases)],
            prepared[len(train_cases) :],
            device=processor,
            team=team,
            workers=workers or default_workers(kind, placement.devices),
            on_step=tell,
            should_stop=stop,
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


def _begun(config: TrainingConfig, text: str, folder: Path, resume: bool, start: Path | None) -> TrainingState:
    """Return the state of the training in ``folder`` where it goes on, else a new one, of the model ``start`` if any."""
    if not resume:
        if (folder / CHECKPOINT_NAME).exists():
            raise ConfigError(
                f"The folder {folder} holds a training already.", "Add --resume, or choose another folder."
            )
        if start is not None:
            return read_trainable(start).begun(text, config)
        return TrainingState(text, list(landmark_names(config)[0]))
    state = read_checkpoint(folder)
    if parse_config(state.config_text, CONFIG_NAME) != config:
        raise ConfigError(
            f"The training in {folder} was begun with another configuration.",
            f"Resume with {folder / CONFIG_NAME}, or choose another folder.",
        )
    if start is not None and not (start.is_file() and sha256_of(start) == state.parent_sha256):
        raise ConfigError(
            f"The training in {folder} did not begin with the model {start}.",
            "Resume without --from, or choose another folder.",
        )
    return state


def _root_to_train_on(
    state: TrainingState, config: TrainingConfig, config_path: Path, folder: Path, data: Path | None
) -> Path:
    """Return where the data set is, and remember it for whoever continues or exports the run."""
    if data is None and state.data_root:
        return folder / state.data_root
    if data is not None or config.data.root:
        root = find_root(config.data, config_path.parent, data)
        state.data_root = _seen_from(folder, root)
        return root
    return find_root(config.data, config_path.parent)


def root_of_run(state: TrainingState, config: TrainingConfig, folder: Path, data: Path | None = None) -> Path:
    """Return the data set that the run in ``folder`` was trained on, or ``data`` where that is given.

    Raises
    ------
    ConfigError
        Nothing says where it is.
    """
    if data is None and state.data_root:
        return folder / state.data_root
    return find_root(config.data, folder, data)


def _seen_from(folder: Path, path: Path) -> str:
    """Return the way from ``folder`` to ``path``, which stays right where both are moved together."""
    try:
        return os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return str(path.resolve())


def claim_folder(folder: Path, name: str, what: str, config: TrainingConfig, text: str) -> None:
    """Make ``folder`` that of ``what``, such as ``"an ablation"``, unless it is another's.

    Parameters
    ----------
    folder, name
        The folder, and the file in it that keeps the configuration.
    what
        What is done there, in words.
    config, text
        The configuration and its file's text.

    Raises
    ------
    ConfigError
        The folder holds something else, or the same of another configuration, or cannot be used.
    """
    path = folder / name
    try:
        if path.exists():
            if read_config(path)[0] != config:
                raise ConfigError(
                    f"The folder {folder} holds {what} of another configuration.",
                    f"Go on with {path}, or choose another folder with --out.",
                )
        elif folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"The folder {folder} holds something else.", "Choose a new folder with --out.")
        else:
            with written_whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be used ({reason_of(error)}).", "Choose another folder with --out."
        ) from error


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
