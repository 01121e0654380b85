"""Pictures of cases with what a person, the model before and the new model say of them, made in jobs one after the other.

Reads images and applies models in another thread; what is shown are values. Belongs to the main thread itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from app.desk.case_tasks import size_where_unknown_mm, task_of
from app.desk.desk import Desk
from app.desk.learn_input import read_learn_input
from app.desk.project_model import digest_of, file_of
from app.session.jobs import Job, Jobs
from app.session.window_level import grey_values, percentile_levels
from core.base.errors import AppError, ProjectError
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.geometry.slices import extract_slice
from core.models.bundled import bundled_models
from core.models.image_task import ImageWork, read_task_image
from core.project.models import ProjectModel
from core.project.readings import ReaderKind, latest
from core.values.image import Image
from core.values.landmarks import Landmarks

if TYPE_CHECKING:
    from core.models.image_task import ImageTask
    from core.project.store import Project

Points = dict[str, tuple[float, float]]
"""Positions by landmark, ``(column, row)`` px of the picture."""


@dataclass(frozen=True, eq=False)
class JudgedCase:
    """A case as a picture.

    Attributes
    ----------
    case_id, name
        Which one.
    grey
        ``(rows, columns)`` uint8: the image, or the slice of a volume through the landmark with the largest error.
    height_of_pixel
        How high a pixel is beside its width.
    truth, old, new
        Where the person, the model before (none where there is none) and the new model see each landmark.
    """

    case_id: int
    name: str
    grey: npt.NDArray[np.uint8]
    height_of_pixel: float
    truth: Points
    old: Points
    new: Points


@dataclass(frozen=True)
class _Wanted:
    """What a picture is made of."""

    case_id: int
    name: str
    truth: Landmarks
    task: "ImageTask"
    old: Path | None
    new: Path


class JudgedCases:
    """Makes the pictures.

    Parameters
    ----------
    desk, jobs
        Whose cases, and who works.
    """

    def __init__(self, desk: Desk, jobs: Jobs) -> None:
        self._desk = desk
        self._jobs = jobs
        self._work = ImageWork(1)
        self._kept: dict[tuple[str, str], JudgedCase] = {}
        self._job: Job | None = None

    def show(
        self,
        model: ProjectModel,
        case: str,
        on_shown: Callable[[JudgedCase], object],
        on_error: Callable[[AppError], None],
    ) -> None:
        """Make the picture of the case that is called so in the comparison of a model; one that is being made is dropped."""
        self.stop()
        kept = self._kept.get((model.sha256, case))
        if kept is not None:
            on_shown(kept)
            return

        def made(judged: JudgedCase) -> None:
            self._kept[model.sha256, case] = judged
            on_shown(judged)

        def found(wanted: _Wanted) -> None:
            self._job = self._jobs.run(
                self._judge, wanted, on_result=made, on_error=on_error, on_progress=lambda *_: None, may_stall=True
            )

        self._desk.ask(partial(_wanted, model=model, case=case), found, on_error)

    def stop(self) -> None:
        """Drop the picture that is being made."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def forget(self) -> None:
        """Let go of all pictures."""
        self.stop()
        self._kept.clear()

    def _judge(
        self, wanted: _Wanted, *, progress: Callable[[float, str], None], should_stop: Callable[[], bool]
    ) -> JudgedCase:
        """Make a picture; in a job."""
        read = read_task_image(wanted.task, should_stop)
        answers = []
        for path in (wanted.old, wanted.new):
            answer = None
            if path is not None:
                answer = self._work.run(replace(wanted.task, model=path), read, progress, should_stop).landmarks
            answers.append(answer)
        old, new = answers
        return picture_of(wanted.case_id, wanted.name, read.image, wanted.truth, old, new)


def picture_of(
    case_id: int, name: str, image: Image, truth: Landmarks, old: Landmarks | None, new: Landmarks | None
) -> JudgedCase:
    """Return the picture of a case.

    Parameters
    ----------
    case_id, name
        Which one.
    image
        Its image.
    truth, old, new
        What the person, the model before and the new one say, in mm of the image.
    """
    plane = _plane(image, truth, new)
    low, high = percentile_levels(image.voxels)
    grey = grey_values(np.ascontiguousarray(extract_slice(image, plane)), low, high)
    width_mm, height_mm = plane.pixel_size_mm
    return JudgedCase(
        case_id, name, grey, height_mm / width_mm, _points(truth, plane), _points(old, plane), _points(new, plane)
    )


def _plane(image: Image, truth: Landmarks, new: Landmarks | None) -> SlicePlane:
    if image.ndim == 2:
        return SlicePlane(image.grid)
    names = [name for name in truth.names if truth.located[truth.index(name)]]
    errors = {name: _distance(truth, new, name) for name in names}
    worst = max(errors, key=lambda name: errors[name], default=None)
    middle_mm: Any = image.grid.to_mm((np.asarray(image.grid.shape) - 1) / 2)
    point_mm = middle_mm if worst is None else truth.point_mm(worst)
    return SlicePlane.through(reformatted_grid(image.grid, Orientation.AXIAL), point_mm)


def _distance(truth: Landmarks, said: Landmarks | None, name: str) -> float:
    if said is None or name not in said.names or not said.located[said.index(name)]:
        return 0.0
    return float(np.linalg.norm(said.point_mm(name) - truth.point_mm(name)))


def _points(landmarks: Landmarks | None, plane: SlicePlane) -> Points:
    if landmarks is None:
        return {}
    points: Points = {}
    for row, name in enumerate(landmarks.names):
        if landmarks.located[row]:
            column, line = plane.px_from_mm(landmarks.points_mm[row]).tolist()
            points[name] = (float(column), float(line))
    return points


def _wanted(project: "Project", *, model: ProjectModel, case: str) -> _Wanted:
    """Return what a picture is made of; `ProjectError` where the case is gone."""
    marked = next((one.case for one in read_learn_input(project.path).cases if one.case.name == case), None)
    at = said = None
    if marked is not None:
        cases = project.cases(project.case_ids())
        at = next((one for one in cases if (one.path, one.series) == (marked.image_path, marked.series)), None)
    if at is not None:
        said = latest([one for one in project.readings(at.id) if one.reader.kind is ReaderKind.PERSON])
    if at is None or said is None:
        raise ProjectError(f"{case} is no longer among the marked cases.", "Its picture cannot be shown.")
    parent = project.models.get(model.parent_sha256) if model.parent_sha256 else None
    old = file_of(project, parent) if parent is not None else _bundled(model.parent_sha256)
    task = task_of(at, None, where_unknown_mm=size_where_unknown_mm(project))
    truth = said.landmarks if at.geometry is None else said.on(at.geometry)
    return _Wanted(at.id, case, truth, task, old, file_of(project, model))


def _bundled(sha256: str) -> Path | None:
    """Return the model that comes with Cairn whose file has that digest, None where there is none."""
    return next((path for path in bundled_models() if digest_of(path) == sha256), None)
