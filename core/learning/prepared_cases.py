"""Training and validation images in memory, prepared exactly as the localizer prepares them.

Each image is read and normalised once and kept at its own spacing, as float16 where that loses nothing that matters; stages
resample it to theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.base.errors import ConfigError
from core.geometry.canonical import to_canonical
from core.geometry.shapes import mean_shape
from core.learning.cases import Case, read_case_image
from core.learning.configuration import TrainingConfig
from core.learning.sampling import StageCase
from core.method.crop_frames import factors_of
from core.method.normalisation import Normalisation
from core.method.pose import fit_shape
from core.method.resampling import resample


@dataclass(frozen=True)
class PreparedCase:
    """A case ready for any stage.

    Attributes
    ----------
    case
        Where it came from, with the digest of its image's content.
    prepared
        ``(*shape)`` float16 or float32 normalised voxels at the image's own spacing, see `compact`.
    spacing_mm
        ``(D,)`` float32 per array axis.
    points_index
        ``(L, D)`` float32 landmarks as index, NaN where absent.
    """

    case: Case
    prepared: Tensor
    spacing_mm: Tensor
    points_index: Tensor

    @property
    def points_mm(self) -> Tensor:
        """``(L, D)`` landmarks along the array axes, mm."""
        return self.points_index * self.spacing_mm

    def at_spacing(self, spacing_mm: float) -> StageCase:
        """Return the case resampled to a stage's spacing."""
        factors = factors_of(self.spacing_mm, spacing_mm)
        scale = torch.tensor(factors)
        image = self.prepared
        if any(abs(factor - 1.0) > 1e-6 for factor in factors):
            image = resample(self.prepared.float(), factors).to(self.prepared.dtype)
        return StageCase(image, (self.points_index + 0.5) / scale - 0.5)


def with_rotation(case: StageCase, prepared: PreparedCase, shape_mm: Tensor) -> StageCase:
    """Return ``case`` with the rotation from the pose of the mean shape ``(L, D)`` to that of its truth."""
    known = torch.isfinite(prepared.points_mm).all(1)
    rotation, _ = fit_shape(shape_mm[known], prepared.points_mm[known])
    return replace(case, rotation=rotation)


def stage_cases(
    config: TrainingConfig,
    stage: int,
    cases: Sequence[PreparedCase],
    shape_mm: Sequence[Sequence[float]] | None,
    offsets_mm: Sequence[Sequence[float]] = (),
) -> list[StageCase]:
    """Return cases as a stage of ``config`` sees them.

    Parameters
    ----------
    config, stage, cases
        Which stage is to see what.
    shape_mm
        The mean shape where the stage normalises the pose.
    offsets_mm
        How far from where its network is to know them the landmarks lie, see `core.method.localizer.Localizer`.
    """
    spacing_mm = config.stage(stage).spacing_mm
    seen = [case.at_spacing(spacing_mm) for case in cases]
    if offsets_mm:
        apart = torch.tensor(offsets_mm) / spacing_mm
        seen = [replace(case, points=case.points - apart) for case in seen]
    if not config.in_mean_pose(stage):
        return seen
    shape = torch.tensor(shape_mm)
    return [with_rotation(case, prepared, shape) for case, prepared in zip(seen, cases, strict=True)]


def mean_shape_of(cases: Sequence[PreparedCase]) -> list[list[float]]:
    """Return the mean shape of the cases' landmarks ``[landmark][axis]`` along the array axes, mm.

    Raises
    ------
    ConfigError
        No case has all its landmarks.
    """
    try:
        shape: list[list[float]] = mean_shape([case.points_mm.numpy() for case in cases]).tolist()
    except ValueError as error:
        raise ConfigError(
            "The pose cannot be normalised: no training case has all landmarks.",
            "Set any_pose and pose to false in all stages, or complete a case.",
        ) from error
    return shape


def compact(normalised: Tensor, kind: str) -> Tensor:
    """Return normalised intensities as float16, which takes half the memory, where that is safe; else as float32.

    Parameters
    ----------
    normalised
        ``(*shape)`` float32.
    kind
        How they were normalised, see `core.method.normalisation.Normalisation`. Raw values may be of any size: float16 has no
        number above 65504 and steps of 32 just below that, which may be all the contrast there is.
    """
    if kind == "none":
        return normalised
    half = normalised.half()
    return half if torch.isfinite(half).all() else normalised


def prepare_case(case: Case, normalisation: Normalisation) -> PreparedCase:
    """Read, orient and normalise one case's image."""
    image = to_canonical(read_case_image(case))
    voxels = torch.from_numpy(image.voxels.astype("float32"))
    return PreparedCase(
        replace(case, sha256=image.source.sha256),
        compact(normalisation(voxels), normalisation.kind),
        torch.tensor(image.grid.spacing_mm, dtype=torch.float32),
        torch.tensor(image.grid.to_index(case.landmarks.points_mm), dtype=torch.float32),
    )


def prepare_cases(
    cases: Sequence[Case], normalisation: Normalisation, progress: Callable[[int, int], None] | None = None
) -> list[PreparedCase]:
    """Prepare all ``cases``; ``progress`` hears how many of how many are done."""
    prepared = []
    for number, case in enumerate(cases, 1):
        prepared.append(prepare_case(case, normalisation))
        if progress is not None:
            progress(number, len(cases))
    return prepared
