"""What is done for a case so that its landmarks are found, and how the answer gets into its project.

Asks the disk where images are and changes a project: for jobs, the writer and command lines. Starts nothing.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.images.formats import FLAT_SUFFIXES
from core.images.listing import image_at
from core.project.cases import Case, Geometry
from core.project.readings import Reader, ReaderKind, Reading

if TYPE_CHECKING:
    from core.models.image_task import ImageAnswer, ImageTask
    from core.models.metadata import ModelInfo
    from core.project.store import Project


_SIZE_WHERE_UNKNOWN = "spacing_mm where unknown"


def size_where_unknown_mm(project: "Project") -> tuple[float, ...] | None:
    """Return the pixel size, mm in numpy order, that a person gave all images that do not know theirs; None where none has."""
    said: list[float] = project.setting(_SIZE_WHERE_UNKNOWN, [])
    return tuple(said) or None


def set_size_where_unknown(project: "Project", spacing_mm: tuple[float, ...]) -> None:
    """Keep the pixel size, mm in numpy order, of all images that do not know theirs."""
    project.set_setting(_SIZE_WHERE_UNKNOWN, list(spacing_mm))


def task_of(
    case: Case, model: Path | None, device: str = "auto", *, where_unknown_mm: tuple[float, ...] | None = None
) -> "ImageTask":
    """Return what is to be done for a case; `ImageReadError` where its DICOM series is gone.

    Parameters
    ----------
    case
        The case; a size that somebody gave its image holds.
    model, device
        As in `ImageTask`.
    where_unknown_mm
        The pixel size of images that do not know theirs, `size_where_unknown_mm`.
    """
    from core.models.image_task import ImageTask  # no window waits for it

    image = image_at(case.path, case.series)
    geometry = case.geometry
    if geometry is None or not geometry.spacing_source.is_outside_the_file:
        task = ImageTask(image.path, image.series, model=model, device=device)
        return replace(task, spacing_mm=where_unknown_mm, only_where_unknown=where_unknown_mm is not None)
    spacing_mm = tuple(geometry.grid.spacing_mm.tolist())
    return ImageTask(image.path, image.series, "", spacing_mm, geometry.spacing_source, model, device)


def likely_ndim(case: Case) -> int:
    """Return the rank of a case's image; a guess by its name where it has not been read yet."""
    if case.geometry is not None:
        return case.geometry.grid.ndim
    return 2 if case.path.suffix.lower() in FLAT_SUFFIXES else 3


def note_image(project: "Project", case_id: int, answer: "ImageAnswer") -> None:
    """Let a project know an image that was read for the first time.

    One that it knows stays as it is: whoever opens an image that has changed since is told so.
    """
    with project.transaction():
        case = project.case(case_id)
        if not case.sha256:
            project.set_case_image(case_id, _geometry(answer), answer.source.sha256)
        if case.problem:
            project.update_case(case_id, problem="")


def keep(project: "Project", case_id: int, answer: "ImageAnswer", info: "ModelInfo | None") -> None:
    """Keep what a model found in an image, beside what persons said of it; ``info`` is the model's, where it is known."""
    reading = Reading(case_id, Reader(answer.model, ReaderKind.MODEL), answer.landmarks, _geometry(answer))
    with project.transaction():
        note_image(project, case_id, answer)
        if info is not None:
            keep_usual_radii(project, info)
        project.save_reading(reading, "Find landmarks")


def keep_usual_radii(project: "Project", info: "ModelInfo") -> None:
    """Let a project know how sure a model usually is, before its readings are kept: what is in doubt depends on it."""
    project.set_usual_radii(info.title, {"mm": info.usual_radii(), "px": info.usual_radii(in_px=True)})


def _geometry(answer: "ImageAnswer") -> Geometry:
    return Geometry(answer.grid, answer.source.spacing_source)
