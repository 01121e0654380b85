"""Which unmarked case to mark next: those first from which a model would learn most.

Pure functions of what a project keeps of a model's readings: how sure it was of each landmark, where it put them, and where
another model did. Opens no project and no image, and needs no torch; docs/learning.md tells people about it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.geometry.shapes import centroid_size, fit_similarity, mean_shape, transform_points
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks

LEAST_SHAPES = 5
"""Complete configurations from which on a shape can be called unusual."""
LEAST_LANDMARKS = 3
"""Fewer points have no shape."""
MOST_SHAPES = 200
"""So many configurations, taken evenly from all of them, are enough for their mean."""
MOST_APART = 500
"""So many cases are chosen to lie apart from each other; nobody marks more before learning again. The rest follows by worth."""
ALIKE = 1e-6
"""Shapes of size 1 that lie no further apart are the same, and only their worth counts."""
USUAL = 0.2
"""Strength of a sign that is as in most cases; twice that has one in six, and five times that is the most that counts."""


@dataclass(frozen=True, eq=False)
class Unmarked:
    """A case that no person has marked.

    Attributes
    ----------
    key
        What the caller knows it by.
    readings
        What models said of it on one grid, the newest first; at least one.
    """

    key: int
    readings: tuple[Landmarks, ...]


@dataclass(frozen=True)
class Lesson:
    """What marking a case would teach.

    Attributes
    ----------
    key
        Of the case.
    worth
        From 0 to 1: how strong the signs are that the model needs it, `USUAL` where all is as in most cases.
    why
        In a few words, for a person; empty where it is there for variety alone.
    """

    key: int
    worth: float
    why: str


def teaching_order(
    unmarked: Sequence[Unmarked], marked: Sequence[Landmarks] = (), *, count: int | None = None
) -> list[Lesson]:
    """Return cases in the order in which marking them teaches most.

    Each case is compared with all by the signs that its readings have: how wide the votes for its landmarks lie (the radii where
    all have them, else the spreads, as a multiple of what is usual for each landmark), how undecided their presence is, how
    unlike the mean shape they lie, and how far two models differ. The root mean square of their strengths is what the case is
    worth: a single strong sign counts more than several weak ones. Then the cases are taken one by one, each time the one with
    the greatest product of worth and distance of its shape from what is marked or was taken before, so that not ten alike come
    first.

    Parameters
    ----------
    unmarked
        The cases to be put in order, their lengths in one unit. Those whose newest reading has other landmarks than most are
        compared among themselves, and follow after the others.
    marked
        What persons marked in other cases: they teach nothing new twice.
    count
        How many are wanted; all where omitted.

    Returns
    -------
    list of Lesson
        The most instructive first; among equals as they were given.
    """
    kinds = Counter(_kind(case.readings[0]) for case in unmarked)
    lessons: list[Lesson] = []
    for kind, _ in kinds.most_common():
        alike = [case for case in unmarked if _kind(case.readings[0]) == kind]
        lessons += _in_order(alike, [landmarks for landmarks in marked if _kind(landmarks) == kind])
    return lessons[:count]


def _kind(landmarks: Landmarks) -> tuple[tuple[str, ...], int]:
    return landmarks.names, landmarks.ndim


def _in_order(unmarked: Sequence[Unmarked], marked: Sequence[Landmarks]) -> list[Lesson]:
    """Order cases with the same landmarks, all of them."""
    newest = [case.readings[0] for case in unmarked]
    off = _off_mean_shape([*marked, *newest])
    signs = {
        "the model is unsure": _unsureness(newest),
        "perhaps not there": _indecision(newest),
        "unusual shape": _oddness(off, len(marked), len(newest)),
        "two models differ": np.array([_difference(case.readings) for case in unmarked]),
    }
    strengths = {why: _strengths(values) for why, values in signs.items()}
    worth = np.sqrt(np.mean(np.square(list(strengths.values())), axis=0))
    order = _apart(worth, off, len(marked))
    return [Lesson(unmarked[row].key, float(worth[row]), _why(strengths, row)) for row in order]


def _unsureness(readings: Sequence[Landmarks]) -> FloatArray:
    """Return ``(N,)`` the mean logarithm over the landmarks of how much wider than usual the votes lie; NaN without any."""
    radii, spreads = (
        np.stack([getattr(landmarks, key).astype(np.float64) for landmarks in readings])
        for key in ("radius_mm", "spread_mm")
    )
    widths = radii if np.isfinite(radii).any(axis=1).all() else spreads
    usual = np.array([np.median(of_one[of_one > 0]) if (of_one > 0).any() else np.nan for of_one in widths.T])
    with np.errstate(divide="ignore", invalid="ignore"):
        return _mean(np.where(widths > 0, np.log(widths / usual), np.nan))


def _indecision(readings: Sequence[Landmarks]) -> FloatArray:
    """Return ``(N,)`` how undecided the presence of the landmarks is: 0 where the model is sure of all, 1 where of none."""
    presence = np.stack([landmarks.presence.astype(np.float64) for landmarks in readings])
    return _mean(2 * np.minimum(presence, 1 - presence))


def _difference(readings: Sequence[Landmarks]) -> float:
    """Return how far the two newest readings lie apart, as a share of the size of the object; NaN where there is one only."""
    if len(readings) < 2 or _kind(readings[0]) != _kind(readings[1]):
        return np.nan
    one, other = readings[0], readings[1]
    both = one.located & other.located
    size = centroid_size(one.points_mm[both]) if both.sum() > 1 else 0.0
    if not size > 0:
        return np.nan
    return float(np.linalg.norm(one.points_mm[both] - other.points_mm[both], axis=1).mean()) / size


def _off_mean_shape(all_landmarks: Sequence[Landmarks]) -> FloatArray | None:
    """Return ``(N, L, D)`` how far each landmark lies from its place in the mean shape, at a mean shape of size 1.

    Zero where a landmark has no position, or too few have one to say how the object lies. None where fewer than
    `LEAST_SHAPES` cases are complete.
    """
    points = [landmarks.points_mm for landmarks in all_landmarks]
    complete = [each for each in points if len(each) >= LEAST_LANDMARKS and _has_shape(each)]
    if len(complete) < LEAST_SHAPES:
        return None
    mean = mean_shape(complete[:: -(-len(complete) // MOST_SHAPES)])
    mean = (mean - mean.mean(axis=0)) / centroid_size(mean)
    off = np.zeros((len(points), *mean.shape))
    for row, each in enumerate(points):
        known = np.isfinite(each).all(axis=1)
        if known.sum() >= LEAST_LANDMARKS and centroid_size(each[known]) > 0:
            off[row, known] = transform_points(fit_similarity(each[known], mean[known]), each[known]) - mean[known]
    return off


def _oddness(off: FloatArray | None, marked: int, count: int) -> FloatArray:
    """Return ``(N,)`` the Procrustes distances of unmarked cases to the mean shape; NaN where that is not known."""
    return np.full(count, np.nan) if off is None else np.linalg.norm(off[marked:], axis=(1, 2))


def _has_shape(points_mm: FloatArray) -> bool:
    return bool(np.isfinite(points_mm).all()) and centroid_size(points_mm) > 0


def _apart(worth: FloatArray, off: FloatArray | None, marked: int) -> list[int]:
    """Return the rows of cases by worth, the first `MOST_APART` so that they also lie apart, also from what is marked.

    Parameters
    ----------
    worth
        ``(N,)``.
    off
        ``(marked + N, L, D)`` their shapes, those of marked cases first; None where they are not known.
    marked
        How many are marked.
    """
    order: list[int] = np.argsort(-worth, kind="stable").tolist()
    if off is None:
        return order
    places = off.reshape(len(off), -1)[marked:]
    nearest = np.full(len(places), np.inf)
    for place in off.reshape(len(off), -1)[:marked]:
        nearest = np.minimum(nearest, np.linalg.norm(places - place, axis=1))
    chosen: list[int] = []
    left = np.ones(len(places), dtype=bool)
    while len(chosen) < min(MOST_APART, len(places)):
        away = nearest + ALIKE if np.isfinite(nearest).all() else np.ones(len(places))
        row = int(np.argmax(np.where(left, worth * away, -1.0)))
        chosen.append(row)
        left[row] = False
        nearest = np.minimum(nearest, np.linalg.norm(places - places[row], axis=1))
    return chosen + [row for row in order if left[row]]


def _strengths(values: FloatArray) -> FloatArray:
    """Return ``(N,)`` how strong a sign is in each case, from 0 to 1; `USUAL` where it is as in most, or not known.

    The unit is how far one case in six lies above the median, so that signs of any kind can be added up; what is far beyond
    that is worth no more.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), USUAL)
    median, sixth = np.quantile(known, (0.5, 5 / 6))
    unit = max(float(sixth - median), 0.25 * float(known.std()))
    away = np.nan_to_num((values - median) / unit) if unit > 0 else np.zeros(len(values))
    return np.asarray(np.clip(USUAL * (1.0 + away), 0.0, 1.0))


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean of each row without what is NaN; NaN where nothing is left."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _why(strengths: dict[str, FloatArray], row: int) -> str:
    """Return what puts a case among the upper sixth by a sign, the strongest first."""
    notable = [(float(of_sign[row]), why) for why, of_sign in strengths.items() if of_sign[row] >= 2 * USUAL]
    return ", ".join(why for _, why in sorted(notable, key=lambda pair: -pair[0]))
