"""Which voxel values are drawn black and white. Pure arithmetic on values; knows no Qt."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Levels = tuple[float, float]
_SAMPLES = 1_000_000


def percentile_levels(voxels: npt.NDArray[Any], low_percent: float = 0.5, high_percent: float = 99.5) -> Levels:
    """Return the levels that leave out the darkest and brightest few voxels.

    Looks at about a million voxels at most, spread evenly, and copies no others. A constant image gets levels around
    its value.
    """
    sample = np.asarray(_sampled(voxels), dtype=np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(sample, [low_percent, high_percent]))
    if high <= low:
        low, high = float(sample.min()), float(sample.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _sampled(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of some of the voxels."""
    step = max(1, voxels.size // _SAMPLES)
    if voxels.flags.c_contiguous:
        return voxels.reshape(-1)[::step]
    strides = slice(None, None, math.ceil(step ** (1 / voxels.ndim)))
    return voxels[(strides,) * voxels.ndim]


def dragged_levels(levels: Levels, right: float, up: float, full: Levels) -> Levels:
    """Return the levels after a drag over the image.

    Parameters
    ----------
    levels
        Levels when the drag began.
    right, up
        How far the mouse has moved, as fractions of the view's size. To the right widens the window (less contrast),
        upwards lowers its centre (brighter).
    full
        Levels of the whole image, which set the scale.
    """
    scale = full[1] - full[0]
    centre = (levels[0] + levels[1]) / 2 - up * scale
    width = (levels[1] - levels[0]) * float(np.exp(2 * right))
    width = float(np.clip(width, scale * 1e-3, scale * 20))
    return centre - width / 2, centre + width / 2


def grey_values(pixels: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Return pixels as bytes of which 0 stands for values up to ``low`` and 255 for those from ``high`` on."""
    part = (np.asarray(pixels, dtype=np.float32) - low) / max(high - low, 1e-30)
    grey: npt.NDArray[np.uint8] = np.clip(np.nan_to_num(part) * 255, 0, 255).astype(np.uint8)
    return grey
