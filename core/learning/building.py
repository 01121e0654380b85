"""Building networks and whole localizers from a training configuration.

The one place that knows which configuration field becomes which argument; training and export both build here.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.learning.configuration import StageConfig, TrainingConfig
from core.method.calibration import Calibration
from core.method.localizer import Localizer, StageMethod
from core.method.networks import GlobalNetwork, LocalNetwork
from core.method.normalisation import Normalisation
from core.models.metadata import StageInfo

Weights = dict[str, Tensor]


def build_normalisation(config: TrainingConfig) -> Normalisation:
    """Return the intensity normalisation of ``config``."""
    chosen = config.normalisation
    return Normalisation(chosen.kind, chosen.low, chosen.high)


def build_network(
    config: TrainingConfig, stage: int, landmarks: int, weights: Weights | None = None
) -> GlobalNetwork | LocalNetwork:
    """Return the network of ``stage`` (0 is the global one), untrained or with ``weights``."""
    network: GlobalNetwork | LocalNetwork
    if stage == 0:
        first = config.global_stage
        network = GlobalNetwork(
            config.ndim,
            landmarks,
            first.stem_channels,
            first.channels,
            first.pairs,
            first.pool_before,
            first.head_channels,
            first.regression != "off",
            first.classification,
            first.dropout,
        )
    else:
        local = config.local_stages[stage - 1]
        network = LocalNetwork(
            config.ndim,
            landmarks,
            local.channels,
            local.pairs,
            local.head_channels,
            local.shared_trunk,
            local.regression != "off",
            local.classification,
            local.dropout,
        )
    if weights is not None:
        network.load_state_dict(weights)
    return network


def build_localizer(
    config: TrainingConfig,
    networks: Sequence[nn.Module],
    crops: Sequence[int],
    shape_mm: Sequence[Sequence[float]] | None = None,
    calibration: Calibration | None = None,
) -> Localizer:
    """Join the networks of the first stages, global first, to a localizer in evaluation mode.

    ``shape_mm`` is the mean shape ``(L, D)`` along the array axes, needed where a stage normalises the pose.
    """
    first, *locals_ = networks
    assert isinstance(first, GlobalNetwork)
    used = config.local_stages[: len(locals_)]
    localizer = Localizer(
        build_normalisation(config),
        first,
        [network for network in locals_ if isinstance(network, LocalNetwork)],
        [config.global_stage.spacing_mm, *(stage.spacing_mm for stage in used)],
        list(crops),
        [stage.passes for stage in used],
        [stage.reach_mm if stage.pose else 0.0 for stage in used],
        None if shape_mm is None else torch.tensor(shape_mm),
        config.global_stage.any_pose,
        [_method(config.stage(number)) for number in range(len(networks))],
        calibration,
        config.answer == "joint",
    )
    return localizer.eval()


def _method(stage: StageConfig) -> StageMethod:
    """Return how a stage's network answers and its patches vote; without classification they vote alike."""
    voting = stage.voting if stage.classification else "uniform"
    return StageMethod(stage.regression, voting, stage.voting_count, stage.voting_threshold)


def stage_infos(localizer: Localizer) -> tuple[StageInfo, ...]:
    """Return the geometry of each stage for the model's metadata."""
    strides = [localizer.global_stride, *localizer.strides]
    crops: list[int | None] = [None, *localizer.crops]
    passes = [1, *localizer.passes]
    poses = [len(localizer.turns) > 0, *(reach > 0 for reach in localizer.reaches_mm)]
    return tuple(
        StageInfo(spacing_mm=spacing, stride=stride, offset=(stride - 1) / 2, crop=crop, passes=count, pose=pose)
        for spacing, stride, crop, count, pose in zip(localizer.spacings_mm, strides, crops, passes, poses, strict=True)
    )
