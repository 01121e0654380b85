"""How far a course is: what is told of its steps, and how long what comes after the learning will take.

Counts and tells; trains nothing.
"""

import math
import time
from collections.abc import Callable

from core.learning.checkpoints import TrainingState
from core.learning.course_events import Event, Unit
from core.learning.course_events import Step as StepEvent
from core.learning.tempo import TimedTempo
from core.learning.trainer import Step

TELL_EVERY_S = 1.0
WRITING_S, WRITING_SHARE = 15.0, 0.05
"""Writing the model file, and checking in a fresh process what it does; of short courses no more than a share.
"""
UNKNOWN_SHARE = 0.02
"""Part of the time that is kept for analysing all cases, while nobody knows how long one takes."""


class Reserve:
    """How long it takes from the end of learning to the written model, by what validations have taken so far.

    Parameters
    ----------
    stages
        How many stages the model is going to have.
    check
        Cases in a validation.
    analysed
        Cases that all stages analyse after learning, by the old model and by the new one.
    granted_s
        Time granted for everything, seconds.
    """

    def __init__(self, stages: int, check: int, analysed: int, granted_s: float) -> None:
        self._check = check
        self._analysed = analysed
        self._granted_s = granted_s
        self._case_s: list[float | None] = [None] * stages

    def heard(self, stage: int, validation_s: float) -> None:
        """Hear how long a validation of a stage took."""
        self._case_s[stage] = max(0.0, validation_s) / self._check

    def seconds(self) -> float:
        """Return how long it takes; a stage that was not validated yet counts as the longest of the others."""
        known = [one_s for one_s in self._case_s if one_s is not None]
        writing_s = min(WRITING_S, WRITING_SHARE * self._granted_s)
        if not known:
            return writing_s + UNKNOWN_SHARE * self._granted_s
        case_s = sum(max(known) if one_s is None else one_s for one_s in self._case_s)
        return writing_s + case_s * self._analysed


class StepTeller:
    """Tells of steps, about one a second and one for each validation, and lets the training know how long has been worked.

    Parameters
    ----------
    tell
        Who hears.
    state, tempo, reserve
        Of the training.
    worked_s
        Gives how long has been worked.
    unit, px_mm
        What is said of errors, and how large a pixel of the cases to check with is.
    """

    def __init__(
        self,
        tell: Callable[[Event], None],
        state: TrainingState,
        tempo: TimedTempo,
        reserve: Reserve,
        worked_s: Callable[[], float],
        unit: Unit,
        px_mm: float,
    ) -> None:
        self._tell = tell
        self._state = state
        self._tempo = tempo
        self._reserve = reserve
        self._worked_s = worked_s
        self._unit = unit
        self._px_mm = px_mm
        self._told = -math.inf
        self._stage = -1
        self._last_s: float | None = None
        self._usual_s: float | None = None

    def step(self, step: Step) -> None:
        """Hear of one iteration."""
        now_s = self._state.worked_s = self._worked_s()
        if step.stage != self._stage:  # between two stages something else is done than steps
            self._stage, self._last_s, self._usual_s = step.stage, None, None
        taken_s = None if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        if taken_s is not None and step.validated and self._usual_s is not None:
            self._reserve.heard(step.stage, taken_s - self._usual_s)
        elif taken_s is not None and not step.validated:
            self._usual_s = taken_s if self._usual_s is None else 0.9 * self._usual_s + 0.1 * taken_s
        if step.validated or time.monotonic() - self._told >= TELL_EVERY_S:
            self._told = time.monotonic()
            self._tell(self._event(step))

    def _event(self, step: Step) -> StepEvent:
        error_mm, best_mm = step.validation_error_mm, self._state.best_error_mm
        best = best_mm if math.isfinite(best_mm) else None
        has_mm = self._unit == "mm"
        return StepEvent(
            stage=step.stage,
            stages=step.stages,
            iteration=step.iteration,
            iterations=step.iterations,
            loss=step.loss,
            error_mm=error_mm if has_mm else None,
            error_px=None if error_mm is None else error_mm / self._px_mm,
            best_mm=best if has_mm else None,
            best_px=None if best is None else best / self._px_mm,
            seconds_left=self._tempo.seconds_left + self._reserve.seconds(),
        )
