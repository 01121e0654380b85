import pytest

from app.desk.pace import Pace


def test_nobody_knows_before_the_first_image():
    pace = Pace()
    pace.go(0)
    assert pace.left_s(5, 3) is None
    assert pace.left_s(0, 3) == 0


def test_the_rest_takes_as_long_as_what_is_done():
    pace = Pace()
    pace.go(100)
    for at_s in range(102, 120, 2):
        pace.count(at_s)
    assert pace.left_s(10, 118) == pytest.approx(20)
    assert pace.left_s(10, 119) == pytest.approx(19)
    assert pace.left_s(10, 150) == pytest.approx(18)  # an image that takes long does not make the others shorter


def test_a_pause_is_no_slowness():
    pace = Pace()
    pace.go(0)
    pace.count(2)
    pace.rest(2)
    pace.rest(50)
    pace.go(1000)
    pace.go(1001)
    pace.count(1002)
    assert pace.left_s(3, 1002) == pytest.approx(6)


def test_what_was_done_of_late_counts():
    pace = Pace()
    pace.go(0)
    for at_s in range(10):
        pace.count(10 * at_s)
    for at_s in range(40):
        pace.count(90 + at_s)
    assert pace.left_s(7, 129) == pytest.approx(7)
