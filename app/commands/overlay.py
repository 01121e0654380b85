"""Draws landmarks, and one landmark's vector field, over a 2D image: a picture of a result where there is no window.

Knows no Qt and no files but the PNG it writes. Everything is placed in pixels of the canvas (``_px``: column, row; integers
are pixel centres), which shows the image's field of view in its physical aspect ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from app.views.label_layout import label_corners
from core.base.files import written_whole
from core.values.grid import FloatArray, Grid
from core.values.image import Image
from core.values.landmarks import Landmarks
from core.values.prediction import VectorField

SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 800, 1600
OVERSAMPLING = 3
"""Lines are drawn this much larger and scaled down, since Pillow does not smooth them."""

# The viewer's colours (`app/desktop/theme.py`, which needs Qt).
LANDMARK_COLOUR = (0x56, 0xB4, 0xE9)
ARROW_COLOUR = (0xF0, 0x8A, 0x24)
CELL_COLOUR = (0x3D, 0xDC, 0x5A)
HALO_COLOUR = (0, 0, 0, 170)
TEXT_COLOUR = (255, 255, 255)


@dataclass(frozen=True)
class _Canvas:
    """The picture's size and how the image's indices map to its pixels."""

    size_px: tuple[int, int]
    grid: Grid

    @classmethod
    def of(cls, grid: Grid) -> "_Canvas":
        height, width = np.asarray(grid.shape) * grid.spacing_mm
        longest = float(np.clip(max(grid.shape), SMALLEST_SIDE_PX, LARGEST_SIDE_PX))
        factor = longest / max(height, width)
        return cls((max(1, round(width * factor)), max(1, round(height * factor))), grid)

    @property
    def unit_px(self) -> float:
        """Line width and other small lengths are multiples of this."""
        return max(self.size_px) / 1000

    def from_mm(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., 2)`` to canvas pixels ``(..., 2)``, column first; fields of view coincide."""
        index = self.grid.to_index(points_mm)
        width, height = self.size_px
        rows, columns = self.grid.shape
        column_px = (index[..., 1] + 0.5) * (width / columns) - 0.5
        row_px = (index[..., 0] + 0.5) * (height / rows) - 0.5
        return np.stack([column_px, row_px], axis=-1)


def draw_overlay(
    image: Image, landmarks: Landmarks, *, labels: Sequence[str] | None = None, field: VectorField | None = None
) -> PilImage.Image:
    """Draw ``landmarks`` as labelled crosses over ``image``.

    Parameters
    ----------
    image
        A 2D image.
    landmarks
        Those without a position are left out.
    labels
        One short text per landmark; the names where omitted.
    field
        The votes of one stage for one landmark: an arrow per cell, the stronger the likelier the cell holds the
        landmark, and a square around each cell where that is more likely than not (paper, Fig. 5).

    Returns
    -------
    PIL.Image.Image
        RGB, its longest side between 800 and 1600 px.
    """
    if image.ndim != 2:
        raise ValueError(f"an overlay shows a 2D image, this one has {image.ndim} axes")
    canvas = _Canvas.of(image.grid)
    picture = _backdrop(image, canvas).convert("RGBA")
    lines = PilImage.new("RGBA", (canvas.size_px[0] * OVERSAMPLING, canvas.size_px[1] * OVERSAMPLING))
    pen = ImageDraw.Draw(lines)
    if field is not None:
        _draw_field(pen, canvas, field)
    located = landmarks.located
    points_px = canvas.from_mm(landmarks.points_mm[located])
    for point_px in points_px:
        _draw_cross(pen, canvas, point_px)
    picture.alpha_composite(lines.resize(canvas.size_px, PilImage.Resampling.BOX))
    texts = [text for text, shown in zip(labels or landmarks.names, located, strict=True) if shown]
    _draw_labels(ImageDraw.Draw(picture), canvas, points_px, texts)
    return picture.convert("RGB")


def write_overlay(
    image: Image,
    landmarks: Landmarks,
    path: Path,
    *,
    labels: Sequence[str] | None = None,
    field: VectorField | None = None,
) -> None:
    """Write the picture of `draw_overlay` as a PNG; `OSError` where the folder cannot be written to."""
    picture = draw_overlay(image, landmarks, labels=labels, field=field)
    with written_whole(path) as temporary:
        picture.save(temporary, format="PNG")


def _backdrop(image: Image, canvas: _Canvas) -> PilImage.Image:
    """Return the image in 8 bit grey at canvas size; the darkest and brightest thousandth are clipped."""
    voxels = np.nan_to_num(image.voxels.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = np.percentile(voxels, [0.1, 99.9])
    grey = np.clip((voxels - low) / max(float(high - low), 1e-12), 0, 1) * 255
    return PilImage.fromarray(grey.astype(np.uint8)).resize(canvas.size_px, PilImage.Resampling.LANCZOS)


def _draw_cross(pen: ImageDraw.ImageDraw, canvas: _Canvas, centre_px: FloatArray) -> None:
    """Draw an upright cross, open in the middle so that the anatomy under it stays visible."""
    arm, gap, width = (length * canvas.unit_px for length in (9.0, 2.5, 1.8))
    for colour, extra in ((HALO_COLOUR, 1.2 * canvas.unit_px), ((*LANDMARK_COLOUR, 255), 0.0)):
        for direction in np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]):
            start = centre_px + direction * (gap - extra)
            _draw_line(pen, start, centre_px + direction * (arm + extra), colour, width + 2 * extra)


def _draw_field(pen: ImageDraw.ImageDraw, canvas: _Canvas, field: VectorField) -> None:
    cells = np.moveaxis(np.indices(field.grid.shape), 0, -1).reshape(-1, 2)
    centres_mm = field.grid.to_mm(cells)
    centres_px = canvas.from_mm(centres_mm)
    vectors_px = canvas.from_mm(centres_mm + field.displacement_mm.reshape(-1, 2)) - centres_px
    corners_px = canvas.from_mm(field.grid.to_mm(np.array([[-0.5, -0.5], [0.5, 0.5]])))
    side_px = float(np.abs(corners_px[1] - corners_px[0]).min())
    width, height = canvas.size_px
    for centre_px, vector_px, weight in zip(centres_px, vectors_px, field.weight.ravel(), strict=True):
        if not (0 <= centre_px[0] < width and 0 <= centre_px[1] < height):
            continue
        colour = (*ARROW_COLOUR, round(140 + 115 * float(np.clip(weight, 0, 1))))
        _draw_arrow(pen, centre_px, vector_px, 0.8 * side_px, colour, canvas.unit_px)
        if weight > 0.5:
            half = side_px / 2
            ring = [centre_px + half * np.array(corner) for corner in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
            for start, end in pairwise(ring):
                _draw_line(pen, start, end, (*CELL_COLOUR, 255), 1.5 * canvas.unit_px)


def _draw_arrow(
    pen: ImageDraw.ImageDraw,
    centre_px: FloatArray,
    vector_px: FloatArray,
    longest_px: float,
    colour: tuple[int, ...],
    unit_px: float,
) -> None:
    """Draw an arrow around ``centre_px`` in the direction of ``vector_px``, no longer than a cell so that none overlap."""
    length = float(np.hypot(*vector_px))
    if length < 1e-6:
        return
    along = vector_px / length
    across = np.array([-along[1], along[0]])
    arrow = along * min(length, longest_px)
    tip = centre_px + arrow / 2
    _draw_line(pen, centre_px - arrow / 2, tip, colour, 1.3 * unit_px)
    barb = min(length, longest_px) * 0.3
    for side in (-0.6, 0.6):
        _draw_line(pen, tip, tip - barb * (along + side * across), colour, 1.3 * unit_px)


def _draw_line(
    pen: ImageDraw.ImageDraw, start_px: FloatArray, end_px: FloatArray, colour: tuple[int, ...], width_px: float
) -> None:
    ends = [tuple((end + 0.5) * OVERSAMPLING - 0.5) for end in (start_px, end_px)]
    # Pillow centres lines of odd width only.
    width = 2 * max(0, round((width_px * OVERSAMPLING - 1) / 2)) + 1
    pen.line([value for end in ends for value in end], fill=colour, width=width)


def _draw_labels(pen: ImageDraw.ImageDraw, canvas: _Canvas, points_px: FloatArray, texts: Sequence[str]) -> None:
    """Write each text beside its point."""
    font = ImageFont.load_default(size=max(10.0, 15 * canvas.unit_px))
    halo = max(1, round(1.5 * canvas.unit_px))
    boxes = [pen.textbbox((0, 0), text, font=font, stroke_width=halo) for text in texts]
    bounds_px = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sizes_px = bounds_px[:, 2:] - bounds_px[:, :2]
    clearances_px = np.full(len(points_px), 10 * canvas.unit_px)
    corners_px = label_corners(points_px, sizes_px, clearances_px, np.array([0.0, 0.0, *canvas.size_px]))
    for corner_px, bound_px, text in zip(corners_px, bounds_px, texts, strict=True):
        x, y = corner_px - bound_px[:2]
        pen.text((x, y), text, TEXT_COLOUR, font, stroke_width=halo, stroke_fill=HALO_COLOUR[:3])
