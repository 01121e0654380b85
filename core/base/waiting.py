"""Waiting for a lock in a way that a person who gives up need not wait for.

Knows neither what the lock guards nor who asks.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.base.errors import Cancelled

_ASK_EVERY_S = 0.05


@contextmanager
def held(lock: threading.Lock, should_stop: Callable[[], bool] | None = None) -> Iterator[None]:
    """Hold ``lock`` inside the with block, which is not entered once ``should_stop`` says so.

    Raises
    ------
    Cancelled
        ``should_stop`` said so before the lock was free, or at that moment.
    """

    def leave_if_told() -> None:
        if should_stop is not None and should_stop():
            raise Cancelled("It was cancelled while it waited.")

    leave_if_told()
    while not lock.acquire(timeout=_ASK_EVERY_S):
        leave_if_told()
    try:
        leave_if_told()
        yield
    finally:
        lock.release()
