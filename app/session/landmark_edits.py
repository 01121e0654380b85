"""What can happen to landmarks: pure functions from one immutable value to the next.

Knows no document, no undo and no Qt; the editor decides when each one applies.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.session.view_state import Sort
from app.session.wording import uncertainty_mm
from core.values.doubt import is_decided
from core.values.grid import FloatArray, Grid
from core.values.landmarks import Author, Landmarks, Status


def merged(current: Landmarks, answer: Landmarks, kept: Collection[str]) -> Landmarks:
    """Return ``answer`` in which the rows ``kept`` stand as they do in ``current``.

    Kept names that the answer lacks follow at the end.
    """
    keep = [name for name in current.names if name in kept]
    taken = [name for name in answer.names if name not in kept]
    rest = [name for name in keep if name not in answer.names]
    return answer.subset(taken).joined(current.subset(keep)).subset((*answer.names, *rest))


def answered(current: Landmarks, answer: Landmarks, kept: Collection[str], wanted: Collection[str]) -> Landmarks:
    """Return `merged` with only those of a model's landmarks that a person wants, and with all that are ``wanted``."""
    taken = answer.subset(name for name in answer.names if name in wanted)
    still = [name for name in current.names if name in kept or (name in wanted and name not in taken.names)]
    result = merged(current, taken, still)
    first = [name for name in wanted if name in result.names]
    return result.subset((*first, *(name for name in result.names if name not in first)))


def moved(landmarks: Landmarks, name: str, point_mm: npt.ArrayLike) -> Landmarks:
    """Move a landmark; one that the model found counts as corrected from then on."""
    status = landmarks.status[landmarks.index(name)]
    return landmarks.with_point(name, point_mm, Status.PLACED if status is Status.PLACED else Status.CORRECTED)


def placed(landmarks: Landmarks, name: str, point_mm: npt.ArrayLike) -> Landmarks:
    """Put a landmark where a person says it is; what a model said about it no longer applies."""
    result = _forgotten(landmarks, name) if name in landmarks.names else with_name(landmarks, name)
    return result.with_point(name, point_mm, Status.PLACED)


def absent(landmarks: Landmarks, name: str) -> Landmarks:
    """Let a person say that a landmark is not in the image, even where a model has said so before."""
    result, row = landmarks.without_point(name), landmarks.index(name)
    author = tuple(Author.PERSON if other == row else by for other, by in enumerate(result.author))
    return replace(result, author=author)


def cleared(landmarks: Landmarks, name: str) -> Landmarks:
    """Take a landmark's position away without saying that it is absent."""
    return _forgotten(landmarks, name).with_point(name, np.full(landmarks.ndim, np.nan), Status.UNPLACED)


def decided_only(landmarks: Landmarks) -> Landmarks:
    """Take away all positions on which no person has decided: they are a model's."""
    for name in landmarks.names:
        if not is_decided(landmarks, name):
            landmarks = cleared(landmarks, name)
    return landmarks


def with_name(landmarks: Landmarks, name: str) -> Landmarks:
    """Append a landmark without a position."""
    return landmarks.joined(Landmarks.unplaced([name], landmarks.ndim))


def without_name(landmarks: Landmarks, name: str) -> Landmarks:
    """Remove a landmark altogether."""
    return landmarks.subset(other for other in landmarks.names if other != name)


def renamed(landmarks: Landmarks, name: str, new_name: str) -> Landmarks:
    """Call a landmark otherwise; `ValueError` where the name is taken."""
    return replace(landmarks, names=tuple(new_name if other == name else other for other in landmarks.names))


def regridded(landmarks: Landmarks, old: Grid, new: Grid) -> Landmarks:
    """Keep every landmark at its array index while the image gets another grid."""
    factor = float(np.mean(new.spacing_mm) / np.mean(old.spacing_mm))
    return replace(
        landmarks,
        points_mm=new.to_mm(old.to_index(landmarks.points_mm)),
        spread_mm=landmarks.spread_mm * np.float32(factor),
        radius_mm=landmarks.radius_mm * np.float32(factor),
    )


def ordered_names(landmarks: Landmarks, sort: Sort, *, worst_first: bool) -> tuple[str, ...]:
    """Return the names as they are listed and walked through.

    Worst first means low presence, large radius (spread where there are no radii); for names and states it is the alphabet
    and its reverse. Either way unknown values follow behind the known ones, and at the end stands what a person has
    decided on: the model's doubts about it are settled.
    """
    rows = range(len(landmarks))
    if sort is Sort.MODEL:
        return landmarks.names
    if sort in (Sort.NAME, Sort.STATUS):
        texts = landmarks.names if sort is Sort.NAME else tuple(str(status) for status in landmarks.status)
        order = sorted(rows, key=lambda row: texts[row].casefold(), reverse=not worst_first)
    else:
        badness: FloatArray = np.asarray(
            -landmarks.presence if sort is Sort.PRESENCE else uncertainty_mm(landmarks), dtype=np.float64
        )
        key = np.nan_to_num(-badness if worst_first else badness, nan=np.inf)
        decided = [is_decided(landmarks, name) for name in landmarks.names]
        order = sorted(rows, key=lambda row: (decided[row], key[row]))
    return tuple(landmarks.names[row] for row in order)


def free_name(landmarks: Landmarks) -> str:
    """Return ``Point N`` with the first number that is not taken."""
    number = 1
    while f"Point {number}" in landmarks.names:
        number += 1
    return f"Point {number}"


def _forgotten(landmarks: Landmarks, name: str) -> Landmarks:
    """Drop what the model said about a landmark."""
    row = landmarks.index(name)
    columns = {key: getattr(landmarks, key).copy() for key in ("presence", "spread_mm", "radius_mm")}
    for values in columns.values():
        values[row] = np.nan
    return replace(landmarks, **columns)
