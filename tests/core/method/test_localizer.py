import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.method.calibration import Calibration
from core.method.crop_frames import factors_of
from core.method.localizer import Localizer
from core.method.networks import GlobalLayout, GlobalNetwork, LocalLayout, LocalNetwork
from core.method.normalisation import Normalisation
from core.method.outputs import StageOutput
from core.method.pose import axis_orientations, orientation_matrix, oriented_image
from core.method.stages import GlobalStage, LocalStage, StageMethod
from core.models.file import torchscript_allowed
from core.values.grid import Grid

SMALL_GLOBAL = GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), pool_before=(True, False), head_channels=8)
SMALL_LOCAL = LocalLayout(channels=(4, 8), head_channels=8)


class KnowsTheAnswer(torch.nn.Module):
    """A network whose every patch points exactly at given samples of what it sees."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.seen: list[torch.Size] = []
        self.points = torch.zeros(0)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        from core.method.voting import cell_centres, log_transform

        self.seen.append(images.shape)
        cells = [n // self.stride for n in images.shape[2:]]
        centres = cell_centres(cells, self.stride, images.device)
        displacement = self.points.reshape(*self.points.shape, *[1] * len(cells)) - centres
        return log_transform(displacement).unsqueeze(0), torch.zeros(1, len(self.points), *cells)

    def fine(self, images: torch.Tensor) -> torch.Tensor:
        return images

    def coarse(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        answer: tuple[torch.Tensor, torch.Tensor] = self(features)
        return answer


def make_localizer(ndim: int, passes: int = 1) -> Localizer:
    first = GlobalStage(network=GlobalNetwork(ndim, 2, SMALL_GLOBAL), spacing_mm=1.0)
    local = LocalStage(network=LocalNetwork(ndim, 2, SMALL_LOCAL), spacing_mm=0.5, crop=16, passes=passes)
    return Localizer(Normalisation("zscore"), first, [local]).eval()


def make_global_localizer(network: GlobalNetwork) -> Localizer:
    return Localizer(Normalisation("zscore"), GlobalStage(network=network, spacing_mm=1.0)).eval()


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
    start = output.index_from_cell[0] @ torch.ones(len(shape) + 1)
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


def voted_index(stage: StageOutput, spacing: torch.Tensor) -> torch.Tensor:
    """Count the votes of a stage anew, from its field alone, as a front end would that draws it."""
    cells = torch.stack(torch.meshgrid(*[torch.arange(n) for n in stage.weight.shape[1:]], indexing="ij"), -1).float()
    matrix = stage.index_from_cell.reshape(
        len(stage.weight), *[1] * (cells.dim() - 1), *stage.index_from_cell.shape[1:]
    )
    centres = (matrix[..., :-1] @ cells.unsqueeze(-1)).squeeze(-1) + matrix[..., -1]
    votes = (centres + stage.displacement_mm.movedim(1, -1) / spacing).flatten(1, -2)
    share = stage.weight.flatten(1) / stage.weight.flatten(1).sum(1, keepdim=True)
    return (votes * share.unsqueeze(-1)).sum(1)


def make_posed_localizer(ndim: int) -> Localizer:
    """Make an untrained localizer for objects in any pose."""
    torch.manual_seed(3)
    network = GlobalNetwork(ndim, 6, replace(SMALL_GLOBAL, pool_before=(True, True)))
    first = GlobalStage(network=network, spacing_mm=1.0, any_pose=True)
    refined = LocalNetwork(ndim, 6, SMALL_LOCAL)
    local = LocalStage(network=refined, spacing_mm=0.5, crop=12, passes=2, reach_mm=1.0)
    shape_mm = torch.randn(6, ndim) * 5
    return Localizer(Normalisation("zscore"), first, [local], shape_mm=shape_mm).eval()


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_field_of_a_stage_that_normalises_the_pose_points_where_its_landmarks_are(ndim: int) -> None:
    localizer = make_posed_localizer(ndim)
    spacing = torch.tensor([0.6, 0.8, 1.1][:ndim])
    with torch.inference_mode():
        output = localizer(torch.randn(40, 33, 29)[(slice(None),) * ndim + (0,) * (3 - ndim)], spacing)
    for stage in output.stages:
        assert torch.allclose(voted_index(stage, spacing), stage.points_index, atol=1e-3)


def test_an_object_that_lies_along_other_axes_is_found_all_the_same() -> None:
    """Rotating the image from axis to axis rotates the answer, and changes nothing else."""
    localizer = make_posed_localizer(2)
    voxels = torch.randn(32, 40)  # no padding, so that no side differs
    spacing = torch.ones(2)
    with torch.inference_mode():
        expected = localizer(voxels, spacing)
        for orientation in axis_orientations(2)[1:]:
            found = localizer(oriented_image(voxels, orientation), spacing)
            middle, oriented_middle = (
                (torch.tensor(v.shape) - 1) / 2 for v in (voxels, oriented_image(voxels, orientation))
            )
            back = (found.points_index - oriented_middle) @ orientation_matrix(orientation).t() + middle
            assert torch.allclose(back, expected.points_index, atol=0.02)
            assert torch.allclose(found.presence, expected.presence, atol=1e-3)


@pytest.mark.parametrize(("ndim", "together"), [(2, 2), (3, 4)])
def test_orientations_of_one_shape_go_through_the_network_together_with_the_same_answer(
    ndim: int, together: int
) -> None:
    localizer = make_posed_localizer(ndim)
    voxels, spacing = torch.rand([30, 25, 40][:ndim]), torch.full((ndim,), 0.5)
    sizes = []
    localizer.global_network.trunk[0].register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    with torch.inference_mode():
        batched = localizer.global_stage(localizer.prepare(voxels), spacing)
        at_once, sizes[:] = list(sizes), []
        localizer.batch_samples = 1
        single = localizer.global_stage(localizer.prepare(voxels), spacing)
    assert at_once == [together] * (len(localizer.orientations) // together) + [1]  # and the second look
    assert sizes == [1] * (len(localizer.orientations) + 1)
    assert torch.allclose(batched.points_index, single.points_index, atol=1e-4)


@pytest.mark.parametrize("tile", [8, 16, 40])
def test_tiles_give_the_answer_of_the_whole_image(tile: int) -> None:
    torch.manual_seed(1)
    layout = replace(SMALL_GLOBAL, channels=(4, 8, 8), pairs=(2, 1, 1), pool_before=(True, True, False))
    localizer = make_global_localizer(GlobalNetwork(3, 2, layout))
    voxels, spacing = torch.randn(61, 70, 43), torch.tensor([1.3, 0.8, 1.0])
    with torch.inference_mode():
        whole, tiled = localizer(voxels, spacing), localizer(voxels, spacing, tile)
    assert torch.allclose(whole.points_index, tiled.points_index, atol=1e-4)
    assert torch.allclose(whole.stages[0].displacement_mm, tiled.stages[0].displacement_mm, atol=1e-4)


def test_the_tile_shrinks_with_the_memory() -> None:
    localizer = make_localizer(3)
    shape, spacing = [200, 200, 200], torch.ones(3)
    assert localizer.tile_for(shape, spacing, 4e9) == 0
    tiles = [localizer.tile_for(shape, spacing, megabytes * 1e6) for megabytes in (120, 80, 1)]
    assert all(larger > smaller for larger, smaller in itertools.pairwise(tiles))
    assert tiles[-1] == 4 * localizer.global_stride


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("posed", [False, True])
def test_scripted_equals_eager_and_stages_one_by_one_equal_one_call(ndim: int, posed: bool) -> None:
    localizer = make_posed_localizer(ndim) if posed else make_localizer(ndim, passes=2)
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
        joined = scripted.conclude([first, second], spacing)
    assert torch.allclose(eager.points_index, compiled.points_index, atol=1e-4)
    assert torch.equal(joined.points_index, compiled.points_index)
    assert torch.equal(joined.presence, first.presence)
    assert torch.equal(joined.spread_mm, second.spread_mm)
    assert len(compiled.stages) == scripted.stage_count() == 2


def test_a_global_stage_alone_is_a_model_too() -> None:
    localizer = make_global_localizer(GlobalNetwork(2, 2, SMALL_GLOBAL))
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(localizer)
    voxels, spacing = torch.randn(33, 47), torch.tensor([0.5, 0.7])
    with torch.inference_mode():
        eager, compiled = localizer(voxels, spacing), scripted(voxels, spacing)
    assert torch.allclose(eager.points_index, compiled.points_index, atol=1e-4)
    assert len(compiled.stages) == 1


def test_factors_are_input_samples_per_stage_sample() -> None:
    assert factors_of(torch.tensor([0.5, 2.0]), 1.0) == [2.0, 0.5]


@pytest.mark.parametrize("any_pose", [True, False])
def test_a_pose_cannot_be_normalised_without_the_mean_shape(any_pose: bool) -> None:
    first = GlobalStage(network=GlobalNetwork(2, 1, SMALL_GLOBAL), spacing_mm=1.0, any_pose=any_pose)
    local = LocalStage(network=LocalNetwork(2, 1, SMALL_LOCAL), spacing_mm=0.5, crop=16, reach_mm=1.0)
    with pytest.raises(ValueError, match="mean shape"):
        Localizer(Normalisation(), first, [] if any_pose else [local])


def test_each_stage_answers_and_votes_by_its_own_method() -> None:
    points = torch.tensor([[7.25, 11.0], [3.0, 4.5]])
    localizer = make_localizer(2)
    network = KnowsTheAnswer(4)
    network.points = points
    localizer.global_network = network  # type: ignore[assignment]
    spacing = torch.tensor([1.0, 1.0])
    assert torch.allclose(localizer.global_stage(torch.zeros(24, 24), spacing).points_index, points, atol=1e-3)
    # The same answers read as plain displacements are too short, so the votes no longer meet.
    localizer.methods = [StageMethod("linear"), StageMethod()]
    assert localizer.global_stage(torch.zeros(24, 24), spacing).spread_mm.min() > 1.0
    # One voter alone has no spread.
    localizer.methods = [StageMethod("linear", "arg-max"), StageMethod()]
    network_logits = network.forward

    def one_sure_patch(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        answer, logit = network_logits(images)
        logit[:, :, 1, 2] = 3.0
        return answer, logit

    network.forward = one_sure_patch  # type: ignore[method-assign]
    assert localizer.global_stage(torch.zeros(24, 24), spacing).spread_mm.max() < 1e-3


def test_a_calibrated_localizer_gives_a_radius() -> None:
    localizer = make_localizer(2)
    voxels, spacing = torch.rand(40, 40), torch.tensor([0.5, 0.5])
    assert localizer(voxels, spacing).radius_mm.isnan().all()
    localizer.calibration = Calibration(torch.tensor([1.0, 2.0]), 0.5, 1.0)
    output = localizer(voxels, spacing)
    last = output.stages[-1]
    assert torch.equal(output.radius_mm, localizer.calibration(last.spread_mm, last.presence))


def test_local_stages_that_vote_together_meet_in_the_middle() -> None:
    first = GlobalStage(network=GlobalNetwork(2, 2, SMALL_GLOBAL), spacing_mm=1.0)
    locals_ = [
        LocalStage(network=LocalNetwork(2, 2, SMALL_LOCAL), spacing_mm=spacing_mm, crop=16) for spacing_mm in (0.5, 0.4)
    ]
    shape, spacing = (40, 48), torch.tensor([0.5, 0.7])
    made = [Localizer(Normalisation("zscore"), first, locals_, joint=joint).eval() for joint in (True, False)]
    voxels = torch.rand(shape)
    together, alone = (localizer(voxels, spacing) for localizer in made)
    _, one, two = together.stages
    assert torch.equal(alone.points_index, two.points_index)
    assert torch.equal(alone.spread_mm, two.spread_mm)
    assert torch.allclose(together.points_index, (one.points_index + two.points_index) / 2)
    assert torch.allclose(together.posterior, (one.presence + two.presence) / 2)
    half_mm = ((one.points_index - two.points_index) * spacing).square().sum(1).sqrt() / 2
    expected = ((one.spread_mm.square() + two.spread_mm.square()) / 2 + half_mm.square()).sqrt()
    assert torch.allclose(together.spread_mm, expected, atol=1e-5)


def test_each_landmark_has_its_own_shares_of_the_stages() -> None:
    first = GlobalStage(network=GlobalNetwork(2, 2, SMALL_GLOBAL), spacing_mm=1.0)
    local = LocalStage(network=LocalNetwork(2, 2, SMALL_LOCAL), spacing_mm=0.5, crop=16)
    localizer = Localizer(Normalisation("zscore"), first, [local], shares=[[0.25, 1.0], [0.75, 0.0]]).eval()
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(localizer)
    voxels, spacing = torch.rand(40, 48), torch.tensor([0.5, 0.7])
    with torch.no_grad():
        found, again = localizer(voxels, spacing), scripted(voxels, spacing)
    one, two = found.stages
    expected = torch.stack([0.25 * one.points_index[0] + 0.75 * two.points_index[0], one.points_index[1]])
    assert torch.allclose(found.points_index, expected, atol=1e-4)
    assert torch.allclose(again.points_index, found.points_index, atol=1e-4)
    assert float(found.spread_mm[1]) == pytest.approx(float(one.spread_mm[1]), rel=1e-4)
    assert float(found.posterior[0]) == pytest.approx(float(0.25 * one.presence[0] + 0.75 * two.presence[0]), rel=1e-4)


@pytest.mark.parametrize("shares", [[[1.0, 1.0]], [[0.5], [0.5]]])
def test_shares_of_other_stages_or_landmarks_are_refused(shares: list[list[float]]) -> None:
    first = GlobalStage(network=GlobalNetwork(2, 2, SMALL_GLOBAL), spacing_mm=1.0)
    local = LocalStage(network=LocalNetwork(2, 2, SMALL_LOCAL), spacing_mm=0.5, crop=16)
    with pytest.raises(ValueError, match="a share of each stage for each landmark"):
        Localizer(Normalisation("zscore"), first, [local], shares=shares)


@pytest.mark.parametrize("ndim", [2, 3])
def test_another_definition_moves_every_answer_by_its_offset_and_nothing_else(ndim: int) -> None:
    """The crops stay where the networks know the landmarks; points, vectors and the scripted module tell the new place."""
    plain = make_localizer(ndim, passes=2)
    offsets_mm = torch.tensor([[2.0, -1.5, 0.5][:ndim], [0.0] * ndim])
    moved = Localizer(
        plain.normalisation,
        GlobalStage(network=plain.global_network, spacing_mm=1.0),  # type: ignore[arg-type]
        [LocalStage(network=plain.local_networks[0], spacing_mm=0.5, crop=16, passes=2)],  # type: ignore[arg-type]
        offsets_mm=offsets_mm,
    ).eval()
    voxels, spacing_mm = torch.rand((48, 40, 36)[:ndim]), torch.tensor([0.7, 0.4, 0.9][:ndim])
    with torch.inference_mode(), torchscript_allowed():
        before, after = plain(voxels, spacing_mm), moved(voxels, spacing_mm)
        scripted = torch.jit.script(moved)(voxels, spacing_mm)
    for one, other in zip([*before.stages, before], [*after.stages, after], strict=True):
        torch.testing.assert_close((other.points_index - one.points_index) * spacing_mm, offsets_mm, atol=1e-3, rtol=0)
    for one, other in zip(before.stages, after.stages, strict=True):
        torch.testing.assert_close(one.index_from_cell, other.index_from_cell)
        apart = other.displacement_mm - one.displacement_mm
        torch.testing.assert_close(apart, offsets_mm.reshape(2, ndim, *[1] * ndim).expand_as(apart), atol=1e-3, rtol=0)
    torch.testing.assert_close(scripted.points_index, after.points_index, atol=1e-4, rtol=0)
    torch.testing.assert_close(after.presence, before.presence)


def test_offsets_that_fit_nothing_are_refused() -> None:
    network = GlobalNetwork(3, 2, SMALL_GLOBAL)
    for offsets_mm, any_pose in ((torch.zeros(2, 2), False), (torch.zeros(3, 3), False), (torch.zeros(2, 3), True)):
        with pytest.raises(ValueError, match="offset"):
            Localizer(
                Normalisation("zscore"),
                GlobalStage(network=network, spacing_mm=1.0, any_pose=any_pose),
                shape_mm=torch.zeros(2, 3),
                offsets_mm=offsets_mm,
            )
