"""How fast this computer learns: seconds for an iteration of a stage, measured in seconds rather than minutes.

The multiplications of a network are counted exactly, without computing them; how many of them the computer does in a second is
measured with a few real steps. Knows no cases and no plan.
"""

import math
import time
from typing import Protocol

import torch
from torch import Tensor, nn

from core.learning.batches import batch_maker
from core.learning.building import build_network
from core.learning.checkpoints import TrainingState
from core.learning.configuration import LocalStageConfig, TrainingConfig, landmark_names
from core.learning.device import Device, PlainDevice, without_denormals
from core.learning.sampling import StageCase
from core.learning.session import StageSession
from core.learning.team import Team
from core.method.networks import LocalNetwork

AUTO_CROP_PATCHES = 8
"""Patches along the side of an automatic crop, which is not known before the stage before it is trained: the least there are."""
_STEPS = 3
_MOST_SAMPLES = {2: 256 * 256, 3: 48 * 48 * 48}


class Pace(Protocol):
    """How fast a computer learns."""

    def step_s(self, config: TrainingConfig, stage: int) -> float:
        """Return the seconds that one iteration of a stage takes, the making of its batch included."""


class FixedPace:
    """A computer of a known speed.

    Parameters
    ----------
    gflop_per_s
        Thousand million operations of the forward pass, whose backward pass takes its usual time, in a second. Two calm
        cores of an AMD EPYC of the third generation do about 20 (`docs/planning.md`).
    """

    def __init__(self, gflop_per_s: float = 20.0) -> None:
        self.gflop_per_s = gflop_per_s

    def step_s(self, config: TrainingConfig, stage: int) -> float:
        """Return the seconds of one iteration."""
        return step_gflop(config, stage) / self.gflop_per_s


class MeasuredPace:
    """The speed of this computer, measured with a few steps of the first network of each kind that it is asked about.

    Parameters
    ----------
    device
        What computes: the processor in float32 where omitted.
    """

    def __init__(self, device: Device | None = None) -> None:
        self._device = device or PlainDevice()
        self._rates: dict[tuple[int, bool], float] = {}

    def step_s(self, config: TrainingConfig, stage: int) -> float:
        """Return the seconds of one iteration."""
        kind = config.ndim, stage > 0
        if kind not in self._rates:
            self._rates[kind] = self._measured(config, stage)
        return step_gflop(config, stage) / self._rates[kind]

    def _measured(self, config: TrainingConfig, stage: int) -> float:
        """Take a few steps of a stage on smaller crops of nothing; return the operations done in a second, in GFLOP."""
        small, crop = _made_small(config, stage)
        landmarks = len(landmark_names(config)[0])
        network = build_network(small, stage, landmarks)
        generator = torch.Generator().manual_seed(0)
        sides = torch.tensor(small.global_crop if stage == 0 else (crop,) * config.ndim)
        image = torch.randn(*(2 * sides).tolist(), generator=generator)
        points = torch.rand(landmarks, config.ndim, generator=generator) * 2 * sides
        state = TrainingState("", list(landmark_names(config)[0]))
        case = StageCase(image, points, torch.eye(config.ndim) if config.in_mean_pose(stage) else None)
        make = batch_maker(small, stage, [case], range(small.stage(stage).optimisation.batch), crop)
        session = StageSession(network, small.stage(stage), state, self._device, Team())
        taken = []
        with without_denormals():
            for number in range(1 + _STEPS):
                started = time.perf_counter()
                session.step(make(number), number)
                taken.append(time.perf_counter() - started)
        return step_gflop(small, stage, crop) / min(taken[1:])  # the first makes ready; others may be disturbed


def _made_small(config: TrainingConfig, stage: int) -> tuple[TrainingConfig, int]:
    """Return the configuration with batches of two and crops no larger than measuring needs, and the side of local crops."""
    chosen = config.stage(stage)
    settings = chosen.optimisation.model_copy(update={"batch": 2, "accumulate": 1})
    still = chosen.augmentation.model_copy(update={"mirror": False})
    changes: dict[str, object] = {"optimisation": settings, "augmentation": still}
    if isinstance(chosen, LocalStageConfig):
        locals_ = list(config.local_stages)
        locals_[stage - 1] = chosen.model_copy(update=changes)
        return config.model_copy(update={"local_stages": tuple(locals_)}), crop_of(chosen)
    stride = 32
    sides = list(config.global_crop)
    while torch.tensor(sides).prod() > _MOST_SAMPLES[config.ndim] and max(sides) > stride:
        longest = sides.index(max(sides))
        sides[longest] = max(stride, sides[longest] // 2 // stride * stride)
    first = chosen.model_copy(update={**changes, "crop": tuple(sides)})
    return config.model_copy(update={"global_stage": first}), 0


def crop_of(stage: LocalStageConfig) -> int:
    """Return the side of a local stage's crops in samples, the smallest there is where it will be chosen later."""
    return AUTO_CROP_PATCHES * 2 ** (len(stage.channels) - 1) if stage.crop == "auto" else stage.crop


def step_gflop(config: TrainingConfig, stage: int, crop: int | None = None) -> float:
    """Return the operations of a forward pass of a whole batch of a stage, in GFLOP; counted, not computed.

    Parameters
    ----------
    config, stage
        What is trained; 0 is the global stage.
    crop
        Side of a local stage's crops; what the configuration says where omitted.
    """
    chosen = config.stage(stage)
    landmarks = len(landmark_names(config)[0])
    if isinstance(chosen, LocalStageConfig):
        sides, channels = (crop or crop_of(chosen),) * config.ndim, landmarks
    else:
        sides, channels = config.global_crop, 1
    network = build_network(config, stage, landmarks).eval()
    shared = set(network.trunk.modules()) if isinstance(network, LocalNetwork) and network.shared_trunk else set()
    return _operations(network, (channels, *sides), shared) * chosen.optimisation.batch / 1e9


def _operations(network: nn.Module, shape: tuple[int, ...], shared: set[nn.Module]) -> float:
    """Return the operations of a network's convolutions on an image ``(C, *sides)``; those in ``shared`` run for each channel.

    No images at all are analysed, of which only the shapes are looked at. torch has a counter for this, which needs its compiler.
    """
    found: list[int] = []

    def count(layer: nn.Conv2d | nn.Conv3d, _: object, answer: Tensor) -> None:
        times = shape[0] if layer in shared else 1
        found.append(2 * times * math.prod(answer.shape[1:]) * math.prod(layer.weight.shape[1:]))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.empty(0, *shape))
    return float(sum(found))
