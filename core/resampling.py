"""Resampling a regular grid and cutting sub-images from it, on tensors, as the scripted localizer does.

The geometry is that of `core.types.Grid.resampled` and `Grid.cropped`: fields of view are kept, so sample ``i`` of the
result lies at index ``(i + 1/2) * f - 1/2`` of the input. Everything here can be scripted.
"""

import math

import torch
from torch import Tensor


def resampled_length(samples: int, factor: float) -> int:
    """Return the number of samples that cover the field of view of ``samples`` when each is ``factor`` as wide."""
    return max(1, math.ceil(samples / factor - 1e-4))


def _axis_weights(samples: int, factor: float, device: torch.device) -> Tensor:
    """Return ``(new, samples)`` weights: linear interpolation, widened to a triangle of ``factor`` against aliasing."""
    length = resampled_length(samples, factor)
    centres = (torch.arange(length, device=device, dtype=torch.float32) + 0.5) * factor - 0.5
    centres = centres.clamp(0.0, samples - 1.0)
    distance = torch.arange(samples, device=device, dtype=torch.float32).unsqueeze(0) - centres.unsqueeze(1)
    weights = (1.0 - distance.abs() / max(1.0, factor)).clamp(min=0.0)
    weights = weights / weights.sum(1, keepdim=True)
    # The sampled triangle leans to one side unless the factor is whole: straighten it, so that a ramp stays in place.
    lean = (weights * distance).sum(1, keepdim=True)
    width = (weights * distance.square()).sum(1, keepdim=True)
    weights = weights * (1.0 - distance * torch.where(width > 1e-6, lean / width.clamp(min=1e-6), width * 0.0))
    return weights / weights.sum(1, keepdim=True)


def resample(image: Tensor, factors: list[float]) -> Tensor:
    """Resample ``(*shape)`` float32 so that a new sample is ``factors[axis]`` old samples wide."""
    for axis in range(image.dim()):
        if abs(factors[axis] - 1.0) > 1e-6:
            weights = _axis_weights(image.shape[axis], factors[axis], image.device)
            image = torch.tensordot(weights, image, dims=[[1], [axis]]).movedim(0, axis)
    return image.contiguous()


def pad_to_multiple(image: Tensor, stride: int) -> Tensor:
    """Pad ``(*shape)`` with zeros at the far ends so that every side is a multiple of ``stride``."""
    padding: list[int] = []
    for axis in range(image.dim() - 1, -1, -1):
        padding += [0, (stride - image.shape[axis] % stride) % stride]
    return torch.nn.functional.pad(image, padding)


def cut_crops(image: Tensor, starts: Tensor, size: int) -> Tensor:
    """Cut a cube of ``size`` samples per axis at each of ``starts`` ``(L, D)``; zeros outside the image.

    Returns ``(L, size, ...)``. Starts lie in ``[-size, shape]`` per axis, as `crop_starts` gives them.
    """
    padding: list[int] = []
    for _ in range(image.dim()):
        padding += [size, size]
    padded = torch.nn.functional.pad(image, padding)
    corners: list[list[int]] = starts.to(torch.int64).tolist()
    crops: list[Tensor] = []
    for corner in corners:
        crop = padded
        for axis in range(image.dim()):
            crop = crop.narrow(axis, corner[axis] + size, size)
        crops.append(crop)
    return torch.stack(crops)


def crop_starts(points: Tensor, shape: list[int], size: int) -> Tensor:
    """Return the first sample ``(L, D)`` of the crops of ``size`` centred on ``points`` ``(L, D)``, in whole samples.

    The centre of a crop never leaves the image.
    """
    centres = torch.minimum(points.clamp(min=0.0), torch.tensor(shape, device=points.device, dtype=torch.float32) - 1.0)
    return torch.round(centres - (size - 1) / 2.0)
