"""What all of 3D Slicer's point files say about one control point: its name, its place, and in its description its state.

The only place that knows the signs between RAS and LPS. Cairn's own words are the beginning of the description, which Slicer
shows in its table ("predicted; presence 0.980; spread 0.41 mm; radius 1.83 mm"); what others wrote there stays behind them.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.base.errors import LandmarkFileError
from core.values.grid import FloatArray
from core.values.landmarks import WITHOUT_POSITION, Landmarks, Status

LPS_FROM = {"LPS": np.array([1.0, 1.0, 1.0]), "RAS": np.array([-1.0, -1.0, 1.0])}
"""Signs by which a position in a file's coordinate system becomes LPS, and back."""

NO_POSITION = (math.nan, math.nan, math.nan)

_OWN_WORDS = re.compile(
    rf"\s*(?P<status>{'|'.join(Status)})"
    r"(?:; presence (?P<presence>0(?:\.\d+)?|1(?:\.0+)?))?"
    r"(?:; spread (?P<spread>\d+(?:\.\d+)?) mm)?"
    r"(?:; radius (?P<radius>\d+(?:\.\d+)?) mm)?"
    r"(?:\s*;\s*|\s*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ControlPoint:
    """One point of a file.

    Attributes
    ----------
    name
        From `point_name`.
    point_mm
        Three LPS coordinates; NaN where the file says that the position is not defined.
    description
        What the file says in words.
    """

    name: str
    point_mm: Sequence[float] | FloatArray
    description: str


def point_name(label: str, number: int) -> str:
    """Return what the ``number``-th point of a file is called; Slicer lets points be without a label."""
    return label or f"Point {number}"


def to_landmarks(points: Sequence[ControlPoint], path: Path) -> Landmarks:
    """Return the landmarks that a file's points are.

    Raises
    ------
    LandmarkFileError
        Several points have the same name.
    """
    twice = [name for name, count in Counter(point.name for point in points).items() if count > 1]
    if twice:
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise LandmarkFileError(
            f"{path.name} has several points called {', '.join(twice[:3])}{more}.",
            "Give every landmark its own name and save again.",
        )
    points_mm = np.array([point.point_mm for point in points], dtype=np.float64).reshape(-1, 3)
    located = [all(map(math.isfinite, point_mm)) for point_mm in points_mm.tolist()]
    implied = [_implied(located=place, any_located=any(located)) for place in located]
    stated = [_stated(point.description, state) for point, state in zip(points, implied, strict=True)]
    status = tuple(state for state, _ in stated)
    figures = np.array([figures for _, figures in stated], dtype=np.float32).reshape(-1, 3)
    return Landmarks(
        tuple(point.name for point in points), points_mm, figures[:, 0], figures[:, 1], figures[:, 2], status
    )


def described(landmarks: Landmarks, row: int, before: str | None = None) -> str:
    """Return what the description of a landmark's point shall say.

    Parameters
    ----------
    landmarks, row
        The landmark.
    before
        What it said in the file that the landmark was read from, None for a new point. Words that are not Cairn's stay as they
        are, behind Cairn's own; these are left out where the state is the one that `to_landmarks` gives a point without words.
    """
    words = [str(landmarks.stated[row])]
    if np.isfinite(landmarks.presence[row]):
        words.append(f"presence {landmarks.presence[row]:.3f}")
    if np.isfinite(landmarks.spread_mm[row]):
        words.append(f"spread {landmarks.spread_mm[row]:.2f} mm")
    if np.isfinite(landmarks.radius_mm[row]):
        words.append(f"radius {landmarks.radius_mm[row]:.2f} mm")
    own = "; ".join(words)
    if before is None:
        return own
    match = _OWN_WORDS.match(before)
    located = landmarks.located
    if match is None and own == _implied(located=bool(located[row]), any_located=bool(located.any())):
        return before
    rest = before[match.end() :] if match else before
    return f"{own}; {rest}" if rest else own


def _implied(*, located: bool, any_located: bool) -> Status:
    """Return the state of a point of which nothing is said but whether it, and any point of its file, has a position.

    Of a file without any position nobody can have said that a landmark is missing: it is a list of names to be placed.
    """
    if located:
        return Status.PLACED
    return Status.ABSENT if any_located else Status.UNPLACED


def _stated(description: str, implied: Status) -> tuple[Status, tuple[float, float, float]]:
    """Return state, and presence, spread and radius (mm), as the description says; ``implied`` where nothing in it fits."""
    match = _OWN_WORDS.match(description)
    status = Status(match["status"].lower()) if match else None
    if match is None or status is None or (status in WITHOUT_POSITION) != (implied in WITHOUT_POSITION):
        return implied, (math.nan, math.nan, math.nan)
    presence, spread_mm, radius_mm = (float(match[key] or math.nan) for key in ("presence", "spread", "radius"))
    return status, (presence, spread_mm, radius_mm)
