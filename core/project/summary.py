"""What the worklist says about a case, derived from its readings: how far it is and what wants an eye.

Pure functions; the store keeps what they say beside each case, so that a hundred thousand cases can be sorted and filtered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.project.cases import CaseState
from core.project.readings import ReaderKind, Reading, latest
from core.values.doubt import names_in_doubt
from core.values.landmarks import Author, Landmarks, Status

_DECIDED = frozenset({Status.CORRECTED, Status.PLACED, Status.CONFIRMED})


@dataclass(frozen=True)
class Summary:
    """What stands in the row of a case; as in `core.project.cases.Case`."""

    state: CaseState = CaseState.NEW
    to_check: int = 0
    worst_radius: float | None = None
    reader: str = ""


def summarise(
    readings: Sequence[Reading], *, done: bool, problem: str, usual_radius: Mapping[str, float] | None = None
) -> Summary:
    """Return what the row of a case says, from all its readings and from what was said about the case itself.

    What wants an eye is `core.values.doubt`'s to say; ``usual_radius`` are the usual radii of the model, as there.
    """
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
    to_check = 0 if done else len(names_in_doubt(reading.landmarks, usual_radius))
    return Summary(state, to_check, worst, reading.reader.name)


def is_decided(landmarks: Landmarks, row: int) -> bool:
    """Tell whether a person has said where a landmark is, or that it is absent; agreeing with a position counts."""
    status = landmarks.status[row]
    return status in _DECIDED or (status is Status.ABSENT and landmarks.author[row] is Author.PERSON)


UsualRadii = Callable[[str], Mapping[str, Mapping[str, float]]]
"""Gives the usual radii of a model by unit and landmark, `Project.usual_radii`."""


def usual_radius_of(readings: Sequence[Reading], usual_radii: UsualRadii) -> Mapping[str, float]:
    """Return the usual radii of the model that has read a case last, in the unit of its radii; empty where nobody knows them."""
    models = [reading for reading in readings if reading.reader.kind is ReaderKind.MODEL]
    if not models:
        return {}
    last = max(models, key=lambda reading: reading.changed)
    return usual_radii(last.reader.name).get("mm" if last.geometry.spacing_known else "px", {})
