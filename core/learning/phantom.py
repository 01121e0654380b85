"""Synthetic images with known landmarks, 2D and 3D: what the self-test learns, and tests.

A phantom is a body of soft-edged ellipsoids in a random pose on a smooth random background; its landmarks are points that can
be seen: centres and a tip. The same seed always makes the same phantom. Nothing here resembles a patient.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Ellipsoid:
    """One part of the body, in units of half the body's size, ``(x, y, z)``; 2D phantoms leave out ``z``."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    intensity: float
    landmark: str
    landmark_at: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where its landmark lies, in its own radii from its centre."""


_PARTS = (
    _Ellipsoid((-0.45, -0.35, -0.20), (0.32, 0.32, 0.32), 0.55, "Large sphere"),
    _Ellipsoid((0.50, -0.45, 0.25), (0.16, 0.16, 0.16), 0.75, "Small sphere"),
    _Ellipsoid((-0.35, 0.50, 0.20), (0.20, 0.20, 0.20), -0.35, "Dark sphere"),
    _Ellipsoid((0.35, 0.30, -0.10), (0.42, 0.13, 0.13), 0.60, "Tip of the rod", (1.0, 0.0, 0.0)),
)
_BODY = _Ellipsoid((0.0, 0.0, 0.0), (1.05, 1.0, 0.9), 0.35, "")

PHANTOM_LANDMARKS = tuple(part.landmark for part in _PARTS)
"""Names of the landmarks of every phantom, in order."""

_BODY_SIZE = 0.36
"""Half the body's size as a part of the smallest side of the field of view."""
_NOISE = 0.04


def _rotation(angles_deg: Sequence[float] | FloatArray) -> FloatArray:
    """Return the ``(3, 3)`` rotation about the fixed z axis, then y, then x, by as many of the angles as there are."""
    matrix = np.eye(3)
    for angle, (one, other) in zip(np.deg2rad(angles_deg), ((0, 1), (2, 0), (1, 2)), strict=False):
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def _blurred(values: FloatArray, deviations: FloatArray) -> FloatArray:
    """Convolve with a Gaussian of so many samples along each axis, as if the image were mirrored at its sides."""
    for axis, deviation in enumerate(deviations):
        reach = int(4 * deviation + 0.5)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        sides = [(reach, reach) if number == axis else (0, 0) for number in range(values.ndim)]
        padded = np.moveaxis(np.pad(values, sides, mode="symmetric"), axis, 0)
        count = values.shape[axis]
        blurred = sum(weight * padded[start : start + count] for start, weight in enumerate(weights / weights.sum()))
        values = np.moveaxis(np.asarray(blurred), 0, axis)
    return values


def _random_pose(ndim: int, rng: np.random.Generator, grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Draw the ``(D, D)`` matrix and the ``(D,)`` centre that carry the body's units into mm."""
    size_mm = _BODY_SIZE * float((np.asarray(grid.shape) * grid.spacing_mm).min())
    angles_deg = rng.uniform(-20, 20, size=3)
    rotation = _rotation(angles_deg) if ndim == 3 else _rotation(angles_deg[:1])[:2, :2]
    middle_mm = grid.to_mm((np.asarray(grid.shape) - 1) / 2)
    centre_mm = middle_mm + rng.uniform(-0.2, 0.2, size=ndim) * size_mm
    return rotation * size_mm * rng.uniform(0.85, 1.15), centre_mm


def _inside(part: _Ellipsoid, points: FloatArray, softness: float) -> FloatArray:
    """Tell how far each of ``points`` ``(..., D)`` lies inside, 0 to 1 over an edge of ``softness`` body units."""
    ndim = points.shape[-1]
    radii = np.asarray(part.radii[:ndim])
    distance = np.linalg.norm((points - np.asarray(part.centre[:ndim])) / radii, axis=-1)
    return np.asarray(np.clip((1 - distance) * radii.min() / softness + 0.5, 0, 1))


def _background(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Smooth random background of about -0.1 to 0.1 with a little fine noise."""
    extent_mm = float((np.asarray(grid.shape) * grid.spacing_mm).min())
    smooth = _blurred(rng.standard_normal(grid.shape), 0.12 * extent_mm / grid.spacing_mm)
    return 0.05 * smooth / max(float(smooth.std()), 1e-12) + _NOISE * rng.standard_normal(grid.shape)


def _as_voxels(values: FloatArray, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """Scale intensities of about 0 to 1 to what images of ``dtype`` hold: 8 bit 0 to 255, other integers like CT numbers."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return values.astype(kind)
    low, high = (0.0, 255.0) if kind == np.uint8 else (0.0 if kind.kind == "u" else -1000.0, 1000.0)
    scaled = np.clip((values + 0.25) / 1.75, 0, 1) * (high - low) + low
    return np.rint(scaled).astype(kind)


def make_phantom(
    ndim: int,
    seed: int,
    shape: Sequence[int] | None = None,
    spacing_mm: float | Sequence[float] = 1.0,
    *,
    origin_mm: Sequence[float] | None = None,
    dtype: npt.DTypeLike = np.float32,
    absent: Collection[str] = (),
) -> tuple[Image, Landmarks]:
    """Make one phantom.

    Parameters
    ----------
    ndim
        2 or 3.
    seed
        Seed of pose and noise.
    shape
        Samples per axis, numpy order; 96 or 48 along every axis of a 2D or 3D phantom where omitted.
    spacing_mm
        Spacing per axis, numpy order, or one number for all.
    origin_mm
        LPS position of the sample at index 0, zero where omitted.
    dtype
        Type of the voxels: float32 about 0 to 1, uint8 0 to 255, int16 like CT numbers.
    absent
        Landmarks whose part is left out of the image.

    Returns
    -------
    Image, Landmarks
        The image and all of `PHANTOM_LANDMARKS`; absent ones have no position.
    """
    unknown = sorted(set(absent) - set(PHANTOM_LANDMARKS))
    if unknown:
        raise ValueError(f"a phantom has no landmark {', '.join(unknown)}")
    grid = Grid.from_spacing(shape or (96 if ndim == 2 else 48,) * ndim, spacing_mm, origin_mm)
    if grid.ndim != ndim:
        raise ValueError(f"the shape of a {ndim}D phantom has {ndim} sides, not {grid.ndim}")
    rng = np.random.default_rng(seed)
    matrix, centre_mm = _random_pose(ndim, rng, grid)
    samples_mm = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    points = (samples_mm - centre_mm) @ np.linalg.inv(matrix).T
    softness = float(grid.spacing_mm.max() / np.linalg.norm(matrix[:, 0]))

    values = _background(grid, rng) + _BODY.intensity * _inside(_BODY, points, softness)
    points_mm = np.full((len(_PARTS), ndim), np.nan)
    for row, part in enumerate(_PARTS):
        if part.landmark in absent:
            continue
        values += part.intensity * _inside(part, points, softness)
        landmark = np.asarray(part.centre[:ndim]) + np.asarray(part.landmark_at[:ndim]) * np.asarray(part.radii[:ndim])
        points_mm[row] = matrix @ landmark + centre_mm
    source = ImageSource(Path(f"phantom-{ndim}d-{seed}"))
    return Image(_as_voxels(values, dtype), grid, source), Landmarks(PHANTOM_LANDMARKS, points_mm)
