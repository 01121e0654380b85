"""Which unmarked case to mark next: what stands for many comes first, alike ones do not, and what cannot be compared follows."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.learning.next_case import teaching_order
from core.values.landmarks import Landmarks, Status

NAMES = ("a", "b", "c", "d", "e")
SHAPE = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0], [20.0, 45.0]])


def reading(seed=0, *, moved=0.0, spread=1.0, names=NAMES, shake=0.2):
    """Return what a model says: the shape, shaken a little, with its first landmark moved along x."""
    points = SHAPE[: len(names)] + np.random.default_rng(seed).normal(0, shake, (len(names), 2))
    points[0, 0] += moved
    count = len(names)
    return Landmarks(names, points, np.full(count, 0.99), np.full(count, spread), status=(Status.PREDICTED,) * count)


def marks(**kwargs):
    """Return what a person marked."""
    return Landmarks(NAMES, reading(90, **kwargs).points_mm)


def order(readings, marked=(), **kwargs):
    return teaching_order(dict(enumerate(readings)), marked, **kwargs)


def keys(lessons):
    return [lesson.key for lesson in lessons]


@pytest.fixture
def families():
    """Six cases of one shape (0 to 5), four of another (6 to 9), and one that is like none (10)."""
    return [
        *[reading(seed, moved=-12.0) for seed in range(6)],
        *[reading(seed, moved=12.0) for seed in range(6, 10)],
        reading(10, moved=60.0),
    ]


def test_one_of_each_family_comes_first_the_larger_family_before_the_smaller(families):
    first, second, third, *_ = order(families)
    assert first.key in range(6)
    assert first.like >= 5
    assert second.key in range(6, 10)
    assert second.like == 3
    assert (third.key, third.like) == (10, 0), "what is like none stands for itself alone"
    assert sorted(keys(order(families))) == list(range(11))


def test_a_family_that_is_marked_comes_later(families):
    assert order(families, [marks(moved=-12.0)])[0].key in range(6, 10)
    assert order(families, [marks(moved=12.0)])[0].key in range(6)
    assert order(families, [marks(moved=-12.0), marks(moved=12.0)])[0].key == 10


def test_what_a_model_is_unsure_of_does_not_come_before(families):
    unsure = [replace(each, spread_mm=np.full(5, 1.0 + 9.0 * (row == 3))) for row, each in enumerate(families)]
    assert order(unsure) == order(families)


def test_size_place_and_pose_are_no_shape(families):
    turned = np.array([[0.0, -1.0], [1.0, 0.0]])
    moved = [*families[:3], replace(families[3], points_mm=3 * families[3].points_mm @ turned + 500.0), *families[4:]]
    assert order(moved) == order(families)


def test_so_many_are_put_in_order_and_the_rest_follows_as_given(families):
    some = order(families, most=2)
    assert keys(some[:2]) == keys(order(families)[:2])
    rest = keys(some[2:])
    assert rest == sorted(rest)


def test_the_same_case_many_times_is_taken_in_turn():
    assert keys(order([reading(0)] * 6)) == list(range(6))


def test_nothing_to_compare_keeps_the_order_as_given():
    blank = Landmarks.unplaced(NAMES, 2)
    assert keys(order([blank] * 7)) == list(range(7))
    assert keys(order([reading(seed, moved=9.0 * seed) for seed in range(4)])) == list(range(4)), "too few shapes"
    assert keys(order([reading(seed, names=NAMES[:2]) for seed in range(7)])) == list(range(7)), "two points"
    assert order([]) == []


def test_a_case_that_lacks_landmarks_is_compared_by_the_others(families):
    points = families[10].points_mm.copy()
    points[4] = np.nan
    assert keys(order([*families[:10], replace(families[10], points_mm=points)]))[2] == 10
    points[1:] = np.nan
    assert keys(order([replace(families[10], points_mm=points), *families[:10]]))[-1] == 0, "no shape"
    spot = replace(families[10], points_mm=np.ones((5, 2)))
    assert keys(order([spot, *families[:10]]))[-1] == 0


def test_other_landmarks_and_volumes_follow(families):
    few = [reading(seed, names=NAMES[:3]) for seed in range(3)]
    volume = Landmarks(NAMES, np.column_stack([SHAPE, np.zeros(5)]), status=(Status.PREDICTED,) * 5)
    found = order([volume, *few, *families], [reading(9, names=NAMES[:4]), volume])
    assert keys(found)[-4:] == [0, 1, 2, 3]
    assert [lesson.key - 4 for lesson in found[:-4]] == keys(order(families))


def test_torch_is_not_needed():
    code = "import sys, core.learning.next_case; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
