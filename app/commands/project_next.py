"""The command ``cairn project next``: which unmarked cases to mark next, the most instructive first.

Parses arguments, opens the project and prints; the order is `app.desk.next_case`'s.
"""

from typing import Annotated

import typer

from app.commands.project_options import Json, ProjectArgument
from app.commands.project_printing import counted, say_json, say_table
from app.desk.next_case import next_cases
from core.project.store import Project


def next_(
    project: ProjectArgument,
    count: Annotated[int, typer.Option("--count", min=1, metavar="N", help="How many are wanted.")] = 10,
    at_random: Annotated[bool, typer.Option("--random", help="Draw them at random, whatever a model says.")] = False,
    json: Json = False,
) -> None:
    """Say which cases to mark next: those first from which a model would learn most.

    Cases that nobody has begun count, without those that are excluded or kept for validation and tests. Where no model has read
    any, they are drawn at random.
    """
    with Project.open(project, read_only=True) as opened:
        found = next_cases(opened, at_random=at_random)
        lessons = found.lessons[:count]
        cases = opened.cases([lesson.key for lesson in lessons])
    pairs = list(zip(cases, lessons, strict=True))
    if json:
        listed = [
            {
                "id": case.id,
                "name": case.name,
                "path": str(case.path),
                "worth": round(lesson.worth, 3),
                "why": lesson.why,
            }
            for case, lesson in pairs
        ]
        say_json({"next": listed, "unmarked": len(found.lessons), "read_by_a_model": found.read})
        return
    if not pairs:
        typer.echo("Every case that may be learnt from has been begun.")
        return
    rows = [(str(number), case.name, lesson.why, str(case.path)) for number, (case, lesson) in enumerate(pairs, 1)]
    say_table(("", "name", "why", "image"), rows, ("",))
    typer.echo(f"{counted(len(pairs), 'case')} of {len(found.lessons)} that nobody has begun.")
    if not found.read:
        said = (
            "At random." if at_random else "At random: no model has read any of them; cairn project localize lets one."
        )
        typer.echo(said)
