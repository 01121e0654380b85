"""Random crops for training: whole or partial views for the global stage, one crop per landmark for local ones.

Every item of a batch is a pure function of the seed, the stage, the iteration and its number in the batch. So a resumed
training sees exactly what an uninterrupted one would have seen, and several processes that share a batch what one would.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.learning.augmentation import SpatialMap, change_intensity, random_elastic, random_matrices
from core.learning.configuration import AugmentationConfig, LocalStageConfig
from core.learning.mirror import Mirror


@dataclass(frozen=True)
class StageCase:
    """One training case at a stage's spacing.

    Attributes
    ----------
    image
        ``(*shape)`` float16 or float32, normalised and resampled exactly as the localizer does it.
    points
        ``(L, D)`` float32 landmarks in samples of ``image``, NaN where absent.
    rotation
        ``(D, D)`` image_from_crop: how the stage's crops lie in the image, for a stage that normalises the pose.
    """

    image: Tensor
    points: Tensor
    rotation: Tensor | None = None


class Batch(NamedTuple):
    """Crops ``(B, C, *size)`` and landmarks ``(B, L, D)`` in samples of them; ``C`` is 1 or ``L``.

    A landmark is NaN where absent, infinite where a mirrored image has none of its name.
    """

    images: Tensor
    points: Tensor


def random_generators(seed: int, stage: int, iteration: int, items: Iterable[int]) -> list[np.random.Generator]:
    """Return the generators of the randomness of some ``items`` of an iteration's batch."""
    return [np.random.default_rng((seed, stage, iteration, item)) for item in items]


def _sampled(image: Tensor, source: Tensor) -> Tensor:
    """Interpolate ``image`` linearly at positions ``source`` ``(N, *size, D)``; zeros outside. Returns ``(N, *size)``."""
    shape = torch.tensor(image.shape)
    if image.numel() < 8 * source[..., 0].numel():
        return _interpolated(image, _relative(source, shape))
    # Crops see little of an X-ray and less of a volume; all of it as float32 would cost more than everything else.
    positions = source.flatten(1, -2)
    first = torch.minimum(positions.amin(1).floor().long().clamp(min=0), shape - 1)
    seen = torch.minimum(positions.amax(1).ceil().long().clamp(min=0), shape - 1) + 1 - first
    where = _relative(positions - first[:, None], seen[:, None]).reshape(source.shape)
    crops = []
    for starts, lengths, crop in zip(first.tolist(), seen.tolist(), where.unsqueeze(1), strict=True):
        window = image[tuple(slice(start, start + length) for start, length in zip(starts, lengths, strict=True))]
        crops.append(_interpolated(window, crop))
    return torch.cat(crops)


def _relative(positions: Tensor, shape: Tensor) -> Tensor:
    """Return ``positions`` ``(…, D)`` in an image of ``shape`` as ``grid_sample`` counts them."""
    return ((positions + 0.5) * (2.0 / shape) - 1.0).flip(-1)


def _interpolated(image: Tensor, where: Tensor) -> Tensor:
    """Return ``image`` at positions ``(N, *size, D)`` from `_relative`, ``(N, *size)``."""
    images = image.float().expand(len(where), 1, *image.shape)
    values = torch.nn.functional.grid_sample(images, where, mode="bilinear", padding_mode="zeros", align_corners=False)
    return values[:, 0]


def _posed(
    case: StageCase, rng: np.random.Generator, count: int, augmentation: AugmentationConfig, mirror: Mirror | None
) -> tuple[Tensor, Tensor]:
    """Draw how ``count`` crops of a case lie, ``(count, D, D)``, and say where its landmarks ``(L, D)`` then are.

    Every second case is mirrored where the augmentation says so, which gives its landmarks their partners' places.
    """
    matrix = random_matrices(rng, count, case.image.dim(), augmentation)
    truth = case.points
    if mirror is not None and augmentation.mirror and rng.uniform() < 0.5:
        matrix = mirror.matrix @ matrix
        truth = mirror.renamed(truth)
    return matrix if case.rotation is None else case.rotation @ matrix, truth


def global_batch(
    cases: Sequence[StageCase],
    generators: Sequence[np.random.Generator],
    size: tuple[int, ...],
    spacing_mm: float,
    augmentation: AugmentationConfig,
    mirror: Mirror | None = None,
) -> Batch:
    """Draw a crop of ``size`` at a random place of a random case with each generator (paper, section V.A.1).

    ``mirror`` is needed where the augmentation mirrors.
    """
    return _joined(_global_item(cases, rng, size, spacing_mm, augmentation, mirror) for rng in generators)


def _global_item(
    cases: Sequence[StageCase],
    rng: np.random.Generator,
    size: tuple[int, ...],
    spacing_mm: float,
    augmentation: AugmentationConfig,
    mirror: Mirror | None,
) -> tuple[Tensor, Tensor]:
    """Draw one item of a `global_batch`: ``(1, *size)`` and ``(L, D)``."""
    ndim = len(size)
    case = cases[int(rng.integers(len(cases)))]
    shape = np.asarray(case.image.shape)
    slack = np.abs(shape - np.asarray(size))  # a crop larger than the image shifts around it
    jitter = rng.uniform(-augmentation.translation_mm, augmentation.translation_mm, ndim) / spacing_mm
    centre = (shape - 1) / 2 + rng.uniform(-0.5, 0.5, ndim) * slack + jitter
    matrix, truth = _posed(case, rng, 1, augmentation, mirror)
    spatial = SpatialMap(
        matrix,
        torch.tensor(centre, dtype=torch.float32).unsqueeze(0),
        (torch.tensor(size, dtype=torch.float32) - 1) / 2,
        size,
        random_elastic(rng, 1, size, augmentation, spacing_mm),
    )
    crop = change_intensity(_sampled(case.image, spatial.source_of_grid()), rng, augmentation)
    found = spatial.output_of(truth.unsqueeze(0))[0]
    return crop, torch.where(torch.isinf(truth), truth, found)


def local_batch(
    cases: Sequence[StageCase],
    generators: Sequence[np.random.Generator],
    crop: int,
    settings: LocalStageConfig,
    mirror: Mirror | None = None,
) -> Batch:
    """Draw, with each generator, from a random case one crop per landmark that always contains it (section V.A.1).

    The crop of a landmark that is absent, or unknown in a mirrored image, lies at a random place. ``mirror`` is needed where
    the augmentation mirrors.
    """
    return _joined(_local_item(cases, rng, crop, settings, mirror) for rng in generators)


def _local_item(
    cases: Sequence[StageCase], rng: np.random.Generator, crop: int, settings: LocalStageConfig, mirror: Mirror | None
) -> tuple[Tensor, Tensor]:
    """Draw one item of a `local_batch`: ``(L, *crop)`` and ``(L, D)``."""
    case = cases[int(rng.integers(len(cases)))]
    landmarks, ndim = case.points.shape
    augmentation = settings.augmentation
    size = (crop,) * ndim
    middle = (torch.tensor(size, dtype=torch.float32) - 1) / 2
    reach = rng.uniform(0, 1, (landmarks, 1)) if settings.placement == "centred" else 1.0
    wanted = rng.uniform(-0.5, 0.5, (landmarks, ndim)) * reach * (crop - 1)
    place = torch.from_numpy((rng.uniform(0, 1, (landmarks, ndim)) * case.image.shape).astype(np.float32))
    matrix, truth = _posed(case, rng, landmarks, augmentation, mirror)
    known = torch.isfinite(truth)
    offset = torch.from_numpy(wanted.astype(np.float32))
    elastic = random_elastic(rng, landmarks, size, augmentation, settings.spacing_mm)
    shift = SpatialMap(matrix, torch.zeros(landmarks, ndim), middle, size, elastic)
    # Choose the source centre so that the landmark falls on ``middle + offset``, elastic displacement included.
    moved = torch.einsum("nij,nj->ni", matrix, offset) + shift.elastic_at((middle + offset).unsqueeze(1)).squeeze(1)
    spatial = SpatialMap(matrix, torch.where(known, truth, place) - moved, middle, size, elastic)
    crops = change_intensity(_sampled(case.image, spatial.source_of_grid()), rng, augmentation)
    return crops, torch.where(known, middle + offset, truth)


def _joined(items: Iterable[tuple[Tensor, Tensor]]) -> Batch:
    images, points = zip(*items, strict=True)
    return Batch(torch.stack(images), torch.stack(points))
