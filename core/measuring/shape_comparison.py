"""The shapes of cases compared: which cases can be, what is computed of them, and what a person is told about it.

Cases in, values and sentences out; `morphometrics` computes, `shape_tables` writes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.base.errors import LandmarkFileError
from core.base.wording import counted, listed
from core.measuring.landmark_case import PX, LandmarkCase
from core.measuring.morphometrics import (
    LEAST_CASES,
    LEAST_LANDMARKS,
    Alignment,
    ShapeSpace,
    Swap,
    align,
    mirrored,
    outliers,
    probable_swap,
    shape_space,
)
from core.measuring.primitives import FloatArray


@dataclass(frozen=True, eq=False)
class Comparable:
    """Cases that have a position of the same landmarks.

    Attributes
    ----------
    cases
        ``N`` of them.
    names
        ``L`` landmarks.
    points
        ``(N, L, D)`` positions in the unit of all cases.
    nowhere
        Landmarks that are left out, because no case has them.
    lacking
        Names of the cases that are left out, each with the landmarks that it lacks.
    """

    cases: tuple[LandmarkCase, ...]
    names: tuple[str, ...]
    points: FloatArray
    nowhere: tuple[str, ...] = ()
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was left out."""
        notes = []
        if self.nowhere:
            left = counted(len(self.nowhere), "landmark")
            notes.append(f"{left} left out, placed in no case: {listed(self.nowhere)}.")
        if self.lacking:
            left = counted(len(self.lacking), "case")
            notes.append(f"{left} left out, without a position of every landmark: {listed(list(self.lacking))}.")
        return tuple(notes)


@dataclass(frozen=True, eq=False)
class Compared:
    """What is known of the shapes of cases.

    Attributes
    ----------
    found
        The cases.
    alignment, space
        Their shapes, in the order of the cases.
    swaps
        The rows of the outliers, the farthest first, each with what was probably swapped.
    mirrored
        The rows of those that are mirror images of most others.
    """

    found: Comparable
    alignment: Alignment
    space: ShapeSpace
    swaps: Mapping[int, Swap | None]
    mirrored: tuple[int, ...] = ()

    def swapped_names(self, row: int) -> tuple[str, ...]:
        """Return the two landmarks that were probably swapped in a case; none where nothing is known of a swap."""
        swap = self.swaps.get(row)
        return () if swap is None else (self.found.names[swap.first], self.found.names[swap.second])


def compare(cases: Sequence[LandmarkCase], *, without: Collection[str] = ()) -> Compared:
    """Compare the shapes of the cases that can be compared.

    Parameters
    ----------
    cases
        No two of the same name.
    without
        Landmarks that are not to count.

    Raises
    ------
    LandmarkFileError
        Ranks or units differ, too few cases or landmarks remain, or one of them has no shape.
    """
    found = comparable(cases, without=without)
    try:
        alignment = align(found.points)
    except ValueError as error:
        raise LandmarkFileError(
            "A case has all its landmarks on the same spot, which is no shape.", "Correct it, or leave it out."
        ) from error
    swaps = {row: probable_swap(alignment, row) for row in outliers(alignment)}
    return Compared(found, alignment, shape_space(alignment), swaps, mirrored(alignment))


def comparable(cases: Sequence[LandmarkCase], *, without: Collection[str] = ()) -> Comparable:
    """Return the cases that have a position of every landmark that any of them has.

    Raises
    ------
    LandmarkFileError
        Ranks or units differ, or too few cases or landmarks remain.
    """
    if len({case.landmarks.ndim for case in cases}) > 1:
        raise LandmarkFileError("Some cases are 2D and some 3D.", "Compare those of one rank.")
    in_px = [case.name for case in cases if case.unit == PX]
    if in_px and len(in_px) < len(cases):
        raise LandmarkFileError(
            f"The pixel size of {in_px[0]} is not known, that of other cases is, so their sizes have no common unit.",
            "Set the missing pixel sizes in a project, or compare the cases without one by themselves.",
        )
    wanted = dict.fromkeys(name for case in cases for name in case.landmarks.names if name not in without)
    placed = [_placed(case) for case in cases]
    anywhere = frozenset().union(*placed)
    names = tuple(name for name in wanted if name in anywhere)
    nowhere = tuple(name for name in wanted if name not in anywhere)
    lacks = [tuple(name for name in names if name not in located) for located in placed]
    whole = [case for case, lacked in zip(cases, lacks, strict=True) if not lacked]
    lacking = {case.name: lacked for case, lacked in zip(cases, lacks, strict=True) if lacked}
    if len(names) < LEAST_LANDMARKS:
        raise LandmarkFileError(
            f"Shapes have {LEAST_LANDMARKS} landmarks at least, and here are {len(names)}.", "Choose other cases."
        )
    if len(whole) < LEAST_CASES:
        hint = "Give more cases."
        if lacking:
            name, (missing, *_) = next(iter(lacking.items()))
            hint = f"{name} lacks {missing}, for instance: place it."
        verb = "has" if len(whole) == 1 else "have"
        raise LandmarkFileError(
            f"{counted(len(whole), 'case')} of {len(cases)} {verb} a position of every landmark; "
            f"to compare shapes takes {LEAST_CASES}.",
            hint,
        )
    points = np.stack([case.landmarks.subset(names).points_mm for case in whole])
    return Comparable(tuple(whole), names, points, nowhere, lacking)


def known_names(names: Collection[str], cases: Sequence[LandmarkCase]) -> frozenset[str]:
    """Return names of landmarks that cases have.

    Raises
    ------
    LandmarkFileError
        One of them is not the name of any landmark.
    """
    known = dict.fromkeys(name for case in cases for name in case.landmarks.names)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise LandmarkFileError(f"No case has a landmark {unknown}.", f"There are: {listed(tuple(known))}.")
    return frozenset(names)


def _placed(case: LandmarkCase) -> frozenset[str]:
    located = case.landmarks.located.tolist()
    return frozenset(name for name, is_there in zip(case.landmarks.names, located, strict=True) if is_there)


def summary(compared: Compared) -> str:
    """Say in a sentence how many cases there are, and how much they vary."""
    usual = float(np.median(compared.alignment.distances))
    shares = ", ".join(
        f"PC{number} {100 * share:.0f} %" for number, share in enumerate(compared.space.shares[:3], start=1)
    )
    return (
        f"{counted(len(compared.found.cases), 'case')} with {len(compared.found.names)} landmarks; "
        f"median Procrustes distance to the mean {usual:.4f}; {shares} of the variance."
    )


def told(compared: Compared) -> Iterable[str]:
    """Yield the sentences for the person: how much varies, and which cases to look at."""
    yield summary(compared)
    if compared.mirrored:
        yield mirrored_sentence(compared)
    if not compared.swaps:
        yield "No case is an outlier."
        return
    yield f"{counted(len(compared.swaps), 'outlier')} by Procrustes distance, the farthest first:"
    for row, swap in compared.swaps.items():
        line = f"  {compared.found.cases[row].name}: {compared.alignment.distances[row]:.4f}"
        if swap is not None:
            line += f"; probably swapped: {swapped_text(compared, row)} ({swap.without:.4f} the other way round)"
        yield line


def mirrored_sentence(compared: Compared) -> str:
    """Say which cases are mirror images of the others; empty where none is."""
    names = [compared.found.cases[row].name for row in compared.mirrored]
    if not names:
        return ""
    what = "is a mirror image" if len(names) == 1 else "are mirror images"
    return (
        f"{counted(len(names), 'case')} {what} of the others, and compared with them as another shape: {listed(names)}."
    )


def swapped_text(compared: Compared, row: int) -> str:
    """Return which two landmarks were probably swapped, as tables say it; empty where nothing is known of a swap."""
    return " and ".join(compared.swapped_names(row))
