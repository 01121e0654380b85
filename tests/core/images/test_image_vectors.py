"""Python's readers give what the shared vectors were made from; the C++ readers are held to the same set elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ImageReadError
from core.images.file import read_image
from tests.support.image_vectors import image_vectors
from tests.support.volume_vectors import Vector

VECTORS = image_vectors()


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.truth is not None], ids=lambda vector: vector.name)
def test_what_was_written_is_what_is_read(tmp_path: Path, vector: Vector) -> None:
    (tmp_path / vector.name).parent.mkdir(exist_ok=True)
    vector.write(tmp_path / vector.name)
    assert vector.truth is not None
    voxels, mm_from_index = vector.truth
    image = read_image(tmp_path / vector.name)
    np.testing.assert_array_equal(image.voxels, voxels)
    np.testing.assert_allclose(image.grid.mm_from_index, mm_from_index, atol=1e-5)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.refused], ids=lambda vector: vector.name)
def test_what_cannot_be_read_rightly_is_refused(tmp_path: Path, vector: Vector) -> None:
    vector.write(tmp_path / vector.name)
    with pytest.raises(ImageReadError) as refused:
        read_image(tmp_path / vector.name)
    assert refused.value.hint


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if not v.refused and not v.cairn_run_says],
    ids=lambda vector: vector.name,
)
def test_whatever_both_sides_read_is_read(tmp_path: Path, vector: Vector) -> None:
    vector.write(tmp_path / vector.name)
    assert read_image(tmp_path / vector.name).voxels.size > 0
