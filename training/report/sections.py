"""The sections of the report: which tables and figures stand together, and the words that a reader needs with them.

A section of which an evaluation has nothing to say is left out. Computes no figure; `training/report/page.py` makes the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from core.values.landmarks import NOMINAL_COVERAGE
from training.evaluation.evaluation import TOGETHER
from training.evaluation.metrics import ALL, curve_thresholds
from training.report.blocks import Block, Column, Paragraph, make_picture, make_table, number_column, word_column
from training.report.figures import ReportFigure
from training.report.number_text import mean_and_sd, median_and_iqr, number, p_text
from training.report.tables import Tables, every_threshold, rate_column

OUTLIERS_SHOWN = 60
"""More stand in the CSV file only."""


@dataclass(frozen=True)
class ReportSubject:
    """What a report is about.

    Attributes
    ----------
    model
        Name and version, or where the landmarks came from.
    data
        Data set and split, in words.
    date
        When it was made, as people write it.
    hardware
        Where the model ran; empty for files.
    other
        Name of the model that it is compared with; empty without one.
    """

    model: str
    data: str
    date: str
    hardware: str = ""
    other: str = ""


@dataclass(frozen=True)
class Section:
    """One numbered part of the page; ``anchor`` is what the contents lead to."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """Everything that sections are made of."""

    subject: ReportSubject
    tables: Tables
    figures: dict[str, ReportFigure]
    thresholds_mm: tuple[float, ...]

    def pictures(self, *names: str) -> tuple[Block, ...]:
        """Return those of the figures that were drawn."""
        return tuple(make_picture(self.figures[name]) for name in names if name in self.figures)

    def has(self, *tables: str) -> bool:
        """Tell whether the evaluation has all of these tables."""
        return all(table in self.tables for table in tables)


def _rate_columns(thresholds_mm: Sequence[float]) -> list[Column]:
    return [number_column(f"< {threshold:g} mm, %", rate_column(threshold), 1) for threshold in thresholds_mm]


_ERROR_COLUMNS = (
    Column("mean ± SD, mm", mean_and_sd),
    Column("median (IQR), mm", median_and_iqr),
)


def _errors(content: Content) -> Section:
    columns = [number_column("n", "count", 0), *_ERROR_COLUMNS, *_rate_columns(content.thresholds_mm)]
    caption = (
        "Radial errors and success detection rates. n: errors counted; SD of the sample; IQR: width between the quartiles; "
        "< d mm: share of the landmarks in the images that were found closer to the reference than d."
    )
    table = make_table(content.tables["summary"], columns, caption)
    return Section("errors", "Radial error", (table, *content.pictures("errors")))


def _success(content: Content) -> Section:
    thresholds = every_threshold(content.thresholds_mm)
    rates = content.tables["sdr"].T
    rates.index = pd.Index([f"< {threshold:g} mm" for threshold in thresholds])
    columns = [number_column(f"{name}, %", name, 1) for name in rates.columns]
    table = make_table(rates, columns, "Success detection rates over all landmarks.", "threshold")
    steps = _rate_columns(curve_thresholds(content.thresholds_mm))
    per_landmark = make_table(
        content.tables["summary"],
        [Column(column.head.removesuffix(", %"), column.text) for column in steps],
        "Success detection rates per landmark, %, at the ten thresholds of the curves.",
    )
    pictures = content.pictures("sdr_curve", "sdr_bars")
    return Section("success", "Success detection rates", (*pictures, table, per_landmark))


def _stages(content: Content) -> Section | None:
    if not content.has("stages"):
        return None
    columns = [*_ERROR_COLUMNS, *_rate_columns(content.thresholds_mm)]
    answer = content.tables["stages"].index[-1]
    who = "the local stages together give" if answer == TOGETHER else "the last stage gives"
    caption = f"Errors over all landmarks after each stage; {who} the answer."
    return Section("stages", "Stage by stage", (make_table(content.tables["stages"], columns, caption, "after"),))


def _comparison_columns(first: str, second: str) -> list[Column]:
    return [
        number_column("pairs", "pairs", 0),
        Column(f"{first}, mm", median_and_iqr),
        Column(f"{second}, mm", lambda row: median_and_iqr(row, "other_")),
        number_column("difference, mm", "difference_mm"),
        Column("p", lambda row: p_text(row["p_value"])),
        word_column("", "mark"),
    ]


_TEST_CAPTION = (
    "Median (IQR) over the pairs of which both are known, the median of their differences, and the p value of a two-sided "
    "Wilcoxon signed-rank test: * p < 0.05, † p < 0.01, ‡ p < 0.001, not corrected for the number of landmarks. The last row "
    "pools all landmarks; those of one image are not independent, so its p is smaller than it ought to be."
)


def _observers(content: Content) -> Section | None:
    if not content.has("observers", "observers_test"):
        return None
    spread = make_table(
        content.tables["observers"],
        [number_column("n", "count", 0), *_ERROR_COLUMNS, *_rate_columns(content.thresholds_mm)],
        "Distance between the two observers' marks of the same landmark.",
    )
    test = make_table(
        content.tables["observers_test"],
        _comparison_columns("model", "between observers"),
        f"The model's errors against the distances between the observers. {_TEST_CAPTION}",
    )
    words = Paragraph(
        "The reference is the mean of both observers' marks, so each observer is half of their distance away from it, and the "
        "model is held against a reference that it was trained to meet. An error below the distance between the observers shows "
        "that the model errs less than two people differ; it does not show that it is better than either of them."
    )
    return Section("observers", "Observers", (words, spread, test))


def _other(content: Content) -> Section | None:
    if not content.has("other_test"):
        return None
    other = content.subject.other
    table = make_table(
        content.tables["other_test"],
        _comparison_columns("model", "other"),
        f"{content.subject.model} (model) against {other} (other) on the same images. {_TEST_CAPTION}",
    )
    return Section("other", f"Against {other}", (table,))


def _detection(content: Content) -> Section | None:
    summary = content.tables["summary"]
    kinds = {
        "true_positive": "found, there",
        "false_negative": "missed",
        "false_positive": "found, not there",
        "true_negative": "rightly absent",
    }
    if not summary[["false_negative", "false_positive", "true_negative"]].to_numpy().any():
        return None
    columns = [number_column(head, key, 0) for key, head in kinds.items()]
    columns += [
        number_column("sensitivity, %", "sensitivity_percent", 1),
        number_column("specificity, %", "specificity_percent", 1),
    ]
    caption = (
        "Landmarks that are in an image or not, against what was reported. A missed landmark has no radial error but lowers "
        "the success detection rates; one that is not there counts in this table only."
    )
    return Section("detection", "Present and absent landmarks", (make_table(summary, columns, caption),))


def _certainty(content: Content) -> Section | None:
    if not content.has("certainty"):
        return None
    nominal = f"{100 * NOMINAL_COVERAGE:g} %"
    per_landmark = make_table(
        content.tables["summary"],
        [
            number_column("n", "radius_count", 0),
            number_column("median radius, mm", "median_radius_mm"),
            number_column("within radius, %", "coverage_percent", 1),
        ],
        f"Coverage: how often the true position lies within the predicted radius, which is meant to hold it in {nominal}.",
    )
    groups = make_table(
        content.tables["certainty"],
        [
            number_column("n", "count", 0),
            number_column("smallest radius, mm", "smallest_radius_mm"),
            number_column("median, mm", "median_radius_mm"),
            number_column("largest, mm", "largest_radius_mm"),
            number_column("mean error, mm", "mean_mm"),
            number_column("90 % of errors below, mm", "error_90_mm"),
            number_column("within radius, %", "coverage_percent", 1),
        ],
        "Errors of the predictions of all landmarks, grouped by their radius.",
        "group",
    )
    return Section("certainty", "Certainty", (*content.pictures("certainty"), groups, per_landmark))


def _measures(content: Content) -> Section | None:
    if not content.has("measures", "classes"):
        return None
    heads = {
        "rate_percent": "model, %",
        "other_percent": f"{content.subject.other}, %",
        "observers_percent": "second observer, %",
    }
    measures = content.tables["measures"]
    rates = make_table(
        measures.rename(index={ALL: "mean"}),
        [number_column(head, key, 1) for key, head in heads.items() if key in measures.columns],
        "Success classification rates of the cephalometric challenge: how often the class of a patient was recognised, as the "
        "mean over the classes; of the model against the reference, of the second observer against the first. Positions are "
        "rounded to whole pixels.",
        "measure",
    )
    classes = content.tables["classes"].reset_index(level="class")
    per_class = make_table(
        classes,
        [
            word_column("class", "class"),
            number_column("n", "count", 0),
            number_column("recognised, %", "recall_percent", 1),
        ],
        "n: images that belong to the class by the reference. A class of few images weighs as much as one of many.",
        "measure",
    )
    return Section("measures", "Measures of the cephalometric challenge", (rates, per_class))


def _vectors(content: Content) -> Section | None:
    pictures = content.pictures("vectors_global", "vectors_last")
    return Section("vectors", "Best and worst cases", pictures) if pictures else None


def _outliers(content: Content) -> Section:
    outliers, largest_mm = content.tables["outliers"], every_threshold(content.thresholds_mm)[-1]
    rule = (
        f"Listed are errors of at least {largest_mm:g} mm, errors unusual for their landmark (more than three IQR above the "
        "third quartile), and landmarks missed or reported though they are not there."
    )
    if outliers.empty:
        return Section("outliers", "Outliers", (Paragraph(f"{rule} There are none."),))
    shown = outliers.head(OUTLIERS_SHOWN)
    caption = f"{len(outliers)} outliers." + (
        f" The first {len(shown)} are shown, outliers.csv has all." if len(shown) < len(outliers) else ""
    )
    columns = [word_column("landmark", "landmark"), number_column("error, mm", "error_mm")]
    columns += [number_column("radius, mm", "radius_mm")] * content.has("radii")
    columns += [number_column("presence", "presence"), word_column("why it is listed", "why")]
    return Section("outliers", "Outliers", (Paragraph(rule), make_table(shown, columns, caption, "case")))


def _time(content: Content) -> Section | None:
    if not content.has("times"):
        return None
    columns = [
        word_column("device", "device"),
        number_column("images", "images", 0),
        Column("mean ± SD, s", lambda row: f"{number(row['mean_s'])} ± {number(row['sd_s'])}"),
        number_column("median, s", "median_s"),
        number_column("slowest, s", "slowest_s"),
    ]
    caption = "Wall time from decoded pixels to landmarks in mm, per image; reading the file is not included."
    return Section("time", "Processing time", (make_table(content.tables["times"], columns, caption, "model"),))


SECTIONS: tuple[Callable[[Content], Section | None], ...] = (
    _errors, _success, _stages, _observers, _other, _detection, _certainty, _measures, _vectors, _outliers, _time,
)  # fmt: skip
"""In the order of the page."""
