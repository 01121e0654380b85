"""How marked objects lie: how far they are turned, and what each landmark becomes in a mirror.

Shapes only, ``(L, D)`` points in mm along the array axes, NaN where absent; no images and no cases.
"""

import re
from collections.abc import Sequence

import numpy as np

from core.geometry.shapes import centroid_size, fit_similarity, mean_shape, transform_points
from core.values.grid import FloatArray

POSED_FROM_DEG = 45.0
"""Objects turned by less than that lie alike enough for a network to learn all of it."""
AS_LIKE = 1.3
"""A mirrored case may be so many times as far from its likes as the cases are, to be one of them."""
TURNED_DEG = 30.0
"""Where objects lie alike, a mirrored one must too, within so many degrees."""


def complete(shapes: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the shapes that know all their points and have extent enough to be fitted."""
    whole = [points for points in shapes if np.isfinite(points).all()]
    return [points for points in whole if centroid_size(points) > 0]


def poses(shapes: Sequence[FloatArray]) -> tuple[float, bool]:
    """Return how far objects are turned from the typical pose at most, in degrees, and whether that is what tells them apart.

    Landmarks on a line, or fewer than dimensions, say nothing of a pose.
    """
    whole = complete(shapes)
    if len(whole) < 2 or len(whole[0]) < whole[0].shape[1] + (whole[0].shape[1] == 3):
        return 0.0, False
    mean = mean_shape(whole)
    spread = np.linalg.svd(mean - mean.mean(0), compute_uv=False)
    if spread[1] < 0.1 * spread[0]:  # a line can be turned about itself
        return 0.0, False
    rotations = np.stack([_rotation(mean, points) for points in whole])
    left, _, right = np.linalg.svd(rotations.mean(0))
    signs = np.ones(len(left))
    signs[-1] = np.linalg.det(left @ right)
    typical = (left * signs) @ right
    angles = [angle_deg(rotation @ typical.T) for rotation in rotations]
    upright = mean @ typical.T
    turned_mm = np.median([_distance(transform_points(fit_similarity(mean, p), mean), p) for p in whole])
    as_they_lie_mm = np.median([_distance(_moved_onto(upright, points), points) for points in whole])
    worst = float(max(angles))
    return worst, bool(worst > POSED_FROM_DEG and as_they_lie_mm > 2.0 * turned_mm)


def _rotation(source: FloatArray, target: FloatArray) -> FloatArray:
    matrix = fit_similarity(source, target)[:-1, :-1]
    return np.asarray(matrix / np.linalg.det(matrix) ** (1 / len(matrix)))


def angle_deg(rotation: FloatArray) -> float:
    """Return by how much a rotation ``(D, D)`` turns, 0 to 180 degrees."""
    trace = float(np.trace(rotation))
    cosine = trace / 2 if len(rotation) == 2 else (trace - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _moved_onto(source: FloatArray, target: FloatArray) -> FloatArray:
    """Fit by translation and scale alone."""
    own, other = source - source.mean(0), target - target.mean(0)
    scale = float((own * other).sum()) / float((own * own).sum())
    return np.asarray(target.mean(0) + scale * own)


def _distance(found: FloatArray, truth: FloatArray) -> float:
    return float(np.sqrt(((found - truth) ** 2).sum(1).mean()))


_ROUNDS = 5
"""How often pairs and the plane of the mirror are found anew."""
_SIDES = re.compile(
    r"(?<![a-z])(left|right|l|r|li|re|links|rechts|gauche|droite|sinister|dexter)(?![a-z])", re.IGNORECASE
)
_OTHER_SIDE = {
    "left": "right",
    "l": "r",
    "li": "re",
    "links": "rechts",
    "gauche": "droite",
    "sinister": "dexter",
}
_OTHER_SIDE |= {second: first for first, second in _OTHER_SIDE.items()}


def partners_by_name(names: Sequence[str]) -> tuple[int, ...]:
    """Return the row of the landmark that each becomes in a mirror, by what they are called: "left …" becomes "right …".

    A landmark without a side becomes itself; one whose other side has no name, none (-1). Empty where no name has a side.
    """
    rows = {name.lower(): row for row, name in enumerate(names)}
    partners, sided = [], False
    for row, name in enumerate(names):
        other = _SIDES.sub(lambda found: _OTHER_SIDE[found[0].lower()], name.lower())
        if other == name.lower():
            partners.append(row)
        else:
            partners.append(rows.get(other, -1))
            sided = sided or other in rows
    return tuple(partners) if sided else ()


def partners_by_shape(shape_mm: FloatArray) -> tuple[int, ...]:
    """Return the row of the landmark that each becomes in a mirror, by which lies nearest in the mirrored mean shape ``(L, D)``.

    The plane of the mirror is looked for among those across the principal axes of the shape, and turned until it fits. A landmark
    that is not its nearest one's nearest has no partner (-1); empty where that is more than one in four.
    """
    centred = shape_mm - shape_mm.mean(0)
    _, _, axes = np.linalg.svd(centred)
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    for axis in axes:
        reflection = np.eye(len(axis)) - 2 * np.outer(axis, axis)
        for _ in range(_ROUNDS):
            distances = np.linalg.norm(centred[:, None] - (centred @ reflection)[None], axis=-1)
            nearest = distances.argmin(0)
            mutual = nearest[nearest] == np.arange(len(nearest))
            if mutual.mean() < 0.75:
                break
            left, _, right = np.linalg.svd(centred[nearest[mutual]].T @ centred[mutual])
            signs = np.ones(len(axis))
            signs[-1] = -np.sign(np.linalg.det(left @ right))
            reflection = ((left * signs) @ right).T
        else:
            off = float(distances.min(0)[mutual].mean())
            best = min(best, (off, tuple(int(row) if fits else -1 for row, fits in zip(nearest, mutual, strict=True))))
    return best[1]


def find_mirror(
    shapes: Sequence[FloatArray], names: Sequence[str], partners: Sequence[int] = (), *, posed: bool = False
) -> tuple[int, ...]:
    """Return the row of the landmark that each becomes in a mirror, where a mirrored object could be one of these, else nothing.

    Whether it could is measured: mirrored along the last axis of the array, as learning will do it, a case must come as close to
    another case as that one's own likes do, and lie like it.

    Parameters
    ----------
    shapes
        ``(L, D)`` points of some cases along the array axes, mm.
    names, partners
        The landmarks, and their partners where a scheme knows them.
    posed
        Whether objects lie in any pose: then a mirrored one may, too.
    """
    whole = complete(shapes)
    if len(whole) < 3 or len(names) <= whole[0].shape[1]:
        return tuple(partners) if any(partner != row for row, partner in enumerate(partners) if partner >= 0) else ()
    proposals = [tuple(partners), partners_by_name(names), tuple(range(len(names)))]
    if not any(proposals[:2]):
        proposals.append(partners_by_shape(mean_shape(whole)))
    plain_mm = _nearest([(points, points) for points in whole])[0]
    for proposal in filter(None, proposals):
        mirrored = [(_mirrored(points, proposal), points) for points in whole]
        off_mm, turned_deg = _nearest(mirrored)
        if off_mm < AS_LIKE * plain_mm and (posed or turned_deg < TURNED_DEG):
            return proposal
    return ()


def _mirrored(points_mm: FloatArray, partners: Sequence[int]) -> FloatArray:
    """Return points ``(L, D)`` mirrored along the last axis and renamed; NaN where a landmark has no partner."""
    rows = np.asarray(partners)
    found = points_mm[rows] * np.r_[np.ones(points_mm.shape[1] - 1), -1.0]
    found[rows < 0] = np.nan
    return np.asarray(found)


def _nearest(pairs: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[float, float]:
    """Return how far each second shape is from the nearest first shape of another pair, and how turned that is (medians)."""
    distances, angles = [], []
    for number, (_, target) in enumerate(pairs):
        nearest = (np.inf, 0.0)
        for other, (source, _) in enumerate(pairs):
            known = np.isfinite(source).all(1)
            if other == number or known.sum() <= target.shape[1]:
                continue
            fit = fit_similarity(source[known], target[known])
            off = _distance(transform_points(fit, source[known]), target[known])
            nearest = min(nearest, (off, angle_deg(_rotation(source[known], target[known]))))
        distances.append(nearest[0])
        angles.append(nearest[1])
    return float(np.median(distances)), float(np.median(angles))
