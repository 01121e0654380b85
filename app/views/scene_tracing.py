"""Paints the tracing of an analysis, and what a measurement is taken along, over the volume in 3D.

Everything is seen through, as the landmarks are. Decides nothing and asks `app.session.measuring` what there is to draw.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from app.desktop import theme
from app.session.measuring import Measuring
from app.session.tracing import AngleMark, TracedLine
from app.views.projection import ProjectionView
from app.views.tracing_item import EMPHASIS_WIDTH, LEG_WIDTH, PENS, paint_arcs, paint_lines
from core.values.grid import FloatArray


def paint_measuring(painter: QPainter, view: ProjectionView, measuring: Measuring) -> None:
    """Paint what is measured as `view` shows it."""
    paint_tracing_in_space(painter, view, measuring.tracing, measuring.emphasised, measuring.emphasised_angles)


def paint_tracing_in_space(
    painter: QPainter,
    view: ProjectionView,
    tracing: Sequence[TracedLine],
    emphasised: Sequence[FloatArray],
    angles: Sequence[AngleMark],
) -> None:
    """Paint outlines below planes below the lines and angles that are pointed at, as `view` shows them."""
    for stroke, (name, alpha, width, style) in PENS.items():
        lines = _on_panel(view, [line.ends_mm for line in tracing if line.stroke is stroke])
        paint_lines(painter, lines, name, alpha, width, style)
    pointed = _on_panel(view, emphasised)
    paint_lines(painter, pointed, theme.EMPHASIS, 1.0, EMPHASIS_WIDTH, Qt.PenStyle.SolidLine)
    legs = _on_panel(view, [leg for angle in angles for leg in angle.legs_mm])
    paint_lines(painter, legs, theme.EMPHASIS, 0.8, LEG_WIDTH, Qt.PenStyle.DashLine)
    paint_arcs(painter, _on_panel(view, [angle.arc_mm for angle in angles]))


def _on_panel(view: ProjectionView, lines_mm: Sequence[FloatArray]) -> list[FloatArray]:
    return [view.to_px(line_mm) for line_mm in lines_mm]
