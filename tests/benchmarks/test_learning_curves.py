"""What measures learning, without any learning: orders, curves and scores."""

import numpy as np
import pytest

from core.values.landmarks import Landmarks, Status
from tests.benchmarks.learning.curves import keep_curve, read_curves, table_of
from tests.benchmarks.learning.orders import ORDERS
from tests.benchmarks.learning.scores import scores, to_markdown

NAMES = ("a", "b", "c", "d")
SHAPE = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0]])


def reading(seed, moved=0.0, spread=1.0):
    points = SHAPE + np.random.default_rng(seed).normal(0, 0.2, SHAPE.shape)
    points[0, 0] += moved
    return Landmarks(NAMES, points, np.full(4, 0.99), np.full(4, spread), status=(Status.PREDICTED,) * 4)


def curve(order, seed, *means):
    points = [{"cases": 5 * number, "mean": mean} for number, mean in enumerate(means, 1)]
    return {"task": "squares", "seed": seed, "order": order, "points": points}


@pytest.mark.parametrize("name", ORDERS)
def test_every_order_takes_each_case_once(name):
    readings = {row: reading(row, moved=row % 3) for row in range(9)}
    found = ORDERS[name](readings, [reading(20), reading(21)], np.random.default_rng(0))
    assert sorted(found) == list(range(9))


def test_orders_differ_in_what_they_look_for():
    readings = {row: reading(row) for row in range(6)} | {6: reading(6, moved=25.0), 7: reading(7, spread=9.0)}
    marked = [reading(20, moved=9.0), reading(21, moved=9.0)]
    first = {name: order(readings, marked, np.random.default_rng(0))[0] for name, order in ORDERS.items()}
    assert first["shape"] != 6
    assert first["apart"] == 6
    assert first["doubt"] in (6, 7)


def test_curves_are_kept_and_paired_by_seed(tmp_path):
    assert read_curves(tmp_path) == []
    for made in (
        curve("random", 1, 4.0, 3.0, 2.0), curve("shape", 1, 4.0, 2.0, 1.0), curve("random", 2, 6.0, 5.0, 4.0),
        curve("shape", 2, 6.0, 4.5, 3.5), curve("shape", 3, 0.0, 0.0, 0.0), curve("random", 9, 9.0, 9.0, 9.0),
    ):  # fmt: skip
        keep_curve(tmp_path, made)
    table = table_of(read_curves(tmp_path), "squares", range(1, 4), "mm").splitlines()
    assert table[0] == "| squares: order | seeds | 5 cases | 10 cases | 15 cases | beside random |"
    assert table[2] == "| random | 2 | 5.00 | 4.00 | 3.00 |  |"
    assert table[3] == "| shape | 2 | 5.00 | 3.25 | 2.25 | -0.75 ± 0.25 mm; better in 2 of 2 |"


def test_scores_count_what_was_not_found():
    errors = np.array([[1.0, 2.0], [3.0, np.inf]])
    found = scores(errors, 2.0, "px")
    assert (found.median, found.mean, found.within, found.missed) == (2.5, 2.0, 0.5, 1)
    assert found.p95 == np.inf
    row = to_markdown({"cairn": found}, "squares").splitlines()[-1]
    assert row == "| cairn | 2.50 | 2.00 | inf | 50.0 % | 1 |"
    assert scores(np.full((1, 2), np.inf), 2.0, "px").missed == 2
