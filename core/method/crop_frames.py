"""Where the samples of a stage's crops are in the input.

The geometry between `core/method/resampling.py`, which cuts crops, `core/method/pose.py`, which says how they are rotated, and
the votes, which are cast in their samples. Tensors; can be scripted.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from core.method.pose import orientation_matrix, orientation_origin


class Frame(NamedTuple):
    """Where the samples of ``L`` crops of one stage are in the input.

    Attributes
    ----------
    origin_index
        ``(L, D)`` index in the input of the crops' first sample.
    index_from_sample
        ``(D, D)`` step in the input per step along each axis of the crops.
    array_from_sample
        ``(D, D)`` rotation of directions.
    """

    origin_index: Tensor
    index_from_sample: Tensor
    array_from_sample: Tensor


def factors_of(spacing: Tensor, stage_spacing_mm: float) -> list[float]:
    """Return how many input samples wide one sample of a stage is, per axis."""
    factors: list[float] = (stage_spacing_mm / spacing).tolist()
    return factors


def axis_frame(starts: Tensor, factors: list[float]) -> Frame:
    """Return the frame of crops along the array axes from samples ``starts`` ``(L, D)``, see `cut_crops`."""
    scale = torch.tensor(factors, device=starts.device)
    return Frame((starts + 0.5) * scale - 0.5, torch.diag(scale), torch.eye(len(factors), device=starts.device))


def cube_frame(centres: Tensor, rotation: Tensor, size: int, factors: list[float]) -> Frame:
    """Return the frame of rotated cubes of ``size`` around samples ``centres`` ``(L, D)``, see `cut_rotated_crops`."""
    scale = torch.tensor(factors, device=centres.device)
    origin = centres - rotation @ torch.full((len(factors),), (size - 1) / 2.0, device=centres.device)
    return Frame((origin + 0.5) * scale - 0.5, scale.unsqueeze(1) * rotation, rotation)


def oriented_frame(
    shape: list[int], first: Tensor, orientation: list[int], factors: list[float], landmarks: int
) -> Frame:
    """Return the frame, for all landmarks, of an `oriented_image` made of ``shape`` samples from ``first`` ``(D,)`` on."""
    scale = torch.tensor(factors, device=first.device)
    rotation = orientation_matrix(orientation).to(first.device)
    origin = (orientation_origin(shape, orientation).to(first.device) + first + 0.5) * scale - 0.5
    return Frame(origin.unsqueeze(0).expand(landmarks, -1), scale.unsqueeze(1) * rotation, rotation)
