"""The curve of a course of learning: the error on the cases to check with over the minutes, a line for each part of the model.

Draws what `app.session.course_progress` says; computes nothing.
"""

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.chrome import chrome
from app.session.course_progress import CourseProgress

_ROOM = 0.08


class LearningCurve(QWidget):
    """The plot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        colours = chrome()
        self.plot = pg.PlotWidget(background=colours.panel)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setAccessibleName("Error on the cases to check with, over the minutes")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.faint)
            axis.enableAutoSIPrefix(enable=False)
        self.plot.setLabel("bottom", "minutes", color=colours.faint)
        self._lines: dict[int, pg.PlotDataItem] = {}
        pen = QPen(QColor(colours.faint), 1, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        self._best = pg.InfiniteLine(angle=0, pen=pen)
        self._best.setVisible(False)
        self.plot.addItem(self._best)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def show_progress(self, progress: CourseProgress | None) -> None:
        """Draw how far a course is; an empty plot for none."""
        curve = () if progress is None else progress.curve
        stages = sorted({point.stage for point in curve})
        for stage in set(self._lines) - set(stages):
            self.plot.removeItem(self._lines.pop(stage))
        for stage in stages:
            points = [point for point in curve if point.stage == stage]
            self._line(stage, is_last=stage == stages[-1]).setData(
                [point.minutes for point in points], [point.error for point in points]
            )
        if progress is None:
            self._best.setVisible(False)
            return
        self.plot.setLabel("left", f"mean error ({progress.unit})", color=chrome().faint)
        self._best.setVisible(progress.best is not None)
        if progress.best is not None:
            self._best.setValue(progress.best)
        self._fit(progress)

    def _line(self, stage: int, *, is_last: bool) -> pg.PlotDataItem:
        colours = chrome()
        if stage not in self._lines:
            self._lines[stage] = pg.PlotDataItem(symbol="o", symbolSize=5, symbolPen=None)
            self.plot.addItem(self._lines[stage])
        colour = QColor(colours.accent if is_last else colours.faint)
        pen = QPen(colour, 2)
        pen.setCosmetic(True)
        self._lines[stage].setPen(pen)
        self._lines[stage].setSymbolBrush(colour)
        return self._lines[stage]

    def _fit(self, progress: CourseProgress) -> None:
        """Show all from 0, without what the very first checks may say, which is far off."""
        if not progress.curve:
            self.plot.setXRange(0, max(1.0, progress.minutes), padding=0)
            self.plot.setYRange(0, 1, padding=0)
            return
        last = max(point.minutes for point in progress.curve)
        errors = sorted(point.error for point in progress.curve)
        highest = min(errors[-1], 4 * errors[len(errors) // 2])
        self.plot.setXRange(0, max(last * (1 + _ROOM), 0.5), padding=0)
        self.plot.setYRange(0, highest * (1 + _ROOM) or 1.0, padding=0)
