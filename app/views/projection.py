"""Where points in space are on the 3D panel: an orthographic view that can be rotated, moved and enlarged.

The only place that relates LPS millimetres to the panel's pixels. Pure arithmetic on values: knows no Qt, no voxels.
"""

from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, Grid

ZOOM_LIMITS = (0.2, 40.0)
FILL = 1.45
"""How far the sphere around a volume reaches beyond the panel; its corners are seldom of interest."""

_DIRECTIONS = {
    "R": ((-1, 0, 0), (0, 0, -1)),
    "L": ((1, 0, 0), (0, 0, -1)),
    "A": ((0, -1, 0), (0, 0, -1)),
    "P": ((0, 1, 0), (0, 0, -1)),
    "S": ((0, 0, 1), (0, 1, 0)),
    "I": ((0, 0, -1), (0, 1, 0)),
}
SIDES = tuple(_DIRECTIONS)
"""The sides of the patient that one can look from."""

SIDE_DIRECTIONS: dict[str, FloatArray] = {side: np.array(out, np.float64) for side, (out, _) in _DIRECTIONS.items()}
"""Unit vector in LPS from the patient's middle to each side."""


@dataclass(frozen=True)
class ProjectionView:
    """How the panel looks at the patient.

    Attributes
    ----------
    centre_mm
        ``(3,)`` LPS point about which everything rotates.
    px_per_mm
        Enlargement on the screen at zoom 1.
    middle_px
        Where `centre_mm` is on the panel, ``(x, y)``, before `offset_px` is added.
    screen_from_patient
        ``(3, 3)`` rotation. Its rows are, in LPS, the directions to the right, downwards and away from the viewer.
    zoom
        Factor by which a person enlarged the view.
    offset_px
        How far a person moved the view.
    """

    centre_mm: FloatArray
    px_per_mm: float = 1.0
    middle_px: tuple[float, float] = (0.0, 0.0)
    screen_from_patient: FloatArray = field(default_factory=lambda: rotation_from("A"))
    zoom: float = 1.0
    offset_px: tuple[float, float] = (0.0, 0.0)

    @property
    def scale(self) -> float:
        """Screen pixels per millimetre."""
        return self.px_per_mm * self.zoom

    @property
    def away(self) -> FloatArray:
        """``(3,)`` unit vector in LPS that leads away from the viewer."""
        return np.asarray(self.screen_from_patient[2])

    def to_px(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., 3)`` to the panel ``(..., 2)``: x to the right, y down."""
        across = (np.asarray(points_mm, dtype=np.float64) - self.centre_mm) @ self.screen_from_patient[:2].T
        return np.asarray(across * self.scale + np.add(self.middle_px, self.offset_px))

    def depth_mm(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Return how far ``(...)`` points lie behind the centre; negative in front of it."""
        return np.asarray((np.asarray(points_mm, dtype=np.float64) - self.centre_mm) @ self.away)

    def rotated(self, right_rad: float, down_rad: float) -> "ProjectionView":
        """Return the view after the front was pushed to the right and downwards by these angles."""
        about_down = _rotation(1, -right_rad)
        about_right = _rotation(0, down_rad)
        rotated = about_right @ about_down @ self.screen_from_patient
        left, _, right = np.linalg.svd(rotated)  # a long drag must not shear the patient by rounding
        return replace(self, screen_from_patient=left @ right)

    def seen_from(self, side: str) -> "ProjectionView":
        """Return the view from one of `SIDES`."""
        return replace(self, screen_from_patient=rotation_from(side))

    def zoomed(self, factor: float, fixed_px: tuple[float, float]) -> "ProjectionView":
        """Return the view enlarged by ``factor`` within sensible limits; what is at ``fixed_px`` stays there."""
        zoom = float(np.clip(self.zoom * factor, *ZOOM_LIMITS))
        from_middle_px = np.subtract(fixed_px, self.middle_px)
        x_px, y_px = from_middle_px - (from_middle_px - self.offset_px) * (zoom / self.zoom)
        return replace(self, zoom=zoom, offset_px=(float(x_px), float(y_px)))

    def moved(self, right_px: float, down_px: float) -> "ProjectionView":
        """Return the view shifted on the panel."""
        return replace(self, offset_px=(self.offset_px[0] + right_px, self.offset_px[1] + down_px))

    def fitted(self, radius_mm: float, size_px: tuple[float, float]) -> "ProjectionView":
        """Return the view in which a volume of this radius fills a panel of this size at zoom 1; corners may stick out."""
        width_px, height_px = size_px
        px_per_mm = FILL * max(1.0, min(width_px, height_px)) / (2 * max(radius_mm, 1e-6))
        return replace(self, px_per_mm=px_per_mm, middle_px=(width_px / 2, height_px / 2))

    def whole(self) -> "ProjectionView":
        """Return the view from the same side with everything in sight again."""
        return replace(self, zoom=1.0, offset_px=(0.0, 0.0))


def view_of(grid: Grid) -> ProjectionView:
    """Return the view to start with: a volume from the front, a little from its left and from above."""
    return ProjectionView(grid.to_mm((np.asarray(grid.shape) - 1) / 2)).rotated(-0.5, 0.3)


def radius_mm(grid: Grid) -> float:
    """Return the radius of the sphere around a volume's field of view."""
    corners_mm = corners_of(grid)
    return float(np.linalg.norm(corners_mm - corners_mm.mean(axis=0), axis=1).max())


def corners_of(grid: Grid) -> FloatArray:
    """Return the ``(8, 3)`` corners of a volume's field of view in LPS mm, in the order of `EDGES`."""
    return grid.to_mm(np.array(list(product((0, 1), repeat=3))) * grid.shape - 0.5)


EDGES = tuple((first, first | bit) for first in range(8) for bit in (1, 2, 4) if not first & bit)
"""The 12 edges of a box as pairs of rows of `corners_of`."""


def section_mm(grid: Grid, axis: int, coordinate_mm: float) -> FloatArray:
    """Return the outline in which a plane of the patient cuts a volume's field of view.

    Parameters
    ----------
    grid
        The volume's grid; it may lie obliquely.
    axis
        LPS axis that stands upright on the plane: 0 for a sagittal, 1 for a coronal, 2 for an axial plane.
    coordinate_mm
        Where the plane cuts that axis.

    Returns
    -------
    outline
        ``(n, 3)`` corners of a convex polygon in LPS mm, in order; none where the plane misses the volume.
    """
    corners_mm = corners_of(grid)
    height_mm = corners_mm[:, axis] - coordinate_mm
    crossings = []
    for first, second in EDGES:
        low_mm, high_mm = height_mm[first], height_mm[second]
        if (low_mm <= 0) != (high_mm <= 0):
            part = low_mm / (low_mm - high_mm)
            crossings.append(corners_mm[first] + part * (corners_mm[second] - corners_mm[first]))
    if len(crossings) < 3:
        return np.empty((0, 3))
    outline_mm = np.array(crossings)
    across = np.delete(outline_mm - outline_mm.mean(axis=0), axis, axis=1)
    return outline_mm[np.argsort(np.arctan2(across[:, 1], across[:, 0]))]


def rotation_from(side: str) -> FloatArray:
    """Return ``screen_from_patient`` of the view from one of `SIDES`."""
    outwards, down = (np.array(vector, dtype=np.float64) for vector in _DIRECTIONS[side])
    return np.array([np.cross(down, -outwards), down, -outwards])


def _rotation(axis: int, angle_rad: float) -> FloatArray:
    """Return the right-handed rotation about one of the axes: right, down, away from the viewer."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = np.cos(angle_rad)
    rotation[first, second], rotation[second, first] = -np.sin(angle_rad), np.sin(angle_rad)
    return rotation
