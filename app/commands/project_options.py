"""Arguments and options that several commands have in common: those of ``cairn project``, and those that measure."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.project_printing import STATES
from core.project.cases import CaseState
from core.schemes.comparison import Fit

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
WhoseReadings = Annotated[
    str | None,
    typer.Option(
        "--reader",
        metavar="NAME",
        help="Whose readings of a project; the person's that was changed last, else the model's.",
    ),
]
NamesOfLandmarks = Annotated[
    str | None,
    typer.Option("--scheme", metavar="NAME|FILE", help="Names of the landmarks in files that have none."),
]
Population = Annotated[
    str, typer.Option("--population", metavar="NAME", help="Whose norms count where there are several.")
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


def states_of(text: str | None) -> frozenset[CaseState]:
    """Return the states that an option names; a usage error where it names something else."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in STATES]
    if unknown:
        raise typer.BadParameter(f"There is no state {unknown[0]}; states are {', '.join(STATES)}")
    return frozenset(STATES[name] for name in names)
