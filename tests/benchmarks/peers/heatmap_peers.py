"""The two heatmap networks of ``landmarker`` with the settings that its authors publish for these very images.

The spatial configuration network is that of the notebook ``2D-example-ISBI2015-adaptive-heatmap-regression`` in
https://github.com/predict-idlab/landmarker, the U-Net that of ``training/configs/ISBI2015_shr_unet_NLLLoss_benchmark.yaml`` in
https://github.com/predict-idlab/landmark-uq. Networks, heatmaps, losses, decoder and augmentation are the packages' own; how
long and on what they are trained is `peers/peer_training.py`'s.
"""

from abc import ABC, abstractmethod

import numpy as np
import torch
from landmarker.heatmap import GaussianHeatmapGenerator, heatmap_to_coord
from landmarker.losses import GaussianHeatmapL2Loss, NLLLoss
from landmarker.models import OriginalSpatialConfigurationNet
from landmarker.models.utils import SoftmaxND
from landmarker.transforms.landmarks import affine_landmarks
from monai.networks.nets import FlexibleUNet
from monai.transforms import (
    Compose,
    RandAdjustContrastd,
    RandAffined,
    RandGaussianNoised,
    RandHistogramShiftd,
    RandScaleIntensityd,
    ScaleIntensity,
    ScaleIntensityd,
)
from torch import Tensor, nn

from core.values.grid import FloatArray
from core.values.image import Image
from tests.benchmarks.peers.letterbox import SIDE, SquareCase, square_grid, square_pixels

LARGEST_GRADIENT = 10_000.0
"""Norm at which both recipes clip gradients."""


class HeatmapPeer(ABC):
    """A network that draws a heatmap per landmark, and how its authors train it.

    Attributes
    ----------
    network
        From ``(B, 1, *sides)`` to heatmaps ``(B, L, *sides)``.
    optimizer
        Over everything that is learnt.
    augmentation
        MONAI's transforms of a dictionary with the key ``image``.
    batch
        Images per step.
    layout
        How the network's memory is laid out.
    """

    layout = torch.channels_last
    network: nn.Module
    optimizer: torch.optim.Optimizer
    augmentation: Compose
    batch: int

    @abstractmethod
    def __init__(self, landmarks: int) -> None: ...

    @abstractmethod
    def loss(self, heatmaps: Tensor, points_index: Tensor) -> Tensor:
        """Return the loss of ``heatmaps`` ``(B, L, *sides)`` for landmarks at ``points_index`` ``(B, L, D)``."""

    @abstractmethod
    def decode(self, heatmaps: Tensor) -> Tensor:
        """Return the landmarks ``(B, L, D)`` as index of the heatmaps."""

    def augmented(self, case: SquareCase) -> tuple[Tensor, Tensor]:
        """Draw a training sample: pixels ``(1, *sides)`` and the landmarks ``(L, D)`` that belong to them."""
        changed = self.augmentation({"image": case.pixels})["image"]
        new_from_old = torch.linalg.inv(changed.meta["affine"].float())
        return changed.as_tensor(), affine_landmarks(case.points_index, new_from_old)

    @torch.inference_mode()
    def find(self, pixels: Tensor) -> FloatArray:
        """Return the landmarks ``(L, D)`` in `letterbox.square_pixels` as index of them; NaN where decoding fails."""
        scaled = ScaleIntensity()(pixels).as_tensor()
        heatmaps = self.network(scaled[None].contiguous(memory_format=self.layout))
        return np.asarray(self.decode(heatmaps)[0].double().numpy())

    def localize_mm(self, image: Image) -> FloatArray:
        """Return the landmarks ``(L, D)`` of an image in mm, from its decoded pixels."""
        return square_grid(image.grid).to_mm(self.find(square_pixels(image)))

    @property
    def parameters(self) -> int:
        """Number of the network's weights."""
        return sum(weights.numel() for weights in self.network.parameters())


def _changed_intensities() -> list[object]:
    """Return the changes of intensity that both recipes make, in their order."""
    keys = ("image",)
    return [
        RandGaussianNoised(keys, prob=0.2, mean=0.0, std=0.1),
        RandScaleIntensityd(keys, prob=0.2, factors=0.25),
        RandAdjustContrastd(keys, prob=0.2, gamma=(0.5, 4.5)),
        RandHistogramShiftd(keys, prob=0.2),
        ScaleIntensityd(keys),
    ]


class SpatialConfiguration(HeatmapPeer):
    """Payer et al.'s spatial configuration network with heatmaps whose widths are learnt along with it."""

    batch = 1

    def __init__(self, landmarks: int) -> None:
        self.network = OriginalSpatialConfigurationNet(in_channels=1, out_channels=landmarks)
        self.generator = GaussianHeatmapGenerator(
            nb_landmarks=landmarks, sigmas=3, gamma=100, heatmap_size=(SIDE, SIDE), learnable=True
        )
        self.criterion = GaussianHeatmapL2Loss(alpha=5)
        self.optimizer = torch.optim.SGD(
            [
                {"params": self.network.parameters(), "weight_decay": 1e-3},
                {"params": self.generator.sigmas},
                {"params": self.generator.rotation},
            ],
            lr=1e-6,
            momentum=0.99,
            nesterov=True,
        )
        moved = RandAffined(
            ("image",),
            prob=1.0,
            rotate_range=(-np.pi / 12, np.pi / 12),
            translate_range=(-10, 10),
            scale_range=(-0.1, 0.1),
            shear_range=(-0.1, 0.1),
        )
        self.augmentation = Compose([ScaleIntensityd(("image",)), *_changed_intensities(), moved])

    def loss(self, heatmaps: Tensor, points_index: Tensor) -> Tensor:
        loss: Tensor = self.criterion(heatmaps, self.generator.sigmas, self.generator(points_index))
        return loss

    def decode(self, heatmaps: Tensor) -> Tensor:
        points: Tensor = heatmap_to_coord(heatmaps, method="local_soft_argmax")
        return points


class StaticUNet(HeatmapPeer):
    """A U-Net with a ResNet-34 as encoder that gives each pixel the probability of being the landmark.

    The recipe takes the network from ``segmentation_models_pytorch``, which needs torchvision; MONAI's `FlexibleUNet` is that
    design, and the one that the authors take for volumes. It starts from random weights, as the other methods do.
    """

    batch = 8

    def __init__(self, landmarks: int) -> None:
        self.network = FlexibleUNet(
            in_channels=1,
            out_channels=landmarks,
            backbone="resnet34",
            pretrained=False,
            decoder_channels=(256, 128, 64, 32, 32),
            spatial_dims=2,
        )
        self.criterion = NLLLoss(spatial_dims=2)
        self.softmax = SoftmaxND(spatial_dims=2)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4)
        moved = RandAffined(
            ("image",), prob=1.0, rotate_range=(-0.3, 0.3), translate_range=(-10, 10), scale_range=(-0.1, 0.1)
        )
        self.augmentation = Compose([*_changed_intensities(), moved])

    def loss(self, heatmaps: Tensor, points_index: Tensor) -> Tensor:
        loss: Tensor = self.criterion(heatmaps, pixel_masks(points_index, heatmaps.shape[-1]))
        return loss

    def decode(self, heatmaps: Tensor) -> Tensor:
        points: Tensor = heatmap_to_coord(self.softmax(heatmaps), method="local_soft_argmax")
        return points


class VolumeUNet(HeatmapPeer):
    """The same U-Net for small volumes, with a smaller encoder, for which there is no recipe; all else is the recipe's."""

    batch = 2
    layout = torch.channels_last_3d

    def __init__(self, landmarks: int) -> None:
        self.network = FlexibleUNet(
            in_channels=1,
            out_channels=landmarks,
            backbone="resnet18",
            pretrained=False,
            decoder_channels=(256, 128, 64, 32, 32),
            spatial_dims=3,
        )
        self.criterion = NLLLoss(spatial_dims=3)
        self.softmax = SoftmaxND(spatial_dims=3)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4)
        moved = RandAffined(
            ("image",), prob=1.0, rotate_range=(0.3,) * 3, translate_range=(3.0,) * 3, scale_range=(0.1,) * 3
        )
        self.augmentation = Compose([*_changed_intensities(), moved])

    def loss(self, heatmaps: Tensor, points_index: Tensor) -> Tensor:
        loss: Tensor = self.criterion(heatmaps, pixel_masks(points_index, heatmaps.shape[-1]))
        return loss

    def decode(self, heatmaps: Tensor) -> Tensor:
        points: Tensor = heatmap_to_coord(self.softmax(heatmaps), method="local_soft_argmax", spatial_dims=3)
        return points


def pixel_masks(points_index: Tensor, side: int) -> Tensor:
    """Return ``(B, L, *sides)`` with 1 at the pixel of each landmark ``(B, L, D)``, and 0 where it lies outside."""
    ndim = points_index.shape[-1]
    rounded = torch.round(points_index).long()
    inside = ((rounded >= 0) & (rounded < side)).all(-1)
    steps = torch.tensor([side**power for power in reversed(range(ndim))])
    flat = torch.where(inside, (rounded * steps).sum(-1), 0)
    masks = torch.zeros(*points_index.shape[:2], side**ndim)
    masks.scatter_(2, flat.unsqueeze(-1), inside.unsqueeze(-1).float())
    return masks.reshape(*points_index.shape[:2], *[side] * ndim)


PEERS: dict[str, type[HeatmapPeer]] = {"scn": SpatialConfiguration, "unet": StaticUNet}
"""By the name that the command line gives them."""
