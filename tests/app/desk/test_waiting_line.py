from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.desk.waiting_line import Entry, WaitingLine
from core.models.image_task import ImageTask


def entry(number: int, priority: int = 0) -> Entry:
    return Entry(f"case {number}", ImageTask(Path("image")), number, priority)


def emptied(line: WaitingLine) -> list[int]:
    numbers = []
    while (first := line.first()) is not None:
        numbers.append(first.number)
        line.remove(first)
    return numbers


@given(st.lists(st.tuples(st.integers(-2, 2), st.booleans(), st.none() | st.integers(-2, 2)), max_size=40))
def test_the_order_is_that_of_sorting(given_entries):
    line, kept = WaitingLine(), []
    for number, (priority, _, _) in enumerate(given_entries):
        kept.append(entry(number, priority))
        line.add(kept[-1])
    for one, (_, removed, later) in zip(list(kept), given_entries, strict=True):
        if later is not None:
            one.priority = later
            line.add(one)
        if removed:
            line.remove(one)
            kept.remove(one)
    assert len(line) == len(kept)
    assert sorted(one.number for one in line) == sorted(one.number for one in kept)
    assert emptied(line) == [one.number for one in sorted(kept, key=lambda one: one.rank)]


def test_looking_takes_nothing_out():
    line = WaitingLine()
    entries = [entry(number) for number in range(5)]
    for one in entries:
        line.add(one)
    assert line.first(lambda one: one.number > 2) is entries[3]
    assert line.first(lambda one: one.number > 2, most=2) is None
    assert line.first() is entries[0]
    assert emptied(line) == [0, 1, 2, 3, 4]


def test_priorities_that_change_often_cost_no_memory():
    line = WaitingLine()
    entries = [entry(number) for number in range(10)]
    for one in entries:
        line.add(one)
    for priority in range(1000):
        entries[priority % 10].priority = priority
        line.add(entries[priority % 10])
    assert len(line._heap) < 100
    assert emptied(line) == list(range(9, -1, -1))
