"""Time that was worked: a process that was suspended, or a computer that slept, did not work meanwhile.

Somebody who grants twenty minutes grants twenty minutes of work. Told by a beat several times a second: where it stays away for
seconds, nothing of this process ran, unless it used the processor meanwhile. A long step does not stop the beat, since it lets
other threads run.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType

LONGEST_BEAT_S = 5.0
"""A longer gap between two beats was a pause. A busy computer may keep a thread waiting for a second or two."""
LEAST_SHARE = 0.2
"""Of such a gap so much counts as would have used the processor by this share: a crowded computer may hold up the beat, too."""
BEAT_S = 0.25


class WorkClock:
    """Counts work from when it is entered until it is left.

    Parameters
    ----------
    before_s
        What was worked before, in another process.
    now, used
        The clock on the wall, and how long this process has used the processor; seconds.
    """

    def __init__(
        self,
        before_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        self._now = now
        self._used = used
        self._last_used = used()
        self._worked_s = before_s
        self._last = now()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="work clock", daemon=True)

    def __enter__(self) -> "WorkClock":
        self._last, self._last_used = self._now(), self._used()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def seconds(self) -> float:
        """Return how long has been worked."""
        with self._lock:
            now, used = self._now(), self._used()
            gap, used_s = now - self._last, used - self._last_used
            self._last, self._last_used = now, used
            self._worked_s += gap if gap <= LONGEST_BEAT_S else min(gap, used_s / LEAST_SHARE)
            return self._worked_s

    def _go_on(self) -> None:
        while not self._ended.wait(BEAT_S):
            self.seconds()
