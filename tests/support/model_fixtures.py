"""Real model files and images for tests that need some: tiny, untrained, made as any other."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch

from core.images.file import write_image
from core.method.localizer import Localizer
from core.method.networks import GlobalLayout, GlobalNetwork, LocalLayout, LocalNetwork
from core.method.normalisation import Normalisation
from core.method.stages import GlobalStage, LocalStage
from core.models.export import export_localizer
from core.models.metadata import ModelInfo, StageInfo
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource

TINY_GLOBAL = GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), pool_before=(True, True), head_channels=8)
TINY_LOCAL = LocalLayout(channels=(4, 8), pairs=(1, 1), head_channels=8)


def make_tiny_localizer(ndim: int = 2) -> Localizer:
    """Make an untrained localizer of two stages for two landmarks, the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        first = GlobalStage(network=GlobalNetwork(ndim, 2, TINY_GLOBAL), spacing_mm=1.0)
        local = LocalStage(network=LocalNetwork(ndim, 2, TINY_LOCAL), spacing_mm=0.5, crop=16)
    return Localizer(Normalisation("equalize"), first, [local]).eval()


def make_tiny_info(ndim: Literal[2, 3] = 2) -> ModelInfo:
    """Make the metadata of `make_tiny_localizer`."""
    return ModelInfo(
        name="tiny",
        version="0.1",
        ndim=ndim,
        modality="noise",
        landmarks=("left", "right"),
        abbreviations=("L", "R"),
        training_spacing_mm=0.5,
        stages=(
            StageInfo(spacing_mm=1.0, stride=8, offset=3.5),
            StageInfo(spacing_mm=0.5, stride=2, offset=0.5, crop=16),
        ),
        normalisation="equalize",
    )


def write_tiny_model(path: Path, ndim: Literal[2, 3] = 2) -> Path:
    """Write the model file of `make_tiny_localizer`; return ``path``."""
    voxels = torch.rand((40,) * ndim, generator=torch.Generator().manual_seed(7))
    export_localizer(make_tiny_localizer(ndim), make_tiny_info(ndim), path, [(voxels, torch.full((ndim,), 0.5))])
    return path


def write_tiny_image(
    path: Path, *, shape: tuple[int, ...] = (60, 50), spacing_mm: float | None = None, constant: bool = False
) -> Path:
    """Write an image of noise, by default without a pixel size; return ``path``."""
    noise = np.random.default_rng(3).integers(0, 255, shape).astype(np.uint8)
    voxels = np.full(shape, 40, np.uint8) if constant else noise
    grid = Grid.from_spacing(shape, spacing_mm or 1.0)
    write_image(
        Image(
            voxels,
            grid,
            ImageSource(path, spacing_source=SpacingSource.FILE if spacing_mm is not None else SpacingSource.UNKNOWN),
        ),
        path,
    )
    return path
