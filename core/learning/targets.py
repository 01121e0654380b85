"""What the networks shall answer for a crop, and how far off they are (paper, section II).

Targets are computed on the crops' cells from the landmarks' positions in samples; an absent landmark (NaN) has no
displacement to learn and no patch that holds it; one that cannot be judged (infinite) teaches nothing.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.learning.configuration import StageConfig
from core.method.voting import cell_centres, displacement_of, log_total, log_transform, posteriors_of, vote


class Targets(NamedTuple):
    """Reference outputs for ``B`` crops and ``L`` landmarks.

    Attributes
    ----------
    displacement
        ``(B, L, D, *cells)`` displacement from cell centre to landmark in samples, log-transformed where that is learnt.
    label
        ``(B, L, *cells)`` 1 where the patch holds the landmark, else 0; for a soft-max the share of each patch, which add up
        to 1, or 0 where the landmark is in none of them.
    known
        ``(B, L)`` 1 where the landmark exists in the image, inside the crop or not.
    judged
        ``(B, L)`` 0 where nobody can say whether it is there: in a mirrored image, a landmark without a partner.
    nearness
        ``(B, L, *cells)`` weights of the displacements' errors, which add up to 1; None where all count alike.
    """

    displacement: Tensor
    label: Tensor
    known: Tensor
    judged: Tensor
    nearness: Tensor | None = None


def make_targets(
    points: Tensor,
    cells: list[int],
    stride: int,
    regression: str = "log",
    *,
    posterior: str = "sigmoid",
    label_patches: float = 0.0,
    nearness_patches: float = 0.0,
) -> Targets:
    """Make targets from landmark positions ``(B, L, D)`` in samples of the crop.

    NaN where absent, infinite where it cannot be judged. The rest as in `core.learning.configuration.GlobalStageConfig`.
    """
    ndim = len(cells)
    judged = ~torch.isinf(points).any(-1)
    known = torch.isfinite(points).all(-1)
    points = torch.where(known.unsqueeze(-1), points, torch.full_like(points, -1e4))
    spread = points.reshape(*points.shape, *[1] * ndim)
    displacement = spread - cell_centres(cells, stride, points.device)
    label = (displacement.abs() <= stride / 2).all(2).float()  # on the border between patches each of them holds it
    nearness = _gaussian(displacement, nearness_patches * stride) if nearness_patches else None
    if posterior == "soft-max":
        inside = label.flatten(2).amax(2).reshape(*label.shape[:2], *[1] * ndim)
        label = inside * _in_shares(_gaussian(displacement, label_patches * stride) if label_patches else label)
    if regression == "log":
        displacement = log_transform(displacement)
    return Targets(displacement, label, known.float(), judged.float(), nearness)


def stage_targets(points: Tensor, cells: list[int], stride: int, stage: StageConfig) -> Targets:
    """Make the targets that a stage is configured to learn, see `make_targets`."""
    return make_targets(
        points,
        cells,
        stride,
        stage.regression,
        posterior=stage.posterior,
        label_patches=stage.label_patches,
        nearness_patches=stage.nearness_patches,
    )


def _gaussian(displacement: Tensor, sigma: float) -> Tensor:
    """Return shares ``(B, L, *cells)`` of a Gaussian of the displacements ``(B, L, D, *cells)``."""
    return _in_shares(torch.exp(displacement.square().sum(2) / (-2.0 * sigma**2)))


def _in_shares(values: Tensor) -> Tensor:
    """Make the values of each landmark's patches add up to 1, or leave them at 0."""
    total = values.flatten(2).sum(2).clamp(min=1e-6)
    return values / total.reshape(*total.shape, *[1] * (values.dim() - 2))


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
    """Mean absolute error of the displacements + cross-entropy (+ the error of the vote, if weighted).

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
        error = (answer - targets.displacement).abs()
        near = targets.nearness
        error = error.flatten(2).mean(2) if near is None else (error.mean(2) * near).flatten(2).sum(2)
        regression = (error * known).sum() / share
    if stage.classification:
        entropy = _entropy(logit, targets.label, stage.posterior)
        classification = (entropy * targets.judged).sum() / max(1.0, counts.judged)
    if stage.optimisation.vote_weight > 0:
        radial = _vote_error(answer, logit, points, stride, stage)
        voted = (torch.log10(1.0 + radial) * known).sum() / share
    weights = stage.optimisation
    total = (
        weights.regression_weight * regression
        + weights.classification_weight * classification
        + weights.vote_weight * voted
    )
    return Losses(total, regression.detach(), classification.detach(), voted.detach())


def _entropy(logit: Tensor, label: Tensor, posterior: str) -> Tensor:
    """Return the cross-entropy ``(B, L)`` of posteriors and labels: the patches' mean, or that of all patches together."""
    if posterior == "soft-max":
        return log_total(logit.flatten(2)) - (label * logit).flatten(2).sum(2)
    return F.binary_cross_entropy_with_logits(logit, label, reduction="none").flatten(2).mean(2)


def _vote_error(answer: Tensor, logit: Tensor, points: Tensor, stride: int, stage: StageConfig) -> Tensor:
    """Return the radial error ``(B, L)`` of the voted positions, in samples."""
    bounded = answer.clamp(-4.0, 4.0) if stage.regression == "log" else answer
    displacement = displacement_of(bounded, stage.regression).flatten(0, 1)
    found, _ = vote(displacement, posteriors_of(logit.flatten(0, 1), stage.posterior), stride)
    difference = found - torch.nan_to_num(points, posinf=0.0).flatten(0, 1)
    return (difference.square().sum(1) + 1e-6).sqrt().reshape(points.shape[:2])
