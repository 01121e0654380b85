"""Trains our own method for a given wall time: a preset's stages, with as many iterations as fit.

Each stage is first tried for some steps, which tell how long a step, its setting up and a validation take; the one-cycle rate
then spans the iterations that its part of the time allows. The trying counts as training time. The loop itself is
`core/learning/trainer.py`'s.
"""

import copy
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from core.learning.cases import Case
from core.learning.checkpoints import TrainingState
from core.learning.configuration import (
    LocalStageConfig,
    OptimisationConfig,
    TrainingConfig,
    format_config,
    landmark_names,
)
from core.learning.device import Device
from core.learning.model_export import export_run, localizer_of
from core.learning.prepared_cases import PreparedCase
from core.learning.trainer import Step, Trainer
from core.learning.validation import auto_crop
from tests.benchmarks.peers.budget import TRIED_CHECK_EVERY, Pace, stage_shares, tried_enough
from tests.benchmarks.peers.record import Say, TrainingRecord, mean

MODEL_NAME = "model.pt"
LARGEST_CROP = 128
"""Side of a local crop in samples that the errors of a stage with hardly any training may not exceed."""
_ENDLESS = 10**6


def with_optimisation(config: TrainingConfig, stage: int, optimisation: OptimisationConfig) -> TrainingConfig:
    """Return ``config`` with another optimisation of one stage."""
    changed = config.stage(stage).model_copy(update={"optimisation": optimisation})
    if stage == 0:
        return config.model_copy(update={"global_stage": changed})
    stages: list[LocalStageConfig] = list(config.local_stages)
    assert isinstance(changed, LocalStageConfig)
    stages[stage - 1] = changed
    return config.model_copy(update={"local_stages": tuple(stages)})


def with_iterations(config: TrainingConfig, stage: int, iterations: int, validate_every: int) -> TrainingConfig:
    """Return ``config`` with another length of one stage; the average of the weights spans the same part of it."""
    settings = config.stage(stage).optimisation
    update: dict[str, float] = {"iterations": iterations, "validate_every": validate_every}
    if settings.average_decay:
        forgotten = (1 - settings.average_decay) * settings.iterations / iterations
        update["average_decay"] = max(0.0, 1 - forgotten)
    return with_optimisation(config, stage, settings.model_copy(update=update))


def up_to(config: TrainingConfig, stage: int) -> TrainingConfig:
    """Return ``config`` without the stages after ``stage``."""
    return config.model_copy(update={"local_stages": config.local_stages[:stage]})


class CairnTraining:
    """One training of our own method.

    Parameters
    ----------
    config
        The preset.
    train, validation
        The prepared cases.
    device
        What computes.
    budget_s
        Wall time, from `run` on.
    say
        Hears how it goes.
    """

    def __init__(
        self,
        config: TrainingConfig,
        train: Sequence[PreparedCase],
        validation: Sequence[PreparedCase],
        *,
        device: Device,
        budget_s: float,
        say: Say,
    ) -> None:
        self.config, self.train, self.validation = config, train, validation
        self.device, self.budget_s, self.say = device, budget_s, say
        self.state = TrainingState(format_config(config), list(landmark_names(config)[0]))

    def run(self, folder: Path) -> TrainingRecord:
        """Train all stages within the budget and write the model file to ``folder``."""
        started = time.monotonic()
        shares = stage_shares(1 + len(self.config.local_stages))
        paces = []
        for stage, share in enumerate(shares):
            begun_s = time.monotonic() - started
            end_s = begun_s + (self.budget_s - begun_s) * share / sum(shares[stage:])
            self._limit_crop(stage)
            pace = self._pace(stage, end_s - begun_s)
            iterations, validate_every = pace.plan(end_s - (time.monotonic() - started))
            self.config = with_iterations(self.config, stage, iterations, validate_every)
            self.state.config_text = format_config(self.config)
            self.say(f"  stage {stage}: {iterations} steps; {pace}")
            self._trainer(up_to(self.config, stage), self.state, folder).fit()
            error_mm = mean([value for row in self.state.errors_mm[stage] for value in row])
            self.say(f"  {(time.monotonic() - started) / 60:.1f} min, stage {stage}: validation {error_mm:.2f} mm")
            paces.append(pace)
        minutes = (time.monotonic() - started) / 60
        cases: list[Case] = [prepared.case for prepared in self.validation]
        export_run(folder, folder / MODEL_NAME, cases)
        settings = [self.config.stage(stage).optimisation for stage in range(len(shares))]
        return TrainingRecord(
            sum(weights.numel() for weights in localizer_of(self.state, self.config).parameters()),
            minutes,
            tuple(each.iterations for each in settings),
            tuple(pace.step_s for pace in paces),
            tuple(each.batch for each in settings),
            error_mm,
        )

    def _limit_crop(self, stage: int) -> None:
        """Fix a local stage's crop where the stage before errs so much that it would not fit in memory."""
        if stage == 0 or self.config.local_stages[stage - 1].crop != "auto":
            return
        local = self.config.local_stages[stage - 1]
        errors_px = torch.tensor(self.state.errors_mm[stage - 1]).unsqueeze(-1) / local.spacing_mm
        if auto_crop(errors_px, 1, local.crop_quantile) > LARGEST_CROP:
            self.state.crops.append(LARGEST_CROP)

    def _pace(self, stage: int, stage_s: float) -> Pace:
        """Try a stage that has ``stage_s`` on a copy of the state."""
        tried = up_to(with_iterations(self.config, stage, _ENDLESS, TRIED_CHECK_EVERY), stage)
        moments_s: list[float] = []
        begun_s = time.monotonic()

        def on_step(_: Step) -> None:
            moments_s.append(time.monotonic())

        def should_stop() -> bool:
            return tried_enough(len(moments_s), time.monotonic() - begun_s, stage_s)

        with tempfile.TemporaryDirectory() as scratch:
            trainer = self._trainer(tried, copy.deepcopy(self.state), Path(scratch))
            trainer.on_step, trainer.should_stop = on_step, should_stop
            trainer.fit()
        return Pace.measured(begun_s, moments_s)

    def _trainer(self, config: TrainingConfig, state: TrainingState, folder: Path) -> Trainer:
        return Trainer(config, state, folder, self.train, self.validation, device=self.device)
