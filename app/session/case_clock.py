"""How long a person works on each case: only while its window is the active one. Knows no Qt and no project."""

import time
from collections.abc import Callable

LONGEST_REST_S = 60.0
"""Who does nothing for longer has left the desk; what follows does not count until something is done again."""


class CaseClock:
    """Counts seconds.

    Parameters
    ----------
    now_s
        A clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._seconds: dict[int, float] = {}
        self._case: int | None = None
        self._since_s: float | None = None
        self._active = True

    def begin(self, case_id: int, seconds: float) -> None:
        """Go on counting for a case on which so many seconds have been spent already."""
        self.stop()
        self._case = case_id
        self._seconds[case_id] = seconds
        if self._active:
            self._since_s = self._now_s()

    def stop(self) -> None:
        """Count for no case any more."""
        self._count()
        self._case, self._since_s = None, None

    def touch(self) -> None:
        """Take note that somebody is working: at most `LONGEST_REST_S` since the last time count."""
        self._count()
        if self._since_s is not None:
            self._since_s = self._now_s()

    def _count(self) -> None:
        if self._case is not None:
            self._seconds[self._case] += self._since_touched_s()

    def _since_touched_s(self) -> float:
        return 0.0 if self._since_s is None else min(self._now_s() - self._since_s, LONGEST_REST_S)

    def set_active(self, *, active: bool) -> None:
        """Count while the window is the active one, and not while it is not."""
        self._count()
        self._active = active
        self._since_s = self._now_s() if active and self._case is not None else None

    def seconds_of(self, case_id: int) -> float:
        """Return how many seconds were spent on a case so far; to ask is no work."""
        running_s = self._since_touched_s() if case_id == self._case else 0.0
        return self._seconds.get(case_id, 0.0) + running_s
