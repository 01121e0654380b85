"""Schedules that end with the time, whatever the computer does."""

import itertools
from collections.abc import Callable

import pytest

from core.learning.tempo import MOST_GROWTH, Tempo, TimedTempo


class Learner:
    """Goes through all stages with a tempo, on a computer whose steps take what ``seconds_of`` says."""

    def __init__(self, iterations: list[int], planned: list[float], granted_s: float, *, grows: bool = False) -> None:
        self.now_s = 0.0
        self.iterations = iterations
        self.tempo = TimedTempo(iterations, planned, lambda: self.now_s, lambda: granted_s - self.now_s, grows=grows)
        self.steps: list[int] = []
        self.strides: list[list[float]] = []

    def learn(self, seconds_of: Callable[[int, int], float]) -> None:
        for stage, end in enumerate(self.iterations):
            self.tempo.begin(stage)
            position, strides = 0.0, []
            for step in itertools.count():
                stride = self.tempo.stride(position)
                assert stride > 0
                strides.append(stride)
                position += stride
                self.now_s += seconds_of(stage, step)
                if position >= end - 1e-6:
                    break
            self.strides.append(strides)
            self.steps.append(len(strides))


def test_a_plain_tempo_is_one_iteration_a_step():
    tempo = Tempo()
    tempo.begin(0)
    assert tempo.stride(3) == 1.0
    assert not tempo.bends
    assert tempo.steps_left(7) == 7


def test_a_plan_that_was_right_is_followed():
    learner = Learner([100, 200], [1.0, 0.5], 201.0)
    learner.learn(lambda stage, step: (1.0, 0.5)[stage])
    assert learner.steps == [100, 200]
    assert learner.now_s == pytest.approx(200.0)


@pytest.mark.parametrize("slower", [1.3, 2.0, 5.0])
def test_a_slower_computer_does_less_and_ends_in_time(slower: float):
    learner = Learner([100, 200], [1.0, 0.5], 200.0)
    learner.learn(lambda stage, step: slower * (1.0, 0.5)[stage])
    assert learner.now_s == pytest.approx(200.0, rel=0.05)
    assert learner.steps[0] == pytest.approx(100 / slower, rel=0.2)
    assert learner.steps[1] == pytest.approx(200 / slower, rel=0.2)


def test_a_computer_that_becomes_slow_in_the_middle_still_ends_in_time():
    learner = Learner([200], [1.0], 200.0)
    learner.learn(lambda stage, step: 1.0 if step < 100 else 4.0)
    assert learner.now_s == pytest.approx(200.0, rel=0.06)
    assert learner.steps[0] < 150


def test_a_stage_that_is_slow_by_itself_leaves_its_time_to_the_next_one():
    learner = Learner([100, 100], [1.0, 1.0], 200.0, grows=True)
    learner.learn(lambda stage, step: (3.0, 1.0)[stage])
    assert learner.now_s == pytest.approx(200.0, rel=0.06)
    assert learner.steps[1] > 60


def test_time_that_is_left_over_is_used_only_where_the_plan_was_made_for_all_of_it():
    for grows in (False, True):
        learner = Learner([100], [1.0], 100.0, grows=grows)
        learner.learn(lambda stage, step: 0.25)
        expected = 100 * MOST_GROWTH if grows else 100
        assert learner.steps[0] == pytest.approx(expected, rel=0.1)


def test_validations_that_come_in_lumps_do_not_shake_the_schedule():
    learner = Learner([100], [1.0], 100.0)
    learner.learn(lambda stage, step: 5.5 if step % 10 == 9 else 0.5)
    assert learner.now_s == pytest.approx(100.0, rel=0.08)
    assert max(learner.strides[0][:-5]) < 1.8


def test_without_time_a_stage_still_gets_a_tenth_of_its_iterations():
    learner = Learner([50, 4], [1.0, 1.0], 0.0)
    learner.learn(lambda stage, step: 1.0)
    assert learner.steps == [5, 1]


def test_what_is_said_to_be_left_comes_true():
    learner = Learner([100], [1.0], 60.0)
    tempo = learner.tempo
    tempo.begin(0)
    position = 0.0
    for _ in range(40):
        position += tempo.stride(position)
        learner.now_s += 1.0
    assert tempo.steps_left(100 - position) == pytest.approx(20, abs=2)
    assert tempo.seconds_left == pytest.approx(20, abs=2)
