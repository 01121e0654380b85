"""Which part of a slice is in view: how far it may be zoomed, and whether the next image is looked at in the same way.

Pure arithmetic on values; knows no Qt.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.geometry.planes import SlicePlane
from core.values.image import Image

SAME_WITHIN = 1e-3
"""Relative difference of pixel sizes that makes none."""
FEWEST_PX = 4
"""Pixels of the image that fill the view when it is zoomed in as far as possible."""


@dataclass(frozen=True)
class Framing:
    """What decides whether zoom and position in one slice have a meaning in another.

    Attributes
    ----------
    path
        File of the image.
    size_px, pixel_size_mm
        ``(columns, rows)`` of the slice, and ``(width, height)`` of a pixel.
    right
        Unit LPS vector that leads to the right on the screen.
    """

    path: Path
    size_px: tuple[int, int]
    pixel_size_mm: tuple[float, float]
    right: tuple[float, ...]

    @classmethod
    def of(cls, plane: SlicePlane, image: Image) -> "Framing":
        """Return that of a slice."""
        right_mm = plane.mm_from_px((1, 0)) - plane.mm_from_px((0, 0))
        right = tuple((right_mm / plane.pixel_size_mm[0]).tolist())
        return cls(image.source.path, plane.size_px, plane.pixel_size_mm, right)

    def serves(self, other: "Framing") -> bool:
        """Tell whether ``other`` is looked at with the same zoom and position.

        It is where it has as many pixels, of the same size, and is not mirrored. The very same image, whose pixel size was
        set meanwhile, needs only pixels of the same shape.
        """
        if self.size_px != other.size_px or np.dot(self.right, other.right) < 0:
            return False
        if self.path == other.path:
            return bool(np.isclose(self.aspect, other.aspect, rtol=SAME_WITHIN))
        return bool(np.allclose(self.pixel_size_mm, other.pixel_size_mm, rtol=SAME_WITHIN, atol=0))

    @property
    def aspect(self) -> float:
        """Width of a pixel as a multiple of its height."""
        return self.pixel_size_mm[0] / self.pixel_size_mm[1]

    def limits_px(self) -> dict[str, float]:
        """Return how far the slice can be moved and zoomed, as a view box takes it.

        Wide enough for a view ten times as wide as high that shows a whole slice.
        """
        (columns, rows), (width_mm, height_mm) = self.size_px, self.pixel_size_mm
        longest_mm = max(columns * width_mm, rows * height_mm)
        far_x, far_y = longest_mm / width_mm, longest_mm / height_mm
        return {
            "xMin": -5 * far_x, "xMax": columns + 5 * far_x, "yMin": -5 * far_y, "yMax": rows + 5 * far_y,
            "minXRange": FEWEST_PX, "minYRange": FEWEST_PX, "maxXRange": 10 * far_x, "maxYRange": 10 * far_y,
        }  # fmt: skip
