"""The tables of a cross-validation, as Markdown: what each stage reaches out of fold, each fold, and each landmark.

Pure functions of the answers; `training/cross_validation/cross_validation.py` finds these.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.base.files import written_whole
from training.cross_validation.answers import ANSWER
from training.cross_validation.cross_validation import OutOfFold
from training.evaluation.metrics import THRESHOLDS_MM, success_rate

TABLE_NAME = "table.md"


def summary_of(answers: pd.DataFrame, column: str, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> pd.DataFrame:
    """Sum up the radial errors for each value of ``column``, in their order of appearance.

    Returns
    -------
    DataFrame
        Columns ``count``, ``mean_mm``, ``median_mm``, ``worst_mm`` and a success detection rate in % per threshold; landmarks
        without a truth do not count.
    """
    rows = {}
    for label, group in answers.groupby(column, sort=False):
        errors_mm = group["error_mm"].dropna().to_numpy()
        there = np.ones(errors_mm.shape, dtype=np.bool_)
        rows[label] = {
            "count": len(errors_mm),
            "mean_mm": float(errors_mm.mean()) if len(errors_mm) else float("nan"),
            "median_mm": float(np.median(errors_mm)) if len(errors_mm) else float("nan"),
            "worst_mm": float(errors_mm.max()) if len(errors_mm) else float("nan"),
            **{f"{mm:g}": success_rate(errors_mm, mm, there) for mm in thresholds_mm},
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def format_cross_validation(results: OutOfFold, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> str:
    """Return the tables with the sentences that explain them."""
    answers = results.answers
    last = answers[answers["stage"] == ANSWER]
    folds = ", ".join(str(fold) for fold in results.done)
    head = (
        f"{results.config.name}: radial errors in {last['case'].nunique()} cases, each localized by networks that did not learn "
        f"from it. Done: {len(results.done)} of {results.folds} folds ({folds})."
    )
    return (
        "\n\n".join(
            [
                head,
                _table("stage", summary_of(answers, "stage", thresholds_mm)),
                _table("fold", summary_of(last, "fold", thresholds_mm)),
                _table("landmark", summary_of(last, "landmark", thresholds_mm)),
            ]
        )
        + "\n"
    )


def _table(first: str, summary: pd.DataFrame) -> str:
    rates = list(summary.columns[4:])
    lines = [
        f"| {first} | mean, mm | median, mm | worst, mm | {' | '.join(f'< {mm} mm, %' for mm in rates)} |",
        f"| --- |{' ---: |' * (3 + len(rates))}",
    ]
    for label, row in summary.iterrows():
        figures = [f"{row[name]:.3f}" for name in ("mean_mm", "median_mm", "worst_mm")]
        figures += [f"{row[mm]:.1f}" for mm in rates]
        lines.append(f"| {str(label).replace('|', '&#124;')} | {' | '.join(figures)} |")
    return "\n".join(lines)


def write_cross_validation(results: OutOfFold, out: Path, thresholds_mm: Sequence[float] = THRESHOLDS_MM) -> Path:
    """Write the tables into the folder of the cross-validation; return the path."""
    path = out / TABLE_NAME
    with written_whole(path) as temporary:
        temporary.write_text(format_cross_validation(results, thresholds_mm), encoding="utf-8")
    return path
