"""How a method's wall time is divided: among stages, steps and looks at the validation images, and how its rate falls.

Pure arithmetic of seconds; no clocks, no networks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.peers.record import mean

CHECKING_SHARE = 0.1
"""The part of a method's time, or of a stage's, that looking at the validation images may take."""

# --- heatmap networks ---

MOST_CHECKS = 5
"""How often they are looked at, at the most."""
FULL_RATE_SHARE = 0.7


def rate_factor(done: float) -> float:
    """Return the part of the recipe's learning rate when ``done`` of the time, 0 to 1, is over.

    The recipes halve their rate when it no longer helps, after 10 epochs or more; a budget may end before. So the rate is
    theirs for most of the time and then falls to zero, which serves a short training better.
    """
    if done <= FULL_RATE_SHARE:
        return 1.0
    left = min(1.0, (done - FULL_RATE_SHARE) / (1.0 - FULL_RATE_SHARE))
    return 0.5 + 0.5 * math.cos(math.pi * left)


def check_times(budget_s: float, check_s: float) -> list[float]:
    """Return when to validate, in seconds from the start; the last time ends the training, and none may be affordable.

    Parameters
    ----------
    budget_s
        The whole wall time.
    check_s
        What looking at all validation images takes.
    """
    count = min(MOST_CHECKS, int(CHECKING_SHARE * budget_s / check_s))
    return [(budget_s - check_s) * number / count for number in range(1, count + 1)]


# --- our own stages ---

GLOBAL_SHARE = 0.35
"""The global stage's part of the time; the local stages share the rest evenly."""
MOST_STAGE_CHECKS = 8
"""Validations per stage, at the most; there is one at least, since a stage needs one to end."""
TO_SPARE = 0.97
"""The part of a stage's time that its iterations are planned to fill."""
TRIED_STEPS = 12
TRIED_CHECK_EVERY = 3
TRIED_SHARE = 0.05
"""Most steps that a stage is tried for, how often it validates meanwhile, and the part of its time after which it stops."""


def stage_shares(stages: int) -> list[float]:
    """Return each stage's part of the time."""
    return [1.0] if stages == 1 else [GLOBAL_SHARE, *[(1 - GLOBAL_SHARE) / (stages - 1)] * (stages - 1)]


def tried_enough(steps: int, elapsed_s: float, stage_s: float) -> bool:
    """Tell whether a stage that has ``stage_s`` was tried long enough: always up to a validation."""
    return steps >= TRIED_STEPS or (steps % TRIED_CHECK_EVERY == 0 and elapsed_s > TRIED_SHARE * stage_s)


@dataclass(frozen=True)
class Pace:
    """What a stage costs in seconds: to set up, per step, and per look at the validation images."""

    setup_s: float
    step_s: float
    check_s: float

    @classmethod
    def measured(cls, begun_s: float, moments_s: Sequence[float]) -> "Pace":
        """Return the pace of a stage that was begun and had done its first, second, ... step at these moments.

        At least `TRIED_CHECK_EVERY` steps; every one of that number ends with a validation.
        """
        lasted_s = {step: moments_s[step - 1] - moments_s[step - 2] for step in range(2, len(moments_s) + 1)}
        step_s = mean([seconds for step, seconds in lasted_s.items() if step % TRIED_CHECK_EVERY])
        checked_s = mean([seconds for step, seconds in lasted_s.items() if step % TRIED_CHECK_EVERY == 0])
        return cls(max(0.0, moments_s[0] - begun_s - step_s), step_s, max(0.0, checked_s - step_s))

    def __str__(self) -> str:
        return f"{self.step_s:.2f} s each, {self.setup_s:.1f} s to set up, {self.check_s:.1f} s to validate"

    def plan(self, seconds: float) -> tuple[int, int]:
        """Return how many iterations fit and after how many each to validate; at least one of either.

        The last validation is done twice: when the training ends, and when its errors are recorded.
        """
        checks = MOST_STAGE_CHECKS
        if self.check_s > 0:
            checks = max(1, min(checks, int(CHECKING_SHARE * seconds / self.check_s)))
        left_s = TO_SPARE * seconds - self.setup_s - (checks + 1) * self.check_s
        iterations = max(1, math.floor(left_s / self.step_s))
        return iterations, math.ceil(iterations / checks)
