"""What the networks shall answer for a sub-image, and how far off they are (paper, section II).

Targets are computed on the sub-images' cells from the landmarks' positions in samples; an absent landmark (NaN) has no
displacement to learn and no patch that holds it; one that cannot be judged (infinite) teaches nothing.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.voting import cell_centres, inverse_log_transform, log_transform, vote
from training.config import OptimisationConfig


class Targets(NamedTuple):
    """Reference outputs for ``B`` sub-images and ``L`` landmarks.

    Attributes
    ----------
    displacement
        ``(B, L, D, *cells)`` log-transformed displacement from cell centre to landmark.
    label
        ``(B, L, *cells)`` 1 where the patch holds the landmark, else 0.
    known
        ``(B, L)`` 1 where the landmark exists in the image, inside the sub-image or not.
    judged
        ``(B, L)`` 0 where nobody can say whether it is there: in a mirrored image, a landmark without a partner.
    """

    displacement: Tensor
    label: Tensor
    known: Tensor
    judged: Tensor


def make_targets(points: Tensor, cells: list[int], stride: int) -> Targets:
    """Make targets from landmark positions ``(B, L, D)`` in samples of the sub-image.

    NaN where absent, infinite where it cannot be judged.
    """
    ndim = len(cells)
    judged = ~torch.isinf(points).any(-1)
    known = torch.isfinite(points).all(-1)
    points = torch.where(known.unsqueeze(-1), points, torch.full_like(points, -1e4))
    spread = points.reshape(*points.shape, *[1] * ndim)
    displacement = spread - cell_centres(cells, stride, points.device)
    label = (displacement.abs() <= stride / 2).all(2)  # on the border between patches each of them holds it
    return Targets(log_transform(displacement), label.float(), known.float(), judged.float())


class Losses(NamedTuple):
    """The parts of the loss and their weighted sum."""

    total: Tensor
    regression: Tensor
    classification: Tensor
    vote: Tensor


def losses(
    transformed: Tensor, logit: Tensor, targets: Targets, points: Tensor, stride: int, config: OptimisationConfig
) -> Losses:
    """Mean absolute error of log displacements + binary cross-entropy (+ the error of the vote, if weighted).

    Parameters
    ----------
    transformed, logit
        Network outputs, see `core.networks.GlobalNetwork.forward`.
    targets
        From `make_targets`.
    points
        ``(B, L, D)`` landmarks in samples of the sub-image.
    stride
        Patch size in samples.
    config
        The weights of the parts.
    """
    known = targets.known
    share = known.sum().clamp(min=1.0)
    error = (transformed - targets.displacement).abs().flatten(2).mean(2)
    regression = (error * known).sum() / share
    entropy = F.binary_cross_entropy_with_logits(logit, targets.label, reduction="none").flatten(2).mean(2)
    classification = (entropy * targets.judged).sum() / targets.judged.sum().clamp(min=1.0)
    total = regression + config.classification_weight * classification
    voted = torch.zeros((), device=logit.device)
    if config.vote_weight > 0:
        radial = _vote_error(transformed, logit, points, stride)
        voted = (torch.log10(1.0 + radial) * known).sum() / share
        total = total + config.vote_weight * voted
    return Losses(total, regression.detach(), classification.detach(), voted.detach())


def _vote_error(transformed: Tensor, logit: Tensor, points: Tensor, stride: int) -> Tensor:
    """Return the radial error ``(B, L)`` of the voted positions, in samples."""
    displacement = inverse_log_transform(transformed.clamp(-4.0, 4.0)).flatten(0, 1)
    found, _ = vote(displacement, torch.sigmoid(logit).flatten(0, 1), stride)
    difference = found - torch.nan_to_num(points, posinf=0.0).flatten(0, 1)
    return (difference.square().sum(1) + 1e-6).sqrt().reshape(points.shape[:2])
