"""What ``cairn shapes`` writes and says: which cases can be compared, the tables for R, the outliers in words.

Values in, text out, and the files; `core.measuring.morphometrics` computes.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.commands.landmark_input import LandmarkCase
from app.commands.project_printing import counted
from core.base.errors import AppError, LandmarkFileError
from core.base.files import reason_of, written_whole
from core.landmark_files.arrangement import listed
from core.measuring.morphometrics import (
    LEAST_CASES,
    LEAST_LANDMARKS,
    Alignment,
    ShapeSpace,
    Swap,
    align,
    outliers,
    probable_swap,
    shape_space,
)
from core.values.grid import FloatArray

SHAPES_FILE, ALIGNED_FILE, MEAN_FILE, COMPONENTS_FILE = "shapes.csv", "aligned.csv", "mean.csv", "components.csv"


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
    notes
        Sentences about what was left out.
    """

    cases: tuple[LandmarkCase, ...]
    names: tuple[str, ...]
    points: FloatArray
    notes: tuple[str, ...] = ()


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
    """

    found: Comparable
    alignment: Alignment
    space: ShapeSpace
    swaps: Mapping[int, Swap | None]


def compare(cases: Sequence[LandmarkCase]) -> Compared:
    """Compare the shapes of the cases that can be compared.

    Raises
    ------
    LandmarkFileError
        Ranks or units differ, too few cases or landmarks remain, or one of them has no shape.
    """
    found = comparable(cases)
    try:
        alignment = align(found.points)
    except ValueError as error:
        raise LandmarkFileError(
            "A case has all its landmarks on the same spot, which is no shape.", "Correct it, or leave it out."
        ) from error
    swaps = {row: probable_swap(alignment, row) for row in outliers(alignment)}
    return Compared(found, alignment, shape_space(alignment), swaps)


def comparable(cases: Sequence[LandmarkCase]) -> Comparable:
    """Return the cases that have a position of every landmark that any of them has.

    Raises
    ------
    LandmarkFileError
        Ranks or units differ, or too few cases or landmarks remain.
    """
    if len({case.landmarks.ndim for case in cases}) > 1:
        raise LandmarkFileError("Some cases are 2D and some 3D.", "Compare those of one rank.")
    in_px = [case.name for case in cases if case.unit == "px"]
    if in_px and len(in_px) < len(cases):
        raise LandmarkFileError(
            f"The pixel size of {in_px[0]} is not known, that of other cases is, so their sizes have no common unit.",
            "Set the missing pixel sizes in a project, or compare the cases without one by themselves.",
        )
    notes = []
    names = tuple(dict.fromkeys(name for case in cases for name in case.landmarks.names))
    placed = {case.name: _placed(case) for case in cases}
    nowhere = [name for name in names if not any(name in located for located in placed.values())]
    if nowhere:
        names = tuple(name for name in names if name not in nowhere)
        notes.append(f"{counted(len(nowhere), 'landmark')} left out, placed in no case: {listed(nowhere)}.")
    whole = [case for case in cases if placed[case.name] >= set(names)]
    lacking = [case.name for case in cases if case not in whole]
    if lacking:
        notes.append(
            f"{counted(len(lacking), 'case')} left out, without a position of every landmark: {listed(lacking)}."
        )
    if len(names) < LEAST_LANDMARKS:
        raise LandmarkFileError(
            f"Shapes have {LEAST_LANDMARKS} landmarks at least, and here are {len(names)}.", "Choose other files."
        )
    if len(whole) < LEAST_CASES:
        missing = next((name for name in names if lacking and name not in placed[lacking[0]]), "")
        hint = f"{lacking[0]} lacks {missing}, for instance: place it." if lacking else "Give more files."
        verb = "has" if len(whole) == 1 else "have"
        raise LandmarkFileError(
            f"{counted(len(whole), 'case')} of {len(cases)} {verb} a position of every landmark; "
            f"to compare shapes takes {LEAST_CASES}.",
            hint,
        )
    points = np.stack([case.landmarks.subset(names).points_mm for case in whole])
    return Comparable(tuple(whole), names, points, tuple(notes))


def _placed(case: LandmarkCase) -> set[str]:
    located = case.landmarks.located.tolist()
    return {name for name, is_there in zip(case.landmarks.names, located, strict=True) if is_there}


def tables(compared: Compared) -> dict[str, str]:
    """Return what stands in each file, by its name."""
    found, alignment, space, swaps = compared.found, compared.alignment, compared.space, compared.swaps
    cases, names = found.cases, found.names
    axes = "xyz"[: found.points.shape[2]]
    coordinates = [f"{name}.{axis}" for name in names for axis in axes]
    components = [f"PC{number}" for number in range(1, len(space.variances) + 1)]
    head = ["case", "group", f"centroid_size_{cases[0].unit}", "procrustes_distance", "outlier", "probably_swapped"]
    rows = [
        [
            case.name, case.group, _number(alignment.centroid_sizes[row]), _number(alignment.distances[row]),
            "TRUE" if row in swaps else "FALSE", _swapped(swaps.get(row), names), *_numbers(space.scores[row]),
        ]
        for row, case in enumerate(cases)
    ]  # fmt: skip
    aligned = [[case.name, *_numbers(alignment.shapes[row])] for row, case in enumerate(cases)]
    mean = [[name, *_numbers(alignment.mean[row])] for row, name in enumerate(names)]
    spread = zip(components, space.variances, space.shares, space.components, strict=True)
    loadings = [[name, _number(variance), _number(share), *_numbers(one)] for name, variance, share, one in spread]
    return {
        SHAPES_FILE: _csv([*head, *components], rows),
        ALIGNED_FILE: _csv(["case", *coordinates], aligned),
        MEAN_FILE: _csv(["landmark", *axes], mean),
        COMPONENTS_FILE: _csv(["component", "variance", "share", *coordinates], loadings),
    }


def told(compared: Compared) -> Iterable[str]:
    """Yield the sentences for the person: how much varies, and which cases to look at."""
    found, alignment, space, swaps = compared.found, compared.alignment, compared.space, compared.swaps
    usual = float(np.median(alignment.distances))
    shares = ", ".join(f"PC{number} {100 * share:.0f} %" for number, share in enumerate(space.shares[:3], start=1))
    yield (
        f"{counted(len(found.cases), 'case')} with {len(found.names)} landmarks; "
        f"median Procrustes distance to the mean {usual:.4f}; {shares} of the variance."
    )
    if not swaps:
        yield "No case is an outlier."
        return
    yield f"{counted(len(swaps), 'outlier')} by Procrustes distance, the farthest first:"
    for row, swap in swaps.items():
        line = f"  {found.cases[row].name}: {alignment.distances[row]:.4f}"
        if swap is not None:
            line += f"; probably swapped: {_swapped(swap, found.names)} ({swap.without:.4f} the other way round)"
        yield line


def write(texts: Mapping[str, str], folder: Path) -> None:
    """Write all tables or none.

    Raises
    ------
    AppError
        Nothing can be written there.
    """
    in_the_way = next((name for name in texts if (folder / name).is_dir()), "")
    if in_the_way:  # would be found only after other tables have taken their places
        raise AppError(f"{folder / in_the_way} is a folder, where a table is to be.", "Choose another folder.")
    try:
        with ExitStack() as all_of_them:
            for name, text in texts.items():
                all_of_them.enter_context(written_whole(folder / name)).write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise AppError(
            f"Nothing can be written into {folder} ({reason_of(error)}).", "Choose another folder."
        ) from error


def _swapped(swap: Swap | None, names: Sequence[str]) -> str:
    return "" if swap is None else f"{names[swap.first]} and {names[swap.second]}"


def _number(value: float) -> str:
    return f"{value:.10g}"


def _numbers(values: FloatArray) -> list[str]:
    return [_number(value) for value in values.ravel().tolist()]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return stream.getvalue()
