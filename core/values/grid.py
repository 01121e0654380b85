"""Where the samples of an image are: the one place that knows how array indices and millimetres are related.

A frozen dataclass with a read-only matrix (docs/coordinates.md). No files, no torch, no Qt here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def read_only(array: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a read-only copy-free-where-possible view of ``array`` in ``dtype``."""
    view = np.asarray(array, dtype=dtype).view()
    view.setflags(write=False)
    return view


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of samples in physical space.

    Attributes
    ----------
    shape
        Number of samples per axis in numpy order, ``(z, y, x)`` or ``(y, x)``.
    mm_from_index
        ``(D+1, D+1)`` homogeneous float64 matrix from continuous array index (numpy order, integers are sample centres)
        to LPS millimetres ``(x, y, z)`` / ``(x, y)``. It already contains the axis reversal.
    """

    shape: tuple[int, ...]
    mm_from_index: FloatArray

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        matrix = np.array(self.mm_from_index, dtype=np.float64)
        ndim = len(shape)
        if ndim not in (2, 3):
            raise ValueError(f"a grid has 2 or 3 axes, not {ndim}")
        if min(shape) < 1:
            raise ValueError(f"a grid has at least one sample per axis, not {shape}")
        if matrix.shape != (ndim + 1, ndim + 1):
            raise ValueError(f"mm_from_index of a {ndim}D grid is {ndim + 1}x{ndim + 1}, not {matrix.shape}")
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
            raise ValueError("mm_from_index must be finite and invertible")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "mm_from_index", read_only(matrix, np.float64))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grid):
            return NotImplemented
        return self.shape == other.shape and np.array_equal(self.mm_from_index, other.mm_from_index)

    def __hash__(self) -> int:
        return hash((self.shape, self.mm_from_index.tobytes()))

    @classmethod
    def from_spacing(
        cls, shape: Sequence[int], spacing_mm: float | Sequence[float] = 1.0, origin_mm: Sequence[float] | None = None
    ) -> "Grid":
        """Make an axis-aligned grid.

        Parameters
        ----------
        shape
            Samples per axis, numpy order.
        spacing_mm
            Spacing per axis in numpy order, or one number for all.
        origin_mm
            LPS position of the sample at index 0, ``(x, y, z)`` order; zero where omitted.
        """
        ndim = len(shape)
        spacing = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (ndim,))
        matrix = np.eye(ndim + 1)
        matrix[:ndim, :ndim] = np.fliplr(np.diag(spacing)).T
        if origin_mm is not None:
            matrix[:ndim, ndim] = np.asarray(origin_mm, dtype=np.float64)
        return cls(tuple(shape), matrix)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return len(self.shape)

    @property
    def spacing_mm(self) -> FloatArray:
        """``(D,)`` distance between neighbouring samples per array axis (numpy order), mm."""
        return np.asarray(np.linalg.norm(self.mm_from_index[: self.ndim, : self.ndim], axis=0), dtype=np.float64)

    @property
    def index_from_mm(self) -> FloatArray:
        """``(D+1, D+1)`` inverse of `mm_from_index`."""
        return np.asarray(np.linalg.inv(self.mm_from_index), dtype=np.float64)

    def to_mm(self, points_index: npt.ArrayLike) -> FloatArray:
        """Map continuous indices ``(..., D)`` in numpy order to LPS mm ``(..., D)``."""
        points = np.asarray(points_index, dtype=np.float64)
        matrix = self.mm_from_index
        return np.asarray(points @ matrix[:-1, :-1].T + matrix[:-1, -1])

    def to_index(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., D)`` to continuous indices ``(..., D)`` in numpy order."""
        points = np.asarray(points_mm, dtype=np.float64)
        matrix = self.index_from_mm
        return np.asarray(points @ matrix[:-1, :-1].T + matrix[:-1, -1])

    def vectors_to_mm(self, vectors_index: npt.ArrayLike) -> FloatArray:
        """Map differences of indices ``(..., D)`` to differences in LPS mm ``(..., D)``."""
        return np.asarray(np.asarray(vectors_index, dtype=np.float64) @ self.mm_from_index[:-1, :-1].T)

    def contains(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell for each point ``(..., D)`` in mm whether it lies in the field of view (samples have a width)."""
        index = self.to_index(points_mm)
        inside = (index >= -0.5) & (index <= np.asarray(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1))

    def _mapped(self, scale: FloatArray, offset: FloatArray, shape: Sequence[int]) -> "Grid":
        """Return the grid whose index ``i`` is this grid's index ``scale * i + offset``."""
        old_from_new = np.eye(self.ndim + 1)
        old_from_new[:-1, :-1] = np.diag(scale)
        old_from_new[:-1, -1] = offset
        return Grid(tuple(shape), self.mm_from_index @ old_from_new)

    def strided(self, stride: npt.ArrayLike, offset: npt.ArrayLike, shape: Sequence[int] | None = None) -> "Grid":
        """Return the coarse grid whose sample ``k`` lies at index ``offset + stride * k`` of this one.

        A network with patches of ``S`` voxels has ``stride=S`` and ``offset=(S - 1) / 2``. Without ``shape`` every
        sample that lies inside the field of view is kept.
        """
        strides = np.broadcast_to(np.asarray(stride, dtype=np.float64), (self.ndim,))
        offsets = np.broadcast_to(np.asarray(offset, dtype=np.float64), (self.ndim,))
        if shape is None:
            room = (np.asarray(self.shape) - 0.5 - offsets) / strides
            shape = [max(1, math.floor(r + 1e-9) + 1) for r in room]
        return self._mapped(strides, offsets, shape)

    def cropped(self, start: Sequence[float], shape: Sequence[int]) -> "Grid":
        """Return the sub-grid of ``shape`` whose sample 0 is this grid's index ``start`` (negative where padded)."""
        return self._mapped(np.ones(self.ndim), np.asarray(start, dtype=np.float64), shape)

    def respaced(self, spacing_mm: float | Sequence[float]) -> "Grid":
        """Return the grid of the same samples with another distance between them.

        What stays is the centre of the sample at index 0, which image files call the origin, and the directions of the axes; the
        field of view grows or shrinks. `resampled` is the contrary: other samples in the same field of view.

        Parameters
        ----------
        spacing_mm
            Distance per axis in numpy order, or one number for all, mm.

        Raises
        ------
        ValueError
            One is not a finite number above zero, or there are more or fewer than axes.
        """
        spacing = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (self.ndim,))
        if not (np.isfinite(spacing).all() and (spacing > 0).all()):
            raise ValueError(f"a spacing is a finite number of mm above zero, not {spacing_mm}")
        return self._mapped(spacing / self.spacing_mm, np.zeros(self.ndim), self.shape)

    def resampled(self, spacing_mm: float | Sequence[float]) -> "Grid":
        """Return the grid with another spacing over the same field of view.

        Fields of view are kept, not corners: the new sample ``i`` lies at index ``(i + 1/2) * f - 1/2``. The last sample
        may reach past the border, so that nothing is lost.
        """
        factor = np.broadcast_to(np.asarray(spacing_mm, dtype=np.float64), (self.ndim,)) / self.spacing_mm
        shape = [max(1, math.ceil(n / f - 1e-4)) for n, f in zip(self.shape, factor, strict=True)]
        return self._mapped(factor, factor / 2 - 0.5, shape)


def grid_around(points_mm: FloatArray, spacing_mm: float) -> Grid:
    """Return the smallest axis-aligned grid of one spacing whose samples reach around all of ``points_mm`` ``(N, D)``."""
    low_mm, high_mm = points_mm.min(axis=0), points_mm.max(axis=0)
    corner = Grid.from_spacing((1,) * points_mm.shape[1], spacing_mm, low_mm.tolist())
    last_index = np.ceil(corner.to_index(high_mm) - 1e-9).astype(int)
    return Grid((last_index + 1).tolist(), corner.mm_from_index)


def corner_centres_mm(grid: Grid) -> FloatArray:
    """Return the centres ``(2**D, D)`` of a grid's corner samples, mm."""
    return grid.to_mm(np.array(list(np.ndindex((2,) * grid.ndim))) * (np.asarray(grid.shape) - 1))
