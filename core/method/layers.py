"""What the networks are made of: convolutions with batch normalisation, ResNet-blocks and the two heads (paper, section II).

All of it in 2D and 3D by the same code, and scriptable. What a whole network looks like is not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def convolution(ndim: int, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a zero-padded convolution followed by batch normalisation, as after every convolution of the paper."""
    layer = (nn.Conv2d if ndim == 2 else nn.Conv3d)(
        inputs, outputs, size, stride=stride, padding=size // 2, groups=groups, bias=False
    )
    return nn.Sequential(layer, (nn.BatchNorm2d if ndim == 2 else nn.BatchNorm3d)(outputs))


def pooling(ndim: int) -> nn.Module:
    """Return average pooling of size and stride 2 along every axis."""
    return (nn.AvgPool2d if ndim == 2 else nn.AvgPool3d)(2)


class LayerPair(nn.Module):
    """Two 3^D convolutions with a shortcut around them, as in ResNet; ``groups`` independent pairs side by side."""

    def __init__(self, ndim: int, inputs: int, outputs: int, groups: int = 1) -> None:
        super().__init__()
        self.first = convolution(ndim, inputs, outputs, 3, groups=groups)
        self.second = convolution(ndim, outputs, outputs, 3, groups=groups)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = convolution(ndim, inputs, outputs, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, *size)`` to ``(B, outputs, *size)``."""
        y = torch.relu(self.first(x))
        return torch.relu(self.second(y) + self.shortcut(x))


def residual_block(ndim: int, inputs: int, outputs: int, pairs: int, groups: int = 1) -> nn.Sequential:
    """Return a ResNet-block: ``pairs`` layer pairs, the first of which changes the number of channels."""
    layers = [LayerPair(ndim, inputs if i == 0 else outputs, outputs, groups) for i in range(pairs)]
    return nn.Sequential(*layers)


def head(ndim: int, inputs: int, hidden: int, outputs: int, groups: int = 1) -> nn.Sequential:
    """Return two dense layers and a linear output layer, all as 1^D convolutions."""
    last = (nn.Conv2d if ndim == 2 else nn.Conv3d)(hidden, outputs, 1, groups=groups)
    return nn.Sequential(
        convolution(ndim, inputs, hidden, 1, groups=groups),
        nn.ReLU(),
        convolution(ndim, hidden, hidden, 1, groups=groups),
        nn.ReLU(),
        last,
    )


@dataclass(frozen=True, kw_only=True)
class HeadLayout:
    """What the two heads of a network look like, and whether there are two (paper, sections II and V.B).

    Attributes
    ----------
    head_channels
        Nodes of the two dense layers of each head; in a local network, of each landmark's.
    regression, classification
        Whether there is that head. Without regression every displacement is zero, without classification every logit.
    dropout
        Share of the feature maps that training silences before the heads.
    """

    head_channels: int = 256
    regression: bool = True
    classification: bool = True
    dropout: float = 0.0


_LOGIT_BIAS = -4.0
"""Start of the classification head: about one patch in fifty holds a landmark, so that training begins calm."""


class TwoHeadedNetwork(nn.Module):
    """What ends both networks: the heads for regression and classification, of which either may be missing (section V.B)."""

    def __init__(self, ndim: int, landmarks: int, dropout: float) -> None:
        super().__init__()
        self.ndim = ndim
        self.landmarks = landmarks
        self.dropout = (nn.Dropout2d if ndim == 2 else nn.Dropout3d)(dropout)

    def add_heads(self, layout: HeadLayout, inputs: int, groups: int = 1) -> None:
        """Make the heads of ``layout`` in each of ``groups``, on features of ``inputs`` channels in all."""
        if not (layout.regression or layout.classification):
            raise ValueError("a network needs regression, classification or both")
        ndim, landmarks, hidden = self.ndim, self.landmarks, layout.head_channels * groups
        self.regression = head(ndim, inputs, hidden, landmarks * ndim, groups) if layout.regression else None
        self.classification = head(ndim, inputs, hidden, landmarks, groups) if layout.classification else None
        if self.classification is not None:
            nn.init.constant_(self.classification[-1].bias, _LOGIT_BIAS)  # type: ignore[arg-type]

    def answers(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return displacement and logit, see `core.method.networks.GlobalNetwork.forward`; zeros where their head is missing."""
        features = self.dropout(features)
        batch_and_cells = [features.shape[0], self.landmarks] + list(features.shape[2:])  # noqa: RUF005  scripted
        logit = torch.zeros(batch_and_cells, dtype=features.dtype, device=features.device)
        displacement = torch.stack([logit] * self.ndim, 2)
        if self.regression is not None:
            displacement = self.regression(features).unflatten(1, [self.landmarks, self.ndim])
        if self.classification is not None:
            logit = self.classification(features)
        return displacement, logit


def fold_normalisation(network: nn.Module) -> None:
    """Put every batch normalisation of a network in evaluation mode into the convolution before it: the same answers."""
    for name in list(normalised_layers(network)):
        parent, _, own = name.rpartition(".")
        layers = list(network.get_submodule(name).children())
        setattr(network.get_submodule(parent), own, fuse_conv_bn_eval(layers[0], layers[1]))  # type: ignore[type-var,arg-type]


def normalised_layers(network: nn.Module) -> Iterator[str]:
    """Yield the names of the parts of a network that are a convolution and its batch normalisation, see `convolution`."""
    for name, part in network.named_modules():
        layers = list(part.children())
        if len(layers) == 2 and isinstance(layers[1], (nn.BatchNorm2d, nn.BatchNorm3d)):
            yield name
