"""Volumes whose axes are not at right angles: gantry tilt, sheared NIfTI files, slices stacked at a slant.

Decides when a slant matters and resamples it away, slice by slice and linearly, so that the views show true shapes and the
networks see what they were trained on. Every voxel stays at its millimetres; nothing else in Cairn resamples on reading.
"""

import math
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

from core.base.errors import Cancelled, ImageReadError
from core.base.memory import require_memory
from core.images.itk import AnyArray, quiet_itk, to_array, to_itk
from core.values.grid import FloatArray, Grid

LARGEST_SLANT = 0.01
"""Step sideways, as a part of the step forward, up to which axes count as being at right angles ..."""

LARGEST_OFFSET = 0.5
"""... if all steps together do not lead further astray than this, in voxels. The exact matrix is kept then."""


def is_rectilinear(grid: Grid) -> bool:
    """Tell whether the axes of a 2D or 3D grid are at right angles, as far as it matters."""
    upper = _triangle(grid)[1]
    sizes = np.diag(upper)
    steps = np.flip(grid.shape) - 1
    for axis in range(1, grid.ndim):
        sideways = np.abs(upper[:axis, axis])
        if (sideways > LARGEST_SLANT * sizes[axis]).any() and steps[axis] > 0:
            return False
        if (sideways * steps[axis] > LARGEST_OFFSET * sizes[:axis]).any():
            return False
    return True


def slant_note(grid: Grid) -> str:
    """Return the sentence that says what happens to a volume that is not rectilinear."""
    upper = _triangle(grid)[1]
    slants = [math.degrees(math.atan2(np.linalg.norm(upper[:axis, axis]), upper[axis, axis])) for axis in (1, 2)]
    how = "slices are stacked" if slants[1] >= slants[0] else "rows of its slices are"
    return (
        f"The {how} at a slant of {max(slants):.1f}° (as by a tilted gantry); "
        "the volume is resampled on reading so that its axes are at right angles."
    )


@quiet_itk
def straightened(
    voxels: AnyArray, grid: Grid, name: str, should_stop: Callable[[], bool] | None = None
) -> tuple[AnyArray, Grid]:
    """Resample a volume with slanted axes onto a grid with axes at right angles.

    The columns of the slices keep their direction, rows and slices become perpendicular; the field of view grows so that
    nothing is lost. What the volume does not cover gets its smallest value.

    Parameters
    ----------
    voxels, grid
        ``(z, y, x)`` volume and its slanted grid.
    name
        What to call it in messages.
    should_stop
        Asked between slices; when it answers True, `Cancelled` is raised.

    Returns
    -------
    tuple
        The new voxels, of the same type, and their grid.

    Raises
    ------
    ImageReadError
        The new volume would not fit into the memory, or the slant is absurd.
    """
    basis, upper = _triangle(grid)
    slices = [_slice_grid(grid, upper, number) for number in range(grid.shape[0])]
    target, origin_mm = _covering(slices, float(upper[0, 0]), float(upper[1, 1]))
    shape = (grid.shape[0], *target.shape)
    if math.prod(shape) > 8 * voxels.size + 4096:
        raise ImageReadError(
            f"The axes of {name} are slanted so much that it cannot be resampled.",
            "Check its orientation, or resample it with 3D Slicer and open that.",
        )
    require_memory(math.prod(shape) * voxels.dtype.itemsize, name)
    outside = voxels.min().item()
    straight = np.empty(shape, voxels.dtype)
    like = to_itk(np.zeros(target.shape, np.uint8), target)
    for number, reformatted_grid in enumerate(slices):
        if should_stop is not None and should_stop():
            raise Cancelled("Reading was stopped.")
        moved = sitk.Resample(
            to_itk(voxels[number], reformatted_grid), like, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkUnknown
        )
        straight[number] = to_array(moved)
    matrix = np.eye(4)
    matrix[:3, :3] = np.fliplr(basis * np.diag(upper))
    matrix[:3, 3] = grid.mm_from_index[:3, 3] + basis[:, :2] @ origin_mm
    return straight, Grid(shape, matrix)


def _triangle(grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Return a right-angled basis ``(D, D)`` and the upper triangle that makes the grid's axes, x first, of it."""
    basis, upper = np.linalg.qr(np.fliplr(grid.mm_from_index[:-1, :-1]))
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return basis * signs, upper * signs[:, None]


def _slice_grid(grid: Grid, upper: FloatArray, number: int) -> Grid:
    """Return the 2D grid of one slice in the plane of the basis' first two axes."""
    matrix = np.eye(3)
    matrix[:2, 0] = upper[:2, 1]
    matrix[:2, 1] = upper[:2, 0]
    matrix[:2, 2] = number * upper[:2, 2]
    return Grid(grid.shape[1:], matrix)


def _covering(slices: list[Grid], x_mm: float, y_mm: float) -> tuple[Grid, FloatArray]:
    """Return the right-angled 2D grid that covers all slices and goes on the first one's lattice, and its origin (x, y)."""
    spacing = np.array([x_mm, y_mm])
    ends = [(row, column) for row in (0, slices[0].shape[0] - 1) for column in (0, slices[0].shape[1] - 1)]
    corners = np.concatenate([slices[number].to_mm(ends) for number in (0, -1)]) / spacing
    low = np.floor(corners.min(axis=0) + 1e-3)
    high = np.ceil(corners.max(axis=0) - 1e-3)
    columns, rows = (int(count) for count in high - low + 1)
    origin_mm = low * spacing
    return Grid.from_spacing((rows, columns), (y_mm, x_mm), origin_mm.tolist()), origin_mm
