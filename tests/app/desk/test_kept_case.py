"""A case as it was kept: an image that is read again has the size that somebody gave it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.desk import kept_case
from core.project.cases import Case, Geometry
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource

PATH = Path("film.png")
AS_READ = Image(
    np.zeros((20, 10)), Grid.from_spacing((20, 10)), ImageSource(PATH, spacing_source=SpacingSource.UNKNOWN)
)


@pytest.mark.parametrize("source", [SpacingSource.PERSON, SpacingSource.LANDMARK_FILE, SpacingSource.DATA_SET])
def test_a_size_that_the_file_does_not_say_is_kept(source: SpacingSource) -> None:
    case = Case(1, "film", PATH, geometry=Geometry(Grid.from_spacing((20, 10), 0.1), source))
    image = kept_case.with_kept_size(AS_READ, case)
    np.testing.assert_allclose(image.grid.spacing_mm, 0.1)
    assert image.source.spacing_source is source


def test_a_size_that_the_file_said_and_another_image_of_the_name_are_read_anew() -> None:
    case = Case(1, "film", PATH, geometry=Geometry(Grid.from_spacing((20, 10), 0.1), SpacingSource.FILE))
    assert kept_case.with_kept_size(AS_READ, case) is AS_READ
    other = replace(case, geometry=Geometry(Grid.from_spacing((21, 10), 0.1), SpacingSource.PERSON))
    assert kept_case.with_kept_size(AS_READ, other) is AS_READ
