"""MorphoJ's row/column text: a line with name and coordinates for each case (morphometrics.uk, MorphoJ guide, file types).

Only written. A group is a second file's matter there (classifier variables), which has the same first column.
"""

from collections.abc import Iterator, Sequence

from core.landmark_files.collection import CaseMarks
from core.landmark_files.configurations import configurations
from core.landmark_files.precision import fixed_text

COORDINATES, GROUPS = "coordinates.txt", "classifiers.txt"


def write_morphoj(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, str]]:
    """Give the file of coordinates and, where the cases have groups, that of classifiers; tabs stand between the columns.

    Raises
    ------
    LandmarkFileError
        The cases have no common unit or rank.
    """
    points, decimals = configurations(cases)
    axes = "xyz"[: points[0].shape[1]]
    heading = [f"{axis}{number}" for number in range(1, len(points[0]) + 1) for axis in axes]
    lines = ["\t".join(["ID", *heading])]
    for case, configuration in zip(cases, points, strict=True):
        numbers = (fixed_text(value, decimals) for value in configuration.ravel())
        lines.append("\t".join([_cell(case.image.name), *numbers]))
    yield COORDINATES, _text(lines)
    if any(case.group for case in cases):
        yield GROUPS, _text(["ID\tgroup", *(f"{_cell(case.image.name)}\t{_cell(case.group) or '-'}" for case in cases)])


def _text(lines: Sequence[str]) -> str:
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Return a text without what MorphoJ takes for the end of a column."""
    return " ".join(text.replace(",", " ").replace(";", " ").split())
