import threading

from core.learning.work_clock import LEAST_SHARE, LONGEST_BEAT_S, WorkClock


def test_pauses_do_not_count_and_work_before_does():
    now = [100.0]
    clock = WorkClock(7.0, lambda: now[0], lambda: 0.0)
    for gap in (1.0, LONGEST_BEAT_S, 3600.0, 2.0):  # the third is a computer that slept
        now[0] += gap
        clock.seconds()
    assert clock.seconds() == 7.0 + 1.0 + LONGEST_BEAT_S + 2.0


def test_a_beat_that_a_crowded_computer_holds_up_counts_as_far_as_there_was_work():
    now, used = [0.0], [0.0]
    clock = WorkClock(0.0, lambda: now[0], lambda: used[0])
    now[0], used[0] = 20.0, 8.0
    assert clock.seconds() == 20.0
    now[0], used[0] = 120.0, 8.5  # suspended soon after
    assert clock.seconds() == 20.0 + 0.5 / LEAST_SHARE


def test_work_without_a_question_counts_by_the_beat_and_the_thread_ends():
    """Nobody asks the time during a step; the beat does, however long the step takes."""
    now, asked = [0.0], threading.Event()

    def slow_clock() -> float:
        now[0] += 1.0
        if now[0] > 10 * LONGEST_BEAT_S:
            asked.set()
        return now[0]

    with WorkClock(0.0, slow_clock, lambda: 0.0) as clock:
        clock._thread.join(0.01)
        while not asked.is_set():
            clock.seconds()
    assert clock.seconds() > 9 * LONGEST_BEAT_S
    assert not clock._thread.is_alive()
