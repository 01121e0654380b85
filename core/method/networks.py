"""The fully convolutional networks of the paper (Noothout et al. 2020, section II), in 2D and 3D.

Both networks take a batch of images and give, for every patch (cell of a coarse grid) and landmark, a displacement in samples
(log-transformed, as they are usually taught) and the logit of the posterior that the patch holds the landmark. They know
nothing of millimetres, files or training. Everything here can be scripted; numpy never enters.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def _convolution(ndim: int, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a zero-padded convolution followed by batch normalisation, as after every convolution of the paper."""
    convolution = (nn.Conv2d if ndim == 2 else nn.Conv3d)(
        inputs, outputs, size, stride=stride, padding=size // 2, groups=groups, bias=False
    )
    return nn.Sequential(convolution, (nn.BatchNorm2d if ndim == 2 else nn.BatchNorm3d)(outputs))


def _pooling(ndim: int) -> nn.Module:
    """Return average pooling of size and stride 2 along every axis."""
    return (nn.AvgPool2d if ndim == 2 else nn.AvgPool3d)(2)


class LayerPair(nn.Module):
    """Two 3^D convolutions with a shortcut around them, as in ResNet; ``groups`` independent pairs side by side."""

    def __init__(self, ndim: int, inputs: int, outputs: int, groups: int = 1) -> None:
        super().__init__()
        self.first = _convolution(ndim, inputs, outputs, 3, groups=groups)
        self.second = _convolution(ndim, outputs, outputs, 3, groups=groups)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = _convolution(ndim, inputs, outputs, 1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, *size)`` to ``(B, outputs, *size)``."""
        y = torch.relu(self.first(x))
        return torch.relu(self.second(y) + self.shortcut(x))


def _block(ndim: int, inputs: int, outputs: int, pairs: int, groups: int = 1) -> nn.Sequential:
    """Return a ResNet-block: ``pairs`` layer pairs, the first of which changes the number of channels."""
    layers = [LayerPair(ndim, inputs if i == 0 else outputs, outputs, groups) for i in range(pairs)]
    return nn.Sequential(*layers)


def _head(ndim: int, inputs: int, hidden: int, outputs: int, groups: int = 1) -> nn.Sequential:
    """Return two dense layers and a linear output layer, all as 1^D convolutions."""
    last = (nn.Conv2d if ndim == 2 else nn.Conv3d)(hidden, outputs, 1, groups=groups)
    return nn.Sequential(
        _convolution(ndim, inputs, hidden, 1, groups=groups),
        nn.ReLU(),
        _convolution(ndim, hidden, hidden, 1, groups=groups),
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


@dataclass(frozen=True, kw_only=True)
class GlobalLayout(HeadLayout):
    """The layers of a global network; the defaults are the paper's (section II and Fig. 2).

    Attributes
    ----------
    stem_channels
        Kernels of the 7^D stem with stride 2.
    channels, pairs
        Kernels and layer pairs of each ResNet-block.
    pool_before
        For each block whether average pooling stands before it; by default before the first two in 3D and before all
        four in 2D (section V.A.3).
    """

    stem_channels: int = 16
    channels: tuple[int, ...] = (32, 64, 128, 256)
    pairs: tuple[int, ...] = (3, 4, 6, 3)
    pool_before: tuple[bool, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class LocalLayout(HeadLayout):
    """The layers of a local network; the defaults are the paper's (section II).

    Attributes
    ----------
    channels, pairs
        Kernels and layer pairs per block; pooling stands between blocks, so the patch size is ``2 ** (blocks - 1)``.
    shared_trunk
        Let all landmarks share the layers before the heads; the heads stay one per landmark. Learns more from few images.
    """

    channels: tuple[int, ...] = (32, 64)
    pairs: tuple[int, ...] = (1, 1)
    head_channels: int = 64
    shared_trunk: bool = False


_LOGIT_BIAS = -4.0
"""Start of the classification head: about one patch in fifty holds a landmark, so that training begins calm."""


class _TwoHeadedNetwork(nn.Module):
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
        self.regression = _head(ndim, inputs, hidden, landmarks * ndim, groups) if layout.regression else None
        self.classification = _head(ndim, inputs, hidden, landmarks, groups) if layout.classification else None
        if self.classification is not None:
            nn.init.constant_(self.classification[-1].bias, _LOGIT_BIAS)  # type: ignore[arg-type]

    def answers(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return displacement and logit, see `GlobalNetwork.forward`; zeros where their head is missing."""
        features = self.dropout(features)
        batch_and_cells = [features.shape[0], self.landmarks] + list(features.shape[2:])  # noqa: RUF005  scripted
        logit = torch.zeros(batch_and_cells, dtype=features.dtype, device=features.device)
        displacement = torch.stack([logit] * self.ndim, 2)
        if self.regression is not None:
            displacement = self.regression(features).unflatten(1, [self.landmarks, self.ndim])
        if self.classification is not None:
            logit = self.classification(features)
        return displacement, logit


class GlobalNetwork(_TwoHeadedNetwork):
    """The global network: all landmarks at once from a whole image or a crop of it (paper, section II and Fig. 2).

    Parameters
    ----------
    ndim
        2 or 3.
    landmarks
        Number of landmarks ``L``.
    layout
        Its layers; the paper's by default.

    Raises
    ------
    ValueError
        The layout contradicts itself.
    """

    def __init__(self, ndim: int, landmarks: int, layout: GlobalLayout | None = None) -> None:
        layout = GlobalLayout() if layout is None else layout
        super().__init__(ndim, landmarks, layout.dropout)
        channels, pairs, pool_before = layout.channels, layout.pairs, layout.pool_before
        if pool_before is None:
            pool_before = tuple(ndim == 2 or block < 2 for block in range(len(channels)))
        if not len(channels) == len(pairs) == len(pool_before):
            raise ValueError("channels, pairs and pool_before each need one entry per ResNet-block")
        self.stride = 2 ** (1 + sum(pool_before))
        layers: list[nn.Module] = [_convolution(ndim, 1, layout.stem_channels, 7, stride=2), nn.ReLU()]
        inputs = layout.stem_channels
        jump, reach = 2, 3  # samples of the input per sample of the layer, and how far the layer looks beyond its own
        self.fine_layers, self.fine_channels, self.reach = len(layers), inputs, reach
        for outputs, count, pool in zip(channels, pairs, pool_before, strict=True):
            if pool:
                layers.append(_pooling(ndim))
                reach, jump = reach + jump, 2 * jump
                self.fine_layers, self.fine_channels, self.reach = len(layers), inputs, reach
            layers.append(_block(ndim, inputs, outputs, count))
            reach += 2 * count * jump
            inputs = outputs
        self.trunk = nn.Sequential(*layers)
        self.add_heads(layout, inputs)
        # Bytes that an image takes on its way: per sample in the fine layers, where the stem's output is held up to three
        # times beside the image itself, and per cell in the coarse ones and in the vote.
        self.bytes_per_sample = 4 * (1 + 3 * layout.stem_channels / 2**ndim)
        self.bytes_per_cell = 4 * 3 * (max(*channels, 2 * layout.head_channels) + landmarks * (ndim + 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Analyse ``(B, 1, *size)`` images; what is left at a far end and fills no whole patch has no answer.

        Returns
        -------
        displacement
            ``(B, L, D, *cells)`` displacements from cell centre to landmark in samples, in the form that the network was
            taught (see `core.method.voting.displacement_of`).
        logit
            ``(B, L, *cells)``.
        """
        return self.coarse(self.fine(images))

    def fine(self, images: Tensor) -> Tensor:
        """Run the layers up to the last change of resolution: ``(B, 1, *size)`` to ``(B, fine_channels, *cells)``.

        They hold nearly all the memory and look at most ``reach`` samples beyond a cell, so an image can go through them in
        overlapping tiles, with the same result.
        """
        features = images
        for number, layer in enumerate(self.trunk):
            if number < self.fine_layers:
                features = layer(features)
        return features

    def coarse(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Run the rest on the output of `fine`; results as in `forward`."""
        for number, layer in enumerate(self.trunk):
            if number >= self.fine_layers:
                features = layer(features)
        return self.answers(features)


class LocalNetwork(_TwoHeadedNetwork):
    """One specialised network per landmark, side by side as one grouped network (paper, section II).

    Each sees its own crop: a ResNet-block, average pooling, a second ResNet-block and the two heads.

    Parameters
    ----------
    ndim, landmarks
        As in `GlobalNetwork`.
    layout
        Its layers; the paper's by default.

    Raises
    ------
    ValueError
        The layout contradicts itself.
    """

    def __init__(self, ndim: int, landmarks: int, layout: LocalLayout | None = None) -> None:
        layout = LocalLayout() if layout is None else layout
        super().__init__(ndim, landmarks, layout.dropout)
        if len(layout.channels) != len(layout.pairs):
            raise ValueError("channels and pairs each need one entry per ResNet-block")
        self.shared_trunk = layout.shared_trunk
        self.stride = 2 ** (len(layout.channels) - 1)
        groups = 1 if layout.shared_trunk else landmarks
        layers: list[nn.Module] = []
        inputs = 1
        for block, (outputs, count) in enumerate(zip(layout.channels, layout.pairs, strict=True)):
            if block:
                layers.append(_pooling(ndim))
            layers.append(_block(ndim, inputs * groups, outputs * groups, count, groups))
            inputs = outputs
        self.trunk = nn.Sequential(*layers)
        self.add_heads(layout, inputs * landmarks, landmarks)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Analyse ``(B, L, *crop)``, crop ``l`` for landmark ``l``; results as in `GlobalNetwork.forward`."""
        if self.shared_trunk:
            features = self.trunk(crops.flatten(0, 1).unsqueeze(1)).unflatten(0, [-1, self.landmarks]).flatten(1, 2)
        else:
            features = self.trunk(crops)
        return self.answers(features)


def fold_normalisation(network: nn.Module) -> None:
    """Put every batch normalisation of a network in evaluation mode into the convolution before it: the same answers."""
    for name, child in network.named_children():
        layers = list(child.children())
        if len(layers) == 2 and isinstance(layers[1], (nn.BatchNorm2d, nn.BatchNorm3d)):
            setattr(network, name, fuse_conv_bn_eval(layers[0], layers[1]))  # type: ignore[type-var]
        else:
            fold_normalisation(child)
