"""Makes the bundled sample: the average of the cephalometric training images, each warped to their mean configuration.

The images themselves may not be shipped, so the sample is a mean of 140 of them in which no single person can be seen, with
the mean configuration beside it. Run as ``python -m training.samples.average_cephalogram``. Test images are never read.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import Progress
from scipy.ndimage import gaussian_filter, map_coordinates

from core.base.assets import assets_folder
from core.base.command_line import run_command_line
from core.geometry.shapes import procrustes_mean
from core.images.file import read_image, write_image
from core.landmark_files.file import write_landmarks
from core.learning.cases import Case, read_case_image
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from training.datasets.cephalometric import SPACING_MM, read_cephalometric
from training.datasets.reading import usual_root
from training.samples.warping import fit_thin_plate_spline

GRID = Grid.from_spacing((2400, 1935), SPACING_MM)
"""The average has the size and spacing of the challenge's images."""

_MARGIN_MM = (12.0, 3.0)
"""Along y and x: the film holders' tabs and the machine's lettering lie in this border and are left out."""
_RAMP_MM = 8.0
"""Width over which an image fades out towards its border, so that no seam shows."""
_WEIGHT_OUTSIDE = 0.05
"""Weight of an image's extended border; where few images reach, it keeps any single one from standing out."""
_FULL_COVERAGE = 0.5
"""Part of the images that must reach a pixel for it to be shown unsmoothed."""
_DETAIL = ((0.2, 1.0), (0.4, 3.0), (0.8, 4.0), (1.6, 3.5), (3.2, 2.5), (6.4, 1.5))
"""Gain of the detail finer than each Gaussian's sigma (mm) and coarser than the one before. The average's bands are 6 to 1
times weaker than a single image's; the finest, which would be noise, is left as it is."""
_STEP = 10
"""The spline is evaluated at every so many pixels and interpolated linearly in between."""
_LEVELS = 256

FloatArray = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]


def _linear_weights(count: int, step: int) -> Values:
    """Return the ``(count, coarse)`` matrix that interpolates samples taken at every ``step``-th of ``count`` positions."""
    at = np.arange(count) / step
    left = np.floor(at).astype(int)
    weights = np.zeros((count, int(left[-1]) + 2), np.float32)
    weights[np.arange(count), left] = 1 - (at - left)
    weights[np.arange(count), left + 1] = at - left
    return weights


def _border_points_mm(grid: Grid, per_side: int = 4) -> FloatArray:
    """Return points along the border of a 2D ``grid``, ``(4 * per_side, 2)`` mm."""
    bottom, right = (n - 1 for n in grid.shape)
    part = np.arange(per_side) / per_side
    zero, one = np.zeros(per_side), np.ones(per_side)
    sides = [(zero, part), (part, one), (one, 1 - part), (1 - part, zero)]
    index = np.concatenate([np.stack([y * bottom, x * right], axis=1) for y, x in sides])
    return grid.to_mm(index)


def warp_index(image_grid: Grid, points_mm: FloatArray, mean_mm: FloatArray, grid: Grid) -> Values:
    """Find for every pixel of ``grid`` where it comes from in an image.

    Parameters
    ----------
    image_grid
        The image's grid.
    points_mm, mean_mm
        ``(L, 2)`` landmarks of the image, and of the mean configuration, mm.
    grid
        2D grid of the average.

    Returns
    -------
    Values
        ``(2, *grid.shape)`` continuous index into the image, numpy order.
    """
    image_from_mean = fit_thin_plate_spline(mean_mm, points_mm, _border_points_mm(grid))
    rows, columns = (_linear_weights(n, _STEP) for n in grid.shape)
    coarse = grid.strided(_STEP, 0, (rows.shape[1], columns.shape[1]))
    coarse_index = np.moveaxis(np.indices(coarse.shape), 0, -1).reshape(-1, 2)
    warped = image_grid.to_index(image_from_mean(coarse.to_mm(coarse_index))).astype(np.float32)
    return np.stack([rows @ warped[:, axis].reshape(coarse.shape) @ columns.T for axis in range(2)])


def _interior(grid: Grid) -> tuple[slice, ...]:
    """Return the part of an image inside its margins."""
    margins = np.rint(np.asarray(_MARGIN_MM) / grid.spacing_mm).astype(int)
    return tuple(slice(margin, n - margin) for margin, n in zip(margins, grid.shape, strict=True))


def _weights(index: Values, grid: Grid) -> Values:
    """Weigh the samples at ``index`` ``(2, ...)`` of an image: 1 well inside its margins, little outside."""
    weight = np.ones(index.shape[1:], np.float32)
    for axis, part in enumerate(_interior(grid)):
        inside = np.minimum(index[axis] - part.start, part.stop - 1 - index[axis]) * grid.spacing_mm[axis]
        weight *= np.clip(inside / _RAMP_MM, 0, 1).astype(np.float32)
    return np.maximum(weight, np.float32(_WEIGHT_OUTSIDE))


def _ranks(values: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> Values:
    """Equalize: replace each of ``values`` by the part of ``reference`` that lies below it, in [0, 1]."""
    levels = np.quantile(reference, np.linspace(0, 1, 4 * _LEVELS))
    levels, first = np.unique(levels, return_index=True)
    return np.interp(values, levels, first / (4 * _LEVELS - 1)).astype(np.float32)


def average_images(
    cases: Sequence[Case], mean_mm: FloatArray, grid: Grid, progress: Callable[[int, int], None] | None = None
) -> npt.NDArray[np.uint8]:
    """Average 8-bit 2D images after warping each to the mean configuration.

    Each image is equalized first, so that all count the same whatever their exposure; the average gets the mean histogram
    of the images at last.

    Parameters
    ----------
    cases
        The images and their landmarks.
    mean_mm
        ``(L, 2)`` mean configuration, mm.
    grid
        Grid of the average.
    progress
        Called with the number of images done and their total.

    Returns
    -------
    npt.NDArray[np.uint8]
        ``grid.shape`` average.
    """
    total = np.zeros(grid.shape, np.float32)
    weights = np.zeros(grid.shape, np.float32)
    shares = np.linspace(0, 1, _LEVELS)
    histogram = np.zeros(_LEVELS)
    for done, case in enumerate(cases, start=1):
        image = read_case_image(case)
        part = _interior(image.grid)
        interior = image.voxels[part].astype(np.float32)
        histogram += np.quantile(interior, shares) / len(cases)
        index = warp_index(image.grid, case.landmarks.points_mm, mean_mm, grid)
        weight = _weights(index, image.grid)
        start = np.array([[[p.start]] for p in part], np.float32)
        total += weight * map_coordinates(_ranks(interior, interior), index - start, order=1, mode="nearest")
        weights += weight
        if progress is not None:
            progress(done, len(cases))
    average = _with_detail(_faded(total / weights, weights / np.float32(len(cases)), grid), grid)
    return np.rint(np.interp(_ranks(average, average[_interior(grid)]), shares, histogram)).astype(np.uint8)


def _smoothed(values: Values, sigma_mm: float, grid: Grid) -> Values:
    return np.asarray(gaussian_filter(values, sigma_mm / grid.spacing_mm, mode="nearest"), np.float32)


def _faded(average: Values, coverage: Values, grid: Grid) -> Values:
    """Smooth ``average`` where few images reach, so that extended borders leave no streaks and no single image shows."""
    share = np.clip((coverage - _WEIGHT_OUTSIDE) / _FULL_COVERAGE, 0, 1)
    return np.asarray(share * average + (1 - share) * _smoothed(average, _RAMP_MM, grid), np.float32)


def _with_detail(average: Values, grid: Grid) -> Values:
    """Give back some of the local contrast that averaging takes away, band by band."""
    base = average
    detailed = np.zeros_like(average)
    for sigma_mm, gain in _DETAIL:
        smoother = _smoothed(average, sigma_mm, grid)
        detailed += gain * (base - smoother)
        base = smoother
    return detailed + base


def make_population_average(root: Path, progress: Callable[[int, int], None] | None = None) -> tuple[Image, Landmarks]:
    """Average the 140 cephalometric training images.

    Parameters
    ----------
    root
        Folder of the cephalometric data set.
    progress
        Called with the number of images done and their total.

    Returns
    -------
    Image, Landmarks
        The average, 8 bit at 0.1 mm, and the mean configuration in it.
    """
    cases = read_cephalometric(root, "train")
    mean_mm = procrustes_mean(np.stack([case.landmarks.points_mm for case in cases]))
    voxels = average_images(cases, mean_mm, GRID, progress)
    landmarks = Landmarks(cases[0].landmarks.names, np.round(mean_mm, 3))
    return Image(voxels, GRID, ImageSource(Path("cephalogram.png"))), landmarks


commands = typer.Typer(add_completion=False, rich_markup_mode=None)


@commands.command()
def make(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to; assets/samples if omitted.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the cephalometric data set.")] = None,
) -> None:
    """Write cephalogram.png, the average of the training images, and cephalogram.csv, its landmarks."""
    folder = out or assets_folder() / "samples"
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Averaging images")
        image, landmarks = make_population_average(
            usual_root("cephalometric", data), lambda done, count: bar.update(task, completed=done, total=count)
        )
    path = folder / "cephalogram.png"
    write_image(image, path)
    write_landmarks(landmarks, path.with_suffix(".csv"), image=read_image(path))


if __name__ == "__main__":
    sys.exit(run_command_line(commands, "population_average", sys.argv[1:]))
