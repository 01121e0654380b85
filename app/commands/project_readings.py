"""The commands ``cairn project …`` about readings as a whole: import, export, merging, agreement, checks.

Parses arguments, opens projects and prints; `app.commands.project` makes commands of these functions.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.project_options import Json, ProjectArgument, SchemeFrom, StateOption, states_of
from app.commands.project_printing import say_checked, say_json
from core.base.command_line import EXIT_BAD_INPUT
from core.base.errors import ProjectError
from core.base.wording import counted
from core.project.cases import CaseQuery
from core.project.store import Project

if TYPE_CHECKING:
    from core.project.merge import Merged


def export(
    project: ProjectArgument,
    form: Annotated[
        str, typer.Option("--format", metavar="KEY", help="Such as csv or coco; an unknown one lists all.")
    ],
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
    """Write the landmarks of all cases in one format.

    Excluded cases are left out.
    """
    from app.commands.project_agreement import reader_named
    from core.project.exchange import export as exported

    with Project.open(project, read_only=True) as opened:
        whose = None if reader is None else reader_named(opened, reader)
        ids = opened.case_ids(CaseQuery(states=states_of(state), excluded=False))
        count, notes = exported(opened, ids, out, form, whose, everybody=everybody)
    for note in notes:
        typer.echo(note, err=True)
    typer.echo(f"Wrote {counted(count, 'reading')} to {out}.")


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


def merge(
    project: ProjectArgument,
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="A colleague's copy; it is only read.")],
    json: Json = False,
) -> None:
    """Bring what another copy says into a project.

    Nothing is overwritten: what was changed in both is kept side by side, and named.
    """
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
                "free_measurements": done.measurements, "analyses": done.analyses, "models": done.models,
                "notes": done.notes,
            }
        )  # fmt: skip
        return
    typer.echo(
        f"Merged {other} into {project}: {counted(done.cases, 'new case')}, {counted(done.readings, 'new reading')}, "
        f"{done.continued} continued, {counted(len(done.conflicts), 'conflict')}{_more_told(done)}."
    )
    for one in done.conflicts:
        typer.echo(
            f"  {one.case_name}: {one.reader.name} has changed it here and in the copy, which is kept as “{one.kept_as.name}”."
        )
    for note in done.notes:
        typer.echo(f"  {note}")


def _more_told(done: "Merged") -> str:
    """Return what a merge has brought besides readings, where it has."""
    said = f", {counted(done.measurements, 'free measurement')}" if done.measurements else ""
    said += f", {counted(done.analyses, 'new analysis', 'new analyses')}" if done.analyses else ""
    return said + (f", {counted(done.models, 'new model')}" if done.models else "")


def agreement(
    project: ProjectArgument,
    readers: Annotated[str, typer.Option("--readers", metavar="A,B", help="Two persons, or a person and a model.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the tables and the figure.")],
) -> None:
    """Say how far two readers agree.

    Distances, limits of agreement, ICC(2,1), Dahlberg's error and the worst cases, in two tables and a figure.
    """
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
    """Look whether file and images of a project are sound.

    Images must be where they were, with the content that they had when they were read.
    """
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
