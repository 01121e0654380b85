"""Morphologika's text: sections in square brackets, then the points of one case after the other (O'Higgins and Jones, 1998).

Only written; geomorph's ``read.morphologika``, MorphoJ and others read it. Blanks separate everything but names, so a
group's are underscores.
"""

from collections.abc import Sequence

from core.landmark_files.collection import CaseMarks
from core.landmark_files.configurations import configurations
from core.landmark_files.image_record import one_line
from core.landmark_files.precision import fixed_text


def write_morphologika(cases: Sequence[CaseMarks]) -> str:
    """Return a file with all cases, and their groups where they have any.

    Raises
    ------
    LandmarkFileError
        The cases have no common unit or rank.
    """
    points, decimals = configurations(cases)
    names = [_name(case.image.name) for case in cases]
    count, ndim = points[0].shape
    lines = ["[individuals]", str(len(cases)), "[landmarks]", str(count), "[dimensions]", str(ndim), "[names]", *names]
    if any(case.group for case in cases):
        lines += ["[labels]", "group", "[labelvalues]", *("_".join(case.group.split()) or "-" for case in cases)]
    lines.append("[rawpoints]")
    for number, (name, configuration) in enumerate(zip(names, points, strict=True), start=1):
        lines.append(f"'#{number} {name}")
        lines += [" ".join(fixed_text(value, decimals) for value in point) for point in configuration]
    return "\n".join([*lines, ""])


def _name(text: str) -> str:
    """Return a name in one line, without the marks that begin a comment or a section there."""
    return one_line(text.translate(str.maketrans("[]'\"", "()  ")))
