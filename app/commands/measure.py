"""The command ``cairn measure``: landmark files or a project in, distances, angles and what is unusual out.

Parses arguments and prints; what is measured and written is `core.measuring`'s, what is read `landmark_input`'s. Imports
neither Qt nor torch, and nothing that measures before it is asked to.
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.project_options import NamesOfLandmarks, Population, Skip, WhoseReadings
from app.commands.spacing import spacing_mm_of
from core.base.errors import AppError, LandmarkFileError
from core.base.wording import counted

if TYPE_CHECKING:
    from app.commands.landmark_input import LandmarkInput
    from core.measuring.analysis import Analysis
    from core.measuring.landmark_case import LandmarkCase
    from core.measuring.reader_spread import ReaderSpread
    from core.measuring.table import MeasuredCase


class TableFormat(StrEnum):
    """What a table is written as."""

    CSV = "csv"
    XLSX = "xlsx"


def measure(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES|PROJECT", help="Landmark files, or folders of them; or one project, NAME.cairn."),
    ] = None,
    analysis: Annotated[
        str | None,
        typer.Option(
            "--analysis", metavar="NAME|FILE", help="An analysis of the project, a bundled one, or a .toml file."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The table to write; where omitted, it is shown.")
    ] = None,
    form: Annotated[
        TableFormat | None, typer.Option("--format", help="What --out is written as; by its suffix where omitted.")
    ] = None,
    long: Annotated[
        bool, typer.Option("--long", help="A row for each measurement, with interval, norm, deviation and class.")
    ] = False,
    population: Population = "",
    reader: WhoseReadings = None,
    readers: Annotated[
        list[Path] | None,
        typer.Option(
            "--readers",
            metavar="PROJECT|FILES",
            help="Whose differences tell how uncertain hand-placed landmarks are: a project, or, given again and again, what "
            "each has marked of the same images.",
        ),
    ] = None,
    scheme: NamesOfLandmarks = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing",
            metavar="MM[,MM[,MM]]",
            help="Pixel size of what is in px: one number, or one each along x, y and, in a volume, z.",
        ),
    ] = None,
    skip: Skip = False,
    free: Annotated[
        bool, typer.Option("--free", help="What readers of a project have measured by hand, a row each; no analysis.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the analyses, also those of a project, or what --analysis measures.")
    ] = False,
) -> None:
    """Measure distances and angles between landmarks, and compare them with norms."""
    from app.commands import measure_printing as printing
    from app.commands.analysis_option import analysis_named, known_spread, project_among, require_population
    from app.commands.measure_free import measure_free
    from core.measuring.file import bundled_analyses
    from core.measuring.reader_spread import spread_for

    if listed:
        if analysis is None:
            _say_of_project(sources or [])
            printing.say_analyses(bundled_analyses())
        else:
            printing.say_analysis(analysis_named(analysis, project_among(sources or [])))
        return
    if analysis is None and not free:
        raise typer.BadParameter("Say with --analysis what to measure; --list shows what there is")
    if not sources:
        raise typer.BadParameter("Give landmark files, or a project")
    if form is not None and out is None:
        raise typer.BadParameter("--format belongs to --out")
    if analysis is None or free:
        if analysis or long or population or readers or scheme or spacing or skip:
            raise typer.BadParameter("--free goes with --reader, --out and --format only")
        measure_free(sources, reader, out, None if form is None else f".{form}")
        return
    project = project_among(sources)
    chosen = analysis_named(analysis, project)
    require_population(chosen, population)
    read = _read(sources, scheme, reader, skip=skip)
    spacing_mm = None if spacing is None else spacing_mm_of(spacing)
    found, notes = _fitting(read, chosen, spacing_mm)
    spread = spread_for(chosen, known_spread(chosen.ndim, project, readers or (), scheme, spacing_mm))
    cases = _measured(chosen, found, population, spread)
    if out is None:
        printing.say_measured(chosen, cases, long=long)
    else:
        _write(chosen, cases, out, form, long=long)
        typer.echo(f"Wrote the measurements of {counted(len(cases), 'case')} to {out}.")
    if long or (out is None and len(cases) == 1):  # where intervals are told
        notes += printing.told_by_readers(cases, spread)
    for note in notes:
        typer.echo(note, err=True)
    printing.say_lacks(cases)


def _say_of_project(sources: list[Path]) -> None:
    """Print the analyses of the project that is given, and what is wrong with those that cannot be used."""
    from app.commands import measure_printing as printing
    from app.commands.analysis_option import kept_analyses, project_among
    from core.measuring.file import AnalysisError, parse_analysis

    for name, text in kept_analyses(project_among(sources)).items():
        try:
            analysis = parse_analysis(text, f"{name} of this project")
        except AnalysisError as error:
            typer.echo(f"{error.message} {error.hint or ''}".strip(), err=True)
        else:
            printing.say_analyses([analysis.model_copy(update={"name": name})])


def _read(paths: list[Path], scheme: str | None, reader: str | None, *, skip: bool) -> "LandmarkInput":
    from app.commands.landmark_input import read_landmark_input
    from app.commands.project_adding import scheme_named

    names = None if scheme is None else scheme_named(scheme)
    try:
        return read_landmark_input(paths, scheme=names, reader=reader, skip=skip)
    except LandmarkFileError as error:
        if skip or (len(paths) == 1 and not paths[0].is_dir()):
            raise
        raise AppError(error.message, f"{error.hint} Or leave out what cannot be read, with --skip.".strip()) from error


def _fitting(
    read: "LandmarkInput", analysis: "Analysis", spacing_mm: tuple[float, ...] | None
) -> tuple[list["LandmarkCase"], list[str]]:
    """Return the cases that can be measured, in mm where that is known or given, and what is to be said of the others."""
    from app.commands.landmark_input import case_in_mm
    from core.measuring.landmark_case import MM

    cases = [case for case in read.cases if case.landmarks.ndim == analysis.ndim]
    notes = list(read.notes)
    others = len(read.cases) - len(cases)
    if not cases:
        raise AppError(
            f"These landmarks are {read.cases[0].landmarks.ndim}D, but {analysis.name} measures {analysis.ndim}D images.",
            "Choose another analysis.",
        )
    if others:
        notes.append(_left_out(others, f"{analysis.name} measures {analysis.ndim}D images"))
    in_mm = sum(case.unit == MM for case in cases)
    if analysis.ndim == 3 and in_mm < len(
        cases
    ):  # voxels are seldom as long as they are wide: not even angles mean anything
        notes.append(_left_out(len(cases) - in_mm, "their voxel size is not known"))
        cases = [case for case in cases if case.unit == MM]
    elif spacing_mm is not None and in_mm:
        said = "1 case is" if in_mm == 1 else f"{in_mm} cases are"
        notes.append(f"{said} in mm already; --spacing was not applied there.")
    if not cases:
        raise AppError("The voxel size of these cases is not known.", "Set it in their project.")
    return [case if spacing_mm is None else case_in_mm(case, spacing_mm) for case in cases], notes


def _left_out(count: int, why: str) -> str:
    return f"{'1 case' if count == 1 else f'{count} cases'} left out: {why}."


def _measured(
    analysis: "Analysis", found: "list[LandmarkCase]", population: str, spread: "ReaderSpread"
) -> list["MeasuredCase"]:
    from core.measuring.measure import measure as measured
    from core.measuring.table import MeasuredCase

    return [
        MeasuredCase(
            case.name,
            measured(analysis, case.landmarks, unit=case.unit, population=population, spread_mm=spread.spread_mm),
            case.reader,
        )
        for case in found
    ]


def _write(
    analysis: "Analysis", cases: list["MeasuredCase"], out: Path, form: TableFormat | None, *, long: bool
) -> None:
    from core.measuring.table import long_table, wide_table, write_table

    table = long_table(cases) if long else wide_table(analysis, cases)
    write_table(table, out, analysis.title, suffix=None if form is None else f".{form}")
