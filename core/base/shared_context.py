"""A context that several threads may be in at once: entered with the first of them, left with the last.

For settings that a library keeps for the whole process, where each thread putting back what it found would leave chance behind.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator


class SharedContext(ContextDecorator):
    """Enters ``make()`` when the first thread comes in and leaves it when the last one goes; also a decorator.

    Parameters
    ----------
    make
        Gives the context manager to enter, a fresh one each time.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._count = 0
        self._entered: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._entered is None:
                entered = self._make()
                entered.__enter__()
                self._entered = entered
            self._count += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0 and self._entered is not None:
                entered, self._entered = self._entered, None
                entered.__exit__(None, None, None)
