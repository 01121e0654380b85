import numpy as np
import pytest
import torch

from core.method.normalisation import Normalisation, equalize, foreground


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


@pytest.mark.parametrize(
    ("low", "high"), [(0, 255), (7, 9), (-1024, 3071), (-5, 65_531), (0, 65_536), (-(2**20), 2**20)]
)
def test_whole_numbers_get_the_rank_that_numpy_gives_them(low: int, high: int) -> None:
    values = np.random.default_rng(1).integers(low, high, (50, 60), dtype=np.int32, endpoint=True)
    values[0, :2] = low, high
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - counts / 2) / values.size
    expected = ((rank - 0.5) * np.sqrt(12.0))[where].reshape(values.shape)
    coarse = 1e-2 if high - low > 65_535 else 1e-6  # more values than bins
    assert np.abs(equalize(torch.from_numpy(values)).numpy() - expected).max() < coarse


def test_constant_images_become_zero() -> None:
    assert torch.equal(equalize(torch.full((4, 4), 9.0)), torch.zeros(4, 4))


def test_window_clips() -> None:
    found = Normalisation("window", -100.0, 300.0)(torch.tensor([[-1000, -100, 100, 300, 3000]], dtype=torch.int16))
    assert found.tolist() == [[-1.0, -1.0, 0.0, 1.0, 1.0]]


def test_zscore() -> None:
    found = Normalisation("zscore")(torch.tensor([[1.0, 2.0, 3.0]]))
    assert found.tolist() == [[-1.0, 0.0, 1.0]]


def skull(shape: tuple[int, ...]) -> torch.Tensor:
    """Make a noisy uint8 object of tissue and bone in dark air."""
    rng = np.random.default_rng(2)
    distance = sum((axis - 0.5) ** 2 for axis in np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij"))
    values = np.select([distance < 0.05, distance < 0.07], [90, 200], 10) + rng.integers(-5, 6, shape)
    return torch.from_numpy(values.astype(np.uint8))


def test_the_foreground_does_not_care_about_the_scanners_units() -> None:
    eight_bit = skull((24, 25, 26))
    hounsfield = (eight_bit.to(torch.int16) * 12 - 1024).to(torch.int16)
    found = Normalisation("foreground")(eight_bit)
    assert found.dtype == torch.float32
    for other in (hounsfield, eight_bit.double() * 1e-4 + 3, eight_bit.to(torch.int32) * 1000):
        assert torch.allclose(foreground(other), found, atol=1e-3)


def test_air_is_nothing_and_bone_is_two() -> None:
    voxels = skull((40, 40, 40))
    found = foreground(voxels)
    assert float(found[voxels <= 10].abs().max()) == 0.0
    assert float(found[voxels <= 15].max()) < 0.1  # noise of the air
    assert float(found[voxels > 190].mean()) == pytest.approx(2.0, abs=0.1)
    assert float(found[(voxels > 80) & (voxels < 100)].mean()) == pytest.approx(0.8, abs=0.1)


def test_a_metal_clip_changes_little_and_is_clipped() -> None:
    voxels = skull((40, 40, 40)).to(torch.int16)
    with_clip = voxels.clone()
    with_clip[20, 20, :4] = 30_000
    found = foreground(with_clip)
    assert float(found.max()) == 3.0
    assert torch.allclose(found[:20], foreground(voxels)[:20], atol=0.05)


def test_of_a_huge_image_a_part_is_looked_at_and_the_answer_stays() -> None:
    part = skull((100, 85, 85))
    voxels = part.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert voxels.numel() > 4_000_000
    found = foreground(voxels)[::2, ::2, ::2]
    assert torch.allclose(found, foreground(part), atol=0.02)


def test_an_image_without_foreground_becomes_zero_and_the_input_is_left_alone() -> None:
    constant = torch.full((4, 4, 4), 7.0)
    assert torch.equal(foreground(constant), torch.zeros(4, 4, 4))
    voxels = skull((20, 20, 20)).float()
    before = voxels.clone()
    for kind in ("foreground", "window", "zscore", "none"):
        Normalisation(kind)(voxels).add_(1)
        assert torch.equal(voxels, before)


def test_unknown_kinds_and_empty_windows_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown normalisation"):
        Normalisation("clahe")
    with pytest.raises(ValueError, match="upper end"):
        Normalisation("window", 5.0, 5.0)
