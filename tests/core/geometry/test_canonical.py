"""Canonical order: whatever a scanner stored, each voxel keeps its millimetres and its value."""

import itertools

import numpy as np
import pytest

from core.geometry.canonical import to_canonical
from core.values.grid import Grid
from core.values.image import Image, ImageSource


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_every_orientation_becomes_canonical_without_moving(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """Whatever order and direction a scanner stored, each voxel keeps its millimetres and its value."""
    rng = np.random.default_rng(1)
    directions = np.eye(3)[:, list(order)] * signs
    tilt, _ = np.linalg.qr(np.eye(3) + 0.1 * rng.normal(size=(3, 3)))
    tilt *= np.sign(np.diag(tilt))
    matrix = np.eye(4)
    matrix[:3, :3] = tilt @ directions * [1.5, 0.7, 0.9]
    matrix[:3, 3] = [10.0, -20.0, 30.0]
    image = Image(rng.normal(size=(4, 5, 6)), Grid((4, 5, 6), matrix), ImageSource("x"))
    found = to_canonical(image)
    along = found.grid.mm_from_index[:3, :3] / found.grid.spacing_mm
    assert all(along[2 - axis, axis] > 0.8 for axis in range(3))
    for index in ([0, 0, 0], [1, 2, 0], [3, 1, 2]):
        back = image.grid.to_index(found.grid.to_mm(index))
        assert np.allclose(back, np.round(back), atol=1e-9)
        assert found.voxels[tuple(index)] == image.voxels[tuple(np.round(back).astype(int))]


def test_2d_images_stay_as_they_are() -> None:
    image = Image(np.zeros((4, 5)), Grid.from_spacing((4, 5), 0.1), ImageSource("x"))
    assert to_canonical(image) is image
