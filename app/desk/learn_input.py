"""What ``cairn learn`` learns from: the marked cases of a project, or the images and landmark files that a list names.

Reads and decides what counts; what is left out gets a sentence. A project is only looked at, whoever else has it open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from app.desk.case_tasks import size_where_unknown_mm
from core.base.errors import ConfigError
from core.learning.cases import Case
from core.learning.course_cases import with_unique_names
from core.learning.course_events import LeftOut, Unit
from core.learning.course_request import MarkedCase
from core.learning.requirements import check_pixel_sizes
from core.project.case_list import is_case_list, read_case_list
from core.project.cases import Case as ProjectCase
from core.project.cases import CaseQuery, CaseState, Geometry
from core.project.found_cases import Wishes, find_cases, find_listed
from core.project.paths import SUFFIX
from core.project.readings import ReaderKind, latest, on_pixels_of
from core.project.store import Project
from core.schemes.file import bundled_schemes
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status

_SPLITS: dict[str, Literal["", "train", "validation", "test"]] = {
    "": "",
    "train": "train",
    "training": "train",
    "val": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True, eq=False)
class LearnInput:
    """What can be learnt from.

    Attributes
    ----------
    cases
        The marked cases, all of the same landmarks where these only differed in order.
    unit
        ``"px"`` where no image knows its pixel size.
    landmarks
        The bundled scheme that has these landmarks, or their names.
    partners
        Row of the landmark that each becomes in a mirror, where the project's scheme says so; else empty.
    left_out
        Cases that are not learnt from, with the reason.
    """

    cases: tuple[MarkedCase, ...]
    unit: Unit
    landmarks: str | tuple[str, ...]
    partners: tuple[int, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, eq=False)
class _Marked:
    """A case as a project or a list gives it."""

    name: str
    path: Path
    series: str
    sha256: str
    group: str
    split: Literal["", "train", "validation"]
    geometry: Geometry
    landmarks: Landmarks


def read_learn_input(path: Path, spacing_mm: tuple[float, ...] | None = None) -> LearnInput:
    """Read what can be learnt from; cases whose split is ``test`` are never touched.

    Parameters
    ----------
    path
        A project, a list of cases, a folder of images with landmark files beside them, or a TPS file and the like.
    spacing_mm
        Pixel size of images that do not know theirs.

    Raises
    ------
    ProjectError
        The project or list cannot be read.
    ConfigError
        There is no such file, a split is none, or some images know their pixel size and some do not.
    """
    if path.suffix.lower() == SUFFIX:
        with Project.open(path, read_only=True) as project:
            marked, left_out = _of_project(project, spacing_mm)
            partners = _partners(project, marked)
    elif not path.exists():
        raise ConfigError(f"There is no file or folder {path}.", "Check the path.")
    else:
        marked, left_out = _of_files(path, spacing_mm)
        partners = ()
    marked = _with_the_same_names(marked)
    check_pixel_sizes([each.name for each in marked], [each.geometry.spacing_known for each in marked])
    unit: Unit = "px" if marked and not marked[0].geometry.spacing_known else "mm"
    cases = with_unique_names([_case_of(each) for each in marked])
    return LearnInput(tuple(cases), unit, _scheme(marked), partners, tuple(left_out))


# From a project


def _of_project(project: Project, spacing_mm: tuple[float, ...] | None) -> tuple[list[_Marked], list[LeftOut]]:
    """Return the cases that are done and what the person who changed them last says of them."""
    where_unknown_mm = spacing_mm or size_where_unknown_mm(project)
    query = CaseQuery(states=frozenset({CaseState.DONE}), excluded=False)
    marked: list[_Marked] = []
    left_out: list[LeftOut] = []
    for case in project.cases(project.case_ids(query)):
        split = _split(case.split, case.name)
        if split == "test":
            continue
        found = _reading(project, case, where_unknown_mm)
        if isinstance(found, str):
            left_out.append(LeftOut(case=case.name, why=found))
        else:
            geometry, landmarks = found
            marked.append(
                _Marked(case.name, case.path, case.series, case.sha256, case.patient_group, split, geometry, landmarks)
            )
    return marked, left_out


def _reading(
    project: Project, case: ProjectCase, where_unknown_mm: tuple[float, ...] | None
) -> tuple[Geometry, Landmarks] | str:
    """Return what a person says of a case, or the sentence that says why it cannot be learnt from."""
    reading = latest([each for each in project.readings(case.id) if each.reader.kind is ReaderKind.PERSON])
    if reading is None or case.geometry is None:
        return "Only a model has read it, no person."
    try:
        landmarks = reading.on(case.geometry)
    except ValueError:
        return "Its image has other pixels than when it was marked."
    open_ = [name for name, status in zip(landmarks.names, landmarks.status, strict=True) if status is Status.UNPLACED]
    if open_:
        are = "is" if len(open_) == 1 else f"and {len(open_) - 1} more landmarks are"
        return f"{open_[0]} {are} neither placed nor called absent."
    return _sized(case.geometry, landmarks, where_unknown_mm)


def _sized(
    geometry: Geometry, landmarks: Landmarks, where_unknown_mm: tuple[float, ...] | None
) -> tuple[Geometry, Landmarks]:
    """Return a case with the pixel size that was given for images that do not know theirs."""
    if geometry.spacing_known or where_unknown_mm is None or len(where_unknown_mm) not in (1, geometry.grid.ndim):
        return geometry, landmarks
    sized = Geometry(geometry.grid.respaced(where_unknown_mm), SpacingSource.PERSON)
    return sized, on_pixels_of(landmarks, geometry, sized)


def _partners(project: Project, marked: Sequence[_Marked]) -> tuple[int, ...]:
    """Return what the scheme of a project says of mirrored landmarks, where it has the landmarks of the cases."""
    scheme = project.scheme(marked[0].landmarks.ndim) if marked else None
    if scheme is None or scheme.names != marked[0].landmarks.names:
        return ()
    return scheme.mirrored if any(partner >= 0 for partner in scheme.mirrored) else ()


# From files


def _of_files(path: Path, spacing_mm: tuple[float, ...] | None) -> tuple[list[_Marked], list[LeftOut]]:
    """Return what a list, a folder or a file of many names, with the landmarks of its first reader."""
    wishes = Wishes(reader="", spacing_mm=spacing_mm)
    if is_case_list(path):
        listed = read_case_list(path)
        found = find_listed(listed, wishes)
        problems = (*(f"{problem}." for problem in listed.problems), *found.problems)
    else:
        found = find_cases([path], wishes)
        problems = found.problems
    marked: list[_Marked] = []
    sentences = [problem.removeprefix(f"{path.name}: ") for problem in problems]
    left_out = [LeftOut(case=path.name, why=f"{sentence[0].upper()}{sentence[1:]}") for sentence in sentences]
    for each in found.cases:
        split = _split(each.case.split, each.case.name)
        if split == "test":
            continue
        if each.geometry is None or not each.marks:
            left_out.append(LeftOut(case=each.case.name, why="There are no landmarks of it."))
            continue
        persons = [marks for marks in each.marks if marks.reader.kind is ReaderKind.PERSON] or list(each.marks)
        marked.append(
            _Marked(
                each.case.name,
                each.case.path,
                each.case.series,
                each.sha256,
                each.case.patient_group,
                split,
                each.geometry,
                persons[0].landmarks,
            )
        )
    return marked, left_out


def _split(text: str, name: str) -> Literal["", "train", "validation", "test"]:
    try:
        return _SPLITS[text.strip().lower()]
    except KeyError as error:
        raise ConfigError(
            f"The case {name} has the unknown split {text}.", "Write train, val or test, or nothing."
        ) from error


# What both have in common


def _with_the_same_names(marked: Sequence[_Marked]) -> list[_Marked]:
    """Give all cases the names of the first that has most; a landmark that a case does not have is not in its image.

    Cases that have a landmark which that one lacks stay as they are: then names differ, and whoever checks them says so.
    """
    names = max((each.landmarks.names for each in marked), key=len, default=())
    return [
        replace(each, landmarks=_completed(each.landmarks, names)) if set(each.landmarks.names) <= set(names) else each
        for each in marked
    ]


def _completed(landmarks: Landmarks, names: Sequence[str]) -> Landmarks:
    """Return landmarks in the order of ``names``, those that are not there without a position."""
    if landmarks.names == tuple(names):
        return landmarks
    points_mm = np.full((len(names), landmarks.ndim), np.nan)
    for row, name in enumerate(names):
        if name in landmarks.names:
            points_mm[row] = landmarks.point_mm(name)
    return Landmarks(tuple(names), points_mm)


def _case_of(marked: _Marked) -> MarkedCase:
    """Return the case to learn from; where no pixel size is known a pixel counts as 1 mm."""
    geometry = marked.geometry
    spacing_mm: float | tuple[float, ...] | None = None
    if not geometry.spacing_known:
        spacing_mm = 1.0
    elif geometry.spacing_source.is_outside_the_file or geometry.spacing_source is SpacingSource.MODEL:
        spacing_mm = tuple(geometry.grid.spacing_mm.tolist())
    case = Case(
        marked.name,
        marked.path,
        Landmarks(marked.landmarks.names, marked.landmarks.points_mm),
        spacing_mm=spacing_mm,
        overrules=spacing_mm is not None,
        series=marked.series,
        sha256=marked.sha256,
    )
    return MarkedCase(case, marked.group, marked.split)


def _scheme(marked: Iterable[_Marked]) -> str | tuple[str, ...]:
    """Return the bundled scheme that has the landmarks of the cases, which also knows their abbreviations; else their names."""
    for each in marked:
        names, ndim = each.landmarks.names, each.landmarks.ndim
        return next((s.name for s in bundled_schemes() if s.names == names and s.ndim == ndim), names)
    return ()
