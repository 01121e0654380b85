"""What measures learning, without any learning: orders, curves and scores."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import AppError, ConfigError
from core.images.file import read_image
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.values.landmarks import Landmarks, Status
from tests.benchmarks import bench_learning
from tests.benchmarks.learning.curves import keep_curve, read_curves, table_of
from tests.benchmarks.learning.orders import ORDERS
from tests.benchmarks.learning.scores import scores, to_markdown
from tests.benchmarks.learning.tasks import UNITS, read_task
from tests.support.model_fixtures import write_tiny_image

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


@pytest.mark.parametrize("overrules", [True, False])
def test_a_list_says_where_landmarks_are_whatever_pixel_size_a_task_puts_in_its_place(tmp_path, overrules):
    path = tmp_path / "a.png"
    write_tiny_image(path, spacing_mm=0.5 if overrules else None)
    grid = read_image(path).with_spacing(2.0).grid
    case = Case("a", path, Landmarks(NAMES[:2], grid.to_mm([(3, 5), (7, 2)])), spacing_mm=2.0, overrules=overrules)
    listed = bench_learning.write_list([case], tmp_path / "cases")
    (row,) = csv.DictReader(listed.read_text(encoding="utf-8").splitlines())
    assert row["spacing"] == ("" if overrules else "2.0")
    image = bench_learning._as_a_person_has_it(case)
    marks = read_landmarks(Path(row["landmarks"]), image=image)
    np.testing.assert_allclose(image.grid.to_index(marks.points_mm), [(3, 5), (7, 2)], atol=0.02)
    np.testing.assert_allclose(bench_learning._errors(case, lambda _: marks.points_mm), 0.0, atol=0.05)
    off = bench_learning._errors(case, lambda image: image.grid.to_mm([(3, 6), (7, 2)]))
    np.testing.assert_allclose(off, [2.0, 0.0], atol=1e-9)
    assert np.isinf(bench_learning._errors(case, lambda _: np.full((2, 2), np.nan))).all()


@pytest.mark.realdata
@pytest.mark.slow
def test_the_wings_and_hippocampi_are_there_as_said():
    data = Path(os.environ.get("CAIRN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    for name, counts in (("wings", (40, 8, 10)), ("hippocampus", (40, 8, 12)), ("mouse-skulls", (12, 6, 4))):
        if not data.is_dir():
            pytest.skip(f"the data sets are not at {data}; CAIRN_DATA says where they are")
        task = read_task(name, data)
        parts = (task.learn, task.judge, task.test)
        assert tuple(map(len, parts)) == counts
        names = [case.name for part in parts for case in part]
        assert len(set(names)) == len(names)
        assert task.unit == UNITS[name]


def test_a_data_set_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="not below"):
        read_task("hippocampus", tmp_path)
    with pytest.raises(AppError, match=r"wings\.tps"):
        read_task("wings", tmp_path)
