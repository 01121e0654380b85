"""What ``cairn report`` is given: images with their landmark files, landmark files alone, or a project; read one case at a time.

Opens images, landmark files and projects, and runs no model. A case is planned before anything of it is read, so that many do
not lie in memory together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.commands.landmark_input import case_in_mm, read_landmark_input
from app.commands.project_agreement import reader_named
from app.desk.case_tasks import size_where_unknown_mm
from app.desk.kept_case import find_image, with_kept_size
from app.session.file_names import is_landmark_file
from app.session.saved_work import find_saved_work
from core.base.errors import AppError, LandmarkFileError, ProjectError
from core.base.wording import listed
from core.images.file import read_image
from core.images.formats import image_name
from core.images.listing import ListedImage, image_at, list_images
from core.landmark_files.file import LandmarkFile, read_landmark_file
from core.landmark_files.formats import needs_names, suffix_of
from core.measuring.landmark_case import MM, PX, LandmarkCase
from core.project.cases import Case, CaseQuery, Geometry
from core.project.free_measurements import FreeMeasurement
from core.project.paths import SUFFIX
from core.project.readings import Reader, ReaderKind, latest
from core.project.store import Project
from core.schemes.scheme import Scheme
from core.values.image import Image, SpacingSource
from core.values.landmarks import Landmarks


@dataclass(frozen=True, eq=False)
class ReportCase:
    """An image with its landmarks, as far as both are known.

    Attributes
    ----------
    name
        What a person calls it: the name of the image's file, else of the landmarks'.
    landmarks
        In ``unit``.
    unit
        ``"mm"``, or ``"px"`` where the pixel size is not known.
    image
        None where only the landmarks are known.
    reader, model
        Who has read it, and the name and version of the model that has; empty where nobody says.
    spacing_source
        Where the pixel size comes from.
    free
        Distances and angles that were measured by hand, on the pixels of ``image``.
    """

    name: str
    landmarks: Landmarks
    unit: str
    image: Image | None = None
    reader: str = ""
    model: str = ""
    spacing_source: SpacingSource = SpacingSource.UNKNOWN
    free: tuple[FreeMeasurement, ...] = ()


@dataclass(frozen=True)
class PlannedCase:
    """A case that is still to be read.

    Attributes
    ----------
    name
        What its files are called, without a suffix.
    read
        Reads it; raises `AppError` where that cannot be done.
    """

    name: str
    read: Callable[[], ReportCase]


@dataclass(frozen=True)
class Wishes:
    """What a person says of all cases.

    Attributes
    ----------
    spacing_mm
        Pixel size in numpy order, one number or one for each axis; None for what the files say.
    scheme
        Names for landmark files that have none.
    reader
        Whose readings of a project; the person's that was changed last, else the model's, where None.
    """

    spacing_mm: tuple[float, ...] | None = None
    scheme: Scheme | None = None
    reader: str | None = None


def planned_cases(paths: Sequence[Path], wishes: Wishes) -> tuple[list[PlannedCase], list[str]]:
    """Return the cases that paths stand for, and what is to be said of others.

    Raises
    ------
    AppError
        A path is missing, nothing is there to report on, or two cases would be written to the same file.
    """
    projects = [path for path in paths if path.suffix.lower() == SUFFIX]
    if projects and len(paths) > 1:
        raise AppError(f"{projects[0].name} is a project and stands for itself.", "Give it alone, or images.")
    if projects:
        cases, notes = _of_project(projects[0], wishes)
    elif wishes.reader is not None:
        raise AppError("A reader is chosen from a project, not from files.", "Leave --reader out.")
    else:
        cases, notes = _of_files(paths, wishes)
    names = [case.name.casefold() for case in cases]
    for case in cases:
        if names.count(case.name.casefold()) > 1:
            raise AppError(
                f"Two images are called {case.name}, and one report would replace the other.", "Give them one by one."
            )
    return cases, notes


def _of_files(paths: Sequence[Path], wishes: Wishes) -> tuple[list[PlannedCase], list[str]]:
    """Pair landmark files with the images of their name, or the only one with the only other."""
    for path in paths:
        if not path.exists():
            raise AppError(f"There is no file or folder {path}.", "Check the path.")
    marks = [path for path in paths if path.is_file() and is_landmark_file(path)]
    listing = list_images([path for path in paths if path not in marks])
    for problem in listing.problems:
        raise problem
    images = list(listing.images)
    by_name = {_stem(path): path for path in marks}
    if len(images) == len(marks) == 1:
        by_name = {images[0].name: marks[0]}
    cases = [PlannedCase(image.name, _reading_of_image(image, by_name.get(image.name), wishes)) for image in images]
    paired = {by_name[image.name] for image in images if image.name in by_name}
    for path in marks:
        if path not in paired:
            cases += _of_landmark_file(path, wishes)
    return cases, list(listing.notes)


def _stem(path: Path) -> str:
    return path.name[: -len(suffix_of(path) or "")] if suffix_of(path) else path.name


def _reading_of_image(image: ListedImage, marks: Path | None, wishes: Wishes) -> Callable[[], ReportCase]:
    def read() -> ReportCase:
        found = _with_size(read_image(image.path, series=image.series), wishes)
        if marks is not None:
            return _case_of(found, marks, _read_marks(marks, found, wishes), wishes)
        work = find_saved_work(found, None)
        if work.file is None:
            why = f" {work.foreign[0][1]}" if work.foreign else ""
            raise LandmarkFileError(
                f"There are no landmarks of {image.path.name}.{why}",
                "Give their file, too, or find them first: cairn localize.",
            )
        return _case_of(found, work.file.path, work.file.content, wishes)

    return read


def _with_size(image: Image, wishes: Wishes) -> Image:
    if wishes.spacing_mm is None:
        return image
    if len(wishes.spacing_mm) not in (1, image.ndim):
        raise AppError(
            f"--spacing gives {len(wishes.spacing_mm)} sizes, but {image.source.path.name} is {image.ndim}D.",
            "Give one, or one for each axis.",
        )
    return image.with_spacing(wishes.spacing_mm)


def _read_marks(path: Path, image: Image | None, wishes: Wishes) -> LandmarkFile:
    names = None
    if needs_names(path):
        if wishes.scheme is None:
            raise LandmarkFileError(
                f"{path.name} has positions without names.", "Say with --scheme which landmarks they are."
            )
        names = wishes.scheme.names
    return read_landmark_file(path, names=names, image=image)


def _case_of(image: Image, path: Path, file: LandmarkFile, wishes: Wishes) -> ReportCase:
    """Return an image with what its landmark file says, also of its pixel size where the image does not know it."""
    if not image.source.spacing_known and file.spacing_mm is not None and len(file.spacing_mm) == image.ndim:
        image = image.with_spacing(file.spacing_mm, SpacingSource.LANDMARK_FILE)
        file = _read_marks(path, image, wishes)
    source = image.source
    unit = MM if source.spacing_known else PX
    return ReportCase(source.path.name, file.landmarks, unit, image, "", file.model, source.spacing_source)


def _of_landmark_file(path: Path, wishes: Wishes) -> list[PlannedCase]:
    """Plan a landmark file whose image was not given: it lies beside, or the landmarks are shown alone."""
    named = model = ""
    if not needs_names(path):
        try:
            file = read_landmark_file(path)
        except LandmarkFileError:
            pass  # one of many images, or damaged, which is said when it is read as such
        else:
            named, model = file.image_name, file.model
    beside = path.parent / Path(named).name if named else None
    if beside is not None and beside.exists():
        return [
            PlannedCase(image_name(beside), _reading_of_image(ListedImage(beside, image_name(beside)), path, wishes))
        ]
    read = read_landmark_input([path], scheme=wishes.scheme)
    return [PlannedCase(_file_name(case.name), _alone(case, model, wishes)) for case in read.cases]


def _alone(case: LandmarkCase, model: str, wishes: Wishes) -> Callable[[], ReportCase]:
    def read() -> ReportCase:
        if case.unit == MM or wishes.spacing_mm is None:
            source = SpacingSource.LANDMARK_FILE if case.unit == MM else SpacingSource.UNKNOWN
            return ReportCase(case.name, case.landmarks, case.unit, model=model, spacing_source=source)
        in_mm = case_in_mm(case, wishes.spacing_mm)
        return ReportCase(in_mm.name, in_mm.landmarks, in_mm.unit, model=model, spacing_source=SpacingSource.PERSON)

    return read


def _file_name(name: str) -> str:
    """Return the name of a case as that of a file."""
    return image_name(Path(name.replace("\\", "/").rpartition("/")[2])) or "report"


def _of_project(path: Path, wishes: Wishes) -> tuple[list[PlannedCase], list[str]]:
    cases, unread = [], []
    with Project.open(path, read_only=True) as project:
        who = None if wishes.reader is None else reader_named(project, wishes.reader)
        for case in project.cases(project.case_ids(CaseQuery(excluded=False))):
            if any(who in (None, reading.reader) for reading in project.readings(case.id)):
                cases.append(PlannedCase(_file_name(case.name), _reading_of_case(path, case, who, wishes)))
            else:
                unread.append(case.name)
    if not cases:
        whoever = f"{who.name} has not" if who else "Nobody has"
        raise ProjectError(
            f"{whoever} read any case of {path.name}.", "Choose another reader, or localize the cases first."
        )
    return cases, [f"Left out, not read: {listed(unread)}."] if unread else []


def _reading_of_case(path: Path, case: Case, who: Reader | None, wishes: Wishes) -> Callable[[], ReportCase]:
    def read() -> ReportCase:
        with Project.open(path, read_only=True) as project:
            readings = project.readings(case.id)
            where = find_image(project, case)
            usual_mm = size_where_unknown_mm(project)
            drawn = [one for one in project.free_measurements.of_case(case.id) if who in (None, one.reader)]
        reading = latest([one for one in readings if who in (None, one.reader)])
        if reading is None:
            raise ProjectError(f"Nobody has read {case.name} any more.")
        listed_image = image_at(where, case.series)
        image = with_kept_size(read_image(listed_image.path, series=listed_image.series), case)
        if not image.source.spacing_known and usual_mm is not None and len(usual_mm) == image.ndim:
            image = image.with_spacing(usual_mm)
        image = _with_size(image, wishes)
        try:
            geometry = Geometry.of(image)
            landmarks = reading.on(geometry)
            free = tuple(one.on(geometry) for one in drawn)
        except ValueError as error:
            raise ProjectError(
                f"{where.name} has other pixels than when it was read.", "Open it in Cairn and mark it anew."
            ) from error
        by_model = latest([one for one in readings if one.reader.kind is ReaderKind.MODEL])
        source = image.source
        return ReportCase(
            where.name,
            landmarks,
            MM if source.spacing_known else PX,
            image,
            reading.reader.name if reading.reader.kind is ReaderKind.PERSON else "",
            by_model.reader.name if by_model is not None else "",
            source.spacing_source,
            free,
        )

    return read
