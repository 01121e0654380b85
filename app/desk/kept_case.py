"""What a project knows of an image that was just read, and what of it holds for the image as it is now.

Asks a project and changes it: for jobs, never for the main thread. Shows nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.base.errors import ImageReadError
from core.images.listing import ListedImage, series_key
from core.project.cases import Case, Geometry, NewCase
from core.project.check import missing_image, relocate
from core.project.readings import Reader, ReaderKind, Reading, latest
from core.values.image import Image

if TYPE_CHECKING:
    from core.project.store import Project


class ImageMissing(ImageReadError):
    """The image of a case is no longer where it was, nor anywhere near its project."""


@dataclass(frozen=True)
class KeptCase:
    """What a project knows of an image.

    Attributes
    ----------
    case
        The case.
    own
        What the reader said about it, None where nothing.
    others
        What another person said last, None where nobody has.
    model
        What a model said last, None where none has.
    image_changed
        Whether the image file holds something else than when it was read first.
    unfit
        Whether it even has other samples, so that nothing that was said about it has a place in it.
    """

    case: Case
    own: Reading | None = None
    others: Reading | None = None
    model: Reading | None = None
    image_changed: bool = False
    unfit: bool = False

    def shown(self, *, blind: bool) -> Reading | None:
        """Return the person's reading to show: the reader's own, else another's unless they read blind."""
        return self.own if blind or self.own is not None else self.others


def find_kept_case(project: "Project", image: ListedImage, reader: Reader) -> KeptCase | None:
    """Return what a project knows of an image, which becomes a case where it can be written; None where it cannot."""
    if project.read_only_because:
        found = project.find_case(image.path, series_key(image))
        return None if found is None else kept_case(project, found, reader)
    (case_id,) = project.add_cases([NewCase(image.path, image.name, series_key(image))])
    return kept_case(project, case_id, reader)


def kept_case(project: "Project", case_id: int, reader: Reader) -> KeptCase:
    """Return what a project knows of a case; `ProjectError` where it is gone."""
    readings = project.readings(case_id)
    persons = [reading for reading in readings if reading.reader.kind is ReaderKind.PERSON]
    return KeptCase(
        project.case(case_id),
        next((reading for reading in persons if reading.reader == reader), None),
        latest([reading for reading in persons if reading.reader != reader]),
        latest([reading for reading in readings if reading.reader.kind is ReaderKind.MODEL]),
    )


def with_kept_size(image: Image, case: Case) -> Image:
    """Return an image with the pixel size that the project remembers, where its own file does not say it."""
    geometry = case.geometry
    if geometry is None or not geometry.spacing_source.is_outside_the_file or geometry.grid.shape != image.grid.shape:
        return image
    if np.allclose(geometry.grid.spacing_mm, image.grid.spacing_mm) and image.source.spacing_known:
        return image
    return image.with_spacing(geometry.grid.spacing_mm.tolist(), geometry.spacing_source)


def compared(project: "Project", kept: KeptCase, image: Image) -> KeptCase:
    """Compare an image that was read with what the project knows, and let the project know it where it is new or the same.

    What was read of an image that has changed since is not written: what was said about it was said about another one.
    """
    case, geometry = kept.case, Geometry.of(image)
    if case.sha256 and image.source.sha256 and case.sha256 != image.source.sha256:
        unfit = any(
            reading is not None and reading.geometry.grid.shape != geometry.grid.shape
            for reading in (kept.own, kept.others)
        )
        return replace(kept, image_changed=True, unfit=unfit)
    if (case.geometry != geometry or case.sha256 != image.source.sha256) and not project.read_only_because:
        project.set_case_image(case.id, geometry, image.source.sha256)
        if case.problem:
            project.update_case(case.id, problem="")
    return kept


def find_image(project: "Project", case: Case) -> Path:
    """Return where the image of a case is, beside its project where it moved along; `ImageMissing` where it is nowhere."""
    missing = missing_image(project, case)
    if missing is None:
        return case.path
    if missing.moved_to is None:
        raise ImageMissing(
            f"{case.path.name} is no longer in {case.path.parent}.", "Show Cairn the folder it has gone to."
        )
    if not project.read_only_because:
        project.set_case_path(case.id, missing.moved_to)
    return missing.moved_to


def look_in(project: "Project", folder: Path) -> int:
    """Look in a folder, and all below it, for the images that are missing; return how many were found."""
    missing = [missing_image(project, case) for case in project.cases(project.case_ids())]
    return len(relocate(project, [one for one in missing if one is not None], folder))
