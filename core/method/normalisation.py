"""Intensity normalisation inside the localizer, so that a model file needs no preparation of its images.

Scriptable. The result has about zero mean and unit range around it, and 0 stands for "nothing known" where a network
pads.
"""

import math

import torch
from torch import Tensor, nn


class Normalisation(nn.Module):
    """Map raw intensities to network input.

    Parameters
    ----------
    kind
        ``"equalize"``: histogram equalisation, for X-rays (paper, section V.A.3); invariant to any increasing change of
        the grey values. ``"window"``: ``low ... high`` becomes -1 ... 1, clipped, for CT. ``"zscore"``: zero mean and
        unit standard deviation, for MR. ``"foreground"``: the background becomes 0 and the brightest of what stands out
        from it 2, whatever units the scanner wrote; for CT of objects in air. ``"none"``: raw values.
    low, high
        The window.
    """

    def __init__(self, kind: str = "equalize", low: float = 0.0, high: float = 1.0) -> None:
        super().__init__()
        if kind not in ("equalize", "window", "zscore", "foreground", "none"):
            raise ValueError(f"unknown normalisation {kind!r}")
        if kind == "window" and not high > low:
            raise ValueError("the upper end of the window must lie above the lower")
        self.kind = kind
        self.low = low
        self.high = high

    def forward(self, voxels: Tensor) -> Tensor:
        """Map ``(*shape)`` of any real type to float32 of the same shape."""
        if self.kind == "equalize":
            return equalize(voxels)
        if self.kind == "foreground":
            return foreground(voxels)
        values = voxels.to(torch.float32, copy=True)  # changed in place: a volume is large
        if self.kind == "window":
            return values.sub_(self.low).mul_(2.0 / (self.high - self.low)).sub_(1.0).clamp_(-1.0, 1.0)
        if self.kind == "zscore":
            mean, deviation = values.mean(), values.std().clamp(min=1e-6)
            return values.sub_(mean).div_(deviation)
        return values


def equalize(values: Tensor) -> Tensor:
    """Replace each value by its rank, spread evenly over ``[-sqrt(3), sqrt(3)]`` (zero mean, unit variance)."""
    low = float(values.min())
    high = float(values.max())
    if not high > low:
        return torch.zeros(values.shape, dtype=torch.float32, device=values.device)
    found = torch.empty(values.shape, dtype=torch.float32, device=values.device)
    bins = 65536
    scale = bins / (high - low)
    if not values.is_floating_point():
        low = min(low, 0.0)
        if high - low < bins:  # one bin for each value
            bins = int(high - low) + 1
            scale = 0.0
    counts = torch.zeros(bins, dtype=torch.int64, device=values.device)
    # Slab by slab: the bins of a whole volume would be several times its size.
    for slab in torch.split(values, 64):
        counts += torch.bincount(_bins(slab, low, scale, bins), minlength=bins)
    rank = (torch.cumsum(counts, 0) - counts / 2) / values.numel()
    table = ((rank - 0.5) * math.sqrt(12.0)).to(torch.float32)
    for slab, target in zip(torch.split(values, 64), torch.split(found, 64)):  # noqa: B905  TorchScript
        target.copy_(table.index_select(0, _bins(slab, low, scale, bins)).view_as(slab))
    return found


def _bins(values: Tensor, low: float, scale: float, bins: int) -> Tensor:
    """Return which of ``bins`` each value falls into, as one long row; a ``scale`` of 0 means that each has its own."""
    if scale == 0.0:
        whole = values.flatten().to(torch.int32)
        return whole if low == 0.0 else whole - int(low)
    return ((values.flatten().to(torch.float32) - low) * scale).to(torch.int32).clamp(0, bins - 1)


def foreground(values: Tensor) -> Tensor:
    """Map the typical background to 0 and the bright end of the foreground to 2, clipped to ``[0, 3]``.

    The foreground is what lies above the mean; its bright end the 99.5th percentile of that. Both are measured on a part of
    the samples where there are millions.
    """
    some = values.flatten()[:: values.numel() // 4_000_000 + 1].to(torch.float32)
    threshold = some.mean()
    background = some[some <= threshold].median()
    outstanding = some[some > threshold]
    if outstanding.numel() == 0:
        return torch.zeros(values.shape, dtype=torch.float32, device=values.device)
    bright = outstanding.kthvalue(max(1, int(0.995 * outstanding.numel()))).values
    found = values.to(torch.float32, copy=True)
    return found.sub_(background).mul_(2.0 / (bright - background)).clamp_(0.0, 3.0)
