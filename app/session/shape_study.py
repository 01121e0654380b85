"""What the window of shapes shows: the cases of a project compared, what is known of each, and which were left out, and why.

Values, and the functions that make them of a project, in a job. Shows nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.desk.read_cases import ReadCases, read_cases
from app.session.analysis_choice import FoundAnalyses, KeptAnalysis, offers_for, read_found
from app.session.own_analyses import all_kept
from app.session.tracing import Stroke
from core.base.errors import AppError
from core.base.wording import listed
from core.measuring.analysis import Analysis
from core.measuring.landmark_case import PX, LandmarkCase
from core.measuring.measure import names_by_symbol
from core.measuring.shape_comparison import Compared, compare
from core.project.cases import Case
from core.project.readings import Reader

if TYPE_CHECKING:
    from core.project.store import Project

MOST_GROUPS = 8
"""Groups that can be told apart by colour and form; the rest share one."""
OTHERS = "others"


class Grouping(StrEnum):
    """By what cases are told apart."""

    NOTHING = "nothing"
    PATIENT_GROUP = "patient group"
    SPLIT = "split"
    STATE = "state"
    READER = "reader"


@dataclass(frozen=True)
class StudiedCase:
    """One case of the comparison.

    Attributes
    ----------
    id, name
        Its number in the project, and what it is called in the tables.
    labels
        What it is by each way of grouping; empty where nothing is known.
    size
        Centroid size in the unit of the study.
    distance
        Procrustes distance to the mean.
    is_outlier, is_mirrored
        Whether it lies beyond the fence, and whether it is a mirror image of most others.
    swapped
        The two landmarks that were probably swapped; none where nothing is known of a swap.
    """

    id: int
    name: str
    labels: Mapping[Grouping, str]
    size: float
    distance: float
    is_outlier: bool
    is_mirrored: bool
    swapped: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What is to be said of it, in a few words; empty where it is like the others."""
        parts = ["outlier"] if self.is_outlier else []
        if self.swapped:
            parts.append(f"possibly {self.swapped[0]} and {self.swapped[1]} swapped")
        if self.is_mirrored:
            parts.append("mirror image of the others")
        return ", ".join(parts)


@dataclass(frozen=True)
class LeftOut:
    """A case that is not compared, and why it is not."""

    id: int
    name: str
    reason: str


@dataclass(frozen=True)
class ShapeLine:
    """A line that joins two landmarks, by their rows, and what it stands for."""

    first: int
    second: int
    stroke: Stroke


@dataclass(frozen=True, eq=False)
class ShapeStudy:
    """The cases of a project compared.

    Attributes
    ----------
    compared
        What was computed.
    cases
        What is known of each case, in the same order.
    left_out
        The others.
    lines
        What is drawn between the landmarks.
    read
        What was read of each case, also of those that were left out, by number.
    """

    compared: Compared
    cases: tuple[StudiedCase, ...]
    left_out: tuple[LeftOut, ...] = ()
    lines: tuple[ShapeLine, ...] = ()
    read: Mapping[int, LandmarkCase] = field(default_factory=dict)

    def differs(self, case_id: int, now: LandmarkCase | None) -> bool:
        """Tell whether another shape is read of a case now than when it was compared."""
        before = self.read.get(case_id)
        if before is None or now is None:
            return before is not now
        is_same = (before.landmarks.names, before.unit) == (now.landmarks.names, now.unit)
        return not is_same or not np.array_equal(before.landmarks.points_mm, now.landmarks.points_mm, equal_nan=True)

    @property
    def unit(self) -> str:
        """Unit of the centroid sizes."""
        return self.compared.found.cases[0].unit

    @property
    def outliers(self) -> tuple[StudiedCase, ...]:
        """The cases beyond the fence, the farthest first."""
        return tuple(self.cases[row] for row in self.compared.swaps)

    def groups(self, by: Grouping) -> tuple[str, ...]:
        """Return the label of each case; those of the rarest groups are `OTHERS` where there are too many to be told apart."""
        labels = [case.labels.get(by, "") for case in self.cases]
        counts = Counter(labels)
        if len(counts) > MOST_GROUPS:
            frequent = {label for label, _ in counts.most_common(MOST_GROUPS - 1)}
            labels = [label if label in frequent else OTHERS for label in labels]
        return tuple(labels)

    def proposed_grouping(self) -> Grouping:
        """Return the first way of grouping that parts the cases into a few groups, each of several."""
        for by in (Grouping.PATIENT_GROUP, Grouping.SPLIT):
            count = len({case.labels.get(by, "") for case in self.cases})
            if 2 <= count <= min(MOST_GROUPS, len(self.cases) // 2):
                return by
        return Grouping.NOTHING


@dataclass(frozen=True)
class Wish:
    """What is to be compared.

    Attributes
    ----------
    reader
        Whose readings; None for the one that speaks for each case.
    only_decided
        Whether nothing that a model has said counts, as for who reads blind.
    without
        Landmarks that are not to count.
    analyses_folder, analyses
        Where a person's own analyses are, whose lines may be drawn.
    analysis_by_ndim
        Key of the analysis that a person measures by, by the rank of the images.
    """

    reader: Reader | None = None
    only_decided: bool = False
    without: frozenset[str] = frozenset()
    analyses_folder: Path | None = None
    analyses: tuple[Path, ...] = ()
    analysis_by_ndim: Mapping[int, str] | None = None


@dataclass(frozen=True)
class PlacedLandmark:
    """A landmark, and in how many of the cases it has a position."""

    name: str
    placed: int
    cases: int


@dataclass(frozen=True, eq=False)
class Answer:
    """What is known of a project's shapes, also where they cannot be compared.

    Attributes
    ----------
    readers
        Everybody who has read any case.
    landmarks
        The landmarks of the cases, also those that are not to count.
    study, problem
        The comparison, or why there is none.
    """

    readers: tuple[Reader, ...]
    landmarks: tuple[PlacedLandmark, ...]
    study: ShapeStudy | None = None
    problem: AppError | None = None


def answer(project: "Project", wish: Wish) -> Answer:
    """Compare the shapes of a project's cases; what is missing for that is said in the answer."""
    readers = tuple(project.readers())
    read = read_cases(project, wish.reader, only_decided=wish.only_decided)
    landmarks = _landmarks(read)
    try:
        return Answer(readers, landmarks, _study(project, read, wish))
    except AppError as error:
        return Answer(readers, landmarks, problem=error)


def _landmarks(read: ReadCases) -> tuple[PlacedLandmark, ...]:
    if not read.cases:
        return ()
    kind = _most_of_a_kind(read.cases)
    alike = [case.landmarks for case in read.cases if _kind(case) == kind]
    placed = Counter({name: 0 for landmarks in alike for name in landmarks.names})
    for landmarks in alike:
        located = landmarks.located.tolist()
        placed.update(name for name, is_there in zip(landmarks.names, located, strict=True) if is_there)
    return tuple(PlacedLandmark(name, count, len(alike)) for name, count in placed.items())


def study(project: "Project", wish: Wish) -> ShapeStudy:
    """Compare the shapes of a project's cases.

    Raises
    ------
    AppError
        Too few cases or landmarks can be compared; the sentence says what is missing.
    """
    return _study(project, read_cases(project, wish.reader, only_decided=wish.only_decided), wish)


def _study(project: "Project", read: ReadCases, wish: Wish) -> ShapeStudy:
    if not read.cases:
        raise _nothing_read(wish)
    of_kind = _most_of_a_kind(read.cases)
    chosen = [row for row, case in enumerate(read.cases) if _kind(case) == of_kind]
    compared = compare([read.cases[row] for row in chosen], without=wish.without)
    known = {read.cases[row].name: read.known[row] for row in chosen}
    cases = tuple(_studied(compared, row, known[case.name]) for row, case in enumerate(compared.found.cases))
    left_out = tuple(_left_out(read, compared, of_kind, wish))
    found = read_found(wish.analyses_folder, wish.analyses)
    ndim = compared.found.points.shape[2]
    key = (wish.analysis_by_ndim or {}).get(ndim, "")
    lines = lines_between(found, ndim, compared.found.names, key, all_kept(project))
    all_read = {known.id: case for known, case in zip(read.known, read.cases, strict=True)}
    return ShapeStudy(compared, cases, left_out, lines, all_read)


def _nothing_read(wish: Wish) -> AppError:
    if wish.only_decided:
        return AppError("You have not marked any case yet.", "Shapes are compared once three cases are marked.")
    who = "Nobody has" if wish.reader is None else f"{wish.reader.name} has not"
    return AppError(f"{who} read any case of this project.", "Mark or localize three cases first.")


_Kind = tuple[int, str]


def _kind(case: LandmarkCase) -> _Kind:
    return case.landmarks.ndim, case.unit


def _most_of_a_kind(cases: Sequence[LandmarkCase]) -> _Kind:
    return Counter(map(_kind, cases)).most_common(1)[0][0]


def _studied(compared: Compared, row: int, known: Case) -> StudiedCase:
    case = compared.found.cases[row]
    labels = {
        Grouping.PATIENT_GROUP: known.patient_group,
        Grouping.SPLIT: known.split,
        Grouping.STATE: known.state.name.lower().replace("_", " "),
        Grouping.READER: case.reader,
    }
    return StudiedCase(
        known.id, case.name, labels, float(compared.alignment.centroid_sizes[row]),
        float(compared.alignment.distances[row]), row in compared.swaps, row in compared.mirrored,
        compared.swapped_names(row),
    )  # fmt: skip


def _left_out(read: ReadCases, compared: Compared, kind: _Kind, wish: Wish) -> Iterator[LeftOut]:
    for known, case in zip(read.known, read.cases, strict=True):
        lacked = compared.found.lacking.get(case.name)
        if _kind(case) != kind:
            yield LeftOut(known.id, case.name, _of_other_kind(case, kind))
        elif lacked:
            yield LeftOut(known.id, case.name, f"lacks {listed(lacked)}")
    who = "" if wish.reader is None else f" by {wish.reader.name}"
    for known in read.unread:
        yield LeftOut(known.id, known.name, f"not read{who}")


def _of_other_kind(case: LandmarkCase, kind: _Kind) -> str:
    if case.landmarks.ndim != kind[0]:
        return f"is {case.landmarks.ndim}D, the others are {kind[0]}D"
    what = "pixel" if case.landmarks.ndim == 2 else "voxel"
    if case.unit == PX:
        return f"its {what} size is not known, that of the others is"
    return f"its {what} size is known, that of the others is not"


def lines_between(
    found: FoundAnalyses, ndim: int, names: Collection[str], key: str, kept: Sequence[KeptAnalysis] = ()
) -> tuple[ShapeLine, ...]:
    """Return the lines of the tracing of one analysis between landmarks: of the chosen one, else of that with the most.

    Parameters
    ----------
    found
        The analyses there are.
    ndim, names
        Rank and landmarks of the cases.
    key
        The analysis that is preferred where it has any line.
    kept
        The analyses of the project.
    """
    offers = [(offer.key, tuple(_lines(offer.analysis, names))) for offer in offers_for(found, ndim, names, kept)]
    chosen = next((lines for one, lines in offers if one == key and lines), ())
    return chosen or max((lines for _, lines in offers), key=len, default=())


def _lines(analysis: Analysis, names: Collection[str]) -> Iterator[ShapeLine]:
    rows = {name: row for row, name in enumerate(names)}
    known = {symbol: rows[name] for symbol, name in names_by_symbol(analysis, names).items()}
    for tracing in analysis.tracing:
        stroke, through = Stroke(tracing.kind), tracing.through
        pairs = [(through[0], through[-1])] if stroke is Stroke.PLANE else list(pairwise(through))
        for first, second in pairs:
            if first in known and second in known:
                yield ShapeLine(known[first], known[second], stroke)
