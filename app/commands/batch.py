"""Localizes many images without a window: what ``cairn localize`` does.

Everything that can be refused is refused before the first image is read; after that a failure costs one image and the batch
goes on. Decides the order of things, prints to the console it is given, and knows no Qt and no command line.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.batch_plan import plan_files
from app.commands.batch_results import BatchReport, BatchResults
from app.desk.crew_plan import crew_for
from app.desk.events import Done, Event, Failed, Key, Overall, Started
from app.desk.foreground import localize
from core.base.errors import AppError
from core.base.files import reason_of
from core.images.listing import list_images
from core.models.image_task import ImageTask
from core.models.metadata import read_model_info


@dataclass(frozen=True)
class BatchRequest:
    """What to localize and how.

    Attributes
    ----------
    images
        Image files; a folder stands for the images directly in it and the DICOM series in it and below.
    out_folder
        Where the CSV files go; made where it does not exist.
    model
        A model file; None for the bundled model of each image's rank.
    spacing_mm
        Distance between neighbouring samples, in place of what the images say: one number for every axis, or one for each in
        numpy order; None to believe the images.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory_gb
        About how much memory it may take; None for the usual.
    workers
        How many processes localize; 1 for this one alone, None for what is fastest.
    """

    images: tuple[Path, ...]
    out_folder: Path
    model: Path | None = None
    spacing_mm: tuple[float, ...] | None = None
    device: str = "auto"
    memory_gb: float | None = None
    workers: int | None = None


def run_batch(request: BatchRequest, console: Console, report: BatchReport) -> None:
    """Write ``<image name>.csv`` into the output folder for every image of ``request``.

    Parameters
    ----------
    request
        What to do.
    console
        Where warnings go as they occur, and a progress bar where it is a terminal.
    report
        Filled as the batch goes, so that it is right also when a person interrupts.

    Raises
    ------
    AppError
        Nothing was done, because the output folder cannot be written to, two images would be written to the same file,
        the model cannot be loaded, or the device is not there.
    """
    listing = list_images(request.images)
    for note in listing.notes:
        _say(console, note)
    if listing.problems:
        raise listing.problems[0]
    plan = plan_files(listing.images, request.out_folder)
    if request.model is not None:
        read_model_info(request.model)
    _require_writable(request.out_folder)
    if request.device not in ("auto", "cpu"):
        from core.models.devices import choose_device  # torch takes seconds

        choose_device(request.device)
    tasks = [
        ImageTask(
            item.path,
            item.series,
            spacing_mm=request.spacing_mm,
            model=request.model,
            device=request.device,
            memory_gb=request.memory_gb,
        )
        for item, _ in plan
    ]
    crew = crew_for(len(tasks), request.workers, request.device, memory_gb=request.memory_gb)
    with _progress_bar(console, [item.name for item, _ in plan]) as bar:
        results = BatchResults(plan, report, bar.say)

        def take(event: Event) -> None:
            if isinstance(event, Started):
                bar.begin(_number(event.key))
            elif isinstance(event, Done):
                results.take(_number(event.key), event.answer)
            elif isinstance(event, Failed):
                results.fail(_number(event.key), event.sentence)
            elif isinstance(event, Overall):
                bar.show(event.fraction * len(tasks))

        localize(list(enumerate(tasks)), crew, take)


def _number(key: Key) -> int:
    assert isinstance(key, int)  # it was submitted as one
    return key


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AppError(
            f"Nothing can be written into {folder} ({reason_of(error)}).", "Choose another folder with --out."
        ) from error


class _Bar:
    """Progress over the files, moving within each file too."""

    def __init__(self, progress: Progress, names: Sequence[str]) -> None:
        self._progress = progress
        self._names = names
        self._task = progress.add_task("", total=len(names))

    def begin(self, number: int) -> None:
        """Show the name of an image."""
        self._progress.update(self._task, description=self._names[number])

    def show(self, done: float) -> None:
        """Show how many are done."""
        self._progress.update(self._task, completed=done)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        _say(self._progress.console, text)


@contextmanager
def _progress_bar(console: Console, names: Sequence[str]) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield _Bar(progress, names)
