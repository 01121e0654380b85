"""Reads the two images of a superimposition: what is said about their landmarks, and the pixels for the picture.

Touches the disk: runs in jobs, never in the main thread. Who reads blind is given their own marks only, without what a model
says of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.desk.kept_case import find_image, with_kept_size
from app.session.file_names import is_landmark_file
from app.session.saved_work import find_saved_work
from core.base.errors import AppError, ImageReadError
from core.images.file import read_image
from core.images.listing import image_at
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import needs_names
from core.measuring.comparison import PX, Moment
from core.measuring.quantities import MM
from core.project.cases import Case, CaseQuery, Geometry
from core.project.readings import Reader, ReaderKind, Reading, latest, on_pixels_of
from core.values.doubt import seen_blind
from core.values.grid import Grid
from core.values.image import Image
from core.values.landmarks import Landmarks

if TYPE_CHECKING:
    from core.project.store import Project

ReadImage = Callable[..., Image]


@dataclass(frozen=True, eq=False)
class Film:
    """One image with its landmarks, as it is superimposed; equal only to itself.

    Attributes
    ----------
    name
        What a person calls it: the case's name, or the file's.
    moment
        Its landmarks, and their unit.
    image
        Its pixels, of 2D images; None where they are not at hand.
    reader
        Who said where the landmarks are; None where nobody has said who.
    readers
        Whose readings there are to choose from.
    notes
        What is to be said of it.
    """

    name: str
    moment: Moment
    image: Image | None = None
    reader: Reader | None = None
    readers: tuple[Reader, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A case that can be superimposed with another.

    Attributes
    ----------
    case_id, name
        Its number, and what it is called.
    same_patient
        Whether it is of the patient group of the open case.
    """

    case_id: int
    name: str
    same_patient: bool


def candidates(project: "Project", *, current: int | None, ndim: int) -> tuple[Candidate, ...]:
    """Return the cases that can be compared with the open one: those of its patient first, in the order of the project.

    Excluded ones, and those of another rank, are left out; the open one is among them.
    """
    cases = project.cases(project.case_ids(CaseQuery(excluded=False)))
    here = next((case for case in cases if case.id == current), None)
    group = "" if here is None else here.patient_group
    fitting = [case for case in cases if case.geometry is None or case.geometry.grid.ndim == ndim]
    offered = [Candidate(case.id, case.name, bool(group) and case.patient_group == group) for case in fitting]
    return tuple(sorted(offered, key=lambda one: not one.same_patient))


def film_of_case(
    project: "Project",
    case_id: int,
    *,
    reader: Reader | None,
    own: Reader,
    blind: bool,
    read: ReadImage | None = read_image,
) -> Film:
    """Return a case of a project.

    Parameters
    ----------
    project, case_id
        Which case.
    reader
        Whose reading; where None, the person's own, else that of another person, else a model's.
    own
        Who asks.
    blind
        Whether they must see nothing but what they have said themselves.
    read
        What reads an image; None where only the landmarks are wanted.

    Raises
    ------
    AppError
        The case is gone, or nobody who may be shown has read it.
    """
    case = project.case(case_id)
    readings = [one for one in project.readings(case_id) if not blind or one.reader == own]
    reading = _chosen(readings, reader, own)
    if reading is None:
        whoever = "You have not" if blind else f"{reader.name} has not" if reader is not None else "Nobody has"
        raise AppError(f"{whoever} read {case.name} yet.", "Open it and mark its landmarks, or choose another image.")
    image, notes = _image_of(project, case, read)
    landmarks, unit = _placed(case, reading, image)
    return Film(
        case.name,
        Moment(seen_blind(landmarks) if blind else landmarks, unit),
        image,
        reading.reader,
        tuple(one.reader for one in readings),
        notes,
    )


def _chosen(readings: Sequence[Reading], reader: Reader | None, own: Reader) -> Reading | None:
    if reader is not None:
        return next((one for one in readings if one.reader == reader), None)
    return next((one for one in readings if one.reader == own), None) or latest(readings)


def _image_of(project: "Project", case: Case, read: ReadImage | None) -> tuple[Image | None, tuple[str, ...]]:
    """Return the pixels of a 2D case, and what is to be said where there are none; a volume is not drawn."""
    if read is None or (case.geometry is not None and case.geometry.grid.ndim == 3):
        return None, ()
    try:
        listed = image_at(find_image(project, case), case.series)
        image = with_kept_size(read(listed.path, series=listed.series), case)
    except ImageReadError as error:
        return None, (f"{case.name} is compared by its landmarks alone: {error.message}",)
    return (image if image.ndim == 2 else None), ()


def _placed(case: Case, reading: Reading, image: Image | None) -> tuple[Landmarks, str]:
    """Return the landmarks of a reading on the pixels of an image as it is now, and their unit."""
    geometry = reading.geometry
    now = Geometry.of(image) if image is not None else case.geometry or geometry
    try:
        landmarks = reading.on(now)
    except ValueError as error:
        raise AppError(
            f"{case.name} is another image now, of another size, so its landmarks have no place in it.",
            "Choose another image.",
        ) from error
    return landmarks, MM if now.spacing_known else PX


def film_of_file(
    path: Path,
    *,
    names: Sequence[str] = (),
    blind: bool = False,
    image_path: Path | None = None,
    read: ReadImage = read_image,
) -> Film:
    """Return an image that is in no project, by its landmark file or by itself.

    Parameters
    ----------
    path
        A landmark file, or an image whose landmarks were saved beside it.
    names
        What landmarks are called in files that have no names.
    blind
        Whether only what a person decided may be seen.
    image_path
        The image that a landmark file belongs to, where it is to be drawn.
    read
        What reads an image.

    Raises
    ------
    AppError
        It cannot be read, or no landmarks of the image are saved.
    """
    if is_landmark_file(path):
        image = None if image_path is None else read(image_path)
        landmarks, unit, notes = _of_landmark_file(path, names, image)
    else:
        image = read(path)
        saved = find_saved_work(image, None)
        work = saved.file
        if work is None:
            because = f" {saved.foreign[0][1]}" if saved.foreign else ""
            raise AppError(
                f"No landmarks of {path.name} are saved beside it.{because}",
                "Open it and save its landmarks first, or choose its landmark file.",
            )
        landmarks, notes = work.content.landmarks, work.content.warnings
        unit = MM if image.source.spacing_known else PX
    shown = image if image is not None and image.ndim == 2 else None
    return Film(path.name, Moment(seen_blind(landmarks) if blind else landmarks, unit), shown, notes=notes)


def _of_landmark_file(path: Path, names: Sequence[str], image: Image | None) -> tuple[Landmarks, str, tuple[str, ...]]:
    file = read_landmark_file(path, names=(tuple(names) or None) if needs_names(path) else None, image=image)
    landmarks = file.landmarks
    if image is not None:
        return landmarks, MM if image.source.spacing_known else PX, file.warnings
    if landmarks.ndim == 3 and landmarks.located.any() and not np.nan_to_num(landmarks.points_mm[:, 2]).any():
        landmarks = replace(landmarks, points_mm=landmarks.points_mm[:, :2])  # of a picture, in a format of volumes
    if not file.in_px:
        return landmarks, MM, file.warnings
    if landmarks.ndim == 3:
        raise AppError(
            f"{path.name} has positions in voxels, which mean no lengths without the volume.",
            "Make a project of volume and landmarks, and superimpose its cases.",
        )
    if file.spacing_mm is None:
        return landmarks, PX, file.warnings
    sized = with_spacing(Film(path.name, Moment(landmarks, PX)), file.spacing_mm)
    return sized.moment.landmarks, MM, file.warnings


def with_spacing(film: Film, spacing_mm: Sequence[float]) -> Film:
    """Return an image whose pixel size a person gives; one that is in mm already as it is.

    Parameters
    ----------
    film
        The image.
    spacing_mm
        Size of a pixel per axis in numpy order, or one number for all.

    Raises
    ------
    AppError
        The number of sizes is not that of the axes.
    """
    if film.moment.unit == MM:
        return film
    landmarks = film.moment.landmarks
    if len(spacing_mm) not in (1, landmarks.ndim):
        raise AppError(
            f"A pixel size of {len(spacing_mm)} numbers was given, but the images are {landmarks.ndim}D.",
            "Give one number, or one for each axis.",
        )
    sizes = tuple(spacing_mm) * (landmarks.ndim if len(spacing_mm) == 1 else 1)
    if film.image is None:
        px, mm = (Geometry(Grid.from_spacing((2,) * landmarks.ndim, each)) for each in (1.0, sizes))
        return replace(film, moment=Moment(on_pixels_of(landmarks, px, mm), MM))
    sized = film.image.with_spacing(sizes)
    return replace(
        film, moment=Moment(on_pixels_of(landmarks, Geometry.of(film.image), Geometry.of(sized)), MM), image=sized
    )


def called(reader: Reader | None) -> str:
    """Return what a reader is called in a list."""
    if reader is None:
        return ""
    return f"{reader.name} (model)" if reader.kind is ReaderKind.MODEL else reader.name
