"""The command ``cairn project models``: which models a project has, where they came from, and by which it is localized.

Parses arguments, opens projects and prints; `app.commands.project` makes a command of it. Loads no model.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.project_options import Json, ProjectArgument
from app.commands.project_printing import say_json, say_table
from app.desk.project_model import UntrustedModel, digest_of, file_of
from app.desk.trusted_models import TrustedModels, trusted_models_path
from core.base.errors import AppError, ProjectError
from core.base.files import reason_of
from core.base.wording import counted
from core.models.metadata import read_model_info
from core.project.models import ProjectModel
from core.project.store import Project

_LEAST_DIGITS = 6


def models(
    project: ProjectArgument,
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="FILE", help="Let the project know a model file that you trust."),
    ] = None,
    use: Annotated[
        list[str] | None,
        typer.Option("--use", metavar="NAME", help="Localize images of its rank by this model from now on."),
    ] = None,
    bundled: Annotated[
        list[int] | None,
        typer.Option("--bundled", metavar="2|3", min=2, max=3, help="Go back to the model that comes with Cairn."),
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option("--forget", metavar="NAME", help="Forget a model; its file stays where it is.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Trust the models that --use names, although they were made elsewhere.")
    ] = False,
    json: Json = False,
) -> None:
    """List the models of a project, say by which it is localized, or forget some; NAME may be the beginning of the SHA-256."""
    trusted = TrustedModels(trusted_models_path())
    if not (add or use or bundled or forget):
        _list(project, json=json)
        return
    told: list[str] = []
    with Project.open(project) as opened, opened.transaction():
        told += [_add(opened, path, trusted) for path in add or []]
        told += [_use(opened, _named(opened, name), trusted, trusts=trust) for name in use or []]
        for ndim in bundled or []:
            opened.models.use_none(ndim)
            told.append(f"{ndim}D images are localized by the model that comes with Cairn.")
        for name in forget or []:
            model = _named(opened, name)
            opened.models.remove(model.sha256)
            told.append(f"Forgot {model.name}. Its file stays: {model.path}")
    for sentence in told:
        typer.echo(sentence)


def _add(project: Project, path: Path, trusted: TrustedModels) -> str:
    info = read_model_info(path)
    try:
        sha256 = digest_of(path)
    except OSError as error:
        raise AppError(f"{path} cannot be read ({reason_of(error)}).", "Check the file.") from error
    known = project.models.get(sha256)
    if known is None:
        project.models.put(ProjectModel(sha256, info.title, path.absolute(), info.ndim))
    trusted.trust(sha256)
    return f"Added {info.title}." if known is None else f"{info.title} is known already."


def _use(project: Project, model: ProjectModel, trusted: TrustedModels, *, trusts: bool) -> str:
    file_of(project, model)
    if not trusted.knows(model.sha256):
        if not trusts:
            raise ProjectError(str(UntrustedModel(model)), "Give --trust to say that you do.")
        trusted.trust(model.sha256)
    project.models.use(model.sha256)
    return f"{model.ndim}D images are localized by {model.name} from now on."


def _named(project: Project, name: str) -> ProjectModel:
    known = project.models.all()
    found = [one for one in known if one.name.casefold() == name.casefold()]
    if not found and len(name) >= _LEAST_DIGITS:
        found = [one for one in known if one.sha256.startswith(name.lower())]
    if len(found) != 1:
        wrong = f"There are {len(found)} models called {name}" if found else f"There is no model {name}"
        ways = ", ".join(one.sha256[:8] for one in found) or ", ".join(one.name for one in known) or "none"
        hint = f"Say which by the beginning of its SHA-256: {ways}." if found else f"The project knows: {ways}."
        raise ProjectError(f"{wrong} in {project.path.name}.", hint)
    return found[0]


def _list(path: Path, *, json: bool) -> None:
    with Project.open(path, read_only=True) as opened:
        kept = opened.models.all()
        in_use = {model.sha256 for ndim in (2, 3) if (model := opened.models.in_use(ndim)) is not None}
    names = {one.sha256: one.name for one in kept}
    if json:
        say_json([_values(one, in_use=one.sha256 in in_use) for one in kept])
        return
    rows = [
        (
            one.name, f"{one.ndim}D", _state(one, in_use=one.sha256 in in_use), names.get(one.parent_sha256, ""),
            one.added[:10], one.sha256[:8], one.note, str(one.path),
        )
        for one in kept
    ]  # fmt: skip
    if rows:
        say_table(("model", "rank", "state", "went on from", "added", "sha256", "note", "file"), rows)
    typer.echo(f"{counted(len(rows), 'model')}.")


def _state(model: ProjectModel, *, in_use: bool) -> str:
    return "in use" if in_use else "to be decided" if model.waits else "kept"


def _values(model: ProjectModel, *, in_use: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "ndim": model.ndim,
        "sha256": model.sha256,
        "file": str(model.path),
        "parent_sha256": model.parent_sha256,
        "added": model.added,
        "note": model.note,
        "in_use": in_use,
        "to_be_decided": model.waits,
    }
