"""The mean shape on its way along a component: landmarks, the lines between them, and in 2D the grid that goes along.

In 3D it is seen from a side of the patient, and turns with the mouse. Draws what `core.measuring` computes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app.desktop.chrome import Chrome
from app.dialogs.shape_plot import ShapePlot, group_colours
from app.session.shape_study import ShapeStudy
from app.session.tracing import Stroke
from app.views.projection import ProjectionView, rotation_from
from core.measuring.thin_plate import thin_plate_weights
from core.values.grid import FloatArray

GRID_LINES = 22
"""Lines of the grid along the longer side of the mean shape."""
_STEPS = 5
"""Parts of a line between two crossings: it bends."""
_BEYOND = 0.14
"""How far the grid reaches beyond the landmarks, as part of their extent."""
MOST_LABELS = 30
"""Names that are written beside the landmarks unless a person wishes otherwise; more would hide each other."""
SIDES_SEEN = ("A", "L", "S")
"""Sides of the patient from which a shape in space can be seen at once: from the front, the left and above."""
_RAD_PER_PX = 0.01
_PENS = {
    Stroke.PLANE: Qt.PenStyle.SolidLine,
    Stroke.OUTLINE: Qt.PenStyle.SolidLine,
    Stroke.SOFT_TISSUE: Qt.PenStyle.DashLine,
}


class _TurningBox(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """A view whose contents turn where the left button is dragged."""

    turned = Signal(float, float)
    """It was dragged to the right and downwards, px."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = False

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        """Turn what is flat on the screen only because it is drawn there; move what is flat."""
        if not self.turns or event.button() is not Qt.MouseButton.LeftButton:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        way = event.scenePos() - event.lastScenePos()
        self.turned.emit(way.x(), way.y())


class DeformationFigure(ShapePlot):
    """The shape. Dots are landmarks."""

    def __init__(self, parent: QWidget | None = None, colours: Chrome | None = None) -> None:
        super().__init__(parent, colours)
        self.plot.setAspectLocked(True)
        self.plot.invertY()
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self._study: ShapeStudy | None = None
        self._component, self._deviations = 0, 0.0
        self._view = ProjectionView(np.zeros(3))
        self._weights: FloatArray | None = None
        self._grid_ends: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._labels: list[pg.TextItem] = []
        self._shows_names = True
        box = self.plot.getViewBox()
        box.turned.connect(self._turn)

    def _make_view_box(self) -> pg.ViewBox:
        return _TurningBox()

    def take_colours(self, colours: Chrome) -> None:
        """Use other colours for what is shown from now on."""
        super().take_colours(colours)
        faint = QColor(colours.faint)
        faint.setAlphaF(0.55)
        accent = group_colours(self.colours)[0]
        self._grid = pg.PlotCurveItem(pen=pg.mkPen(faint, width=1), connect="finite", antialias=True)
        self._traced = {
            stroke: pg.PlotCurveItem(
                pen=pg.mkPen(self.colours.text, width=1.4, style=pen), connect="finite", antialias=True
            )
            for stroke, pen in _PENS.items()
        }
        self._ways = pg.PlotCurveItem(pen=pg.mkPen(self.colours.far, width=1.6), connect="finite", antialias=True)
        self._before = pg.ScatterPlotItem(size=7, pen=pg.mkPen(self.colours.faint), brush=None)
        self.landmarks = pg.ScatterPlotItem(
            size=9,
            pen=None,
            brush=pg.mkBrush(accent),
            hoverable=True,
            tip=None,
            hoverPen=pg.mkPen(self.colours.text, width=2),
        )
        self.landmarks.sigHovered.connect(self._hover)

    # What is shown

    def show_study(self, study: ShapeStudy) -> None:
        """Show the mean of other cases."""
        self._component, self._deviations = 0, 0.0
        mean = study.compared.space.mean
        self.plot.getViewBox().turns = mean.shape[1] == 3
        if self._study is None and mean.shape[1] == 3:
            self._view = self._view.seen_from(_broadest_side(mean))
        self._study = study
        self._prepare_grid(mean)
        self.clear()
        for item in (self._grid, *self._traced.values(), self._ways, self._before, self.landmarks):
            self.plot.addItem(item)
        self._labels = []
        if self._shows_names:
            self._labels = [
                pg.TextItem(name, color=self.colours.text, anchor=(-0.1, 1)) for name in study.compared.found.names
            ]
            for label in self._labels:
                self.plot.addItem(label, ignoreBounds=True)
        self._draw()
        self.show_all()

    def show_at(self, component: int, deviations: float) -> None:
        """Show the shape so many standard deviations along a component from the mean."""
        self._component, self._deviations = component, deviations
        self._draw()

    def show_names(self, *, shown: bool) -> None:
        """Write the names of the landmarks beside them, or not."""
        self._shows_names = shown
        if self._study is not None:
            component, deviations = self._component, self._deviations
            self.show_study(self._study)
            self.show_at(component, deviations)

    def seen_from(self, side: str) -> None:
        """Look at a shape in space from a side of the patient."""
        self._view = self._view.seen_from(side)
        self._draw()
        self.show_all()

    def show_as(self, other: "DeformationFigure") -> None:
        """Show what another one shows, from the same side."""
        if other._study is not None:
            self._view, self._shows_names = other._view, other._shows_names
            self.show_study(other._study)
            self.show_at(other._component, other._deviations)

    @property
    def grid_places(self) -> tuple[FloatArray, FloatArray]:
        """Where the lines of the grid run, x and y; parted by NaN, and none without a grid."""
        x, y = self._grid.getData()
        return (np.zeros(0), np.zeros(0)) if x is None else (x, y)

    def name_of(self, datum: Any) -> str:
        """Return the name of a landmark."""
        return "" if self._study is None else self._study.compared.found.names[int(datum)]

    def clicked(self, datum: Any) -> None:
        """Do nothing: a landmark is no case."""

    # Drawing

    def _prepare_grid(self, mean: FloatArray) -> None:
        """Prepare how a grid over the mean shape follows the landmarks; none in space, and none where they lie on a line."""
        self._weights = None
        if mean.shape[1] == 3:
            return
        places, self._grid_ends = _grid_over(mean)
        try:
            self._weights = thin_plate_weights(mean, places)
        except ValueError:
            return

    def _turn(self, right_px: float, down_px: float) -> None:
        self._view = self._view.rotated(right_px * _RAD_PER_PX, down_px * _RAD_PER_PX)
        self._draw()

    def _on_screen(self, points: FloatArray) -> FloatArray:
        return points if points.shape[1] == 2 else self._view.to_px(points)

    def _draw(self) -> None:
        study = self._study
        if study is None:
            return
        space = study.compared.space
        shape = space.at(self._component, self._deviations) if len(space.variances) else space.mean
        before, after = self._on_screen(space.mean), self._on_screen(shape)
        self._before.setData(pos=before)
        self.landmarks.setData(pos=after, data=np.arange(len(after)))
        _set_segments(self._ways, np.stack([before, after], axis=1))
        for stroke, item in self._traced.items():
            pairs = [(line.first, line.second) for line in study.lines if line.stroke is stroke]
            _set_segments(item, after[np.array(pairs, dtype=np.int64).reshape(-1, 2)])
        if self._weights is None:
            self._grid.setData([], [])
        else:
            lines = np.insert(self._weights @ shape, self._grid_ends, np.nan, axis=0)
            self._grid.setData(lines[:, 0], lines[:, 1])
        for label, place in zip(self._labels, after, strict=False):
            label.setPos(*place)
        self._name.hide()

    def show_all(self) -> None:
        """Leave room for all that the slider can reach."""
        if self._study is None:
            return
        space = self._study.compared.space
        mean = space.mean
        reach = np.concatenate([space.at(0, way) for way in (-3.0, 3.0)] if len(space.variances) else [mean])
        low, high, room = reach.min(axis=0), reach.max(axis=0), 0.16
        if mean.shape[1] == 3:  # it is to be turned
            low, high, room = np.full(2, -np.abs(reach).max()), np.full(2, np.abs(reach).max()), 0.06
        self.plot.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=room)


def _broadest_side(mean: FloatArray) -> str:
    """Return the side of the patient from which a shape in space spreads the most."""

    def area(side: str) -> float:
        return float(np.prod(np.ptp(mean @ rotation_from(side)[:2].T, axis=0)))

    return max(SIDES_SEEN, key=area)


def _set_segments(item: pg.PlotCurveItem, segments: FloatArray) -> None:
    """Draw lines ``(S, 2, 2)`` that do not hang together."""
    parted = np.concatenate([segments, np.full((len(segments), 1, 2), np.nan)], axis=1).reshape(-1, 2)
    item.setData(parted[:, 0], parted[:, 1])


def _grid_over(mean: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the places ``(P, 2)`` of the lines of a grid over a shape, and behind which of them a line ends."""
    low, high = mean.min(axis=0), mean.max(axis=0)
    low, high = low - _BEYOND * (high - low).max(), high + _BEYOND * (high - low).max()
    step = float((high - low).max()) / GRID_LINES
    counts = np.maximum(np.ceil((high - low) / step).astype(int), 1)
    lines = []
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], low[1 - axis] + counts[1 - axis] * step, counts[1 - axis] * _STEPS + 1)
        for place in low[axis] + step * np.arange(counts[axis] + 1):
            line = np.empty((len(along), 2))
            line[:, axis], line[:, 1 - axis] = place, along
            lines.append(line)
    return np.concatenate(lines), np.cumsum([len(line) for line in lines])
