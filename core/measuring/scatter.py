"""How far positions of a landmark scatter: alike in all directions, or in a face farther along a contour than across it.

Values only; whose positions they are is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.measuring.frame import Frame
from core.measuring.primitives import FloatArray


@dataclass(frozen=True)
class Scatter:
    """A normal distribution in the plane, in the directions of an object rather than of its image.

    Attributes
    ----------
    anterior_sd_mm, superior_sd_mm
        Standard deviations to the front and upwards.
    correlation
        Between both, -1 to 1: positive where who is too far in front is too high as well.
    """

    anterior_sd_mm: float
    superior_sd_mm: float
    correlation: float = 0.0

    @property
    def sd_mm(self) -> float:
        """The standard deviation along an axis, over all directions."""
        return float(np.sqrt((self.anterior_sd_mm**2 + self.superior_sd_mm**2) / 2))

    def displacements_mm(self, noise: FloatArray, frame: Frame) -> FloatArray:
        """Return the displacements ``(..., 2)`` that independent normal deviates ``(..., 2)`` with an SD of one stand for."""
        first, second = noise[..., :1], noise[..., 1:]
        upwards = self.correlation * first + np.sqrt(1.0 - self.correlation**2) * second
        return np.asarray(self.anterior_sd_mm * first * frame.anterior + self.superior_sd_mm * upwards * frame.superior)


Spread = float | Scatter
"""Standard deviation of a position along every axis, mm, or how it scatters in two directions."""
Spreads = Mapping[str, Spread]
"""By name of the landmark."""


def sd_of(spread: Spread) -> float:
    """Return the standard deviation along an axis, mm."""
    return spread.sd_mm if isinstance(spread, Scatter) else spread
