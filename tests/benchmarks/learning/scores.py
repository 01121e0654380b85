"""The figures by which what was learnt is judged, the same for every method."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.values.grid import FloatArray


@dataclass(frozen=True)
class Score:
    """How far a method errs.

    Attributes
    ----------
    median, mean, p95
        Of all radial errors, in ``unit``. The mean leaves out landmarks that were not found; the others count them as far off.
    within
        Share of landmarks that lie within ``limit``.
    limit
        In ``unit``.
    missed
        How many landmarks were not found.
    unit
        ``"mm"`` or ``"px"``.
    """

    median: float
    mean: float
    p95: float
    within: float
    limit: float
    missed: int
    unit: str


def scores(errors: FloatArray, limit: float, unit: str) -> Score:
    """Return the figures of errors ``(cases, L)``; infinite where nothing was found."""
    found = errors[np.isfinite(errors)]
    return Score(
        float(np.median(errors)),
        float(found.mean()) if found.size else np.inf,
        float(np.quantile(errors, 0.95, method="higher")),
        float((errors <= limit).mean()),
        limit,
        int(np.isinf(errors).sum()),
        unit,
    )


def to_markdown(found: Mapping[str, Score], title: str) -> str:
    """Return the table of several methods."""
    first = next(iter(found.values()))
    lengths = (f"{head} ({first.unit})" for head in ("median", "mean", "95 % within"))
    columns = ("method", *lengths, f"within {first.limit:g} {first.unit}", "not found")
    lines = [title, "", f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    for method, score in found.items():
        lengths = (f"{value:.2f}" for value in (score.median, score.mean, score.p95))
        lines.append(f"| {' | '.join((method, *lengths, f'{100 * score.within:.1f} %', str(score.missed)))} |")
    return "\n".join(lines) + "\n"
