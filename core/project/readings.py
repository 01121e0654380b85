"""Readings: what one person or one model said about one case, and how that stands in the project file.

Positions are LPS mm, or px where the pixel size was unknown, of the grid that is kept with them. Opens no project.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from core.project.cases import Geometry
from core.values.landmarks import Author, Landmarks, Status


class ReaderKind(StrEnum):
    """Whether a reader is a person or a model."""

    PERSON = "person"
    MODEL = "model"


@dataclass(frozen=True)
class Reader:
    """Who reads.

    Attributes
    ----------
    name
        A person's name or initials, or a model's name and version.
    kind
        Person or model.
    """

    name: str
    kind: ReaderKind = ReaderKind.PERSON


@dataclass(frozen=True)
class Reading:
    """What one reader said about one case.

    Attributes
    ----------
    case_id, reader
        Of which case, and who.
    landmarks
        What was said, on ``geometry``.
    geometry
        The grid that the positions refer to.
    uuid
        Tells the reading in copies of a project.
    created, changed
        UTC times, ISO 8601.
    seconds
        How long a person has worked on it.
    locked
        Landmarks that are not to be moved by accident.
    """

    case_id: int
    reader: Reader
    landmarks: Landmarks
    geometry: Geometry
    uuid: str = ""
    created: str = ""
    changed: str = ""
    seconds: float = 0.0
    locked: frozenset[str] = frozenset()

    def on(self, geometry: Geometry) -> Landmarks:
        """Return the landmarks on the same pixels of a grid with another pixel size; lengths follow the mean pixel size.

        Raises
        ------
        ValueError
            The grid has other samples, so that pixels mean nothing.
        """
        return on_pixels_of(self.landmarks, self.geometry, geometry)


def on_pixels_of(landmarks: Landmarks, old: Geometry, new: Geometry) -> Landmarks:
    """Return landmarks of grid ``old`` on the same pixels of grid ``new``; `ValueError` where it has other samples."""
    if old.grid == new.grid:
        return landmarks
    if old.grid.shape != new.grid.shape:
        raise ValueError(f"a grid of {new.grid.shape} samples does not have the pixels of one of {old.grid.shape}")
    points_mm = new.grid.to_mm(old.grid.to_index(landmarks.points_mm))
    scale = np.float32(np.mean(new.grid.spacing_mm) / np.mean(old.grid.spacing_mm))
    return replace(
        landmarks, points_mm=points_mm, spread_mm=landmarks.spread_mm * scale, radius_mm=landmarks.radius_mm * scale
    )


@dataclass(frozen=True)
class Edit:
    """One step of the history of a reading.

    Attributes
    ----------
    at
        UTC time, ISO 8601.
    text
        What was done, as the Edit menu says it.
    before
        Landmark names with what was said of them before: position (None without one), state, author.
    uuid
        Tells the edit in copies of a project.
    """

    at: str
    text: str
    before: dict[str, dict[str, Any]]
    uuid: str = ""


_LETTERS = {
    Status.PREDICTED: "p", Status.CORRECTED: "c", Status.PLACED: "s", Status.CONFIRMED: "k", Status.ABSENT: "a",
    Status.UNPLACED: "u",
}  # fmt: skip
_STATES = {letter: status for status, letter in _LETTERS.items()}
_AUTHOR_LETTERS = {Author.MODEL: "m", Author.PERSON: "p", Author.NOBODY: "-"}
_AUTHORS = {letter: author for author, letter in _AUTHOR_LETTERS.items()}


@dataclass(frozen=True)
class Encoded:
    """Landmarks as columns of the table of readings."""

    names: str
    positions: bytes
    figures: bytes
    states: str
    authors: str


def encode(landmarks: Landmarks) -> Encoded:
    """Return landmarks as the project file holds them; nothing is rounded."""
    figures = np.stack([landmarks.presence, landmarks.spread_mm, landmarks.radius_mm])
    return Encoded(
        json.dumps(landmarks.names, ensure_ascii=False),
        landmarks.points_mm.astype("<f8").tobytes(),
        figures.astype("<f4").tobytes(),
        "".join(_LETTERS[status] for status in landmarks.status),
        "".join(_AUTHOR_LETTERS[author] for author in landmarks.author),
    )


def decode(encoded: Encoded, ndim: int) -> Landmarks:
    """Return what `encode` wrote; `ValueError` or `KeyError` where it is damaged."""
    names = tuple(json.loads(encoded.names))
    presence, spread_mm, radius_mm = np.frombuffer(encoded.figures, dtype="<f4").reshape(3, len(names))
    return Landmarks(
        names,
        np.frombuffer(encoded.positions, dtype="<f8").reshape(len(names), ndim),
        presence,
        spread_mm,
        radius_mm,
        tuple(_STATES[letter] for letter in encoded.states),
        tuple(_AUTHORS[letter] for letter in encoded.authors),
    )


def difference(before: Landmarks | None, after: Landmarks) -> dict[str, dict[str, Any]]:
    """Return what ``after`` changed of ``before``: for each such landmark what was said of it; nothing where it is new."""
    changed: dict[str, dict[str, Any]] = {}
    for name in after.names if before is None else dict.fromkeys((*before.names, *after.names)):
        was = {} if before is None else _said(before, name)
        if was != _said(after, name):
            changed[name] = was
    return changed


def _said(landmarks: Landmarks, name: str) -> dict[str, Any]:
    if name not in landmarks.names:
        return {}
    row = landmarks.index(name)
    point = landmarks.points_mm[row]
    return {
        "position": point.tolist() if np.isfinite(point).all() else None,
        "status": landmarks.status[row].value,
        "author": landmarks.author[row].value,
    }


def latest(readings: Sequence[Reading]) -> Reading | None:
    """Return the reading that speaks for a case: the person's that was changed last, else the model's; None without any."""
    persons = [reading for reading in readings if reading.reader.kind is ReaderKind.PERSON]
    return max(persons or readings, key=lambda reading: reading.changed, default=None)
