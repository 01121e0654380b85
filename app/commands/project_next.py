"""The command ``cairn project next``: which cases to mark next, of those that nobody has begun.

Parses arguments, opens the project and prints; the order is `app.desk.next_case`'s.
"""

from typing import Annotated

import typer

from app.commands.project_options import Json, ProjectArgument
from app.commands.project_printing import say_json, say_table
from app.desk.next_case import NextOrder, next_cases, why_next
from core.base.wording import counted
from core.project.store import Project


def next_(
    project: ProjectArgument,
    count: Annotated[int, typer.Option("--count", min=1, metavar="N", help="How many are wanted.")] = 10,
    order: Annotated[
        NextOrder,
        typer.Option(
            "--order", help="At random, or those first whose shape, as a model found it, stands for most others."
        ),
    ] = NextOrder.RANDOM,
    json: Json = False,
) -> None:
    """Say which cases to mark next.

    Cases that nobody has begun count, without those that are excluded or kept for validation and tests. Drawn at random, they
    stand for all; by shape, those that no model has read come last.
    """
    with Project.open(project, read_only=True) as opened:
        found = next_cases(opened, order)
        lessons = found.lessons[:count]
        cases = opened.cases([lesson.key for lesson in lessons])
    pairs = list(zip(cases, lessons, strict=True))
    if json:
        listed = [
            {"id": case.id, "name": case.name, "path": str(case.path), "like": lesson.like} for case, lesson in pairs
        ]
        say_json({"next": listed, "unmarked": len(found.lessons), "compared": found.read})
        return
    if not pairs:
        typer.echo("Every case that may be learnt from has been begun.")
        return
    rows = [
        (str(number), case.name, why_next(lesson), str(case.path)) for number, (case, lesson) in enumerate(pairs, 1)
    ]
    say_table(("", "name", "why next", "image"), rows, ("",))
    typer.echo(f"{counted(len(pairs), 'case')} of {len(found.lessons)} that nobody has begun.")
    if order is NextOrder.SHAPE and not found.read:
        typer.echo("At random: no model has read any of them; cairn project localize lets one.")
