"""The command ``cairn report``: images with landmarks, or a project, in; printable reports and pictures out.

Parses arguments and prints; what is read is `report_input`'s, what is drawn `app.printing`'s. Draws without a screen, and imports
neither Qt nor torch before it is asked to.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.project_options import NamesOfLandmarks, Population, WhoseReadings
from app.commands.spacing import spacing_mm_of
from app.session.printouts import LARGEST_FACTOR, PaperSize, picture_form_of
from core.base.command_line import EXIT_BAD_INPUT
from core.base.errors import AppError
from core.base.wording import counted

if TYPE_CHECKING:
    from app.commands.report_input import PlannedCase, ReportCase
    from app.printing.image_pictures import PlainNames
    from app.session.free_rows import FreeDrawing
    from core.measuring.analysis import Analysis
    from core.measuring.reader_spread import ReaderSpread

_PDF = ".pdf"


def report(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGES|LANDMARKS|PROJECT",
            help="Images with landmark files beside them or given, too; landmark files; or one project, NAME.cairn.",
        ),
    ],
    analysis: Annotated[
        str | None,
        typer.Option(
            "--analysis", metavar="NAME|FILE", help="An analysis of the project, a bundled one, or a .toml file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.pdf|FOLDER", help="The report; a folder for one of each of several images."
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="FILE.png|FILE.svg", help="A picture of one 2D image, at its full resolution."
        ),
    ] = None,
    factor: Annotated[
        int, typer.Option("--factor", min=1, max=LARGEST_FACTOR, help="How many times larger --picture is.")
    ] = 1,
    paper: Annotated[
        PaperSize | None, typer.Option("--paper", help="What it is printed on; the usual of the country where omitted.")
    ] = None,
    no_name: Annotated[bool, typer.Option("--no-name", help="Do not name the images in their reports.")] = False,
    population: Population = "",
    reader: WhoseReadings = None,
    scheme: NamesOfLandmarks = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing",
            metavar="MM[,MM[,MM]]",
            help="Pixel size in mm, whatever the images say: one number, or one each along x, y and, in a volume, z.",
        ),
    ] = None,
) -> None:
    """Print what was measured in images: a PDF with image, tracing, table, norms and model; or a picture alone."""
    if out is None and picture is None:
        raise typer.BadParameter("Say with --out where the report goes, or with --picture where a picture does")
    if out is not None and analysis is None:
        raise typer.BadParameter("Say with --analysis what a report measures; cairn measure --list shows what there is")
    if picture is not None and picture_form_of(picture) is None:
        raise typer.BadParameter("--picture names a file that ends in .png or .svg")
    from app.commands.analysis_option import analysis_named, known_spread, project_among, require_population
    from app.commands.project_adding import scheme_named
    from app.commands.report_input import Wishes, planned_cases
    from app.desktop.display import missing_library
    from core.measuring.reader_spread import NOTHING

    project = project_among(sources)
    chosen = None if analysis is None else analysis_named(analysis, project)
    if chosen is not None:
        require_population(chosen, population)
    wishes = Wishes(
        None if spacing is None else spacing_mm_of(spacing), None if scheme is None else scheme_named(scheme), reader
    )
    cases, notes = planned_cases(sources, wishes)
    plan = _planned(cases, out)
    if picture is not None and len(cases) > 1:
        raise typer.BadParameter(f"--picture is for one image, and these are {len(cases)}")
    try:
        from app.printing.fonts import drawing_application
    except ImportError as error:
        raise missing_library(error) from error
    application = drawing_application()
    spread = NOTHING if chosen is None else known_spread(chosen.ndim, project)
    writer = Writer(chosen, population, spread, _paper(paper), with_name=not no_name)
    for note in notes:
        typer.echo(note, err=True)
    written = _write_all(writer, plan, picture, factor, sources)
    del application
    if len(written) < len(cases):
        raise typer.Exit(EXIT_BAD_INPUT)


def _planned(cases: Sequence["PlannedCase"], out: Path | None) -> list[tuple["PlannedCase", Path | None]]:
    """Return each case with the file of its report."""
    if out is None:
        return [(case, None) for case in cases]
    if out.suffix.lower() == _PDF and not out.is_dir():
        if len(cases) > 1:
            raise typer.BadParameter(f"--out names one file, and these are {len(cases)} images: give a folder")
        return [(cases[0], out)]
    if out.is_file():
        raise typer.BadParameter(f"{out} is no folder, and does not end in {_PDF}")
    return [(case, out / f"{case.name}{_PDF}") for case in cases]


def _paper(wanted: PaperSize | None) -> PaperSize:
    from PySide6.QtCore import QLocale

    from app.session.printouts import usual_paper

    return usual_paper(QLocale.system().name()) if wanted is None else wanted


def _write_all(
    writer: "Writer",
    plan: Sequence[tuple["PlannedCase", Path | None]],
    picture: Path | None,
    factor: int,
    sources: Sequence[Path],
) -> list[str]:
    """Write what was planned; a case that fails costs no other. Return the names of those that did not fail."""
    written, failures = [], []
    given = {path.absolute() for path in sources}
    for case, pdf in plan:
        try:
            for path in (pdf, picture):
                if path is not None and path.absolute() in given:
                    raise AppError(f"{path} is what the report is made of.", "Choose another name.")
            found = case.read()
            if pdf is not None:
                writer.write_report(found, pdf)
            if picture is not None:
                writer.write_picture(found, picture, factor)
        except AppError as error:
            if len(plan) == 1:
                raise
            failures.append((case.name, str(error)))
        else:
            written.append(case.name)
            for path in (pdf, picture) if len(plan) == 1 else ():
                if path is not None:
                    typer.echo(f"Wrote {path}.")
    if len(plan) > 1:
        typer.echo(f"Wrote {counted(len(written), 'report')} of {counted(len(plan), 'image')}.")
    for name, sentence in failures:
        typer.echo(f"cairn: {name}: {sentence}", err=True)
    return written


class Writer:
    """Writes the files of one case after the other.

    Parameters
    ----------
    analysis, population, readers
        By what is measured, whose norms are preferred, and how far readers differ.
    paper, with_name
        What reports look like.
    """

    def __init__(
        self,
        analysis: "Analysis | None",
        population: str,
        readers: "ReaderSpread",
        paper: PaperSize,
        *,
        with_name: bool,
    ) -> None:
        self._analysis = analysis
        self._population = population
        self._readers = readers
        self._paper = paper
        self._with_name = with_name

    def write_report(self, case: "ReportCase", path: Path) -> None:
        """Measure a case and write its report."""
        from app.printing.content import ReportSubject, pixel_size_of, report_content
        from app.printing.image_pictures import pictures_of
        from app.printing.models import model_said
        from app.printing.report_file import write_report
        from app.session.free_rows import list_row
        from app.session.measured_subject import MeasuredSubject

        analysis = self._analysis
        if analysis is None:
            raise ValueError("a report needs an analysis")
        _require_rank(case, analysis)
        names = _names_of(case)
        what = MeasuredSubject(analysis, case.landmarks, case.unit, self._population, self._readers)
        measured = what.measured(intervals=True)
        subject = ReportSubject(
            analysis,
            measured,
            case.landmarks,
            names.display_name,
            () if case.image is None else pixel_size_of(case.image.grid),
            case.spacing_source,
            case.name if self._with_name else "",
            case.reader,
            model_said(case.model),
            date.today(),
            what.told_by(measured),
            tuple(list_row(one, own=True) for one in case.free),
        )
        pictures = pictures_of(case.image, case.landmarks, names, analysis, free=_drawn(case))
        write_report(report_content(subject), pictures, self._paper, path)

    def write_picture(self, case: "ReportCase", path: Path, factor: int) -> None:
        """Write the picture of a 2D image, with tracing where there is an analysis."""
        from app.printing.image_pictures import pictures_of
        from app.printing.picture import flat_sheet
        from app.printing.picture_files import write_picture

        if case.image is None:
            raise AppError(f"The image of {case.name} is not at hand.", "Give it, too.")
        if case.image.ndim == 3:
            raise AppError(
                f"{case.name} is a volume, and --picture draws 2D images.",
                "Save a picture of it in the window, or a report with --out.",
            )
        if self._analysis is not None:
            _require_rank(case, self._analysis)
        (picture,) = pictures_of(case.image, case.landmarks, _names_of(case), self._analysis, free=_drawn(case))
        write_picture(flat_sheet(picture, factor), path)


def _drawn(case: "ReportCase") -> list["FreeDrawing"]:
    """Return what is drawn of the distances and angles that were measured by hand."""
    from app.session.free_rows import FreeDrawing, text_of

    return [FreeDrawing(one.uuid, one.array_mm, text_of(one)) for one in case.free]


def _require_rank(case: "ReportCase", analysis: "Analysis") -> None:
    if case.landmarks.ndim != analysis.ndim:
        raise AppError(
            f"{case.name} is {case.landmarks.ndim}D, but {analysis.name} measures {analysis.ndim}D images.",
            "Choose another analysis.",
        )
    if case.landmarks.ndim == 3 and case.unit != "mm":
        raise AppError(f"The voxel size of {case.name} is not known.", "Give it with --spacing.")


def _names_of(case: "ReportCase") -> "PlainNames":
    """Return what landmarks are called: as the model that found them says, else one that knows them all."""
    from app.printing.image_pictures import PlainNames
    from app.session.landmark_names import display_name, short_name
    from core.models.bundled import bundled_models

    models = [info for info in bundled_models().values() if info.ndim == case.landmarks.ndim]
    named = next((info for info in models if info.title == case.model), None)
    info = named or next((info for info in models if set(case.landmarks.names) <= set(info.landmarks)), None)
    names = case.landmarks.names
    return PlainNames(
        case.unit, {name: short_name(name, info) for name in names}, {name: display_name(name, info) for name in names}
    )
