"""Weights that can go on learning for a network whose batch normalisation was folded into its convolutions.

What normalisation did before it was folded is lost. Any that gives the same answers will do, as long as its mean and variance
are those that the convolutions really give on training images: then learning goes on from where the network stands. Knows
nothing of files.
"""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core.learning.building import Weights, build_network
from core.learning.configuration import TrainingConfig
from core.learning.sampling import Batch
from core.method.layers import fold_normalisation, normalised_layers


class _Moments:
    """Mean and variance per channel of all that a layer gave."""

    def __init__(self) -> None:
        self._count = 0
        self._total: Tensor = torch.zeros((), dtype=torch.float64)
        self._squares: Tensor = torch.zeros((), dtype=torch.float64)

    def add(self, _layer: nn.Module, _given: object, output: Tensor) -> None:
        """Take in ``(B, C, *size)`` of a layer, as a hook of it."""
        variance, mean = torch.var_mean(output, [0, *range(2, output.dim())], correction=0)
        count = output.numel() // output.shape[1]
        self._count += count
        self._total = self._total + count * mean.double()
        self._squares = self._squares + count * (variance.double() + mean.double().square())

    @property
    def mean(self) -> Tensor:
        """``(C,)`` float64."""
        return self._total / self._count

    @property
    def variance(self) -> Tensor:
        """``(C,)`` float64, of all values as a population."""
        return (self._squares / self._count - self.mean.square()).clamp(min=0)


def unfold(config: TrainingConfig, stage: int, landmarks: int, folded: Weights, batches: Iterable[Batch]) -> Weights:
    """Return weights of a stage's network with batch normalisation that gives the same answers as ``folded`` in evaluation.

    The convolutions stay as they are. Each normalisation takes away the mean that its convolution has on the ``batches``, divides
    by the standard deviation, and multiplies and adds just these again: with the running statistics nothing changes, and with
    those of a batch little.

    Parameters
    ----------
    config, stage, landmarks
        Which network, see `core.learning.building.build_network`.
    folded
        Its weights after `core.method.layers.fold_normalisation`.
    batches
        What it learns from, at least one batch.

    Raises
    ------
    RuntimeError
        The weights are those of another network.
    """
    network = build_network(config, stage, landmarks).eval()
    names = list(normalised_layers(network))
    plain = copy.deepcopy(network)
    fold_normalisation(plain)
    plain.load_state_dict(folded)
    moments = {name: _Moments() for name in names}
    hooks = [plain.get_submodule(name).register_forward_hook(found.add) for name, found in moments.items()]
    with torch.inference_mode():
        for batch in batches:
            plain(batch.images)
    for hook in hooks:
        hook.remove()
    weights = network.state_dict()
    for key in weights.keys() & folded.keys():  # what has no normalisation
        weights[key] = folded[key].clone()
    for name, found in moments.items():
        normalised = network.get_submodule(f"{name}.1")
        bias, mean, variance = folded[f"{name}.bias"].double(), found.mean, found.variance
        weights[f"{name}.0.weight"] = folded[f"{name}.weight"].clone()
        weights[f"{name}.1.weight"] = (variance + float(normalised.eps)).sqrt().float()  # type: ignore[arg-type]
        weights[f"{name}.1.bias"] = mean.float()
        weights[f"{name}.1.running_mean"] = (mean - bias).float()
        weights[f"{name}.1.running_var"] = variance.float()
    return weights
