"""A small picture of an image, for lists: grey, window-levelled, in the proportions that the object has.

Of a volume it is the axial slice in the middle. Pure arithmetic on values; what a person sees of an open image is `app.views`.
"""

import numpy as np
import numpy.typing as npt
import PIL.Image

from core.geometry.canonical import to_canonical
from core.values.image import Image

LARGEST_SIDE_PX = 96
_DARKEST_PERCENT, _BRIGHTEST_PERCENT = 0.5, 99.5


def thumbnail_of(image: Image, side_px: int = LARGEST_SIDE_PX) -> npt.NDArray[np.uint8]:
    """Return a small grey picture of an image.

    Parameters
    ----------
    image
        2D, or 3D.
    side_px
        Length of its longer side.

    Returns
    -------
    numpy.ndarray
        ``(rows, columns)`` uint8, at most ``side_px`` long, of square pixels; what is no number counts as 0.
    """
    canonical = to_canonical(image)
    picture = canonical.voxels if image.ndim == 2 else canonical.voxels[canonical.grid.shape[0] // 2]
    extent_mm = np.asarray(picture.shape) * canonical.grid.spacing_mm[-2:]
    rows, columns = np.maximum(1, np.round(side_px * extent_mm / extent_mm.max())).astype(int).tolist()
    grey = np.nan_to_num(picture.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    small = np.asarray(PIL.Image.fromarray(grey).resize((columns, rows), PIL.Image.Resampling.BOX))
    low, high = np.percentile(small, [_DARKEST_PERCENT, _BRIGHTEST_PERCENT])
    if high <= low:
        return np.full(small.shape, 128, np.uint8)
    scaled: npt.NDArray[np.uint8] = np.clip((small - low) * (255 / (high - low)), 0, 255).round().astype(np.uint8)
    return scaled
