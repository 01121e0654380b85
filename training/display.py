"""How trainings and evaluations are shown on a terminal: bars there, plain lines elsewhere.

Shows what it is told; trains and reads nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from core.learning.trainer import Step


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """Show a progress bar on a terminal; elsewhere nothing but the lines that the commands print."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


class TrainingDisplay:
    """A bar per stage with loss, validation error and time left; plain lines where there is no terminal."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._loading = bar.add_task("Reading images", note="")
        self._tasks: dict[int, TaskID] = {}
        self._error_mm: float | None = None

    def loading(self, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` images are read."""
        self._bar.update(self._loading, completed=done, total=total)

    def step(self, step: "Step") -> None:
        """Hear of one iteration."""
        name = "Global stage" if step.stage == 0 else f"Local stage {step.stage} of {step.stages - 1}"
        error = step.validation_error_mm
        note = f"loss {step.loss:.4f}" + (f", validation error {error:.3f} mm" if error is not None else "")
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._bar.add_task(name, total=step.iterations, note="")
        self._bar.update(self._tasks[step.stage], completed=step.iteration, note=note)
        validated = error is not None and error != self._error_mm
        self._error_mm = error
        if not self._console.is_terminal and (validated or step.iteration % 100 == 0):
            self._console.print(f"{name}: {step.iteration} of {step.iterations}, {note}", soft_wrap=True)


class SeriesDisplay:
    """The bars of one training or evaluation after the other, each under its title."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._training: TrainingDisplay | None = None
        self._localizing: TaskID | None = None

    def begin(self, title: str) -> None:
        """Hear that a training or an evaluation begins."""
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._training, self._localizing = None, None
        self._console.print(title, markup=False, highlight=False, soft_wrap=True)

    def _display(self) -> TrainingDisplay:
        self._training = self._training or TrainingDisplay(self._console, self._bar)
        return self._training

    def loading(self, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` images are read."""
        self._display().loading(done, total)

    def step(self, step: "Step") -> None:
        """Hear of one iteration."""
        self._display().step(step)

    def localizing(self, done: float, name: str) -> None:
        """Hear the part of the cases that is analysed, and which comes next."""
        if self._localizing is None:
            self._localizing = self._bar.add_task("Localizing", total=1.0, note="")
        self._bar.update(self._localizing, completed=done, note=name)
