"""The training loop: one stage after the other, the best validation weights of each kept (paper, section V.A.1).

Lightning Fabric gives device, precision and processes; the loop is ours. It writes a run folder (configuration,
checkpoint, TensorBoard curves) and nothing else; `training/model_export.py` turns that into a model file.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.errors import ConfigError
from core.localizer import Localizer
from training.checkpoints import TrainingState, write_checkpoint
from training.config import OptimisationConfig, TrainingConfig
from training.images import PreparedCase, turned
from training.mirror import make_mirror
from training.models import Weights, build_localizer, build_network
from training.sampling import Batch, StageCase, global_batch, local_batch, random_generator
from training.schemes import mirror_images
from training.shape import mean_shape
from training.targets import Losses, losses, make_targets

CHECKPOINT_EVERY_S = 300.0


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


def learning_rate(config: OptimisationConfig, iteration: int) -> float:
    """Return the rate of ``iteration``; one-cycle rises over the first 5 % and falls along a cosine to zero."""
    if config.schedule == "constant":
        return config.learning_rate
    done = iteration / config.iterations
    warm = 0.05
    factor = 0.04 + 0.96 * done / warm if done < warm else 0.5 + 0.5 * math.cos(math.pi * (done - warm) / (1 - warm))
    return config.learning_rate * factor


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
        Asked between iterations; on True the state is saved and `fit` returns False.
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
    ) -> None:
        self.config = config
        self.state = state
        self.folder = folder
        self.train = train
        self.validation = validation
        self.fabric = fabric
        self.on_step = on_step
        self.should_stop = should_stop
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
        state, settings = self.state, self.config.stage(self.state.stage).optimisation
        earlier = self._finished_networks()
        estimates = self._estimates(earlier)
        torch.manual_seed(self.config.seed + state.stage)
        network = build_network(self.config, state.stage, len(state.landmarks))
        if state.stage and len(state.crops) < state.stage:
            state.crops.append(self._choose_crop(network.stride, estimates))
        session = _StageSession(network, settings, state, self.fabric, self.config.ndim)
        cases = [case.at_spacing(self.config.stage(state.stage).spacing_mm) for case in self.train]
        if self.config.in_mean_pose(state.stage):
            shape_mm = torch.tensor(state.shape_mm)
            cases = [turned(case, prepared, shape_mm) for case, prepared in zip(cases, self.train, strict=True)]
        saved = time.monotonic()
        with _curves(self.folder, self.fabric) as curves:
            batches = self._batches(cases)
            for batch in batches:
                result = session.step(batch, state.iteration)
                state.iteration += 1
                curves.losses(state.stage, state.iteration, result)
                error = self._validated(session, earlier, estimates, curves)
                self._report(session, error)
                stopping = self.should_stop is not None and self.should_stop()
                if stopping or error is not None or time.monotonic() - saved > CHECKPOINT_EVERY_S:
                    self._save(session)
                    saved = time.monotonic()
                if stopping and state.iteration < settings.iterations:
                    batches.close()
                    return False
        self._finish_stage(earlier, estimates)
        return True

    def _report(self, session: "_StageSession", error: float | None) -> None:
        if error is not None:
            session.last_error_mm = error
        if self.on_step is not None:
            done, total = self.state.iteration, session.settings.iterations
            self.on_step(Step(self.state.stage, self.stages, done, total, session.loss, session.last_error_mm))

    def _batches(self, cases: list[StageCase]) -> Generator[Batch, None, None]:
        """Yield the remaining batches of the stage, each made while the one before is learnt from."""
        stage = self.state.stage
        settings = self.config.stage(stage).optimisation
        mirrored = mirror_images(self.config.landmarks)
        shape_mm = self.state.shape_mm if self.config.in_mean_pose(stage) else None
        mirror = make_mirror(mirrored, self.config.ndim, shape_mm)

        def make(iteration: int) -> Batch:
            rng = random_generator(self.config.seed + 1000 * self.fabric.global_rank, stage, iteration)
            if stage == 0:
                first = self.config.global_stage
                return global_batch(
                    cases, rng, settings.batch, self.config.sub_image, first.spacing_mm, first.augmentation, mirror
                )
            local, crop = self.config.local_stages[stage - 1], self.state.crops[stage - 1]
            return local_batch(cases, rng, settings.batch, crop, local, mirror)

        # One thread only: the learning needs the cores, and two teams of threads on them wait for each other.
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            first_left = self.state.iteration
            coming = pool.submit(make, first_left)
            for iteration in range(first_left, settings.iterations):
                batch = coming.result()
                if iteration + 1 < settings.iterations:
                    coming = pool.submit(make, iteration + 1)
                yield batch

    def _localizer(self, networks: list[nn.Module]) -> Localizer:
        return build_localizer(self.config, networks, self.state.crops[: len(networks) - 1], self.state.shape_mm)

    @torch.inference_mode()
    def _estimates(self, earlier: list[nn.Module]) -> list[Tensor]:
        """Return the finished stages' estimate for each validation case, ``(L, D)`` indices; none before the first."""
        if not earlier:
            return []
        localizer = self._localizer(earlier)
        found = []
        for case in self.validation:
            prepared = case.prepared.float()
            points = localizer.global_stage(prepared, case.spacing_mm).points_index
            for stage in range(1, len(earlier)):
                points = localizer.local_stage(prepared, case.spacing_mm, stage, points).points_index
            found.append(points)
        return found

    def _choose_crop(self, stride: int, estimates: list[Tensor]) -> int:
        local = self.config.local_stages[self.state.stage - 1]
        if local.crop != "auto":
            return int(local.crop)
        scale = [case.spacing_mm / local.spacing_mm for case in self.validation]
        off = [(e - c.points_index) * s for e, c, s in zip(estimates, self.validation, scale, strict=True)]
        return auto_crop(torch.stack(off), stride, local.crop_quantile)

    def _validated(
        self, session: "_StageSession", earlier: list[nn.Module], estimates: list[Tensor], curves: "_Curves"
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
        for number, case in enumerate(self.validation):
            prepared = case.prepared.float()
            if stage == 0:
                output = localizer.global_stage(prepared, case.spacing_mm)
            else:
                output = localizer.local_stage(prepared, case.spacing_mm, stage, estimates[number])
            off_mm = (output.points_index - case.points_index) * case.spacing_mm
            rows.append(off_mm.square().sum(1).sqrt().numpy())
        return np.stack(rows)

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

    def _save(self, session: "_StageSession") -> None:
        session.save_to(self.state)
        self._write()

    def _write(self) -> None:
        if self.fabric.is_global_zero:
            write_checkpoint(self.state, self.folder)


class _StageSession:
    """Network, optimiser and moving average of the stage being trained."""

    def __init__(
        self,
        network: nn.Module,
        settings: OptimisationConfig,
        state: TrainingState,
        fabric: Fabric,
        ndim: int,
    ) -> None:
        self.settings = settings
        self.fabric = fabric
        self.stride = int(network.stride)  # type: ignore[arg-type]
        self.layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
        self.loss = float("nan")
        self.last_error_mm: float | None = None
        network = network.to(memory_format=self.layout)  # type: ignore[call-overload]
        kind = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
        optimizer = kind(network.parameters(), settings.learning_rate, fused=True, weight_decay=settings.weight_decay)
        self.raw: nn.Module = network
        self.network, self.optimizer = fabric.setup(network, optimizer)
        # Loaded after setup, so that all of it goes to the device.
        if state.network is not None and state.optimizer is not None:
            network.load_state_dict(state.network)
            optimizer.load_state_dict(state.optimizer)
        self.average: AveragedModel | None = None
        if settings.average_decay:
            averaged = get_ema_multi_avg_fn(settings.average_decay)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(network, multi_avg_fn=averaged, use_buffers=True)
            if state.average is not None:
                self.average.load_state_dict(state.average)

    def step(self, batch: Batch, iteration: int) -> Losses:
        """Learn from the batch of ``iteration``, counted from 0."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, iteration)
        self.network.train()
        images = self.fabric.to_device(batch.images).contiguous(memory_format=self.layout)
        points = self.fabric.to_device(batch.points)
        transformed, logit = self.network(images)
        targets = make_targets(points, list(logit.shape[2:]), self.stride)
        result = losses(transformed.float(), logit.float(), targets, points, self.stride, self.settings)
        total = float(result.total.detach())
        if not math.isfinite(total):
            raise ConfigError(
                f"The loss is no longer finite at iteration {iteration + 1}.",
                "Lower learning_rate, or train with precision = '32-true'.",
            )
        self.optimizer.zero_grad()
        self.fabric.backward(result.total)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.raw)
        self.loss = total if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * total
        return result._replace(total=result.total.detach())

    def candidate(self) -> Weights:
        """Return a copy of the weights to validate, on the CPU: the moving average where there is one."""
        source = self.average.module if self.average is not None else self.raw
        return {key: value.detach().cpu().clone() for key, value in source.state_dict().items()}

    def save_to(self, state: TrainingState) -> None:
        """Put the session's state into ``state``."""
        state.network = self.raw.state_dict()
        state.average = self.average.state_dict() if self.average is not None else None
        state.optimizer = self.optimizer.state_dict()


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
def _curves(folder: Path, fabric: Fabric) -> Iterator[_Curves]:
    """Open the run's TensorBoard curves."""
    if not fabric.is_global_zero:
        yield _Curves(None)
        return
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / "tensorboard"))
    try:
        yield _Curves(writer)
    finally:
        writer.close()
