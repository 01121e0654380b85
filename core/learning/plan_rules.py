"""The rules by which a plan is made from facts: one function each, and with each value the reason for it.

`docs/planning.md` tells the same rules to people, with where each comes from. They choose values and compute no times: what fits
into the minutes is `core/learning/plan.py`'s.
"""

import math
from dataclasses import dataclass
from typing import Any

from core.learning.configuration import AugmentationConfig, NormalisationConfig
from core.learning.facts import Facts

GLOBAL_SAMPLES = {2: (480, 400, 320, 256, 192, 128), 3: (128, 112, 96, 80, 64, 56, 48, 40, 32)}
"""How many samples long the first stage may see the image, from the finest."""
LOCAL_RATIO = {2: 2.5, 3: 2.0}
"""By how much a local stage is finer than the stage before it."""
EXPECTED_ERROR = 3.2
"""How far the estimates of a stage are off at most, but for three in a hundred, in its own samples."""
FINER_AT_LEAST = 1.4
"""A local stage must be finer than the stage before by this much to be worth its time."""
MARKING_PRECISION = 1 / 200
"""As a part of the object, how closely people agree on a landmark: no stage need see finer."""
POSE_ROTATION_DEG = 70.0
"""Some degrees above 63, the furthest that an object can be from the nearest of 24 orientations; of 4 in 2D it is 45."""
LONG_MINUTES = 60.0
"""From so many minutes on, networks are wider and a second local stage may follow."""


@dataclass(frozen=True)
class Reason:
    """Why a setting of a plan has its value, in words for people.

    Attributes
    ----------
    setting, value, why
        What is set, to what, and for which reason.
    """

    setting: str
    value: str
    why: str


def length(facts: Facts, value_mm: float) -> str:
    """Return a length as people read it."""
    return f"{value_mm:.3g} {facts.unit}"


def normalisation(facts: Facts) -> tuple[NormalisationConfig, Reason]:
    """Choose how intensities are normalised from what kind they are."""
    what = "Intensities"
    if facts.intensities == "picture":
        why = "grey values of X-rays and pictures have no unit: their ranks do not mind exposure and lighting"
        return NormalisationConfig(kind="equalize"), Reason(what, "equalised", why)
    if facts.intensities == "hounsfield":
        margin = 0.1 * max(1.0, facts.high - facts.low)
        low, high = float(math.floor(facts.low - margin)), float(math.ceil(facts.high + margin))
        why = "CT numbers: what lies around the landmarks has values between these"
        return NormalisationConfig(kind="window", low=low, high=high), Reason(what, f"{low:g} to {high:g} HU", why)
    if facts.intensities == "in air":
        why = "the object stands out from an empty background, which becomes 0"
        return NormalisationConfig(kind="foreground"), Reason(what, "foreground", why)
    why = "the scanner's values have no unit: mean 0 and deviation 1 in each image"
    return NormalisationConfig(kind="zscore"), Reason(what, "z-scores", why)


def pose(facts: Facts) -> tuple[bool, Reason]:
    """Decide whether the pose of the object must be found out for each image."""
    turned = f"objects are turned by up to {facts.rotation_deg:.0f}° from the typical pose"
    if facts.posed:
        return True, Reason("Pose", "any", f"{turned}: every orientation is tried, crops are taken in one pose")
    return False, Reason("Pose", "as they lie", turned)


def mirror(facts: Facts) -> Reason:
    """Say whether mirrored images are learnt from, too."""
    if not facts.mirror:
        return Reason("Mirrored images", "no", "a mirrored case looks like none of these")
    pairs = sum(partner > row for row, partner in enumerate(facts.mirror))
    return Reason(
        "Mirrored images", f"yes, {pairs} pairs", "a mirrored case looks like these: as if there were twice as many"
    )


def network(facts: Facts, minutes: float, samples: float) -> dict[str, Any]:
    """Choose the layers of the first stage: wider where there is time, deeper where there are more samples along the image."""
    wide = minutes >= LONG_MINUTES
    levels = 4 if samples >= 96 else 3 if samples >= 24 else 2
    channels = (48, 96, 192, 256) if wide and facts.ndim == 2 else (32, 64, 128, 192)
    pairs = (2, 3, 3, 2) if wide else (1, 2, 2, 2)
    return {
        "network": "encoder-decoder",
        "stem_channels": 24 if wide and facts.ndim == 2 else 16,
        "channels": channels[:levels],
        "pairs": pairs[:levels],
        "decoder_channels": 64 if wide else 48,
        "head_channels": 128 if wide else 96,
        "dropout": 0.2,
        "regression": "linear",
        "posterior": "soft-max",
        "label_patches": 0.5,
        "nearness_patches": 3.0,
    }


def global_spacings(facts: Facts) -> list[float]:
    """Return the spacings at which the first stage may see the image, from the finest; none is finer than the images."""
    longest = max(facts.extent_mm)
    found = [longest / samples for samples in GLOBAL_SAMPLES[facts.ndim]]
    coarser = [spacing for spacing in found if spacing > 1.1 * facts.spacing_mm]
    own = [] if len(coarser) == len(found) else [facts.spacing_mm]
    return [float(f"{spacing:.3g}") for spacing in (*own, *coarser)]


def whole_image(facts: Facts, spacing_mm: float, stride: int = 4) -> tuple[int, ...]:
    """Return the sides in samples that hold the whole image, in whole patches."""
    return tuple(stride * math.ceil(side / spacing_mm / stride - 0.01) for side in facts.extent_mm)


def local_spacings(facts: Facts, global_mm: float, minutes: float) -> list[float]:
    """Return the spacings of the local stages: each finer than the stage before, down to how fine images and marks are."""
    found: list[float] = []
    before, finest = global_mm, finest_needed(facts)
    while len(found) < (2 if minutes >= LONG_MINUTES else 1):
        spacing = max(finest, before / LOCAL_RATIO[facts.ndim])
        if before / spacing < FINER_AT_LEAST:
            break
        found.append(float(f"{spacing:.3g}"))
        before = spacing
    return found


def finest_needed(facts: Facts) -> float:
    """Return the spacing below which there is nothing to learn: that of the images, or what people can tell apart, mm."""
    return max(facts.spacing_mm, MARKING_PRECISION * facts.object_mm)


def local_crop(before_mm: float, spacing_mm: float, stride: int = 4) -> int:
    """Return the side of a local stage's crops in samples: it holds the errors of the stage before, with a quarter to spare."""
    reach = EXPECTED_ERROR * before_mm / spacing_mm
    return stride * max(4, math.ceil(2 * 1.25 * reach / stride))


def local_network(facts: Facts) -> dict[str, Any]:
    """Choose the layers of a local stage, whose landmarks share their trunk: few cases cannot teach one for each."""
    flat = facts.ndim == 2
    return {
        "channels": (32, 64, 128) if flat else (16, 32, 64),
        "pairs": (1, 2, 3) if flat else (1, 1, 2),
        "head_channels": 64 if flat else 48,
        "shared_trunk": True,
        "passes": 2,
        "placement": "centred",
    }


def local_batch(facts: Facts) -> int:
    """Return how many images a step of a local stage learns from: of each it sees one crop per landmark."""
    return max(2, min(8, round(48 / len(facts.landmarks))))


def global_augmentation(facts: Facts) -> AugmentationConfig:
    """Choose how images are varied in the first stage: somewhat more than the cases vary by themselves."""
    few = 1.5 if facts.cases < 20 else 1.0
    longest = max(facts.extent_mm)
    return AugmentationConfig(
        rotation_deg=POSE_ROTATION_DEG if facts.posed else min(45.0, max(10.0, round(1.25 * facts.rotation_deg))),
        scale=_scale(facts),
        aspect=0.05,
        translation_mm=_rounded(min(0.1 * longest, max(0.02 * longest, 1.5 * facts.wander_mm))),
        elastic_mm=_rounded(few * 0.01 * _object_mm(facts)),
        elastic_grid_mm=_rounded(0.4 * _object_mm(facts)),
        mirror=bool(facts.mirror),
        **_intensity_changes(facts),
    )


def local_augmentation(facts: Facts, crop_mm: float, first: bool) -> AugmentationConfig:
    """Choose how the crops of a local stage are varied; in one pose, rotation stands for the error of finding that pose."""
    rotation = (15.0 if first else 8.0) if facts.posed else min(45.0, max(10.0, round(1.25 * facts.rotation_deg)))
    return AugmentationConfig(
        rotation_deg=rotation,
        scale=_scale(facts),
        elastic_mm=_rounded(0.025 * crop_mm),
        elastic_grid_mm=_rounded(0.5 * crop_mm),
        mirror=bool(facts.mirror),
        **_intensity_changes(facts),
    )


def augmentation_reason(facts: Facts, chosen: AugmentationConfig) -> Reason:
    """Say how much images are varied."""
    value = f"rotation {chosen.rotation_deg:.0f}°, scale {100 * chosen.scale:.0f} %, shift {length(facts, chosen.translation_mm)}"
    varies = f"sizes vary by {100 * facts.size_spread:.0f} %, places by {length(facts, facts.wander_mm)}"
    why = f"somewhat more than the cases: {varies}"
    return Reason("Variation", value, why)


def _object_mm(facts: Facts) -> float:
    """Return the size of the object; a single landmark has none, so half of the image stands for it."""
    return facts.object_mm or 0.5 * max(facts.extent_mm)


def _scale(facts: Facts) -> float:
    return round(min(0.25, max(0.1, 0.08 + 1.5 * facts.size_spread)), 2)


def _intensity_changes(facts: Facts) -> dict[str, float]:
    """Return how intensities are varied: where 0 means air or a CT number, it must stay what it is."""
    if facts.intensities in ("in air", "hounsfield"):
        return {"contrast": 0.2, "noise": 0.05, "sharpness": 0.5}
    return {"contrast": 0.3, "brightness": 0.2, "gamma": 0.3, "noise": 0.15, "sharpness": 0.7}


def _rounded(value: float) -> float:
    return float(f"{max(value, 1e-6):.3g}")
