"""How fast images are done, and how long the rest will take.

Counts only the time in which work goes on: a pause is no slowness. Pure arithmetic on a clock that it is given.
"""

from collections import deque

_LATEST = 32
"""So many of the images done last say how fast it goes now."""


class Pace:
    """Images a second, of late."""

    def __init__(self) -> None:
        self._active_s = 0.0
        self._since_s: float | None = None
        self._ends_s: deque[float] = deque(maxlen=_LATEST)

    def go(self, now_s: float) -> None:
        """Say that work goes on."""
        if self._since_s is None:
            self._since_s = now_s

    def rest(self, now_s: float) -> None:
        """Say that nothing is worked on."""
        self._active_s = self._clock_s(now_s)
        self._since_s = None

    def count(self, now_s: float) -> None:
        """Say that an image has come to its end."""
        self._ends_s.append(self._clock_s(now_s))

    def left_s(self, images: float, now_s: float) -> float | None:
        """Return how long ``images`` will take from now on; None before any has come to its end."""
        if not self._ends_s or images <= 0:
            return 0.0 if images <= 0 else None
        if len(self._ends_s) < _LATEST:
            per_image_s = self._ends_s[-1] / len(self._ends_s)
        else:
            per_image_s = (self._ends_s[-1] - self._ends_s[0]) / (len(self._ends_s) - 1)
        # An image that takes longer than those before it must not make the rest look shorter.
        waited_s = self._clock_s(now_s) - self._ends_s[-1]
        return max(images * per_image_s - min(waited_s, per_image_s), 0.0)

    def _clock_s(self, now_s: float) -> float:
        return self._active_s + (0.0 if self._since_s is None else now_s - self._since_s)
