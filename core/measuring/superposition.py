"""Two images of one patient: the movement that lays the later on the earlier along a line, and what has changed in between.

Pure: no files, no images and no Qt. Any two landmarks make a line; those of cephalometry are S–N, ANS–PNS and Go–Me.
`registration` also knows best fits and mirrored images.
"""

from dataclasses import dataclass

import numpy as np

from core.base.errors import AppError
from core.measuring.analysis import Analysis, Measurement
from core.measuring.measure import Measured, interval_of, measure, sampled_values
from core.measuring.primitives import FloatArray, unit_vector
from core.measuring.quantities import MM
from core.measuring.scatter import Spreads
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class Change:
    """One measurement at two times.

    Attributes
    ----------
    first, second
        As it was and as it is.
    difference
        The second value less the first; NaN where either is not known.
    low, high
        Interval that holds the true difference in 90 % of cases, as far as the radii of the landmarks tell; NaN where they tell
        nothing. Errors at both times are taken as independent: those that a reader makes each time in the same way cancel out, so
        that it is too wide rather than too narrow.
    reason
        Why there is no difference: one sentence, empty where there is one.
    """

    first: Measured
    second: Measured
    difference: float
    low: float = float("nan")
    high: float = float("nan")
    reason: str = ""

    @property
    def measurement(self) -> Measurement:
        """What was measured."""
        return self.first.measurement

    @property
    def unit(self) -> str:
        """Unit of values and difference."""
        return self.first.unit if self.first.known or not self.second.known else self.second.unit

    @property
    def exact(self) -> tuple[str, ...]:
        """Names of the landmarks that were taken as exact at either time, because nothing says how uncertain they are."""
        return tuple(dict.fromkeys((*self.first.exact, *self.second.exact))) if self.known else ()

    @property
    def by_readers(self) -> tuple[str, ...]:
        """Names of the landmarks whose uncertainty readers' differences tell, at either time."""
        return tuple(dict.fromkeys((*self.first.by_readers, *self.second.by_readers))) if self.known else ()

    @property
    def known(self) -> bool:
        """Whether there is a difference."""
        return bool(np.isfinite(self.difference))

    @property
    def beyond_error(self) -> bool | None:
        """Whether the interval leaves out zero, so that something has changed; None without an interval."""
        return None if np.isnan(self.low) else not self.low <= 0.0 <= self.high


def superimpose(first: Landmarks, second: Landmarks, line: tuple[str, str], *, scaled: bool = False) -> FloatArray:
    """Return the movement that lays the line of the second landmarks on that of the first.

    The line's first point comes to lie on its first point, and its direction on its direction; lengths stay as they are unless
    ``scaled``. In 3D a turn about the line is still free: it is the one that brings the other landmarks of both nearest to each
    other, by least squares, and where there are none, the movement turns as little as possible.

    Parameters
    ----------
    first, second
        At both times, in mm of the images they were placed on, which look to the same side.
    line
        Names of two landmarks, such as sella and nasion.
    scaled
        Whether everything is also made longer or shorter, so that the line is as long as it was.

    Returns
    -------
    FloatArray
        ``(D+1, D+1)`` homogeneous matrix first_from_second.

    Raises
    ------
    AppError
        The landmarks are of different ranks, or the line is not known in one of them, or has no length there.
    """
    require_same_rank(first, second)
    for landmarks, which in ((first, "earlier"), (second, "later")):
        _require_line(landmarks, line, which)
    names = [*line, *(name for name in first.names if name in second.names and name not in line)]
    return movement_along(first.subset(names).points_mm, second.subset(names).points_mm, scaled=scaled)


def require_same_rank(first: Landmarks, second: Landmarks) -> None:
    """Raise `AppError` where one image is a volume and the other is not."""
    if first.ndim != second.ndim:
        raise AppError(
            f"A {second.ndim}D image cannot be laid on a {first.ndim}D one.", "Choose two images of the same kind."
        )


def movement_along(first_mm: FloatArray, second_mm: FloatArray, *, scaled: bool = False) -> FloatArray:
    """Return what `superimpose` does, for points ``(L, D)`` of which the first two are the line; the others may be unknown."""
    to_mm, from_mm = first_mm[0], second_mm[0]
    along, was_along = unit_vector(first_mm[1] - to_mm), unit_vector(second_mm[1] - from_mm)
    if len(along) == 2:
        cosine, sine = float(was_along @ along), float(was_along[0] * along[1] - was_along[1] * along[0])
        rotation = np.array([[cosine, -sine], [sine, cosine]])
    else:
        rotation = _smallest_rotation(was_along, along)
        rotation = _roll((second_mm[2:] - from_mm) @ rotation.T, first_mm[2:] - to_mm, along) @ rotation
    if scaled:
        rotation = rotation * float(np.linalg.norm(first_mm[1] - to_mm) / np.linalg.norm(second_mm[1] - from_mm))
    first_from_second = np.eye(len(along) + 1)
    first_from_second[:-1, :-1] = rotation
    first_from_second[:-1, -1] = to_mm - rotation @ from_mm
    return first_from_second


def _require_line(landmarks: Landmarks, line: tuple[str, str], which: str) -> None:
    for name in line:
        if name not in landmarks.names or not np.isfinite(landmarks.point_mm(name)).all():
            raise AppError(
                f"{name} has no position in the {which} image, so the line {'–'.join(line)} is not known there.",
                "Place it, or choose another line.",
            )
    start_mm, end_mm = (landmarks.point_mm(name) for name in line)
    if not np.isfinite(unit_vector(end_mm - start_mm)).all():
        raise AppError(
            f"{' and '.join(line)} lie on the same spot in the {which} image and make no line.", "Correct them."
        )


def _smallest_rotation(source: FloatArray, target: FloatArray) -> FloatArray:
    """Return the rotation ``(3, 3)`` of one unit vector onto another by the shortest way; of opposite ones, by any."""
    axis, cosine = np.cross(source, target), float(source @ target)
    if cosine < -1.0 + 1e-12:
        across = unit_vector(np.cross(source, np.eye(3)[np.abs(source).argmin()]))
        return np.asarray(2.0 * np.outer(across, across) - np.eye(3))
    turning = _cross_matrix(axis)
    return np.asarray(np.eye(3) + turning + turning @ turning / (1.0 + cosine))


def _roll(source_mm: FloatArray, target_mm: FloatArray, axis: FloatArray) -> FloatArray:
    """Return the rotation ``(3, 3)`` about a unit axis that brings points ``(L, 3)``, where known, nearest to others."""
    known = np.isfinite(source_mm).all(axis=1) & np.isfinite(target_mm).all(axis=1)
    source, target = source_mm[known], target_mm[known]
    towards = float((source * target).sum() - (source @ axis) @ (target @ axis))
    angle = float(np.arctan2((np.cross(source, target) @ axis).sum(), towards))
    turning = _cross_matrix(axis)
    return np.asarray(np.eye(3) + np.sin(angle) * turning + (1.0 - np.cos(angle)) * turning @ turning)


def _cross_matrix(vector: FloatArray) -> FloatArray:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def changes(
    analysis: Analysis,
    first: Landmarks,
    second: Landmarks,
    *,
    units: tuple[str, str] = (MM, MM),
    spread_mm: Spreads | None = None,
    population: str = "",
    seed: int = 0,
) -> tuple[Change, ...]:
    """Measure both and return what has changed, in the order of the analysis; nothing has to be superimposed for it.

    Parameters
    ----------
    analysis, spread_mm, population
        As `core.measuring.measure.measure` takes them.
    first, second
        At both times.
    units
        Units of their positions.
    seed
        Of the samples; those of the second time are others.
    """
    before = measure(analysis, first, unit=units[0], spread_mm=spread_mm, population=population, seed=seed)
    after = measure(analysis, second, unit=units[1], spread_mm=spread_mm, population=population, seed=seed + 1)
    in_mm = [spread_mm if unit == MM else None for unit in units]  # spreads in mm say nothing of positions in px
    drawn_before = sampled_values(analysis, first, spread_mm=in_mm[0], seed=seed)
    drawn_after = sampled_values(analysis, second, spread_mm=in_mm[1], seed=seed + 1)
    found = []
    for was, now in zip(before, after, strict=True):
        key = was.measurement.key
        if was.known and now.known:
            difference = now.value - was.value
            low, high = interval_of(np.asarray(drawn_after[key] - drawn_before[key]), difference)
            found.append(Change(was, now, difference, low, high))
        else:
            which, unknown = ("earlier", was) if not was.known else ("later", now)
            found.append(Change(was, now, float("nan"), reason=f"In the {which} image: {unknown.reason}"))
    return tuple(found)
