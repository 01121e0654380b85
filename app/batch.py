"""Localizes many image files without a window: what ``cairn localize`` does.

Everything that can be refused is refused before the first image is read; after that a failure costs one file and the batch
goes on. Decides file names and the order of things, prints to the console it is given, and knows no Qt and no command line.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.assets import bundled_model_for
from core.errors import AppError, ImageReadError
from core.image_header import kind_of
from core.image_io import IMAGE_SUFFIXES, image_name, read_image
from core.landmark_io import write_landmarks
from core.model_info import read_model_info
from core.types import Image

if TYPE_CHECKING:
    from core.model_file import Model


@dataclass(frozen=True)
class BatchRequest:
    """What to localize and how.

    Attributes
    ----------
    images
        Image files; a folder stands for the images directly in it.
    out_folder
        Where the CSV files go; made where it does not exist.
    model
        A model file; None for the bundled model of each image's rank.
    spacing_mm
        Distance between neighbouring samples along every axis, in place of what the images say; None to believe them.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """

    images: tuple[Path, ...]
    out_folder: Path
    model: Path | None = None
    spacing_mm: float | None = None
    device: str = "auto"


@dataclass
class BatchReport:
    """What became of each image."""

    written: list[Path] = field(default_factory=list)
    failures: list[tuple[Path, str]] = field(default_factory=list)


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
    csv_paths = plan_files(expand_folders(request.images), request.out_folder)
    if request.model is not None:
        read_model_info(request.model)
    _require_writable(request.out_folder)

    from core.inference import choose_device  # torch takes seconds

    choose_device(request.device)
    models = _Models(request.model)
    with _progress_bar(console, len(csv_paths)) as bar:
        for image_path, csv_path in csv_paths.items():
            try:
                _localize_file(image_path, csv_path, request, models, bar)
            except (AppError, OSError, MemoryError) as error:
                report.failures.append((image_path, _sentence(error)))
            else:
                report.written.append(csv_path)
            bar.next_file()


def expand_folders(paths: Sequence[Path]) -> list[Path]:
    """Return the image files that ``paths`` stand for, each once, in the order given; those in a folder by name.

    Raises
    ------
    ImageReadError
        A folder holds no image, or cannot be listed.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        try:
            inside = sorted(file for file in path.iterdir() if file.is_file() and _looks_like_an_image(file))
        except OSError as error:
            raise ImageReadError(
                f"The folder {path} cannot be read ({_reason(error)}).", "Check its permissions."
            ) from error
        if not inside:
            raise ImageReadError(
                f"The folder {path} holds no images.",
                f"Name a folder with files that end in {', '.join(IMAGE_SUFFIXES)}, or name the files themselves.",
            )
        files.extend(inside)
    once: dict[str, Path] = {}
    for file in files:
        once.setdefault(os.path.realpath(file), file)
    return list(once.values())


def plan_files(images: Sequence[Path], out_folder: Path) -> dict[Path, Path]:
    """Return the CSV file of each image.

    Raises
    ------
    AppError
        Two images have the same name, so that one result would overwrite the other.
    """
    taken: dict[str, Path] = {}
    csv_paths: dict[Path, Path] = {}
    for image in images:
        csv_path = out_folder / f"{image_name(image)}.csv"
        # Names that differ in case only are one file on Windows and macOS.
        other = taken.setdefault(csv_path.name.casefold(), image)
        if other is not image:
            raise AppError(
                f"{other} and {image} would both be written to {csv_path}.",
                "Give the images different names, or localize them into different folders.",
            )
        csv_paths[image] = csv_path
    return csv_paths


def _looks_like_an_image(path: Path) -> bool:
    """Tell which files of a folder a person means: DICOM files often have no suffix, hidden files are never meant."""
    if path.name.startswith("."):
        return False
    return path.name.lower().endswith(IMAGE_SUFFIXES) or kind_of(path) == "DICOM"


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AppError(
            f"Nothing can be written into {folder} ({_reason(error)}).", "Choose another folder with --out."
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
        from core.model_file import load_model

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
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _progress_bar(console: Console, files: int) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield _Bar(progress, files)


def _localize_file(image_path: Path, csv_path: Path, request: BatchRequest, models: _Models, bar: _Bar) -> None:
    from core.inference import localize

    bar.show(0.0, image_path.name)
    image = read_image(image_path)
    warnings = list(image.source.warnings)
    if request.spacing_mm is not None:
        if image.source.spacing_known and not np.allclose(image.grid.spacing_mm, request.spacing_mm):
            own = " × ".join(f"{size:g}" for size in image.grid.spacing_mm)
            warnings.append(f"The file says {own} mm per pixel; {request.spacing_mm:g} mm is used as asked for.")
        image = image.with_spacing(request.spacing_mm)
    model = models.for_image(image)
    prediction = localize(image, model, device=request.device, progress=lambda done, _: bar.show(done, image_path.name))
    for warning in dict.fromkeys([*warnings, *prediction.warnings]):
        bar.say(f"{image_path}: {warning}")
    write_landmarks(prediction.landmarks, csv_path, image=image, model=prediction.model)


def _sentence(error: AppError | OSError | MemoryError) -> str:
    if isinstance(error, OSError):
        return f"The file system refused it ({_reason(error)}). Check the disk and try again."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this image. Close other programs, or use a computer with more."
    return str(error)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
