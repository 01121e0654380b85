"""What several training processes do together: sums over all of them, problems shared, batch normalisation over the whole batch.

Who the processes are and how they are started is `training/distribution/processes.py`'s.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from core.base.errors import AppError
from core.learning.team import Team


class ProcessTeam(Team):
    """The processes of torch's process group, which must be there.

    What it sums are a few numbers per iteration. They go through main memory, whatever the device, so that no GPU waits.
    """

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()
        self._group = dist.new_group(backend="gloo")

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of ``values``, in main memory and of one shape everywhere, over all processes."""
        total = values.clone()
        dist.all_reduce(total, group=self._group)
        return total

    def gathered(self, rows: list[Tensor], total: int) -> Tensor:
        """Join what each process found for its part of ``total`` cases, ``rank, rank + size, …``, to ``(total, *row)``."""
        every: list[list[Tensor]] = [[] for _ in range(self.size)]
        dist.all_gather_object(every, rows, group=self._group)
        return torch.stack([every[case % self.size][case // self.size] for case in range(total)])

    def raise_together(self, problem: AppError | None) -> None:
        """Raise the first process's problem in all of them, so that none waits for one that gave up."""
        problems: list[AppError | None] = [None] * self.size
        dist.all_gather_object(problems, problem, group=self._group)
        for found in problems:
            if found is not None:
                raise found


class _Sum(torch.autograd.Function):
    """The sum over all processes; every process's loss depends on it, so gradients are summed as well."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


class SynchronisedBatchNorm(_BatchNorm):
    """Batch normalisation by mean and variance over the batches of all processes, in float32, for the processor.

    torch's own `torch.nn.SyncBatchNorm` works on GPUs only (docs/decisions/0020-learning-on-one-plain-device.md). Its
    state is that of `torch.nn.BatchNorm2d` and `BatchNorm3d`, so that weights go from one to the other. All processes must see
    batches of one size. Batches that are accumulated one after the other are still normalised each by itself.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Normalise ``(B, C, *size)``."""
        if not self.training:
            return super().forward(values)
        assert self.running_mean is not None
        processes = dist.get_world_size()
        variance, mean = torch.var_mean(values.float(), [0, *range(2, values.dim())], correction=0)
        # Squares are taken around the running mean, which all processes know: where the mean is large, they would lose digits.
        centre = self.running_mean.clone()
        away = mean - centre
        away, squares = _Sum.apply(torch.stack([away, variance + away.square()])) / processes  # type: ignore[no-untyped-call]
        mean, variance = centre + away, squares - away.square()
        self._remember(mean.detach(), variance.detach(), processes * values.numel() // values.shape[1])
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        along = [-1] + [1] * (values.dim() - 2)
        normalised: Tensor = values.float() * scale.view(along) + shift.view(along)
        return normalised.to(values.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics towards those of a batch of ``count`` values per channel."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / max(1, count - 1)), self.momentum)
        self.num_batches_tracked.add_(1)

    def _check_input_dim(self, values: Tensor) -> None:
        """Take images and volumes alike; the networks see to it that they get the right ones."""


def synchronise(network: nn.Module, kind: str) -> None:
    """Replace the batch normalisations in ``network`` by ones over all processes; parameters and state are kept.

    Parameters
    ----------
    network
        Changed in place; it is no batch normalisation itself.
    kind
        The type of the device it learns on: torch's own on ``"cuda"``, else `SynchronisedBatchNorm`.
    """
    if kind == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                synchronised = SynchronisedBatchNorm(child.num_features, child.eps, child.momentum)
                synchronised.load_state_dict(child.state_dict())
                synchronised.weight, synchronised.bias = child.weight, child.bias  # those that the optimizer knows
                setattr(parent, name, synchronised)
