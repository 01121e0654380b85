"""Draws one landmark's votes over the image, as the paper's Fig. 5 does.

An arrow from each cell towards the landmark, and a square around each cell that probably holds it. Lengths are
rescaled for display and dense fields are thinned out on the screen; directions are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app import theme
from app.slice_layer import ScreenMap, SliceLayer
from app.slice_plane import SlicePlane
from core.types import FloatArray, VectorField

POSTERIOR_LIMIT = 0.5
SMALLEST_STEP = 15.0
"""Screen pixels between two arrows at least."""


@dataclass(frozen=True, eq=False)
class FieldPicture:
    """A vector field on one slice, in image pixels.

    Attributes
    ----------
    cells
        ``(N, 2)`` column and row of each cell in the field's own grid.
    centres_px
        ``(N, 2)`` centres.
    directions_px
        ``(N, 2)`` displacements, not rescaled.
    lengths
        ``(N,)`` display lengths in [0.3, 1], growing with the logarithm of the displacement.
    likely
        ``(N,)`` whether the posterior exceeds one half.
    step_px
        Size of a cell.
    """

    cells: npt.NDArray[np.int64]
    centres_px: FloatArray
    directions_px: FloatArray
    lengths: FloatArray
    likely: npt.NDArray[np.bool_]
    step_px: tuple[float, float]


def field_picture(field: VectorField, plane: SlicePlane) -> FieldPicture:
    """Bring a vector field into the pixels of a slice: the cells centred on it, in a volume those around it."""
    grid = field.grid
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    centres_mm = grid.to_mm(index)
    displacement_mm = np.asarray(field.displacement_mm, dtype=np.float64)
    chosen = plane.grid.contains(centres_mm)
    if grid.ndim == 3:
        thickness = grid.spacing_mm[0] / plane.grid.spacing_mm[0]
        chosen &= np.abs(plane.depth_of(centres_mm)) <= thickness / 2
    centres_px = plane.px_from_mm(centres_mm)
    ends_px = plane.px_from_mm(centres_mm + displacement_mm)
    magnitudes = np.linalg.norm(displacement_mm, axis=-1)[chosen]
    scale = np.log1p(magnitudes.max()) if magnitudes.size else 0.0
    lengths = 0.3 + 0.7 * np.log1p(magnitudes) / scale if scale > 0 else np.full(magnitudes.shape, 0.3)
    step = grid.spacing_mm / plane.grid.spacing_mm
    cells = np.stack([index[..., -1], index[..., -2]], axis=-1).astype(np.int64)
    return FieldPicture(
        cells=cells[chosen],
        centres_px=centres_px[chosen],
        directions_px=(ends_px - centres_px)[chosen],
        lengths=lengths,
        likely=field.weight[chosen] > POSTERIOR_LIMIT,
        step_px=(float(step[-1]), float(step[-2])),
    )


class VectorFieldLayer(SliceLayer):
    """Arrows and squares of one vector field."""

    def __init__(self, screen_map: Callable[[], ScreenMap]) -> None:
        super().__init__(screen_map)
        self._picture: FieldPicture | None = None
        self._lines: list[QLineF] = []
        self._lines_map: ScreenMap | None = None

    def set_field(self, picture: FieldPicture | None) -> None:
        """Show this field, or none."""
        self._picture = picture
        self._lines_map = None
        self.update()

    def paint_on_screen(self, painter: QPainter, screen_map: ScreenMap) -> None:
        """Paint arrows below squares, and a thin frame around the cells."""
        picture = self._picture
        if picture is None or not len(picture.cells):
            return
        if self._lines_map != screen_map:
            self._lines = arrow_lines(picture, screen_map)
            self._lines_map = screen_map
        for pen in (QPen(QColor(0, 0, 0, 90), 2.6), QPen(theme.colour(theme.ARROW, 0.9), 1.2)):
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLines(self._lines)
        size = np.asarray(picture.step_px) * np.abs(screen_map.scale)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        corners = screen_map.to_screen(picture.centres_px) - size / 2
        frame = QRectF(QPointF(*corners.min(axis=0)), QPointF(*(corners.max(axis=0) + size)))
        painter.setPen(QPen(theme.colour(theme.ARROW, 0.5), 1, Qt.PenStyle.DotLine))
        painter.drawRect(frame)
        painter.setPen(QPen(theme.colour(theme.CELL), 1.6))
        for corner in corners[picture.likely]:
            painter.drawRect(QRectF(*corner, *size))


def arrow_lines(picture: FieldPicture, screen_map: ScreenMap) -> list[QLineF]:
    """Return shafts and heads of the arrows on the screen, thinned out where cells are small."""
    step = np.abs(np.asarray(picture.step_px) * screen_map.scale)
    stride = max(1, int(np.ceil(SMALLEST_STEP / step.min())))
    kept = ((picture.cells % stride) == stride // 2).all(axis=1)
    starts = screen_map.to_screen(picture.centres_px[kept])
    vectors = picture.directions_px[kept] * np.asarray(screen_map.scale)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    lengths = picture.lengths[kept, None] * min(step.min() * stride, 48.0) * 0.9
    shafts = units * lengths
    sides = np.stack([-units[:, 1], units[:, 0]], axis=-1)
    ends = starts + shafts
    heads = [ends - shafts * 0.34 + sign * sides * lengths * 0.2 for sign in (1, -1)]
    pairs = np.concatenate([np.concatenate([starts, *heads]), np.concatenate([ends, ends, ends])], axis=1)
    return [QLineF(*pair) for pair in pairs.tolist()]
