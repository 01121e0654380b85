"""The paper's Table I for an ablation: medians and interquartile ranges with marks of significance, as CSV and Markdown.

Computes from `training.ablation.ablation.Results` alone; trains and evaluates nothing.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from core.base.files import written_whole
from training.ablation.ablation import Results
from training.ablation.variants import GLOBAL, PROPOSED, SINGLE
from training.evaluation.metrics import ALL, FloatArray, median_and_iqr
from training.evaluation.statistics import significance_mark, wilcoxon_p

OBSERVERS = "observers"
"""What the distance between two observers is called beside the variants."""

_LEGEND = (
    "Global stages alone: R regresses displacements, R_log log-transformed ones, C only classifies patches; "
    "ED is an encoder and decoder of finer patches that share one posterior. "
    "ML is R_log+C with its local stages, all landmarks together; SL the same with a chain of networks for each landmark."
)
_NOTE = (
    "Wilcoxon signed-rank tests, of R, R_log, C, R+C and ED against R_log+C, of SL and the distance between the observers "
    "against ML: \\* p < 0.05, † p < 0.01, ‡ p < 0.001."
)


def tabulate_ablation(results: Results) -> pd.DataFrame:
    """Return the figures of every variant, and those of the distance between the observers where it is known.

    Returns
    -------
    pandas.DataFrame
        A row per variant and group of landmarks: each landmark, ``all``, and those of SL together where it has only some.
        ``variant``, ``landmark``, ``count`` of errors, ``median_mm``, ``iqr_mm``; ``against``, ``p_value`` and ``mark`` of the
        test against another variant, empty and NaN where there is none.
    """
    errors_mm = {key: table.reindex(columns=list(results.names)).to_numpy() for key, table in results.errors_mm.items()}
    if np.isfinite(results.observer_errors_mm).any():
        errors_mm = {OBSERVERS: results.observer_errors_mm} | errors_mm
    rows = []
    for key, all_mm in errors_mm.items():
        reference = _reference(key)
        for label, names in _groups(results).items():
            if key == SINGLE.key and not set(names) <= set(results.errors_mm[key].columns):
                continue
            columns = [results.names.index(name) for name in names]
            other_mm = errors_mm[reference][:, columns] if reference in errors_mm else None
            rows.append({"variant": key, "landmark": label, **_figures(all_mm[:, columns], reference, other_mm)})
    return pd.DataFrame(rows)


def _reference(key: str) -> str:
    """Return what a row is tested against, as the footnote of the paper's table says; empty for the references themselves."""
    if key in (GLOBAL.key, PROPOSED.key):
        return ""
    return PROPOSED.key if key in (SINGLE.key, OBSERVERS) else GLOBAL.key


def _groups(results: Results) -> dict[str, tuple[str, ...]]:
    """Return the landmarks that are summed up together, by what they are called."""
    groups = {name: (name,) for name in results.names} | {ALL: results.names}
    alone = results.errors_mm.get(SINGLE.key)
    if alone is not None and 1 < len(alone.columns) < len(results.names):
        groups[f"the {len(alone.columns)} of SL"] = tuple(alone.columns)
    return groups


def _figures(errors_mm: FloatArray, reference: str, other_mm: FloatArray | None) -> dict[str, float | str]:
    known_mm = errors_mm[np.isfinite(errors_mm)]
    median_mm, iqr_mm = median_and_iqr(known_mm)
    p_value = float("nan") if other_mm is None else wilcoxon_p(errors_mm, other_mm)
    return {
        "count": known_mm.size,
        "median_mm": median_mm,
        "iqr_mm": iqr_mm,
        "against": "" if other_mm is None else reference,
        "p_value": p_value,
        "mark": significance_mark(p_value),
    }


def format_ablation(results: Results) -> str:
    """Return the table as Markdown, a row per landmark and a column per variant, with the sentences that explain it.

    The smallest median of the variants in a row is bold.
    """
    figures = tabulate_ablation(results)
    keys = list(figures["variant"].unique())
    lines = [f"| landmark | {' | '.join(keys)} |", f"| --- |{' ---: |' * len(keys)}"]
    for label, rows in figures.groupby("landmark", sort=False):
        by_key = {str(row["variant"]): row for _, row in rows.iterrows()}
        medians_mm = [float(row["median_mm"]) for key, row in by_key.items() if key != OBSERVERS]
        smallest_mm = np.nanmin(medians_mm) if np.isfinite(medians_mm).any() else np.nan
        cells = [_cell(by_key[key], smallest_mm) if key in by_key else "–" for key in keys]
        lines.append(f"| {str(label).replace('|', '&#124;')} | {' | '.join(cells)} |")
    head = (
        f"Radial error on the {len(results.present)} cases of {results.split}: median (interquartile range), mm. "
        "The smallest median of a row is bold."
    )
    return "\n\n".join([head, "\n".join(lines), _LEGEND, _NOTE, _budget(results), *_misses(results)]) + "\n"


def _cell(row: pd.Series, smallest_mm: float) -> str:
    if not np.isfinite(row["median_mm"]):
        return "–"
    text = f"{row['median_mm']:.2f} ({row['iqr_mm']:.2f})"
    if row["variant"] != OBSERVERS and row["median_mm"] == smallest_mm:
        text = f"**{text}**"
    return text + str(row["mark"]).replace("*", "\\*")


def _budget(results: Results) -> str:
    """Say what every variant was trained with."""
    config = results.config
    parts = []
    for number in range(1 + len(config.local_stages)):
        stage = config.stage(number)
        name = f"local stage {number}" if number else "global stage"
        budget = stage.optimisation
        parts.append(f"{name} {budget.iterations} iterations of {budget.batch} images at {stage.spacing_mm:g} mm")
    return f"Every variant: {'; '.join(parts)}; seed {config.seed}."


def _misses(results: Results) -> list[str]:
    """Say which landmarks that are there were reported absent, since they have no distance."""
    present = pd.DataFrame(results.present, columns=list(results.names))
    missed = {
        key: int((table.isna() & present[table.columns].to_numpy()).to_numpy().sum())
        for key, table in results.errors_mm.items()
    }
    parts = [f"{key} {count}" for key, count in missed.items() if count]
    return [f"Reported absent though there, and not counted above: {', '.join(parts)}."] if parts else []


def write_ablation(results: Results, folder: Path) -> tuple[Path, Path]:
    """Write ``table.md`` and ``table.csv`` into ``folder``, each whole or not at all; return their paths."""
    markdown, table = folder / "table.md", folder / "table.csv"
    with written_whole(markdown) as temporary:
        temporary.write_text(format_ablation(results), encoding="utf-8")
    with written_whole(table) as temporary:
        tabulate_ablation(results).to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    return markdown, table
