"""What a course of learning tells whoever follows it: one value for each thing that happens, one line of JSON each.

`cairn learn --json` writes the lines and the window reads them, so both sides know these types only. Says nothing about how
networks learn. Lengths are mm where the images know their pixel size; where ``unit`` is ``"px"`` only those in px are filled.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.base.complaints import first_complaint
from core.base.errors import ConfigError

VERSION: Literal[1] = 1
"""Of the lines; a reader refuses what it does not know."""

Unit = Literal["mm", "px"]


class _Line(BaseModel):
    """Refuses unknown keys, and changes after construction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_line(self) -> str:
        """Return the event as one line of JSON, without the line's end."""
        return self.model_dump_json()


class LeftOut(_Line):
    """A case that nothing is learnt from, and the sentence that says why."""

    case: str
    why: str


class Reason(_Line):
    """One setting of the plan, what it is, and why."""

    setting: str
    value: str
    why: str


class LandmarkChange(_Line):
    """Median error of one landmark by the model it started from and by the new one; None where nobody marked it."""

    name: str
    old: float | None
    new: float | None


class CaseChange(_Line):
    """Mean error in one case by the model it started from and by the new one; None where there is nothing to compare."""

    case: str
    old: float | None
    new: float | None


class Errors(_Line):
    """Errors of a model over all landmarks of all cases to check with.

    Attributes
    ----------
    median, mean
        In the comparison's unit.
    within
        Share that is within the comparison's distance.
    """

    median: float
    mean: float
    within: float


class Comparison(_Line):
    """Two models on the cases that neither learnt from, or the new one by itself.

    Attributes
    ----------
    cases
        How many.
    unit
        Of all lengths.
    within
        The distance whose share is counted.
    old
        The model that it started from; None where it started from nothing, or where that has learnt from all cases to check with.
    new
        What was learnt.
    landmarks, details
        Median error of each landmark, mean error of each case.
    """

    cases: int
    unit: Unit
    within: float
    old: Errors | None
    new: Errors
    landmarks: tuple[LandmarkChange, ...] = ()
    details: tuple[CaseChange, ...] = ()


class Begin(_Line):
    """It begins, or goes on where it stood.

    Attributes
    ----------
    learn, check
        Cases to learn from and to check with.
    left_out
        Cases that are neither, with the reason.
    minutes
        Granted.
    start
        Title of the model it starts from; empty where it starts from nothing.
    unit
        Of what is said of errors.
    resumed
        Whether it goes on where it was killed or stopped.
    """

    event: Literal["begin"] = "begin"
    version: Literal[1] = VERSION
    learn: int
    check: int
    left_out: tuple[LeftOut, ...] = ()
    minutes: float
    start: str = ""
    unit: Unit = "mm"
    resumed: bool = False


class Reading(_Line):
    """So many images are read."""

    event: Literal["reading"] = "reading"
    done: int
    total: int


class Plan(_Line):
    """What is going to be done: the iterations of each stage, about how long it takes, and why it is done so."""

    event: Literal["plan"] = "plan"
    stages: int
    iterations: tuple[int, ...]
    seconds: float
    reasons: tuple[Reason, ...] = ()


class Step(_Line):
    """How far the learning is; about one a second, and one for each validation.

    Attributes
    ----------
    stage, stages
        Which stage, from 0, of how many.
    iteration, iterations
        Iterations of the stage that are done, and how many it is going to have as things stand.
    loss
        Moving average.
    error_mm, error_px
        Mean error on the cases to check with at the last validation; None before it, and in mm where no pixel size is known.
    best_mm, best_px
        The smallest of the stage so far.
    seconds_left
        Until the model is written.
    """

    event: Literal["step"] = "step"
    stage: int
    stages: int
    iteration: int
    iterations: int
    loss: float
    error_mm: float | None = None
    error_px: float | None = None
    best_mm: float | None = None
    best_px: float | None = None
    seconds_left: float


class Calibrating(_Line):
    """So many cases are analysed to know how sure the model may be."""

    event: Literal["calibrating"] = "calibrating"
    done: int
    total: int


class Comparing(_Line):
    """So many cases are analysed by the model that it started from."""

    event: Literal["comparing"] = "comparing"
    done: int
    total: int


class Writing(_Line):
    """The model file is being written."""

    event: Literal["writing"] = "writing"
    done: int
    total: int


class Done(_Line):
    """The model is written.

    Attributes
    ----------
    model, sha256, title
        The file, its digest, and what it is called.
    stopped_early
        Whether a person ended it before its time.
    comparison
        How good it is.
    """

    event: Literal["done"] = "done"
    model: str
    sha256: str
    title: str
    stopped_early: bool = False
    comparison: Comparison


class Stopped(_Line):
    """No model was written; where it is resumable the same command goes on."""

    event: Literal["stopped"] = "stopped"
    resumable: bool = True


class Failed(_Line):
    """It cannot be done: what is wrong, and what to do about it."""

    event: Literal["failed"] = "failed"
    sentence: str
    hint: str = ""


Event = Begin | Reading | Plan | Step | Calibrating | Comparing | Writing | Done | Stopped | Failed

_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def parse_event(line: str | bytes) -> Event:
    """Return the event of a line that `to_line` wrote.

    Raises
    ------
    ConfigError
        It is none, or of a version that this program does not know.
    """
    try:
        return _EVENTS.validate_json(line)
    except ValidationError as error:
        raise ConfigError(
            f"A line of what learning tells cannot be understood ({first_complaint(error)}).",
            "Use the same version of Cairn on both sides.",
        ) from error
