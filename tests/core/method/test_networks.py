import copy

import pytest
import torch

from core.method.layers import fold_normalisation
from core.method.networks import GlobalLayout, GlobalNetwork, LocalLayout, LocalNetwork


def count_convolutions(network: torch.nn.Module, size: int) -> dict[int, int]:
    """Return, for each number of kernels, how many convolutions of ``size`` the network has."""
    found: dict[int, int] = {}
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Conv3d) and module.kernel_size[0] == size:
            found[module.out_channels] = found.get(module.out_channels, 0) + 1
    return found


@pytest.mark.parametrize(("ndim", "stride"), [(2, 32), (3, 8)])
def test_global_network_is_the_papers_by_default(ndim: int, stride: int) -> None:
    network = GlobalNetwork(ndim, 5)
    assert network.stride == stride  # stem and two poolings in 3D, stem and four in 2D
    assert count_convolutions(network, 7) == {16: 1}
    assert count_convolutions(network, 3) == {32: 6, 64: 8, 128: 12, 256: 6}
    assert sum(layer.out_channels == 256 for layer in network.regression if hasattr(layer, "out_channels")) == 0
    assert count_convolutions(network.regression, 1) == {256: 2, 5 * ndim: 1}
    assert count_convolutions(network.classification, 1) == {256: 2, 5: 1}


@pytest.mark.parametrize("ndim", [2, 3])
def test_local_network_is_the_papers_by_default(ndim: int) -> None:
    network = LocalNetwork(ndim, 1)
    assert network.stride == 2
    assert count_convolutions(network, 3) == {32: 2, 64: 2}
    assert count_convolutions(network.regression, 1) == {64: 2, ndim: 1}


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("shared", [False, True])
def test_each_landmark_has_its_own_local_network(ndim: int, shared: bool) -> None:
    network = LocalNetwork(ndim, 3, LocalLayout(channels=(4, 8), head_channels=4, shared_trunk=shared)).eval()
    crops = torch.randn(2, 3, *(8,) * ndim)
    changed = crops.clone()
    changed[:, 1] += 1.0
    with torch.no_grad():
        displacement, logit = network(crops)
        other_displacement, other_logit = network(changed)
    assert displacement.shape == (2, 3, ndim, *(4,) * ndim)
    assert logit.shape == (2, 3, *(4,) * ndim)
    for landmark, same in ((0, True), (1, False), (2, True)):
        assert torch.allclose(displacement[:, landmark], other_displacement[:, landmark], atol=1e-6) is same
        assert torch.allclose(logit[:, landmark], other_logit[:, landmark], atol=1e-6) is same


def test_every_convolution_is_followed_by_batch_normalisation() -> None:
    network = GlobalNetwork(2, 2, GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 2), head_channels=8))
    convolutions = sum(isinstance(module, torch.nn.Conv2d) for module in network.modules())
    normalisations = sum(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    assert convolutions - normalisations == 2  # the two linear output layers


@pytest.mark.parametrize("ndim", [2, 3])
def test_eager_equals_scripted_and_a_batch_equals_singles(ndim: int) -> None:
    layout = GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), pool_before=(True, False), head_channels=8)
    network = GlobalNetwork(ndim, 2, layout).eval()
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(network)
    images = torch.randn(2, 1, *(16, 24, 8)[:ndim])
    with torch.no_grad():
        both = network(images)
        for number in range(2):
            single = network(images[number : number + 1])
            again = scripted(images[number : number + 1])
            for batched, alone, compiled in zip(both, single, again, strict=True):
                assert torch.allclose(batched[number : number + 1], alone, atol=1e-5)
                assert torch.allclose(alone, compiled, atol=1e-6)


def test_wrong_number_of_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="one entry per ResNet-block"):
        GlobalNetwork(2, 1, GlobalLayout(channels=(4, 8), pairs=(1,)))
    with pytest.raises(ValueError, match="one entry per ResNet-block"):
        LocalNetwork(2, 1, LocalLayout(channels=(4, 8), pairs=(1,)))


@pytest.mark.parametrize("local", [False, True])
def test_a_missing_head_answers_nothing(local: bool) -> None:
    def made(*, regression: bool = True, classification: bool = True) -> GlobalNetwork | LocalNetwork:
        if local:
            layout = LocalLayout(channels=(4, 8), head_channels=8, regression=regression, classification=classification)
            return LocalNetwork(2, 3, layout)
        return GlobalNetwork(
            2,
            3,
            GlobalLayout(
                stem_channels=4, channels=(4,), pairs=(1,), regression=regression, classification=classification
            ),
        )

    images = torch.randn(2, 3 if local else 1, 16, 16)
    displacement, logit = made(classification=False)(images)
    assert logit.shape == (2, 3, *displacement.shape[3:])
    assert displacement.abs().sum() > 0
    assert logit.abs().sum() == 0
    displacement, logit = made(regression=False)(images)
    assert displacement.shape == (2, 3, 2, *logit.shape[2:])
    assert displacement.abs().sum() == 0
    assert logit.abs().sum() > 0
    with pytest.raises(ValueError, match="regression, classification or both"):
        made(regression=False, classification=False)


def test_dropout_silences_feature_maps_in_training_only() -> None:
    network = LocalNetwork(2, 3, LocalLayout(channels=(4, 8), head_channels=4, dropout=0.5))
    crops = torch.randn(2, 3, 8, 8)
    features: list[torch.Tensor] = []
    network.regression[0].register_forward_hook(lambda module, inputs, output: features.append(inputs[0]))
    with torch.no_grad():
        network.train()(crops)
        network.eval()(crops)
    trained, applied = ((maps == 0).flatten(2).all(2).float().mean() for maps in features)
    assert 0.2 < float(trained) < 0.8
    assert float(applied) < float(trained)


@pytest.mark.parametrize("ndim", [2, 3])
def test_folded_networks_answer_alike_without_batch_normalisation(ndim: int) -> None:
    given = {"GlobalNetwork": torch.randn((2, 1) + (24,) * ndim), "LocalNetwork": torch.randn((2, 3) + (8,) * ndim)}
    layout = GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 2), pool_before=(True, True), head_channels=8)
    for network in (GlobalNetwork(ndim, 3, layout), LocalNetwork(ndim, 3, LocalLayout(channels=(4, 8)))):
        images = given[type(network).__name__]
        network(images)  # in training mode, so that the means are no longer those of the start
        network.eval()
        folded = copy.deepcopy(network)
        fold_normalisation(folded)
        assert not [
            layer for layer in folded.modules() if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d)
        ]
        with torch.inference_mode():
            for found, expected in zip(folded(images), network(images), strict=True):
                assert torch.allclose(found, expected, atol=1e-4)


def test_the_names_of_the_weights_stay_those_of_the_checkpoints() -> None:
    """A checkpoint of any earlier version must still load; a new name would lose the weights."""
    layout = GlobalLayout(stem_channels=4, channels=(4, 8), pairs=(1, 1), pool_before=(True, True), head_channels=8)
    normalised = ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    head = [f"{layer}.{name}" for layer in (0, 2) for name in normalised] + ["4.weight", "4.bias"]
    heads = [f"{which}.{name}" for which in ("regression", "classification") for name in head]
    narrow = [f"{part}.{name}" for part in ("first", "second") for name in normalised]
    wider = narrow + [f"shortcut.{name}" for name in normalised]
    stem = [f"trunk.0.{name}" for name in normalised]
    first, second = [f"trunk.3.0.{name}" for name in narrow], [f"trunk.5.0.{name}" for name in wider]
    assert sorted(GlobalNetwork(2, 2, layout).state_dict()) == sorted(stem + first + second + heads)
    blocks = [f"trunk.{block}.0.{name}" for block in (0, 2) for name in wider]
    assert sorted(LocalNetwork(2, 2, LocalLayout(channels=(4, 8))).state_dict()) == sorted(blocks + heads)
