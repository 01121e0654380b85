"""Which unmarked case to mark next: those first whose shapes stand for most of what nobody has marked.

Pure functions of where a model put the landmarks. Opens no project and no image, and needs no torch. That a model is unsure of a
case is no reason to mark it first, and why that is so stands in docs/learning.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.geometry.shapes import centroid_size, fit_similarity, mean_shape, transform_points
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks

LEAST_SHAPES = 5
"""Complete configurations from which on shapes are compared."""
LEAST_LANDMARKS = 3
"""Fewer points have no shape."""
MOST_SHAPES = 200
"""So many configurations, taken evenly from all of them, are enough for their mean."""
MOST_CHOSEN = 200
"""So many cases are put in order; nobody marks more before learning again."""


@dataclass(frozen=True)
class Lesson:
    """What marking a case stands for.

    Attributes
    ----------
    key
        What the caller knows the case by.
    like
        How many of the other unmarked cases are shaped more like it than like any that is marked or comes before it.
    """

    key: int
    like: int = 0


def teaching_order(
    unmarked: Mapping[int, Landmarks], marked: Sequence[Landmarks] = (), *, most: int = MOST_CHOSEN
) -> list[Lesson]:
    """Return cases in the order in which marking them teaches most.

    Shapes are compared without place, size and pose. The cases are taken one by one, each time the one that brings the unmarked
    cases, in sum, closest to one that is marked or taken: the greedy choice for facility location. So those come first that many
    others resemble, not ten of a kind, and what is unlike everything stands for itself alone.

    Parameters
    ----------
    unmarked
        By their keys, what a model says of the cases to be put in order.
    marked
        What persons marked in other cases; counts where it has the same landmarks.
    most
        So many are put in order; the rest follows as given.

    Returns
    -------
    list of Lesson
        All of them. Where most cases have the same landmarks, those with others follow as given, as do those with too few
        positions to have a shape; so do all where no shapes can be compared.
    """
    kinds = Counter(_kind(landmarks) for landmarks in unmarked.values() if landmarks.located.sum() >= LEAST_LANDMARKS)
    if not kinds:
        return [Lesson(key) for key in unmarked]
    [(kind, _)] = kinds.most_common(1)
    alike = {key: marks for key, marks in unmarked.items() if _kind(marks) == kind and _has_shape(marks)}
    known = [landmarks for landmarks in marked if _kind(landmarks) == kind and _has_shape(landmarks)]
    off = _off_mean_shape([*known, *alike.values()])
    chosen = [] if off is None else _chosen(off[len(known) :], off[: len(known)], list(alike), most)
    told = {lesson.key for lesson in chosen}
    return chosen + [Lesson(key) for key in unmarked if key not in told]


def _kind(landmarks: Landmarks) -> tuple[tuple[str, ...], int]:
    return landmarks.names, landmarks.ndim


def _has_shape(landmarks: Landmarks) -> bool:
    located = landmarks.points_mm[landmarks.located]
    return len(located) >= LEAST_LANDMARKS and centroid_size(located) > 0


def _off_mean_shape(all_landmarks: Sequence[Landmarks]) -> FloatArray | None:
    """Return ``(N, L · D)`` how far each landmark lies from its place in the mean shape, at a mean shape of size 1.

    Zero where a landmark has no position. None where fewer than `LEAST_SHAPES` cases have all of them.
    """
    points = [landmarks.points_mm for landmarks in all_landmarks]
    complete = [each for each in points if np.isfinite(each).all()]
    if len(complete) < LEAST_SHAPES:
        return None
    mean = mean_shape(complete[:: -(-len(complete) // MOST_SHAPES)])
    mean = (mean - mean.mean(axis=0)) / centroid_size(mean)
    off = np.zeros((len(points), *mean.shape))
    for row, each in enumerate(points):
        known = np.isfinite(each).all(axis=1)
        off[row, known] = transform_points(fit_similarity(each[known], mean[known]), each[known]) - mean[known]
    return off.reshape(len(off), -1)


def _chosen(places: FloatArray, known: FloatArray, keys: Sequence[int], most: int) -> list[Lesson]:
    """Return the cases at ``places`` ``(N, F)`` that come first, given what is marked, at ``known`` ``(M, F)``."""
    between = _distances(places, places)
    # Where nothing is marked, what lies further from a case than half of all do is not like it.
    usual = np.full(len(places), np.median(between))
    nearest = _distances(places, known).min(axis=1) if len(known) else usual
    lessons: list[Lesson] = []
    left = np.ones(len(places), dtype=bool)
    for _ in range(min(most, len(places))):
        gains = np.maximum(nearest - between, 0.0).sum(axis=1)
        row = int(np.argmax(np.where(left, gains, -1.0)))
        left[row] = False
        closer = left & (between[row] < nearest)
        lessons.append(Lesson(keys[row], int(closer.sum())))
        nearest = np.minimum(nearest, between[row])
    return lessons


def _distances(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return ``(N, M)`` distances between places ``(N, F)`` and ``(M, F)``."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2.0 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))
