"""The command ``cairn learn``: from marked cases to a model, as a person types it and as the window starts it.

`core.learning.course` does the work; this reads the cases, passes on wishes to stop, and shows what is told.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer
from rich.console import Console

from app.commands.spacing import spacing_mm_of
from core.base.command_line import EXIT_INTERRUPTED
from core.base.errors import AppError
from core.base.interruption import interruptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.learning.course_events import Event
    from core.learning.course_request import Outcome, Stop


def learn(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT.cairn|LIST.csv",
            help="Project, whose cases marked as done count; or a list: image,landmarks and, if you like, split,group,spacing.",
        ),
    ],
    minutes: Annotated[float, typer.Option("--minutes", metavar="M", help="Time to learn in, all included.")],
    out: Annotated[Path, typer.Option("--out", metavar="MODEL.pt", help="The model file to write.")],
    start: Annotated[
        Path | None, typer.Option("--from", metavar="MODEL.pt", help="Model to go on from; none to learn from nothing.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print an object a line for a program; a line “stop” keeps the best and ends."),
    ] = False,
    spacing: Annotated[
        str | None,
        typer.Option("--spacing", metavar="MM[,MM[,MM]]", help="Pixel size of images that do not know theirs."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Processor threads to learn with.")
    ] = None,
) -> None:
    """Learn a model from images whose landmarks are marked.

    Ctrl-C ends early and keeps the best; a second time it saves and leaves. Given again, the same command goes on where it was
    stopped or killed.
    """
    from app.commands.learn_stopping import Stopping, listen

    stopping = Stopping()
    with interruptions(stopping.keep):
        spacing_mm = None if spacing is None else spacing_mm_of(spacing)
        if json:
            listen(stopping)
            outcome = _told_in_lines(
                lambda tell: _learn(source, minutes, out, start, spacing_mm, device, threads, tell, stopping.wished),
                stopping.leave,
            )
        else:
            outcome = _shown(
                lambda tell: _learn(source, minutes, out, start, spacing_mm, device, threads, tell, stopping.wished)
            )
    if outcome.model is None:
        raise typer.Exit(EXIT_INTERRUPTED)


def _learn(
    source: Path,
    minutes: float,
    out: Path,
    start: Path | None,
    spacing_mm: tuple[float, ...] | None,
    device: str,
    threads: int | None,
    tell: "Callable[[Event], None]",
    wished: "Callable[[], Stop]",
) -> "Outcome":
    """Read the cases and learn from them."""
    import torch

    from app.desk.learn_input import read_learn_input
    from core.learning.course import learn as run_course
    from core.learning.course_request import LearnRequest

    if threads is not None:
        torch.set_num_threads(threads)
    read = read_learn_input(source, spacing_mm)
    request = LearnRequest(
        read.cases,
        minutes,
        out,
        start=start,
        landmarks=read.landmarks,
        partners=read.partners,
        unit=read.unit,
        left_out=read.left_out,
        source=str(source.resolve()),
        device=device,
        spent_s=max(0.0, time.time() - psutil.Process().create_time()),
    )
    return run_course(request, tell, wished)


def _told_in_lines(run: "Callable[[Callable[[Event], None]], Outcome]", on_silence: "Callable[[], None]") -> "Outcome":
    """Learn, and write a line for each event; of a problem too."""
    from app.commands.learn_printing import LinePrinter
    from core.learning.course_events import Failed

    def write(line: str) -> None:
        sys.stdout.write(line)
        sys.stdout.flush()

    printer = LinePrinter(write, on_silence)
    try:
        return run(printer.tell)
    except AppError as error:
        printer.tell(Failed(sentence=error.message, hint=error.hint))
        raise
    except Exception as error:
        printer.tell(Failed(sentence=f"Learning was stopped by an error in the program ({type(error).__name__})."))
        raise


def _shown(run: "Callable[[Callable[[Event], None]], Outcome]") -> "Outcome":
    """Learn, and show a person how far it is and how good the model became."""
    from app.commands.learn_printing import LearnDisplay, comparison_lines, comparison_table, progress_bar

    console = Console(stderr=True)
    with progress_bar(console) as bar:
        outcome = run(LearnDisplay(console, bar).tell)
    if outcome.model is None or outcome.comparison is None:
        typer.echo("Stopped; the same command goes on.", err=True)
        return outcome
    early = ", ended early" if outcome.stopped_early else ""
    typer.echo(f"Wrote {outcome.model}{early}.")
    for line in comparison_lines(outcome.comparison):
        typer.echo(line)
    Console().print(comparison_table(outcome.comparison))
    return outcome
