"""How far each step of a training carries its schedule: one configured iteration, or as far as the time that is left demands.

A one-cycle schedule needs to know its end. Where a person grants minutes and the computer turns out slower or faster than it was
measured, the steps become longer or shorter, so that the schedule ends with the time. Counts no time and trains nothing.
"""

import math
from collections.abc import Callable, Sequence

MOST_GROWTH = 2.0
"""How many times the planned iterations a stage gets at most where the computer turns out faster than planned."""
LONGEST_STRIDE = 10.0
"""A stage gets a tenth of its iterations in any case: what comes late is better than what has learnt nothing."""
TRUSTED_ITERATIONS = 4.0
"""So many iterations' worth the planned pace weighs beside what is measured: one step says little, the first of all least."""


class Tempo:
    """Every step is one configured iteration, however long it takes: the tempo of a training of a given configuration."""

    bends = False
    """Whether a stage may get other than its configured iterations."""

    def begin(self, stage: int) -> None:
        """Hear that the steps of a stage begin, or go on."""

    def stride(self, position: float) -> float:  # noqa: ARG002
        """Return by how many configured iterations the step that begins at ``position`` carries the schedule on."""
        return 1.0

    def steps_left(self, rest: float) -> int:
        """Return in how many steps a stage ends of which ``rest`` configured iterations are left, as things stand."""
        return round(rest)


class TimedTempo(Tempo):
    """Steps whose length makes all stages end in time.

    Let the stages that are left take ``W`` seconds by plan, steps so far take ``c`` times what was planned for them, and ``L``
    seconds be left: then a step carries the schedule ``c W / L`` configured iterations on.

    Parameters
    ----------
    iterations
        Of each stage, as configured.
    seconds
        What one iteration of each stage is to take by plan, its part of the validations included.
    worked_s
        Gives how long has been worked so far; a pause does not count.
    left_s
        Gives the time that is left for learning.
    grows
        Whether stages get more iterations than configured where time is left over.
    """

    bends = True

    def __init__(
        self,
        iterations: Sequence[int],
        seconds: Sequence[float],
        worked_s: Callable[[], float],
        left_s: Callable[[], float],
        *,
        grows: bool,
    ) -> None:
        self._iterations = iterations
        self._seconds = seconds
        self._worked_s = worked_s
        self._left_s = left_s
        self._shortest = 1.0 / MOST_GROWTH if grows else 1.0
        self._stage = 0
        self._slowness = self._slowness_before = 1.0
        self._steps = 0
        self._before_s: float | None = None
        self._taken_s = 0.0
        self._position = 0.0
        self._last_stride = 1.0

    def begin(self, stage: int) -> None:
        """Forget the pace of the stage before, except how much slower than planned it was."""
        self._stage, self._slowness_before = stage, self._slowness
        self._steps, self._taken_s, self._before_s = 0, 0.0, None

    def stride(self, position: float) -> float:
        """Return by how many configured iterations the step that begins at ``position`` carries the schedule on."""
        self._measure()
        left_s = self._left_s()
        self._position = position
        one_s = self._slowness * self._seconds[self._stage]
        rest = self._iterations[self._stage] - position
        needed = LONGEST_STRIDE if left_s <= one_s else self._slowness * self._planned_s() / left_s
        self._last_stride = min(LONGEST_STRIDE, max(self._shortest, needed))
        return min(rest, self._last_stride)

    def steps_left(self, rest: float) -> int:
        """Return in how many steps a stage ends of which ``rest`` configured iterations are left, as things stand."""
        return math.ceil(rest / self._last_stride - 1e-6)

    @property
    def seconds_left(self) -> float:
        """How long the learning of all stages is going to take as things stand."""
        return min(max(0.0, self._left_s()), self._slowness * self._planned_s() / max(self._last_stride, 1e-9))

    def _planned_s(self) -> float:
        """Return how long what is left was to take by plan."""
        here = (self._iterations[self._stage] - self._position) * self._seconds[self._stage]
        after = slice(self._stage + 1, None)
        later = zip(self._iterations[after], self._seconds[after], strict=True)
        return here + sum(count * one_s for count, one_s in later)

    def _measure(self) -> None:
        """Learn from the time since the step before how fast this computer is."""
        now_s = self._worked_s()
        if self._before_s is not None:
            self._steps += 1
            self._taken_s += now_s - self._before_s
        self._before_s = now_s
        planned_s = self._seconds[self._stage]
        trusted_s = TRUSTED_ITERATIONS * self._slowness_before * planned_s
        self._slowness = (trusted_s + self._taken_s) / ((TRUSTED_ITERATIONS + self._steps) * planned_s)
