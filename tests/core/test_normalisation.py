import numpy as np
import pytest
import torch

from core.normalisation import Normalisation, equalize


def test_equalisation_gives_zero_mean_and_unit_variance() -> None:
    found = equalize(torch.from_numpy(np.random.default_rng(0).gamma(2.0, 300.0, (64, 64)).astype(np.float32)))
    assert float(found.mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(found.std()) == pytest.approx(1.0, abs=1e-2)


def test_equalisation_does_not_care_about_brightness_and_gamma() -> None:
    values = torch.arange(256.0).reshape(16, 16)
    assert torch.allclose(equalize(values), equalize(values.square() * 3 + 7), atol=1e-2)


def test_eight_bit_values_keep_their_order_exactly() -> None:
    values = torch.tensor([[0.0, 0.0, 10.0, 200.0], [10.0, 255.0, 255.0, 255.0]])
    found = equalize(values)
    assert [float(found[values == v].unique()) for v in (0.0, 10.0, 200.0, 255.0)] == sorted(found.unique().tolist())


def test_constant_images_become_zero() -> None:
    assert torch.equal(equalize(torch.full((4, 4), 9.0)), torch.zeros(4, 4))


def test_window_clips() -> None:
    found = Normalisation("window", -100.0, 300.0)(torch.tensor([[-1000, -100, 100, 300, 3000]], dtype=torch.int16))
    assert found.tolist() == [[-1.0, -1.0, 0.0, 1.0, 1.0]]


def test_zscore() -> None:
    found = Normalisation("zscore")(torch.tensor([[1.0, 2.0, 3.0]]))
    assert found.tolist() == [[-1.0, 0.0, 1.0]]


def test_unknown_kinds_and_empty_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown normalisation"):
        Normalisation("clahe")
    with pytest.raises(ValueError, match="upper end"):
        Normalisation("window", 5.0, 5.0)
