"""Which case of a project to mark next: at random, or from what a model said of its cases to an order.

Reads a project, in a job where a window asks; which cases come first is `core.learning.next_case`'s to say.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.base.wording import counted
from core.learning.next_case import Lesson, teaching_order
from core.project.cases import Case, CaseQuery, CaseState
from core.project.readings import ReaderKind, latest

if TYPE_CHECKING:
    from core.project.store import Project
    from core.values.landmarks import Landmarks

MOST_CASES = 1500
"""Of a larger project so many cases, drawn at random, are compared with each other; the others follow at random."""
NOT_LEARNT_FROM = frozenset({"validation", "test"})
"""Parts of a project from which nothing is learnt, so that marking them teaches nothing."""


class NextOrder(StrEnum):
    """In which order cases are marked.

    RANDOM, or SHAPE: those first whose shape, as a model found it, stands for most others. What either is worth stands in
    docs/learning.md.
    """

    RANDOM = "random"
    SHAPE = "shape"


@dataclass(frozen=True)
class NextCases:
    """The cases of a project that nobody has begun, in the order in which they are marked.

    Attributes
    ----------
    lessons
        One for each case. By shape, those that no model has read come last, at random.
    read
        How many of them were compared by shape.
    """

    lessons: tuple[Lesson, ...]
    read: int


def why_next(lesson: Lesson) -> str:
    """Return in a few words why a case comes where it comes; empty where it stands for itself alone, or nothing is known."""
    if not lesson.like:
        return ""
    return f"shaped like {counted(lesson.like, 'other')}"


def next_cases(project: "Project", order: NextOrder) -> NextCases:
    """Return in which order the cases that no person has begun are marked.

    Excluded cases, those with a problem and those that are kept for validation and tests do not count. What is drawn at random
    is drawn alike each time.

    Parameters
    ----------
    project
        Whose cases.
    order
        At random, whatever models say, or by shape.

    Raises
    ------
    ProjectError
        The project cannot be read.
    """
    query = CaseQuery(states=frozenset({CaseState.NEW, CaseState.LOCALIZED}), excluded=False)
    cases = [case for case in project.cases(project.case_ids(query)) if case.split not in NOT_LEARNT_FROM]
    drawn = sorted(cases, key=lambda case: _draw(project.id, case.id))
    read = [case for case in drawn if case.state is CaseState.LOCALIZED and order is NextOrder.SHAPE]
    said = dict(_said_by_models(project, read[:MOST_CASES]))
    lessons = teaching_order(said, list(_marked(project)) if said else ())
    others = [Lesson(case.id) for case in drawn if case.id not in said]
    return NextCases((*lessons, *others), len(said))


def _draw(project_id: str, case_id: int) -> str:
    return hashlib.sha256(f"{project_id} {case_id}".encode()).hexdigest()


def _said_by_models(project: "Project", cases: Sequence[Case]) -> Iterator[tuple[int, "Landmarks"]]:
    """Give what the model in use said of each case, or where that has not read it, the one that did last."""
    in_use = {model.name for ndim in (2, 3) if (model := project.models.in_use(ndim)) is not None}
    for case in cases:
        readings = [each for each in project.readings(case.id) if each.reader.kind is ReaderKind.MODEL]
        if readings:
            newest = max(readings, key=lambda each: (each.reader.name in in_use, each.changed))
            yield case.id, newest.landmarks


def _marked(project: "Project") -> Iterator["Landmarks"]:
    """Give what persons marked in cases that are done."""
    ids = project.case_ids(CaseQuery(states=frozenset({CaseState.DONE}), excluded=False))
    for id_ in ids[:: -(-len(ids) // MOST_CASES) or 1]:
        reading = latest(project.readings(id_))
        if reading is not None and reading.reader.kind is ReaderKind.PERSON:
            yield reading.landmarks
