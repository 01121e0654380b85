"""The Bland–Altman figure of one landmark along one axis: differences of two readers over their means, with limits of agreement.

Draws what `core.project.agreement` says; computes nothing. A click on a point tells which case it is.
"""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.chrome import chrome
from core.project.agreement import Agreement

_AXES = {2: ("x", "y"), 3: ("x", "y", "z")}


def axis_titles(ndim: int) -> tuple[str, ...]:
    """Return what the axes of positions are called."""
    return _AXES[ndim]


class BlandAltmanFigure(QWidget):
    """The figure.

    Parameters
    ----------
    parent
        The dialog.
    """

    case_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        colours = chrome()
        self._plot = pg.PlotWidget(background=colours.panel)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._points = pg.ScatterPlotItem(
            size=9,
            pen=None,
            brush=pg.mkBrush(colours.accent),
            hoverable=True,
            tip=None,
            hoverBrush=pg.mkBrush(colours.text),
        )
        self._points.sigClicked.connect(self._click)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.faint)
            axis.enableAutoSIPrefix(enable=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)

    @property
    def points(self) -> pg.ScatterPlotItem:
        """The dots, one for each case that both have marked."""
        return self._points

    def show_landmark(self, agreement: Agreement, name: str, axis: int) -> None:
        """Draw a landmark along an axis, 0 being x."""
        means, differences = agreement.bland_altman(name, axis)
        row = agreement.names.index(name)
        both = np.isfinite(agreement.first_points[:, row, axis]) & np.isfinite(agreement.second_points[:, row, axis])
        case_ids = [id_ for id_, there in zip(agreement.case_ids, both.tolist(), strict=True) if there]
        mark, title = agreement.landmarks[row], _AXES[agreement.ndim][axis]
        self._plot.clear()
        self._plot.setLabel("bottom", f"mean {title} ({agreement.unit})", color=chrome().faint)
        self._plot.setLabel("left", f"difference {title} ({agreement.unit})", color=chrome().faint)
        self._points.setData(x=means, y=differences, data=case_ids)
        self._plot.addItem(self._points)
        lower, upper = mark.limits
        self._draw_line(float(mark.bias[axis]), "bias", Qt.PenStyle.SolidLine)
        for value, words in ((lower[axis], "bias − 1.96 SD"), (upper[axis], "bias + 1.96 SD")):
            self._draw_line(float(value), words, Qt.PenStyle.DashLine)
        self._fit(means, np.concatenate([differences, [lower[axis], upper[axis], 0.0]]))

    def _draw_line(self, value: float, words: str, style: Qt.PenStyle) -> None:
        if not np.isfinite(value):
            return
        pen = QPen(QColor(chrome().faint), 1, style)
        pen.setCosmetic(True)
        options = {"position": 0.02, "color": chrome().text, "anchors": [(0, 1), (0, 1)]}
        self._plot.addItem(
            pg.InfiniteLine(
                value, angle=0, pen=pen, label=f"{words}: {value:+.2f}".replace("-", "−"), labelOpts=options
            )
        )

    def _fit(self, means: np.ndarray, differences: np.ndarray) -> None:
        for values, set_range in ((means, self._plot.setXRange), (differences, self._plot.setYRange)):
            known = values[np.isfinite(values)]
            if known.size:
                room = 0.14 * max(float(np.ptp(known)), 0.1)
                set_range(float(known.min()) - room, float(known.max()) + room, padding=0)

    def _click(self, _: object, points: list[pg.SpotItem]) -> None:
        if len(points):
            self.case_clicked.emit(int(points[0].data()))
