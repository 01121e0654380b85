"""The model files of a project: finding them, making sure that they are what the project knows, and that a person trusts them.

Reads files: for jobs and command lines, never for the main thread. Loads no model.
"""

import shutil
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.desk.trusted_models import TrustedModels
from core.base.errors import ModelFileError, ProjectError
from core.base.files import reason_of, sha256_of, written_whole
from core.project.models import ProjectModel
from core.project.paths import models_folder

if TYPE_CHECKING:
    from core.project.store import Project

SUFFIX = ".pt"


class UntrustedModel(ModelFileError):
    """A project names a model that was made on another computer, and nobody has said yet that they trust it.

    Attributes
    ----------
    model
        Which one.
    """

    def __init__(self, model: ProjectModel) -> None:
        super().__init__(
            f"This project is localized by {model.name}, which was not made on this computer.",
            "A model file contains code. Use it only if you trust where the project came from.",
        )
        self.model = model


def model_in_use(project: "Project", ndim: int, trusted: TrustedModels) -> Path | None:
    """Return the file of the model by which a project localizes images of a rank, None where it names none.

    Raises
    ------
    UntrustedModel
        Nobody has said that they trust it.
    ModelFileError
        Its file is gone, or has changed.
    """
    model = project.models.in_use(ndim)
    if model is None:
        return None
    path = file_of(project, model)
    if not trusted.knows(model.sha256):
        raise UntrustedModel(model)
    return path


def models_in_use(project: "Project", trusted: TrustedModels) -> dict[int, Path]:
    """Return the files of the models by which a project localizes images, by rank; raises as `model_in_use` does."""
    found = {ndim: model_in_use(project, ndim, trusted) for ndim in (2, 3)}
    return {ndim: path for ndim, path in found.items() if path is not None}


def file_of(project: "Project", model: ProjectModel) -> Path:
    """Return where the file of a project's model is, also where it moved along with the project.

    Raises
    ------
    ModelFileError
        It is gone, or has changed.
    """
    candidates = dict.fromkeys((model.path, models_folder(project.path) / model.path.name))
    there = [path for path in candidates if path.is_file()]
    for path in there:
        with suppress(OSError):
            if digest_of(path) == model.sha256:
                return path
    what = "has changed since it was made" if there else "is gone"
    raise ModelFileError(
        f"The model {model.name} of this project {what} ({model.path}).",
        "Bring the file back, or let the project use another model.",
    )


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; one that has not changed since is not read again. `OSError` where it cannot be read."""
    state = path.stat()
    return _digest_of(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=64)
def _digest_of(path: Path, *_state_of_the_file: int) -> str:
    return sha256_of(path)


def free_model_path(project_path: Path) -> Path:
    """Return where the next model of a project is written: ``NAME models/NAME 3.pt``."""
    folder = models_folder(project_path)
    number = 1
    while any(folder.glob(f"{_escaped(f'{project_path.stem} {number}')}.*")):
        number += 1
    return folder / f"{project_path.stem} {number}{SUFFIX}"


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def bring_along(project: "Project", folder: Path) -> None:
    """Copy the models of a project that lie in ``folder`` beside it, since that folder goes.

    Raises
    ------
    ProjectError
        One cannot be copied; the project still finds it where it was.
    """
    for model in project.models.all():
        if model.path.parent == folder and model.path.is_file():
            project.models.put(replace(model, path=_copied(project, model.path)))


def beside(project: "Project", path: Path) -> Path:
    """Return where a model lies beside its project; one that was made elsewhere is moved there, or stays where it cannot be."""
    if path.parent == models_folder(project.path):
        return path
    with suppress(ProjectError):
        target = _copied(project, path)
        path.unlink(missing_ok=True)
        return target
    return path


def _copied(project: "Project", path: Path) -> Path:
    """Copy a model beside a project, under a name that is free there."""
    target = models_folder(project.path) / path.name
    if target.exists():
        target = free_model_path(project.path)
    try:
        with written_whole(target) as temporary:
            shutil.copyfile(path, temporary)
    except OSError as error:
        raise ProjectError(
            f"The model {path.name} cannot be copied beside the project ({reason_of(error)}).",
            f"Make room on its disk. The model stays in {path.parent}.",
        ) from error
    return target
