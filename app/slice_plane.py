"""Where a slice's pixels are in millimetres: the only place in the app that relates the two.

``_px`` is ``(column, row)`` of the slice shown; integers are pixel centres, y runs down. Knows no Qt.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.types import FloatArray, Grid


@dataclass(frozen=True)
class SlicePlane:
    """One slice across the first axis of ``grid``; the whole image where that is 2D.

    Attributes
    ----------
    grid
        Grid of the image.
    slice_index
        Which slice; ignored in 2D.
    """

    grid: Grid
    slice_index: int = 0

    @property
    def size_px(self) -> tuple[int, int]:
        """``(columns, rows)``."""
        return self.grid.shape[-1], self.grid.shape[-2]

    @property
    def pixel_size_mm(self) -> tuple[float, float]:
        """``(width, height)`` of one pixel."""
        spacing = self.grid.spacing_mm
        return float(spacing[-1]), float(spacing[-2])

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

    def length_mm(self, start_px: npt.ArrayLike, end_px: npt.ArrayLike) -> float:
        """Return the distance between two pixels of this slice."""
        return float(np.linalg.norm(self.mm_from_px(end_px) - self.mm_from_px(start_px)))
