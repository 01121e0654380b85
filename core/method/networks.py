"""The fully convolutional networks of the paper (Noothout et al. 2020, section II), in 2D and 3D.

Both networks take a batch of images and give, for every patch (cell of a coarse grid) and landmark, a displacement in samples
(log-transformed, as they are usually taught) and the logit of the posterior that the patch holds the landmark. They know
nothing of millimetres, files or training. Everything here can be scripted; numpy never enters.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from core.method.layers import HeadLayout, TwoHeadedNetwork, convolution, pooling, residual_block


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


class GlobalNetwork(TwoHeadedNetwork):
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
        layers: list[nn.Module] = [convolution(ndim, 1, layout.stem_channels, 7, stride=2), nn.ReLU()]
        inputs = layout.stem_channels
        jump, reach = 2, 3  # samples of the input per sample of the layer, and how far the layer looks beyond its own
        self.fine_layers, self.fine_channels, self.reach = len(layers), inputs, reach
        for outputs, count, pool in zip(channels, pairs, pool_before, strict=True):
            if pool:
                layers.append(pooling(ndim))
                reach, jump = reach + jump, 2 * jump
                self.fine_layers, self.fine_channels, self.reach = len(layers), inputs, reach
            layers.append(residual_block(ndim, inputs, outputs, count))
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


class LocalNetwork(TwoHeadedNetwork):
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
                layers.append(pooling(ndim))
            layers.append(residual_block(ndim, inputs * groups, outputs * groups, count, groups))
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
