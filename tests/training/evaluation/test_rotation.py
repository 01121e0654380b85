"""Rotated volumes: the bright voxel goes where the landmark goes."""

from pathlib import Path

import numpy as np
import pytest

from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from training.evaluation.rotation import random_rotation, rotated_landmarks, rotated_volume


@pytest.mark.parametrize("seed", range(3))
def test_voxels_and_landmarks_rotate_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = Grid.from_spacing((24, 30, 20), (0.5, 0.4, 0.6), (3.0, -7.0, 11.0))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    point = rng.uniform(4, 15, 3)
    voxels = (1000 * np.exp(-((index - point) ** 2).sum(-1) / 4) - 50).astype(np.int16)
    image = Image(voxels, grid, ImageSource(Path("volume.nrrd")))
    marks = Landmarks(("spot",), grid.to_mm(point[None]))
    rotation = random_rotation(seed)
    rotated, where = rotated_volume(image, rotation), rotated_landmarks(marks, image, rotation)
    brightest = np.unravel_index(np.argmax(rotated.voxels), rotated.voxels.shape)
    np.testing.assert_allclose(rotated.grid.to_mm(brightest), where.points_mm[0], atol=0.6)
    assert rotated.voxels.dtype == np.int16
    assert rotated.voxels[0, 0, 0] == -50
    corner_mm = rotated_landmarks(Landmarks(("c",), grid.to_mm([[0, 0, 0]])), image, rotation).points_mm
    assert rotated.grid.contains(corner_mm).all()


def test_rotations_are_proper_and_differ() -> None:
    rotations = np.stack([random_rotation(seed) for seed in range(20)])
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)
    assert len(np.unique(rotations.round(6), axis=0)) == 20
