"""The plane and the volume of a single slice: how a 3D image with one slice becomes a 2D image, and back.

A 2D image made from such a slice has its own axis-aligned grid (origin 0); `ImageSource.original_grid` keeps where it stood in
space. This module maps between the two, so that files for 3D programs put pixels and points where the slice really is.
"""

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, Grid
from core.values.image import Image


def squeezed_grid(grid: Grid) -> tuple[Grid, int]:
    """Return the 2D grid of a 3D grid that has one slice, and the array axis that is dropped.

    The 2D grid keeps the in-plane spacing, is axis aligned and has its origin in the centre of the first pixel.
    """
    axis = grid.shape.index(1)
    shape = tuple(np.delete(grid.shape, axis))
    return Grid.from_spacing(shape, np.delete(grid.spacing_mm, axis).tolist()), axis


def grid_in_space(image: Image) -> Grid | None:
    """Return the 3D grid that a 2D image had in its file, with the pixel size the image has now; None if it had none."""
    original = image.source.original_grid
    if original is None or original.ndim != 3 or image.ndim != 2:
        return None
    axis = original.shape.index(1)
    return original.respaced(np.insert(image.grid.spacing_mm, axis, original.spacing_mm[axis]).tolist())


def lifted_mm(points_mm: npt.ArrayLike, image: Image, grid: Grid) -> FloatArray:
    """Map 2D points ``(..., 2)`` in mm of ``image`` to LPS mm ``(..., 3)`` of its slice ``grid`` (from `grid_in_space`)."""
    axis = grid.shape.index(1)
    return grid.to_mm(np.insert(image.grid.to_index(points_mm), axis, 0.0, axis=-1))


def flattened_mm(points_mm: npt.ArrayLike, image: Image, grid: Grid) -> FloatArray:
    """Map LPS mm ``(..., 3)`` to 2D points ``(..., 2)`` in mm of ``image``, dropping the distance to the slice."""
    axis = grid.shape.index(1)
    return image.grid.to_mm(np.delete(grid.to_index(points_mm), axis, axis=-1))
