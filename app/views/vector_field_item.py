"""Draws one landmark's votes over the image, as the paper's Fig. 5 does.

An arrow from each cell towards the landmark, and a square around each cell that probably holds it. Lengths are
rescaled for display and dense fields are thinned out on the screen; directions are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.desktop import theme
from app.views.slice_layer import ScreenMap, SliceLayer
from core.geometry.planes import SlicePlane
from core.values.grid import FloatArray, Grid
from core.values.prediction import VectorField

SMALLEST_STEP = 15.0
"""Screen pixels between two arrows at least."""


@dataclass(frozen=True, eq=False)
class FieldPicture:
    """A vector field on one slice, in image pixels.

    Attributes
    ----------
    cells
        ``(N, 2)`` index of each cell along the two axes of the field's own grid that run most along the slice.
    centres_px
        ``(N, 2)`` centres.
    directions_px
        ``(N, 2)`` displacements, not rescaled; those of a volume are projected on the slice.
    lengths
        ``(N,)`` display lengths: in [0.3, 1], growing with the logarithm of the displacement, then shortened as far as
        it points out of the slice.
    likely
        ``(N,)`` whether the cell likely holds the landmark, see `VectorField.likely`.
    sides_px
        ``(2, 2)`` the two sides of a cell, as vectors; in a rotated field they are oblique.
    """

    cells: npt.NDArray[np.int64]
    centres_px: FloatArray
    directions_px: FloatArray
    lengths: FloatArray
    likely: npt.NDArray[np.bool_]
    sides_px: FloatArray


def field_picture(field: VectorField, plane: SlicePlane, image_grid: Grid) -> FieldPicture:
    """Bring a vector field, which may be rotated against the image, into the pixels of a slice.

    Parameters
    ----------
    field
        The votes of one stage for one landmark.
    plane
        The slice. In a volume it shows of each row of cells across it the one that it cuts: a single layer, in which
        no cell's centre is farther from the slice than half a cell.
    image_grid
        Cells centred outside of it are left out.
    """
    grid = field.grid
    index, within = _cut_cells(grid, plane)
    index = index[image_grid.contains(grid.to_mm(index))]
    chosen = tuple(index.T)
    centres_mm = grid.to_mm(index)
    displacement_mm = np.asarray(field.displacement_mm[chosen], dtype=np.float64)
    centres_px = plane.px_from_mm(centres_mm)
    directions_px = plane.px_from_mm(centres_mm + displacement_mm) - centres_px
    sides_px = plane.px_from_mm(plane.mm_from_px((0, 0)) + grid.vectors_to_mm(np.eye(grid.ndim)[within]))
    return FieldPicture(
        cells=index[:, within],
        centres_px=centres_px,
        directions_px=directions_px,
        lengths=_display_lengths(displacement_mm, directions_px * plane.pixel_size_mm),
        likely=field.likely[chosen],
        sides_px=sides_px,
    )


def _cut_cells(grid: Grid, plane: SlicePlane) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Return the indices ``(N, D)`` of the cells a slice cuts, and the two axes of cells that run most along it."""
    if grid.ndim == 2:
        return np.indices(grid.shape).reshape(2, -1).T, [0, 1]
    start = float(plane.depth_of(grid.to_mm(np.zeros(3))))
    steps = plane.depth_of(plane.mm_from_px((0, 0)) + grid.vectors_to_mm(np.eye(3)))
    across = int(np.argmax(np.abs(steps)))
    within = [axis for axis in range(3) if axis != across]
    index = np.zeros((grid.shape[within[0]] * grid.shape[within[1]], 3), dtype=np.int64)
    index[:, within] = np.indices([grid.shape[axis] for axis in within]).reshape(2, -1).T
    index[:, across] = np.rint(-(start + index @ steps) / steps[across])
    return index[(index[:, across] >= 0) & (index[:, across] < grid.shape[across])], within


def _display_lengths(displacement_mm: FloatArray, projected_mm: FloatArray) -> FloatArray:
    """Return how long arrows are drawn: by the logarithm of their length, shortened as by the projection."""
    magnitudes = np.linalg.norm(displacement_mm, axis=-1)
    scale = np.log1p(magnitudes.max()) if magnitudes.size else 0.0
    lengths = 0.3 + 0.7 * np.log1p(magnitudes) / scale if scale > 0 else np.full(magnitudes.shape, 0.3)
    seen = np.linalg.norm(projected_mm, axis=-1)
    return np.asarray(lengths * np.divide(seen, magnitudes, out=np.ones_like(seen), where=magnitudes > 0))


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
        paint_field(painter, screen_map, picture, self._lines)


def paint_field(painter: QPainter, screen_map: ScreenMap, picture: FieldPicture, lines: list[QLineF]) -> None:
    """Paint the ``lines`` of `arrow_lines` below squares, and a thin frame around the cells."""
    for pen in (QPen(theme.colour(theme.SHADE, 0.35), 2.6), QPen(theme.colour(theme.ARROW, 0.9), 1.2)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLines(lines)
    sides = picture.sides_px * np.abs(screen_map.scale)
    centres = screen_map.to_screen(picture.centres_px)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if _is_upright(sides):
        half = np.abs(sides).max(axis=0) / 2
        frame = QRectF(QPointF(*(centres.min(axis=0) - half)), QPointF(*(centres.max(axis=0) + half)))
        painter.setPen(QPen(theme.colour(theme.ARROW, 0.5), 1, Qt.PenStyle.DotLine))
        painter.drawRect(frame)
    painter.setPen(QPen(theme.colour(theme.CELL), 1.6))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2 @ sides
    for centre in centres[picture.likely]:
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in centre + corners]))


def _is_upright(sides: FloatArray) -> bool:
    """Tell whether the sides of cells run along rows and columns."""
    return bool(np.sort(np.abs(sides), axis=0)[0].max() < 0.01 * np.abs(sides).max())


def arrow_lines(picture: FieldPicture, screen_map: ScreenMap) -> list[QLineF]:
    """Return shafts and heads of the arrows on the screen, thinned out where cells are small."""
    step = float(np.linalg.norm(picture.sides_px * screen_map.scale, axis=1).min())
    stride = max(1, int(np.ceil(SMALLEST_STEP / step)))
    kept = ((picture.cells % stride) == stride // 2).all(axis=1)
    starts = screen_map.to_screen(picture.centres_px[kept])
    vectors = picture.directions_px[kept] * np.asarray(screen_map.scale)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    lengths = picture.lengths[kept, None] * min(step * stride, 48.0) * 0.9
    shafts = units * lengths
    sides = np.stack([-units[:, 1], units[:, 0]], axis=-1)
    ends = starts + shafts
    heads = [ends - shafts * 0.34 + sign * sides * lengths * 0.2 for sign in (1, -1)]
    pairs = np.concatenate([np.concatenate([starts, *heads]), np.concatenate([ends, ends, ends])], axis=1)
    return [QLineF(*pair) for pair in pairs.tolist()]
