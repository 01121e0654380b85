"""Looking at a volume in another order or along the patient's axes, without moving anything in space.

Owns the canonical order of array axes, where the pixels of a slice are in millimetres, and which voxels a slice shows.
``_px`` is ``(column, row)`` of a slice; integers are pixel centres, y runs down. Reads no files and draws nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from core.values.landmarks import FloatArray, Grid, Image

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


def slice_grid(grid: Grid, orientation: Orientation, *, radiological: bool = True) -> Grid:
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
        Grid of a 2D image, or a stack of slices from `slice_grid`.
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


def voxel_steps(grid: Grid, plane: SlicePlane) -> FloatArray | None:
    """Return the voxels ``(3, 3)`` from one slice, row and column to the next; None unless they are single voxels.

    ``steps[axis, k]`` is 1, -1 or 0. None means that such a slice of a volume on ``grid`` must be interpolated.
    """
    exact = (grid.index_from_mm @ plane.grid.mm_from_index)[:3, :3]
    steps = np.round(exact)
    return steps if np.abs(steps).max() == 1 and np.abs(exact - steps).max() < 1e-6 else None


def extract_slice(image: Image, plane: SlicePlane, fill: float = 0.0) -> npt.NDArray[Any]:
    """Return what an image shows on a plane.

    Parameters
    ----------
    image
        2D, which is returned whole, or a volume.
    plane
        Of the image's own grid in 2D, else of one of its stacks of slices.
    fill
        Value outside the volume.

    Returns
    -------
    pixels
        ``(rows, columns)``. A view of the voxels where the plane runs along them; else float32, interpolated
        trilinearly, in which the outermost half voxel has its neighbour's value.
    """
    if image.ndim == 2:
        return image.voxels
    steps = voxel_steps(image.grid, plane)
    if steps is not None:
        order = np.abs(steps).argmax(axis=0)
        backwards = tuple(axis for axis in range(3) if steps[order[axis], axis] < 0)
        return np.asarray(np.flip(image.voxels.transpose(order), backwards)[plane.slice_index])
    image_from_stack = image.grid.index_from_mm @ plane.grid.mm_from_index
    start_index = image_from_stack[:3, :3] @ [plane.slice_index, 0, 0] + image_from_stack[:3, 3]
    return _interpolated(image.voxels, start_index, image_from_stack[:3, 1:3], plane.grid.shape[1:], fill)


def block_means(pixels: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """Return the means of blocks of ``step`` by ``step`` pixels; rows and columns too few for a block are left out."""
    rows, columns = (length // step for length in pixels.shape)
    if step == 1 or min(rows, columns) == 0:
        return pixels
    total = np.zeros((rows, columns), dtype=np.float32)
    for row in range(step):  # numpy's own sum over such short axes is far slower
        for column in range(step):
            total += pixels[row : rows * step : step, column : columns * step : step]
    return total / np.float32(step * step)


def _interpolated(
    voxels: npt.NDArray[Any], start_index: FloatArray, steps_index: FloatArray, shape: tuple[int, ...], fill: float
) -> npt.NDArray[np.float32]:
    """Interpolate at ``start + row * steps[:, 0] + column * steps[:, 1]`` for all rows and columns of ``shape``."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    inside = np.ones(shape, dtype=np.bool_)
    indices = []
    for start, (row_step, column_step), length in zip(start_index, steps_index, voxels.shape, strict=True):
        index = (start + row_step * rows).astype(np.float32) + (column_step * columns).astype(np.float32)
        inside &= (index >= -0.5) & (index <= length - 0.5)
        indices.append(index)
    lows, fractions = [], []
    for index, length in zip(indices, voxels.shape, strict=True):
        within = index[inside].clip(0, length - 1)
        low = np.minimum(within.astype(np.intp), max(length - 2, 0))
        lows.append(low)
        fractions.append(within - low.astype(np.float32))
    result = np.full(shape, fill, dtype=np.float32)
    result[inside] = _between_corners(voxels, lows, fractions)
    return result


def _between_corners(
    voxels: npt.NDArray[Any], lows: list[npt.NDArray[np.intp]], fractions: list[npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """Weigh the eight voxels around each point; ``lows`` are the corners nearest to index 0."""
    far = [min(1, length - 1) for length in voxels.shape]
    # Flat indices are twice as fast as three, and an image from a file is contiguous.
    flat = voxels.reshape(-1) if voxels.flags.c_contiguous else None
    first = (lows[0] * voxels.shape[1] + lows[1]) * voxels.shape[2] + lows[2] if flat is not None else None

    def corner(z: int, y: int, x: int) -> npt.NDArray[np.float32]:
        if flat is None or first is None:
            return np.asarray(voxels[lows[0] + z, lows[1] + y, lows[2] + x], dtype=np.float32)
        return np.asarray(flat.take(first + ((z * voxels.shape[1] + y) * voxels.shape[2] + x)), dtype=np.float32)

    def along_x(z: int, y: int) -> npt.NDArray[np.float32]:
        near = corner(z, y, 0)
        return near + (corner(z, y, far[2]) - near) * fractions[2]

    def along_y(z: int) -> npt.NDArray[np.float32]:
        near = along_x(z, 0)
        return near + (along_x(z, far[1]) - near) * fractions[1]

    near = along_y(0)
    result: npt.NDArray[np.float32] = near + (along_y(far[0]) - near) * fractions[0]
    return result


def grid_around(points_mm: FloatArray, spacing_mm: float) -> Grid:
    """Return the smallest axis-aligned grid of one spacing whose samples reach around all of ``points_mm`` ``(N, D)``."""
    low_mm, high_mm = points_mm.min(axis=0), points_mm.max(axis=0)
    corner = Grid.from_spacing((1,) * points_mm.shape[1], spacing_mm, low_mm.tolist())
    last_index = np.ceil(corner.to_index(high_mm) - 1e-9).astype(int)
    return Grid((last_index + 1).tolist(), corner.mm_from_index)


def corner_centres_mm(grid: Grid) -> FloatArray:
    """Return the centres ``(2**D, D)`` of a grid's corner samples, mm."""
    return grid.to_mm(np.array(list(np.ndindex((2,) * grid.ndim))) * (np.asarray(grid.shape) - 1))


def to_canonical(image: Image) -> Image:
    """Return a volume with its array axes along ``(S, P, L)``, as closely as flips and transpositions allow.

    Networks see array axes, scanners store them in any order; this makes a model independent of that. The voxels are
    a view, their millimetres stay what they were. A 2D image has no such convention and comes back as it is.
    """
    if image.ndim == 2:
        return image
    directions = image.grid.mm_from_index[:3, :3] / image.grid.spacing_mm
    order = _closest_axes(directions)  # order[k]: the array axis that runs along LPS axis z, y, x for k = 0, 1, 2
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1.0
    voxels = image.voxels.transpose(order)
    for new_axis, old_axis in enumerate(order):
        forward = directions[2 - new_axis, old_axis] > 0
        matrix[old_axis, new_axis] = 1.0 if forward else -1.0
        if not forward:
            matrix[old_axis, 3] = image.grid.shape[old_axis] - 1
            voxels = np.flip(voxels, new_axis)
    grid = Grid(voxels.shape, image.grid.mm_from_index @ matrix)
    return Image(voxels, grid, image.source)


def _closest_axes(directions: npt.NDArray[np.float64]) -> list[int]:
    """Return for the patient's z, y and x axis the array axis that runs most along it, each used once."""
    alignment = np.abs(directions)
    order = [0, 0, 0]
    for _ in range(3):
        row, column = np.unravel_index(np.argmax(alignment), alignment.shape)
        order[2 - int(row)] = int(column)
        alignment[row, :] = -1.0
        alignment[:, column] = -1.0
    return order
