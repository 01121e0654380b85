"""The HTML report on an evaluation: one file that opens by a double click and needs nothing else.

Says what stands at the top of the page and joins it with the sections; `page.html.jinja` and `page.css` beside this file give it
its form. Computes no figure.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.values.landmarks import NOMINAL_COVERAGE
from training.evaluation.metrics import ALL
from training.report.blocks import row_of
from training.report.figures import ReportFigure
from training.report.number_text import number, p_text
from training.report.sections import SECTIONS, Content, ReportSubject
from training.report.tables import Tables, rate_column

_PAGES = Environment(loader=PackageLoader("training.report", "."), autoescape=True, undefined=StrictUndefined)
"""Names of models, landmarks and cases come from files: everything is escaped, whatever a template is called."""


class Tile(NamedTuple):
    """One of the handful of figures at the top: what it is, the figure, and what a reader compares it with."""

    what: str
    value: str
    more: str


def to_html(
    subject: ReportSubject, tables: Tables, figures: Sequence[ReportFigure], thresholds_mm: Sequence[float]
) -> str:
    """Return the report.

    Parameters
    ----------
    subject
        What it is about.
    tables
        From `training.report.tables.make_tables`.
    figures
        Any of those that `training.report.figures` and `training.report.vector_panels` draw.
    thresholds_mm
        The asked distances of the success detection rates, mm.
    """
    content = Content(subject, tables, {figure.name: figure for figure in figures}, tuple(thresholds_mm))
    tiles = _tiles(content)
    return _PAGES.get_template("page.html.jinja").render(
        title=f"Landmark localization: {subject.model}",
        data=subject.data,
        privacy=_privacy(content),
        facts=_facts(content),
        tiles=tiles,
        tile_columns=len(tiles) if len(tiles) <= 5 else (len(tiles) + 1) // 2,
        sections=[section for make in SECTIONS if (section := make(content)) is not None],
    )


def _privacy(content: Content) -> str:
    images = any(figure.shows_images for figure in content.figures.values())
    what = "parts of the images and names of cases" if images else "names of cases, but no part of an image"
    advice = "where these are patients, keep it and pass it on only as you would the images themselves"
    return f"This page contains {what}: {advice}."


def _facts(content: Content) -> list[tuple[str, str]]:
    subject, errors = content.subject, content.tables["errors"]
    landmarks = len(content.tables["summary"]) - 1
    return [
        ("Size", f"{len(errors)} images, {landmarks} landmarks each"),
        ("Compared with", subject.other),
        ("Ran on", subject.hardware),
        ("Date", subject.date),
    ]


def _tiles(content: Content) -> list[Tile]:
    """Return the handful of figures that matter."""
    tables, total = content.tables, row_of(content.tables["summary"], ALL)
    first, *others = content.thresholds_mm
    rates = " · ".join(f"{threshold:g} mm: {number(total[rate_column(threshold)], 1)}" for threshold in others)
    tiles = [
        ("Median radial error", f"{number(total['median_mm'])} mm", f"IQR {number(total['iqr_mm'])} mm"),
        ("Mean radial error", f"{number(total['mean_mm'])} mm", f"SD {number(total['sd_mm'])} mm"),
        (f"Closer than {first:g} mm", f"{number(total[rate_column(first)], 1)} %", rates),
    ]
    if "observers_test" in tables:
        test = row_of(tables["observers_test"], ALL)
        more = f"median, IQR {number(test['other_iqr_mm'])} mm; p {_with_relation(test['p_value'])} {test['mark']}"
        tiles.append(("Between two observers", f"{number(test['other_median_mm'])} mm", more))
    if "other_test" in tables:
        test = row_of(tables["other_test"], ALL)
        more = f"median; p {_with_relation(test['p_value'])} {test['mark']}"
        tiles.append((content.subject.other, f"{number(test['other_median_mm'])} mm", more))
    if "certainty" in tables:
        more = f"meant to be {100 * NOMINAL_COVERAGE:g} %; median radius {number(total['median_radius_mm'])} mm"
        tiles.append(("Within the predicted radius", f"{number(total['coverage_percent'], 1)} %", more))
    if "times" in tables and content.subject.hardware:
        time = row_of(tables["times"], content.subject.model)
        tiles.append(("Time per image", f"{number(time['mean_s'])} s", f"SD {number(time['sd_s'])} s"))
    return [Tile(what, value, more.strip()) for what, value, more in tiles]


def _with_relation(p_value: float) -> str:
    text = p_text(p_value)
    return text if text.startswith("<") else f"= {text}"
