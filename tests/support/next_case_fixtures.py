"""A project of rectangles that a model has read: two of three are of one shape, each third is of another."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from core.project.cases import Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.landmarks import Landmarks, Status

NAMES = ("a", "b", "c", "d")
SHAPE = np.array([[10.0, 10.0], [50.0, 10.0], [50.0, 40.0], [10.0, 40.0]])
MODEL, OLDER, PERSON = Reader("wing 2", ReaderKind.MODEL), Reader("wing 1", ReaderKind.MODEL), Reader("Anna")
GEOMETRY = Geometry(Grid.from_spacing((60, 80), 1.0))


def says(seed: int, *, is_other: bool = False, by: Reader = MODEL) -> Landmarks:
    """Return what a reader says of a case."""
    points = SHAPE + np.random.default_rng(seed).normal(0, 0.2, SHAPE.shape)
    points[0, 0] -= 9.0 * is_other
    if by.kind is ReaderKind.PERSON:
        return Landmarks(NAMES, points)
    return Landmarks(NAMES, points, np.full(4, 0.99), np.full(4, 1.0), status=(Status.PREDICTED,) * 4)


def make_study(path: Path, count: int = 8, *, unread: Collection[int] = (), splits: Collection[int] = ()) -> Project:
    """Make a project of cases 1 to ``count``, of which a model finds each third to have the other shape.

    Parameters
    ----------
    path
        Of its file.
    count
        How many cases.
    unread
        Cases that the model has not read.
    splits
        Cases that are kept for tests.
    """
    project = Project.create(path)
    with project.transaction():
        new = [
            NewCase(path.parent / f"{id_}.png", f"case {id_}", split="test" if id_ in splits else "")
            for id_ in range(1, count + 1)
        ]
        for id_ in project.add_cases(new):
            project.set_case_image(id_, GEOMETRY, f"{id_:064x}")
            if id_ not in unread:
                project.save_reading(Reading(id_, MODEL, says(id_, is_other=id_ % 3 == 0), GEOMETRY))
    return project
