"""The command ``cairn project analyses``: what analyses a project has, putting them in, taking them out, saving them as files.

Parses arguments, opens projects and prints; `app.commands.project` makes a command of it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.project_options import Json, ProjectArgument
from app.commands.project_printing import say_json
from core.base.errors import AppError, ProjectError
from core.base.files import reason_of, written_whole
from core.base.wording import counted
from core.project.analyses import ProjectAnalysis
from core.project.store import Project

if TYPE_CHECKING:
    from core.measuring.analysis import Analysis


def analyses(
    project: ProjectArgument,
    add: Annotated[
        list[Path] | None, typer.Option("--add", metavar="FILE", help="Put the analysis of a .toml file into it.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another one of the same name.")
    ] = False,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Take an analysis out of it.")
    ] = None,
    save: Annotated[
        str | None, typer.Option("--save", metavar="NAME", help="Save an analysis of it as the file --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where --save writes.")] = None,
    json: Json = False,
) -> None:
    """List the analyses of a project, put some in, take some out or save one; cairn measure measures by them."""
    if (save is None) != (out is None):
        raise typer.BadParameter("--save and --out belong together")
    if add or remove:
        new = [_read(path) for path in add or []]
        with Project.open(project) as opened, opened.transaction():
            for name in remove or []:
                _named(opened, name)
                opened.analyses.remove(name)
            _put(opened, new, replacing=replace)
        for _, analysis in new:
            typer.echo(f"Put {analysis.name} into {project}.")
        for name in remove or []:
            typer.echo(f"Took {name} out of {project}.")
    if save is not None and out is not None:
        with Project.open(project, read_only=True) as opened:
            _write(out, _named(opened, save).text)
        typer.echo(f"Wrote {save} to {out}.")
    if not (add or remove or save):
        _list(project, json=json)


def _read(path: Path) -> "tuple[str, Analysis]":
    from core.measuring.file import SUFFIX, parse_analysis, read_analysis_text

    if path.suffix.lower() != SUFFIX:
        raise ProjectError(f"{path} is no {SUFFIX} file.", "Give the file of an analysis.")
    text = read_analysis_text(path)
    return text, parse_analysis(text, path.name)


def _put(project: Project, new: "list[tuple[str, Analysis]]", *, replacing: bool) -> None:
    for text, analysis in new:
        there = project.analyses.get(analysis.name)
        if there is not None and there.text != text and not replacing:
            raise ProjectError(
                f"The project has another analysis called {analysis.name}.",
                "Give --replace to put this one in its place.",
            )
        project.analyses.put(ProjectAnalysis(analysis.name, analysis.ndim, text))


def _named(project: Project, name: str) -> ProjectAnalysis:
    found = project.analyses.get(name)
    if found is None:
        known = ", ".join(one.name for one in project.analyses.all())
        raise ProjectError(f"The project has no analysis {name}.", f"It has: {known or 'none'}.")
    return found


def _list(path: Path, *, json: bool) -> None:
    from core.measuring.file import AnalysisError, parse_analysis

    with Project.open(path, read_only=True) as opened:
        kept = opened.analyses.all()
    values: list[dict[str, object]] = []
    for one in kept:
        problem, title = "", ""
        try:
            title = parse_analysis(one.text, f"{one.name} of this project").title
        except AnalysisError as error:
            problem = f"{error.message} {error.hint or ''}".strip()
        values.append({"name": one.name, "ndim": one.ndim, "title": title, "changed": one.changed, "problem": problem})
    if json:
        say_json(values)
        return
    for value in values:
        typer.echo(f"{value['name']}: {value['problem'] or value['title']} ({value['ndim']}D)")
    typer.echo(f"{counted(len(values), 'analysis', 'analyses')}.")


def _write(path: Path, text: str) -> None:
    try:
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error
