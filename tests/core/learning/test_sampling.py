import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from core.learning.augmentation import SpatialMap, change_intensity, random_elastic, random_matrices
from core.learning.configuration import AugmentationConfig, LocalStageConfig, OptimisationConfig
from core.learning.mirror import make_mirror
from core.learning.sampling import StageCase, _sampled, global_batch, local_batch, random_generators

STRONG = AugmentationConfig(
    rotation_deg=40, scale=0.2, translation_mm=4, elastic_mm=1.0, elastic_grid_mm=16, contrast=0.2, brightness=0.2
)


def local_stage(augmentation: AugmentationConfig, placement: str) -> LocalStageConfig:
    """Make the settings of a local stage at 1 mm."""
    return LocalStageConfig(
        spacing_mm=1.0,
        placement=placement,  # type: ignore[arg-type]
        augmentation=augmentation,
        optimisation=OptimisationConfig(iterations=1),
    )


def generators(seed: int, count: int) -> list[np.random.Generator]:
    """Make the generators of a batch of ``count`` items."""
    return random_generators(seed, 0, 0, range(count))


def blob_case(seed: int, ndim: int) -> StageCase:
    """Make an image with one bright blob per landmark; the last landmark is absent."""
    rng = np.random.default_rng(seed)
    shape = (60, 52, 48)[:ndim]
    points = rng.uniform(20, 28, (2, ndim))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    values = np.exp(-((index - points[0]) ** 2).sum(-1) / 8.0)
    points[1] = np.nan
    return StageCase(torch.from_numpy(values).half(), torch.from_numpy(points).float())


def centre_of_mass(image: torch.Tensor) -> np.ndarray:  # type: ignore[type-arg]
    values = image.numpy().clip(0.02) - 0.02
    index = np.stack(np.meshgrid(*[np.arange(n) for n in values.shape], indexing="ij"), -1)
    return (index * values[..., None]).reshape(-1, values.ndim).sum(0) / values.sum()  # type: ignore[no-any-return]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_a_map_and_its_inverse_agree(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    size = (20, 24, 16)[:ndim]
    spatial = SpatialMap(
        random_matrices(rng, 3, ndim, STRONG),
        torch.from_numpy(rng.uniform(10, 50, (3, ndim)).astype(np.float32)),
        (torch.tensor(size, dtype=torch.float32) - 1) / 2,
        size,
        random_elastic(rng, 3, size, STRONG, 1.0),
    )
    sources = spatial.source_of_grid()
    cell = tuple(int(rng.integers(n)) for n in size)
    found = spatial.output_of(sources[(slice(None), *cell)].unsqueeze(1))[:, 0]
    assert torch.allclose(found, torch.tensor(cell, dtype=torch.float32).expand(3, ndim), atol=0.05)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("side", [12, 60])
def test_sampling_is_linear_interpolation_with_zeros_outside(ndim: int, side: int) -> None:
    """In an image hardly larger than the crops, and in one of which they see little; the last one lies outside."""
    rng = np.random.default_rng(side)
    image = torch.from_numpy(rng.normal(size=(side, side + 3, side + 1)[:ndim])).half()
    centres = torch.tensor([[1.0] * ndim, [side - 2.0] * ndim, [side / 2] * ndim, [side * 5.0] * ndim])
    matrices = random_matrices(rng, 4, ndim, AugmentationConfig(rotation_deg=40, scale=0.2))
    size = (8, 6, 7)[:ndim]
    source = SpatialMap(matrices, centres, (torch.tensor(size) - 1) / 2, size).source_of_grid()
    assert source.shape == (4, *size, ndim)
    padded = np.pad(image.float().numpy(), 1)  # scipy does not blend into the zeros outside
    expected = map_coordinates(padded, np.moveaxis(source.numpy(), -1, 0) + 1, order=1)
    assert np.allclose(_sampled(image, source).numpy(), expected, atol=1e-4)
    assert (expected[3] == 0).all()


@pytest.mark.parametrize("ndim", [2, 3])
def test_rotations_are_rotations(ndim: int) -> None:
    config = AugmentationConfig(rotation_deg=180)
    matrices = random_matrices(np.random.default_rng(0), 50, ndim, config)
    assert torch.allclose(matrices @ matrices.transpose(1, 2), torch.eye(ndim).expand(50, ndim, ndim), atol=1e-5)
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(50), atol=1e-5)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_global_landmarks_stay_on_their_blobs(ndim: int, seed: int) -> None:
    plain = STRONG.model_copy(update={"contrast": 0.0, "brightness": 0.0, "translation_mm": 0.0})
    batch = global_batch([blob_case(seed, ndim)], generators(seed, 2), (64,) * ndim, 1.0, plain)
    assert batch.images.shape == (2, 1, *(64,) * ndim)
    for image, points in zip(batch.images, batch.points, strict=True):
        assert np.allclose(centre_of_mass(image[0]), points[0].numpy(), atol=0.6)
        assert torch.isnan(points[1]).all()


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("placement", ["uniform", "centred"])
def test_local_crops_always_contain_their_landmark(ndim: int, placement: str) -> None:
    cases = [blob_case(seed, ndim) for seed in range(3)]
    plain = STRONG.model_copy(update={"contrast": 0.0, "brightness": 0.0})
    batch = local_batch(cases, generators(1, 12), 16, local_stage(plain, placement))
    assert batch.images.shape == (12, 2, *(16,) * ndim)
    points = batch.points[:, 0].numpy()
    assert points.min() >= 0
    assert points.max() <= 15
    assert torch.isnan(batch.points[:, 1]).all()
    for image, point in zip(batch.images[:, 0], points, strict=True):
        nearest = tuple(np.round(point).astype(int))
        assert float(image[nearest]) > 0.6  # the blob's top is at the landmark, whatever the map


def test_uniform_placement_reaches_the_borders_and_centred_prefers_the_middle() -> None:
    cases, none = [blob_case(0, 2)], AugmentationConfig()
    uniform = local_batch(cases, generators(0, 200), 16, local_stage(none, "uniform")).points[:, 0]
    centred = local_batch(cases, generators(0, 200), 16, local_stage(none, "centred")).points[:, 0]
    assert uniform.min() < 1.0
    assert uniform.max() > 14.0
    assert (centred - 7.5).abs().mean() < 0.7 * (uniform - 7.5).abs().mean()


def test_a_batch_depends_on_seed_stage_and_iteration_only() -> None:
    cases = [blob_case(seed, 2) for seed in range(3)]

    def batch(*key: int) -> torch.Tensor:
        return global_batch(cases, random_generators(*key, range(2)), (32, 32), 1.0, STRONG).images

    assert torch.equal(batch(1, 0, 7), batch(1, 0, 7))
    for other in ((2, 0, 7), (1, 1, 7), (1, 0, 8)):
        assert not torch.equal(batch(1, 0, 7), batch(*other))


@pytest.mark.parametrize("local", [False, True])
def test_a_batch_made_in_parts_is_the_same_batch(local: bool) -> None:
    cases = [blob_case(seed, 2) for seed in range(5)]

    def batch(items: range) -> torch.Tensor:
        drawn = random_generators(3, 1, 4, items)
        if local:
            return local_batch(cases, drawn, 16, local_stage(STRONG, "uniform")).images
        return global_batch(cases, drawn, (32, 32), 1.0, STRONG).images

    whole = batch(range(6))
    assert torch.equal(whole, torch.cat([batch(range(2)), batch(range(2, 6))]))
    assert not torch.equal(whole[0], whole[1])


def test_intensity_changes_keep_the_ends_of_the_range_under_gamma() -> None:
    crops = torch.tensor([[[-(3**0.5), 0.0, 3**0.5]]] * 8)
    found = change_intensity(crops, np.random.default_rng(0), AugmentationConfig(gamma=0.3))
    assert torch.allclose(found[..., [0, 2]], crops[..., [0, 2]], atol=1e-5)
    assert found[..., 1].abs().max() > 0.05
    assert torch.equal(change_intensity(crops, np.random.default_rng(0), AugmentationConfig()), crops)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("local", [False, True])
def test_mirrored_images_keep_landmarks_on_their_blobs_and_exchange_names(ndim: int, local: bool) -> None:
    """Two blobs, a bright and a dim one, are each other's partners; a third landmark has none."""
    shape = (40, 44, 36)[:ndim]
    points = np.array([[14.0, 14.0, 14.0], [24.0, 22.0, 20.0], [20.0, 14.0, 20.0]])[:, :ndim]
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    values = sum(b * np.exp(-((index - p) ** 2).sum(-1) / 8.0) for b, p in zip((2.0, 1.0), points, strict=False))
    case = StageCase(torch.from_numpy(values).half(), torch.from_numpy(points).float())
    mirror = make_mirror((1, 0, -1), ndim)
    plain = AugmentationConfig(rotation_deg=20, mirror=True)
    if local:
        batch = local_batch([case], generators(5, 12), 16, local_stage(plain, "centred"), mirror)
    else:
        batch = global_batch([case], generators(5, 12), (64,) * ndim, 1.0, plain, mirror)
    mirrored = torch.isinf(batch.points[:, 2]).all(1)
    assert 0 < mirrored.sum() < 12
    for image, points_px, is_mirror in zip(batch.images, batch.points, mirrored, strict=True):
        for row, bright in enumerate((1.0, 2.0) if is_mirror else (2.0, 1.0)):
            found = image[row if local else 0][tuple(points_px[row].round().int())]
            assert float(found) == pytest.approx(bright, rel=0.3)
