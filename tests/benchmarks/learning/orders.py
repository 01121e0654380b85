"""The orders in which cases could be marked that were tried: at random, and by what a model says of the cases.

An order gets the rows of a pool, each with a model's reading, and what is marked already.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.geometry.shapes import centroid_size, fit_similarity, mean_shape, transform_points
from core.learning.next_case import teaching_order
from core.values.grid import FloatArray
from core.values.landmarks import Landmarks

Order = Callable[[Mapping[int, Landmarks], Sequence[Landmarks], np.random.Generator], list[int]]
"""Puts rows of the pool in the order in which they are marked."""
USUAL = 0.2
"""Strength of a sign that is as in most cases; twice that has one in six, and five times that is the most that counts."""


def at_random(readings: Mapping[int, Landmarks], _: Sequence[Landmarks], rng: np.random.Generator) -> list[int]:
    """Return the rows in any order."""
    return [int(row) for row in rng.permutation(list(readings))]


def by_shape(readings: Mapping[int, Landmarks], marked: Sequence[Landmarks], _: np.random.Generator) -> list[int]:
    """Return the rows as `core.learning.next_case` puts them: those first whose shape stands for most others."""
    return [lesson.key for lesson in teaching_order(readings, marked)]


def apart(readings: Mapping[int, Landmarks], marked: Sequence[Landmarks], _: np.random.Generator) -> list[int]:
    """Return the rows so that each shape lies as far as can be from what is marked or comes before."""
    return _apart(np.ones(len(readings)), readings, marked)


def by_doubt(readings: Mapping[int, Landmarks], marked: Sequence[Landmarks], _: np.random.Generator) -> list[int]:
    """Return the rows so that those lie apart of which the model is unsure or whose shape is unusual.

    The signs are how wide the votes lie beside what is usual for each landmark, how undecided the presence is, and how far the
    shape lies from the mean shape; the root mean square of their strengths weighs the distance to what is marked or comes before.
    """
    off = _off_mean_shape([*marked, *readings.values()])[len(marked) :]
    spreads = np.stack([landmarks.spread_mm.astype(np.float64) for landmarks in readings.values()])
    presence = np.stack([landmarks.presence.astype(np.float64) for landmarks in readings.values()])
    signs = (
        np.log(spreads / np.median(spreads, axis=0)).mean(axis=1),
        2 * np.minimum(presence, 1 - presence).mean(axis=1),
        np.linalg.norm(off, axis=1),
    )
    strengths = [*map(_strengths, signs), np.full(len(readings), USUAL)]
    return _apart(np.sqrt(np.mean(np.square(strengths), axis=0)), readings, marked)


ORDERS: dict[str, Order] = {"random": at_random, "shape": by_shape, "apart": apart, "doubt": by_doubt}
"""By what the command line calls them."""


def _strengths(values: FloatArray) -> FloatArray:
    """Return ``(N,)`` how strong a sign is, from 0 to 1; the unit is how far one case in six lies above the median."""
    median, sixth = np.quantile(values, (0.5, 5 / 6))
    unit = max(float(sixth - median), 0.25 * float(values.std()), 1e-12)
    return np.clip(USUAL * (1.0 + (values - median) / unit), 0.0, 1.0)


def _apart(worth: FloatArray, readings: Mapping[int, Landmarks], marked: Sequence[Landmarks]) -> list[int]:
    off = _off_mean_shape([*marked, *readings.values()])
    known, places, rows = off[: len(marked)], off[len(marked) :], list(readings)
    nearest = np.linalg.norm(places[:, None] - known, axis=2).min(axis=1)
    chosen: list[int] = []
    while len(chosen) < len(rows):
        scores = worth * nearest
        scores[chosen] = -1.0
        chosen.append(int(np.argmax(scores)))
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
    return [rows[number] for number in chosen]


def _off_mean_shape(all_landmarks: Sequence[Landmarks]) -> FloatArray:
    """Return ``(N, L · D)`` how far each landmark lies from its place in the mean shape, at a mean shape of size 1."""
    mean = mean_shape([landmarks.points_mm for landmarks in all_landmarks])
    mean = (mean - mean.mean(axis=0)) / centroid_size(mean)
    fitted = [transform_points(fit_similarity(each.points_mm, mean), each.points_mm) for each in all_landmarks]
    return np.stack([points - mean for points in fitted]).reshape(len(fitted), -1)
