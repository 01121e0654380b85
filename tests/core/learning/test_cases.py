"""What a case says about its image beside what the image's file says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.base.files import sha256_of
from core.images.file import write_image
from core.learning.cases import Case, read_case_image
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks


@pytest.fixture
def case(tmp_path: Path) -> Case:
    path = tmp_path / "a.png"
    source = ImageSource(path, spacing_source=SpacingSource.UNKNOWN)
    write_image(Image(np.zeros((8, 12), dtype=np.uint8), Grid.from_spacing((8, 12)), source), path)
    return Case("a", path, Landmarks(("tip",), [[1.0, 2.0]]))


def test_a_size_for_each_axis_holds_where_the_file_says_none(case: Case):
    image = read_case_image(replace(case, spacing_mm=(0.5, 0.25)))
    np.testing.assert_allclose(image.grid.spacing_mm, (0.5, 0.25))


def test_sizes_for_other_axes_are_refused(case: Case):
    with pytest.raises(ConfigError, match=r"3 pixel sizes .* has 2 axes"):
        read_case_image(replace(case, spacing_mm=(1.0, 1.0, 1.0)))


def test_a_size_that_a_person_measured_overrules_that_of_the_file(case: Case, tmp_path: Path):
    path = tmp_path / "sized.nrrd"
    write_image(Image(np.zeros((8, 12), dtype=np.uint8), Grid.from_spacing((8, 12), 2.0), ImageSource(path)), path)
    sized = replace(case, image_path=path, spacing_mm=0.5)
    with pytest.raises(ConfigError, match=r"says its spacing is 2 × 2 mm, its data set says 0\.5 mm"):
        read_case_image(sized)
    np.testing.assert_allclose(read_case_image(replace(sized, overrules=True)).grid.spacing_mm, 0.5)


def test_an_image_that_is_another_than_was_marked_is_refused(case: Case):
    marked = replace(case, spacing_mm=1.0, sha256=sha256_of(case.image_path))
    assert read_case_image(marked).ndim == 2
    with pytest.raises(ConfigError, match=r"a\.png has changed since it was marked"):
        read_case_image(replace(marked, sha256="0" * 64))
