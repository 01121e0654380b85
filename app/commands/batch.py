"""Localizes many images without a window: what ``cairn localize`` does.

Everything that can be refused is refused before the first image is read; after that a failure costs one image and the batch
goes on. Decides the order of things, prints to the console it is given, and knows no Qt and no command line.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.commands.batch_plan import plan_files
from core.base.errors import AppError
from core.base.files import reason_of
from core.images.file import read_image
from core.images.listing import ListedImage, list_images
from core.landmark_files.file import write_landmarks
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.values.image import Image

if TYPE_CHECKING:
    from core.models.file import Model


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
        About how much memory a run may take; None for the usual.
    """

    images: tuple[Path, ...]
    out_folder: Path
    model: Path | None = None
    spacing_mm: tuple[float, ...] | None = None
    device: str = "auto"
    memory_gb: float | None = None


@dataclass
class BatchReport:
    """What became of each image."""

    written: list[Path] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


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

    from core.models.devices import choose_device  # torch takes seconds

    choose_device(request.device)
    models = _Models(request.model)
    with _progress_bar(console, len(plan)) as bar:
        for item, csv_path in plan:
            try:
                _localize_item(item, csv_path, request, models, bar)
            except (AppError, OSError, MemoryError) as error:
                report.failures.append((str(item), _sentence(error)))
            else:
                report.written.append(csv_path)
            bar.next_file()


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


class _Models:
    """The models of one batch, each loaded once."""

    def __init__(self, chosen: Path | None) -> None:
        self._loaded: dict[Path, Model] = {}
        self._chosen = chosen
        if chosen is not None:
            self._load(chosen)

    def for_image(self, image: Image) -> "Model":
        return self._load(self._chosen or bundled_model_for(image.ndim))

    def _load(self, path: Path) -> "Model":
        from core.models.file import load_model

        if path not in self._loaded:
            self._loaded[path] = load_model(path)
        return self._loaded[path]


class _Bar:
    """Progress over the files, moving within each file too."""

    def __init__(self, progress: Progress, files: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=files)
        self._done = 0

    def show(self, fraction: float, text: str) -> None:
        self._progress.update(self._task, completed=self._done + fraction, description=text)

    def next_file(self) -> None:
        self._done += 1
        self._progress.update(self._task, completed=self._done)

    def say(self, text: str) -> None:
        _say(self._progress.console, text)


@contextmanager
def _progress_bar(console: Console, files: int) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield _Bar(progress, files)


def _localize_item(item: ListedImage, csv_path: Path, request: BatchRequest, models: _Models, bar: _Bar) -> None:
    from core.models.inference import localize

    bar.show(0.0, item.name)
    image = read_image(item.path, series=item.series)
    warnings = list(image.source.warnings)
    if request.spacing_mm is not None:
        image = _respaced(image, request.spacing_mm, warnings)
    model = models.for_image(image)
    prediction = localize(
        image,
        model,
        device=request.device,
        memory_gb=request.memory_gb,
        progress=lambda done, _: bar.show(done, item.name),
    )
    for warning in dict.fromkeys([*warnings, *prediction.warnings]):
        bar.say(f"{item}: {warning}")
    write_landmarks(prediction.landmarks, csv_path, image=image, model=prediction.model)


def _respaced(image: Image, spacing_mm: tuple[float, ...], warnings: list[str]) -> Image:
    """Return an image with the size that was asked for, and say where its file says another one."""
    if len(spacing_mm) not in (1, image.ndim):
        raise AppError(
            f"--spacing gives {len(spacing_mm)} sizes, but the image has {image.ndim} axes.",
            f"Give one number for all axes, or {image.ndim}.",
        )
    if image.source.spacing_known and not np.allclose(image.grid.spacing_mm, spacing_mm):
        warnings.append(
            f"The file says {_sizes(image.grid.spacing_mm.tolist())} mm per pixel; {_sizes(spacing_mm)} mm is used as asked for."
        )
    return image.with_spacing(spacing_mm)


def _sizes(spacing_mm: Sequence[float]) -> str:
    """Return sizes in numpy order as people write them, x first."""
    return " × ".join(f"{size:g}" for size in reversed(spacing_mm))


def _sentence(error: AppError | OSError | MemoryError) -> str:
    if isinstance(error, OSError):
        return f"The file system refused it ({reason_of(error)}). Check the disk and try again."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this image. Close other programs, or use a computer with more."
    return str(error)
