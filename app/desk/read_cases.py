"""The landmarks of all cases of a project, as one reader or whoever speaks for each case has said them.

Asks a project: for jobs and commands, never for the main thread. Opens no image.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.measuring.landmark_case import MM, PX, LandmarkCase, with_distinct_names
from core.project.cases import Case, CaseQuery
from core.project.readings import Reader, latest
from core.values.doubt import seen_blind

if TYPE_CHECKING:
    from core.project.store import Project


@dataclass(frozen=True)
class ReadCases:
    """The cases of a project without those that a person has excluded.

    Attributes
    ----------
    cases
        The landmarks of those that were read, no two of the same name.
    known
        What the project knows of each of them, in the same order.
    unread
        The others.
    """

    cases: tuple[LandmarkCase, ...]
    known: tuple[Case, ...]
    unread: tuple[Case, ...]


def read_cases(project: "Project", reader: Reader | None, *, only_decided: bool = False) -> ReadCases:
    """Return the landmarks of the cases of a project.

    Parameters
    ----------
    project
        An open one.
    reader
        Whose readings; of each case the person's that was changed last, else the model's, where omitted.
    only_decided
        Whether only what a person has decided on counts, and nothing that a model has said.
    """
    found, known, unread = [], [], []
    for case in project.cases(project.case_ids(CaseQuery(excluded=False))):
        read = _read(project, case, reader, only_decided=only_decided)
        if read is None:
            unread.append(case)
            continue
        found.append((read, f"{case.name} ({case.id})"))
        known.append(case)
    return ReadCases(tuple(with_distinct_names(found)), tuple(known), tuple(unread))


def read_case(
    project: "Project", case_id: int, reader: Reader | None, *, only_decided: bool = False
) -> LandmarkCase | None:
    """Return the landmarks of one case as `read_cases` would; None where it is gone, excluded or was not read."""
    for case in project.cases([case_id]):
        return None if case.excluded else _read(project, case, reader, only_decided=only_decided)
    return None


def _read(project: "Project", case: Case, reader: Reader | None, *, only_decided: bool) -> LandmarkCase | None:
    reading = latest(project.readings(case.id)) if reader is None else project.reading(case.id, reader)
    if reading is None:
        return None
    landmarks = seen_blind(reading.landmarks) if only_decided else reading.landmarks
    unit = MM if reading.geometry.spacing_known else PX
    return LandmarkCase(case.name, landmarks, unit, case.patient_group, reading.reader.name)
