"""Which unmarked case to mark next: what makes a case come first, what keeps alike ones apart, and what cannot be compared."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.learning import next_case
from core.learning.next_case import Unmarked, teaching_order
from core.values.landmarks import Landmarks, Status

NAMES = ("a", "b", "c", "d", "e")
SHAPE = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0], [20.0, 45.0]])


def reading(seed=0, *, spread=1.0, presence=0.99, moved=0.0, radius=np.nan, names=NAMES):
    """Return what a model says: the shape, shaken a little, with one landmark moved."""
    points = SHAPE[: len(names)] + np.random.default_rng(seed).normal(0, 0.3, (len(names), 2))
    points[0, 0] += moved
    count = len(names)
    return Landmarks(
        names,
        points,
        np.full(count, presence),
        np.full(count, spread),
        np.full(count, radius),
        (Status.PREDICTED,) * count,
    )


def order(readings, marked=(), **kwargs):
    cases = [Unmarked(key, each if isinstance(each, tuple) else (each,)) for key, each in enumerate(readings)]
    return teaching_order(cases, marked, **kwargs)


def alike(count, **kwargs):
    return [reading(seed, **kwargs) for seed in range(count)]


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"spread": 4.0}, "the model is unsure"),
        ({"presence": 0.5}, "perhaps not there"),
        ({"moved": -25.0}, "unusual shape"),
    ],
)
def test_what_the_model_needs_comes_first_and_says_why(odd, why):
    lessons = order([*alike(8), reading(50, **odd)])
    assert lessons[0].key == 8
    assert why in lessons[0].why
    assert all(0 <= lesson.worth <= 1 for lesson in lessons)
    assert sorted(lesson.key for lesson in lessons) == list(range(9))


def test_the_radius_counts_before_the_spread():
    readings = [reading(seed, radius=2.0) for seed in range(8)]
    assert order([*readings, reading(8, radius=6.0), reading(9, radius=2.0, spread=9.0)])[0].key == 8


def test_radii_and_spreads_are_not_compared_with_each_other():
    readings = [reading(seed, radius=4.0) for seed in range(8)]
    lessons = order([*readings, reading(8, spread=2.0), reading(9, spread=1.0)])
    assert lessons[0].key == 8
    assert next(lesson.why for lesson in lessons if lesson.key == 9) in ("", "unusual shape")


def test_a_landmark_that_is_always_found_badly_makes_no_case_special():
    wide = np.array([9.0, 1.0, 1.0, 1.0, 1.0])
    readings = [replace(each, spread_mm=wide) for each in alike(8)]
    readings.append(replace(reading(8), spread_mm=np.array([9.0, 1.0, 2.5, 2.5, 1.0])))
    assert order(readings)[0].key == 8


def test_a_landmark_that_is_surely_absent_is_no_doubt():
    sure = replace(reading(8), presence=np.array([0.01, 0.99, 0.99, 0.99, 0.99]))
    lessons = order([*alike(8), sure, reading(9, presence=0.6)])
    assert "perhaps not there" in lessons[0].why
    assert lessons[0].key == 9
    assert "perhaps not there" not in next(lesson.why for lesson in lessons if lesson.key == 8)


def test_two_models_that_differ_are_a_reason():
    cases = [(reading(seed), reading(seed)) for seed in range(8)]
    lessons = order([*cases, (reading(8), reading(8, moved=20.0))])
    assert lessons[0].key == 8
    assert "two models differ" in lessons[0].why


def test_cases_that_are_alike_do_not_all_come_first():
    family = [reading(seed, moved=-20.0, spread=3.0) for seed in range(5)]
    others = [reading(10, moved=15.0, spread=2.5), reading(11, moved=25.0, spread=2.5)]
    first = [lesson.key for lesson in order([*family, *others, *[reading(20 + n) for n in range(8)]])[:3]]
    assert 5 in first or 6 in first
    assert len([key for key in first if key < 5]) <= 2


def test_shapes_that_are_the_same_are_taken_by_worth():
    same = [replace(reading(0), spread_mm=np.full(5, 1.0 + 0.2 * (number % 7))) for number in range(12)]
    worths = [lesson.worth for lesson in order(same, [Landmarks(NAMES, SHAPE)] * 3)]
    assert worths == sorted(worths, reverse=True)


def test_what_was_marked_already_teaches_less():
    left, right = reading(1, moved=-20.0, spread=3.0), reading(2, moved=20.0, spread=3.0)
    plain = alike(8)
    for marked, expected in ((-20.0, 1), (20.0, 0)):
        known = [Landmarks(NAMES, reading(90 + n, moved=marked).points_mm) for n in range(3)]
        assert order([left, right, *plain], known)[0].key == expected


def test_size_place_and_pose_are_no_shape():
    turned = np.array([[0.0, -1.0], [1.0, 0.0]])
    moved = replace(reading(7), points_mm=3 * reading(7).points_mm @ turned + 500.0)
    plain = {lesson.key: lesson.worth for lesson in order([*alike(7), reading(7)])}
    assert {lesson.key: lesson.worth for lesson in order([*alike(7), moved])} == pytest.approx(plain)


def test_only_so_many_are_wanted():
    assert len(order(alike(9), count=4)) == 4
    assert [lesson.key for lesson in order(alike(9), count=4)] == [lesson.key for lesson in order(alike(9))[:4]]


def test_nothing_known_keeps_the_order_as_given():
    blank = Landmarks.unplaced(NAMES, 2)
    assert [(lesson.key, lesson.why) for lesson in order([blank] * 3)] == [(0, ""), (1, ""), (2, "")]
    assert order([]) == []


def test_a_case_that_lacks_landmarks_is_compared_by_the_others():
    lacking = reading(8, spread=5.0)
    points = lacking.points_mm.copy()
    points[3:] = np.nan
    lessons = order([*alike(8), replace(lacking, points_mm=points)])
    assert lessons[0].key == 8
    none = replace(lacking, points_mm=np.full((5, 2), np.nan))
    assert sorted(lesson.key for lesson in order([*alike(8), none])) == list(range(9))


def test_other_landmarks_and_volumes_come_after_and_among_themselves():
    few = [reading(seed, names=NAMES[:3], spread=1.0 + seed) for seed in range(3)]
    keys = [lesson.key for lesson in order([*few, *alike(5)], [reading(9, names=NAMES[:4])])]
    assert set(keys[:5]) == {3, 4, 5, 6, 7}
    assert keys[5] == 2
    flat = np.column_stack([SHAPE, np.zeros(5)])
    volume = Landmarks(NAMES, flat, status=(Status.PREDICTED,) * 5)
    assert [lesson.key for lesson in order([volume, *alike(5)])][-1] == 0


def test_of_very_many_only_the_first_are_kept_apart(monkeypatch):
    monkeypatch.setattr(next_case, "MOST_APART", 2)
    lessons = order([reading(seed, spread=1.0 + 0.1 * seed) for seed in range(12)])
    rest = [lesson.worth for lesson in lessons[2:]]
    assert rest == sorted(rest, reverse=True)
    assert len(lessons) == 12


def test_torch_is_not_needed():
    code = "import sys, core.learning.next_case; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
