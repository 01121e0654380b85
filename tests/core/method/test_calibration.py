import pytest
import torch

from core.method.calibration import Calibration


def test_without_parameters_the_radius_is_unknown() -> None:
    radius = Calibration()(torch.tensor([1.0, 2.0]), torch.tensor([0.9, 0.1]))
    assert radius.isnan().all()


def test_the_radius_grows_with_the_spread_and_with_doubt() -> None:
    calibration = Calibration(torch.tensor([2.0, 3.0]), spread_power=0.5, doubt_rate=1.0)
    sure = calibration(torch.tensor([4.0, 4.0]), torch.tensor([1.0, 1.0]))
    assert sure.tolist() == pytest.approx([4.0, 6.0])
    wide = calibration(torch.tensor([9.0, 9.0]), torch.tensor([1.0, 1.0]))
    assert wide.tolist() == pytest.approx([6.0, 9.0])
    doubtful = calibration(torch.tensor([4.0, 4.0]), torch.tensor([0.0, 0.5]))
    assert doubtful.tolist() == pytest.approx([4.0 * 2.718282, 6.0 * 1.648721], rel=1e-4)


def test_votes_that_all_agree_do_not_make_the_radius_vanish() -> None:
    calibration = Calibration(torch.tensor([2.0]), spread_power=1.0)
    assert float(calibration(torch.tensor([0.0]), torch.tensor([1.0]))) > 0
