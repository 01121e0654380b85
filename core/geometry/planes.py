"""Planes through a patient, and where the pixels of a slice are in millimetres.

``_px`` is ``(column, row)`` of a slice; integers are pixel centres, y runs down. Reads no files and draws nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, Grid

ALIGNED_WITHIN = 1e-3

"""A volume whose axes deviate less than this (rad) from the patient's is shown as it was stored, not resampled."""


class Orientation(StrEnum):
    """A plane through the patient."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


# Patient directions (LPS) of depth, down and right on the screen with the patient's left on the right. Depth points to
# S, A and R, so that "up" is the same way in a list of slices as in most atlases; a sagittal slice faces left.
_DIRECTIONS = {
    Orientation.AXIAL: ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    Orientation.CORONAL: ((0, -1, 0), (0, 0, -1), (1, 0, 0)),
    Orientation.SAGITTAL: ((-1, 0, 0), (0, 0, -1), (0, 1, 0)),
}

_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))

"""What lies in the negative and in the positive direction of LPS x, y, z."""


def slice_directions(orientation: Orientation, *, radiological: bool = True) -> FloatArray:
    """Return the ``(3, 3)`` unit LPS vectors of depth, down and right of a plane as its rows.

    In the radiological convention the patient's left is on the right of the screen; in the neurological one it is on
    the left, except in sagittal slices, which have the front on the left in both.
    """
    directions = np.array(_DIRECTIONS[orientation], dtype=np.float64)
    if not radiological and orientation is not Orientation.SAGITTAL:
        directions[2] *= -1
    return directions


def direction_letter(direction: npt.ArrayLike) -> str:
    """Return the letter, one of LRAPSI, of the side of the patient towards which an LPS vector ``(3,)`` points most."""
    vector = np.asarray(direction, dtype=np.float64)
    axis = int(np.argmax(np.abs(vector)))
    return _LETTERS[axis][int(vector[axis] > 0)]


def reformatted_grid(grid: Grid, orientation: Orientation, *, radiological: bool = True) -> Grid:
    """Return the stack of slices of a volume along one of the patient's axes.

    Returns
    -------
    Grid
        Array axes are depth, down and right on the screen (`slice_directions`). A volume stored along the patient's
        axes, in any order and direction, keeps its samples; of an oblique one it is the box around it, sampled at its
        smallest spacing.
    """
    wanted = slice_directions(orientation, radiological=radiological)
    along = wanted @ (grid.mm_from_index[:3, :3] / grid.spacing_mm)
    if np.abs(np.abs(along) - np.round(np.abs(along))).max() <= ALIGNED_WITHIN:
        return _reordered(grid, np.round(along))
    low_index, high_index = np.full(3, -0.5), np.asarray(grid.shape) - 0.5
    corners_index = np.stack(np.meshgrid(*np.stack([low_index, high_index], axis=1), indexing="ij"), axis=-1)
    corners = grid.to_mm(corners_index.reshape(-1, 3)) @ wanted.T
    extent_mm = corners.max(axis=0) - corners.min(axis=0)
    spacing_mm = float(grid.spacing_mm.min())
    shape = np.maximum(1, np.ceil(extent_mm / spacing_mm - 1e-4)).astype(int)
    first = (corners.max(axis=0) + corners.min(axis=0) - (shape - 1) * spacing_mm) / 2
    matrix = np.eye(4)
    matrix[:3, :3] = wanted.T * spacing_mm
    matrix[:3, 3] = wanted.T @ first
    return Grid(tuple(shape.tolist()), matrix)


def _reordered(grid: Grid, signs: FloatArray) -> Grid:
    """Return the same samples with other axes: ``signs[new, old]`` is 1, -1 or 0."""
    old_from_new = np.eye(4)
    old_from_new[:3, :3] = signs.T
    old_from_new[:3, 3] = np.where(signs.min(axis=0) < 0, np.asarray(grid.shape) - 1, 0)
    shape = np.abs(signs).astype(int) @ np.asarray(grid.shape)
    return Grid(tuple(shape.tolist()), grid.mm_from_index @ old_from_new)


@dataclass(frozen=True)
class SlicePlane:
    """One slice across the first axis of ``grid``; the whole image where that is 2D.

    Attributes
    ----------
    grid
        Grid of a 2D image, or a stack of slices from `reformatted_grid`.
    slice_index
        Which slice of the stack; ignored in 2D.
    """

    grid: Grid
    slice_index: int = 0

    @classmethod
    def through(cls, grid: Grid, point_mm: npt.ArrayLike) -> "SlicePlane":
        """Return the slice of a stack nearest to a point in LPS mm ``(3,)``."""
        index = float(grid.to_index(point_mm)[0])
        return cls(grid, int(np.clip(np.floor(index + 0.5), 0, grid.shape[0] - 1)))

    @property
    def size_px(self) -> tuple[int, int]:
        """``(columns, rows)``."""
        return self.grid.shape[-1], self.grid.shape[-2]

    @property
    def pixel_size_mm(self) -> tuple[float, float]:
        """``(width, height)`` of one pixel."""
        spacing = self.grid.spacing_mm
        return float(spacing[-1]), float(spacing[-2])

    @property
    def thickness_mm(self) -> float:
        """Distance from one slice to the next; 0 in 2D."""
        return float(self.grid.spacing_mm[0]) if self.grid.ndim == 3 else 0.0

    def px_from_mm(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., D)`` to pixels ``(..., 2)``, seen along the slice axis."""
        points_index = self.grid.to_index(points_mm)
        return np.stack([points_index[..., -1], points_index[..., -2]], axis=-1)

    def depth_of(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Return how many slices ``(...)`` the points lie beyond this one; 0 everywhere in 2D."""
        points_index = self.grid.to_index(points_mm)
        if self.grid.ndim == 2:
            return np.zeros(points_index.shape[:-1])
        return np.asarray(points_index[..., 0] - self.slice_index)

    def mm_from_px(self, points_px: npt.ArrayLike, depth: float = 0.0) -> FloatArray:
        """Map pixels ``(..., 2)`` at ``depth`` slices beyond this one to LPS mm ``(..., D)``."""
        points = np.asarray(points_px, dtype=np.float64)
        axes = [points[..., 1], points[..., 0]]
        if self.grid.ndim == 3:
            axes.insert(0, np.full(points.shape[:-1], self.slice_index + depth))
        return self.grid.to_mm(np.stack(axes, axis=-1))

    def inside(self, point_px: tuple[float, float]) -> bool:
        """Tell whether a point lies on the slice."""
        columns, rows = self.size_px
        return -0.5 <= point_px[0] <= columns - 0.5 and -0.5 <= point_px[1] <= rows - 0.5

    def clamped(self, point_px: npt.ArrayLike) -> tuple[float, float]:
        """Return the nearest point ``(column, row)`` on the slice."""
        columns, rows = self.size_px
        column_px, row_px = np.clip(np.asarray(point_px, dtype=np.float64), -0.5, [columns - 0.5, rows - 0.5])
        return float(column_px), float(row_px)

    def coarser(self, step: int) -> "SlicePlane":
        """Return the same slice with pixels ``step`` times as wide and high; the field of view stays."""
        middle = (step - 1) / 2
        return SlicePlane(self.grid.strided((1, step, step), (0, middle, middle)), self.slice_index)

    def length_mm(self, start_px: npt.ArrayLike, end_px: npt.ArrayLike) -> float:
        """Return the distance between two pixels of this slice."""
        return float(np.linalg.norm(self.mm_from_px(end_px) - self.mm_from_px(start_px)))
