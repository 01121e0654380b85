"""Draws the tracing of an analysis over a slice, and the lines of the measurement that a person points at.

Planes are solid, outlines finer, soft tissue is dashed: it is only known at its landmarks. Decides nothing and asks
`app.session.measuring` what there is to draw.
"""

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.desktop import theme
from app.session.controller import Controller
from app.session.tracing import AngleMark, Stroke, TracedLine
from app.views.glyphs import reach_mm
from app.views.slice_layer import ScreenMap, SliceLayer
from core.geometry.planes import Orientation, SlicePlane
from core.values.grid import FloatArray

PENS = {
    Stroke.OUTLINE: (theme.TRACING, 0.75, 1.2, Qt.PenStyle.SolidLine),
    Stroke.SOFT_TISSUE: (theme.SOFT_TISSUE, 0.9, 1.5, Qt.PenStyle.DashLine),
    Stroke.PLANE: (theme.TRACING, 0.95, 1.5, Qt.PenStyle.SolidLine),
}
"""Colour, opacity, width and style of each stroke, those below first."""
EMPHASIS_WIDTH = 2.4
LEG_WIDTH = 1.3


def lines_on(plane: SlicePlane, lines_mm: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the lines that a slice shows, each ``(2, 2)`` in its pixels.

    Parameters
    ----------
    plane
        The slice.
    lines_mm
        ``(2, D)`` ends, LPS mm. In a volume a line is seen, projected, where both ends are as near as landmarks are seen from.
    """
    reach = reach_mm(plane)
    shown = []
    for ends_mm in lines_mm:
        distances_mm = np.abs(plane.depth_of(ends_mm)) * plane.thickness_mm
        if plane.grid.ndim == 2 or bool((distances_mm <= reach).all()):
            shown.append(plane.px_from_mm(ends_mm))
    return shown


class TracingLayer(SliceLayer):
    """The lines of one slice.

    Parameters
    ----------
    controller
        Who measures.
    orientation
        Which plane this is.
    screen_map
        Gives where image pixels are on the screen now.
    """

    def __init__(self, controller: Controller, orientation: Orientation, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._controller = controller
        self._orientation = orientation

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint outlines below planes below what is pointed at."""
        plane = self._controller.navigator.plane_of(self._orientation)
        if plane is None or self._controller.view_state.hide_all:
            return
        measuring = self._controller.measuring
        paint_tracing(painter, screen_map, plane, measuring.tracing, measuring.emphasised, measuring.emphasised_angles)


def paint_tracing(
    painter: QPainter,
    screen_map: ScreenMap,
    plane: SlicePlane,
    tracing: Sequence[TracedLine],
    emphasised: Sequence[FloatArray] = (),
    angles: Sequence[AngleMark] = (),
) -> None:
    """Paint what a slice shows of a tracing: outlines below planes below the lines and angles that are pointed at."""
    for stroke, (name, alpha, width, style) in PENS.items():
        lines = lines_on(plane, [line.ends_mm for line in tracing if line.stroke is stroke])
        _draw(painter, screen_map, lines, name, alpha, width, style)
    pointed = lines_on(plane, emphasised)
    _draw(painter, screen_map, pointed, theme.EMPHASIS, 1.0, EMPHASIS_WIDTH, Qt.PenStyle.SolidLine)
    legs = lines_on(plane, [leg for angle in angles for leg in angle.legs_mm])
    _draw(painter, screen_map, legs, theme.EMPHASIS, 0.8, LEG_WIDTH, Qt.PenStyle.DashLine)
    arcs = [screen_map.to_screen(arc) for arc in lines_on(plane, [angle.arc_mm for angle in angles])]
    paint_arcs(painter, arcs)


def paint_arcs(painter: QPainter, arcs_screen: Sequence[FloatArray]) -> None:
    """Paint arcs ``(N, 2)`` of the screen."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(theme.colour(theme.SHADE, 0.5), EMPHASIS_WIDTH + 1.0), QPen(theme.colour(theme.EMPHASIS), 1.6)):
        painter.setPen(pen)
        for arc in arcs_screen:
            painter.drawPolyline(QPolygonF([QPointF(*point) for point in arc.tolist()]))


def _draw(
    painter: QPainter,
    screen_map: ScreenMap,
    lines_px: Sequence[FloatArray],
    name: str,
    alpha: float,
    width: float,
    style: Qt.PenStyle,
) -> None:
    if lines_px:
        paint_lines(painter, [screen_map.to_screen(ends) for ends in lines_px], name, alpha, width, style)


def paint_lines(
    painter: QPainter, lines_screen: Sequence[FloatArray], name: str, alpha: float, width: float, style: Qt.PenStyle
) -> None:
    """Paint lines ``(2, 2)`` of the screen in a colour of the theme, over a dark seam."""
    lines = [QLineF(*ends.ravel().tolist()) for ends in lines_screen]
    for pen in (QPen(theme.colour(theme.SHADE, 0.5 * alpha), width + 1.8), QPen(theme.colour(name, alpha), width)):
        pen.setStyle(style)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap if style is Qt.PenStyle.SolidLine else Qt.PenCapStyle.FlatCap)
        if style is Qt.PenStyle.DashLine:
            pen.setDashPattern([7.0 * width / pen.widthF(), 5.0 * width / pen.widthF()])  # in widths of the pen
        painter.setPen(pen)
        painter.drawLines(lines)
