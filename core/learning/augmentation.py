"""Random spatial maps and intensity changes for training crops.

A `SpatialMap` sends positions of the crop to positions of the source image, for sampling; its inverse sends
landmarks the other way, so that image and landmarks stay consistent. All positions are in samples of the stage's grid.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.learning.configuration import AugmentationConfig


@dataclass(frozen=True)
class SpatialMap:
    """``source = centre_source + matrix @ (output - centre_output) + elastic(output)`` for ``N`` crops.

    Attributes
    ----------
    matrix
        ``(N, D, D)``.
    centre_output
        ``(D,)`` the crops' middle.
    centre_source
        ``(N, D)``.
    elastic
        ``(N, D, *controls)`` displacements at control points that span the crop, in samples; None for none.
    size
        Sides of the crops in samples.
    """

    matrix: Tensor
    centre_source: Tensor
    centre_output: Tensor
    size: tuple[int, ...]
    elastic: Tensor | None = None

    def source_of_grid(self) -> Tensor:
        """Return the source position of every sample of the crops, ``(N, *size, D)``."""
        ndim = len(self.size)
        source = self.centre_source.reshape(
            -1, ndim, *[1] * ndim
        )  # coordinates outermost in memory: several times faster
        for axis, length in enumerate(self.size):  # one axis after the other: all but the last sum are small
            away = torch.arange(length, dtype=torch.float32) - self.centre_output[axis]
            along = away.reshape([length if other == axis else 1 for other in range(ndim)])
            source = source + self.matrix[:, :, axis].reshape(-1, ndim, *[1] * ndim) * along
        if self.elastic is not None:
            mode = "bilinear" if ndim == 2 else "trilinear"
            source = source + torch.nn.functional.interpolate(self.elastic, self.size, mode=mode, align_corners=True)
        return source.movedim(1, -1)

    def elastic_at(self, output: Tensor) -> Tensor:
        """Return the elastic displacement at output positions ``(N, P, D)``; constant beyond the border."""
        if self.elastic is None:
            return torch.zeros_like(output)
        ndim = len(self.size)
        scale = 2.0 / (torch.tensor(self.size, dtype=torch.float32) - 1.0)
        where = (output * scale - 1.0).flip(-1).reshape(len(output), *[1] * (ndim - 1), -1, ndim)
        found = torch.nn.functional.grid_sample(self.elastic, where, align_corners=True, padding_mode="border")
        return found.reshape(len(output), ndim, -1).movedim(1, -1)

    def output_of(self, source: Tensor) -> Tensor:
        """Return where source positions ``(N, P, D)`` fall in the crops, ``(N, P, D)`` (outside is allowed)."""
        inverse = torch.linalg.inv(self.matrix)
        output = torch.zeros_like(source) + self.centre_output
        for _ in range(20 if self.elastic is not None else 1):
            moved = source - self.centre_source.unsqueeze(1) - self.elastic_at(output)
            before, output = output, torch.einsum("nij,npj->npi", inverse, moved) + self.centre_output
            if torch.nan_to_num(output - before).abs().max() < 1e-3:
                break
        return output


def uniform_rotations(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Draw ``(count, 3, 3)`` rotations uniformly from all there are: those of random unit quaternions."""
    quaternions = rng.normal(size=(4, count))
    w, x, y, z = quaternions / np.linalg.norm(quaternions, axis=0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def random_matrices(rng: np.random.Generator, count: int, ndim: int, config: AugmentationConfig) -> Tensor:
    """Draw ``(count, D, D)`` rotations times scales, those of a crop's own axes.

    In 3D the rotation axis is uniform over the sphere; with 180 degrees every orientation is as likely as any other.
    """
    angles = np.deg2rad(rng.uniform(-config.rotation_deg, config.rotation_deg, count))
    scales = np.exp(rng.uniform(-config.scale, config.scale, count))
    if config.aspect:
        each = rng.uniform(-config.aspect, config.aspect, (count, ndim))
        factors = scales[:, None] * np.exp(each - each.mean(1, keepdims=True))
    else:
        factors = np.repeat(scales[:, None], ndim, axis=1)
    if ndim == 2:
        cos, sin = np.cos(angles), np.sin(angles)
        rotations = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    elif config.rotation_deg == 180:
        return torch.from_numpy((uniform_rotations(rng, count) * factors[:, None, :]).astype(np.float32))
    else:
        axes = rng.normal(size=(count, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        cross = np.zeros((count, 3, 3))
        cross[:, [0, 1, 2], [1, 2, 0]] = -axes[:, [2, 0, 1]]
        cross -= cross.transpose(0, 2, 1)
        sin, cos = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
        rotations = np.eye(3) + sin * cross + (1 - cos) * cross @ cross
    return torch.from_numpy((rotations * factors[:, None, :]).astype(np.float32))


def random_elastic(
    rng: np.random.Generator, count: int, size: tuple[int, ...], config: AugmentationConfig, spacing_mm: float
) -> Tensor | None:
    """Draw ``(count, D, *controls)`` displacements of control points in samples, None where switched off."""
    if config.elastic_mm == 0:
        return None
    controls = [max(2, math.ceil(n * spacing_mm / config.elastic_grid_mm) + 1) for n in size]
    displacement = rng.normal(0.0, config.elastic_mm / spacing_mm, (count, len(size), *controls))
    return torch.from_numpy(displacement.astype(np.float32))


def change_intensity(crops: Tensor, rng: np.random.Generator, config: AugmentationConfig) -> Tensor:
    """Change sharpness, gamma, contrast and brightness and add noise, drawn per crop ``(N, *size)``."""

    def drawn(strength: float) -> Tensor:
        values = rng.uniform(-strength, strength, len(crops)).astype(np.float32)
        return torch.from_numpy(values).reshape(-1, *[1] * (crops.dim() - 1))

    if config.sharpness:
        crops = crops + drawn(config.sharpness) * (crops - _blurred(crops))
    if config.gamma:
        curve = drawn(config.gamma)  # bends the middle of the range and keeps its ends
        crops = crops + curve * (1.0 - (crops / math.sqrt(3.0)).square().clamp(max=1.0))
    if config.contrast or config.brightness:
        crops = crops * torch.exp(drawn(config.contrast)) + drawn(config.brightness)
    if config.noise:
        strength = drawn(config.noise).abs()
        crops = crops + strength * torch.from_numpy(rng.standard_normal(crops.shape, dtype=np.float32))
    return crops


def _blurred(crops: Tensor) -> Tensor:
    """Return ``(N, *size)`` crops averaged twice over three samples along every axis."""
    pool = torch.nn.functional.avg_pool2d if crops.dim() == 3 else torch.nn.functional.avg_pool3d
    blurred = crops.unsqueeze(1)
    for _ in range(2):
        blurred = pool(blurred, 3, stride=1, padding=1, count_include_pad=False)
    return blurred.squeeze(1)
