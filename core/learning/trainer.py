"""The training loop: one stage after the other, the best validation weights of each kept (paper, section V.A.1).

Writes the checkpoint of its run folder and nothing else; `core/learning/model_export.py` makes a model file of that. Which
device computes and whether other processes take part is given to it.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.base.errors import ConfigError
from core.learning.batches import BatchesAhead, batch_maker
from core.learning.building import StageNetwork, Weights, build_network
from core.learning.checkpoints import TrainingState, write_checkpoint
from core.learning.configuration import TrainingConfig
from core.learning.device import Device, PlainDevice
from core.learning.prepared_cases import PreparedCase, mean_shape_of, stage_cases
from core.learning.sampling import random_generators
from core.learning.session import StageSession, averaged_or_raw
from core.learning.targets import Losses
from core.learning.team import Team
from core.learning.tempo import Tempo
from core.learning.validation import Validation

GAIN = 0.05
"""Weights that a stage started from are given up for such as err by this share less: few cases to check with tell no less."""
CHECKPOINT_EVERY_S = 300.0
CHECKPOINT_SHARE = 0.02
"""Of its time a training spends at most so much on checkpoints, where nothing else asks for them."""
SMALLEST_REST = 1e-6
"""Less than that of a configured iteration is left at the end of a stage by the rounding of the strides before it."""


@dataclass(frozen=True)
class Step:
    """What whoever follows a training is told after each iteration.

    Attributes
    ----------
    stage, stages
        Which stage of how many.
    iteration, iterations
        How many of the stage's iterations are done.
    loss
        Moving average of the loss.
    losses
        The parts of the loss of this iteration's batch.
    validation_error_mm
        Mean radial error at the last validation of the stage, None before it.
    validated
        Whether that validation was after this very iteration.
    """

    stage: int
    stages: int
    iteration: int
    iterations: int
    loss: float
    losses: Losses
    validation_error_mm: float | None
    validated: bool


class Trainer:
    """Trains all stages of a configuration.

    Parameters
    ----------
    config, state
        What to train, and where it stands (a fresh state or one read from a checkpoint).
    folder
        The run folder.
    train, validation
        The prepared cases.
    device
        What computes: the processor in float32 where omitted.
    team
        The processes that train together, this one alone where omitted. Each makes its share of every batch and validates
        its share of the cases; the first writes.
    workers
        Threads that make batches ahead.
    tempo
        How far each step carries the schedule: one configured iteration where omitted.
    checkpoint_every_s
        How often the state is written between validations, at most.
    on_step
        Hears of each iteration.
    should_stop
        Asked between iterations; on True in any process the state is saved and `fit` returns False.

    Attributes
    ----------
    waited_s
        How long the training has waited for batches so far.
    """

    def __init__(
        self,
        config: TrainingConfig,
        state: TrainingState,
        folder: Path,
        train: Sequence[PreparedCase],
        validation: Sequence[PreparedCase],
        *,
        device: Device | None = None,
        team: Team | None = None,
        workers: int = 1,
        tempo: Tempo | None = None,
        checkpoint_every_s: float = CHECKPOINT_EVERY_S,
        on_step: Callable[[Step], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.config = config
        self.state = state
        self.folder = folder
        self.train = train
        self.device = device or PlainDevice()
        self.team = team or Team()
        self.workers = workers
        self.tempo = tempo or Tempo()
        self.checkpoint_every_s = checkpoint_every_s
        self.on_step = on_step
        self.should_stop = should_stop
        self.validation = Validation(config, state, validation, self.team)
        self.waited_s = 0.0
        self.stages = 1 + len(config.local_stages)
        if state.shape_mm is None and any(map(config.in_mean_pose, range(self.stages))):
            state.shape_mm = mean_shape_of(train)

    def fit(self) -> bool:
        """Train what is left to train; return whether it came to the end."""
        while self.state.stage < self.stages:
            if not self._fit_stage():
                return False
        return True

    def finish_early(self) -> bool:
        """End the stage under way with the best weights so far, its last ones among them; return whether anything was learnt.

        The stages after it stay untrained, or as they are in the model that the training goes on from.
        """
        state = self.state
        if state.stage < self.stages and state.network is not None:
            earlier = self._finished_networks()
            estimates = self.validation.estimates(earlier)
            self._validate(averaged_or_raw(state), earlier, estimates)
            self._finish_stage(earlier, estimates)
        if not state.finished:
            return False
        while state.stage < self.stages and (initial := self._initial()) is not None:
            earlier = self._finished_networks()
            estimates = self.validation.estimates(earlier)
            self._validate(initial, earlier, estimates)
            self._finish_stage(earlier, estimates)
        return True

    def _finished_networks(self) -> list[nn.Module]:
        """Return the networks of the finished stages with their best weights."""
        return [
            build_network(self.config, stage, len(self.state.landmarks), weights)
            for stage, weights in enumerate(self.state.finished)
        ]

    def _network(self, weights: Weights) -> nn.Module:
        """Return the current stage's network with ``weights``."""
        return build_network(self.config, self.state.stage, len(self.state.landmarks), weights)

    def _initial(self) -> Weights | None:
        """Return the weights that the current stage starts from, None where these are random."""
        return self.state.initial[self.state.stage] if self.state.stage < len(self.state.initial) else None

    def _beginning(self) -> StageNetwork:
        """Return the network that the current stage begins with."""
        stage, initial = self.state.stage, self._initial()
        if initial is None and not self.config.stage(stage).optimisation.iterations:
            raise ConfigError(
                f"Stage {stage} has no iterations and nothing to start from.",
                "Give it iterations, or a model to go on from.",
            )
        try:
            return build_network(self.config, stage, len(self.state.landmarks), initial)
        except RuntimeError as error:
            raise ConfigError(
                f"Stage {stage} cannot start from these weights: they belong to another network.",
                "Start from a model with the landmarks, channels and pairs of this configuration, or from none.",
            ) from error

    def _keep_initial(self, earlier: list[nn.Module], estimates: list[Tensor]) -> None:
        """Let the weights that the stage starts from be the best so far, so that it never ends with worse ones."""
        state, initial = self.state, self._initial()
        if initial is not None and state.best is None and state.iteration == 0:
            self._validate(initial, earlier, estimates)
            state.best_is_start = True

    def _fit_stage(self) -> bool:
        """Train the current stage to its end (True) or until asked to stop (False)."""
        state, stage = self.state, self.config.stage(self.state.stage)
        earlier = self._finished_networks()
        estimates = self.validation.estimates(earlier)
        torch.manual_seed(self.config.seed + state.stage)
        network = self._beginning()
        if state.stage and len(state.crops) < state.stage:
            local = self.config.local_stages[state.stage - 1]
            state.crops.append(self.validation.chosen_crop(local, int(network.stride), estimates))
        self._keep_initial(earlier, estimates)
        session = StageSession(network, stage, state, self.device, self.team)
        batches = self._batches()
        saved, pause_s = time.monotonic(), self.checkpoint_every_s
        error_mm: float | None = None
        self.tempo.begin(state.stage)
        with closing(iter(batches)) as coming:
            for batch in coming:
                self._seed_dropout(stage.dropout)
                before = state.reached
                after = self._reached_after(before)
                result = session.step(batch, state.iteration, before)
                state.iteration += 1
                state.position = after
                validated = self._validated(session, before, earlier, estimates)
                error_mm = error_mm if validated is None else validated
                self._report(session.loss, result, error_mm, validated is not None)
                stopping = self.team.any(self.should_stop is not None and self.should_stop())
                if stopping or validated is not None or time.monotonic() - saved > pause_s:
                    session.save_to(state)
                    began = time.monotonic()
                    self._write()
                    saved = time.monotonic()
                    pause_s = max(self.checkpoint_every_s, (saved - began) / CHECKPOINT_SHARE)
                if stopping or self._is_over():
                    break
        self.waited_s += batches.waited_s
        if not self._is_over():
            return False
        self._finish_stage(earlier, estimates)
        return True

    def _is_over(self) -> bool:
        """Tell whether the current stage has had all its iterations."""
        return self.state.reached >= self.config.stage(self.state.stage).optimisation.iterations

    def _reached_after(self, position: float) -> float:
        """Return where the step that begins at ``position`` carries the schedule of the current stage."""
        end = self.config.stage(self.state.stage).optimisation.iterations
        after = position + self.tempo.stride(position)
        return float(end) if after > end - SMALLEST_REST else after

    def _seed_dropout(self, dropout: float) -> None:
        """Let what the next step silences depend on where the training stands, not on how often it was stopped before."""
        if dropout:
            where = (self.config.seed, self.state.stage, self.state.iteration)
            (generator,) = random_generators(*where, [self.team.rank])
            torch.manual_seed(int(generator.integers(2**31)))

    def _report(self, loss: float, losses: Losses, error_mm: float | None, validated: bool) -> None:
        if self.on_step is not None:
            stage, done = self.state.stage, self.state.iteration
            total = self.config.stage(stage).optimisation.iterations
            if self.tempo.bends:
                total = done + self.tempo.steps_left(total - self.state.reached)
            self.on_step(Step(stage, self.stages, done, total, loss, losses, error_mm, validated))

    def _batches(self) -> BatchesAhead:
        """Return this process's share of the remaining batches of the stage."""
        state, settings = self.state, self.config.stage(self.state.stage).optimisation
        share = settings.batch // self.team.size
        items = range(self.team.rank * share, (self.team.rank + 1) * share)
        crop = state.crops[state.stage - 1] if state.stage else 0
        cases = stage_cases(self.config, state.stage, self.train, state.shape_mm, state.offsets_mm)
        make = batch_maker(self.config, state.stage, cases, items, crop, state.shape_mm)
        left: Iterable[int] = range(state.iteration, settings.iterations)
        if self.tempo.bends:
            left = () if self._is_over() else count(state.iteration)
        return BatchesAhead(make, left, self.workers, pinned=self.device.kind == "cuda")

    def _validated(
        self, session: StageSession, before: float, earlier: list[nn.Module], estimates: list[Tensor]
    ) -> float | None:
        """Validate when it is time to; keep the weights if they are the best. Return the mean radial error in mm.

        ``before`` is where the step began in the schedule, which validations follow too.
        """
        state, every = self.state, session.settings.validate_every
        if state.reached // every == before // every and not self._is_over():
            return None
        return self._validate(session.candidate(), earlier, estimates)

    def _validate(self, weights: Weights, earlier: list[nn.Module], estimates: list[Tensor]) -> float:
        """Keep weights of the current stage if they are the best; return their mean radial error in mm."""
        state = self.state
        errors_mm = self.validation.errors_mm([*earlier, self._network(weights)], estimates)
        mean_mm = float(np.nanmean(errors_mm)) if np.isfinite(errors_mm).any() else math.nan
        wanted_mm = state.best_error_mm * (1.0 - GAIN if state.best_is_start else 1.0)
        if mean_mm < wanted_mm:
            state.best_error_mm = mean_mm
            state.best = weights
            state.best_is_start = False
        return mean_mm

    def _finish_stage(self, earlier: list[nn.Module], estimates: list[Tensor]) -> None:
        """Keep the stage's best weights and start the next."""
        state = self.state
        best = state.best
        if best is None:
            raise ConfigError(
                f"Stage {state.stage} never had a finite validation error.", "Lower its learning_rate and train again."
            )
        errors_mm = self.validation.errors_mm([*earlier, self._network(best)], estimates)
        state.errors_mm.append([[float(value) for value in row] for row in errors_mm])
        state.finished.append(best)
        state.stage += 1
        state.iteration, state.position = 0, None
        state.network = state.average = state.optimizer = state.best = None
        state.best_is_start = False
        state.best_error_mm = float("inf")
        self._write()

    def _write(self) -> None:
        if self.team.is_first:
            write_checkpoint(self.state, self.folder)
