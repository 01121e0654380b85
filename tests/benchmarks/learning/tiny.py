"""A learner small enough for hundreds of trainings on one thread: one network, coarse pixels, seconds of learning.

What it finds is far from what Cairn finds with time; it serves to compare in which order cases are learnt from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.learning.building import Weights, build_network, build_normalisation
from core.learning.checkpoints import TrainingState
from core.learning.configuration import (
    AugmentationConfig,
    CardConfig,
    DataConfig,
    GlobalStageConfig,
    NormalisationConfig,
    OptimisationConfig,
    TrainingConfig,
    format_config,
)
from core.learning.model_export import localizer_of
from core.learning.prepared_cases import PreparedCase, prepare_cases
from core.learning.trainer import Trainer
from core.method.localizer import Localizer
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks, Status
from tests.benchmarks.learning.tasks import Task

FIRST_ITERATIONS, FURTHER_ITERATIONS = 300, 100
"""Steps from random weights, and each time that cases have come."""
FIRST_RATE, FURTHER_RATE = 5e-3, 3e-3
_SIZES = {
    "wings": {"spacing_mm": 6.0, "crop": (80, 104), "stem_channels": 12},
    "hippocampus": {"spacing_mm": 2.0, "crop": (20, 28, 20), "stem_channels": 8},
}


def tiny_config(task: Task, *, seed: int, first: bool) -> TrainingConfig:
    """Return the configuration of a training from random weights, or of one that goes on."""
    iterations = FIRST_ITERATIONS if first else FURTHER_ITERATIONS
    optimisation = OptimisationConfig(
        iterations=iterations, batch=4, learning_rate=FIRST_RATE if first else FURTHER_RATE, schedule="one-cycle",
        average_decay=0.98, validate_every=iterations,
    )  # fmt: skip
    spacing_mm = float(_SIZES[task.name]["spacing_mm"])
    augmentation = AugmentationConfig(
        rotation_deg=12, scale=0.12, translation_mm=3 * spacing_mm, contrast=0.2, brightness=0.2, noise=0.1
    )
    stage = GlobalStageConfig(
        network="encoder-decoder", regression="linear", posterior="soft-max", label_patches=0.5, nearness_patches=2.0,
        channels=(16, 24), pairs=(1, 1), decoder_channels=24, head_channels=24,
        optimisation=optimisation, augmentation=augmentation, **_SIZES[task.name],
    )  # fmt: skip
    return TrainingConfig(
        name=task.name,
        ndim=task.learn[0].landmarks.ndim,
        landmarks=task.landmarks,
        seed=seed,
        precision="32-true",
        data=DataConfig(kind="list"),
        normalisation=NormalisationConfig(kind="zscore"),
        card=CardConfig(modality=task.name),
        global_stage=stage,
    )


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a training has come to.

    Attributes
    ----------
    state
        Its end.
    config
        What it was.
    errors
        ``(cases, L)`` radial errors on the judging cases, in the task's unit. The last weights count; none were chosen by these.
    """

    state: TrainingState
    config: TrainingConfig
    errors: FloatArray

    @property
    def weights(self) -> Weights:
        """Those of the network."""
        return self.state.finished[0]


class TinyLearner:
    """Learns from some of the cases of a task, and reads the others.

    Parameters
    ----------
    task
        The cases; each image is read once.
    folder
        For the checkpoints, which nobody needs afterwards.
    """

    def __init__(self, task: Task, folder: Path) -> None:
        self.task, self.folder = task, folder
        normalisation = build_normalisation(tiny_config(task, seed=0, first=True))
        self.pool = prepare_cases(task.learn, normalisation)
        self.judge = prepare_cases(task.judge, normalisation)

    def learn(self, rows: Sequence[int], seed: int, earlier: Learnt | None = None) -> Learnt:
        """Learn from the cases in these rows of the pool, from random weights or going on from an earlier training."""
        config = tiny_config(self.task, seed=seed, first=earlier is None)
        state = TrainingState(format_config(config), list(self.task.landmarks))
        if earlier is not None:
            network = build_network(config, 0, len(self.task.landmarks), earlier.weights)
            rate = config.global_stage.optimisation.learning_rate
            optimizer = torch.optim.Adam(network.parameters(), rate, fused=True)
            state.network, state.optimizer = network.state_dict(), optimizer.state_dict()
        Trainer(config, state, self.folder, [self.pool[row] for row in rows], self.judge).fit()
        return Learnt(state, config, np.array(state.errors_mm[0]))

    @torch.inference_mode()
    def read(self, learnt: Learnt, rows: Sequence[int]) -> list[Landmarks]:
        """Return what a training says of the cases in these rows of the pool, as a project keeps it."""
        localizer = localizer_of(learnt.state, learnt.config)
        return [_reading(localizer, self.pool[row]) for row in rows]

    def truth(self, row: int) -> Landmarks:
        """Return what a person would mark in a case of the pool, in the frame of `read`."""
        return Landmarks(self.task.landmarks, self.pool[row].points_mm.double().numpy())


def _reading(localizer: Localizer, case: PreparedCase) -> Landmarks:
    output = localizer.analyse(case.prepared.float(), case.spacing_mm)
    points_mm = (output.points_index * case.spacing_mm).double().numpy()
    names: tuple[str, ...] = case.case.landmarks.names
    spread_mm, presence = output.spread_mm.numpy(), output.presence.numpy()
    return Landmarks(names, points_mm, presence, spread_mm, status=(Status.PREDICTED,) * len(names))
