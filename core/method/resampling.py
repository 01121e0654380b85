"""Resampling a regular grid and cutting crops from it, on tensors, as the scripted localizer does.

The geometry is that of `core.values.grid.Grid.resampled` and `Grid.cropped`: fields of view are kept, so sample ``i`` of the
result lies at index ``(i + 1/2) * f - 1/2`` of the input. A part of the result is made from the part of the input that it
needs, so that a large image is never resampled as a whole. Everything here can be scripted.
"""

import math

import torch
from torch import Tensor


def resampled_length(samples: int, factor: float) -> int:
    """Return the number of samples that cover the field of view of ``samples`` when each is ``factor`` as wide."""
    return max(1, math.ceil(samples / factor - 1e-4))


def resampled_shape(shape: list[int], factors: list[float]) -> list[int]:
    """Return `resampled_length` of each axis."""
    return [resampled_length(samples, factor) for samples, factor in zip(shape, factors)]  # noqa: B905  TorchScript


def _needed(samples: int, factor: float, first: int, length: int) -> tuple[int, int]:
    """Return which input samples, from and up to, make samples ``first ... first + length - 1`` along one axis."""
    if abs(factor - 1.0) <= 1e-6:
        return first, first + length
    reach = max(1.0, factor)
    begin = min(max((first + 0.5) * factor - 0.5, 0.0), samples - 1.0)
    end = min(max((first + length - 0.5) * factor - 0.5, 0.0), samples - 1.0)
    return max(0, math.floor(begin - reach)), min(samples, math.ceil(end + reach) + 1)


def _weights(samples: int, factor: float, first: int, length: int, low: int, high: int, like: Tensor) -> Tensor:
    """Return the matrix ``(length, high - low)`` from input samples ``low ... high - 1`` to samples ``first ...``.

    Linear interpolation, widened to a triangle of ``factor`` against aliasing.
    """
    centres = (torch.arange(first, first + length, device=like.device, dtype=torch.float32) + 0.5) * factor - 0.5
    centres = centres.clamp(0.0, samples - 1.0)
    index = torch.arange(low, high, device=like.device, dtype=torch.float32)
    distance = index.unsqueeze(0) - centres.unsqueeze(1)
    weights = (1.0 - distance.abs() / max(1.0, factor)).clamp(min=0.0)
    weights = weights / weights.sum(1, keepdim=True)
    # The sampled triangle leans to one side unless the factor is whole: straighten it, so that a ramp stays in place.
    lean = (weights * distance).sum(1, keepdim=True)
    width = (weights * distance.square()).sum(1, keepdim=True)
    weights = weights * (1.0 - distance * torch.where(width > 1e-6, lean / width.clamp(min=1e-6), width * 0.0))
    return weights / weights.sum(1, keepdim=True)


def _resample_axis(
    image: Tensor, axis: int, begin: int, samples: int, factor: float, first: int, length: int
) -> Tensor:
    """Make samples ``first ... first + length - 1`` along ``axis``, of whose ``samples`` ``image`` holds those from ``begin``."""
    if abs(factor - 1.0) <= 1e-6:
        return image.narrow(axis, first - begin, length)
    count = max(1, length // 32)  # a matrix for the whole of a long axis would hold little but zeros
    parts: list[Tensor] = []
    for part in range(count):
        start = first + part * length // count
        size = first + (part + 1) * length // count - start
        low, high = _needed(samples, factor, start, size)
        weights = _weights(samples, factor, start, size, low, high, image)
        made: Tensor = torch.tensordot(weights, image.narrow(axis, low - begin, high - low), dims=[[1], [axis]])
        parts.append(made.movedim(0, axis))
    return parts[0] if count == 1 else torch.cat(parts, axis)


def resample_window(image: Tensor, factors: list[float], first: list[int], shape: list[int]) -> Tensor:
    """Resample a part of ``(*shape)`` float32 so that a new sample is ``factors[axis]`` old samples wide.

    Parameters
    ----------
    image
        The whole image.
    factors
        Width of a new sample per axis, in old ones.
    first
        Index of the window's first sample in the resampled image; may be negative.
    shape
        Samples of the window per axis. Those outside the resampled image are 0.
    """
    padding: list[int] = []
    begins: list[int] = []
    lows: list[int] = []
    lengths: list[int] = []
    window = image
    for axis in range(image.dim()):
        length = resampled_length(image.shape[axis], factors[axis])
        low = min(max(first[axis], 0), length)
        high = max(min(first[axis] + shape[axis], length), low)
        if high == low:
            return torch.zeros(shape, device=image.device)
        padding = [low - first[axis], first[axis] + shape[axis] - high] + padding  # noqa: RUF005  TorchScript
        begin, end = _needed(image.shape[axis], factors[axis], low, high - low)
        window = window.narrow(axis, begin, end - begin)
        begins.append(begin)
        lows.append(low)
        lengths.append(high - low)
    for axis in range(image.dim()):
        samples = image.shape[axis]
        window = _resample_axis(window, axis, begins[axis], samples, factors[axis], lows[axis], lengths[axis])
    return torch.nn.functional.pad(window, padding).contiguous()


def resample(image: Tensor, factors: list[float]) -> Tensor:
    """Resample the whole of ``(*shape)`` float32, see `resample_window`."""
    return resample_window(image, factors, [0] * image.dim(), resampled_shape(list(image.shape), factors))


def crop_starts(points: Tensor, shape: list[int], size: int) -> Tensor:
    """Return the first sample ``(L, D)`` of the crops of ``size`` centred on ``points`` ``(L, D)``, in whole samples.

    The centre of a crop never leaves the image.
    """
    centres = torch.minimum(points.clamp(min=0.0), torch.tensor(shape, device=points.device, dtype=torch.float32) - 1.0)
    return torch.round(centres - (size - 1) / 2.0)


def cut_crops(image: Tensor, factors: list[float], starts: Tensor, size: int) -> Tensor:
    """Resample a cube of ``size`` samples per axis from each of ``starts`` ``(L, D)``; returns ``(L, size, ...)``."""
    corners: list[list[int]] = starts.to(torch.int64).tolist()
    return torch.stack([resample_window(image, factors, corner, [size] * image.dim()) for corner in corners])


def cut_rotated_crops(image: Tensor, factors: list[float], centres: Tensor, rotation: Tensor, size: int) -> Tensor:
    """Sample a rotated cube around each of ``centres``; returns ``(L, size, ...)``.

    Parameters
    ----------
    image
        ``(*shape)`` float32.
    factors
        As in `resample_window`.
    centres
        ``(L, D)`` centre of each cube in samples of the resampled image.
    rotation
        ``(D, D)`` image_from_cube: the same for all.
    size
        Side of a cube in samples.
    """
    ndim = image.dim()
    # Just large enough to hold the rotated cube, wherever between the samples its centre lies.
    extents: list[float] = (rotation.abs().sum(1) * (size - 1)).tolist()
    sides = [math.ceil(extent - 1e-4) + 3 for extent in extents]
    shape = torch.tensor(sides, device=image.device, dtype=torch.float32)
    starts = torch.round(centres - (shape - 1.0) / 2.0)
    corners: list[list[int]] = starts.to(torch.int64).tolist()
    windows = torch.stack([resample_window(image, factors, corner, sides) for corner in corners])
    axis = torch.arange(size, device=image.device, dtype=torch.float32) - (size - 1) / 2.0
    offsets = torch.stack(torch.meshgrid([axis] * ndim, indexing="ij"), -1)
    inside = (centres - starts).reshape([-1] + [1] * ndim + [ndim]) + offsets @ rotation.t()
    where = ((inside + 0.5) * (2.0 / shape) - 1.0).flip(-1)
    crops = torch.nn.functional.grid_sample(
        windows.unsqueeze(1), where, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return crops.squeeze(1)
