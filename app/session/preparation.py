"""What the disk knows about an image that was just read: its model, earlier work on it, and what the project has of it.

Runs in jobs: touches the disk, and neither document nor view.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.case_tasks import size_where_unknown_mm
from app.desk.desk import Desk
from app.desk.kept_case import KeptCase, compared, find_kept_case, with_kept_size
from app.desk.project_model import model_in_use
from app.desk.session_files import earlier_reading
from app.desk.trusted_models import TrustedModels
from app.session.landmark_search import ChosenModel, Model, model_for
from app.session.pixel_sizes import Said, with_size
from app.session.saved_work import SavedWork, find_saved_work
from core.base.errors import AppError, ProjectError
from core.images.dicom.series import Series
from core.images.formats import image_name
from core.images.listing import ListedImage, Listing, image_of, list_images, series_key
from core.project.cases import Geometry
from core.project.readings import Reading
from core.schemes.scheme import Scheme
from core.values.image import Image

if TYPE_CHECKING:
    from core.project.store import Project


@dataclass(frozen=True)
class Prepared:
    """An image that was read, and what else the disk knows about it.

    Attributes
    ----------
    image, model, work
        The image, what finds its landmarks, and the landmark file beside it.
    kept
        What the project knows of it, None where there is none or it does not answer.
    earlier
        What the reader said about it in an earlier session.
    trouble
        Why the project does not keep what is done to it.
    """

    image: Image
    model: Model | AppError
    work: SavedWork
    kept: KeptCase | None = None
    earlier: Reading | None = None
    trouble: str = ""


def prepare(
    image: Image,
    series: Series | None,
    *,
    path: Path,
    kept: KeptCase | None,
    desk: Desk,
    sessions: Path | None,
    chosen: Path | None,
    chosen_before: Mapping[int, ChosenModel],
    trusted: TrustedModels,
    said: Said,
    finds_work: bool,
    remembered: Path | None,
) -> Prepared:
    """Give an image the size that a person said it has, and find its model and earlier work on it; in a job."""
    earlier, trouble = None, ""
    listed = image_of(series) if series is not None else ListedImage(path, image_name(path))
    project = desk.await_project()
    if project is not None:
        try:
            kept = kept or find_kept_case(project, listed, desk.reader)
            if kept is not None:
                image = with_kept_size(image, kept.case)
                said = replace(said, where_unknown=said.where_unknown or size_where_unknown_mm(project))
                kept = compared(project, kept, with_size(image, said))
                if kept.own is None and sessions is not None:
                    earlier = earlier_reading(sessions, listed.path, series_key(listed), desk.reader, project.path)
        except ProjectError as error:
            kept, trouble = None, f"{error.message} What you do here is kept only where you save it."
    image = with_size(image, said)
    try:
        model: Model | AppError = model_for(
            image.ndim, chosen, chosen_before.get(image.ndim),
            of_project=lambda ndim: None if project is None else model_in_use(project, ndim, trusted),
        )  # fmt: skip
    except AppError as error:
        model = error
    work = find_saved_work(image, remembered) if finds_work else SavedWork()
    return Prepared(image, model, work, kept, earlier, trouble)


def fitting(reading: Reading | None, geometry: Geometry) -> Reading | None:
    """Return a reading on the grid of an image, None where that has other samples."""
    if reading is None:
        return None
    try:
        return replace(reading, landmarks=reading.on(geometry), geometry=geometry)
    except ValueError:
        return None


def listed_once_open(paths: tuple[Path, ...], desk: Desk) -> Listing:
    """Return what paths stand for, once the project is there that takes it; in a job."""
    desk.await_project()
    return list_images(paths)


@dataclass(frozen=True)
class Left:
    """How a project was left: the case that was open last, else the first, and the schemes that its images are marked by."""

    case_id: int | None
    schemes: tuple[Scheme, ...]


def how_left(project: "Project") -> Left:
    """Return how a project was left; in a job."""
    last, ids = project.setting("last_open"), project.case_ids()
    schemes = [project.scheme(ndim) for ndim in (2, 3)]
    return Left(
        last if last in ids else next(iter(ids), None), tuple(scheme for scheme in schemes if scheme is not None)
    )
