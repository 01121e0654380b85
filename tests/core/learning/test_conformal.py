import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from core.learning.conformal import LARGEST_RATE, Answers, calibrate, conformal_quantile, fit_rates

FloatArray = npt.NDArray[np.float64]


def made_answers(cases: int, seed: int, power: float = 0.8, rate: float = 1.5) -> Answers:
    """Make errors that grow with the spread and the doubt by a known rule; the third landmark is four times as hard."""
    rng = np.random.default_rng(seed)
    spreads = np.exp(rng.normal(0.0, 0.6, (cases, 3)))
    doubts = rng.uniform(0.0, 1.0, (cases, 3))
    scale = np.array([0.5, 0.5, 2.0])
    errors = scale * spreads**power * np.exp(rate * doubts) * np.exp(rng.normal(0.0, 0.3, (cases, 3)))
    return Answers(errors, spreads, doubts)


def coverage_of(answers: Answers, radii: FloatArray) -> float:
    return float((answers.errors_mm <= radii)[np.isfinite(answers.errors_mm)].mean())


def radii_of(answers: Answers, calibration: torch.nn.Module) -> FloatArray:
    spreads, doubts = torch.from_numpy(answers.spreads_mm).float(), torch.from_numpy(answers.doubts).float()
    return np.asarray(calibration(spreads, 1 - doubts).numpy(), dtype=np.float64)


def test_the_rates_of_a_known_rule_are_found() -> None:
    power, rate = fit_rates(made_answers(400, seed=1))
    assert power == pytest.approx(0.8, abs=0.05)
    assert rate == pytest.approx(1.5, abs=0.1)


def test_rates_are_never_negative() -> None:
    assert fit_rates(made_answers(200, seed=2, power=-0.7, rate=1.0))[0] == 0.0
    assert fit_rates(made_answers(200, seed=3, power=0.7, rate=-1.0))[1] == 0.0
    assert fit_rates(made_answers(200, seed=4, power=-0.7, rate=-1.0)) == (0.0, 0.0)


def test_what_hardly_varies_does_not_rule_the_radius() -> None:
    """A network that has learnt nothing doubts everything alike; errors still differ."""
    rng = np.random.default_rng(11)
    errors, spreads = np.exp(rng.normal(0.0, 1.0, (2, 6, 3)))
    doubts = 0.98 + 1e-6 * errors
    assert fit_rates(Answers(errors, spreads, doubts))[1] == LARGEST_RATE
    found = calibrate(Answers(errors, spreads, doubts), Answers(errors, spreads, doubts))
    assert all(0.01 < radius < 100 for radius in found.radii_mm)


def test_the_radius_holds_the_truth_of_new_cases_as_often_as_it_says() -> None:
    """Training errors are half as large as those on new cases, as those of a network are on what it has learnt from."""
    learnt = made_answers(140, seed=5)
    found = calibrate(learnt._replace(errors_mm=0.5 * learnt.errors_mm), made_answers(60, seed=6))
    new = made_answers(3000, seed=7)
    radii = radii_of(new, found.calibration)
    assert coverage_of(new, radii) == pytest.approx(0.9, abs=0.035)
    for landmark in range(3):
        one = Answers(*(column[:, [landmark]] for column in new))
        assert coverage_of(one, radii[:, [landmark]]) == pytest.approx(0.9, abs=0.06)
    assert found.radii_mm[2] > 2.5 * found.radii_mm[0]


def test_a_wide_radius_means_a_large_error() -> None:
    found = calibrate(made_answers(140, seed=8), made_answers(40, seed=9))
    new = made_answers(500, seed=10)
    radii = radii_of(new, found.calibration)
    order = np.argsort(radii[:, 0])
    errors = new.errors_mm[order, 0]
    assert errors[-100:].mean() > 3 * errors[:100].mean()


def test_absent_landmarks_say_nothing() -> None:
    train, validation = made_answers(50, seed=11), made_answers(20, seed=12)
    train.errors_mm[:, 1] = np.nan  # nobody has an example of the second
    validation.errors_mm[3:, 0] = np.nan
    found = calibrate(train, validation)
    assert all(math.isfinite(radius) and radius > 0 for radius in found.radii_mm)
    assert torch.isfinite(found.calibration.scale).all()


@pytest.mark.parametrize(("count", "expected"), [(9, 9.0), (10, 10.0), (19, 18.0), (99, 90.0), (3, 3.0)])
def test_the_conformal_quantile_is_one_of_the_scores(count: int, expected: float) -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert conformal_quantile(np.append(scores, np.nan), 0.9) == expected
