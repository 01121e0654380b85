"""The commands ``cairn project …``: what the desk does, without a window.

Parses arguments, opens projects and prints; what is done stands in the modules ``project_…`` and in `core.project`. Imports
neither Qt nor torch by itself.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.project_printing import (
    STATES,
    case_values,
    counted,
    project_values,
    reading_values,
    say_cases,
    say_checked,
    say_json,
    say_reading,
    state_name,
)
from core.base.command_line import EXIT_BAD_INPUT, EXIT_INTERRUPTED
from core.base.errors import ProjectError
from core.landmark_files.collection_formats import WRITABLE_KEYS
from core.project.additions import Added
from core.project.case_list import parse_spacing
from core.project.cases import Case, CaseQuery, CaseState
from core.project.store import Project
from core.schemes.comparison import Fit

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


ProjectArgument = Annotated[Path, typer.Argument(metavar="PROJECT", help="Project file, NAME.cairn.")]
Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="IMAGES", help="Image files, folders, DICOM studies, lists of cases, folders of the ISBI challenge."
    ),
]
Lists = Annotated[
    list[Path] | None,
    typer.Option("--list", metavar="CSV", help="List of cases: image,landmarks,split,group,spacing,reader."),
]
ReaderOption = Annotated[
    str, typer.Option("--reader", metavar="NAME", help="Whose the landmarks are of which no file says it.")
]
Spacing = Annotated[
    str | None,
    typer.Option("--spacing", metavar="MM[xMM[xMM]]", help="Pixel size of images that do not know theirs."),
]
Skip = Annotated[bool, typer.Option("--skip", help="Leave out what cannot be read, and go on.")]
SchemeFrom = Annotated[
    Fit | None,
    typer.Option("--scheme-from", help="Whose names hold where landmarks do not fit the scheme of the project."),
]
StateOption = Annotated[
    str | None, typer.Option("--state", metavar="STATE[,…]", help=f"Only cases that are {', '.join(STATES)}.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


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
        query = CaseQuery(text=text, states=frozenset(_states(state)))
        cases = opened.cases(opened.case_ids(query))
        if json:
            say_json({**project_values(opened), "listed": [case_values(case) for case in cases]})
            return
        say_cases(cases)
        counts = ", ".join(f"{count} {state_name(of)}" for of, count in opened.counts().items() if count)
        typer.echo(f"{counted(len(cases), 'case')} listed. In the project: {counts or 'none'}.")


def _states(text: str | None) -> list[CaseState]:
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in STATES]
    if unknown:
        raise typer.BadParameter(f"There is no state {unknown[0]}; states are {', '.join(STATES)}")
    return [STATES[name] for name in names]


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
        if json:
            say_json({**case_values(found), "readings": [reading_values(reading) for reading in readings]})
            return
        say_cases([found])
        typer.echo(str(found.path))
        for reading in readings:
            typer.echo("")
            say_reading(reading)


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
        typer.Option("--model", metavar="FILE", help="Model file; the bundled model that fits where omitted."),
    ] = None,
    device: Annotated[Device, typer.Option("--device", help="Where the networks run.")] = Device.AUTO,
    again: Annotated[bool, typer.Option("--again", help="Localize cases anew that a model has localized.")] = False,
    json: Json = False,
) -> None:
    """Find the landmarks of the cases that have none from a model yet; what persons said stays as it is."""
    from app.commands.project_localizing import Report, Request, cases_to_localize, localize_cases
    from core.models.metadata import read_model_info

    answering = "" if model is None else read_model_info(model).title
    report = Report()
    with Project.open(project) as opened:
        if opened.read_only_because:
            raise ProjectError(
                f"{project.name} cannot be changed. {opened.read_only_because}", "Close the other first."
            )
        chosen = (
            [case_named(opened, name) for name in cases] if cases else cases_to_localize(opened, answering, again=again)
        )
        try:
            with _Bar(len(chosen)) as bar:
                request = Request(workers, model, device.value, again)
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


@project_commands.command()
def export(
    project: ProjectArgument,
    form: Annotated[str, typer.Option("--format", metavar="KEY", help=f"One of {', '.join(WRITABLE_KEYS)}.")],
    out: Annotated[Path, typer.Option("--out", metavar="PATH", help="The file, or the new folder, to write.")],
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader", metavar="NAME", help="Whose readings; the person's that was changed last, else the model's."
        ),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="All readings of each case, in the wide tables.")
    ] = False,
    state: StateOption = None,
) -> None:
    """Write the landmarks of all cases in one format; excluded cases are left out."""
    from app.commands.project_agreement import reader_named
    from core.project.exchange import export as exported

    with Project.open(project, read_only=True) as opened:
        whose = None if reader is None else reader_named(opened, reader)
        ids = opened.case_ids(CaseQuery(states=frozenset(_states(state)), excluded=False))
        count, notes = exported(opened, ids, out, form, whose, everybody=everybody)
    for note in notes:
        typer.echo(note, err=True)
    typer.echo(f"Wrote {counted(count, 'reading')} to {out}.")


@project_commands.command("import")
def import_(
    project: ProjectArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file or folder with landmarks of one image or many.")],
    reader: Annotated[str, typer.Option("--reader", metavar="NAME", help="Who says so: a person, or a model.")],
    form: Annotated[
        str | None, typer.Option("--format", metavar="KEY", help="Its format, where Cairn takes it for another.")
    ] = None,
    scheme_from: SchemeFrom = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Put it in the place of what this reader has said before; the history keeps that."
        ),
    ] = False,
    take_spacing: Annotated[
        bool,
        typer.Option("--take-spacing", help="Take over the pixel sizes it gives for images that do not know theirs."),
    ] = False,
) -> None:
    """Read landmarks of the cases of a project from a file or folder."""
    from app.commands.project_adding import import_into

    with Project.open(project) as opened:
        added, notes = import_into(
            opened, file, reader, form, scheme_from, replacing=replace, take_spacing=take_spacing
        )
    for note in notes:
        typer.echo(note, err=True)
    kept = f" Of {counted(len(added.kept), 'case')} {reader} has said something else, which stays; see --replace."
    typer.echo(f"Imported {counted(added.readings, 'reading')} of {reader}.{kept if added.kept else ''}")


@project_commands.command()
def merge(
    project: ProjectArgument,
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="A colleague's copy; it is only read.")],
    json: Json = False,
) -> None:
    """Bring what a colleague's copy says into a project; nothing is overwritten, conflicts are kept side by side and named."""
    from core.project.merge import merge as merged

    with Project.open(project) as opened, Project.open(other, read_only=True) as copy:
        done = merged(opened, copy)
    if json:
        conflicts = [
            {"case": one.case_name, "reader": one.reader.name, "kept_as": one.kept_as.name} for one in done.conflicts
        ]
        say_json(
            {
                "cases": done.cases, "readings": done.readings, "continued": done.continued, "conflicts": conflicts,
                "notes": done.notes,
            }
        )  # fmt: skip
        return
    typer.echo(
        f"Merged {other} into {project}: {counted(done.cases, 'new case')}, {counted(done.readings, 'new reading')}, "
        f"{done.continued} continued, {counted(len(done.conflicts), 'conflict')}."
    )
    for one in done.conflicts:
        typer.echo(
            f"  {one.case_name}: {one.reader.name} has changed it here and in the copy, which is kept as “{one.kept_as.name}”."
        )
    for note in done.notes:
        typer.echo(f"  {note}")


@project_commands.command()
def agreement(
    project: ProjectArgument,
    readers: Annotated[str, typer.Option("--readers", metavar="A,B", help="Two persons, or a person and a model.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables and the figure.")],
) -> None:
    """Say how far two readers agree: distances, limits of agreement, ICC(2,1), Dahlberg's error, the worst cases."""
    from app.commands.project_agreement import FIGURE_FILE, compare, write

    with Project.open(project, read_only=True) as opened:
        result = compare(opened, readers)
        names = {case.id: case.name for case in opened.cases(result.case_ids)}
    written = write(result, names, out)
    for sentence in result.left_out:
        typer.echo(sentence, err=True)
    whole, unit = result.overall, result.unit
    typer.echo(
        f"{result.first.name} and {result.second.name}: {counted(len(result.case_ids), 'case')}, "
        f"{counted(whole.n, 'landmark')}; mean distance {whole.mean:.2f} {unit}, median {whole.median:.2f} {unit}, "
        f"95 % within {whole.p95:.2f} {unit}, Dahlberg's error {whole.dahlberg:.2f} {unit}."
    )
    worst = result.cases[0]
    if worst.n:
        typer.echo(f"The worst case is {names[worst.case_id]}: {worst.worst}, {worst.largest:.2f} {unit}.")
    if whole.presence_differs:
        typer.echo(f"They disagree {counted(whole.presence_differs, 'time')} on whether a landmark is in the image.")
    typer.echo(f"Wrote {', '.join(path.name for path in written)} to {out}.")
    if FIGURE_FILE not in {path.name for path in written}:
        typer.echo("No figure was drawn, since matplotlib is not installed.", err=True)


@project_commands.command()
def check(
    project: ProjectArgument,
    relocate: Annotated[
        Path | None,
        typer.Option(
            "--relocate", metavar="FOLDER", help="Look for missing images here, and say in the project where they are."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Look whether a project's file is sound, and its images are there and as they were when they were read."""
    from core.project.check import check as checked
    from core.project.check import relocate as relocated

    with _opened_to_check(project, read_only=relocate is None) as opened:
        found = checked(opened)
        moved = [] if relocate is None else relocated(opened, found.missing, relocate)
    there = {case.id for case in moved}
    missing = [one for one in found.missing if one.case.id not in there]
    if json:
        say_json(
            {
                "damage": list(found.damage),
                "missing": [
                    {"case": one.case.name, "path": str(one.case.path), "moved_to": one.moved_to and str(one.moved_to)}
                    for one in missing
                ],
                "changed": [{"case": case.name, "path": str(case.path)} for case in found.changed],
                "relocated": [{"case": case.name, "path": str(case.path)} for case in moved],
            }
        )
    else:
        say_checked(found.damage, [(one.case, one.moved_to) for one in missing], found.changed, moved)
    if found.damage or missing or found.changed:
        raise typer.Exit(EXIT_BAD_INPUT)


def _opened_to_check(path: Path, *, read_only: bool) -> Project:
    """Open a project; who is checking it already is not sent to check it."""
    try:
        return Project.open(path, read_only=read_only)
    except ProjectError as error:
        if "cairn project check" in error.hint:
            raise ProjectError(error.message, "Use a copy of it.") from error
        raise


def _spacing_mm(text: str | None) -> tuple[float, ...] | None:
    spacing_mm = None if text is None else parse_spacing(text)
    if text is not None and spacing_mm is None:
        raise typer.BadParameter(
            "The pixel size given with --spacing must be a number of mm above zero, or one for each axis (0.1x0.2)"
        )
    return spacing_mm


def _told(added: Added) -> str:
    before = len(set(added.ids)) - added.new
    said = counted(added.new, "new case")
    said += f", {before} that {'was' if before == 1 else 'were'} there already" if before else ""
    said += f", {counted(added.readings, 'reading')}" if added.readings else ""
    if added.kept:
        said += f"; of {counted(len(added.kept), 'case')} the same reader had said something else, which stays"
    return said
