"""The HTML report on an evaluation: one file that opens by a double click and needs nothing else.

Arranges the tables of `training/report/tables.py` and the figures into sections with the words that a reader needs. Computes no
figure; the style is in `html_report.css` beside this file.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from core.values.landmarks import NOMINAL_COVERAGE
from training.evaluation.metrics import ALL
from training.report.figures import ReportFigure
from training.report.html_sections import SECTIONS, Content, ReportSubject
from training.report.html_tables import row_of
from training.report.number_text import number, p_text
from training.report.tables import Tables, rate_column

_STYLE = Path(__file__).with_name("html_report.css")


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
    sections = [section for make in SECTIONS if (section := make(content)) is not None]
    entries = "".join(f"<li><a href='#{each.anchor}'>{escape(each.title)}</a></li>" for each in sections)
    body = "".join(
        f"<section id={each.anchor}>\n<h2>{place}. {escape(each.title)}</h2>\n{each.html}</section>\n"
        for place, each in enumerate(sections, start=1)
    )
    title = f"Landmark localization: {subject.model}"
    return (
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        "<meta name=viewport content='width=device-width, initial-scale=1'>\n"
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{escape(title)}</h1>\n<p class=lead>Evaluated on {escape(subject.data)}</p>\n"
        f"{_privacy(content)}{_facts(content)}{_tiles(content)}"
        f"<nav aria-label=Contents><ol>{entries}</ol></nav>\n</header>\n<main>\n{body}</main>\n"
        "<footer>Written by cairn-train evaluate. The CSV files beside this page hold the same figures.</footer>\n"
        "</body>\n</html>\n"
    )


def _privacy(content: Content) -> str:
    images = any(figure.shows_images for figure in content.figures.values())
    what = "parts of the images and names of cases" if images else "names of cases, but no part of an image"
    advice = "where these are patients, keep it and pass it on only as you would the images themselves"
    return f"<p class=privacy>This page contains {what}: {advice}.</p>\n"


def _facts(content: Content) -> str:
    subject, errors = content.subject, content.tables["errors"]
    landmarks = len(content.tables["summary"]) - 1
    facts = [
        ("Size", f"{len(errors)} images, {landmarks} landmarks each"),
        ("Compared with", subject.other),
        ("Ran on", subject.hardware),
        ("Date", subject.date),
    ]
    return f"<dl class=facts>{''.join(f'<dt>{k}</dt><dd>{escape(v)}</dd>' for k, v in facts if v)}</dl>\n"


def _tiles(content: Content) -> str:
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
    columns = len(tiles) if len(tiles) <= 5 else (len(tiles) + 1) // 2
    return f"<div class=tiles style='--columns:{columns}'>{''.join(_tile(*tile) for tile in tiles)}</div>\n"


def _tile(what: str, value: str, more: str) -> str:
    return (
        f"<div class=tile><div class=what>{escape(what)}</div><div class=value>{escape(value)}</div>"
        f"<div class=more>{escape(more.strip())}</div></div>"
    )


def _with_relation(p_value: float) -> str:
    text = p_text(p_value)
    return text if text.startswith("<") else f"= {text}"
