"""The network of the second kind: it sees the whole image at a fine spacing at once, and answers in small patches.

An encoder of ResNet-blocks looks ever coarser, down to where one cell sees most of the image; a top-down path brings what it
saw back to fine patches (Lin et al., "Feature pyramid networks for object detection", CVPR 2017), which classify and regress
as the paper's do (Noothout et al. 2020, section II). Its interface is that of `core.method.networks.GlobalNetwork`. Scriptable.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.method.layers import HeadLayout, TwoHeadedNetwork, convolution, pooling, residual_block


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderLayout(HeadLayout):
    """The layers of a network of encoder and decoder.

    Attributes
    ----------
    stem_channels
        Kernels of the two layers before the first block; the first of them has stride 2.
    channels, pairs
        Kernels and layer pairs of each ResNet-block; average pooling stands before each. The first one's patches, of 4 samples,
        are those of the answer.
    context_pairs
        Further layer pairs on the coarsest features; ``dropout`` silences some of what goes in.
    decoder_channels
        Kernels of the top-down path and of the two layers that end it.
    """

    stem_channels: int = 24
    channels: tuple[int, ...] = (48, 96, 192, 256)
    pairs: tuple[int, ...] = (2, 3, 3, 2)
    context_pairs: int = 1
    decoder_channels: int = 64
    head_channels: int = 128


class EncoderDecoderNetwork(TwoHeadedNetwork):
    """All landmarks at once from a whole image, with patches of 4 samples that know what the whole image shows.

    Parameters
    ----------
    ndim
        2 or 3.
    landmarks
        Number of landmarks ``L``.
    layout
        Its layers.

    Raises
    ------
    ValueError
        The layout contradicts itself.
    """

    def __init__(self, ndim: int, landmarks: int, layout: EncoderDecoderLayout | None = None) -> None:
        layout = EncoderDecoderLayout() if layout is None else layout
        super().__init__(ndim, landmarks, 0.0)
        channels, pairs, width = layout.channels, layout.pairs, layout.decoder_channels
        if not channels or len(channels) != len(pairs):
            raise ValueError("channels and pairs each need one entry per ResNet-block")
        self.stride = 4
        self.coarsest = 2 ** (len(channels) - 1)
        """Cells of the answer per coarsest cell, along each axis."""
        self.stem = nn.Sequential(
            convolution(ndim, 1, layout.stem_channels, 5, stride=2),
            nn.ReLU(),
            convolution(ndim, layout.stem_channels, layout.stem_channels, 3),
            nn.ReLU(),
        )
        inputs = (layout.stem_channels, *channels)
        self.blocks = nn.ModuleList(
            nn.Sequential(pooling(ndim), residual_block(ndim, before, after, count))
            for before, after, count in zip(inputs, channels, pairs, strict=False)
        )
        self.context = nn.Sequential(
            (nn.Dropout2d if ndim == 2 else nn.Dropout3d)(layout.dropout),
            residual_block(ndim, channels[-1], channels[-1], layout.context_pairs),
        )
        self.laterals = nn.ModuleList(convolution(ndim, count, width, 1) for count in reversed(channels))
        self.doubled = nn.Upsample(scale_factor=2, mode="bilinear" if ndim == 2 else "trilinear", align_corners=False)
        self.smoothing = nn.Sequential(
            convolution(ndim, width, width, 3), nn.ReLU(), convolution(ndim, width, width, 3), nn.ReLU()
        )
        self.add_heads(layout, width)
        # What `core.method.localizer.Localizer` must know to cut an image into tiles, see `GlobalNetwork`: the stem reaches
        # 2 + 2 samples beyond its own, pooling 2, each layer pair of the first block 2 of its cells.
        self.fine_channels = channels[0]
        self.reach = 6 + 2 * 4 * pairs[0]
        self.bytes_per_sample = 4 * (1 + 3 * layout.stem_channels / 2**ndim)
        self.bytes_per_cell = 4 * (
            3 * (2 * channels[0] + width + 2 * layout.head_channels) + 3 * landmarks * (ndim + 1)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Analyse ``(B, 1, *size)`` images, whose sides are multiples of the stride.

        Returns
        -------
        displacement
            ``(B, L, D, *cells)`` displacements from cell centre to landmark in samples.
        logit
            ``(B, L, *cells)``.
        """
        return self.coarse(self.fine(images))

    def fine(self, images: Tensor) -> Tensor:
        """Run stem and first block, which hold most of the memory and see little around a cell."""
        features = self.stem(images)
        for number, block in enumerate(self.blocks):
            if number == 0:
                features = block(features)
        return features  # type: ignore[no-any-return]

    def coarse(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Run the rest on the output of `fine`; results as in `forward`."""
        cells = list(features.shape[2:])
        padding: list[int] = []
        for (
            count
        ) in cells:  # whole cells of the coarsest block; beyond the image there is nothing, as for every convolution
            padding = [0, -count % self.coarsest] + padding  # noqa: RUF005  TorchScript
        features = torch.nn.functional.pad(features, padding)
        levels = [features]
        for number, block in enumerate(self.blocks):
            if number > 0:
                features = block(features)
                levels.append(features)
        levels[-1] = self.context(features)
        decoded = features
        for number, lateral in enumerate(self.laterals):
            seen = lateral(levels[len(levels) - 1 - number])
            decoded = torch.relu(seen if number == 0 else seen + self.doubled(decoded))
        for axis, count in enumerate(cells):
            decoded = decoded.narrow(axis + 2, 0, count)
        displacement, logit = self.answers(self.smoothing(decoded))
        return displacement * float(self.stride), logit  # learnt in patches, which are about as large as what is learnt
