"""The command ``cairn superimpose``: two images of one patient in, what has changed between them out.

Parses arguments, writes and prints; what is compared is `core.measuring`'s. Imports no torch, and Qt only for a picture.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.measure import TableFormat
from app.commands.project_options import NamesOfLandmarks, WhoseReadings
from app.commands.spacing import spacing_mm_of
from core.base.errors import AppError

if TYPE_CHECKING:
    from app.session.moments import Film
    from core.measuring.analysis import Analysis
    from core.measuring.change_table import Times
    from core.measuring.comparison import Comparison


def superimpose(
    earlier: Annotated[
        str, typer.Argument(metavar="EARLIER", help="A landmark file, an image with saved landmarks, or a case's name.")
    ],
    later: Annotated[str, typer.Argument(metavar="LATER", help="The same of the later image of this patient.")],
    project: Annotated[
        Path | None, typer.Option("--project", metavar="PROJECT", help="The project that has both as cases.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="S-N|ANS-PNS|Go-Me|fit",
            help="A line, whose first landmark comes to lie on itself, or a best fit of all landmarks, or of some: "
            "fit:NAME,NAME,NAME. S-N where omitted.",
        ),
    ] = None,
    scale: Annotated[
        bool, typer.Option("--scale", help="Scale the later image, too: where magnifications or pixel sizes differ.")
    ] = False,
    analysis: Annotated[
        str | None,
        typer.Option(
            "--analysis", metavar="NAME|FILE", help="What is measured in both; a bundled analysis, or a .toml file."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The table of measurements; that of the landmarks is written beside it. Where omitted, they are shown.",
        ),
    ] = None,
    form: Annotated[
        TableFormat | None, typer.Option("--format", help="What --out is written as; by its suffix where omitted.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="A PNG of both tracings over the earlier image.")
    ] = None,
    blend: Annotated[
        int,
        typer.Option("--blend", metavar="PERCENT", min=0, max=100, help="How much of the later image --picture shows."),
    ] = 0,
    images: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--images", metavar="EARLIER LATER", help="The images that two landmark files belong to."),
    ] = None,
    reader: WhoseReadings = None,
    readers: Annotated[
        list[Path] | None,
        typer.Option(
            "--readers",
            metavar="PROJECT|FILES",
            help="Whose differences tell how uncertain hand-placed landmarks are, as for cairn measure.",
        ),
    ] = None,
    scheme: NamesOfLandmarks = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing",
            metavar="MM[,MM]",
            help="Pixel size of what is in px: one number, or one each along x and y.",
        ),
    ] = None,
) -> None:
    """Superimpose two images of one patient, and tell what has changed between them."""
    from app.commands.analysis_option import analysis_named, known_spread
    from app.commands.superimpose_input import films_of_files, films_of_project, registration_named
    from app.commands.superimpose_printing import lacking, say_comparison
    from app.session.change_rows import told_by_readers
    from core.measuring.change_table import Times
    from core.measuring.comparison import compare
    from core.measuring.reader_spread import spread_for
    from core.measuring.registration import shared_names

    _require_fitting(project, out, form, picture, blend, images, reader, scheme, spacing)
    spacing_mm = None if spacing is None else spacing_mm_of(spacing)
    notes: list[str] = []
    if project is not None:
        films = films_of_project(project, (earlier, later), reader, with_pixels=picture is not None)
    else:
        films, notes = films_of_files((Path(earlier), Path(later)), images, scheme, spacing_mm)
    moments = films[0].moment, films[1].moment
    shared = shared_names(moments[0].landmarks, moments[1].landmarks)
    registration = registration_named(on, shared, scaled=scale)
    chosen = None if analysis is None else analysis_named(analysis, project)
    spread = known_spread(films[0].moment.landmarks.ndim, project, readers or (), scheme, spacing_mm)
    if chosen is not None:
        spread = spread_for(chosen, spread)
    comparison = compare(*moments, registration, chosen, spread_mm=spread.spread_mm)
    if picture is not None:
        _write_picture(picture, films, comparison, chosen, blend)
    if out is None:
        if picture is None or chosen is not None:
            say_comparison(comparison, shared)
    else:
        _write(out, form, comparison, Times(films[0].name, films[1].name))
    told = told_by_readers(comparison, spread)
    for note in (
        *notes, *films[0].notes, *films[1].notes, comparison.trouble, *comparison.notes, told, *lacking(comparison),
    ):  # fmt: skip
        if note:
            typer.echo(note, err=True)


def _require_fitting(
    project: Path | None,
    out: Path | None,
    form: TableFormat | None,
    picture: Path | None,
    blend: int,
    images: tuple[Path, Path] | None,
    reader: str | None,
    scheme: str | None,
    spacing: str | None,
) -> None:
    """Refuse options that do not go together."""
    if form is not None and out is None:
        raise typer.BadParameter("--format belongs to --out")
    if blend and picture is None:
        raise typer.BadParameter("--blend belongs to --picture")
    if project is None and reader is not None:
        raise typer.BadParameter("--reader belongs to --project")
    if project is not None and (images is not None or scheme is not None or spacing is not None):
        raise typer.BadParameter("--images, --scheme and --spacing belong to landmark files; a project knows all this")


def _write(out: Path, form: TableFormat | None, comparison: "Comparison", times: "Times") -> None:
    from app.session.superimposed_files import write_tables

    if not comparison.changes and not comparison.displacements:
        raise AppError(
            comparison.trouble or "There is nothing to write.", "Give an --analysis, or choose another --on."
        )
    written = write_tables(out, comparison, times, suffix=None if form is None else f".{form}")
    typer.echo(f"Wrote {' and '.join(str(path) for path in written)}.")


def _write_picture(
    path: Path, films: "list[Film]", comparison: "Comparison", analysis: "Analysis | None", blend: int
) -> None:
    """Draw the superimposition and write it; refuse where there is none to draw."""
    from app.desktop.display import missing_library
    from app.session.superimposed_files import write_picture
    from app.session.superimposed_picture import picture_of
    from core.measuring.file import bundled_analyses

    symbols = {name: symbol for one in bundled_analyses() for symbol, names in one.landmarks.items() for name in names}
    drawn = picture_of((films[0], films[1]), comparison, analysis, symbols)
    if drawn is None:
        raise AppError(f"There is no picture: {comparison.trouble}", "The tables can be written without one.")
    try:
        from app.printing.fonts import drawing_application, require_fonts, text_font
        from app.views.superimposition_painting import Look, png_of
    except ImportError as error:
        raise missing_library(error) from error
    application = drawing_application()
    require_fonts()
    write_picture(path, png_of(drawn, Look(blend / 100), text_font(12).family()))
    typer.echo(f"Wrote {path}.")
    del application
