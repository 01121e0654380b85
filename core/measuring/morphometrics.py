"""Shapes of many cases: generalized Procrustes alignment, the space that they span, and which of them are unlike the others.

Arrays of points only; nothing is known of images, files or cases. Superimposition without sliding, as in Gower (Psychometrika 40,
1975) and Rohlf & Slice (Syst. Zool. 39, 1990), partial and without reflection; docs/morphometrics.md tells people about it.
"""

from dataclasses import dataclass

import numpy as np

from core.geometry.shapes import centroid_size, fit_similarity
from core.measuring.primitives import FloatArray

LEAST_CASES = 3
"""Fewer configurations have no shape space to speak of."""
LEAST_LANDMARKS = 3
"""Fewer points have no shape."""
FENCE = 1.5
"""An outlier lies this many interquartile ranges above the upper quartile of the Procrustes distances (Tukey's fence)."""
LOWERED_TO = 0.65
"""A swap is named where exchanging the two landmarks lowers the distance to less than this share of it.

Of 400 swaps of any two landmarks put into one of 58 fly wings (12 landmarks), 60 hippocampi (7) or 24 mouse skulls (45), all were
outliers, 394 were named and no other pair instead of them. Of 400 single landmarks put elsewhere, by 5 to 40 % of the centroid
size, 2 were called a swap; at 0.7 it was 20 of 450. Of the cases as they are none would be one, even at 0.95.
"""
_STANDS_STILL = 1e-12
_MOST_ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Alignment:
    """Configurations that have lost place, size and orientation.

    Attributes
    ----------
    shapes
        ``(N, L, D)`` centred, of centroid size one, each turned onto the mean.
    mean
        ``(L, D)`` mean shape, of centroid size one too; it lies as the first configuration does.
    centroid_sizes
        ``(N,)`` in the unit of the configurations.
    distances
        ``(N,)`` partial Procrustes distances to the mean: the root of the summed squared distances of the landmarks.
    """

    shapes: FloatArray
    mean: FloatArray
    centroid_sizes: FloatArray
    distances: FloatArray


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """The principal components of shapes, in the plane that touches shape space at their mean.

    Attributes
    ----------
    mean
        ``(L, D)`` mean shape.
    components
        ``(K, L, D)`` directions of unit length, of the greatest variance first; the largest of a direction's numbers is positive.
    variances
        ``(K,)`` variance of the shapes along each, with N − 1 in the denominator.
    scores
        ``(N, K)`` where each shape lies along them.
    """

    mean: FloatArray
    components: FloatArray
    variances: FloatArray
    scores: FloatArray

    @property
    def shares(self) -> FloatArray:
        """``(K,)`` share of each component in all variance; zeros where there is none."""
        total = float(self.variances.sum())
        return self.variances / total if total > 0 else np.zeros_like(self.variances)

    def at(self, component: int, deviations: float) -> FloatArray:
        """Return the configuration ``(L, D)`` that lies so many standard deviations along a component from the mean."""
        way = deviations * float(np.sqrt(self.variances[component]))
        return np.asarray(self.mean + way * self.components[component])


@dataclass(frozen=True)
class Swap:
    """Two landmarks of one case that were probably taken for each other.

    Attributes
    ----------
    first, second
        Their rows.
    distance, without
        Procrustes distance of the case to the mean as it is, and with the two exchanged.
    """

    first: int
    second: int
    distance: float
    without: float


def align(configurations: FloatArray) -> Alignment:
    """Superimpose configurations: centred, of centroid size one, turned onto their mean until that stands still.

    Parameters
    ----------
    configurations
        ``(N, L, D)`` points, all known, in any unit.

    Raises
    ------
    ValueError
        There are too few of them or of their points, a point is not known, or all points of one lie on the same spot.
    """
    configurations = np.asarray(configurations, dtype=np.float64)
    if configurations.ndim != 3 or len(configurations) < LEAST_CASES or configurations.shape[1] < LEAST_LANDMARKS:
        raise ValueError(f"{LEAST_CASES} cases and {LEAST_LANDMARKS} landmarks at least have shapes to be compared")
    sizes = np.array([centroid_size(points) for points in configurations])
    if not np.isfinite(sizes).all() or not (sizes > 0).all():
        raise ValueError("every configuration has a position of each landmark, and not all on the same spot")
    shapes = np.stack([_unit(points) for points in configurations])
    mean = shapes[0]
    for _ in range(_MOST_ROUNDS):
        shapes = _turned(shapes, mean)
        updated = _unit(shapes.mean(axis=0))
        moved = float(np.abs(updated - mean).max())
        mean = updated
        if moved < _STANDS_STILL:
            break
    # Turning the mean about turns all shapes with it: they are to lie as the first configuration does, not somehow.
    mean = mean @ fit_similarity(mean, _unit(configurations[0]), scaled=False)[:-1, :-1].T
    shapes = _turned(shapes, mean)
    return Alignment(shapes, mean, sizes, _distances(shapes, mean))


def _unit(points: FloatArray) -> FloatArray:
    return np.asarray((points - points.mean(axis=0)) / centroid_size(points))


def _distances(shapes: FloatArray, mean: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(shapes - mean, axis=(1, 2)))


def _turned(shapes: FloatArray, mean: FloatArray) -> FloatArray:
    """Return centred shapes ``(N, L, D)``, each turned onto a mean shape."""
    left, _, right = np.linalg.svd(np.einsum("ld,nle->nde", mean, shapes))
    left[..., -1] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[:, None]  # no reflection
    return np.asarray(np.einsum("nle,nde->nld", shapes, left @ right))


def tangent(alignment: Alignment) -> FloatArray:
    """Return shapes ``(N, L, D)`` projected orthogonally into the plane that touches shape space at the mean (Rohlf 1999)."""
    along = np.einsum("nld,ld->n", alignment.shapes, alignment.mean)
    return np.asarray(alignment.shapes + (1.0 - along)[:, None, None] * alignment.mean)


def shape_space(alignment: Alignment) -> ShapeSpace:
    """Return the principal components of aligned shapes in tangent space, as many as can have a variance."""
    count, landmarks, ndim = alignment.shapes.shape
    projected = tangent(alignment)
    centre = projected.mean(axis=0)
    left, singular, right = np.linalg.svd((projected - centre).reshape(count, -1), full_matrices=False)
    singular[singular < _STANDS_STILL] = 0.0  # shapes that are alike but for rounding have no variance to be shared out
    freedom = landmarks * ndim - ndim - 1 - ndim * (ndim - 1) // 2
    kept = min(count - 1, freedom)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    scores = (left * singular * signs)[:, :kept]
    components = (right * signs[:, None])[:kept].reshape(kept, landmarks, ndim)
    return ShapeSpace(centre, components, singular[:kept] ** 2 / (count - 1), scores)


def outliers(alignment: Alignment) -> tuple[int, ...]:
    """Return the rows of the shapes that lie beyond the upper fence of the Procrustes distances, the farthest first."""
    beyond = np.flatnonzero(alignment.distances > outlier_fence(alignment) + _STANDS_STILL)
    return tuple(beyond[np.argsort(-alignment.distances[beyond], kind="stable")].tolist())


def outlier_fence(alignment: Alignment) -> float:
    """Return the Procrustes distance beyond which a shape is an outlier."""
    return _fence(alignment.distances)


def _fence(distances: FloatArray) -> float:
    lower, upper = np.quantile(distances, (0.25, 0.75))
    return float(upper + FENCE * (upper - lower))


def mirrored(alignment: Alignment) -> tuple[int, ...]:
    """Return the rows of the shapes that are mirror images of most others, such as left wings among right ones.

    All are brought together with reflections allowed. A shape counts where it fits clearly better one way round than the
    other, by the same share as a swap, and then lies within twice the fence of outliers. Where fewer than half do, the shapes
    are nearly their own mirror images, as flat ones in space are, and none is returned. Where as many lie one way as the
    other, those are returned that do not lie as the first of them.
    """
    shapes, mean = alignment.shapes, alignment.shapes[0]
    for _ in range(_MOST_ROUNDS):
        left, _, right = np.linalg.svd(np.einsum("ld,nle->nde", mean, shapes))
        updated = _unit(np.einsum("nle,nde->nld", shapes, left @ right).mean(axis=0))
        moved = float(np.abs(updated - mean).max())
        mean = updated
        if moved < _STANDS_STILL:
            break
    cross = np.einsum("ld,nle->nde", mean, shapes)
    flip = np.ones(mean.shape[1])
    flip[-1] = -1.0
    as_it_is, the_other_way = _distance_from_cross(cross), _distance_from_cross(cross * flip)
    better = np.minimum(as_it_is, the_other_way)
    fits = better <= 2 * _fence(better) + _STANDS_STILL
    lies_so = np.flatnonzero(fits & (as_it_is < LOWERED_TO * the_other_way))
    lies_otherwise = np.flatnonzero(fits & (the_other_way < LOWERED_TO * as_it_is))
    if 2 * (len(lies_so) + len(lies_otherwise)) < len(shapes):
        return ()
    if len(lies_so) == len(lies_otherwise) > 0:
        return tuple(max(lies_so, lies_otherwise, key=lambda rows: int(rows[0])).tolist())
    return tuple(min(lies_so, lies_otherwise, key=len).tolist())


def probable_swap(alignment: Alignment, row: int) -> Swap | None:
    """Return the two landmarks of an outlier whose exchange brings it nearest to the others, None where none brings it near.

    Parameters
    ----------
    alignment
        All cases; what the shape is compared with is the mean of those that are no outliers.
    row
        The case.
    """
    others = np.delete(alignment.shapes, list({row, *outliers(alignment)}), axis=0)
    mean = _unit(others.mean(axis=0)) if len(others) else alignment.mean
    shape = alignment.shapes[row]
    first, second = np.triu_indices(len(shape), 1)
    # Exchanging two points changes neither centroid nor centroid size, and the cross product by a matrix of rank one; the best
    # rotation's distance follows from its singular values alone.
    cross = mean.T @ shape
    exchanged = cross + np.einsum("pd,pe->pde", mean[first] - mean[second], shape[second] - shape[first])
    before, after = _distance_from_cross(cross), _distance_from_cross(exchanged)
    best = int(after.argmin())
    if not after[best] < LOWERED_TO * before:
        return None
    return Swap(int(first[best]), int(second[best]), float(before), float(after[best]))


def _distance_from_cross(cross: FloatArray) -> FloatArray:
    """Return the partial Procrustes distances ``(...)`` of unit shapes, given their cross products ``(..., D, D)``."""
    singular = np.linalg.svd(cross, compute_uv=False)
    singular[..., -1] *= np.where(np.linalg.det(cross) < 0, -1.0, 1.0)  # no reflection
    return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * singular.sum(axis=-1), 0.0)))
