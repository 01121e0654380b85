"""What the networks shall answer for a crop, and how far off they are (paper, section II).

Targets are computed on the crops' cells from the landmarks' positions in samples; an absent landmark (NaN) has no
displacement to learn and no patch that holds it; one that cannot be judged (infinite) teaches nothing.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.learning.configuration import StageConfig
from core.method.voting import cell_centres, displacement_of, log_transform, vote


class Targets(NamedTuple):
    """Reference outputs for ``B`` crops and ``L`` landmarks.

    Attributes
    ----------
    displacement
        ``(B, L, D, *cells)`` displacement from cell centre to landmark in samples, log-transformed where that is learnt.
    label
        ``(B, L, *cells)`` 1 where the patch holds the landmark, else 0.
    known
        ``(B, L)`` 1 where the landmark exists in the image, inside the crop or not.
    judged
        ``(B, L)`` 0 where nobody can say whether it is there: in a mirrored image, a landmark without a partner.
    """

    displacement: Tensor
    label: Tensor
    known: Tensor
    judged: Tensor


def make_targets(points: Tensor, cells: list[int], stride: int, regression: str = "log") -> Targets:
    """Make targets from landmark positions ``(B, L, D)`` in samples of the crop.

    NaN where absent, infinite where it cannot be judged. ``regression`` as in `core.learning.configuration.GlobalStageConfig`.
    """
    ndim = len(cells)
    judged = ~torch.isinf(points).any(-1)
    known = torch.isfinite(points).all(-1)
    points = torch.where(known.unsqueeze(-1), points, torch.full_like(points, -1e4))
    spread = points.reshape(*points.shape, *[1] * ndim)
    displacement = spread - cell_centres(cells, stride, points.device)
    label = (displacement.abs() <= stride / 2).all(2)  # on the border between patches each of them holds it
    if regression == "log":
        displacement = log_transform(displacement)
    return Targets(displacement, label.float(), known.float(), judged.float())


class Counts(NamedTuple):
    """By what the sums over landmarks are divided: how many are known, and how many are judged, in a whole batch."""

    known: float
    judged: float

    @classmethod
    def of(cls, points: Tensor) -> "Counts":
        """Count in landmarks ``(B, L, D)`` as `make_targets` takes them."""
        return cls(float(torch.isfinite(points).all(-1).sum()), float((~torch.isinf(points).any(-1)).sum()))


class Losses(NamedTuple):
    """The parts of the loss and their weighted sum."""

    total: Tensor
    regression: Tensor
    classification: Tensor
    vote: Tensor


def losses(
    answer: Tensor,
    logit: Tensor,
    targets: Targets,
    points: Tensor,
    stride: int,
    stage: StageConfig,
    counts: Counts | None = None,
) -> Losses:
    """Mean absolute error of the displacements + binary cross-entropy (+ the error of the vote, if weighted).

    What the stage does not learn costs nothing.

    Parameters
    ----------
    answer, logit
        Network outputs, see `core.method.networks.GlobalNetwork.forward`.
    targets
        From `make_targets`.
    points
        ``(B, L, D)`` landmarks in samples of the crop.
    stride
        Patch size in samples.
    stage
        Says what is learnt, and the weights of the parts.
    counts
        Those of the whole batch where these crops are only a part of it: the parts' losses then add up to the whole's.
    """
    known = targets.known
    counts = counts or Counts.of(points)
    share = max(1.0, counts.known)
    nothing = torch.zeros((), device=logit.device)
    regression, classification, voted = nothing, nothing, nothing
    if stage.regression != "off":
        error = (answer - targets.displacement).abs().flatten(2).mean(2)
        regression = (error * known).sum() / share
    if stage.classification:
        entropy = F.binary_cross_entropy_with_logits(logit, targets.label, reduction="none").flatten(2).mean(2)
        classification = (entropy * targets.judged).sum() / max(1.0, counts.judged)
    if stage.optimisation.vote_weight > 0:
        radial = _vote_error(answer, logit, points, stride, stage.regression)
        voted = (torch.log10(1.0 + radial) * known).sum() / share
    weights = stage.optimisation
    total = regression + weights.classification_weight * classification + weights.vote_weight * voted
    return Losses(total, regression.detach(), classification.detach(), voted.detach())


def _vote_error(answer: Tensor, logit: Tensor, points: Tensor, stride: int, regression: str) -> Tensor:
    """Return the radial error ``(B, L)`` of the voted positions, in samples."""
    bounded = answer.clamp(-4.0, 4.0) if regression == "log" else answer
    displacement = displacement_of(bounded, regression).flatten(0, 1)
    found, _ = vote(displacement, torch.sigmoid(logit).flatten(0, 1), stride)
    difference = found - torch.nan_to_num(points, posinf=0.0).flatten(0, 1)
    return (difference.square().sum(1) + 1e-6).sqrt().reshape(points.shape[:2])
