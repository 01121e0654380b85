"""Draws the free measurements of one slice. Asks `app.session.free_measuring` what there is, and decides which of it is near."""

from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtGui import QPainter

from app.session.controller import Controller
from app.session.free_measuring import Handle
from app.session.free_rows import FreeDrawing
from app.views.free_painting import FreeShape, handle_at, paint_free
from app.views.glyphs import reach_mm
from app.views.slice_layer import ScreenMap, SliceLayer
from core.geometry.planes import Orientation, SlicePlane


class FreeLayer(SliceLayer):
    """The measurements of one slice.

    Parameters
    ----------
    controller
        Who knows them.
    orientation
        Which plane this is.
    screen_map
        Gives where image pixels are on the screen now.
    """

    def __init__(self, controller: Controller, orientation: Orientation, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._controller = controller
        self._orientation = orientation
        events = controller.view_state.events
        for signal in (controller.free_measuring.changed, events.hide_all, events.show_labels):
            signal.connect(self._redraw)

    def _redraw(self, *_: object) -> None:
        self.update()

    def handle_at(self, point_screen: tuple[float, float]) -> Handle | None:
        """Return the part of a measurement under a screen position, None beside them."""
        return handle_at(self._shapes(self._screen_map(), with_arcs=False), point_screen)

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint what this slice shows of them."""
        show_texts = self._controller.view_state.show_labels
        paint_free(painter, self._shapes(screen_map), self.boundingRect(), show_texts=show_texts)

    def _shapes(self, screen_map: ScreenMap, *, with_arcs: bool = True) -> list[FreeShape]:
        plane = self._controller.navigator.plane_of(self._orientation)
        if plane is None or self._controller.view_state.hide_all:
            return []
        return shapes_of(plane, self._controller.free_measuring.drawings, screen_map, with_arcs=with_arcs)


def shapes_of(
    plane: SlicePlane, drawings: Iterable[FreeDrawing], screen_map: ScreenMap, *, with_arcs: bool = True
) -> list[FreeShape]:
    """Return what a slice shows of measurements, on the screen."""
    shapes = []
    for drawing in drawings:
        if is_seen(plane, drawing):
            arc = drawing.arc_mm if with_arcs else None
            on_screen = None if arc is None else screen_map.to_screen(plane.px_from_mm(arc))
            points_screen = screen_map.to_screen(plane.px_from_mm(drawing.points_mm))
            shapes.append(FreeShape(drawing, points_screen, on_screen))
    return shapes


def is_seen(plane: SlicePlane, drawing: FreeDrawing) -> bool:
    """Tell whether a slice shows a measurement: all its points are as near as landmarks are seen from, or it is selected."""
    if plane.grid.ndim == 2 or drawing.selected:
        return True
    distances_mm = np.abs(plane.depth_of(drawing.points_mm)) * plane.thickness_mm
    return bool((distances_mm <= reach_mm(plane)).all())
