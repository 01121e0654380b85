"""Writes an evaluation for people: CSV tables, and Markdown for a model card.

Every figure comes from `training/evaluation.py`; nothing is computed here but rounding.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.files import written_whole
from training.evaluation import Evaluation
from training.metrics import ALL, THRESHOLDS_MM


def _number(value: float, digits: int = 2) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}"


def _figures(row: pd.Series, thresholds_mm: Sequence[float]) -> list[str]:
    """Format one row of `metrics.describe_errors`: mean ± SD, median (IQR), a rate per threshold."""
    return [
        f"{_number(row['mean_mm'])} ± {_number(row['sd_mm'])}",
        f"{_number(row['median_mm'])} ({_number(row['iqr_mm'])})",
        *(_number(row[f"sdr_{threshold:g}mm_percent"], 1) for threshold in thresholds_mm),
    ]


def _heads(thresholds_mm: Sequence[float]) -> list[str]:
    return ["mean ± SD, mm", "median (IQR), mm", *(f"< {threshold:g} mm, %" for threshold in thresholds_mm)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and whose others are numbers."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (escaped[0], rule, *escaped[1:]))


def _landmark_table(evaluation: Evaluation, thresholds_mm: Sequence[float]) -> str:
    summary, observers = evaluation.summary(thresholds_mm), evaluation.observers(thresholds_mm)
    head = ["landmark", *_heads(thresholds_mm)]
    if evaluation.observed_twice:
        head.append("between observers, mm")
    rows = []
    for (label, row), (_, between) in zip(summary.iterrows(), observers.iterrows(), strict=True):
        cells = [str(label), *_figures(row, thresholds_mm)]
        if evaluation.observed_twice:
            cells.append(f"{_number(between['mean_mm'])} ± {_number(between['sd_mm'])}")
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


def to_markdown(evaluation: Evaluation, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> str:
    """Return the evaluation as Markdown for a model card.

    A sentence on what was evaluated, the figures per landmark, those after each stage where stages are known, and
    the detection counts where any landmark is absent or was missed.
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
    return "\n\n".join(parts) + "\n"


def write_report(
    evaluation: Evaluation, folder: Path, thresholds_mm: Sequence[float] = THRESHOLDS_MM
) -> tuple[Path, Path, Path]:
    """Write ``errors.csv``, ``summary.csv`` and ``report.md`` into ``folder``, each whole or not at all.

    Parameters
    ----------
    evaluation
        What to write.
    folder
        Made where it does not exist.
    thresholds_mm
        Thresholds of the success detection rates, mm.

    Returns
    -------
    tuple of Path
        The radial errors (case × landmark, mm, and seconds per case), the figures per landmark with the detection counts, and the
        Markdown.
    """
    errors = pd.DataFrame(
        evaluation.errors_mm, index=pd.Index(evaluation.cases, name="case"), columns=list(evaluation.names)
    )
    errors["elapsed_s"] = evaluation.elapsed_s
    summary = evaluation.summary(thresholds_mm).join(evaluation.detections())
    between = evaluation.observers(thresholds_mm)[["mean_mm", "sd_mm"]]
    summary = summary.join(between.rename(columns={"mean_mm": "observers_mean_mm", "sd_mm": "observers_sd_mm"}))
    paths = (folder / "errors.csv", folder / "summary.csv", folder / "report.md")
    for table, path in zip((errors, summary), paths[:2], strict=True):
        with written_whole(path) as temporary:
            table.to_csv(temporary, float_format="%.4f", lineterminator="\n")
    with written_whole(paths[2]) as temporary:
        temporary.write_text(to_markdown(evaluation, thresholds_mm), encoding="utf-8")
    return paths
