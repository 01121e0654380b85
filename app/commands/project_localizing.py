"""What ``cairn project localize`` does: has the cases of a project localized, and keeps each answer at once.

What is done is in the project: whoever stops it, or kills it, goes on by giving the same command again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from app.desk.case_tasks import keep, likely_ndim, size_where_unknown_mm, task_of
from app.desk.crew_plan import crew_for
from app.desk.events import Done, Event, Failed, Overall
from app.desk.foreground import localize
from core.base.errors import AppError
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.project.cases import Case, CaseQuery
from core.project.readings import ReaderKind
from core.project.store import Project


@dataclass(frozen=True)
class Request:
    """What to localize and how.

    Attributes
    ----------
    workers
        How many processes; 1 for this one alone, None for what is fastest.
    models
        Model files by the rank of their images; the bundled one for a rank that is not there.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    again
        Whether cases are localized that a model has localized already.
    """

    workers: int | None = None
    models: Mapping[int, Path] = field(default_factory=dict)
    device: str = "auto"
    again: bool = False


@dataclass
class Report:
    """What became of the cases."""

    localized: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


def localize_cases(
    project: Project, cases: Sequence[Case], request: Request, report: Report, on_progress: Callable[[Overall], None]
) -> None:
    """Localize cases and keep what is found; a failure costs one case.

    Parameters
    ----------
    project
        Where the answers go, each in a transaction of its own.
    cases
        Which.
    request
        How.
    report
        Filled as it goes, so that it is right also when a person interrupts.
    on_progress
        Told how far everything is.

    Raises
    ------
    ModelFileError
        The model cannot be loaded, so that every image would fail.
    ProjectError
        An answer cannot be kept; what was kept before stays.
    """
    tasks, where_unknown_mm = [], size_where_unknown_mm(project)
    for case in cases:
        try:
            model = request.models.get(likely_ndim(case))
            tasks.append((case.id, task_of(case, model, request.device, where_unknown_mm=where_unknown_mm)))
        except AppError as error:
            _fail(project, case, str(error), report)
    by_id = {case.id: case for case in cases}
    info_of = cache(lambda ndim: read_model_info(request.models.get(ndim) or bundled_model_for(ndim)))

    def take(event: Event) -> None:
        if isinstance(event, Overall):
            on_progress(event)
        elif isinstance(event, Done):
            case = by_id[cast(int, event.key)]
            keep(project, case.id, event.answer, info_of(event.answer.grid.ndim))
            report.localized += 1
        elif isinstance(event, Failed):
            _fail(project, by_id[cast(int, event.key)], event.sentence, report)

    localize(tasks, crew_for(len(tasks), request.workers, request.device), take)


def cases_to_localize(project: Project, answering: Mapping[int, str], *, again: bool) -> list[Case]:
    """Return the cases that are to be localized: none that is excluded or done, nor one that has its answer.

    Parameters
    ----------
    project
        The project.
    answering
        The model whose answer counts, by the rank of the images; any model's for a rank that is not there.
    again
        Whether those that have their answer are localized again.
    """
    answered: dict[int, set[str]] = defaultdict(set)
    for reader in project.readers() if not again else ():
        if reader.kind is ReaderKind.MODEL:
            for reading in project.readings_of(reader):
                answered[reading.case_id].add(reader.name)

    def has_answer(case: Case) -> bool:
        wanted, given = answering.get(likely_ndim(case), ""), answered[case.id]
        return wanted in given if wanted else bool(given)

    cases = project.cases(project.case_ids(CaseQuery(excluded=False)))
    return [case for case in cases if not case.done and not has_answer(case)]


def _fail(project: Project, case: Case, sentence: str, report: Report) -> None:
    project.update_case(case.id, problem=sentence)
    report.failures.append((case.name, sentence))
