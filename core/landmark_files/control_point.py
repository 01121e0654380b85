"""What all of 3D Slicer's point files say about one control point: its name, its place, and in its description its state.

The only place that knows the signs between RAS and LPS. Cairn's own words are the beginning of the description, which Slicer
shows in its table ("predicted; presence 0.980; spread 0.41 mm; radius 1.83 mm"); what others wrote there stays behind them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.landmark_files.arrangement import implied, require_unique
from core.landmark_files.contract import Written
from core.landmark_files.precision import fixed_text, same_numbers
from core.values.grid import FloatArray
from core.values.landmarks import WITHOUT_POSITION, Author, Landmarks, Status, author_of

LPS_FROM = {"LPS": np.array([1.0, 1.0, 1.0]), "RAS": np.array([-1.0, -1.0, 1.0])}
"""Signs by which a position in a file's coordinate system becomes LPS, and back."""

NO_POSITION = (math.nan, math.nan, math.nan)

_OWN_WORDS = re.compile(
    rf"\s*(?P<status>{'|'.join(Status)})"
    r"(?:; author (?P<author>model|person))?"
    r"(?:; presence (?P<presence>0(?:\.\d+)?|1(?:\.0+)?))?"
    r"(?:; spread (?P<spread>\d+(?:\.\d+)?) (?P<spread_unit>mm|px))?"
    r"(?:; radius (?P<radius>\d+(?:\.\d+)?) (?P<radius_unit>mm|px))?"
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
    require_unique([point.name for point in points], path.name)
    points_mm = np.array([point.point_mm for point in points], dtype=np.float64).reshape(-1, 3)
    located = [all(map(math.isfinite, point_mm)) for point_mm in points_mm.tolist()]
    anywhere = any(located)
    states = [implied(located=place, any_located=anywhere) for place in located]
    stated = [_stated(point.description, state) for point, state in zip(points, states, strict=True)]
    figures = np.array([words.figures for words in stated], dtype=np.float32).reshape(-1, 3)
    return Landmarks(
        tuple(point.name for point in points),
        points_mm,
        figures[:, 0],
        figures[:, 1],
        figures[:, 2],
        tuple(words.status for words in stated),
        tuple(words.author for words in stated),
    )


def says_px(points: Sequence[ControlPoint]) -> bool:
    """Tell whether the descriptions of a file's points say that its lengths are px, not mm."""
    matches = [_OWN_WORDS.match(point.description) for point in points]
    return any("px" in (match["spread_unit"], match["radius_unit"]) for match in matches if match)


def described(landmarks: Landmarks, row: int, written: Written, before: str | None = None) -> str:
    """Return what the description of a landmark's point shall say.

    Parameters
    ----------
    landmarks, row
        The landmark.
    written
        Says the unit of its lengths, and how many of their decimals mean something.
    before
        What it said in the file that the landmark was read from, None for a new point. Words that say the same already stay as
        they are. Words that are not Cairn's stay behind Cairn's own; these are left out where the state is the one that
        `to_landmarks` gives a point without words.
    """
    own = _own_words(landmarks, row, written)
    if before is None:
        return own
    match = _OWN_WORDS.match(before)
    located = landmarks.located
    state = implied(located=bool(located[row]), any_located=bool(located.any()))
    same = _stated(before, state).is_like(_stated(own, state), written.decimals - 1)
    if same and (own == state if match is None else match["status"].lower() == landmarks.stated[row]):
        return before
    rest = before[match.end() :] if match else before
    return f"{own}; {rest}" if rest else own


def _own_words(landmarks: Landmarks, row: int, written: Written) -> str:
    """Return Cairn's words of a landmark; its author is left out where the other words imply who it is."""
    status, presence = landmarks.stated[row], float(landmarks.presence[row])
    figures = [] if math.isnan(presence) else [f"presence {presence:.3f}"]
    for key, length in (("spread", landmarks.spread_mm[row]), ("radius", landmarks.radius_mm[row])):
        if np.isfinite(length):
            figures.append(f"{key} {fixed_text(float(length), written.decimals - 1)} {written.unit}")
    author = author_of(status, presence, landmarks.author[row])
    likely = author_of(status, round(presence, 3))
    return "; ".join([status, *([] if author is likely else [f"author {author}"]), *figures])


@dataclass(frozen=True)
class _Stated:
    """What a description says: state, author, and presence, spread and radius in a unit, NaN where they are not said."""

    status: Status
    author: Author
    figures: tuple[float, float, float] = NO_POSITION
    unit: str = ""

    def is_like(self, other: "_Stated", decimals: int) -> bool:
        """Tell whether another description says the same to that many decimals of a length."""
        half = 0.51 * 10.0**-decimals
        return (
            (self.status, self.author, self.unit) == (other.status, other.author, other.unit)
            and same_numbers(self.figures[0], other.figures[0], 0.51e-3)
            and same_numbers(self.figures[1:], other.figures[1:], half)
        )


def _stated(description: str, state: Status) -> _Stated:
    """Return what the description says; ``state`` where nothing in it fits."""
    match = _OWN_WORDS.match(description)
    status = Status(match["status"].lower()) if match else state
    if match is None or (status in WITHOUT_POSITION) != (state in WITHOUT_POSITION):
        return _Stated(state, author_of(state, math.nan))
    presence, spread, radius = (float(match[key] or math.nan) for key in ("presence", "spread", "radius"))
    author = author_of(status, presence, Author((match["author"] or "").lower()))
    unit = (match["spread_unit"] or match["radius_unit"] or "").lower()
    return _Stated(status, author, (presence, spread, radius), unit)
