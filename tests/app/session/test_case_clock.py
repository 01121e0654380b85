from app.session.case_clock import LONGEST_REST_S, CaseClock


class Time:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_only_time_in_the_active_window_counts_for_the_open_case():
    now = Time()
    clock = CaseClock(now)
    clock.begin(1, 5.0)
    now.now_s += 10
    assert clock.seconds_of(1) == 15
    clock.set_active(active=False)
    now.now_s += 1000
    clock.set_active(active=True)
    now.now_s += 2
    clock.begin(2, 0.0)
    now.now_s += 3
    assert (clock.seconds_of(1), clock.seconds_of(2)) == (17, 3)


def test_who_rests_for_long_is_not_counted_as_working():
    now = Time()
    clock = CaseClock(now)
    clock.begin(1, 0.0)
    now.now_s += 3600
    assert clock.seconds_of(1) == LONGEST_REST_S


def test_asking_how_long_it_was_is_no_work():
    now = Time()
    clock = CaseClock(now)
    clock.begin(1, 0.0)
    for _ in range(60):
        now.now_s += 30
        clock.seconds_of(1)
    assert clock.seconds_of(1) == LONGEST_REST_S
    clock.touch()
    now.now_s += 5
    assert clock.seconds_of(1) == LONGEST_REST_S + 5


def test_a_rest_counts_once_whatever_follows_it():
    now = Time()
    clock = CaseClock(now)
    clock.begin(1, 0.0)
    now.now_s += 3600
    clock.set_active(active=False)
    now.now_s += 10
    clock.set_active(active=True)
    now.now_s += 10
    clock.stop()
    clock.begin(2, 0.0)
    assert clock.seconds_of(1) == LONGEST_REST_S + 10
