"""What a volume shows on a plane: a view of its voxels where the plane runs along them, else interpolated.

Draws nothing; which planes there are is `core.geometry.planes`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.geometry.planes import SlicePlane
from core.values.grid import FloatArray, Grid
from core.values.image import Image


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
