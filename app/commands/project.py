"""The commands ``cairn project …``: what the desk does, without a window.

Parses arguments, opens projects and prints; what is done stands in the modules ``project_…`` and in `core.project`. Imports
neither Qt nor torch by itself.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.project_analyses import analyses
from app.commands.project_models import models
from app.commands.project_next import next_
from app.commands.project_options import (
    Json,
    Lists,
    ProjectArgument,
    ReaderOption,
    SchemeFrom,
    Skip,
    Sources,
    Spacing,
    StateOption,
    states_of,
)
from app.commands.project_printing import (
    case_values,
    free_values,
    project_values,
    reading_values,
    say_cases,
    say_free,
    say_json,
    say_reading,
    state_name,
)
from app.commands.project_readings import agreement, check, export, import_, merge
from core.base.command_line import EXIT_BAD_INPUT, EXIT_INTERRUPTED
from core.base.errors import ProjectError
from core.base.wording import counted
from core.project.case_list import parse_spacing
from core.project.cases import Case, CaseQuery
from core.project.store import Project

if TYPE_CHECKING:
    from core.project.additions import Added

project_commands = typer.Typer(
    name="project",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Work with many cases kept in one file: cases, what readers and models say of them, and its history.",
)


class Device(StrEnum):
    """Where the networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


@project_commands.command()
def new(
    project: ProjectArgument,
    images: Sources = None,
    lists: Lists = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme", metavar="NAME|FILE", help="A bundled scheme, or a file that tells what landmarks are called."
        ),
    ] = None,
    reader: ReaderOption = "imported",
    spacing: Spacing = None,
    skip: Skip = False,
    scheme_from: SchemeFrom = None,
) -> None:
    """Make a project of images, folders, DICOM studies or lists of cases."""
    from app.commands.project_adding import Request, make

    request = Request(tuple(images or ()), tuple(lists or ()), scheme, reader, _spacing_mm(spacing), skip, scheme_from)
    path, added = make(project, request, Console(stderr=True))
    typer.echo(f"Made {path}: {_told(added)}.")


@project_commands.command()
def add(
    project: ProjectArgument,
    images: Sources = None,
    lists: Lists = None,
    reader: ReaderOption = "imported",
    spacing: Spacing = None,
    skip: Skip = False,
    scheme_from: SchemeFrom = None,
) -> None:
    """Add cases to a project; those that are in it stay as they are."""
    from app.commands.project_adding import Request, add_to

    if not images and not lists:
        raise typer.BadParameter("Nothing is to be added: name images, or a list with --list")
    request = Request(tuple(images or ()), tuple(lists or ()), None, reader, _spacing_mm(spacing), skip, scheme_from)
    with Project.open(project) as opened:
        added = add_to(opened, request, Console(stderr=True))
    typer.echo(f"Added to {project}: {_told(added)}.")


@project_commands.command("list")
def list_(
    project: ProjectArgument,
    state: StateOption = None,
    text: Annotated[str, typer.Option("--text", help="Only cases with this in name, note, group or path.")] = "",
    json: Json = False,
) -> None:
    """List the cases of a project."""
    with Project.open(project, read_only=True) as opened:
        query = CaseQuery(text=text, states=states_of(state))
        cases = opened.cases(opened.case_ids(query))
        if json:
            say_json({**project_values(opened), "listed": [case_values(case) for case in cases]})
            return
        say_cases(cases)
        counts = ", ".join(f"{count} {state_name(of)}" for of, count in opened.counts().items() if count)
        typer.echo(f"{counted(len(cases), 'case')} listed. In the project: {counts or 'none'}.")


@project_commands.command()
def show(
    project: ProjectArgument,
    case: Annotated[str, typer.Argument(metavar="CASE", help="Name or number of a case.")],
    reader: Annotated[str | None, typer.Option("--reader", metavar="NAME", help="Only what this reader said.")] = None,
    json: Json = False,
) -> None:
    """Show what is known of a case, and what was said of it."""
    from app.commands.project_agreement import reader_named

    with Project.open(project, read_only=True) as opened:
        found = case_named(opened, case)
        readings = opened.readings(found.id)
        if reader is not None:
            wanted = reader_named(opened, reader)
            readings = [reading for reading in readings if reading.reader == wanted]
        drawn = [one for one in opened.free_measurements.of_case(found.id) if reader is None or one.reader == wanted]
        if json:
            told = {
                "readings": [reading_values(reading) for reading in readings],
                "free_measurements": free_values(drawn),
            }
            say_json({**case_values(found), **told})
            return
        say_cases([found])
        typer.echo(str(found.path))
        for reading in readings:
            typer.echo("")
            say_reading(reading)
        if drawn:
            typer.echo("")
            say_free(drawn)


def case_named(project: Project, name: str) -> Case:
    """Return the case of that name or number; `ProjectError` where there is none, or several."""
    ids = [
        case.id
        for case in project.cases(project.case_ids(CaseQuery(text=name)))
        if name.casefold() in (case.name.casefold(), case.path.name.casefold())
    ]
    if not ids and name.isdecimal():
        ids = [case.id for case in project.cases([int(name)])]
    if len(ids) != 1:
        wrong = f"There is no case {name}" if not ids else f"There are {len(ids)} cases called {name}"
        hint = "cairn project list shows them." if not ids else f"Say which by its number: {', '.join(map(str, ids))}."
        raise ProjectError(f"{wrong} in {project.path.name}.", hint)
    return project.case(ids[0])


@project_commands.command()
def localize(
    project: ProjectArgument,
    cases: Annotated[list[str] | None, typer.Argument(metavar="CASES", help="Only these, by name or number.")] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, metavar="N", help="Child processes; as many as fit where omitted.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Model file; the project's own, else the bundled one that fits, where omitted.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option("--device", help="Where the networks run.")] = Device.AUTO,
    again: Annotated[bool, typer.Option("--again", help="Localize cases anew that a model has localized.")] = False,
    json: Json = False,
) -> None:
    """Find the landmarks of the cases that have none from a model yet; what persons said stays as it is."""
    from app.commands.project_localizing import Report, Request, cases_to_localize, localize_cases
    from app.desk.project_model import models_in_use
    from app.desk.trusted_models import TrustedModels, trusted_models_path
    from core.models.metadata import read_model_info

    report = Report()
    with Project.open(project) as opened:
        if opened.read_only_because:
            raise ProjectError(
                f"{project.name} cannot be changed. {opened.read_only_because}", "Close the other first."
            )
        own = {} if model is not None else models_in_use(opened, TrustedModels(trusted_models_path()))
        by_rank = own if model is None else dict.fromkeys((2, 3), model)
        answering = {ndim: read_model_info(path).title for ndim, path in by_rank.items()}
        chosen = (
            [case_named(opened, name) for name in cases] if cases else cases_to_localize(opened, answering, again=again)
        )
        try:
            with _Bar(len(chosen)) as bar:
                request = Request(workers, by_rank, device.value, again)
                localize_cases(opened, chosen, request, report, lambda said: bar.show(said.done + said.failed))
        except KeyboardInterrupt:
            typer.echo(
                f"cairn: Stopped. {counted(report.localized, 'case')} of {len(chosen)} are kept; the same command goes on.",
                err=True,
            )
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if json:
        failures = [{"case": name, "problem": sentence} for name, sentence in report.failures]
        say_json({"localized": report.localized, "failed": failures})
    else:
        typer.echo(f"Localized {counted(report.localized, 'case')}.")
    if report.failures:
        typer.echo(f"cairn: {counted(len(report.failures), 'case')} could not be localized:", err=True)
        for name, sentence in report.failures:
            typer.echo(f"  {name}: {sentence}", err=True)
        raise typer.Exit(EXIT_BAD_INPUT)


class _Bar:
    """Progress over cases, where a person looks."""

    def __init__(self, total: int) -> None:
        columns = (TextColumn("Localizing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int) -> None:
        self._progress.update(self._task, completed=done)


def _spacing_mm(text: str | None) -> tuple[float, ...] | None:
    spacing_mm = None if text is None else parse_spacing(text)
    if text is not None and spacing_mm is None:
        raise typer.BadParameter(
            "The pixel size given with --spacing must be a number of mm above zero, or one for each axis (0.1x0.2)"
        )
    return spacing_mm


def _told(added: "Added") -> str:
    before = len(set(added.ids)) - added.new
    said = counted(added.new, "new case")
    said += f", {before} that {'was' if before == 1 else 'were'} there already" if before else ""
    said += f", {counted(added.readings, 'reading')}" if added.readings else ""
    if added.kept:
        said += f"; of {counted(len(added.kept), 'case')} the same reader had said something else, which stays"
    return said


for _command in (export, merge, agreement, check):
    project_commands.command()(_command)
project_commands.command()(analyses)
project_commands.command()(models)
project_commands.command("next")(next_)
project_commands.command("import")(import_)
