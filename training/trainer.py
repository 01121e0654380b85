"""The training loop: one stage after the other, the best validation weights of each kept (paper, section V.A.1).

Lightning Fabric gives device, precision and processes; the loop is ours. It writes a run folder (configuration,
checkpoint, TensorBoard curves) and nothing else; `core/learning/model_export.py` turns that into a model file.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from core.base.errors import ConfigError
from core.geometry.shapes import mean_shape
from core.learning.batches import BatchesAhead, batch_maker
from core.learning.building import Weights, build_localizer, build_network
from core.learning.checkpoints import TrainingState, write_checkpoint
from core.learning.configuration import TrainingConfig
from core.learning.prepared_cases import PreparedCase, turned
from core.learning.sampling import StageCase
from core.learning.targets import Losses
from core.method.localizer import Localizer
from training.distribution.team import Team
from training.session import StageSession

CHECKPOINT_EVERY_S = 300.0

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What a progress display is told after each iteration.

    Attributes
    ----------
    stage, stages
        Which stage of how many.
    iteration, iterations
        How many of the stage's iterations are done.
    loss
        Moving average of the loss.
    validation_error_mm
        Mean radial error at the last validation of the stage, None before it.
    """

    stage: int
    stages: int
    iteration: int
    iterations: int
    loss: float
    validation_error_mm: float | None


def auto_crop(errors_px: Tensor, stride: int, quantile: float) -> int:
    """Choose the side of local sub-images from the stage before's validation errors (paper, section V.A.1).

    Parameters
    ----------
    errors_px
        ``(..., D)`` differences between estimate and truth in samples of the local stage, NaN where absent.
    stride
        The local network's patch size; the side is a multiple of it, and at least 8 patches.
    quantile
        Share of the errors that the sub-image holds with a quarter to spare.
    """
    furthest = errors_px.abs().amax(-1).flatten()
    reach = float(np.nanquantile(furthest.numpy(), quantile)) if furthest.isfinite().any() else 0.0
    return stride * max(8, math.ceil((2.0 * 1.25 * reach + 1.0) / stride))


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
    fabric
        A launched Fabric.
    on_step
        Hears of each iteration.
    should_stop
        Asked between iterations; on True in any process the state is saved and `fit` returns False.
    team
        The processes that train together, this one alone where omitted. Each makes its share of every batch and validates
        its share of the cases; the first writes.
    workers
        Threads that make batches ahead.

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
        fabric: Fabric,
        on_step: Callable[[Step], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        team: Team | None = None,
        workers: int = 1,
    ) -> None:
        self.config = config
        self.state = state
        self.folder = folder
        self.train = train
        self.validation = validation
        self.fabric = fabric
        self.on_step = on_step
        self.should_stop = should_stop
        self.team = team or Team()
        self.workers = workers
        self.waited_s = 0.0
        self.stages = 1 + len(config.local_stages)
        if state.shape_mm is None and any(map(config.in_mean_pose, range(self.stages))):
            state.shape_mm = mean_shape([case.points_mm.numpy() for case in train]).tolist()

    def fit(self) -> bool:
        """Train what is left to train; return whether it came to the end."""
        while self.state.stage < self.stages:
            if not self._fit_stage():
                return False
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

    def _fit_stage(self) -> bool:
        """Train the current stage to its end (True) or until asked to stop (False)."""
        state, stage = self.state, self.config.stage(self.state.stage)
        earlier = self._finished_networks()
        estimates = self._estimates(earlier)
        torch.manual_seed(self.config.seed + state.stage)
        network = build_network(self.config, state.stage, len(state.landmarks))
        if state.stage and len(state.crops) < state.stage:
            state.crops.append(self._choose_crop(network.stride, estimates))
        session = StageSession(network, stage, state, self.fabric, self.team)
        batches = self._batches()
        saved = time.monotonic()
        error_mm: float | None = None
        with _curves(self.folder, self.team) as curves, closing(iter(batches)) as coming:
            for batch in coming:
                result = session.step(batch, state.iteration)
                state.iteration += 1
                curves.losses(state.stage, state.iteration, result)
                validated = self._validated(session, earlier, estimates, curves)
                error_mm = error_mm if validated is None else validated
                self._report(session.loss, error_mm)
                stopping = self.team.any(self.should_stop is not None and self.should_stop())
                if stopping or validated is not None or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                    session.save_to(state)
                    self._write()
                    saved = time.monotonic()
                if stopping:
                    break
        self.waited_s += batches.waited_s
        if state.iteration < stage.optimisation.iterations:
            return False
        self._finish_stage(earlier, estimates)
        return True

    def _report(self, loss: float, error_mm: float | None) -> None:
        if self.on_step is not None:
            stage, done = self.state.stage, self.state.iteration
            total = self.config.stage(stage).optimisation.iterations
            self.on_step(Step(stage, self.stages, done, total, loss, error_mm))

    def _stage_cases(self) -> list[StageCase]:
        """Return the training cases as the current stage sees them."""
        cases = [case.at_spacing(self.config.stage(self.state.stage).spacing_mm) for case in self.train]
        if self.config.in_mean_pose(self.state.stage):
            shape_mm = torch.tensor(self.state.shape_mm)
            return [turned(case, prepared, shape_mm) for case, prepared in zip(cases, self.train, strict=True)]
        return cases

    def _batches(self) -> BatchesAhead:
        """Return this process's share of the remaining batches of the stage."""
        state, settings = self.state, self.config.stage(self.state.stage).optimisation
        share = settings.batch // self.team.size
        items = range(self.team.rank * share, (self.team.rank + 1) * share)
        crop = state.crops[state.stage - 1] if state.stage else 0
        make = batch_maker(self.config, state.stage, self._stage_cases(), items, crop, state.shape_mm)
        left = range(state.iteration, settings.iterations)
        return BatchesAhead(make, left, self.workers, pinned=self.fabric.device.type == "cuda")

    def _localizer(self, networks: list[nn.Module]) -> Localizer:
        return build_localizer(self.config, networks, self.state.crops[: len(networks) - 1], self.state.shape_mm)

    @torch.inference_mode()
    def _estimates(self, earlier: list[nn.Module]) -> list[Tensor]:
        """Return the finished stages' estimate for each validation case, ``(L, D)`` indices; none before the first."""
        if not earlier:
            return []
        localizer = self._localizer(earlier)
        found = []
        for case in self._own(self.validation):
            prepared = case.prepared.float()
            points = localizer.global_stage(prepared, case.spacing_mm).points_index
            for stage in range(1, len(earlier)):
                points = localizer.local_stage(prepared, case.spacing_mm, stage, points).points_index
            found.append(points)
        return list(self.team.gathered(found, len(self.validation)))

    def _own(self, cases: Sequence[T]) -> Sequence[T]:
        """Return this process's share of what belongs to the validation cases."""
        return cases[self.team.rank :: self.team.size]

    def _choose_crop(self, stride: int, estimates: list[Tensor]) -> int:
        local = self.config.local_stages[self.state.stage - 1]
        if local.crop != "auto":
            return int(local.crop)
        scale = [case.spacing_mm / local.spacing_mm for case in self.validation]
        off = [(e - c.points_index) * s for e, c, s in zip(estimates, self.validation, scale, strict=True)]
        return auto_crop(torch.stack(off), stride, local.crop_quantile)

    def _validated(
        self, session: StageSession, earlier: list[nn.Module], estimates: list[Tensor], curves: "_Curves"
    ) -> float | None:
        """Validate when it is time to; keep the weights if they are the best. Return the mean radial error in mm."""
        state, settings = self.state, session.settings
        if state.iteration % settings.validate_every and state.iteration != settings.iterations:
            return None
        weights = session.candidate()
        error = float(np.nanmean(self._validation_errors([*earlier, self._network(weights)], estimates)))
        if error < state.best_error_mm:
            state.best_error_mm = error
            state.best = weights
        curves.validation(state.stage, state.iteration, error)
        return error

    @torch.inference_mode()
    def _validation_errors(self, networks: list[nn.Module], estimates: list[Tensor]) -> npt.NDArray[np.float32]:
        """Return the radial errors ``(cases, L)`` in mm of the last of ``networks``, run as in a model file."""
        localizer = self._localizer(networks)
        stage = len(networks) - 1
        rows = []
        for number, case in enumerate(self._own(self.validation)):
            prepared = case.prepared.float()
            if stage == 0:
                output = localizer.global_stage(prepared, case.spacing_mm)
            else:
                output = localizer.local_stage(prepared, case.spacing_mm, stage, self._own(estimates)[number])
            off_mm = (output.points_index - case.points_index) * case.spacing_mm
            rows.append(off_mm.square().sum(1).sqrt())
        return np.asarray(self.team.gathered(rows, len(self.validation)))

    def _finish_stage(self, earlier: list[nn.Module], estimates: list[Tensor]) -> None:
        """Keep the stage's best weights and start the next."""
        state = self.state
        best = state.best
        if best is None:
            raise ConfigError(
                f"Stage {state.stage} never had a finite validation error.", "Lower its learning_rate and train again."
            )
        errors = self._validation_errors([*earlier, self._network(best)], estimates)
        state.errors_mm.append([[float(value) for value in row] for row in errors])
        state.finished.append(best)
        state.stage += 1
        state.iteration = 0
        state.network = state.average = state.optimizer = state.best = None
        state.best_error_mm = float("inf")
        self._write()

    def _write(self) -> None:
        if self.team.is_first:
            write_checkpoint(self.state, self.folder)


class _Curves:
    """TensorBoard curves of a run; silent in all processes but the first."""

    def __init__(self, writer: Any | None) -> None:
        self._writer = writer

    def losses(self, stage: int, iteration: int, result: Losses) -> None:
        """Write the parts of the loss, every tenth iteration."""
        if self._writer is not None and iteration % 10 == 0:
            for name, value in result._asdict().items():
                self._writer.add_scalar(f"stage {stage}/{name}", float(value), iteration)

    def validation(self, stage: int, iteration: int, error_mm: float) -> None:
        """Write a validation error."""
        if self._writer is not None:
            self._writer.add_scalar(f"stage {stage}/validation error mm", error_mm, iteration)


@contextmanager
def _curves(folder: Path, team: Team) -> Iterator[_Curves]:
    """Open the run's TensorBoard curves."""
    if not team.is_first:
        yield _Curves(None)
        return
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / "tensorboard"))
    try:
        yield _Curves(writer)
    finally:
        writer.close()
