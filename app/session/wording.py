"""How a landmark's state and uncertainty are told: the one figure, and the words that a person reads.

A calibrated model gives a radius that holds the true position in 90 % of cases. Of any other there is only the spread of its
votes, which is no error in millimetres, so the two never share a list and are never called the same. Knows no Qt.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

from core.values.grid import Grid
from core.values.landmarks import NOMINAL_COVERAGE, Author, Landmarks, Status

COVERAGE = f"{100 * NOMINAL_COVERAGE:g} %"
"""Share of cases in which the radius holds the true position, in words."""

_STATES = {
    Status.PREDICTED: "predicted",
    Status.CORRECTED: "corrected",
    Status.PLACED: "placed",
    Status.CONFIRMED: "confirmed",
    Status.ABSENT: "not present",
    Status.UNPLACED: "not placed",
}
_BY_HAND = {Status.CORRECTED: "corrected by hand", Status.PLACED: "placed by hand"}


def state(landmarks: Landmarks, name: str) -> str:
    """Return what has been said about a landmark, in a word or two: “corrected, confirmed” where a person did both."""
    return _state(landmarks, name, _STATES)


def _state(landmarks: Landmarks, name: str, words: Mapping[Status, str]) -> str:
    status, before = landmarks.status[landmarks.index(name)], origin(landmarks, name)
    by_person = before in _BY_HAND and before is not status
    return f"{words[before]}, {words[status]}" if by_person else words[status]


def origin(landmarks: Landmarks, name: str) -> Status:
    """Return how a position came about that was perhaps confirmed later: predicted, corrected or placed.

    Of a landmark that is not confirmed this is its state.
    """
    row = landmarks.index(name)
    if landmarks.status[row] is not Status.CONFIRMED:
        return landmarks.status[row]
    if landmarks.author[row] is not Author.PERSON:
        return Status.PREDICTED
    return Status.CORRECTED if np.isfinite(landmarks.presence[row]) else Status.PLACED


def is_calibrated(landmarks: Landmarks) -> bool:
    """Tell whether radii can be shown: there are some, and no prediction has to do with its spread."""
    has_radius = np.isfinite(landmarks.radius_mm)
    predicted = np.array([status is Status.PREDICTED for status in landmarks.status], dtype=bool)
    has_spread_only = predicted & ~has_radius & np.isfinite(landmarks.spread_mm)
    return bool(has_radius.any() and not has_spread_only.any())


def uncertainty_mm(landmarks: Landmarks) -> npt.NDArray[np.float32]:
    """Return ``(L,)`` radii where `is_calibrated`, NaN without a position, else spreads; the larger, the more doubtful."""
    if is_calibrated(landmarks):
        return np.where(landmarks.located, landmarks.radius_mm, np.float32(np.nan))
    return landmarks.spread_mm


def heading(landmarks: Landmarks | None, unit: str) -> str:
    """Return the title of a column of `uncertainty_mm`."""
    return f"± {unit} ({COVERAGE})" if landmarks is not None and is_calibrated(landmarks) else f"Spread {unit}"


def explanation(landmarks: Landmarks | None) -> str:
    """Say in two lines what a column of `uncertainty_mm` holds."""
    if landmarks is not None and is_calibrated(landmarks):
        return (
            f"In {COVERAGE} of cases, the true position lies within this distance of the one the model found,\n"
            "on images like those it was trained on. Faint where a person has decided."
        )
    return "How far apart the model's votes lie.\nThis is not how far off the position may be."


def brief(radius_mm: float, unit: str) -> str:
    """Return a calibrated radius as it stands beside a landmark."""
    return f"± {_length(radius_mm, unit)} ({COVERAGE})"


def decimals_of(unit: str) -> int:
    """Return with how many decimals lengths are shown."""
    return 2 if unit == "mm" else 1


def sentence(landmarks: Landmarks, name: str, unit: str) -> str:
    """Say how sure the model was of one landmark; empty where nothing is known."""
    row = landmarks.index(name)
    value = float(uncertainty_mm(landmarks)[row])
    length = _length(value, unit)
    if not np.isfinite(value):
        return ""
    if is_calibrated(landmarks):
        return f"In {COVERAGE} of cases, the true position lies within {length} of the one the model found."
    return f"Spread {length}: how far apart the model's votes lie, not how far off the position may be."


def tip(landmarks: Landmarks, name: str, title: str, unit: str, *, locked: bool = False) -> str:
    """Return what is known of a landmark in a few lines: what it is called, its state, presence and radius or spread.

    Parameters
    ----------
    landmarks, name
        Which one.
    title
        What a person calls it.
    unit
        Of lengths, ``"mm"`` or ``"px"``.
    locked
        Whether it cannot be moved.
    """
    row = landmarks.index(name)
    presence, length = float(landmarks.presence[row]), float(uncertainty_mm(landmarks)[row])
    figures = [f"presence {100 * presence:.0f} %"] if np.isfinite(presence) else []
    if np.isfinite(length):
        figures.append(brief(length, unit) if is_calibrated(landmarks) else f"spread {_length(length, unit)}")
    if figures and origin(landmarks, name) is not Status.PREDICTED:
        figures = [f"the model's answer: {', '.join(figures)}"]
    said = _state(landmarks, name, _STATES | _BY_HAND)
    lines = (title, f"{said}, locked" if locked else said, *figures)
    return "\n".join(f"{line[:1].upper()}{line[1:]}" for line in lines)


def outside(grid: Grid, point_mm: npt.ArrayLike, unit: str) -> str:
    """Say that a point ``(D,)`` is not in an image, and from where to where it could be."""
    corners_mm = grid.to_mm(np.array(list(product(*((-0.5, length - 0.5) for length in grid.shape)))))
    decimals = decimals_of(unit)
    where = ", ".join(f"{axis} {value:.{decimals}f}" for axis, value in zip("xyz", np.asarray(point_mm), strict=False))
    ranges = zip("xyz", corners_mm.min(axis=0), corners_mm.max(axis=0), strict=False)
    reach = ", ".join(f"{axis} {low:.{decimals}f} to {high:.{decimals}f}" for axis, low, high in ranges)
    return f"{where} lies outside the image ({reach} {unit}). Nothing was changed.".replace("-", "−")


def _length(length_mm: float, unit: str) -> str:
    return f"{length_mm:.{decimals_of(unit)}f} {unit}"


def time_spent(seconds: float) -> str:
    """Return how long something took, as a clock shows it: ``"3:07"``, ``"1:00:05"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def time_words(seconds: float) -> str:
    """Return about how long something takes, as people say it: ``"about 2 min"``."""
    if seconds < 50:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {max(minutes, 1)} min"
    hours = seconds / 3600
    return f"about {hours:.0f} h" if hours >= 9.5 else f"about {hours:.1f} h".replace(".0 ", " ")
