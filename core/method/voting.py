"""From per-patch displacements and posteriors to one position per landmark (paper, section II).

Pure functions on tensors in samples of a stage's grid; all of them can be scripted. No networks, no millimetres.
"""

import math

import torch
from torch import Tensor

LOG_10: float = math.log(10.0)


def log_transform(displacement: Tensor) -> Tensor:
    """Return ``sign(d) * log10(1 + |d|)``, the regression target; the base is that of the authors' published code."""
    return torch.sign(displacement) * torch.log1p(displacement.abs()) / math.log(10.0)


def inverse_log_transform(transformed: Tensor) -> Tensor:
    """Undo `log_transform`."""
    return torch.sign(transformed) * torch.expm1(transformed.abs() * math.log(10.0))


def displacement_of(output: Tensor, regression: str) -> Tensor:
    """Return displacements in samples from what a network's regression head answers.

    ``regression`` says what it learnt: ``"log"``, the log-transformed displacement; ``"linear"``, the displacement itself;
    ``"off"``, nothing: the answer is zero, so that a patch points to its own centre.
    """
    return inverse_log_transform(output) if regression == "log" else output


def cell_centres(cells: list[int], stride: int, device: torch.device) -> Tensor:
    """Return the index of each cell's centre in samples, ``(D, *cells)``: patch ``k`` covers samples ``kS ... kS+S-1``."""
    offset = (stride - 1) / 2.0
    axes = [torch.arange(n, device=device, dtype=torch.float32) * stride + offset for n in cells]
    return torch.stack(torch.meshgrid(axes, indexing="ij"))


def vote(displacement: Tensor, weight: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Average the positions that all patches point to, weighted by their posterior.

    Parameters
    ----------
    displacement
        ``(L, D, *cells)`` displacements from cell centres, in samples (no longer log-transformed).
    weight
        ``(L, *cells)`` posteriors. Where all of a landmark's weights vanish, its votes count alike.
    stride
        Patch size in samples.

    Returns
    -------
    points
        ``(L, D)`` positions in samples of the analysed image.
    spread
        ``(L,)`` weighted root mean square distance of the votes from their mean, in samples.
    """
    votes = (displacement + cell_centres(list(weight.shape[1:]), stride, weight.device)).flatten(2)
    shares = weight.flatten(1)
    total = shares.sum(1, keepdim=True)
    shares = torch.where(total > 1e-12, shares / total.clamp(min=1e-12), torch.full_like(shares, 1.0 / shares.shape[1]))
    points = (votes * shares.unsqueeze(1)).sum(2)
    squared = (votes - points.unsqueeze(2)).square().sum(1)
    return points, (squared * shares).sum(1).sqrt()


def posteriors_of(logit: Tensor, kind: str) -> Tensor:
    """Return the posteriors that the patches hold the landmark, ``(L, *cells)``, from logits of the same shape.

    ``kind`` says what was learnt: ``"sigmoid"``, each patch by itself, as in the paper; ``"soft-max"``, all patches of a landmark
    together, which share a sum of at most 1: what is missing is the probability that it is in none of them, whose logit is 0.
    """
    if kind != "soft-max":
        return torch.sigmoid(logit)
    return torch.exp(logit - log_total(logit.flatten(1)).reshape([-1] + [1] * (logit.dim() - 1)))


def log_total(logit: Tensor) -> Tensor:
    """Return the logarithm of the soft-max's denominator, ``(...)``, of logits ``(..., patches)`` and a 0 for "in none"."""
    return torch.logaddexp(torch.logsumexp(logit, -1), torch.zeros_like(logit[..., 0]))


def vote_weights(posterior: Tensor, rule: str, count: int, threshold: float) -> Tensor:
    """Return with which weight the patches vote, ``(L, *cells)``, from their posteriors of the same shape.

    The method weighs by the posterior; the paper's discussion names the other rules (section VI).

    Parameters
    ----------
    posterior
        Posteriors that the patches hold the landmark.
    rule
        ``"posterior"``; ``"uniform"``: all patches alike; ``"top-k"``: the ``count`` most probable patches by their posterior;
        ``"threshold"``: the patches at or above ``threshold`` by theirs; ``"arg-max"``: the most probable patch alone. Where
        none reaches the threshold the most probable one votes.
    """
    if rule == "posterior":
        return posterior
    if rule == "uniform":
        return torch.ones_like(posterior)
    flat = posterior.flatten(1)
    least = flat.amax(1, keepdim=True)
    if rule == "threshold":
        least = torch.minimum(least, torch.full_like(least, threshold))
    elif rule == "top-k":
        least = flat.topk(min(count, flat.shape[1]), dim=1)[0][:, -1:]
    return torch.where(flat >= least, flat, torch.zeros_like(flat)).reshape(posterior.shape)


def presence(weight: Tensor, kind: str = "sigmoid") -> Tensor:
    """Return the probability that each landmark is in the image, ``(L,)``, from posteriors ``(L, *cells)``.

    Those of a soft-max are summed, see `posteriors_of`. Else a landmark near the border of its patch shares its posterior with
    the neighbours, so the posteriors of each window of 2^D cells are summed and the largest sum (at most 1) is taken.
    """
    if kind == "soft-max":
        return weight.flatten(1).sum(1).clamp(max=1.0)
    summed = weight
    for axis in range(1, weight.dim()):
        padded = torch.cat([summed, torch.zeros_like(summed.narrow(axis, 0, 1))], dim=axis)
        summed = padded.narrow(axis, 0, summed.shape[axis]) + padded.narrow(axis, 1, summed.shape[axis])
    return summed.flatten(1).amax(1).clamp(max=1.0)
