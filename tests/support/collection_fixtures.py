"""Cases for the tests of files that hold many, and how a refusal of such a file must look."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import Placed, open_collection, placed
from core.values.grid import Grid
from core.values.landmarks import Author, Landmarks, Status
from tests.support.landmark_fixtures import OBLIQUE, make_image

NAMES = ("sella", "nasion", "menton")
SCALED = CaseImage.of(make_image(Grid.from_spacing((24, 20), (0.2, 0.1)), name="a.png"))
UNSCALED = CaseImage.of(make_image(Grid.from_spacing((48, 40)), name="b.jpg", spacing_known=False))
VOLUME = CaseImage.of(OBLIQUE, "volume.nii.gz")
OTHER_VOLUME = CaseImage.of(make_image(Grid.from_spacing((5, 6, 7), (2.0, 0.5, 0.25), (1, 2, 3)), name="other.nrrd"))


def flat_cases() -> list[CaseMarks]:
    """Two pictures: of one the pixel size is known and one landmark absent, of the other one has not been placed yet."""
    found = Landmarks(
        NAMES,
        SCALED.grid.to_mm(np.array([[3.25, 7.5], [20, 0], [np.nan] * 2])),
        np.array([0.9, np.nan, 0.1], np.float32),
        np.array([0.4, np.nan, np.nan], np.float32),
        np.array([1.25, np.nan, np.nan], np.float32),
        (Status.PREDICTED, Status.CONFIRMED, Status.ABSENT),
        (Author.MODEL, Author.PERSON, Author.PERSON),
    )
    placed = Landmarks(
        NAMES,
        UNSCALED.grid.to_mm(np.array([[40.12, 30.5], [np.nan] * 2, [1, 2]])),
        status=(Status.PLACED, Status.UNPLACED, Status.PLACED),
    )
    return [CaseMarks(SCALED, found, "woman one", "Ann Marie Lee"), CaseMarks(UNSCALED, placed)]


def full_cases() -> list[CaseMarks]:
    """The same two pictures without pixel size, every landmark with a position."""
    points = ([[3.25, 7.5], [20, 0], [12, 13]], [[40.12, 30.5], [47, 39], [1, 2]])
    images = (CaseImage(SCALED.name, Grid.from_spacing((24, 20)), UNSCALED.source), UNSCALED)
    return [
        CaseMarks(image, Landmarks(NAMES, image.grid.to_mm(np.array(index))), group)
        for image, index, group in zip(images, points, ("Canis lupus", ""), strict=True)
    ]


def volume_cases() -> list[CaseMarks]:
    """Two volumes, an oblique one, of which one landmark is absent."""
    first = VOLUME.grid.to_mm(np.array([[1, 2.5, 3], [4, 0, 7], [np.nan] * 3]))
    second = OTHER_VOLUME.grid.to_mm(np.array([[0.5, 1, 2], [4, 5, 6], [2, 2, 2]]))
    return [CaseMarks(VOLUME, Landmarks(NAMES, first)), CaseMarks(OTHER_VOLUME, Landmarks(NAMES, second))]


def images_of(cases: list[CaseMarks]) -> list[CaseImage]:
    return [case.image for case in cases]


def assert_same_positions(read: Placed, cases: list[CaseMarks], px: float = 0.00501) -> None:
    """Check that every case came back, each landmark within ``px`` of where it was."""
    assert [case.image.name for case in read.cases] == [case.image.name for case in cases]
    for again, case in zip(read.cases, cases, strict=True):
        to_index = case.image.grid.to_index
        np.testing.assert_allclose(
            to_index(again.landmarks.points_mm), to_index(case.landmarks.points_mm), rtol=0, atol=px
        )


def read_collection(
    path: Path, images: list[CaseImage], *, names: Sequence[str] | None = None, key: str | None = None
) -> Placed:
    """Return what `placed` makes of `open_collection`."""
    return placed(open_collection(path, key), images, names=names)


def refused_collection(path: Path, images: list[CaseImage], *words: str, **options: Any) -> LandmarkFileError:
    """Check that a file is refused with a sentence that says these words, and with a hint."""
    with pytest.raises(LandmarkFileError) as caught:
        read_collection(path, images, **options)
    assert caught.value.hint
    for word in words:
        assert word in caught.value.message
    return caught.value
