"""Which landmarks want a person's eye: those that nobody has decided on and that the model is not sure of.

Pure functions of what is known of the landmarks, the same for the viewer, the worklist and the command line.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.values.grid import FloatArray
from core.values.landmarks import Author, Landmarks, Status

SURE_PRESENCE = 0.9
"""Presence from which a model is sure that a landmark is there; below one minus this, that it is not."""
UNUSUALLY_LARGE = 1.5
"""A radius this many times as large as usual for its landmark says that something in this image is unlike the others."""
LARGE = 2.0
"""A radius (or spread) this many times the median over all landmarks belongs to a landmark that is never found well."""

UNRECOGNISED_PRESENCE = 0.05
"""Where a model gives every landmark less, the image shows something else than what it knows: a fly's wing is no head."""

HUMAN_STATES = frozenset({Status.CORRECTED, Status.PLACED, Status.CONFIRMED})


def is_decided(landmarks: Landmarks, name: str) -> bool:
    """Tell whether a person has said where a landmark is, or that it is absent; agreeing with a position counts."""
    row = landmarks.index(name)
    status = landmarks.status[row]
    return status in HUMAN_STATES or (status is Status.ABSENT and landmarks.author[row] is Author.PERSON)


def seen_blind(landmarks: Landmarks) -> Landmarks:
    """Return what somebody who reads blind may see: positions on which a person has decided, without a model's radii.

    All others are unplaced.
    """
    for name in landmarks.names:
        if not is_decided(landmarks, name):
            landmarks = landmarks.with_point(name, np.full(landmarks.ndim, np.nan), Status.UNPLACED)
    return replace(landmarks, radius_mm=np.full(len(landmarks), np.nan, np.float32))


def recognises_nothing(answer: Landmarks) -> bool:
    """Tell whether a model that says how present landmarks are found none of them."""
    return len(answer) > 0 and bool(np.all(answer.presence < UNRECOGNISED_PRESENCE))  # NaN where it does not say


def names_in_doubt(landmarks: Landmarks, usual_radius_mm: Mapping[str, float] | None = None) -> tuple[str, ...]:
    """Return the names of the landmarks that want a person's eye, in their order.

    A landmark that a person has decided on wants none. Of the others those do

    - of which nothing has been said yet;
    - that the model calls absent, unless it is sure (presence below ``1 - SURE_PRESENCE``);
    - that it found with a presence below `SURE_PRESENCE`, or without one;
    - whose radius is more than `UNUSUALLY_LARGE` times the usual one of the landmark, or more than `LARGE` times the median of
      the usual ones. Where these are not known, more than `LARGE` times the median of the radii in this image; without radii
      the same of the spreads, and without either every landmark.

    Parameters
    ----------
    landmarks
        What is known; radii and spreads in any one unit.
    usual_radius_mm
        By name, the median radius that the model gave on its validation cases (`ModelInfo.usual_radii`), in the unit of the
        radii; None or empty where nobody knows it.
    """
    excess = _excess(landmarks, {} if usual_radius_mm is None else usual_radius_mm)
    located = landmarks.located
    return tuple(
        name
        for row, name in enumerate(landmarks.names)
        if not is_decided(landmarks, name) and _in_doubt(landmarks, row, float(excess[row]), located=bool(located[row]))
    )


def doubts(landmarks: Landmarks, usual_radius_mm: Mapping[str, float] | None = None) -> FloatArray:
    """Return ``(L,)`` how much each landmark wants a person's eye: 0 for those not in doubt, else 1 and more.

    Of those in doubt by `names_in_doubt` it is by how many times the radius exceeds the largest that wants no eye, or by how many
    times the model's uncertainty about the presence does, whichever is more; 1 where nothing has been said.
    """
    excess = _excess(landmarks, {} if usual_radius_mm is None else usual_radius_mm)
    in_doubt = set(names_in_doubt(landmarks, usual_radius_mm))
    is_absent = np.array([status is Status.ABSENT for status in landmarks.status], dtype=bool)
    unlikely = np.where(is_absent, landmarks.presence, 1 - landmarks.presence.astype(np.float64)) / (1 - SURE_PRESENCE)
    wanted = np.array([name in in_doubt for name in landmarks.names], dtype=bool)
    return np.asarray(np.where(wanted, np.fmax(np.fmax(unlikely, excess), 1.0), 0.0))


def _in_doubt(landmarks: Landmarks, row: int, excess: float, *, located: bool) -> bool:
    presence = landmarks.presence[row]
    if landmarks.status[row] is Status.ABSENT:
        return not presence < np.float32(1 - SURE_PRESENCE)
    if not located:
        return True
    return not (presence >= np.float32(SURE_PRESENCE) and excess <= 1)


def _excess(landmarks: Landmarks, usual_radius_mm: Mapping[str, float]) -> FloatArray:
    """Return ``(L,)`` by which factor each radius is larger than one that wants no eye; NaN where nothing is known."""
    radius, spread = landmarks.radius_mm.astype(np.float64), landmarks.spread_mm.astype(np.float64)
    usual = np.array([usual_radius_mm.get(name, np.nan) for name in landmarks.names], dtype=np.float64)
    usual_of_all = _median(np.array(list(usual_radius_mm.values()), dtype=np.float64))
    by_model = np.fmin(UNUSUALLY_LARGE * usual, LARGE * usual_of_all)
    by_radius = np.where(np.isfinite(usual), radius / by_model, radius / (LARGE * _median(radius)))
    return np.asarray(np.where(np.isfinite(radius), by_radius, spread / (LARGE * _median(spread))))


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
