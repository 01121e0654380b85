"""The command ``cairn``: opens the viewer, or localizes without one.

Parses arguments and prints results; `core/base/command_line.py` turns problems into sentences and exit codes. Imports neither Qt
nor torch by itself: ``cairn info`` answers at once, and ``cairn localize`` runs where Qt cannot.
"""

import math
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from app.commands.learn import learn
from app.commands.measure import measure
from app.commands.project import project_commands
from app.commands.report import report
from app.commands.shapes import shapes
from app.commands.spacing import spacing_mm_of
from app.commands.superimpose import superimpose
from app.session.wording import COVERAGE
from core.base.command_line import EXIT_BAD_INPUT, EXIT_BUG, EXIT_INTERRUPTED, run_command_line
from core.base.errors import AppError
from core.base.wording import counted
from core.models.learning_record import LearningRecord, Lineage, read_learning_record
from core.models.metadata import ModelInfo, StageInfo, read_model_info

commands = typer.Typer(
    name="cairn",
    add_completion=False,
    rich_markup_mode=None,
    help="Finds anatomical landmarks in medical images. Without a command it opens the viewer: cairn [FILES]",
    epilog="Add --debug anywhere to see the details of an unexpected problem.",
)
commands.command()(learn)
commands.command()(measure)
commands.add_typer(project_commands)
commands.command()(report)
commands.command()(shapes)
commands.command()(superimpose)


class Device(StrEnum):
    """Where the networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


_VIEW_OPTIONS = ("--model", "--new-window")
"""What may stand first although ``view`` was left out."""

ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="Model file; the bundled model that fits where omitted.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cairn {version('cairn-landmarks')}")
        raise typer.Exit


@commands.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Check with the bundled samples that this installation works, and exit.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the landmark files of --self-test in this folder.")
    ] = None,
) -> None:
    if self_test:
        _run_self_test(out)
        raise typer.Exit
    if out is not None:
        raise typer.BadParameter("--out without a command belongs to --self-test")
    if context.invoked_subcommand is None:
        raise typer.BadParameter("A command is missing")


def _run_self_test(folder: Path | None) -> None:
    """Check this installation; a check that fails is a fault of the program, not of what a person gave it."""
    from app.commands.self_test import SelfTestFailed, run_self_test

    try:
        run_self_test(typer.echo, folder)
    except SelfTestFailed as error:
        typer.echo(f"cairn: {error}", err=True)
        raise typer.Exit(EXIT_BUG) from None


@commands.command()
def view(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILES", help="Images to open.")] = None,
    model: ModelOption = None,
    new_window: Annotated[
        bool, typer.Option("--new-window", help="Open another window even if Cairn is already open.")
    ] = False,
) -> None:
    """Open images in the viewer; the word “view” may be left out.

    If Cairn is already open, its window takes the images, unless --model or --new-window is given.
    """
    from app.desktop.display import tell_on_desktop

    try:
        code = _view(files or [], model, shared=model is None and not new_window)
    except AppError as error:
        tell_on_desktop(str(error))
        raise
    raise typer.Exit(code)


def _view(files: list[Path], model: Path | None, *, shared: bool) -> int:
    """Open the viewer, or hand the files to the one that is open; return the exit code."""
    from app.desktop.display import missing_library, require_display, require_qt_platform

    for file in files:
        if not file.exists():
            raise AppError(
                f"There is no file {file}, and no command of that name.", "Check the path, or see cairn --help."
            )
    require_display()
    try:
        if shared and _is_taken_by_another_window(files):
            return 0
        require_qt_platform()
        from app.window.viewer import run
    except ImportError as error:
        raise missing_library(error) from error
    return run(files, model, shared=shared)


def _is_taken_by_another_window(files: Sequence[Path]) -> bool:
    """Hand the files to the window that is already open, if there is one, before anything is loaded that takes long."""
    from app.desktop.single_instance import hand_over, meeting_place

    place = meeting_place()
    return place is not None and hand_over(place, files)


@commands.command()
def localize(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGES", help="Image files, or folders of them; a DICOM series counts as one image."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the CSV files, one per image.")],
    model: ModelOption = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing",
            metavar="MM[,MM[,MM]]",
            help="Pixel size in mm, whatever the images say: one number, or one each along x, y and, in a volume, z.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option("--device", help="Where the networks run.")] = Device.AUTO,
    memory: Annotated[
        float | None,
        typer.Option("--memory", metavar="GB", help="About how much memory a run may take; less is slower."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Processes that localize side by side; where omitted, what is fastest here.",
        ),
    ] = None,
) -> None:
    """Find the landmarks of images without opening a window."""
    from app.commands.batch import BatchRequest, run_batch
    from app.commands.batch_results import BatchReport

    spacing_mm = None if spacing is None else spacing_mm_of(spacing)
    if memory is not None and not 0 < memory < math.inf:
        raise typer.BadParameter("The memory given with --memory must be a number of gigabytes above zero")
    console = Console(stderr=True)
    report = BatchReport()
    try:
        run_batch(BatchRequest(tuple(images), out, model, spacing_mm, device, memory, workers), console, report)
    except KeyboardInterrupt:
        complete = "is complete" if len(report.written) == 1 else "are complete"
        typer.echo(f"cairn: Stopped. {counted(len(report.written), 'landmark file')} in {out} {complete}.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(f"Wrote {counted(len(report.written), 'landmark file')} to {out}.")
    if report.failures:
        total = len(report.failures) + len(report.written)
        typer.echo(f"cairn: {len(report.failures)} of {total} images could not be localized:", err=True)
        for name, sentence in report.failures:
            typer.echo(f"  {name}: {sentence}", err=True)
        raise typer.Exit(EXIT_BAD_INPUT)


@commands.command()
def info(
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="Model file (.pt); this installation where omitted.")
    ] = None,
) -> None:
    """Show what a model file says about itself; without one, what is installed here and which processor it runs on."""
    console = Console()
    if model is None:
        from app.desktop.installation import describe_installation

        console.print(_table("Cairn on this computer", describe_installation()))
        return
    metadata = read_model_info(model)
    console.print(_metadata_table(metadata, read_learning_record(model)))
    console.print(_landmark_table(metadata))


def _metadata_table(metadata: ModelInfo, record: LearningRecord | None) -> Table:
    rows = {
        "images": f"{metadata.modality}, {metadata.ndim}D",
        "pixel size in training": f"{metadata.training_spacing_mm:g} mm",
        "intensities": metadata.normalisation,
        **{f"stage {number}": _stage(stage) for number, stage in enumerate(metadata.stages, start=1)},
        "not present below a presence of": f"{metadata.presence_threshold:g}" if metadata.presence_threshold else "",
        "certainty": _certainty(metadata),
        "training data": metadata.training_data,
        "intended use": metadata.intended_use,
        "licence": metadata.licence,
        "training configuration": metadata.config_sha256 and f"sha256 {metadata.config_sha256}",
        "can go on learning": "no: its file does not hold how it was trained" if record is None else "yes",
        "learnt": "" if record is None else _lineage(record.lineage),
    }
    return _table(metadata.title, rows)


def _lineage(lineage: Lineage) -> str:
    """Say in a phrase where a model came from; empty where nobody knows."""
    said = []
    if lineage.cases:
        said.append(f"from {counted(lineage.cases, 'case')}")
    if lineage.minutes is not None:
        said.append(f"in {lineage.minutes:.3g} minutes")
    if lineage.parent_sha256:
        said.append(f"going on from {lineage.parent or 'a model'} (sha256 {lineage.parent_sha256})")
    if lineage.made:
        said.append(f"written on {lineage.made}")
    return ", ".join(said)


def _table(title: str, rows: dict[str, str]) -> Table:
    """Return names with what belongs to them, leaving out what is not known."""
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    return table


def _stage(stage: StageInfo) -> str:
    where = "whole image" if stage.crop is None else f"crops of {stage.crop} samples"
    runs = "" if stage.passes == 1 else f", {stage.passes} passes"
    pose = "" if not stage.pose else ", in every orientation" if stage.crop is None else ", in the mean pose"
    return f"{where} at {stage.spacing_mm:g} mm, cells of {stage.stride} samples{runs}{pose}"


def _certainty(metadata: ModelInfo) -> str:
    if not metadata.calibration_mm:
        return "not calibrated: it gives the spread of its votes, but no radius that holds the true position"
    return (
        f"calibrated: with every position comes the radius that holds the true one in {COVERAGE} of cases; below, its "
        "median over the validation images"
    )


def _landmark_table(metadata: ModelInfo) -> Table:
    """Return the landmarks with what is known about their errors and radii; a model may know neither."""
    table = Table(
        "landmark", "short", title=f"{len(metadata.landmarks)} landmarks, lengths in mm", title_justify="left"
    )
    columns = ["median error", "mean error"]
    if metadata.calibration_mm:
        columns.append(f"radius ({COVERAGE})")
    for heading in columns:
        table.add_column(heading, justify="right")
    errors = {error.name: error for error in metadata.validation_errors}
    for row, name in enumerate(metadata.landmarks):
        error = errors.get(name)
        cells = [
            name,
            metadata.abbreviations[row] if metadata.abbreviations else "",
            f"{error.median_mm:.2f}" if error else "",
            f"{error.mean_mm:.2f}" if error else "",
        ]
        if metadata.calibration_mm:
            cells.append(f"{metadata.calibration_mm[row]:.2f}")
        table.add_row(*cells)
    return table


def with_default_command(arguments: Sequence[str]) -> list[str]:
    """Put ``view`` before arguments whose first is a file or an option of ``view``, and where there are none."""
    names = {command.name or getattr(command.callback, "__name__", "") for command in commands.registered_commands}
    names |= {
        str(group.name or group.typer_instance.info.name)
        for group in commands.registered_groups
        if group.typer_instance
    }
    first = next((argument for argument in arguments if argument != "--debug"), None)
    if first is not None and (first in names or (first.startswith("-") and first not in _VIEW_OPTIONS)):
        return list(arguments)
    return ["view", *arguments]


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; print at most one sentence about a problem."""
    return run_command_line(commands, "cairn", with_default_command(arguments))


def main() -> NoReturn:
    """Run ``cairn`` with the arguments of this process."""
    sys.exit(run(sys.argv[1:]))
