"""What lies on the disk, and stands in the project, while a project's networks learn: the cases as they were, the model to come.

Runs in the writer's thread and in jobs. Starts nothing: `app.desk.learning_process` does.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.desk.learning_process import LearningTask
from app.desk.project_model import beside, digest_of, free_model_path
from core.base.errors import AppError, ProjectError
from core.base.files import reason_of
from core.base.wording import counted
from core.learning.course_events import Done
from core.models.metadata import read_model_info
from core.project.models import ProjectModel
from core.project.paths import SUFFIX, models_folder

if TYPE_CHECKING:
    from core.project.store import Project

_SETTING = "learning under way"


@dataclass(frozen=True)
class Start:
    """A model that learning can go on from.

    Attributes
    ----------
    path
        Its file.
    title
        What it is called.
    sha256
        Digest of its file.
    in_use
        Whether the project is localized by it.
    bundled
        Whether it comes with Cairn.
    """

    path: Path
    title: str
    sha256: str
    in_use: bool = False
    bundled: bool = False


@dataclass(frozen=True)
class LearnWish:
    """The answer that something is to be learnt.

    Attributes
    ----------
    minutes
        Granted.
    start
        What it goes on from; None to begin from scratch.
    """

    minutes: float
    start: Start | None = None


@dataclass(frozen=True)
class Unfinished:
    """Something that is learnt, or was begun and can go on.

    Attributes
    ----------
    task
        What is learnt.
    start_title, start_sha256
        What it goes on from; both empty where it began from scratch.
    """

    task: LearningTask
    start_title: str = ""
    start_sha256: str = ""


@dataclass(frozen=True)
class LeftBehind:
    """What an earlier window has left in a project.

    Attributes
    ----------
    unfinished
        What can go on, None where nothing.
    waiting
        The last model that nobody has decided about yet, None where there is none.
    """

    unfinished: Unfinished | None = None
    waiting: ProjectModel | None = None


def set_out(project: "Project", wish: LearnWish) -> Unfinished:
    """Make room for a new model beside the project, with a copy of the cases as they are now.

    Raises
    ------
    ProjectError
        Nothing can be written there.
    """
    out = free_model_path(project.path)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(
            f"The folder {out.parent}, in which models are kept, cannot be made ({reason_of(error)}).",
            "Save the project where it can be written.",
        ) from error
    cases = out.with_suffix(f".cases{SUFFIX}")
    project.save_copy(cases)
    start = wish.start
    task = LearningTask(cases, out, wish.minutes, None if start is None else start.path)
    begun = Unfinished(task, "" if start is None else start.title, "" if start is None else start.sha256)
    project.set_setting(_SETTING, _values(begun))
    return begun


def left_behind(project: "Project") -> LeftBehind:
    """Return what an earlier window has left in a project."""
    waiting = [model for model in project.models.all() if model.waits]
    return LeftBehind(_unfinished(project), waiting[-1] if waiting else None)


def _unfinished(project: "Project") -> Unfinished | None:
    said: dict[str, Any] | None = project.setting(_SETTING)
    if not said:
        return None
    out = Path(said["out"])
    if not out.with_suffix(f".cases{SUFFIX}").is_file():
        out = models_folder(project.path) / out.name  # it moved along with the project
    cases = out.with_suffix(f".cases{SUFFIX}")
    start = Path(said["start"]) if said["start"] else None
    if not cases.is_file() or project.read_only_because:
        return None
    task = LearningTask(cases, out, float(said["minutes"]), start)
    return Unfinished(task, said["start_title"], said["start_sha256"])


def _values(begun: Unfinished) -> dict[str, Any]:
    task = begun.task
    return {
        "out": str(task.out),
        "minutes": task.minutes,
        "start": "" if task.start is None else str(task.start),
        "start_title": begun.start_title,
        "start_sha256": begun.start_sha256,
    }


def take_in(project: "Project", unfinished: Unfinished, done: Done) -> ProjectModel:
    """Put a model that was learnt into the project, for a person to decide about, and remove what it was made from.

    Raises
    ------
    ProjectError
        It cannot be read, or nothing can be written.
    """
    path = beside(project, Path(done.model))
    try:
        info, digest = read_model_info(path), digest_of(path)
    except (AppError, OSError) as error:
        raise ProjectError(
            f"The model that was learnt cannot be read: {error}", f"Look for it in {path.parent}."
        ) from error
    cases = done.comparison.cases
    early = ", stopped early" if done.stopped_early else ""
    model = ProjectModel(
        digest, info.title, path, info.ndim, unfinished.start_sha256,
        note=f"{unfinished.task.minutes:g} minutes{early}, checked with {counted(cases, 'case')}",
        comparison=done.comparison.model_dump_json(), waits=True,
    )  # fmt: skip
    with project.transaction():
        project.models.put(model)
        project.set_setting(_SETTING, None)
    _remove(unfinished.task)
    return project.models.get(digest) or model


def tidy_up(project: "Project", unfinished: Unfinished) -> None:
    """Forget what was under way, and remove what it has left."""
    project.set_setting(_SETTING, None)
    _remove(unfinished.task)


def tidy_up_unless_begun(project: "Project", unfinished: Unfinished) -> None:
    """Do as `tidy_up` where nothing was learnt yet; what was, on a disk that is full by now, can go on later."""
    folder = unfinished.task.work_folder
    if not folder.is_dir() or not any(folder.iterdir()):
        tidy_up(project, unfinished)


def _remove(task: LearningTask) -> None:
    shutil.rmtree(task.work_folder, ignore_errors=True)
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):  # it is of no more use, and no harm
            task.cases.with_name(f"{task.cases.name}{end}").unlink(missing_ok=True)
