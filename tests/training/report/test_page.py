"""The HTML report as a browser and a reader take it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.support.evaluation_fixtures import make_bare_evaluation, make_evaluation
from training.evaluation.evaluation import Evaluation
from training.report.figures import ReportFigure
from training.report.page import to_html
from training.report.sections import OUTLIERS_SHOWN, ReportSubject
from training.report.tables import Tables, make_tables, title_of_other

PICTURE = ReportFigure("sdr_curve", b"\x89PNG", "Rates. And more.")
PANEL = ReportFigure("vectors_global", b"\x89PNG", "Votes.", shows_images=True)
VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """Collects the rows of every table, headings, attributes, and whether all tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
        elif self.open and self.open[-1] == "h2":
            self.headings[-1] += data


def page_of(evaluation: Evaluation, *figures: ReportFigure, other: Evaluation | None = None) -> str:
    tables = make_tables(evaluation, (2.0, 4.0), other)
    return html_of(evaluation, tables, *figures, other=title_of_other(evaluation, other) if other else "")


def html_of(evaluation: Evaluation, tables: Tables, *figures: ReportFigure, other: str = "") -> str:
    subject = ReportSubject(evaluation.model, "phantoms & co", "2020-02-29", evaluation.hardware, other)
    return to_html(subject, tables, figures, (2.0, 4.0))


def test_it_is_whole_and_needs_nothing_from_elsewhere() -> None:
    text = page_of(make_evaluation(), PICTURE, PANEL)
    page = Page(text)
    assert page.open == []
    sources = [value for key, value in page.attributes if key in ("src", "href")]
    assert all(value is not None and value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert not re.search(r"https?:|@import|url\(|<script|<link", text)


def test_sections_are_those_that_have_something_to_say_and_the_contents_lead_to_them() -> None:
    whole = Page(page_of(make_evaluation(), PICTURE, PANEL, other=make_bare_evaluation()))
    assert whole.headings == [
        "1. Radial error", "2. Success detection rates", "3. Stage by stage", "4. Observers", "5. Against files",
        "6. Present and absent landmarks", "7. Certainty", "8. Best and worst cases", "9. Outliers", "10. Processing time",
    ]  # fmt: skip
    anchors = {value for key, value in whole.attributes if key == "id"}
    assert {f"#{anchor}" for anchor in anchors} == {value for key, value in whole.attributes if key == "href"}
    bare = Page(page_of(make_bare_evaluation()))
    assert bare.headings == [
        "1. Radial error", "2. Success detection rates", "3. Present and absent landmarks", "4. Outliers",
    ]  # fmt: skip


def test_figures_are_those_of_the_tables() -> None:
    page = Page(page_of(make_evaluation(), other=make_bare_evaluation()))
    errors = page.tables[0]
    assert errors[0] == ["landmark", "n", "mean ± SD, mm", "median (IQR), mm", "< 2 mm, %", "< 4 mm, %"]
    assert errors[1] == ["left", "2", "1.50 ± 0.71", "1.50 (0.50)", "33.3", "66.7"]
    assert errors[3] == ["all landmarks", "3", "2.00 ± 1.00", "2.00 (1.00)", "20.0", "60.0"]
    changed = make_tables(make_evaluation(), (2.0, 4.0))
    changed["summary"].loc["left", "mean_mm"] = 7.89
    assert Page(html_of(make_evaluation(), changed)).tables[0][1][2] == "7.89 ± 0.71"


def test_tests_certainty_outliers_and_times_are_shown() -> None:
    tables = {tuple(table[0]): table[1:] for table in Page(page_of(make_evaluation())).tables}
    tests = next(rows for head, rows in tables.items() if "p" in head)
    assert tests[-1] == ["all landmarks", "3", "2.00 (1.00)", "0.50 (0.50)", "1.50", "0.250", ""]
    coverage = next(rows for head, rows in tables.items() if head[:3] == ("landmark", "n", "median radius, mm"))
    assert coverage[0] == ["left", "2", "1.50", "50.0"]
    outliers = next(rows for head, rows in tables.items() if head[0] == "case")
    assert outliers[0] == ["b", "right", "–", "–", "0.20", "there, not found"]
    times = next(rows for head, rows in tables.items() if "device" in head)
    assert times == [["m 1", "CPU (Abacus 12, 2 threads)", "3", "0.58 ± 0.38", "0.50", "1.00"]]


def test_it_says_whose_answer_counts() -> None:
    alone = make_evaluation()
    assert "the last stage gives the answer" in page_of(alone)
    assert "the local stages together give the answer" in page_of(replace(alone, errors_mm=alone.errors_mm / 2))


def test_names_are_text_and_never_markup() -> None:
    parts = vars(make_evaluation()) | {
        "model": "<b>m</b> 'x' & \"y\"",
        "names": ("<i>left", "right"),
        "cases": ("<", "&", "'"),
    }
    page = Page(page_of(Evaluation(**parts)))
    assert page.open == []
    assert page.tables[0][1][0] == "<i>left"
    assert "<b>m" not in page_of(Evaluation(**parts))


@pytest.mark.parametrize(
    ("figures", "says"),
    [((PICTURE, PANEL), "contains parts of the images and names"), ((PICTURE,), "but no part of an image")],
)
def test_the_top_says_whether_images_are_inside(figures: tuple[ReportFigure, ...], says: str) -> None:
    assert says in page_of(make_evaluation(), *figures)


def test_a_long_list_of_outliers_is_cut_and_says_so() -> None:
    tables = make_tables(make_evaluation(), (2.0, 4.0))
    tables["outliers"] = tables["outliers"].iloc[[0] * (OUTLIERS_SHOWN + 1)]
    text = html_of(make_evaluation(), tables)
    assert f"The first {OUTLIERS_SHOWN} are shown, outliers.csv has all." in text
    tables["outliers"] = tables["outliers"].iloc[:0]
    assert "There are none." in html_of(make_evaluation(), tables)
