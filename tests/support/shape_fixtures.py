"""What tests of compared shapes share: a project whose cases are alike but for a little noise, with images that can be opened."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.images.file import write_image
from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, Reading
from core.project.store import Project
from core.values.grid import FloatArray, Grid
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.support.desk_fixtures import ANNA
from tests.support.viewer_fixtures import make_image

NAMES = ("Sella", "Nasion", "Menton", "Gonion", "Porion")
BASE = np.array([[12.0, 14.0], [48.0, 10.0], [44.0, 52.0], [30.0, 66.0], [8.0, 40.0]])
SHAPE = (80, 60)


def configurations(count: int = 12, seed: int = 1, ndim: int = 2) -> FloatArray:
    """Return ``(N, 5, D)`` positions of cases, mm."""
    generator = np.random.default_rng(seed)
    base = BASE if ndim == 2 else np.column_stack([BASE, [5.0, 9.0, 30.0, 18.0, 41.0]])
    return np.asarray(base + generator.normal(scale=0.7, size=(count, *base.shape)))


def swapped(points: FloatArray, row: int, first: int = 1, second: int = 2) -> FloatArray:
    """Return positions with two landmarks of a case exchanged."""
    result = points.copy()
    result[row, [first, second]] = result[row, [second, first]]
    return result


def reading(
    case_id: int,
    points: FloatArray,
    reader: Reader = ANNA,
    status: Status = Status.PLACED,
    names: Sequence[str] = NAMES,
    spacing: SpacingSource = SpacingSource.UNKNOWN,
) -> Reading:
    """Return what a reader says of a case; where there is no position, nothing is placed."""
    said = tuple(status if np.isfinite(point).all() else Status.UNPLACED for point in points)
    landmarks = Landmarks(tuple(names), points, status=said)
    shape = SHAPE if points.shape[1] == 2 else (90, *SHAPE)
    return Reading(case_id, reader, landmarks, Geometry(Grid.from_spacing(shape, 1.0), spacing))


def write_shapes(
    path: Path, points: FloatArray, *, groups: Sequence[str] = (), images: bool = False, reader: Reader = ANNA
) -> list[int]:
    """Make a project of cases that ``reader`` has marked; return their numbers."""
    files = [path.parent / f"case {number:02d}.png" for number in range(len(points))]
    for file in files if images else ():
        write_image(make_image(SHAPE), file)
    with Project.create(path) as project:
        new = [
            NewCase(file, file.stem, patient_group=groups[number] if groups else "")
            for number, file in enumerate(files)
        ]
        ids = project.add_cases(new)
        for id_, positions in zip(ids, points, strict=True):
            project.save_reading(reading(id_, positions, reader))
    return ids
