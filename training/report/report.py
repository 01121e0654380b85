"""Writes an evaluation for people: CSV tables, PNG figures, an HTML report, and Markdown for a model card.

Every figure comes from `training/evaluation/evaluation.py` and `training/report/tables.py`; nothing is computed here but
rounding.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.base.files import written_whole
from training.evaluation.coverage import tabulate_coverage
from training.evaluation.evaluation import Evaluation
from training.evaluation.metrics import ALL, THRESHOLDS_MM
from training.report.blocks import row_of
from training.report.figures import ReportFigure, make_figures
from training.report.number_text import mean_and_sd, median_and_iqr, number
from training.report.page import to_html
from training.report.sections import ReportSubject
from training.report.tables import make_tables, rate_column, title_of_other

REPORT_NAME = "report.html"


def _figures(row: pd.Series, thresholds_mm: Sequence[float]) -> list[str]:
    """Format one row of `metrics.describe_errors`: mean ± SD, median (IQR), a rate per threshold."""
    rates = (number(row[rate_column(threshold)], 1) for threshold in thresholds_mm)
    return [mean_and_sd(row), median_and_iqr(row), *rates]


def _heads(thresholds_mm: Sequence[float]) -> list[str]:
    return ["mean ± SD, mm", "median (IQR), mm", *(f"< {threshold:g} mm, %" for threshold in thresholds_mm)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and whose others are numbers."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (escaped[0], rule, *escaped[1:]))


def _landmark_table(evaluation: Evaluation, thresholds_mm: Sequence[float]) -> str:
    summary, observers = evaluation.summary(thresholds_mm), evaluation.observers(thresholds_mm)
    coverage = tabulate_coverage(evaluation.errors_mm, evaluation.radius_mm, evaluation.names)
    head = ["landmark", *_heads(thresholds_mm)]
    head += ["between observers, mm"] * evaluation.observed_twice + ["in radius, %"] * evaluation.calibrated
    rows = []
    for label, row in summary.iterrows():
        cells = [str(label), *_figures(row, thresholds_mm)]
        if evaluation.observed_twice:
            cells.append(mean_and_sd(row_of(observers, str(label))))
        if evaluation.calibrated:
            cells.append(number(row_of(coverage, str(label))["coverage_percent"], 1))
        rows.append([f"**{cell}**" for cell in cells] if label == ALL else cells)
    return _table(head, rows)


def _stage_table(evaluation: Evaluation, thresholds_mm: Sequence[float]) -> str:
    rows = [[str(label), *_figures(row, thresholds_mm)] for label, row in evaluation.stages(thresholds_mm).iterrows()]
    if evaluation.observed_twice:
        between = evaluation.observers(thresholds_mm).iloc[-1]
        rows.append(["between observers", *_figures(between, thresholds_mm)])
    return _table(["all landmarks after", *_heads(thresholds_mm)], rows)


def _detection_table(evaluation: Evaluation) -> str:
    head = ["landmark", "found, there", "missed", "found, not there", "rightly absent"]
    rows = [[str(label), *(str(count) for count in row)] for label, row in evaluation.detections().iterrows()]
    return _table(head, rows)


def _measure_table(evaluation: Evaluation) -> str:
    measures = evaluation.measures()
    heads = {"rate_percent": "rightly classified, %", "observers_percent": "second observer, %"}
    keys = [key for key in heads if key in measures.columns]
    rows = [
        ["**mean**" if label == ALL else str(label), *(number(row[key], 1) for key in keys)]
        for label, row in measures.iterrows()
    ]
    return _table(["measure of the challenge", *(heads[key] for key in keys)], rows)


def to_markdown(evaluation: Evaluation, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> str:
    """Return the evaluation as Markdown for a model card.

    A sentence on what was evaluated; the figures per landmark, with the observers' distance and the share of true positions
    within the calibrated radius where these are known; the figures after each stage where stages are known; the detection
    counts where any landmark is absent or was missed; of cephalograms the challenge's success classification rates.
    """
    count = len(evaluation.cases)
    where = f" on {evaluation.device}" if evaluation.device else ""
    times_s = evaluation.elapsed_s[np.isfinite(evaluation.elapsed_s)]
    speed = f", {np.median(times_s):.2f} s per image (median)" if times_s.size else ""
    parts = [
        f"{evaluation.model}{where}: {count} images, {len(evaluation.names)} landmarks each{speed}.",
        _landmark_table(evaluation, thresholds_mm),
    ]
    if len(evaluation.stage_errors_mm):
        parts.append(_stage_table(evaluation, thresholds_mm))
    if not (evaluation.present & evaluation.found).all():
        parts.append(_detection_table(evaluation))
    if len(evaluation.recalls):
        parts.append(_measure_table(evaluation))
    return "\n\n".join(parts) + "\n"


def write_report(
    evaluation: Evaluation,
    folder: Path,
    thresholds_mm: Sequence[float] = THRESHOLDS_MM,
    *,
    data: str,
    date: str,
    other: Evaluation | None = None,
    panels: Sequence[ReportFigure] = (),
) -> Path:
    """Write the whole report into ``folder``, each file whole or not at all.

    Parameters
    ----------
    evaluation
        What to write.
    folder
        Made where it does not exist.
    thresholds_mm
        Thresholds of the success detection rates, mm.
    data
        Data set and split, in words.
    date
        When it was made.
    other
        Of another model on the same cases, to compare with.
    panels
        Figures with vector fields, see `training.report.vector_panels`.

    Returns
    -------
    Path
        ``report.html``. Beside it stand ``report.md``, a CSV file per table of `training.report.tables.make_tables` and a PNG
        file per figure.
    """
    tables = make_tables(evaluation, thresholds_mm, other)
    figures = [*make_figures(evaluation, tables, thresholds_mm, other), *panels]
    subject = ReportSubject(
        evaluation.model, data, date, evaluation.hardware, title_of_other(evaluation, other) if other else ""
    )
    for name, table in tables.items():
        with written_whole(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, float_format="%.6g", lineterminator="\n")
    for figure in figures:
        with written_whole(folder / f"{figure.name}.png") as temporary:
            temporary.write_bytes(figure.png)
    texts = {
        "report.md": to_markdown(evaluation, thresholds_mm),
        REPORT_NAME: to_html(subject, tables, figures, thresholds_mm),
    }
    for name, text in texts.items():
        with written_whole(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return folder / REPORT_NAME
