"""Landmark files and landmarks for the tests of every format, and how a refusal must look."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.base.errors import LandmarkFileError
from core.landmark_files.file import read_landmarks
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Author, Landmarks, Status

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=50
)


def make_image(grid: Grid, *, spacing_known: bool = True, name: str = "scan.png") -> Image:
    source = ImageSource(
        Path("folder") / name, "ab" * 32, spacing_source=SpacingSource.FILE if spacing_known else SpacingSource.UNKNOWN
    )
    return Image(np.zeros(grid.shape, np.uint8), grid, source)


FLAT = make_image(Grid.from_spacing((24, 20), (0.2, 0.1)))
UNSCALED = make_image(Grid.from_spacing((24, 20)), spacing_known=False)
OBLIQUE = make_image(
    Grid((6, 7, 8), np.array([[0, 0.6, 0.8, 3], [0, -0.8, 0.6, 4], [2, 0, 0, -5], [0, 0, 0, 1]])), name="volume.nii.gz"
)

names_of_landmarks = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique=True)
some_status = st.sampled_from([Status.PREDICTED, Status.CORRECTED, Status.PLACED, Status.CONFIRMED])


@st.composite
def landmark_sets(draw: st.DrawFn, ndim: int | None = None) -> Landmarks:
    """Landmarks as the program makes them: named anything, some absent, with and without a model's opinion."""
    names = draw(names_of_landmarks)
    count = len(names)
    ndim = ndim or draw(st.sampled_from([2, 3]))
    points = draw(hnp.arrays(float, (count, ndim), elements=st.floats(-1e5, 1e5)))
    status = [draw(some_status) for _ in names]
    for row in range(count):
        if draw(st.booleans()) and row > 0:
            points[row], status[row] = np.nan, Status.ABSENT
    presence = draw(hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32) | st.just(float("nan"))))
    spread = draw(hnp.arrays(np.float32, count, elements=st.floats(0, 100, width=32) | st.just(float("nan"))))
    radius = draw(hnp.arrays(np.float32, count, elements=st.floats(0, 100, width=32) | st.just(float("nan"))))
    author = draw(st.lists(st.sampled_from(Author), min_size=count, max_size=count))
    return Landmarks(tuple(names), points, presence, spread, radius, tuple(status), tuple(author))


def refused(path: Path, *words: str, error: type[LandmarkFileError] = LandmarkFileError, **options: Any) -> None:
    """Check that a file is refused with a sentence that says these words, and with a hint."""
    with pytest.raises(error) as caught:
        read_landmarks(path, **options)
    assert caught.value.hint
    for word in (path.name, *words):
        assert word in str(caught.value)


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
