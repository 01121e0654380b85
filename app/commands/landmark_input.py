"""What commands that compute with landmarks are given: landmark files, folders of them, or a project, read without the images.

Opens files and projects, never an image; what is computed is for the commands. Positions are mm, or px where nothing says how
large a pixel is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from app.commands.project_agreement import reader_named
from app.desk.read_cases import read_cases
from core.base.errors import AppError, LandmarkFileError, ProjectError
from core.base.wording import counted, listed
from core.landmark_files.collection import Record
from core.landmark_files.collection_file import Collection, open_collection
from core.landmark_files.contract import Wanted
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import needs_names, suffix_of
from core.landmark_files.px_record import PxRecord
from core.measuring.landmark_case import MM, PX, LandmarkCase, with_distinct_names
from core.project.case_list import is_case_list, is_table_of_positions
from core.project.paths import SUFFIX
from core.project.store import Project
from core.schemes.scheme import Scheme
from core.values.grid import Grid
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class LandmarkInput:
    """All cases that a command was given.

    Attributes
    ----------
    cases
        At least one, no two of the same name.
    notes
        Sentences for the person: what was tolerated or left out.
    """

    cases: tuple[LandmarkCase, ...]
    notes: tuple[str, ...] = ()


def read_landmark_input(
    paths: Sequence[Path], *, scheme: Scheme | None = None, reader: str | None = None, skip: bool = False
) -> LandmarkInput:
    """Read the landmarks of all cases that paths stand for.

    Parameters
    ----------
    paths
        Landmark files, files or folders with those of many images, or one project alone.
    scheme
        Names for files that have none.
    reader
        Of a project, whose readings; the person's that was changed last, else the model's, where omitted.
    skip
        Whether files that cannot be read are left out, and named among the notes.

    Raises
    ------
    AppError
        A path is missing or, without ``skip``, cannot be read, a file needs names, nobody has read any case of the project, or
        nothing at all can be read.
    """
    projects = [path for path in paths if path.suffix.lower() == SUFFIX]
    if projects and len(paths) > 1:
        raise AppError(f"{projects[0].name} is a project and stands for itself.", "Give it alone, or landmark files.")
    if projects:
        return _of_project(projects[0], reader)
    if reader is not None:
        raise AppError("A reader is chosen from a project, not from landmark files.", "Leave --reader out.")
    found: list[tuple[LandmarkCase, str]] = []
    notes: list[str] = []
    problems: list[AppError] = []
    for path in paths:
        for read in _of_path(path, scheme, notes):
            try:
                case, longer_name, warnings = read()
            except LandmarkFileError as error:
                if not skip:
                    raise
                problems.append(error)
                continue
            found.append((case, longer_name))
            notes += warnings
    if problems and not found:
        raise problems[0]
    notes += [f"{problem.message} It was left out." for problem in problems]
    return LandmarkInput(tuple(with_distinct_names(found)), tuple(dict.fromkeys(notes)))


def _of_project(path: Path, reader: str | None) -> LandmarkInput:
    with Project.open(path, read_only=True) as project:
        who = None if reader is None else reader_named(project, reader)
        read = read_cases(project, who)
    if not read.cases:
        whoever = f"{who.name} has not" if who else "Nobody has"
        raise ProjectError(
            f"{whoever} read any case of {path.name}.", "Choose another reader, or localize the cases first."
        )
    names = [case.name for case in read.unread]
    missing = f"{counted(len(names), 'case')} left out, not read{f' by {who.name}' if who else ''}: {listed(names)}."
    return LandmarkInput(read.cases, (missing,) if names else ())


_Read = tuple[LandmarkCase, str, Sequence[str]]
"""A case, a longer name for it, and what is to be said of it."""


def _of_path(path: Path, scheme: Scheme | None, notes: list[str]) -> Iterator[Callable[[], _Read]]:
    """Yield what reads each case of a file or folder; adds to ``notes`` what is to be said of the whole."""
    if not path.exists():
        raise LandmarkFileError(f"There is no file or folder {path}.", "Check the path.")
    if is_case_list(path):
        raise LandmarkFileError(
            f"{path.name} is a list of cases, which are measured as a project.",
            f"Make one of it, and give that: cairn project new NAME.cairn --list {path.name}.",
        )
    if is_table_of_positions(path):
        raise LandmarkFileError(
            f"{path.name} is one table of all cases, which Cairn writes but does not read.",
            "Give the project that it comes from, or the landmarks in another format, such as TPS or a table for each image.",
        )
    collection = _collection_at(path)
    if collection is None:
        yield partial(_of_file, path, scheme)
        return
    notes += collection.left_out
    for record in collection.records:
        yield partial(_of_record, record, collection, scheme)


def _of_file(path: Path, scheme: Scheme | None) -> _Read:
    file = read_landmark_file(path, names=_names(path, scheme) if needs_names(path) else None)
    stem = path.name[: -len(suffix_of(path) or "")]
    case = _case(stem, file.landmarks, file.spacing_mm, path.name, in_px=file.in_px)
    return case, str(path.with_name(stem)), file.warnings


def _collection_at(path: Path) -> Collection | None:
    """Return what stands in a file or folder of many images; None for a file of one."""
    try:
        return open_collection(path)
    except LandmarkFileError:
        if path.is_file():
            return None
        raise


def _of_record(record: Record, collection: Collection, scheme: Scheme | None) -> _Read:
    if isinstance(record, PxRecord) and record.upwards:
        # Counted from the lower edge of an image that is not at hand: its height would move all points alike, which changes no
        # distance, angle or shape.
        record = replace(record, points_px=record.points_px * np.array([1.0, -1.0]), upwards=False)
    form = collection.form
    without_names = form.needs_names or (form.names_are_numbers and scheme is not None)
    found = record.placed(Wanted(_names(collection.path, scheme) if without_names else None))
    name = record.image_name or record.where
    case = _case(name, found.landmarks, found.record.spacing_mm, record.where, in_px=found.in_px)
    return replace(case, group=record.group), f"{collection.path}: {name}", found.warnings


def _names(path: Path, scheme: Scheme | None) -> tuple[str, ...]:
    if scheme is None:
        raise LandmarkFileError(
            f"{path.name} has positions without names.", "Say with --scheme which landmarks they are."
        )
    return scheme.names


def _case(
    name: str, landmarks: Landmarks, spacing_mm: Sequence[float] | None, where: str, *, in_px: bool
) -> LandmarkCase:
    """Return a case in mm where that is possible without its image."""
    if landmarks.ndim == 3 and landmarks.located.any() and not np.nan_to_num(landmarks.points_mm[:, 2]).any():
        landmarks = replace(landmarks, points_mm=landmarks.points_mm[:, :2])  # of a picture, in a format of volumes
    if not in_px:
        return LandmarkCase(name, landmarks, MM)
    if landmarks.ndim == 3:
        raise LandmarkFileError(
            f"{where} has positions in voxels, which mean no lengths without the volume.",
            "Make a project of volume and landmarks, and give that: cairn project new.",
        )
    if spacing_mm is None:
        return LandmarkCase(name, landmarks, PX)
    return LandmarkCase(name, in_mm(landmarks, spacing_mm), MM)


def case_in_mm(case: LandmarkCase, spacing_mm: tuple[float, ...]) -> LandmarkCase:
    """Return a case in mm by a pixel size that a person gives; one that is in mm already as it is.

    Raises
    ------
    AppError
        The number of sizes is not that of the axes.
    """
    if case.unit == MM:
        return case
    ndim = case.landmarks.ndim
    if len(spacing_mm) not in (1, ndim):
        raise AppError(
            f"--spacing gives {len(spacing_mm)} sizes, but the images are {ndim}D.", "Give one, or one for each axis."
        )
    return replace(case, landmarks=in_mm(case.landmarks, spacing_mm), unit=MM)


def in_mm(landmarks: Landmarks, spacing_mm: Sequence[float]) -> Landmarks:
    """Return landmarks in px in mm.

    Parameters
    ----------
    landmarks
        With positions ``(x, y)`` or ``(x, y, z)``, spreads and radii in px.
    spacing_mm
        Size of a pixel per axis in numpy order, or one number for all.
    """
    grid = Grid.from_spacing((2,) * landmarks.ndim, spacing_mm)
    scale = np.float32(np.mean(spacing_mm))
    return replace(
        landmarks,
        points_mm=landmarks.points_mm * grid.to_mm(np.ones(landmarks.ndim)),
        spread_mm=landmarks.spread_mm * scale,
        radius_mm=landmarks.radius_mm * scale,
    )
