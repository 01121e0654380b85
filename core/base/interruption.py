"""Ctrl-C and its like as a wish that is noted, instead of breaking off in mid-step."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptions(note: Callable[[], None]) -> Iterator[None]:
    """Call ``note`` for each Ctrl-C and each SIGTERM, which do nothing else meanwhile; in another than the main thread never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: note()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
