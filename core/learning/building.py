"""Building networks and whole localizers from a training configuration.

The one place that knows which configuration field becomes which argument; training and export both build here.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.learning.configuration import GlobalStageConfig, LocalStageConfig, StageConfig, TrainingConfig
from core.method.calibration import Calibration
from core.method.encoder_decoder import EncoderDecoderLayout, EncoderDecoderNetwork
from core.method.localizer import Localizer
from core.method.networks import GlobalLayout, GlobalNetwork, LocalLayout, LocalNetwork
from core.method.normalisation import Normalisation
from core.method.stages import GlobalStage, LocalStage, StageMethod
from core.models.metadata import StageInfo

Weights = dict[str, Tensor]
StageNetwork = GlobalNetwork | EncoderDecoderNetwork | LocalNetwork


def build_normalisation(config: TrainingConfig) -> Normalisation:
    """Return the intensity normalisation of ``config``."""
    chosen = config.normalisation
    return Normalisation(chosen.kind, chosen.low, chosen.high)


def build_network(config: TrainingConfig, stage: int, landmarks: int, weights: Weights | None = None) -> StageNetwork:
    """Return the network of ``stage`` (0 is the global one), untrained or with ``weights``."""
    network: StageNetwork
    if stage == 0 and config.global_stage.network == "encoder-decoder":
        network = EncoderDecoderNetwork(config.ndim, landmarks, _encoder_decoder_layout(config.global_stage))
    elif stage == 0:
        network = GlobalNetwork(config.ndim, landmarks, _global_layout(config.global_stage))
    else:
        network = LocalNetwork(config.ndim, landmarks, _local_layout(config.local_stages[stage - 1]))
    if weights is not None:
        network.load_state_dict(weights)
    return network


def build_localizer(
    config: TrainingConfig,
    networks: Sequence[nn.Module],
    crops: Sequence[int],
    shape_mm: Sequence[Sequence[float]] | None = None,
    calibration: Calibration | None = None,
    shares: Sequence[Sequence[float]] = (),
    offsets_mm: Sequence[Sequence[float]] = (),
) -> Localizer:
    """Join the networks of the first stages, global first, to a localizer in evaluation mode.

    ``shape_mm`` is the mean shape ``(L, D)`` along the array axes, needed where a stage normalises the pose; ``shares``
    how much each stage counts, instead of what the configuration says of the answer; ``offsets_mm`` ``[landmark][axis]`` how far
    from where the networks know it a landmark is wanted, nothing where that is the same.
    """
    first, *locals_ = networks
    assert isinstance(first, GlobalNetwork | EncoderDecoderNetwork)
    local_stages = []
    for network, stage, crop in zip(locals_, config.local_stages[: len(locals_)], crops, strict=True):
        assert isinstance(network, LocalNetwork)
        local_stages.append(
            LocalStage(
                network=network,
                spacing_mm=stage.spacing_mm,
                crop=crop,
                passes=stage.passes,
                reach_mm=stage.reach_mm if stage.pose else 0.0,
                method=_method(stage),
            )
        )
    localizer = Localizer(
        build_normalisation(config),
        GlobalStage(
            network=first,
            spacing_mm=config.global_stage.spacing_mm,
            any_pose=config.global_stage.any_pose,
            method=_method(config.global_stage),
        ),
        local_stages,
        shape_mm=None if shape_mm is None else torch.tensor(shape_mm),
        calibration=calibration,
        joint=config.answer == "joint",
        shares=shares,
        offsets_mm=torch.tensor(offsets_mm) if offsets_mm else None,
    )
    return localizer.eval()


def _global_layout(stage: GlobalStageConfig) -> GlobalLayout:
    return GlobalLayout(
        stem_channels=stage.stem_channels,
        channels=stage.channels,
        pairs=stage.pairs,
        pool_before=stage.pool_before,
        head_channels=stage.head_channels,
        regression=stage.regression != "off",
        classification=stage.classification,
        dropout=stage.dropout,
    )


def _encoder_decoder_layout(stage: GlobalStageConfig) -> EncoderDecoderLayout:
    return EncoderDecoderLayout(
        stem_channels=stage.stem_channels,
        channels=stage.channels,
        pairs=stage.pairs,
        context_pairs=stage.context_pairs,
        decoder_channels=stage.decoder_channels,
        head_channels=stage.head_channels,
        regression=stage.regression != "off",
        classification=stage.classification,
        dropout=stage.dropout,
    )


def _local_layout(stage: LocalStageConfig) -> LocalLayout:
    return LocalLayout(
        channels=stage.channels,
        pairs=stage.pairs,
        head_channels=stage.head_channels,
        shared_trunk=stage.shared_trunk,
        regression=stage.regression != "off",
        classification=stage.classification,
        dropout=stage.dropout,
    )


def _method(stage: StageConfig) -> StageMethod:
    """Return how a stage's network answers and its patches vote; without classification they vote alike."""
    voting = stage.voting if stage.classification else "uniform"
    return StageMethod(stage.regression, voting, stage.voting_count, stage.voting_threshold, stage.posterior)


def stage_infos(localizer: Localizer) -> tuple[StageInfo, ...]:
    """Return the geometry of each stage for the model's metadata."""
    strides = [localizer.global_stride, *localizer.strides]
    crops: list[int | None] = [None, *localizer.crops]
    passes = [1, *localizer.passes]
    poses = [len(localizer.orientations) > 0, *(reach > 0 for reach in localizer.reaches_mm)]
    return tuple(
        StageInfo(spacing_mm=spacing, stride=stride, offset=(stride - 1) / 2, crop=crop, passes=count, pose=pose)
        for spacing, stride, crop, count, pose in zip(localizer.spacings_mm, strides, crops, passes, poses, strict=True)
    )
