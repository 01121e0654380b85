"""The state of a training on disk: one file, written whole, from which it continues exactly or is exported.

Loaded with ``weights_only=True``: a checkpoint can hold tensors, numbers and text, never code.
"""

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core.base.errors import ConfigError, SavingError
from core.base.files import reason_of, written_whole
from core.learning.building import Weights

CHECKPOINT_NAME = "checkpoint.pt"


@dataclass
class TrainingState:
    """Everything a training knows beside its configuration.

    Attributes
    ----------
    config_text
        The configuration file's text.
    landmarks
        Names in order.
    stage, iteration
        The stage being trained, and how many of its iterations are done. ``stage`` equals the number of stages at the end.
    finished
        Best weights of each finished stage.
    crops
        Side of the crops of each local stage reached so far.
    errors_mm
        Per finished stage, validation errors ``[case][landmark]`` in mm; NaN where absent.
    network, average, optimizer, loss_scale
        State of the stage being trained; the scale of its losses under 16 bit precision.
    best, best_error_mm
        Its best weights so far and their mean radial error.
    shape_mm
        Mean shape of the training cases ``[landmark][axis]`` along the array axes, where a stage normalises the pose.
    offsets_mm
        ``[landmark][axis]`` how far from where the networks know it each landmark is wanted; empty where that is the same.
    best_is_start
        Whether the best weights are those that the stage started from.
    presence_threshold
        Presence below which a landmark counts as absent; 0 where no training image lacks one.
    data_root
        Folder or list of the cases, seen from the run folder; empty where ``CAIRN_DATA`` says it, and in older checkpoints.
    position
        How far the schedule of the stage is, in configured iterations: ``iteration`` where every step is one of them; None in
        older checkpoints, which know no other way.
    worked_s
        How long has been worked on it, where somebody counts; seconds.
    initial
        Weights that each stage starts from, those of a model; random ones for the stages that have none here.
    parent_sha256, parent
        Digest of the file and title of that model; empty without one.
    """

    config_text: str
    landmarks: list[str]
    stage: int = 0
    iteration: int = 0
    finished: list[Weights] = field(default_factory=list)
    crops: list[int] = field(default_factory=list)
    errors_mm: list[list[list[float]]] = field(default_factory=list)
    network: Weights | None = None
    average: Weights | None = None
    optimizer: dict[str, Any] | None = None
    loss_scale: dict[str, Any] = field(default_factory=dict)
    best: Weights | None = None
    best_error_mm: float = float("inf")
    shape_mm: list[list[float]] | None = None
    offsets_mm: list[list[float]] = field(default_factory=list)
    best_is_start: bool = False
    presence_threshold: float = 0.0
    data_root: str = ""
    position: float | None = None
    worked_s: float = 0.0
    initial: list[Weights] = field(default_factory=list)
    parent_sha256: str = ""
    parent: str = ""

    @property
    def reached(self) -> float:
        """How far the schedule of the stage is, in configured iterations."""
        return float(self.iteration) if self.position is None else self.position


def write_checkpoint(state: TrainingState, folder: Path) -> None:
    """Write the state to ``folder`` atomically.

    Raises
    ------
    SavingError
        It cannot be written, as on a full disk; the checkpoint before it is still whole.
    """
    # In memory first: on a full disk torch's own writing raises what looks like a fault of torch.
    content = io.BytesIO()
    torch.save(dict(vars(state)), content)
    try:
        with written_whole(folder / CHECKPOINT_NAME) as temporary:
            temporary.write_bytes(content.getbuffer())
    except OSError as error:
        raise SavingError(
            f"What was learnt so far cannot be saved in {folder}: {reason_of(error)}.",
            "Make room there, or see that it can be written to, and start again: it goes on from what was saved before.",
        ) from error


def read_checkpoint(folder: Path) -> TrainingState:
    """Read the state of the training in ``folder``.

    Raises
    ------
    ConfigError
        There is none, or the file is damaged.
    """
    path = folder / CHECKPOINT_NAME
    if not path.is_file():
        raise ConfigError(
            f"There is no training to continue or export in {folder}.", "Give a folder that training wrote."
        )
    try:
        return TrainingState(**torch.load(path, map_location="cpu", weights_only=True))
    except (RuntimeError, TypeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise ConfigError(f"The checkpoint {path} is damaged or foreign.", "Train again.") from error
