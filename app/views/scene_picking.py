"""What lies under a place of the 3D panel: the point of the volume that is seen there. Pure numpy, no Qt.

The rendering shows along each line of sight its brightest value, what is farther being darker; the point that gives this value is
what a person means when they click there.
"""

import numpy as np
import numpy.typing as npt

from app.session.window_level import Levels
from app.views.projection import ProjectionView, radius_mm
from app.views.volume_rendering import FARTHEST_SHADE, rendering_levels
from core.values.grid import FloatArray
from core.values.image import Image

LEAST_BRIGHTNESS = 0.12
"""What is darker is taken for nothing: there is no telling what a person sees there."""
_MOST_SAMPLES = 6000


def seen_at(image: Image, view: ProjectionView, levels: Levels, place_px: tuple[float, float]) -> FloatArray | None:
    """Return the point ``(3,)`` of a volume that is seen under a place of the panel, LPS mm; None where all is dark.

    Parameters
    ----------
    image
        The volume.
    view
        How it is looked at.
    levels
        Of the slices, from which follow those of the rendering.
    place_px
        ``(x, y)`` on the panel.
    """
    across_mm = (np.asarray(place_px) - view.middle_px - np.asarray(view.offset_px)) / view.scale
    start_mm = view.centre_mm + across_mm @ view.screen_from_patient[:2]
    reach_mm = radius_mm(image.grid)
    step_mm = max(float(image.grid.spacing_mm.min()) / 2, 2 * reach_mm / _MOST_SAMPLES)
    points_mm = start_mm + np.arange(-reach_mm, reach_mm, step_mm)[:, None] * view.away
    samples = np.rint(image.grid.to_index(points_mm)).astype(np.int64)
    inside = ((samples >= 0) & (samples < image.grid.shape)).all(axis=1)
    if not inside.any():
        return None
    points_mm, samples = points_mm[inside], samples[inside]
    low, high = rendering_levels(levels)
    values = image.voxels[tuple(samples.T)].astype(np.float64)
    brightness = np.clip((np.nan_to_num(values, nan=-np.inf) - low) / max(high - low, 1e-12), 0, 1)
    brightness *= _shades(image, view, samples)
    brightest = int(np.argmax(brightness))
    return points_mm[brightest] if brightness[brightest] >= LEAST_BRIGHTNESS else None


def _shades(image: Image, view: ProjectionView, samples: npt.NDArray[np.int64]) -> FloatArray:
    """Return how bright the same value is at each sample, as the rendering has it: from slice to slice, the near end at 1."""
    along = image.grid.index_from_mm[:3, :3] @ view.away
    axis = int(np.argmax(np.abs(along)))
    depth = samples[:, axis] / max(1, image.grid.shape[axis] - 1)
    if along[axis] < 0:
        depth = 1 - depth
    return np.asarray(1 - (1 - FARTHEST_SHADE) * depth)
