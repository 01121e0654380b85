"""Small volumes in any orientation, for the tests of planes, slices and canonical order."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.values.grid import FloatArray, Grid
from core.values.image import Image, ImageSource


def rotation(vector: Sequence[float]) -> FloatArray:
    """Rotation about an axis by its length, in rad."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.asarray(vector) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def make_volume(
    direction: FloatArray,
    *,
    shape: tuple[int, ...] = (6, 7, 5),
    spacing: tuple[float, ...] = (0.7, 1.1, 1.6),
    values: Callable[[FloatArray], FloatArray] | None = None,
) -> Image:
    """A volume whose x, y and z axes run along the columns of ``direction``, with ``spacing`` in the same order."""
    matrix = np.eye(4)
    matrix[:3, :3] = (direction * spacing)[:, ::-1]
    matrix[:3, 3] = (12.0, -7.0, 30.0)
    grid = Grid(shape, matrix)
    voxels: npt.NDArray[np.generic]
    if values is None:
        voxels = np.random.default_rng(5).integers(-300, 300, shape).astype(np.int16)
    else:
        voxels = values(grid.to_mm(np.moveaxis(np.indices(shape), 0, -1))).astype(np.float32)
    return Image(voxels, grid, ImageSource(Path("x")))


def stored_orders() -> list[FloatArray]:
    """All 48 ways in which a volume can be stored along the patient's axes."""
    return [
        np.eye(3)[:, list(order)] * signs
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1, -1), repeat=3)
    ]
