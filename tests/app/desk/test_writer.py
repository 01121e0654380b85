import threading

import pytest

from app.desk.writer import Order, Writer
from core.base.errors import ProjectError, ProjectUnavailable


class Disk:
    """Stands in for a project: keeps what is written, unless it is full."""

    def __init__(self):
        self.written = []
        self.full = False

    def write(self, value):
        if self.full:
            raise ProjectUnavailable("The disk is full.")
        self.written.append(value)
        return value


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def writer(disk):
    made = Writer(disk, lambda: None, retry_s=0.01)
    yield made
    made.close()


def order(value, *, written=lambda _: None, refused=lambda _: None):
    return Order(lambda disk: disk.write(value), written, refused)


def test_all_is_written_in_order(writer, disk):
    told = []
    for value in range(50):
        writer.put(order(value, written=told.append))
    assert writer.flush(5)
    assert disk.written == told == list(range(50))
    assert writer.pending == 0


def test_a_full_disk_keeps_everything_in_order_until_there_is_room(disk):
    complained = threading.Event()
    sentences = []

    def changed():
        if writer.failing and not complained.is_set():
            sentences.append(writer.failing)
            complained.set()

    disk.full = True
    writer = Writer(disk, changed, retry_s=0.01)
    for value in range(3):
        writer.put(order(value))
    assert complained.wait(5)
    assert not writer.flush(5)
    assert writer.pending == len(writer.orders) == 3
    assert sentences == ["The disk is full."]
    disk.full = False
    writer.try_now()
    with writer._changed:
        assert writer._changed.wait_for(lambda: not writer._orders, 5)
    assert disk.written == [0, 1, 2]
    assert writer.failing == ""
    writer.close()


def test_what_can_never_be_written_is_told_and_holds_nothing_up(writer, disk):
    refused = []

    def gone(_):
        raise ProjectError("This case is no longer in the project.")

    writer.put(Order(gone, lambda _: None, refused.append))
    writer.put(order(1))
    assert writer.flush(5)
    assert disk.written == [1]
    assert [error.message for error in refused] == ["This case is no longer in the project."]


def test_closing_does_not_wait_for_a_disk_that_never_answers(disk):
    disk.full = True
    writer = Writer(disk, lambda: None, retry_s=60)
    writer.put(order(1))
    assert not writer.flush(5)
    writer.close()
    assert writer.pending == 1
