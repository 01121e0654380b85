"""The processes that train together: by default this one alone.

What the training asks of them is a few sums per iteration and a word before it gives up. Several processes are
`training.distribution`'s, which overrides all of it.
"""

import torch
from torch import Tensor

from core.base.errors import AppError


class Team:
    """The team of this one process, which asks nobody.

    Attributes
    ----------
    rank, size
        Which of how many processes this one is. Each makes its share of every batch and validates its share of the cases.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of ``values``, in main memory and of one shape everywhere, over all processes."""
        return values

    def any(self, value: bool) -> bool:
        """Tell whether ``value`` is true in any process."""
        return bool(self.sum(torch.tensor(float(value))) > 0)

    def gathered(self, rows: list[Tensor], total: int) -> Tensor:  # noqa: ARG002
        """Join what each process found for its part of ``total`` cases, ``rank, rank + size, …``, to ``(total, *row)``."""
        return torch.stack(rows)

    def raise_together(self, problem: AppError | None) -> None:
        """Raise the first process's problem in all of them, so that none waits for one that gave up."""
        if problem is not None:
            raise problem
