"""What the plots of shapes share: colours, axes, the name under the mouse, and how they become a picture. Knows no shapes."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.chrome import LIGHT, Chrome, chrome

PICTURE_SIZE = QSize(1000, 760)
"""Size in which a plot is drawn for a picture, in pixels of the layout."""
PNG_SCALE = 2
"""How many pixels of a PNG picture there are for one of these."""
SYMBOLS = ("o", "s", "t", "d", "p", "h", "star", "+")
_ON_DARK = ("#56b4e9", "#e69f00", "#22d3a0", "#e79fc9", "#f0e442", "#a48bff", "#d5dae2", "#a3acb9")
_ON_LIGHT = ("#0f6ba8", "#b36200", "#00774f", "#a3447f", "#7d6a00", "#5b3fbf", "#1d232c", "#57616f")


def group_colours(colours: Chrome) -> tuple[str, ...]:
    """Return the colours of groups, as many as there are `SYMBOLS`: Okabe and Ito's, readable on the background."""
    return _ON_LIGHT if colours is LIGHT else _ON_DARK


class ShapePlot(QWidget):
    """A plot with a name under the mouse.

    Parameters
    ----------
    parent
        Where it stands.
    colours
        Of the window where omitted; pictures are light.
    """

    case_clicked = Signal(int)
    """A dot was clicked, given the number of its case."""

    def __init__(self, parent: QWidget | None = None, colours: Chrome | None = None) -> None:
        super().__init__(parent)
        self.colours = chrome() if colours is None else colours
        self.plot = pg.PlotWidget(viewBox=self._make_view_box())
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(enable=False)
        self.take_colours(self.colours)
        self.plot.scene().sigMouseClicked.connect(self._mouse_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def _make_view_box(self) -> pg.ViewBox:
        return pg.ViewBox()

    def take_colours(self, colours: Chrome) -> None:
        """Use other colours for what is drawn from now on."""
        self.colours = colours
        self.plot.setBackground(colours.panel)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.faint)
        self._name = pg.TextItem(color=colours.text, fill=QColor(colours.window), anchor=(0, 1))
        self._name.setZValue(100)
        self._name.hide()

    def clear(self) -> None:
        """Draw nothing."""
        self.plot.clear()
        self.plot.addItem(self._name, ignoreBounds=True)
        self._name.hide()

    def label_axes(self, across: str, up: str) -> None:
        """Say what the axes are."""
        self.plot.setLabel("bottom", across, color=self.colours.faint)
        self.plot.setLabel("left", up, color=self.colours.faint)

    def add_dots(self, x: Any, y: Any, data: list[Any], **look: Any) -> pg.ScatterPlotItem:
        """Draw dots that say what they are under the mouse, by `name_of`, and can be clicked."""
        dots = pg.ScatterPlotItem(
            x=x, y=y, data=data, hoverable=True, tip=None, hoverPen=pg.mkPen(self.colours.text, width=2), **look
        )
        dots.sigHovered.connect(self._hover)
        dots.sigClicked.connect(self._click)
        self.plot.addItem(dots)
        return dots

    def name_of(self, datum: Any) -> str:
        """Return what is said of a dot."""
        return str(datum)

    @property
    def named(self) -> str:
        """What is said of the dot under the mouse; empty where there is none."""
        return str(self._name.toPlainText()) if self._name.isVisible() else ""

    def _hover(self, _: object, spots: list[pg.SpotItem], __: object = None) -> None:
        self._name.setVisible(bool(len(spots)))
        if len(spots):
            place: QPointF = spots[0].pos()
            box = self.plot.getViewBox().viewRect()
            self._name.setText(self.name_of(spots[0].data()))
            self._name.setAnchor((1 if place.x() > box.center().x() else 0, 1))
            self._name.setPos(place)

    def _click(self, _: object, spots: list[pg.SpotItem], __: object = None) -> None:
        if len(spots):
            self.clicked(spots[0].data())

    def _mouse_clicked(self, event: Any) -> None:
        if event.double():
            self.show_all()

    def show_all(self) -> None:
        """Bring everything into view again."""
        self.plot.enableAutoRange()

    def clicked(self, datum: Any) -> None:
        """Take a click on a dot: its case is wanted."""
        self.case_clicked.emit(int(datum))


def png_of(plot: ShapePlot) -> bytes:
    """Return a plot as it looks, as a PNG picture of `PNG_SCALE` times its size."""
    picture = QImage(plot.size() * PNG_SCALE, QImage.Format.Format_ARGB32)
    picture.setDevicePixelRatio(PNG_SCALE)
    picture.fill(QColor(plot.colours.panel))
    painter = QPainter(picture)
    _paint(plot, painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(picture)
    return bytes(buffer.data().data())


def svg_of(plot: ShapePlot) -> bytes:
    """Return a plot as it looks, as an SVG drawing; pyqtgraph's own writer of SVG fails on arcs."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(plot.size())
    generator.setViewBox(plot.rect())
    generator.setResolution(plot.logicalDpiX())  # axes are drawn for the screen's
    painter = QPainter(generator)
    painter.fillRect(plot.rect(), QColor(plot.colours.panel))
    _paint(plot, painter)
    painter.end()
    return bytes(buffer.data().data())


def _paint(plot: ShapePlot, painter: QPainter) -> None:
    """Paint a plot, which perhaps was never shown, with lines and dots as such rather than as pictures of them."""
    from pyqtgraph.exporters import Exporter

    plot.grab()  # drawing it is what lays it out
    plot.plot.getPlotItem().layout.activate()
    exporter = Exporter(plot.plot.getPlotItem())
    how = {"antialias": True, "background": plot.colours.panel, "painter": painter, "resolutionScale": 1.0}
    exporter.setExportMode(export=True, opts=how)
    try:
        exporter.getScene().render(painter, QRectF(plot.rect()), QRectF(exporter.getSourceRect()))
    finally:
        exporter.setExportMode(export=False)
