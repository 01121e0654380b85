"""Panels with the votes of a model around single landmarks, as the paper's Fig. 5 shows them, for the best and worst predictions.

Chooses the predictions, runs the model on these few cases again and draws. A panel holds pixels of a case's image; whoever passes
the picture on passes these on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.geometry.slices import extract_slice
from core.learning.cases import Case
from core.models.file import Model
from core.values.grid import FloatArray, Grid
from core.values.image import Image
from core.values.prediction import VectorField
from training.evaluation.evaluation import Evaluation, LocalizedCase, localize_case
from training.report.figures import INK, ReportFigure, plain, render

PANELS_PER_ROW = 3
WINDOW_CELLS = 4.5
"""How many cells of the global stage a panel shows at least to each side of the landmark."""
MARGIN = 1.5
"""How much wider than a local stage's cells a panel is."""
LONGEST_ARROW = 0.8
"""In cells; longer displacements are drawn this long."""
LONGEST_NAME = 32
"""Letters of a name above a panel."""

VECTORS, SQUARES, REFERENCE, COMPUTED = "#E69F00", "#1BD196", "#4FB3F2", "#FF6FB5"

Pair = tuple[int, int]
"""Numbers of a case and of one of its landmarks."""


@dataclass(frozen=True, eq=False)
class FieldPicture:
    """The votes of one stage for one landmark on a slice, in mm along the slice: x to the right, y down.

    Attributes
    ----------
    centres_mm
        ``(N, 2)`` centres of the cells that the slice cuts.
    arrows_mm
        ``(N, 2)`` displacements projected on the slice, the long ones shortened.
    likely_mm
        ``(K, 4, 2)`` corners of the cells that likely hold the landmark, see `VectorField.likely`.
    cell_mm
        Longest side of a cell.
    """

    centres_mm: FloatArray
    arrows_mm: FloatArray
    likely_mm: FloatArray
    cell_mm: float


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows, in mm along the slice.

    Attributes
    ----------
    title
        Case, landmark and error.
    pixels
        ``(rows, columns)`` part of the slice.
    extent_mm
        Its borders: left, right, bottom, top.
    low_mm, high_mm
        ``(2,)`` upper left and lower right corner of the panel.
    picture
        The votes.
    crosses_mm
        ``(2, 2)`` reference and computed position.
    """

    title: str
    pixels: npt.NDArray[np.float32]
    extent_mm: tuple[float, float, float, float]
    low_mm: FloatArray
    high_mm: FloatArray
    picture: FieldPicture
    crosses_mm: FloatArray


def choose_extremes(errors_mm: FloatArray, count: int = PANELS_PER_ROW) -> tuple[list[Pair], list[Pair]]:
    """Return the predictions ``(N, L)`` with the smallest and with the largest errors, best and worst first.

    Each row holds a case once, and no prediction is in both. Errors that are NaN count for nothing.
    """
    known = np.argwhere(np.isfinite(errors_mm))
    ascending = known[np.argsort(errors_mm[tuple(known.T)], kind="stable")]
    worst = _first_of_each_case(np.flip(ascending, axis=0), count, taken=[])
    best = _first_of_each_case(ascending, count, taken=worst)
    return best, worst


def _first_of_each_case(pairs: npt.NDArray[np.intp], count: int, taken: list[Pair]) -> list[Pair]:
    chosen: dict[int, Pair] = {}
    for case, row in pairs.tolist():
        if len(chosen) < count and case not in chosen and (case, row) not in taken:
            chosen[case] = (case, row)
    return list(chosen.values())


def draw_vector_figures(
    evaluation: Evaluation,
    model: Model,
    cases: Sequence[Case],
    *,
    device: str = "auto",
    rotation_seed: int | None = None,
) -> list[ReportFigure]:
    """Draw the best and the worst predictions after the global and after the last stage.

    Parameters
    ----------
    evaluation
        Of ``model`` on ``cases``.
    model, cases, device, rotation_seed
        As they were given to `training.evaluation.evaluation.evaluate`.

    Returns
    -------
    list of ReportFigure
        ``vectors_global``, and ``vectors_last`` where there are local stages; nothing where no landmark was found.
    """
    rows = choose_extremes(evaluation.errors_mm)
    if not any(rows):
        return []
    last = len(evaluation.stage_errors_mm) - 1
    panels: dict[tuple[Pair, int], Panel] = {}
    for number in sorted({number for row in rows for number, _ in row}):
        seed = None if rotation_seed is None else rotation_seed + number
        localized = localize_case(model, cases[number], device=device, rotation_seed=seed)
        for pair in {pair for row in rows for pair in row if pair[0] == number}:
            for stage in {0, last}:
                panels[pair, stage] = _make_panel(evaluation, localized, pair, stage)
    return [
        ReportFigure(
            "vectors_global" if stage == 0 else "vectors_last",
            render(_draw_rows([[panels[pair, stage] for pair in row] for row in rows])),
            _caption("global" if stage == 0 else f"last ({stage}. local)", evaluation, model.info.ndim),
            shows_images=True,
        )
        for stage in sorted({0, last})
    ]


def _caption(stage: str, evaluation: Evaluation, ndim: int) -> str:
    where = (
        ""
        if ndim == 2
        else " Each panel is the axial slice through the reference position, vectors are projected on it."
    )
    return (
        f"Votes of the {stage} stage for the predictions with the smallest (top row) and the largest final errors (bottom row), "
        "one per case. Orange: displacement vectors from the centres of the cells; those longer than "
        f"{LONGEST_ARROW:g} cells are shortened. Green: cells that likely hold it. Upright blue cross: "
        f"reference position; slanted pink cross: position computed by this stage, whose error stands above the panel.{where} "
        f"{evaluation.model}."
    )


def _make_panel(evaluation: Evaluation, localized: LocalizedCase, pair: Pair, stage: int) -> Panel:
    """Cut out what is around one landmark of one case, with its votes."""
    number, landmark = pair
    name = evaluation.names[landmark]
    image, prediction = localized.image, localized.prediction
    row = prediction.landmarks.index(name)
    reference_mm, computed_mm = localized.truth.point_mm(name), prediction.stage_points_mm[stage, row]
    plane = _plane(image, reference_mm)
    picture = picture_of_field(prediction.fields[stage][row], plane, image.grid)
    crosses_mm = _on_slice(plane, np.stack([reference_mm, computed_mm]))
    low_mm, high_mm = _window(picture, crosses_mm, plane, whole=stage > 0)
    pixels, extent_mm = _cut(image, plane, low_mm, high_mm)
    error_mm = evaluation.stage_errors_mm[stage, number, landmark]
    title = f"{_shortened(evaluation.cases[number])}\n{_shortened(name)}: {error_mm:.2f} mm"
    return Panel(title, pixels, extent_mm, low_mm, high_mm, picture, crosses_mm)


def _shortened(name: str) -> str:
    """Return the end of a name that is too long for a title, which is where cases differ."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def _draw_rows(rows: Sequence[Sequence[Panel]]) -> Figure:
    figure = Figure(figsize=(9.0, 3.45 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), PANELS_PER_ROW, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for places, panels in zip(grid, rows, strict=True):
        for axes, panel in zip(places, panels, strict=False):
            _draw_panel(axes, panel)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.set_axis_on()
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    black, white = np.percentile(panel.pixels, (0.5, 99.5))
    axes.imshow(panel.pixels, cmap="gray", vmin=float(black), vmax=float(white), extent=panel.extent_mm)
    picture = panel.picture
    axes.quiver(
        *picture.centres_mm.T, *picture.arrows_mm.T, angles="xy", scale_units="xy", scale=1, units="xy",
        width=0.08 * picture.cell_mm, headwidth=4, headlength=4.5, headaxislength=4, minlength=0.3,
        color=VECTORS, edgecolor="black", linewidth=0.12,
    )  # fmt: skip
    axes.add_collection(PolyCollection(list(picture.likely_mm), facecolors="none", edgecolors=SQUARES, linewidths=1.4))
    halo = [withStroke(linewidth=3.4, foreground="black")]
    for (x_mm, y_mm), marker, colour in zip(panel.crosses_mm, ("+", "x"), (REFERENCE, COMPUTED), strict=True):
        size = 150 if marker == "+" else 75
        axes.scatter(x_mm, y_mm, s=size, c=colour, marker=marker, linewidths=1.8, path_effects=halo, zorder=5)
    axes.set_xlim(panel.low_mm[0], panel.high_mm[0])
    axes.set_ylim(panel.high_mm[1], panel.low_mm[1])
    axes.set_aspect("equal")
    axes.set_title(plain(panel.title), fontsize=9, color=INK)


def _plane(image: Image, point_mm: FloatArray) -> SlicePlane:
    """Return the image itself in 2D, the axial slice through a point of a volume."""
    if image.ndim == 2:
        return SlicePlane(image.grid)
    return SlicePlane.through(reformatted_grid(image.grid, Orientation.AXIAL), point_mm)


def _on_slice(plane: SlicePlane, points_mm: FloatArray) -> FloatArray:
    """Map LPS mm ``(..., D)`` to mm along the slice ``(..., 2)``."""
    return np.asarray(plane.px_from_mm(points_mm) * plane.pixel_size_mm)


def picture_of_field(field: VectorField, plane: SlicePlane, image_grid: Grid) -> FieldPicture:
    """Bring the cells of a field, which may be rotated against the image, on a slice.

    Parameters
    ----------
    field
        The votes.
    plane
        A slice, which shows of each row of cells across it the one that it cuts; all cells in 2D.
    image_grid
        Cells centred outside of it are left out.
    """
    grid = field.grid
    index = np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, grid.ndim)
    centres_mm = grid.to_mm(index)
    origin_mm, axes_mm = grid.to_mm(np.zeros(grid.ndim)), grid.vectors_to_mm(np.eye(grid.ndim))
    steps = plane.depth_of(origin_mm + axes_mm) - plane.depth_of(origin_mm)
    within, shown = [0, 1], image_grid.contains(centres_mm)
    if grid.ndim == 3:
        across = int(np.argmax(np.abs(steps)))
        within = [axis for axis in range(3) if axis != across]
        shown &= np.floor(plane.depth_of(centres_mm) / steps[across] + 0.5) == 0
    displacement_mm = field.displacement_mm.reshape(-1, grid.ndim)[shown].astype(np.float64)
    centres = _on_slice(plane, centres_mm[shown])
    arrows = _on_slice(plane, centres_mm[shown] + displacement_mm) - centres
    sides = _on_slice(plane, origin_mm + axes_mm[within]) - _on_slice(plane, origin_mm)
    cell_mm = float(np.linalg.norm(sides, axis=1).max())
    lengths = np.linalg.norm(arrows, axis=1, keepdims=True)
    arrows *= np.minimum(1.0, LONGEST_ARROW * cell_mm / np.maximum(lengths, 1e-9))
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) @ sides
    likely = centres[field.likely.ravel()[shown]]
    return FieldPicture(centres, arrows, likely[:, None] + corners, cell_mm)


def _window(
    picture: FieldPicture, crosses_mm: FloatArray, plane: SlicePlane, *, whole: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the corners of the square to show: all cells, or some around the crosses; always both crosses.

    It is no larger than the slice and lies within it, as far as a square can, unless a cross lies outside.
    """
    around = np.concatenate([crosses_mm, picture.centres_mm]) if whole else crosses_mm
    low, high = around.min(axis=0), around.max(axis=0)
    half_mm, middle_mm = float((high - low).max()) / 2, (low + high) / 2
    half_mm = MARGIN * half_mm if whole else half_mm + picture.cell_mm * WINDOW_CELLS
    first_mm = -0.5 * np.asarray(plane.pixel_size_mm)
    last_mm = first_mm + np.asarray(plane.size_px) * plane.pixel_size_mm
    if (crosses_mm >= first_mm).all() and (crosses_mm <= last_mm).all():
        half_mm = min(half_mm, float((last_mm - first_mm).max()) / 2)
        room = last_mm - first_mm >= 2 * half_mm
        within_mm = np.clip(middle_mm, first_mm + half_mm, np.maximum(first_mm + half_mm, last_mm - half_mm))
        middle_mm = np.where(room, within_mm, (first_mm + last_mm) / 2)
    return middle_mm - half_mm, middle_mm + half_mm


def _cut(
    image: Image, plane: SlicePlane, low_mm: FloatArray, high_mm: FloatArray
) -> tuple[npt.NDArray[np.float32], tuple[float, float, float, float]]:
    """Return the part of a slice between two corners, and its left, right, bottom and top border."""
    size_mm = np.asarray(plane.pixel_size_mm)
    largest = np.asarray(plane.size_px) - 1
    first = np.clip(np.floor(low_mm / size_mm), 0, largest).astype(int)
    last = np.clip(np.ceil(high_mm / size_mm), first, largest).astype(int)
    pixels = extract_slice(image, plane)[first[1] : last[1] + 1, first[0] : last[0] + 1].astype(np.float32)
    left, top = (first - 0.5) * size_mm
    right, bottom = (last + 0.5) * size_mm
    return pixels, (float(left), float(right), float(bottom), float(top))
