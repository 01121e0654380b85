"""Which way an object looks in its image: what “anterior” and “clockwise” mean, however the picture was taken.

An analysis names pairs of landmarks that lead to the front and upwards. So a picture that is mirrored or turned gives the same
numbers. In 3D the patient's axes say it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.measuring.primitives import FloatArray, turn, unit_vector

SIDES_2D = ("anterior", "posterior", "superior", "inferior")
AXES_3D = {
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
    "posterior": (0.0, 1.0, 0.0),
    "anterior": (0.0, -1.0, 0.0),
    "superior": (0.0, 0.0, 1.0),
    "inferior": (0.0, 0.0, -1.0),
}
"""Directions of LPS coordinates."""
TURNS = ("clockwise", "anticlockwise")
"""As seen by who looks at a face that looks to the right."""


@dataclass(frozen=True)
class Frame:
    """Where front and top are in an image.

    Attributes
    ----------
    anterior, superior
        ``(2,)`` unit vectors in LPS mm, at right angles.
    """

    anterior: FloatArray
    superior: FloatArray

    @property
    def mirrored(self) -> bool:
        """Whether the face looks to the left of someone who sees its top above."""
        return bool(turn(self.anterior, self.superior) > 0)

    def side(self, name: str) -> FloatArray:
        """Return the direction ``(2,)`` of one of `SIDES_2D`."""
        return {
            "anterior": self.anterior,
            "posterior": -self.anterior,
            "superior": self.superior,
            "inferior": -self.superior,
        }[name]

    def turn(self, first: FloatArray, second: FloatArray, positive: str) -> FloatArray:
        """Return +1 where the turn from one direction to the other is ``positive`` (one of `TURNS`), -1 where it is not."""
        clockwise = turn(first, second) * (-1.0 if self.mirrored else 1.0)
        return np.asarray(clockwise if positive == "clockwise" else -clockwise)


def find_frame(
    points_mm: Mapping[str, FloatArray],
    anterior: Sequence[tuple[str, str]],
    superior: Sequence[tuple[str, str]],
    *,
    along_image: bool = False,
) -> Frame | None:
    """Return the frame of an image, None where the landmarks do not tell it.

    Parameters
    ----------
    points_mm
        ``(2,)`` positions by symbol; NaN, or no entry, where unknown.
    anterior, superior
        Pairs of symbols that lead to the front and upwards; the first pair of each kind that is known counts.
    along_image
        True where front and top are those of an upright picture, and the pairs only say to which side it looks.
    """
    front = _first_direction(points_mm, anterior)
    up = _first_direction(points_mm, superior)
    if front is None or up is None:
        return None
    across = up - (up @ front) * front
    if np.linalg.norm(across) < 1e-6:
        return None
    frame = Frame(front, unit_vector(across))
    if not along_image:
        return frame
    return Frame(np.array([-1.0 if frame.mirrored else 1.0, 0.0]), np.array([0.0, -1.0]))


def _first_direction(points_mm: Mapping[str, FloatArray], pairs: Sequence[tuple[str, str]]) -> FloatArray | None:
    for start, end in pairs:
        if start in points_mm and end in points_mm:
            direction = unit_vector(points_mm[end] - points_mm[start])
            if np.isfinite(direction).all():
                return direction
    return None
