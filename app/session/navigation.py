"""Where in a volume a person looks: the three planes through the crosshair, and moving it.

The crosshair in `ViewState` is the only position the planes share. Changes no landmark and knows no Qt.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.session.document import Document
from app.session.view_state import Panel, ViewState
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.values.grid import Grid


class Navigator:
    """Moves the crosshair and tells which planes lie through it.

    Parameters
    ----------
    document, view_state
        What is looked at, and how.
    """

    def __init__(self, document: Document, view_state: ViewState) -> None:
        self._document = document
        self._view = view_state

    def plane_of(self, orientation: Orientation) -> SlicePlane | None:
        """Return the slice that a view of this orientation shows: the whole of a 2D image, None without an image."""
        image = self._document.image
        if image is None:
            return None
        if image.ndim == 2:
            return SlicePlane(image.grid)
        return SlicePlane.through(
            _stack(image.grid, orientation, self._view.radiological), self._crosshair_mm(image.grid)
        )

    @property
    def plane(self) -> SlicePlane | None:
        """The slice a person works in, None without an image."""
        return self.plane_of(self._view.active)

    def scroll(self, orientation: Orientation, slices: int) -> None:
        """Move the crosshair across a plane, upwards in its stack: to S, A or R."""
        plane = self.plane_of(orientation)
        if plane is not None:
            self.show_slice(orientation, plane.slice_index + slices)

    def show_slice(self, orientation: Orientation, slice_index: int) -> None:
        """Move the crosshair across a plane into the middle of one of its slices, or the nearest there is."""
        plane = self.plane_of(orientation)
        if plane is None or plane.grid.ndim == 2:
            return
        index = plane.grid.to_index(self._crosshair_mm(plane.grid))
        index[0] = np.clip(slice_index, 0, plane.grid.shape[0] - 1)
        self._view.crosshair_mm = tuple(plane.grid.to_mm(index).tolist())

    def point_at(self, orientation: Orientation, point_px: npt.ArrayLike) -> None:
        """Move the crosshair within a plane, whose slice stays the same."""
        plane = self.plane_of(orientation)
        if plane is None or plane.grid.ndim == 2:
            return
        depth = float(plane.depth_of(self._crosshair_mm(plane.grid)))
        self._view.crosshair_mm = tuple(plane.mm_from_px(plane.clamped(point_px), depth).tolist())

    def go_to(self, point_mm: npt.ArrayLike) -> None:
        """Let all planes of a volume meet in a point."""
        image = self._document.image
        if image is not None and image.ndim == 3:
            self._view.crosshair_mm = tuple(np.asarray(point_mm, dtype=np.float64).tolist())

    def toggle_maximised(self, panel: Panel) -> None:
        """Let a panel fill the window, or show all four again."""
        self._view.maximised = None if self._view.maximised is panel else panel
        if self._view.maximised not in (None, Panel.SCENE):
            self._view.active = Orientation(panel.value)

    def _crosshair_mm(self, grid: Grid) -> npt.ArrayLike:
        crosshair_mm = self._view.crosshair_mm
        return grid.to_mm((np.asarray(grid.shape) - 1) / 2) if crosshair_mm is None else crosshair_mm


@lru_cache(maxsize=6)
def _stack(grid: Grid, orientation: Orientation, radiological: bool) -> Grid:
    return reformatted_grid(grid, orientation, radiological=radiological)
