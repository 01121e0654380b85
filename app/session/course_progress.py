"""How far a course of learning is, gathered from what it tells: a value for the panel that draws it.

Pure: neither process nor clock nor Qt.
"""

from dataclasses import dataclass, replace

from core.learning.course_events import (
    Begin,
    Calibrating,
    Comparing,
    Done,
    Event,
    LeftOut,
    Plan,
    Reading,
    Reason,
    Step,
    Writing,
)


@dataclass(frozen=True)
class CurvePoint:
    """The error on the cases to check with at some time.

    Attributes
    ----------
    minutes
        Worked until then.
    stage
        Of the networks that learn one after the other, from 0.
    error
        Mean, in the unit of the course.
    """

    minutes: float
    stage: int
    error: float


@dataclass(frozen=True)
class CourseProgress:
    """What is known of a course so far.

    Attributes
    ----------
    doing
        What it does now, in words.
    learn, check
        Cases that are learnt from and checked with; 0 before that is known.
    left_out
        Cases that are neither, with the reason.
    start
        What it goes on from; empty for nothing.
    unit
        Of errors.
    stage, stages
        Which part of the model learns now, from 0, of how many.
    curve
        The errors at each check.
    best
        The smallest error of the present stage, None before the first check.
    left_s
        Seconds until the model is written, None while nobody knows.
    minutes
        Granted.
    reasons
        What was planned, and why.
    done
        What came of it, None before.
    """

    doing: str = "Starting up"
    learn: int = 0
    check: int = 0
    left_out: tuple[LeftOut, ...] = ()
    start: str = ""
    unit: str = "mm"
    stage: int = 0
    stages: int = 0
    curve: tuple[CurvePoint, ...] = ()
    best: float | None = None
    left_s: float | None = None
    minutes: float = 0.0
    reasons: tuple[Reason, ...] = ()
    done: Done | None = None

    @property
    def error(self) -> float | None:
        """The last error, None before the first check."""
        return self.curve[-1].error if self.curve else None

    def after(self, event: Event, worked_minutes: float) -> "CourseProgress":
        """Return what is known after an event that came when so many minutes had been worked."""
        if isinstance(event, Begin):
            return replace(
                self, learn=event.learn, check=event.check, left_out=event.left_out, start=event.start, unit=event.unit,
                minutes=event.minutes, doing="Going on where it stood" if event.resumed else "Reading the images",
            )  # fmt: skip
        if isinstance(event, Reading):
            doing = f"Reading the images, {event.done} of {event.total}"
            return replace(self, doing=doing if event.done < event.total else "Getting ready")
        if isinstance(event, Plan):
            return replace(
                self, stages=event.stages, left_s=event.seconds, reasons=event.reasons, doing="Getting ready"
            )
        if isinstance(event, Step):
            return self._stepped(event, worked_minutes)
        if isinstance(event, Calibrating):
            return replace(self, doing=f"Measuring how sure it is, {event.done} of {event.total}")
        if isinstance(event, Comparing):
            return replace(self, doing=f"Comparing with the model before, {event.done} of {event.total}")
        if isinstance(event, Writing):
            return replace(self, doing="Writing the model")
        if isinstance(event, Done):
            return replace(self, doing="Done", done=event, left_s=0.0)
        return self

    def _stepped(self, step: Step, worked_minutes: float) -> "CourseProgress":
        error = step.error_mm if self.unit == "mm" else step.error_px
        best = step.best_mm if self.unit == "mm" else step.best_px
        curve = self.curve
        last = next((point for point in reversed(curve) if point.stage == step.stage), None)
        if error is not None and (last is None or last.error != error):
            curve = (*curve, CurvePoint(worked_minutes, step.stage, error))
        share = step.iteration / max(1, step.iterations)
        part = f"step {step.stage + 1} of {step.stages}, " if step.stages > 1 else ""
        doing = f"Learning, {part}{100 * share:.0f} %"
        return replace(
            self, doing=doing, stage=step.stage, stages=step.stages, curve=curve, best=best, left_s=step.seconds_left
        )
