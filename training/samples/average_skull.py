"""Makes the bundled sample volume: the average of the training mouse skulls, each warped to their mean shape.

The volumes themselves may not be shipped, so the sample is a mean of 18 of them, lying straight in the patient's axes, with the
mean shape's landmarks beside it. Run as ``python -m training.samples.average_skull``. Validation and test volumes are never read.
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
from scipy.ndimage import map_coordinates, zoom

from core.base.assets import assets_folder
from core.base.command_line import run_command_line
from core.geometry.shapes import mean_shape
from core.images.file import read_image, write_image
from core.landmark_files.file import write_landmarks
from core.learning.cases import Case, read_case_image
from core.schemes.file import read_scheme
from core.values.grid import FloatArray, Grid, corner_centres_mm, grid_around
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from training.datasets.mouse_skull import SCHEME, read_mouse_skulls
from training.datasets.reading import usual_root
from training.samples.warping import fit_thin_plate_spline

SPACING_MM = 0.15
MARGIN_MM = 4.0
"""How far the average reaches beyond the landmarks."""
_STEP = 8
"""The spline is evaluated at every so many samples and interpolated linearly in between."""

_NOSE, _OCCIPUT, _VAULT, _BASE = "1", "21", "13", "44"
"""Landmarks in the midline by which front, back, top and bottom are known."""


def stood_straight(shape_mm: FloatArray, names: Sequence[str], mirrored: Sequence[int]) -> FloatArray:
    """Turn a skull's landmarks into the patient's axes: left, posterior and superior along x, y and z.

    Parameters
    ----------
    shape_mm
        ``(L, 3)`` landmarks in any pose, LPS mm.
    names
        Their names.
    mirrored
        From `core.schemes.scheme.Scheme.mirrored`.

    Returns
    -------
    FloatArray
        ``(L, 3)`` LPS mm around the origin.
    """
    centred = shape_mm - shape_mm.mean(axis=0)
    pairs = [(row, partner) for row, partner in enumerate(mirrored) if partner > row]
    across = np.linalg.svd(np.array([centred[one] - centred[other] for one, other in pairs]))[2][0]
    point = {name: centred[row] for row, name in enumerate(names)}
    back = point[_OCCIPUT] - point[_NOSE]
    back -= across * (back @ across)
    back /= np.linalg.norm(back)
    left = across if np.cross(across, back) @ (point[_VAULT] - point[_BASE]) > 0 else -across
    return np.asarray(centred @ np.stack([left, back, np.cross(left, back)], axis=1))


def warped(case: Case, mean_mm: FloatArray, grid: Grid) -> npt.NDArray[np.float32]:
    """Return a case's image on ``grid`` after the spline that carries its landmarks onto ``mean_mm`` ``(L, 3)``."""
    image = read_case_image(case)
    image_from_mean = fit_thin_plate_spline(mean_mm, case.landmarks.points_mm, corner_centres_mm(grid))
    counts = [-(-(n - 1) // _STEP) + 1 for n in grid.shape]
    coarse = grid.strided(_STEP, 0, counts)
    coarse_index = np.moveaxis(np.indices(coarse.shape), 0, -1).reshape(-1, 3)
    found = image.grid.to_index(image_from_mean(coarse.to_mm(coarse_index))).astype(np.float32)
    fine = [(n - 1) * _STEP + 1 for n in counts]
    inside = tuple(slice(n) for n in grid.shape)
    index = [
        zoom(found[:, axis].reshape(counts), [f / c for f, c in zip(fine, counts, strict=True)], order=1)[inside]
        for axis in range(3)
    ]
    return np.asarray(map_coordinates(image.voxels.astype(np.float32), np.stack(index), order=1, cval=0.0))


def make_average_skull(root: Path, progress: Callable[[int, int], None] | None = None) -> tuple[Image, Landmarks]:
    """Average the 18 training skulls.

    Parameters
    ----------
    root
        Folder of the mouse skull data set.
    progress
        Called with the number of volumes done and their total.

    Returns
    -------
    Image, Landmarks
        The average, 8 bit, and the mean shape in it.
    """
    cases = read_mouse_skulls(root, "train")
    scheme = read_scheme(SCHEME)
    shape_mm = mean_shape([case.landmarks.points_mm for case in cases])
    mean_mm = stood_straight(shape_mm, scheme.names, scheme.mirrored)
    grid = grid_around(np.concatenate([mean_mm - MARGIN_MM, mean_mm + MARGIN_MM]), SPACING_MM)
    total = np.zeros(grid.shape, np.float32)
    for done, case in enumerate(cases, start=1):
        total += warped(case, mean_mm, grid) / len(cases)
        if progress is not None:
            progress(done, len(cases))
    image = Image(np.rint(total).astype(np.uint8), grid, ImageSource(Path("mouse_skull.nii.gz"), modality="CT"))
    return image, Landmarks(scheme.names, np.round(mean_mm, 3))


commands = typer.Typer(add_completion=False, rich_markup_mode=None)


@commands.command()
def make(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to; assets/samples if omitted.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the mouse skull data set.")] = None,
) -> None:
    """Write mouse_skull.nii.gz, the average of the training skulls, and mouse_skull.csv, its landmarks."""
    folder = out or assets_folder() / "samples"
    root = usual_root("mouse-skull", data)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Averaging skulls")
        image, landmarks = make_average_skull(root, lambda done, count: bar.update(task, completed=done, total=count))
    path = folder / "mouse_skull.nii.gz"
    write_image(image, path)
    write_landmarks(landmarks, path.with_name("mouse_skull.csv"), image=read_image(path))


if __name__ == "__main__":
    sys.exit(run_command_line(commands, "average_skull", sys.argv[1:]))
