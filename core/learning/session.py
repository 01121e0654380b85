"""Learning of one stage: its network, optimiser and moving average, and what one optimisation step is.

Knows nothing of files, validation or stages before and after; `core/learning/trainer.py` does.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.base.errors import ConfigError
from core.learning.building import Weights
from core.learning.checkpoints import TrainingState
from core.learning.configuration import OptimisationConfig, StageConfig
from core.learning.device import Device
from core.learning.sampling import Batch
from core.learning.targets import Counts, Losses, losses, stage_targets
from core.learning.team import Team

HEADS = ("regression.", "classification.")
"""How the names of the heads' weights begin, see `core.method.layers.TwoHeadedNetwork`."""


def learning_rate(config: OptimisationConfig, iteration: float) -> float:
    """Return the rate of ``iteration``; one-cycle rises over the first 5 % and falls along a cosine to zero.

    Where a step carries the schedule further than one iteration, or less far, it lies between two.
    """
    if config.schedule == "constant":
        return config.learning_rate
    done = iteration / config.iterations
    warm = 0.05
    factor = 0.04 + 0.96 * done / warm if done < warm else 0.5 + 0.5 * math.cos(math.pi * (done - warm) / (1 - warm))
    return config.learning_rate * factor


def average_decay(highest: float, updates: int) -> float:
    """Return the decay of the moving average after so many updates: at first less, lest it remember untrained weights.

    With 0.998 throughout, a third of the weights after 500 iterations would still be those of the first.
    """
    return min(highest, (1.0 + updates) / (10.0 + updates))


def _averaging(highest: float) -> Callable[[Any, Any, Tensor | int], None]:
    """Return how `AveragedModel` moves its weights towards the network's."""

    def move(averaged: Any, current: Any, updates: Tensor | int) -> None:
        get_ema_multi_avg_fn(average_decay(highest, int(updates)))(averaged, current, updates)  # type: ignore[no-untyped-call]

    return move


def averaged_or_raw(state: TrainingState) -> Weights:
    """Return a copy of the weights of a saved stage under way that are validated, on the CPU: the average where there is one."""
    assert state.network is not None
    weights = state.network
    if state.average is not None:
        prefix = "module."  # under which the average holds its network, beside the count of its updates
        weights = {key.removeprefix(prefix): value for key, value in state.average.items() if key.startswith(prefix)}
    return {key: value.detach().cpu().clone() for key, value in weights.items()}


class StageSession:
    """Network, optimiser and moving average of the stage being trained.

    Several processes learn what one would from the same batch: sums over landmarks are divided by their number in the whole
    batch, gradients added up, and batch normalisation sees the whole batch too. With accumulation it sees each part by itself.

    Parameters
    ----------
    network
        Untrained; the same in all processes.
    stage
        How it is trained.
    state
        Where the training stands; a stage under way continues from it.
    device, team
        What computes, and which processes learn together.
    """

    def __init__(
        self, network: nn.Module, stage: StageConfig, state: TrainingState, device: Device, team: Team
    ) -> None:
        self.stage = stage
        self.settings = settings = stage.optimisation
        self.device = device
        self.team = team
        self.stride = int(network.stride)  # type: ignore[arg-type]
        self.layout = torch.channels_last if network.ndim == 2 else torch.channels_last_3d
        self.loss = float("nan")
        network = network.to(memory_format=self.layout)  # type: ignore[call-overload]
        if settings.learns == "heads":
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name.startswith(HEADS))
        kind = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
        optimizer = kind(network.parameters(), settings.learning_rate, fused=True, weight_decay=settings.weight_decay)
        self.raw: nn.Module = network
        self.network, self.optimizer = device.set_up(network, optimizer)
        # Loaded after setup, so that all of it goes to the device.
        if state.network is not None and state.optimizer is not None:
            network.load_state_dict(state.network)
            optimizer.load_state_dict(state.optimizer)
        device.restore(state.loss_scale)
        self.average: AveragedModel | None = None
        if settings.average_decay:
            self.average = AveragedModel(network, multi_avg_fn=_averaging(settings.average_decay), use_buffers=True)
            if state.average is not None:
                self.average.load_state_dict(state.average)

    def step(self, batch: Batch, iteration: int, position: float | None = None) -> Losses:
        """Learn from this process's share of the batch of ``iteration``, counted from 0; return the whole batch's losses.

        ``position`` is where it lies in the schedule of the rates, in configured iterations: that of ``iteration`` where omitted.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, iteration if position is None else position)
        self.network.train()
        if self.settings.normalise_by == "running":
            for part in self.raw.modules():
                if isinstance(part, _BatchNorm):
                    part.eval()
        counts = Counts(*self.team.sum(torch.tensor(Counts.of(batch.points))).tolist())
        self.optimizer.zero_grad()
        parts = list(zip(*(tensor.chunk(self.settings.accumulate) for tensor in batch), strict=True))
        total = torch.zeros(len(Losses._fields))
        for number, (images, points) in enumerate(parts, 1):
            waits = self.team.size > 1 and number < len(parts)
            with self.device.accumulating(self.network, waits):
                total += self._learn(images, points, counts)
        result = Losses(*self.team.sum(total))
        loss = float(result.total)
        if not math.isfinite(loss):
            raise ConfigError(
                f"The loss is no longer finite at iteration {iteration + 1}.",
                "Lower learning_rate, or train with precision = '32-true'.",
            )
        self.device.step(self.optimizer)
        if self.average is not None:
            self.average.update_parameters(self.raw)
        self.loss = loss if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * loss
        return result

    def _learn(self, images: Tensor, points: Tensor, counts: Counts) -> Tensor:
        """Add the gradients of a part of a batch; return what it adds to each of the losses."""
        images = self.device.to_device(images).contiguous(memory_format=self.layout)
        points = self.device.to_device(points)
        answer, logit = self.device.forward(self.network, images)
        targets = stage_targets(points, list(logit.shape[2:]), self.stride, self.stage)
        result = losses(answer, logit, targets, points, self.stride, self.stage, counts)
        self.device.backward(result.total * self.team.size)  # of which the processes' gradients are the mean
        return torch.stack([part.detach() for part in result]).cpu()

    def candidate(self) -> Weights:
        """Return a copy of the weights to validate, on the CPU: the moving average where there is one."""
        source = self.average.module if self.average is not None else self.raw
        return {key: value.detach().cpu().clone() for key, value in source.state_dict().items()}

    def save_to(self, state: TrainingState) -> None:
        """Put the session's state into ``state``."""
        state.network = self.raw.state_dict()
        state.average = self.average.state_dict() if self.average is not None else None
        state.optimizer = self.optimizer.state_dict()
        state.loss_scale = self.device.state()
