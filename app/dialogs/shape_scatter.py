"""The cases of a comparison in the plane of two components, and their Procrustes distances in order. Computes no shapes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app.desktop.chrome import Chrome
from app.dialogs.shape_plot import SYMBOLS, ShapePlot, group_colours
from app.session.shape_study import Grouping, ShapeStudy
from core.measuring.morphometrics import outlier_fence
from core.values.grid import FloatArray

ELLIPSE_SHARE = 0.9
"""Share of a group that its ellipse holds, where its scores are normally distributed."""
_LEAST_FOR_ELLIPSE = 4
_NAMELESS = "without"


def component_title(study: ShapeStudy, component: int) -> str:
    """Return what an axis is called: number of the component, from 1, and its share of the variance."""
    return f"PC{component + 1} ({100 * study.compared.space.shares[component]:.1f} % of the variance)"


class _CasePlot(ShapePlot):
    """A plot whose dots are cases."""

    def __init__(self, parent: QWidget | None = None, colours: Chrome | None = None) -> None:
        super().__init__(parent, colours)
        self.study: ShapeStudy | None = None
        self._rows: dict[int, int] = {}
        self._places: FloatArray = np.zeros((0, 2))
        self._current: int | None = None
        self._cross: pg.ScatterPlotItem | None = None

    def take(self, study: ShapeStudy, places: FloatArray) -> None:
        """Take the cases, each at its place ``(N, 2)``."""
        self.study, self._places = study, places
        self._rows = {case.id: row for row, case in enumerate(study.cases)}

    def name_of(self, datum: Any) -> str:
        """Return name and remark of a case."""
        if self.study is None:
            return ""
        case = self.study.cases[self._rows[datum]]
        return f"{case.name}: {case.remark}" if case.remark else case.name

    def mark_current(self, case_id: int | None) -> None:
        """Mark the case that lies open in the window."""
        self._current = case_id
        if self._cross is not None:
            row = self._rows.get(-1 if case_id is None else case_id)
            self._cross.setData(pos=self._places[[] if row is None else [row]])

    def _draw_marks(self) -> None:
        """Draw the rings of the outliers and the mark of the open case."""
        if self.study is None:
            return
        rows = list(self.study.compared.swaps)
        ring = pg.mkPen(self.colours.far, width=2)
        rings = pg.ScatterPlotItem(pos=self._places[rows], size=19, pen=ring, brush=None)
        rings.setZValue(-1)  # or it would take the clicks on the dots
        self.plot.addItem(rings)
        self._cross = pg.ScatterPlotItem(
            size=27, symbol="crosshair", pen=pg.mkPen(self.colours.text, width=1.5), brush=None
        )
        self._cross.setZValue(-1)
        self.plot.addItem(self._cross)
        self.mark_current(self._current)


class ScatterFigure(_CasePlot):
    """Scores along two components, with groups by colour and form, and rings around outliers; both axes have the same scale."""

    def __init__(self, parent: QWidget | None = None, colours: Chrome | None = None) -> None:
        super().__init__(parent, colours)
        self.plot.setAspectLocked(True)

    def show_study(
        self, study: ShapeStudy, across: int, up: int, by: Grouping = Grouping.NOTHING, *, ellipses: bool = False
    ) -> None:
        """Draw the cases along two components, 0 being the first."""
        scores = study.compared.space.scores
        self.take(study, scores[:, [across, up]])
        self.clear()
        self.label_axes(component_title(study, across), component_title(study, up))
        for value, angle in ((0.0, 0), (0.0, 90)):
            self.plot.addItem(pg.InfiniteLine(value, angle=angle, pen=pg.mkPen(self.colours.line)), ignoreBounds=True)
        self._draw_groups(study, by, ellipses=ellipses)
        self._draw_marks()
        self.show_all()

    def _draw_groups(self, study: ShapeStudy, by: Grouping, *, ellipses: bool) -> None:
        labels = np.array(study.groups(by)) if by is not Grouping.NOTHING else np.full(len(study.cases), "")
        names = sorted(set(labels.tolist()))
        legend = self.plot.addLegend(offset=(-10, 10), labelTextColor=self.colours.text)
        legend.clear()
        legend.setVisible(len(names) > 1)
        ids = np.array([case.id for case in study.cases])
        for number, name in enumerate(names):
            rows = np.flatnonzero(labels == name)
            colour = QColor(group_colours(self.colours)[number % len(SYMBOLS)])
            dots = self.add_dots(
                self._places[rows, 0], self._places[rows, 1], ids[rows].tolist(),
                size=9, symbol=SYMBOLS[number % len(SYMBOLS)], brush=pg.mkBrush(colour), pen=pg.mkPen(self.colours.panel),
            )  # fmt: skip
            legend.addItem(dots, f"{name or _NAMELESS} ({len(rows)})")
            if ellipses and len(rows) >= _LEAST_FOR_ELLIPSE:
                line = pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)
                outline = concentration_ellipse(self._places[rows])
                self.plot.addItem(pg.PlotCurveItem(outline[:, 0], outline[:, 1], pen=line, antialias=True))


class DistanceFigure(_CasePlot):
    """Procrustes distances to the mean, in order, with the fence beyond which cases are outliers."""

    def show_study(self, study: ShapeStudy) -> None:
        """Draw the distances of all cases, the smallest first."""
        distances = study.compared.alignment.distances
        order = np.argsort(distances, kind="stable")
        places = np.empty((len(order), 2))
        places[order] = np.column_stack([np.arange(1, len(order) + 1), distances[order]])
        self.take(study, places)
        self.clear()
        self.label_axes("cases in order", "Procrustes distance to the mean")
        self.plot.addItem(
            pg.InfiniteLine(
                outlier_fence(study.compared.alignment), angle=0,
                pen=pg.mkPen(self.colours.far, style=Qt.PenStyle.DashLine), label="outliers lie above",
                labelOpts={"position": 0.02, "color": self.colours.text, "anchors": [(0, 1), (0, 1)]},
            )
        )  # fmt: skip
        colours = group_colours(self.colours)
        self.add_dots(
            places[:, 0], places[:, 1], [case.id for case in study.cases],
            size=8, brush=pg.mkBrush(colours[0]), pen=None,
        )  # fmt: skip
        self._label_swaps(study)
        self._draw_marks()
        self.show_all()

    def show_all(self) -> None:
        """Bring all cases and the fence into view."""
        if self.study is not None:
            highest = max(float(self._places[:, 1].max()), outlier_fence(self.study.compared.alignment))
            self.plot.setXRange(0, len(self._places) + 1, padding=0.02)
            self.plot.setYRange(0.0, 1.08 * highest, padding=0)

    def _label_swaps(self, study: ShapeStudy) -> None:
        """Write the names of the outliers beside them, the farthest ones, as far as they do not hide each other."""
        for row in _apart(self._places, list(study.compared.swaps)):
            text = pg.TextItem(study.cases[row].name, color=self.colours.text, anchor=(1.08, 0.5))
            text.setPos(*self._places[row])
            self.plot.addItem(text, ignoreBounds=True)


def _apart(places: FloatArray, rows: list[int]) -> Iterator[int]:
    """Yield rows whose places lie far enough above each other for a line of text."""
    least = 0.045 * float(places[:, 1].max())
    taken: list[float] = []
    for row in rows:
        height = float(places[row, 1])
        if all(abs(height - other) > least for other in taken):
            taken.append(height)
            yield row


def concentration_ellipse(places: FloatArray, count: int = 90) -> FloatArray:
    """Return the outline ``(count, 2)`` of the ellipse that holds `ELLIPSE_SHARE` of a normal distribution like these places."""
    radius = np.sqrt(-2.0 * np.log(1.0 - ELLIPSE_SHARE))
    values, vectors = np.linalg.eigh(np.cov(places.T))
    angle = np.linspace(0.0, 2.0 * np.pi, count)
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt(np.maximum(values, 0.0)) * radius
    return np.asarray(places.mean(axis=0) + circle @ vectors.T)
