"""What the worklist says about a case, derived from its readings: how far it is and what wants an eye.

Pure functions; the store keeps what they say beside each case, so that a hundred thousand cases can be sorted and filtered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.project.cases import CaseState
from core.project.readings import ReaderKind, Reading, latest
from core.values.landmarks import Author, Landmarks, Status

_DECIDED = frozenset({Status.CORRECTED, Status.PLACED, Status.CONFIRMED})


@dataclass(frozen=True)
class Summary:
    """What stands in the row of a case; as in `core.project.cases.Case`."""

    state: CaseState = CaseState.NEW
    to_check: int = 0
    worst_radius: float | None = None
    reader: str = ""


def summarise(readings: Sequence[Reading], *, done: bool, problem: str) -> Summary:
    """Return what the row of a case says, from all its readings and from what was said about the case itself."""
    reading = latest(readings)
    if reading is None:
        return Summary(CaseState.DONE if done else CaseState.PROBLEM if problem else CaseState.NEW)
    if done:
        state = CaseState.DONE
    elif problem:
        state = CaseState.PROBLEM
    else:
        state = CaseState.IN_REVIEW if reading.reader.kind is ReaderKind.PERSON else CaseState.LOCALIZED
    undecided = [not is_decided(reading.landmarks, row) for row in range(len(reading.landmarks))]
    radii = reading.landmarks.radius_mm[np.asarray(undecided, dtype=bool)]
    radii = radii[np.isfinite(radii)]
    worst = float(radii.max()) if radii.size else None
    return Summary(state, sum(undecided), worst, reading.reader.name)


def is_decided(landmarks: Landmarks, row: int) -> bool:
    """Tell whether a person has said where a landmark is, or that it is absent; agreeing with a position counts."""
    status = landmarks.status[row]
    return status in _DECIDED or (status is Status.ABSENT and landmarks.author[row] is Author.PERSON)
