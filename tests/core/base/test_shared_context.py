"""A setting of the whole process that several threads change at once is put back once, when the last is done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.base.shared_context import SharedContext


def recorded(states: list[str]) -> SharedContext:
    @contextmanager
    def switched() -> Iterator[None]:
        states.append("off")
        yield
        states.append("on")

    return SharedContext(switched)


def test_the_first_one_in_enters_and_the_last_one_out_leaves():
    states: list[str] = []
    quiet = recorded(states)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with quiet:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    with quiet:
        thread.start()
        assert inside.wait(10)
    assert states == ["off"]
    leave.set()
    thread.join()
    assert states == ["off", "on"]
    with quiet, quiet:
        pass
    assert states == ["off", "on"] * 2


def test_what_fails_inside_is_left_too_and_still_fails():
    states: list[str] = []

    @recorded(states)
    def fail() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert states == ["off", "on"]
