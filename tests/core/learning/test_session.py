"""One optimisation step, and the rate it is taken at."""

import numpy as np
import pytest

from core.learning.configuration import OptimisationConfig
from core.learning.session import average_decay, learning_rate


def test_one_cycle_warms_up_and_ends_at_zero() -> None:
    settings = OptimisationConfig(iterations=1000, learning_rate=0.1, schedule="one-cycle")
    rates = [learning_rate(settings, iteration) for iteration in range(1000)]
    assert rates[0] == pytest.approx(0.004)
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 50
    assert rates[-1] < 1e-5
    assert learning_rate(settings.model_copy(update={"schedule": "constant"}), 777) == 0.1


def test_the_moving_average_soon_forgets_the_untrained_weights() -> None:
    """Of the first weights a hundredth is left after 40 updates; in the long run the average is as slow as configured."""
    left = np.cumprod([average_decay(0.998, updates) for updates in range(1, 6000)])
    assert left[40] < 0.01
    assert average_decay(0.998, 10) < 0.6
    assert average_decay(0.998, 5000) == 0.998
    assert average_decay(0.5, 5000) == 0.5
