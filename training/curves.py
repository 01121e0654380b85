"""TensorBoard curves of a training, written into its run folder.

Owns what is drawn; hears of it as a progress display does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.learning.trainer import Step

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

EVERY = 10
"""Iterations between two points of the curves of the losses."""


class Curves:
    """The curves of one run."""

    def __init__(self, writer: "SummaryWriter") -> None:
        self._writer = writer

    def step(self, step: Step) -> None:
        """Draw the parts of the loss every tenth iteration, and every validation error."""
        if step.iteration % EVERY == 0:
            for name, value in step.losses._asdict().items():
                self._add(f"stage {step.stage}/{name}", float(value), step.iteration)
        if step.validated and step.validation_error_mm is not None:
            self._add(f"stage {step.stage}/validation error mm", step.validation_error_mm, step.iteration)

    def _add(self, tag: str, value: float, iteration: int) -> None:
        self._writer.add_scalar(tag, value, iteration)


@contextmanager
def open_curves(folder: Path) -> Iterator[Curves]:
    """Open the curves of the run in ``folder``."""
    from torch.utils.tensorboard import SummaryWriter  # takes seconds

    writer = SummaryWriter(str(folder / "tensorboard"))
    try:
        yield Curves(writer)
    finally:
        writer.close()
