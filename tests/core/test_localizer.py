import numpy as np
import pytest
import torch

from core.localizer import Localizer, factors_of
from core.networks import GlobalNetwork, LocalNetwork
from core.normalisation import Normalisation
from core.types import Grid


class KnowsTheAnswer(torch.nn.Module):
    """A network whose every patch points exactly at given samples of what it sees."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.seen: list[torch.Size] = []
        self.points = torch.zeros(0)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        from core.voting import cell_centres, log_transform

        self.seen.append(images.shape)
        cells = [n // self.stride for n in images.shape[2:]]
        centres = cell_centres(cells, self.stride, images.device)
        displacement = self.points.reshape(*self.points.shape, *[1] * len(cells)) - centres
        return log_transform(displacement).unsqueeze(0), torch.zeros(1, len(self.points), *cells)


def make_localizer(ndim: int, passes: int = 1) -> Localizer:
    first = GlobalNetwork(ndim, 2, 4, (4, 8), (1, 1), (True, False), 8)
    local = LocalNetwork(ndim, 2, (4, 8), head_channels=8)
    return Localizer(Normalisation("zscore"), first, [local], [1.0, 0.5], [16], [passes]).eval()


@pytest.mark.parametrize(("shape", "spacing"), [((61, 43), (0.7, 0.4)), ((30, 40, 26), (1.3, 0.6, 1.0))])
def test_the_global_stage_maps_samples_back_to_the_input(shape: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    """What the network sees at sample ``i`` of the resampled grid is reported at that place in the input."""
    localizer = make_localizer(len(shape))
    network = KnowsTheAnswer(4)
    localizer.global_network = network  # type: ignore[assignment]
    network.points = torch.tensor([[7.25, 11.0, 4.5][: len(shape)], [0.0] * len(shape)])
    output = localizer.global_stage(torch.zeros(shape), torch.tensor(spacing))
    grid = Grid.from_spacing(shape, spacing)
    expected = grid.to_index(grid.resampled(1.0).to_mm(network.points.numpy()))
    assert np.allclose(output.points_index.numpy(), expected, atol=1e-3)
    assert output.spread_mm.max() < 1e-2
    assert all(n % 4 == 0 for n in network.seen[0][2:])
    # Each vote starts at its cell's centre and ends at the landmark, in the input's own frame.
    cell = (1,) * len(shape)
    start = output.origin_index[0] + output.step_index
    end = start + output.displacement_mm[(0, slice(None), *cell)] / torch.tensor(spacing)
    assert np.allclose(end.numpy(), expected[0], atol=1e-3)


@pytest.mark.parametrize("ndim", [2, 3])
def test_local_stages_cut_around_the_estimate_and_map_back(ndim: int) -> None:
    localizer = make_localizer(ndim)
    shape, spacing = (40, 50, 60)[:ndim], (0.5, 0.25, 1.0)[:ndim]
    network = KnowsTheAnswer(2)
    network.points = torch.full((2, ndim), 5.5)
    localizer.local_networks[0] = network
    estimate = torch.tensor([[20.0, 25.0, 30.0][:ndim], [1.0] * ndim])
    output = localizer.local_stage(torch.zeros(shape), torch.tensor(spacing), 1, estimate)
    grid = Grid.from_spacing(shape, spacing)
    fine = grid.resampled(0.5)
    start = np.round(fine.to_index(grid.to_mm(estimate.numpy())) - 7.5)
    expected = np.stack([grid.to_index(fine.cropped(s, (16,) * ndim).to_mm([5.5] * ndim)) for s in start])
    assert np.allclose(output.points_index.numpy(), expected, atol=1e-3)
    assert network.seen == [torch.Size((1, 2, *(16,) * ndim))]


def test_each_pass_starts_from_the_last_ones_answer() -> None:
    localizer = make_localizer(2, passes=3)
    network = KnowsTheAnswer(2)
    network.points = torch.tensor([[9.5, 7.5], [7.5, 5.5]])  # always two samples on, two samples back
    localizer.local_networks[0] = network
    output = localizer.local_stage(torch.zeros(100, 100), torch.tensor([0.5, 0.5]), 1, torch.full((2, 2), 50.5))
    assert len(network.seen) == 3
    assert output.points_index.tolist() == [[56.5, 50.5], [50.5, 44.5]]


@pytest.mark.parametrize("ndim", [2, 3])
def test_scripted_equals_eager_and_stages_one_by_one_equal_one_call(ndim: int) -> None:
    localizer = make_localizer(ndim, passes=2)
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(localizer)
    voxels, spacing = (
        torch.randn(33, 47, 21)[(slice(None),) * ndim + (0,) * (3 - ndim)],
        torch.tensor([0.5, 0.7, 1.1][:ndim]),
    )
    with torch.inference_mode():
        eager, compiled = localizer(voxels, spacing), scripted(voxels, spacing)
        prepared = scripted.prepare(voxels)
        first = scripted.global_stage(prepared, spacing)
        second = scripted.local_stage(prepared, spacing, 1, first.points_index)
        joined = scripted.conclude([first, second])
    assert torch.allclose(eager.points_index, compiled.points_index, atol=1e-4)
    assert torch.equal(joined.points_index, compiled.points_index)
    assert torch.equal(joined.presence, first.presence)
    assert torch.equal(joined.spread_mm, second.spread_mm)
    assert len(compiled.stages) == scripted.stage_count() == 2


def test_a_global_stage_alone_is_a_model_too() -> None:
    network = GlobalNetwork(2, 2, 4, (4, 8), (1, 1), (True, False), 8)
    localizer = Localizer(Normalisation("zscore"), network, [], [1.0], [], []).eval()
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(localizer)
    voxels, spacing = torch.randn(33, 47), torch.tensor([0.5, 0.7])
    with torch.inference_mode():
        eager, compiled = localizer(voxels, spacing), scripted(voxels, spacing)
    assert torch.allclose(eager.points_index, compiled.points_index, atol=1e-4)
    assert len(compiled.stages) == 1


def test_factors_are_input_samples_per_stage_sample() -> None:
    assert factors_of(torch.tensor([0.5, 2.0]), 1.0) == [2.0, 0.5]


def test_stages_must_be_described() -> None:
    with pytest.raises(ValueError, match="each local stage"):
        Localizer(Normalisation(), GlobalNetwork(2, 1, 4, (4,), (1,)), [], [1.0, 0.5], [], [])
