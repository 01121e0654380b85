"""An analysis applied to the landmarks of one image: values, intervals, norms and classes.

Pure: no files and no Qt. What cannot be computed is named with its reason, never guessed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.measuring.analysis import Analysis, Measurement, Norm
from core.measuring.frame import Frame, find_frame
from core.measuring.primitives import FloatArray
from core.measuring.quantities import MM, At
from core.measuring.scatter import Scatter, Spread, Spreads, sd_of
from core.values import doubt
from core.values.landmarks import NOMINAL_COVERAGE, Landmarks, Status

SAMPLES = 2000
"""Configurations that are drawn for the intervals. Their ends then vary by some 3 % of the interval's length."""


@dataclass(frozen=True)
class Measured:
    """One measurement of one image.

    Attributes
    ----------
    measurement
        What was measured.
    unit
        ``°``, ``mm``, ``px``, ``%`` or nothing.
    value
        NaN where it cannot be computed.
    low, high
        Interval that holds the true value in 90 % of cases, as far as the radii of the landmarks tell; NaN where they tell
        nothing.
    reason
        Why there is no value: one sentence, empty where there is one.
    norm
        What it is compared with; None where nothing is known.
    deviation_sd
        Distance from the norm's mean in standard deviations; NaN where that is not known.
    class_name
        Class that the value belongs to, empty where there are no classes.
    class_share
        Share of the sampled values in the same class, 0 to 1; NaN without samples.
    exact
        Names of the landmarks that were taken as exact, because nothing says how uncertain they are.
    by_readers
        Names of the landmarks of which readers' differences say it, for want of a radius.
    """

    measurement: Measurement
    unit: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    reason: str = ""
    norm: Norm | None = None
    deviation_sd: float = float("nan")
    class_name: str = ""
    class_share: float = float("nan")
    exact: tuple[str, ...] = ()
    by_readers: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return bool(np.isfinite(self.value))

    @property
    def class_decided(self) -> bool:
        """Whether the interval lies within the class: nine of ten sampled values are in it."""
        return not self.class_share < NOMINAL_COVERAGE

    @property
    def within_norm(self) -> bool | None:
        """Whether the value lies in the usual range; None where that is not known."""
        usual = self.norm.range if self.norm is not None and self.known else None
        return None if usual is None else usual[0] <= self.value <= usual[1]

    @property
    def in_words(self) -> str:
        """What is said of a value outside the usual range, empty where it lies inside or nothing is known."""
        usual = self.norm.range if self.norm is not None and self.known else None
        if usual is None or self.within_norm:
            return ""
        above = self.value > usual[1]
        said = self.measurement.large if above else self.measurement.small
        return said or ("large" if above else "small")


def measure(
    analysis: Analysis,
    landmarks: Landmarks,
    *,
    unit: str = MM,
    spread_mm: Spreads | None = None,
    population: str = "",
    seed: int = 0,
    intervals: bool = True,
) -> tuple[Measured, ...]:
    """Compute all measurements of an analysis that are not hidden.

    Parameters
    ----------
    analysis
        What to measure.
    landmarks
        Where the landmarks lie; with their radii, from which the intervals follow.
    unit
        Unit of the positions: ``mm``, or ``px`` where the pixel size is not known. Lengths are then not measured: what
        is defined in mm means nothing in px.
    spread_mm
        For landmarks that a person placed, or agreed to without a radius: how one reader's position scatters, by
        name, as `core.measuring.reader_spread` knows it. Not used where positions are px.
    population
        Norm that is preferred where a measurement has several, by its population.
    seed
        Of the samples; the same seed gives the same intervals.
    intervals
        False leaves out intervals and what follows from them: values alone take a tenth of the time.

    Returns
    -------
    tuple[Measured, ...]
        In the order of the analysis.

    Raises
    ------
    ValueError
        The landmarks are of another rank than the analysis.
    """
    if landmarks.ndim != analysis.ndim:
        raise ValueError(f"an analysis of {analysis.ndim}D images measures no {landmarks.ndim}D landmarks")
    known_mm = spread_mm if spread_mm is not None and unit == MM else {}
    found = _Found.of(analysis, landmarks)
    frame = frame_of(analysis, found.points_mm)
    values = _evaluated(analysis, found.points_mm, frame)
    sampled = values
    if intervals:
        sampled = _evaluated(analysis, found.sampled(landmarks, known_mm, seed, frame), frame)
    measured = []
    for one in analysis.measurements:
        if one.hidden:
            continue
        norm = _norm_of(one, population)
        reason = found.missing(analysis, one.key, landmarks)
        reason = reason or _reason(analysis, one.key, frame, unit, float(values[one.key]))
        if reason:
            measured.append(Measured(one, analysis.units[one.key], float("nan"), reason=reason, norm=norm))
            continue
        value = _measured(one, analysis.units[one.key], float(values[one.key]), sampled[one.key], norm)
        exact, by_readers = found.uncertain(analysis, one.key, landmarks, known_mm)
        measured.append(replace(value, exact=exact, by_readers=by_readers))
    return tuple(measured)


def names_by_symbol(analysis: Analysis, names: Collection[str]) -> dict[str, str]:
    """Return under which of these names each symbol of an analysis is found; no entry where it is under none."""
    return {
        symbol: name
        for symbol, known in analysis.landmarks.items()
        if (name := next((name for name in known if name in names), None)) is not None
    }


def positions_mm(analysis: Analysis, landmarks: Landmarks) -> Mapping[str, FloatArray]:
    """Return the ``(D,)`` position of each symbol of an analysis, mm; NaN where there is none."""
    return _Found.of(analysis, landmarks).points_mm


def frame_of(analysis: Analysis, points_mm: Mapping[str, FloatArray]) -> Frame | None:
    """Return which way a 2D image looks, by the rule of the analysis; None in 3D and where the landmarks do not tell."""
    if analysis.ndim == 3:
        return None
    return find_frame(points_mm, analysis.anterior, analysis.superior, along_image=analysis.axes == "image")


@dataclass(frozen=True)
class _Found:
    """The landmarks of an image by the symbols of an analysis.

    Attributes
    ----------
    name_of
        Name in the landmark set, by symbol; no entry where the set lacks it.
    points_mm
        ``(D,)`` positions by symbol; NaN where there is none.
    """

    name_of: Mapping[str, str]
    points_mm: Mapping[str, FloatArray]

    @classmethod
    def of(cls, analysis: Analysis, landmarks: Landmarks) -> "_Found":
        rows = {name: row for row, name in enumerate(landmarks.names)}
        name_of = names_by_symbol(analysis, rows)
        nowhere = np.full(landmarks.ndim, np.nan)
        points = {
            symbol: landmarks.points_mm[rows[name_of[symbol]]] if symbol in name_of else nowhere
            for symbol in analysis.landmarks
        }
        return cls(name_of, points)

    def missing(self, analysis: Analysis, key: str, landmarks: Landmarks) -> str:
        """Return which landmark a measurement lacks, as a sentence; empty where it lacks none."""
        symbols = analysis.symbols_of(key)
        foreign = [symbol for symbol in symbols if symbol not in self.name_of]
        if foreign:
            named = _listed([_called(symbol, analysis.landmarks[symbol][0]) for symbol in foreign])
            return f"It needs {named}, not among these landmarks."
        lacking = [symbol for symbol in symbols if not np.isfinite(self.points_mm[symbol]).all()]
        if not lacking:
            return ""
        name = self.name_of[lacking[0]]
        absent = landmarks.status[landmarks.index(name)] is Status.ABSENT
        return f"{name} is {'not in the image' if absent else 'not placed'}."

    def uncertain(
        self, analysis: Analysis, key: str, landmarks: Landmarks, spread_mm: Spreads
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of a measurement's landmarks whose uncertainty nothing tells, and of those where readers tell it."""
        names = [self.name_of[symbol] for symbol in analysis.symbols_of(key)]
        without_radius = [name for name in names if np.isnan(deviation_mm(landmarks, name, {}))]
        exact = tuple(name for name in without_radius if np.isnan(deviation_mm(landmarks, name, spread_mm)))
        return exact, tuple(name for name in without_radius if name not in exact)

    def sampled(
        self, landmarks: Landmarks, spread_mm: Spreads, seed: int, frame: Frame | None
    ) -> dict[str, FloatArray]:
        """Return ``(SAMPLES, D)`` positions by symbol, drawn around each landmark as its radius or its readers say."""
        noise = _noise(len(landmarks), landmarks.ndim, seed)
        points = {}
        for symbol, position in self.points_mm.items():
            name = self.name_of.get(symbol)
            spread = 0.0 if name is None else spread_at(landmarks, name, spread_mm)
            drawn = np.zeros((1, landmarks.ndim)) if name is None else noise[landmarks.index(name)]
            if isinstance(spread, Scatter) and frame is not None:
                points[symbol] = np.asarray(position + spread.displacements_mm(drawn, frame))
            else:
                sd_mm = sd_of(spread)
                points[symbol] = np.asarray(position + (0.0 if np.isnan(sd_mm) else sd_mm) * drawn)
        return points


def _called(symbol: str, name: str) -> str:
    return name if name == symbol else f"{name} ({symbol})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def deviation_mm(landmarks: Landmarks, name: str, spread_mm: Spreads) -> float:
    """Return the standard deviation of a landmark's position along an axis, mm, as `spread_at`; NaN where nothing tells it."""
    return sd_of(spread_at(landmarks, name, spread_mm))


def spread_at(landmarks: Landmarks, name: str, spread_mm: Spreads) -> Spread:
    """Return how the position of a landmark scatters; NaN where nothing tells it.

    Of what a model placed, and of what a person confirmed there, the calibrated radius tells it: errors are taken as normal
    and alike in all directions, and the radius as what holds 90 % of them. Of what a person placed, moved, or confirmed where
    there is no radius, ``spread_mm`` does; of what a model placed without one nothing does.
    """
    row = landmarks.index(name)
    status = landmarks.status[row]
    if status in (Status.PREDICTED, Status.CONFIRMED) and np.isfinite(landmarks.radius_mm[row]):
        return float(landmarks.radius_mm[row]) / _radius_of_unit_sd(landmarks.ndim)
    return spread_mm.get(name, float("nan")) if status in doubt.HUMAN_STATES else float("nan")


def _radius_of_unit_sd(ndim: int) -> float:
    """Return the radius that holds 90 % of a normal distribution with an SD of one along each axis.

    In the plane that is √(−2 ln 0.1); in space the square root of the 90 % point of χ² with three degrees of freedom.
    """
    return float(np.sqrt(-2.0 * np.log(1.0 - NOMINAL_COVERAGE))) if ndim == 2 else 2.50027759


@lru_cache(maxsize=8)
def _noise(count: int, ndim: int, seed: int) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((count, SAMPLES, ndim))


def _evaluated(analysis: Analysis, points_mm: Mapping[str, FloatArray], frame: Frame | None) -> dict[str, FloatArray]:
    values: dict[str, FloatArray] = {}
    at = At(points_mm, values, frame)
    for key in analysis.order:
        values[key] = np.asarray(analysis.quantities[key].value(at))
    return values


def sampled_values(
    analysis: Analysis, landmarks: Landmarks, *, spread_mm: Spreads | None = None, seed: int = 0
) -> dict[str, FloatArray]:
    """Return ``(SAMPLES,)`` values of each measurement, by key, as `measure` draws them for its intervals."""
    found = _Found.of(analysis, landmarks)
    frame = frame_of(analysis, found.points_mm)
    return _evaluated(analysis, found.sampled(landmarks, spread_mm or {}, seed, frame), frame)


def interval_of(sampled: FloatArray, value: float = float("nan")) -> tuple[float, float]:
    """Return the ends of the interval that holds 90 % of sampled values ``(...)``; NaN where they do not vary.

    As many values lie below it as above it, unless ``value`` then would lie outside: an angle cannot exceed 180° and a
    distance cannot fall below 0, so near such an end errors to both sides give values on one side only. There the interval
    begins or ends at ``value`` itself, and holds 90 % all the same.
    """
    drawn = sampled[np.isfinite(sampled)] if sampled.ndim else np.empty(0)
    if not drawn.size or drawn.min() == drawn.max():
        return float("nan"), float("nan")
    tail = (1 - NOMINAL_COVERAGE) / 2
    low, high = np.quantile(drawn, [tail, tail + NOMINAL_COVERAGE])
    if value < low:
        return value, float(np.quantile(drawn, float(np.mean(drawn < value)) + NOMINAL_COVERAGE))
    if value > high:
        return float(np.quantile(drawn, float(np.mean(drawn <= value)) - NOMINAL_COVERAGE)), value
    return float(low), float(high)


def _reason(analysis: Analysis, key: str, frame: Frame | None, unit: str, value: float) -> str:
    """Return why a measurement whose landmarks are all there has no value, empty where it has one."""
    if analysis.units[key] == MM and unit != MM:
        return "It is a length in mm, and the pixel size is not known."
    if analysis.needs_frame(key) and frame is None:
        pairs = [" and ".join(pair) for pair in (*analysis.anterior, *analysis.superior)]
        return f"It has a sign, and which way the image looks is not known without {' or '.join(pairs)}."
    return "" if np.isfinite(value) else "Landmarks lie on the same spot, or lines that should meet are parallel."


def _norm_of(one: Measurement, population: str) -> Norm | None:
    chosen = (norm for norm in one.norms if population and norm.population == population)
    return next(chosen, one.norms[0] if one.norms else None)


def _measured(one: Measurement, unit: str, value: float, sampled: FloatArray, norm: Norm | None) -> Measured:
    low, high = interval_of(sampled, value)
    drawn = sampled[np.isfinite(sampled)]
    class_name = one.class_of(value)
    share = float("nan")
    if one.classes and low < high:
        share = float(np.mean([one.class_of(other) == class_name for other in drawn.tolist()]))
    deviation_sd = float("nan")
    if norm is not None and norm.mean is not None and norm.sd is not None:
        deviation_sd = (value - norm.mean) / norm.sd
    return Measured(one, unit, value, low, high, "", norm, deviation_sd, class_name, share)
