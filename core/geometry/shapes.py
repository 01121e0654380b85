"""Configurations of landmarks as shapes: similarity fits and the Procrustes mean.

Arrays of points in mm only; no images and no files.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def fit_similarity(source_mm: FloatArray, target_mm: FloatArray, *, scaled: bool = True) -> FloatArray:
    """Fit rotation, translation and, where ``scaled``, one scale in the least-squares sense, without reflection.

    Parameters
    ----------
    source_mm, target_mm
        ``(L, D)`` corresponding points, mm.
    scaled
        False fits a rigid movement.

    Returns
    -------
    FloatArray
        ``(D+1, D+1)`` homogeneous matrix target_from_source.
    """
    source_centre, target_centre = source_mm.mean(axis=0), target_mm.mean(axis=0)
    source, target = source_mm - source_centre, target_mm - target_centre
    left, singular, right = np.linalg.svd(target.T @ source)
    signs = np.ones(source.shape[1])
    signs[-1] = np.sign(np.linalg.det(left) * np.linalg.det(right))
    rotation = left @ np.diag(signs) @ right
    scale = float(singular @ signs) / float((source**2).sum()) if scaled else 1.0
    target_from_source = np.eye(source.shape[1] + 1)
    target_from_source[:-1, :-1] = scale * rotation
    target_from_source[:-1, -1] = target_centre - scale * rotation @ source_centre
    return target_from_source


def transform_points(target_from_source: FloatArray, points: npt.ArrayLike) -> FloatArray:
    """Map points ``(..., D)`` by a homogeneous matrix ``(D+1, D+1)``."""
    return np.asarray(np.asarray(points) @ target_from_source[:-1, :-1].T + target_from_source[:-1, -1])


def centroid_size(points_mm: FloatArray) -> float:
    """Return the root of the summed squared distances of points ``(L, D)`` from their centroid, mm."""
    return float(np.linalg.norm(points_mm - points_mm.mean(axis=0)))


def procrustes_mean(
    configurations_mm: FloatArray, *, tolerance_mm: float = 1e-6, max_iterations: int = 100
) -> FloatArray:
    """Return the mean shape of configurations at their typical size, place and orientation.

    Each configuration is fitted onto the mean by a similarity without reflection, the fitted ones are averaged, and so on
    until the mean stands still. The mean gets the configurations' mean centroid size in every round, or it would shrink,
    and lies at last where it is closest to their plain average.

    Parameters
    ----------
    configurations_mm
        ``(N, L, D)`` points, mm, all known.
    tolerance_mm
        Largest movement of a point at which the mean counts as standing still, mm.
    max_iterations
        Rounds at most.

    Returns
    -------
    FloatArray
        ``(L, D)`` mean configuration, mm.
    """
    size_mm = float(np.mean([centroid_size(points) for points in configurations_mm]))
    average = configurations_mm.mean(axis=0)
    mean = average
    for _ in range(max_iterations):
        fitted = [transform_points(fit_similarity(points, mean), points) for points in configurations_mm]
        updated = np.mean(fitted, axis=0)
        centre = updated.mean(axis=0)
        updated = centre + (updated - centre) * size_mm / centroid_size(updated)
        moved_mm = float(np.abs(updated - mean).max())
        mean = updated
        if moved_mm < tolerance_mm:
            break
    return transform_points(fit_similarity(mean, average, scaled=False), mean)


def mean_shape(configurations_mm: Sequence[FloatArray]) -> FloatArray:
    """Return the mean shape ``(L, D)`` of configurations that lie in any pose, in the pose of the first complete one.

    Raises
    ------
    ValueError
        No configuration knows all its points.
    """
    complete = [np.asarray(points, dtype=np.float64) for points in configurations_mm if np.isfinite(points).all()]
    if not complete:
        raise ValueError("no configuration knows all its points")
    first = complete[0]
    return procrustes_mean(np.stack([transform_points(fit_similarity(points, first), points) for points in complete]))
