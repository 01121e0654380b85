"""Learning curves kept and told: how far a learner errs by the number of cases marked, for each order and seed.

A curve is a dictionary with ``task``, ``seed``, ``order`` and ``points``, each of which has ``cases`` and ``mean``.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CURVES_NAME = "curves.jsonl"


def read_curves(folder: Path) -> list[dict[str, Any]]:
    """Return the curves that are kept in a folder."""
    path = folder / CURVES_NAME
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def keep_curve(folder: Path, curve: dict[str, Any]) -> None:
    """Keep a curve."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / CURVES_NAME).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(curve) + "\n")


def table_of(curves: Sequence[dict[str, Any]], task: str, seeds: Collection[int], unit: str) -> str:
    """Return the table of a task: each order's mean error by the number of cases, and how it differs from random order.

    Only seeds count for which both are there. The difference is that of the mean over all rounds after the first, paired by
    seed, with its standard error; negative is better than random.
    """
    found = {(each["order"], each["seed"]): each["points"] for each in curves if each["task"] == task}
    orders = list(dict.fromkeys(order for order, _ in found))
    counts = [point["cases"] for point in next(iter(found.values()))]
    lines = [
        f"| {task}: order | seeds | {' | '.join(f'{count} cases' for count in counts)} | beside random |",
        "| --- " * (len(counts) + 3) + "|",
    ]
    for order in orders:
        both = [seed for seed in sorted(seeds) if (order, seed) in found and ("random", seed) in found]
        if not both:
            continue
        errors, random = (
            np.array([[point["mean"] for point in found[name, seed]] for seed in both]) for name in (order, "random")
        )
        cells = (f"{value:.2f}" for value in errors.mean(axis=0))
        lines.append(f"| {order} | {len(both)} | {' | '.join(cells)} | {_difference(errors, random, unit, order)} |")
    return "\n".join(lines) + "\n"


def _difference(errors: np.ndarray, random: np.ndarray, unit: str, order: str) -> str:
    if order == "random":
        return ""
    apart = (errors - random)[:, 1:].mean(axis=1)
    better = f"better in {int((apart < 0).sum())} of {len(apart)}"
    if len(apart) < 2:
        return f"{apart.mean():+.2f} {unit}; {better}"
    return f"{apart.mean():+.2f} ± {apart.std(ddof=1) / np.sqrt(len(apart)):.2f} {unit}; {better}"
