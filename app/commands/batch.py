"""Localizes many images without a window: what ``cairn localize`` does.

Everything that can be refused is refused before the first image is read; after that a failure costs one image and the batch
goes on. Decides the order of things, prints to the console it is given, and knows no Qt and no command line.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.batch_plan import plan_files
from app.commands.batch_results import BatchReport, BatchResults
from app.desk.background import Background
from app.desk.crew_plan import CrewPlan, plan_crew, usable_cores
from app.desk.events import Done, Event, Failed, Key, Overall, Started
from app.desk.worker import problem_of
from core.base.errors import AppError, ModelFileError
from core.base.files import reason_of
from core.images.listing import list_images
from core.models.image_task import ImageTask, ImageWork
from core.models.metadata import read_model_info

CHILDREN_PAY_FROM = 16
"""With fewer images, starting processes takes longer than they save (docs/results.md)."""
_ASK_EVERY_S = 0.2
"""How often Ctrl-C is looked for on systems where waiting for an event cannot be interrupted."""


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
    crew = _crew(request, len(tasks))
    with _progress_bar(console, [item.name for item, _ in plan]) as bar:
        results = BatchResults(plan, report, bar.say)
        if crew is None:
            _localize_here(tasks, results, bar)
        else:
            _localize_in_children(tasks, crew, results, bar)


def _crew(request: BatchRequest, images: int) -> CrewPlan | None:
    """Return how many processes localize, None for this one alone: where it is asked for, and where others would not pay."""
    if request.workers == 1 or images == 1:
        return None
    if request.workers is None and (images < CHILDREN_PAY_FROM or request.device not in ("auto", "cpu")):
        return None
    wanted = None if request.workers is None else min(request.workers, images)
    crew = plan_crew(wanted, memory_gb=request.memory_gb)
    return None if request.workers is None and crew.children == 1 else crew


def _localize_here(tasks: Sequence[ImageTask], results: BatchResults, bar: "_Bar") -> None:
    """Localize one image after the other in this process."""
    work = ImageWork(usable_cores())
    if tasks and tasks[0].model is not None:
        work.load(tasks[0].model)
    for number, task in enumerate(tasks):

        def show(fraction: float, _doing: str, number: int = number) -> None:
            bar.show(number, number + fraction)

        show(0.0, "")
        try:
            answer = work.run(task, work.read(task, _go_on), show, _go_on)
        except (AppError, OSError, MemoryError) as error:
            results.fail(number, problem_of(error).sentence)
        else:
            results.take(number, answer)
        bar.show(number, number + 1)


def _go_on() -> bool:
    """Never ask to stop: Ctrl-C does."""
    return False


def _localize_in_children(tasks: Sequence[ImageTask], crew: CrewPlan, results: BatchResults, bar: "_Bar") -> None:
    """Localize several images at once; whatever ends this, the children end with it.

    Raises
    ------
    ModelFileError
        The model that was asked for cannot be loaded.
    RuntimeError
        The program is wrong; with the traceback of the child.
    """
    events: Queue[Event] = Queue()
    background = Background(events.put, crew)
    try:
        background.submit(enumerate(tasks))
        begun = 0
        while True:
            try:
                event = events.get(timeout=_ASK_EVERY_S)
            except Empty:
                continue
            if isinstance(event, Started):
                begun = _number(event.key)
            elif isinstance(event, Done):
                results.take(_number(event.key), event.answer)
            elif isinstance(event, Failed):
                if event.details:
                    raise RuntimeError(event.details)
                if event.kind == ModelFileError.__name__ and tasks[0].model is not None:
                    raise ModelFileError(event.sentence)
                results.fail(_number(event.key), event.sentence)
            elif isinstance(event, Overall):
                bar.show(begun, event.fraction * len(tasks))
                if not event.busy:
                    return
    finally:
        background.close()


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

    def show(self, number: int, done: float) -> None:
        """Show the name of an image and how many are done."""
        self._progress.update(self._task, completed=done, description=self._names[number])

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        _say(self._progress.console, text)


@contextmanager
def _progress_bar(console: Console, names: Sequence[str]) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield _Bar(progress, names)
