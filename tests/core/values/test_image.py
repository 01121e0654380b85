"""Images as values: voxels that fit their grid, and a pixel size that can be replaced."""

from pathlib import Path

import numpy as np
import pytest

from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource


def test_an_image_has_voxels_for_its_whole_grid_and_lets_nobody_write_them(tmp_path):
    grid, source = Grid.from_spacing((3, 4)), ImageSource(tmp_path / "x.png", spacing_source=SpacingSource.UNKNOWN)
    image = Image(np.zeros((3, 4), np.uint8), grid, source)
    with pytest.raises(ValueError, match="read-only"):
        image.voxels[0, 0] = 1
    with pytest.raises(ValueError, match="shape"):
        Image(np.zeros((4, 3)), grid, source)


def anywhere(ndim: int, source: SpacingSource = SpacingSource.FILE) -> Image:
    """A small image whose axes are rotated and whose origin is not zero."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(ndim, ndim)))
    matrix = np.eye(ndim + 1)
    matrix[:ndim, :ndim] = rotation * [0.7, 1.1, 1.6][:ndim]
    matrix[:ndim, ndim] = [12.0, -7.0, 30.0][:ndim]
    shape = (4, 5, 6)[:ndim]
    return Image(np.zeros(shape, np.uint8), Grid(shape, matrix), ImageSource(Path("x"), spacing_source=source))


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("per_axis", [False, True])
def test_another_spacing_keeps_directions_and_the_first_sample_s_place(ndim, per_axis):
    image = anywhere(ndim, SpacingSource.UNKNOWN)
    spacing_mm = [0.5, 0.25, 2.0][:ndim] if per_axis else 0.3
    known = image.with_spacing(spacing_mm)
    np.testing.assert_allclose(known.grid.spacing_mm, spacing_mm)
    np.testing.assert_allclose(known.grid.to_mm([0.0] * ndim), image.grid.to_mm([0.0] * ndim))
    for axis in np.eye(ndim):
        before, after = image.grid.vectors_to_mm(axis), known.grid.vectors_to_mm(axis)
        np.testing.assert_allclose(after / np.linalg.norm(after), before / np.linalg.norm(before))
    assert known.voxels.base is image.voxels.base
    assert known.source.spacing_source is SpacingSource.PERSON
    assert known.source.spacing_known
    assert not image.source.spacing_known


def test_whoever_sets_a_spacing_is_named_and_nobody_is_no_answer():
    image = anywhere(2, SpacingSource.DETECTOR)
    assert image.with_spacing(0.1, SpacingSource.MODEL).source.spacing_source is SpacingSource.MODEL
    with pytest.raises(ValueError, match="known"):
        image.with_spacing(0.1, SpacingSource.UNKNOWN)


@pytest.mark.parametrize("spacing_mm", [0, -1.0, float("nan"), float("inf"), (0.1, 0.0), (0.1, 0.1, 0.1)])
def test_a_spacing_that_cannot_be_is_refused(spacing_mm):
    with pytest.raises(ValueError, match=r"spacing|broadcast"):
        anywhere(2).with_spacing(spacing_mm)


def test_where_a_spacing_comes_from_can_be_stored_and_said():
    for source in SpacingSource:
        assert SpacingSource(source.value) is source
        assert source.phrase
        assert str(source) == source.value
    assert len({source.phrase for source in SpacingSource}) == len(SpacingSource)
