"""Ctrl-C as a wish."""

import os
import signal
import threading

from core.base.interruption import interruptions


def test_each_interruption_is_noted_and_breaks_nothing_off() -> None:
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with interruptions(lambda: noted.append(1)):
        for number in numbers:
            os.kill(os.getpid(), number)
    assert noted == [1, 1]
    assert [signal.getsignal(number) for number in numbers] == before


def test_in_another_thread_signals_stay_what_they_are() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def run() -> None:
        with interruptions(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]
