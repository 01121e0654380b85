"""What a course of learning is asked for, how it is told to stop, and what comes of it. Values only."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.learning.cases import Case
from core.learning.course_events import Comparison, LeftOut, Unit

if TYPE_CHECKING:
    from core.learning.pace import Pace


class Stop(IntEnum):
    """Whether to stop; ``NOT`` counts as False.

    ``KEEP`` ends the stage under way with what it has learnt and writes the model; ``LEAVE`` saves and goes, so that the same
    course can go on later.
    """

    NOT = 0
    KEEP = 1
    LEAVE = 2


@dataclass(frozen=True, eq=False)
class MarkedCase:
    """A case to learn from or to check with.

    Attributes
    ----------
    case
        The case; names are unique in a course.
    group
        Whose image it is, empty where nobody knows: all images of one patient are learnt from, or checked with.
    split
        Whether a person wants it learnt from or checked with; empty to leave that to the course.
    """

    case: Case
    group: str = ""
    split: Literal["", "train", "validation"] = ""


@dataclass(frozen=True, eq=False)
class LearnRequest:
    """What to learn.

    Attributes
    ----------
    cases
        All marked cases, of the same landmarks in the same order.
    minutes
        Granted, from reading the images to writing the model.
    out
        The model file to write, ``NAME.pt``.
    start
        The model file to go on from; None to learn from nothing.
    landmarks
        Name of a bundled scheme, or the names in order; empty for those of the cases.
    partners
        Row of the landmark that each becomes in a mirror, -1 for none, where somebody has said it; else empty.
    modality
        What the images are, in plain words; empty where nobody said.
    unit
        ``"px"`` where no image knows its pixel size: one px then counts as 1 mm, and all is said in px.
    left_out
        Cases that were left out before, with the reason.
    source
        Where the cases come from, such as the path of a list: another source is another course.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    spent_s
        Time that whoever asks has spent already, such as reading a list; it counts.
    pace
        How fast this computer learns; measured where omitted.
    """

    cases: tuple[MarkedCase, ...]
    minutes: float
    out: Path
    start: Path | None = None
    landmarks: str | tuple[str, ...] = ()
    partners: tuple[int, ...] = ()
    modality: str = ""
    unit: Unit = "mm"
    left_out: tuple[LeftOut, ...] = ()
    source: str = ""
    device: str = "auto"
    spent_s: float = 0.0
    pace: "Pace | None" = None


@dataclass(frozen=True)
class Outcome:
    """What came of a course.

    Attributes
    ----------
    model
        The model file; None where nothing was written and the same course can go on.
    stopped_early
        Whether a person ended it before its time.
    comparison
        How good the model is; None without one.
    """

    model: Path | None = None
    stopped_early: bool = False
    comparison: Comparison | None = None
