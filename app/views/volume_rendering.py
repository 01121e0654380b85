"""Maximum-intensity rendering of a volume along any direction, fast enough to follow the mouse. Pure numpy, no Qt.

Along the array axis that the view runs along most, slices are shifted and joined by their maximum (shear); what remains is an
affine map of the plane to the screen (warp), which is left to whoever draws.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.session.window_level import Levels
from app.views.projection import ProjectionView
from core.base.errors import Cancelled
from core.values.grid import FloatArray, Grid
from core.values.image import Image

LARGEST_SIZE = 170**3
"""Samples that are rotated in some ten milliseconds on one processor core."""
FARTHEST_SHADE = 0.35
"""Brightness of the same value at the far end of the volume, as a part of that at the near end: what gives depth."""

Voxels = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Miniature:
    """A volume made small enough to be rotated in step with the mouse.

    Attributes
    ----------
    voxels
        ``grid.shape`` float32; no NaN.
    grid
        Where they are; as oblique as the volume's own.
    """

    voxels: Voxels
    grid: Grid


@dataclass(frozen=True, eq=False)
class Rendering:
    """A picture of a volume from one direction, before it is warped onto the screen.

    Attributes
    ----------
    brightness
        ``(rows, columns)`` float32 in [0, 1].
    grid, slice_axis, origin
        Sample ``(row, column)`` shows what lies on the line of sight through the index of ``grid`` that has 0 on ``slice_axis``
        and ``(row, column) - origin`` on the other two.
    """

    brightness: Voxels
    grid: Grid
    slice_axis: int
    origin: tuple[int, int]

    def to_mm(self, samples: npt.ArrayLike) -> FloatArray:
        """Map ``(..., 2)`` positions ``(row, column)`` in the picture to a point ``(..., 3)`` on their line of sight, LPS mm."""
        across = np.asarray(samples, dtype=np.float64) - self.origin
        return self.grid.to_mm(np.insert(across, self.slice_axis, 0.0, axis=-1))


def make_miniature(
    image: Image, *, progress: Callable[[float, str], None], should_stop: Callable[[], bool], size: int = LARGEST_SIZE
) -> Miniature:
    """Return a volume made of the maxima of blocks, about as long as wide in millimetres, with at most about ``size`` samples.

    Raises
    ------
    Cancelled
        ``should_stop`` said so.
    """
    factors = _block_size(image.grid, size)
    starts = [np.arange(0, n, factor) for n, factor in zip(image.grid.shape, factors, strict=True)]
    voxels = np.empty([len(start) for start in starts], np.float32)
    for row, start in enumerate(starts[0]):
        if should_stop():
            raise Cancelled("The 3D view is no longer needed.")
        slab = np.fmax.reduce(image.voxels[start : start + factors[0]], axis=0)
        slab = np.fmax.reduceat(slab, starts[1], axis=0)
        voxels[row] = np.fmax.reduceat(slab, starts[2], axis=1)
        progress((row + 1) / len(starts[0]), "Preparing the 3D view")
    if np.isnan(voxels).any():
        voxels[np.isnan(voxels)] = -np.inf  # a block without any number is as dark as what lies beside the volume
    grid = image.grid.strided(factors, (np.array(factors) - 1) / 2, voxels.shape)
    return Miniature(voxels, grid)


def _block_size(grid: Grid, size: int) -> tuple[int, ...]:
    """Return how many voxels per axis become one, so that the blocks are nearly cubes in millimetres."""
    side_mm = float(np.prod(grid.spacing_mm) * math.prod(grid.shape) / size) ** (1 / 3)
    while True:
        factors = np.maximum(1, np.rint(side_mm / grid.spacing_mm)).astype(int)
        if math.prod(-(-n // factor) for n, factor in zip(grid.shape, factors.tolist(), strict=True)) <= size:
            return tuple(factors.tolist())
        side_mm *= 1.05


def rendering_levels(levels: Levels) -> Levels:
    """Return what is dark and bright in a rendering, given the levels of the slices.

    A maximum is brighter than most of what it is the maximum of: with the slices' own levels all would be white.
    """
    low, high = levels
    width = high - low
    return low + 0.15 * width, high + 0.6 * width


class Renderer:
    """Renders one miniature; keeps what the next direction needs again.

    Parameters
    ----------
    miniature
        What is rendered.
    """

    def __init__(self, miniature: Miniature) -> None:
        self._miniature = miniature
        self._brightness: Voxels | None = None
        self._slices: Voxels | None = None
        self._levels: Levels | None = None
        self._slice_axis: int | None = None

    def render(self, view: ProjectionView, levels: Levels) -> Rendering:
        """Return the picture along ``view.away``; values at or below ``levels[0]`` are dark, at or above ``levels[1]`` bright."""
        grid = self._miniature.grid
        along = grid.index_from_mm[:3, :3] @ view.away
        slice_axis = int(np.argmax(np.abs(along)))
        slices = self._bordered_slices(slice_axis, levels)
        shift = np.delete(along, slice_axis) / along[slice_axis]
        shades = np.linspace(1.0, FARTHEST_SHADE, len(slices), dtype=np.float32)
        if along[slice_axis] < 0:
            shades = np.flip(shades)
        brightness, origin = _sheared_maximum(slices, shift, shades)
        return Rendering(brightness, grid, slice_axis, origin)

    def _bordered_slices(self, slice_axis: int, levels: Levels) -> Voxels:
        """Return ``(slices, rows + 2, columns + 2)`` brightness with a dark border, which lets slices be shifted by parts."""
        if self._brightness is None or self._levels != levels:
            low, high = rendering_levels(levels)
            self._brightness = self._miniature.voxels - np.float32(low)
            self._brightness *= np.float32(1 / max(high - low, 1e-12))
            np.clip(self._brightness, 0, 1, out=self._brightness)
            self._levels, self._slice_axis = levels, None
        if self._slices is None or self._slice_axis != slice_axis:
            moved = np.moveaxis(self._brightness, slice_axis, 0)
            self._slices = np.zeros((moved.shape[0], moved.shape[1] + 2, moved.shape[2] + 2), np.float32)
            self._slices[:, 1:-1, 1:-1] = moved
            self._slice_axis = slice_axis
        return self._slices


def _sheared_maximum(slices: Voxels, shift: FloatArray, shades: Voxels) -> tuple[Voxels, tuple[int, int]]:
    """Return the maximum over slices of which each is moved by ``-shift`` against the one before, and where slice 0 stands."""
    count, rows, columns = slices.shape[0], slices.shape[1] - 1, slices.shape[2] - 1
    reach = shift * (count - 1)
    first_row, first_column = (max(0, math.ceil(way)) for way in reach.tolist())
    height, width = (math.ceil(abs(way)) + 1 for way in reach.tolist())
    brightness = np.zeros((rows + height, columns + width), np.float32)
    halves = np.empty((2, rows, columns + 1), np.float32)
    quarters = np.empty((2, rows, columns), np.float32)
    for number, shade in enumerate(shades.tolist()):
        row = max(0.0, first_row - shift[0] * number)  # never below by rounding
        column = max(0.0, first_column - shift[1] * number)
        top, left = math.floor(row), math.floor(column)
        # Weights of the two neighbours along each axis; the border makes the sums one sample longer than the slice.
        down, right = float(row - top), float(column - left)
        np.multiply(slices[number, 1:], (1 - down) * shade, out=halves[0])
        np.multiply(slices[number, :-1], down * shade, out=halves[1])
        halves[0] += halves[1]
        np.multiply(halves[0, :, 1:], 1 - right, out=quarters[0])
        np.multiply(halves[0, :, :-1], right, out=quarters[1])
        quarters[0] += quarters[1]
        target = brightness[top : top + rows, left : left + columns]
        np.maximum(target, quarters[0], out=target)
    return brightness, (first_row, first_column)
