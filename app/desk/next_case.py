"""Which case of a project to mark next: from what it keeps of models' readings to an order, at random where no model has read.

Reads a project, in a job where a window asks; what a case would teach is `core.learning.next_case`'s to say.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.learning.next_case import Lesson, Unmarked, teaching_order
from core.project.cases import Case, CaseQuery, CaseState, Geometry
from core.project.readings import ReaderKind, Reading, latest

if TYPE_CHECKING:
    from core.project.store import Project
    from core.values.landmarks import Landmarks

MOST_CASES = 5000
"""Of a larger project so many cases, drawn at random, are compared with each other; the others follow at random."""
NOT_LEARNT_FROM = frozenset({"validation", "test"})
"""Parts of a project from which nothing is learnt, so that marking them teaches nothing."""


@dataclass(frozen=True)
class NextCases:
    """The unmarked cases of a project, the most instructive first.

    Attributes
    ----------
    lessons
        One for each case. Those that no model has read come last, at random and without a reason.
    read
        How many of them a model has read; where it is none, the order says nothing.
    """

    lessons: tuple[Lesson, ...]
    read: int


def next_cases(project: "Project", *, at_random: bool = False) -> NextCases:
    """Return in which order the cases that no person has begun are best marked.

    Excluded cases, those with a problem and those that are kept for validation and tests do not count. What is drawn at random
    is drawn alike each time.

    Parameters
    ----------
    project
        Whose cases.
    at_random
        Whether all are wanted at random, whatever models say.

    Raises
    ------
    ProjectError
        The project cannot be read.
    """
    query = CaseQuery(states=frozenset({CaseState.NEW, CaseState.LOCALIZED}), excluded=False)
    cases = [case for case in project.cases(project.case_ids(query)) if case.split not in NOT_LEARNT_FROM]
    drawn = sorted(cases, key=lambda case: _draw(project.id, case.id))
    read = [case for case in drawn if case.state is CaseState.LOCALIZED and not at_random]
    lessons = _in_order(project, read[:MOST_CASES])
    told = {lesson.key for lesson in lessons}
    others = [case.id for case in drawn if case.id not in told]
    return NextCases((*lessons, *(Lesson(id_, 0.0, "") for id_ in others)), len(lessons))


def _draw(project_id: str, case_id: int) -> str:
    return hashlib.sha256(f"{project_id} {case_id}".encode()).hexdigest()


def _in_order(project: "Project", cases: Sequence[Case]) -> list[Lesson]:
    """Order cases that models have read; those of one model and unit are compared, those of the model in use come first."""
    groups: dict[tuple[str, str], list[Unmarked]] = {}
    in_use = {model.name for ndim in (2, 3) if (model := project.models.in_use(ndim)) is not None}
    for case in cases:
        readings = [each for each in project.readings(case.id) if each.reader.kind is ReaderKind.MODEL]
        readings.sort(key=lambda each: (each.reader.name in in_use, each.changed), reverse=True)
        if readings:
            of = (readings[0].reader.name, _unit(readings[0].geometry))
            groups.setdefault(of, []).append(Unmarked(case.id, tuple(_on_one_grid(readings))))
    marked = list(_marked(project)) if groups else []
    lessons: list[Lesson] = []
    for (_, unit), alike in sorted(groups.items(), key=lambda item: (item[0][0] not in in_use, -len(item[1]))):
        lessons += teaching_order(alike, [landmarks for known_unit, landmarks in marked if known_unit == unit])
    return lessons


def _unit(geometry: Geometry) -> str:
    return "mm" if geometry.spacing_known else "px"


def _on_one_grid(readings: Sequence[Reading]) -> Iterator["Landmarks"]:
    """Give what was said of one image, on the grid of the first reading; without what was said of other samples."""
    geometry = readings[0].geometry
    for reading in readings:
        if reading.geometry.grid.shape == geometry.grid.shape:
            yield reading.on(geometry)


def _marked(project: "Project") -> Iterator[tuple[str, "Landmarks"]]:
    """Give what persons marked in cases that are done, each with its unit."""
    ids = project.case_ids(CaseQuery(states=frozenset({CaseState.DONE}), excluded=False))
    for id_ in ids[:: -(-len(ids) // MOST_CASES) or 1]:
        reading = latest(project.readings(id_))
        if reading is not None and reading.reader.kind is ReaderKind.PERSON:
            yield _unit(reading.geometry), reading.landmarks
