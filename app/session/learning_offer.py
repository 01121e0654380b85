"""What a person is told and asked before networks learn: from which cases, from which model, for how long.

Values, and the functions that fill them in jobs. Starts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.learning_files import Start
from app.desk.project_model import digest_of, file_of
from core.base.errors import AppError, ConfigError, ModelFileError
from core.learning.course_events import LeftOut
from core.learning.requirements import BETTER_CASES, FEWEST_CASES
from core.models.bundled import bundled_models
from core.models.learning_record import read_learning_record
from core.models.metadata import read_model_info
from core.project.cases import CaseState

if TYPE_CHECKING:
    from core.project.store import Project

MINUTES = (10, 30, 120, 480)
"""What is offered: a short try, a lunch, an afternoon, a night."""
FITTING_MINUTES = 30
LEAST_MINUTES, MOST_MINUTES = 1, 2880


@dataclass(frozen=True)
class LearnOffer:
    """What can be learnt in a project.

    Attributes
    ----------
    marked
        Cases that can be learnt from and checked with.
    open
        Cases that are not excluded and not done.
    learn, check
        How the marked ones are going to be dealt.
    problem
        Why nothing can be learnt yet, and what to do; empty where it can.
    starts
        What it can go on from, the best first.
    cannot
        Why it cannot go on from the other models, in sentences.
    notes
        What else is to be said, in sentences.
    """

    marked: int
    open: int
    learn: int = 0
    check: int = 0
    problem: str = ""
    starts: tuple[Start, ...] = ()
    cannot: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """What would make the model better, in a sentence; empty where there is enough."""
        if self.problem or self.marked >= BETTER_CASES:
            return ""
        return f"At least {FEWEST_CASES} marked cases; better {BETTER_CASES}: {BETTER_CASES - self.marked} more would help."


def learn_offer(project: "Project") -> LearnOffer:
    """Return what can be learnt in a project; in a job."""
    from app.desk.learn_input import read_learn_input  # what reads lists and folders is not for the start of a window
    from core.learning.course_cases import deal

    counts = project.counts()
    still_open = sum(counts.values()) - counts[CaseState.DONE]
    try:
        read = read_learn_input(project.path)
    except ConfigError as error:
        return LearnOffer(counts[CaseState.DONE], still_open, problem=str(error))
    notes = left_out_notes(read.left_out)
    try:
        dealt = deal(read.cases)
    except ConfigError as error:
        return LearnOffer(len(read.cases), still_open, problem=str(error), notes=notes)
    landmarks = read.cases[0].case.landmarks
    starts, cannot = _starts(project, landmarks.names, landmarks.ndim)
    return LearnOffer(
        len(read.cases), still_open, len(dealt.learn), len(dealt.check), starts=starts, cannot=cannot, notes=notes
    )


def left_out_notes(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """Say which done cases are not learnt from, and why; of many only the first."""
    if not left_out:
        return ()
    more = f" So it is with {len(left_out) - 1} more." if len(left_out) > 1 else ""
    return (f"{left_out[0].case} is left out: {left_out[0].why}{more}",)


def _starts(project: "Project", names: tuple[str, ...], ndim: int) -> tuple[tuple[Start, ...], tuple[str, ...]]:
    """Return the models that know these landmarks and can go on learning, and why others cannot."""
    in_use = project.models.in_use(ndim)
    starts: list[Start] = []
    cannot: list[str] = []
    for model in reversed(project.models.all()):
        if model.ndim != ndim:
            continue
        try:
            path = file_of(project, model)
            _require_goes_on(path, names)
        except AppError as error:
            cannot.append(f"{model.name}: {error.message}")
            continue
        is_used = in_use is not None and in_use.sha256 == model.sha256
        starts.append(Start(path, model.name, model.sha256, in_use=is_used))
    for path, info in bundled_models().items():
        if info.ndim == ndim and set(names) & set(info.landmarks):
            try:
                _require_goes_on(path, names)
            except AppError as error:
                cannot.append(f"{info.title}: {error.message}")
                continue
            starts.append(Start(path, info.title, digest_of(path), in_use=in_use is None, bundled=True))
    return tuple(sorted(starts, key=lambda start: not start.in_use)), tuple(cannot)


def _require_goes_on(path: Path, names: tuple[str, ...]) -> None:
    """Refuse a model that is for other landmarks, or that cannot go on learning."""
    known = read_model_info(path).landmarks
    if known != names:
        said = "in another order" if set(known) == set(names) else f"others: {len(known)}, not these {len(names)}"
        raise ModelFileError(f"It finds landmarks {said}.")
    if read_learning_record(path) is None:
        raise ModelFileError("It cannot go on learning, since its file does not hold how it was trained.")
