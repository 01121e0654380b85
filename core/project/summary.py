"""What the worklist says about a case, derived from its readings: how far it is and what wants an eye.

Pure functions; the store keeps what they say beside each case, so that a hundred thousand cases can be sorted and filtered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.project.cases import CaseState
from core.project.readings import ReaderKind, Reading, latest
from core.values import doubt
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class Summary:
    """What stands in the row of a case; as in `core.project.cases.Case`."""

    state: CaseState = CaseState.NEW
    to_check: int = 0
    worst_radius: float | None = None
    reader: str = ""


def summarise(
    readings: Sequence[Reading], *, done: bool | None, problem: str, usual_radius: Mapping[str, float] | None = None
) -> Summary:
    """Return what the row of a case says, from all its readings and from what was said about the case itself.

    A case is done where a person has said so, and, where nobody has said anything of the kind, once a person has decided on every
    landmark. What wants an eye is `core.values.doubt`'s to say; ``usual_radius`` are the usual radii of the model, as there.
    """
    reading = latest(readings)
    if reading is None:
        return Summary(CaseState.DONE if done else CaseState.PROBLEM if problem else CaseState.NEW)
    undecided = [not is_decided(reading.landmarks, row) for row in range(len(reading.landmarks))]
    by_person = reading.reader.kind is ReaderKind.PERSON
    if done is None:
        done = by_person and bool(undecided) and not any(undecided)
    if done:
        state = CaseState.DONE
    elif problem:
        state = CaseState.PROBLEM
    else:
        state = CaseState.IN_REVIEW if by_person else CaseState.LOCALIZED
    radii = reading.landmarks.radius_mm[np.asarray(undecided, dtype=bool)]
    radii = radii[np.isfinite(radii)]
    worst = float(radii.max()) if radii.size else None
    to_check = 0 if done else len(doubt.names_in_doubt(reading.landmarks, usual_radius))
    return Summary(state, to_check, worst, reading.reader.name)


def is_decided(landmarks: Landmarks, row: int) -> bool:
    """Tell of the landmark in a row whether a person has decided on it, `core.values.doubt.is_decided`."""
    return doubt.is_decided(landmarks, landmarks.names[row])


UsualRadii = Callable[[str], Mapping[str, Mapping[str, float]]]
"""Gives the usual radii of a model by unit and landmark, `Project.usual_radii`."""


def usual_radius_of(readings: Sequence[Reading], usual_radii: UsualRadii) -> Mapping[str, float]:
    """Return the usual radii of the model that has read a case last, in the unit of its radii; empty where nobody knows them."""
    models = [reading for reading in readings if reading.reader.kind is ReaderKind.MODEL]
    if not models:
        return {}
    last = max(models, key=lambda reading: reading.changed)
    return usual_radii(last.reader.name).get("mm" if last.geometry.spacing_known else "px", {})
