"""The network of encoder and decoder: its patches, what it sees, and that it goes where the paper's goes."""

import copy

import pytest
import torch

from core.method.encoder_decoder import EncoderDecoderLayout, EncoderDecoderNetwork
from core.method.layers import fold_normalisation
from core.method.localizer import Localizer
from core.method.normalisation import Normalisation
from core.method.stages import GlobalStage, StageMethod

SMALL = EncoderDecoderLayout(stem_channels=4, channels=(4, 8, 8), pairs=(1, 1, 1), decoder_channels=8, head_channels=8)


def settled(network: EncoderDecoderNetwork) -> EncoderDecoderNetwork:
    """Return the network in evaluation mode, after it has seen something to normalise by."""
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(2, 1, *(32,) * network.ndim))
    return network.eval()


@pytest.fixture(params=[2, 3])
def network(request: pytest.FixtureRequest) -> EncoderDecoderNetwork:
    torch.manual_seed(4)
    return settled(EncoderDecoderNetwork(request.param, 3, SMALL))


def test_there_is_an_answer_for_every_patch_of_four_samples(network: EncoderDecoderNetwork) -> None:
    ndim = network.ndim
    displacement, logit = network(torch.randn(2, 1, *(20, 36, 4)[:ndim]))  # no multiples of the coarsest cell
    assert displacement.shape == (2, 3, ndim, *(5, 9, 1)[:ndim])
    assert logit.shape == (2, 3, *(5, 9, 1)[:ndim])


def test_each_patch_sees_far_but_its_fine_layers_do_not(network: EncoderDecoderNetwork) -> None:
    ndim = network.ndim
    images = torch.randn(1, 1, *(64,) * ndim)
    changed = images.clone()
    changed[(0, 0, *(0,) * ndim)] += 100.0
    with torch.no_grad():
        fine = (network.fine(changed) - network.fine(images)).abs().amax((0, 1))
        logit = (network(changed)[1] - network(images)[1]).abs().amax((0, 1))
    reached = int(fine.nonzero().max())
    assert (reached * 4 - network.reach) <= 0  # no cell whose first sample lies further away than it says
    assert int((logit > 1e-6).nonzero().max()) > reached


def test_answers_move_with_the_image() -> None:
    """Where the coarsest cells fall on the same samples again, the answer is the same, moved: nothing is misaligned."""
    torch.manual_seed(4)
    network = settled(EncoderDecoderNetwork(2, 3, SMALL))
    some = torch.randn(16, 16)
    images = torch.zeros(2, 1, 320, 320)  # so large that no patch looked at below sees the border
    images[0, 0, 144:160, 144:160] = some
    images[1, 0, 160:176, 160:176] = some
    with torch.no_grad():
        before, after = network(images)[1]
    assert torch.allclose(before[:, 36:40, 36:40], after[:, 40:44, 40:44], atol=1e-5)
    assert not torch.allclose(before[:, 36:40, 36:40], after[:, 36:40, 36:40], atol=1e-3)


def test_eager_scripted_folded_and_batched_are_the_same(network: EncoderDecoderNetwork) -> None:
    folded = copy.deepcopy(network)
    fold_normalisation(folded)
    assert not any(isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d) for module in folded.modules())
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(folded)
    images = torch.randn(2, 1, *(16, 24, 8)[: network.ndim])
    with torch.no_grad():
        both = network(images)
        for number in range(2):
            single = scripted(images[number : number + 1])
            for batched, alone in zip(both, single, strict=True):
                assert torch.allclose(batched[number : number + 1], alone, atol=1e-4)


def test_a_localizer_gives_the_same_in_tiles(network: EncoderDecoderNetwork) -> None:
    method = StageMethod(regression="linear", posterior="soft-max")
    stage = GlobalStage(network=network, spacing_mm=1.0, method=method)
    localizer = Localizer(Normalisation("zscore"), stage).eval()
    ndim = network.ndim
    voxels, spacing_mm = torch.randn(*(70, 61, 37)[:ndim]), torch.ones(ndim)
    with torch.no_grad():
        whole = localizer(voxels, spacing_mm)
        tiled = localizer(voxels, spacing_mm, 16)
    assert torch.allclose(whole.points_index, tiled.points_index, atol=1e-3)
    assert torch.allclose(whole.stages[0].weight, tiled.stages[0].weight, atol=1e-6)
    assert localizer.tile_for([70] * ndim, spacing_mm, 1e9) == 0
    assert 0 < localizer.tile_for([3000] * ndim, spacing_mm, 1e6) < 3000


def test_the_default_is_what_the_preset_trains() -> None:
    network = EncoderDecoderNetwork(2, 19)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(6.0e6, rel=0.02)
    assert (network.stride, network.coarsest) == (4, 8)


def test_dropout_silences_the_context_only_in_training() -> None:
    layout = EncoderDecoderLayout(
        stem_channels=4, channels=(4, 32), pairs=(1, 1), decoder_channels=8, head_channels=8, dropout=0.5
    )
    network = EncoderDecoderNetwork(2, 1, layout)
    images = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        assert not torch.equal(network(images)[1], network(images)[1])
        network.eval()
        assert torch.equal(network(images)[1], network(images)[1])


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="one entry per ResNet-block"):
        EncoderDecoderNetwork(2, 1, EncoderDecoderLayout(channels=(4, 8), pairs=(1,)))
    with pytest.raises(ValueError, match="regression, classification or both"):
        EncoderDecoderNetwork(2, 1, EncoderDecoderLayout(regression=False, classification=False))
