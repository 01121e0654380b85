"""The order of array axes in which networks see a volume, whatever the scanner's.

Axes are flipped and transposed as views; nothing moves in space.
"""

import numpy as np
import numpy.typing as npt

from core.values.grid import Grid
from core.values.image import Image


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
