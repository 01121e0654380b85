"""Mirroring of crops: how space is reflected, and which landmark becomes which.

An animal's mirror image is another animal, with left and right exchanged; from few cases this makes twice as many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mirror:
    """A reflection of the crops of one stage.

    Attributes
    ----------
    matrix
        ``(D, D)`` reflection of positions relative to a crop's middle.
    partners
        ``(L,)`` row of the landmark that each becomes, -1 where it has no name for it.
    """

    matrix: Tensor
    partners: Tensor

    def renamed(self, points: Tensor) -> Tensor:
        """Give each landmark of ``(L, D)`` the place of its partner; infinite where there is none."""
        found = points[self.partners.clamp(min=0)]
        return torch.where((self.partners < 0).unsqueeze(1), torch.inf, found)


def make_mirror(partners: Sequence[int], ndim: int, shape_mm: Sequence[Sequence[float]] | None = None) -> Mirror:
    """Make the mirror of a stage.

    Parameters
    ----------
    partners
        From `core.schemes.scheme.Scheme.mirrored`.
    ndim
        2 or 3.
    shape_mm
        ``(L, D)`` mean shape for a stage that normalises the pose: the reflection is the one that brings it closest to itself.
        Else the last axis is reflected, left and right of an image in standard orientation.
    """
    rows = np.flatnonzero(np.asarray(partners) >= 0)
    matrix = np.diag([1.0] * (ndim - 1) + [-1.0])
    if shape_mm is not None and len(rows) > ndim:
        shape = np.asarray(shape_mm)
        others = shape[np.asarray(partners)[rows]]
        own = shape[rows]
        left, _, right = np.linalg.svd((others - others.mean(0)).T @ (own - own.mean(0)))
        signs = np.ones(ndim)
        signs[-1] = -np.sign(np.linalg.det(left) * np.linalg.det(right))
        matrix = (left * signs) @ right
    return Mirror(torch.from_numpy(matrix.astype(np.float32)), torch.tensor(partners))
