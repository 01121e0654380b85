"""Whether marking the cases first that `core.learning.next_case` proposes needs fewer of them than marking at random.

    PYTHONPATH=. OMP_NUM_THREADS=1 .venv/bin/python tests/benchmarks/bench_next_case.py --task hippocampus --seeds 3-7 \
        --data ../shared/data --out runs/next-case

The pool of a task is taken to be unmarked. Five cases, drawn by the seed, are marked and learnt from; then, round after round, as
many are marked in each order, and learning goes on from the weights of that order's round before. What the small network errs on
the judging cases, which nobody learns from and by which no weights are chosen, is the learning curve. All orders of a seed begin
with the same five cases and weights. Each curve is kept at once in ``curves.jsonl`` of the folder, so that the same command goes
on where it was interrupted; the table of the seeds asked for is printed at the end. Exit code 2 where the input is wrong.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.base.errors import AppError
from tests.benchmarks.learning.curves import keep_curve, read_curves, table_of
from tests.benchmarks.learning.orders import ORDERS, Order
from tests.benchmarks.learning.tasks import UNITS, read_task
from tests.benchmarks.learning.tiny import Learnt, TinyLearner

FIRST, MORE, LAST = 5, 5, 20
"""Cases at first, how many come in each round, and how many there are in the last one."""


def curve(learner: TinyLearner, first: Learnt, marked: Sequence[int], seed: int, order: Order) -> list[dict[str, Any]]:
    """Return the learning curve of an order: one row for each round."""
    rng = np.random.default_rng((seed, 1))
    rows, learnt = list(marked), first
    points = [_point(rows, learnt)]
    while len(rows) < LAST:
        left = [row for row in range(len(learner.pool)) if row not in rows]
        readings = dict(zip(left, learner.read(learnt, left), strict=True))
        rows += order(readings, [learner.truth(row) for row in rows], rng)[:MORE]
        learnt = learner.learn(rows, 100 * seed + len(rows), learnt)
        points.append(_point(rows, learnt))
    return points


def _point(rows: Sequence[int], learnt: Learnt) -> dict[str, Any]:
    errors = learnt.errors
    figures = {"mean": float(errors.mean()), "median": float(np.median(errors)), "p90": float(np.quantile(errors, 0.9))}
    return {"cases": len(rows), **figures, "rows": list(rows)}


def run(task: str, data: Path, out: Path, seeds: Sequence[int], orders: Sequence[str]) -> None:
    """Make the curves that are not kept yet."""
    kept = {(each["task"], each["seed"], each["order"]) for each in read_curves(out)}
    missing = {seed: [order for order in orders if (task, seed, order) not in kept] for seed in seeds}
    if not any(missing.values()):
        return
    with tempfile.TemporaryDirectory() as scratch:
        learner = TinyLearner(read_task(task, data), Path(scratch))
        for seed, wanted in missing.items():
            if not wanted:
                continue
            marked = np.random.default_rng((seed, 0)).permutation(len(learner.pool))[:FIRST].tolist()
            first = learner.learn(marked, 100 * seed)
            for order in wanted:
                began = time.monotonic()
                points = curve(learner, first, marked, seed, ORDERS[order])
                keep_curve(out, {"task": task, "seed": seed, "order": order, "points": points})
                told = " ".join(f"{point['mean']:.2f}" for point in points)
                say(f"{task} seed {seed} {order}: mean error {told} ({time.monotonic() - began:.0f} s)")


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Make the curves and print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description="Learning curves by the order in which cases are marked.")
    parser.add_argument("--task", choices=("hippocampus", "wings"), required=True)
    parser.add_argument("--seeds", type=_seeds, default=range(3, 8), help="as in 3-7")
    parser.add_argument("--orders", type=_orders, default=["random", "shape"], help=", ".join(ORDERS))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        run(options.task, options.data, options.out, options.seeds, options.orders)
        say(table_of(read_curves(options.out), options.task, options.seeds, UNITS[options.task]))
    except AppError as error:
        sys.stderr.write(f"bench_next_case: {error}\n")
        return 2
    return 0


def _orders(text: str) -> list[str]:
    names = list(dict.fromkeys(("random", *text.split(","))))
    unknown = [name for name in names if name not in ORDERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no order {', '.join(unknown)}; use some of {', '.join(ORDERS)}")
    return names


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(main())
