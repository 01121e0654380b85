"""What ``--readers`` stands for: how far several readers of the same images differ, from a project or from the files of each.

Reads; the statistics are `core.measuring.reader_spread`'s.
"""

from collections.abc import Sequence
from pathlib import Path

from app.commands.landmark_input import case_in_mm, read_landmark_input
from app.commands.project_adding import scheme_named
from app.desk.project_spread import face_frame, spread_in
from core.base.errors import AppError
from core.measuring.landmark_case import MM
from core.measuring.reader_spread import FEWEST_CASES, ReaderSpread, spread_of
from core.project.paths import SUFFIX
from core.project.store import Project
from core.values.landmarks import Landmarks


def spread_between(
    paths: Sequence[Path], ndim: int, scheme: str | None, spacing_mm: tuple[float, ...] | None
) -> ReaderSpread:
    """Compute how far readers differ.

    Parameters
    ----------
    paths
        One project, or for each reader a landmark file or a folder; images are the same where they are called the same.
    ndim
        Rank of the images that count.
    scheme
        Names of landmarks in files that have none.
    spacing_mm
        Pixel size of what is in px.

    Raises
    ------
    AppError
        Something cannot be read, there is one reader only, or too few images have several.
    """
    projects = [path for path in paths if path.suffix.lower() == SUFFIX]
    if projects and len(paths) > 1:
        raise AppError("--readers takes one project, or files.", "Merge the projects first: cairn project merge.")
    if projects:
        with Project.open(projects[0], read_only=True) as project:
            spread = spread_in(project, ndim)
        return _enough(spread, projects[0].name)
    if len(paths) < 2:
        raise AppError(
            "One reader differs from nobody.",
            "Give --readers again, with the files of another reader, or give a project.",
        )
    by_name: dict[str, list[Landmarks]] = {}
    for path in paths:
        read = read_landmark_input([path], scheme=None if scheme is None else scheme_named(scheme))
        for case in read.cases:
            scaled = case if spacing_mm is None else case_in_mm(case, spacing_mm)
            if scaled.unit == MM and scaled.landmarks.ndim == ndim:
                by_name.setdefault(case.name, []).append(scaled.landmarks)
    cases = [marks for marks in by_name.values() if len(marks) > 1]
    return _enough(
        spread_of(cases, [path.name for path in paths], face_frame), " and ".join(path.name for path in paths)
    )


def _enough(spread: ReaderSpread, where: str) -> ReaderSpread:
    if not spread.spread_mm:
        raise AppError(
            f"No landmark was placed by several readers in {FEWEST_CASES} images of known pixel size in {where}.",
            "Leave --readers out, or give readers who have marked more of the same images.",
        )
    return spread
