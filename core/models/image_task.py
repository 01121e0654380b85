"""One image from its file to its landmarks: what a child process, this process or another computer does for each of many.

A task and an answer are values that travel between processes; pixels and vector fields never do. Knows no processes, lists or
windows. Imports torch only once it is asked to work, so that whoever hands out tasks need not wait for it.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.base.errors import AppError, ImageReadError
from core.base.files import sha256_of
from core.geometry.thumbnail import thumbnail_of
from core.images.dicom.series import Series, find_series
from core.images.file import read_image
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.values.grid import Grid, read_only
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks

if TYPE_CHECKING:
    from core.models.file import Model

Progress = Callable[[float, str], None]
ShouldStop = Callable[[], bool]

MODELS_KEPT = 2
"""So many models stay loaded: one for X-rays and one for volumes."""
_BYTES_PER_SAMPLE = 100
"""About what the global network takes for each sample at its spacing, as `core.method.networks` counts it."""
_PROGRAM_BYTES = 500e6
LARGE_BYTES = 1.5e9
"""An image that needs more memory is large: it is worth all cores, and nothing shall run beside it."""


@dataclass(frozen=True)
class ImageTask:
    """What to localize and how.

    Attributes
    ----------
    path
        File or folder, as `core.images.file.read_image` takes it; of a DICOM series any of its files will do.
    series
        The DICOM series, where it was just found; None where ``path`` and ``part`` say which.
    part
        ``Series.part``, where several stacks share one series and ``series`` is None; ``path`` is then a file of that stack.
    spacing_mm
        Distance between neighbouring samples, in place of what the file says: one number for every axis, or one for each in numpy
        order; None to believe the file.
    spacing_source
        Who vouches for ``spacing_mm``.
    only_where_unknown
        Whether ``spacing_mm`` holds only of an image with as many axes whose file does not say its own.
    model
        A model file that a person trusts: code in it is run. None for the bundled one of the image's rank.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory_gb
        About how much memory the run may take; None for the usual.
    """

    path: Path
    series: Series | None = None
    part: str = ""
    spacing_mm: tuple[float, ...] | None = None
    spacing_source: SpacingSource = SpacingSource.PERSON
    model: Path | None = None
    device: str = "auto"
    memory_gb: float | None = None
    only_where_unknown: bool = False


@dataclass(frozen=True, eq=False)
class ImageAnswer:
    """What was found in an image, and what is known of the image without its pixels.

    Attributes
    ----------
    landmarks
        In mm of ``grid``.
    grid
        Shape and geometry of the image, with the spacing of the task where that gave one.
    source
        Where the image came from: path, SHA-256 of its content, spacing source, modality.
    model, model_sha256
        Name and version of the model, and the digest of its file.
    device
        Where it ran, such as ``"cpu"``.
    elapsed_s
        Wall time of the networks, seconds; reading does not count.
    warnings
        Sentences to show to the person, those of reading first.
    thumbnail
        ``(rows, columns)`` uint8, from `core.geometry.thumbnail`.
    """

    landmarks: Landmarks
    grid: Grid
    source: ImageSource
    model: str
    model_sha256: str
    device: str
    elapsed_s: float
    warnings: tuple[str, ...]
    thumbnail: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        # An array that came from another process is writable; making the values anew makes them read-only.
        object.__setattr__(self, "landmarks", replace(self.landmarks))
        object.__setattr__(self, "grid", replace(self.grid))
        object.__setattr__(self, "thumbnail", read_only(self.thumbnail, np.uint8))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    @property
    def image_without_pixels(self) -> Image:
        """An image of the same geometry and origin: for writing landmark files."""
        return Image.without_pixels(self.grid, self.source)


@dataclass(frozen=True, eq=False)
class TaskImage:
    """The image of a task, read and with the size that was asked for; ``warnings`` are those of reading."""

    image: Image
    warnings: tuple[str, ...]


def read_task_image(task: ImageTask, should_stop: ShouldStop | None = None) -> TaskImage:
    """Read the image of a task.

    Raises
    ------
    AppError
        It cannot be read, or the sizes do not fit its axes.
    Cancelled
        ``should_stop`` said so.
    """
    series = task.series or (_part_of(task, should_stop) if task.part else None)
    image = read_image(task.path, series=series, should_stop=should_stop)
    warnings = list(image.source.warnings)
    holds = not task.only_where_unknown or (not image.source.spacing_known and len(task.spacing_mm or ()) == image.ndim)
    if task.spacing_mm is not None and holds:
        image = _respaced(image, task.spacing_mm, task.spacing_source, warnings)
    return TaskImage(image, tuple(warnings))


def _part_of(task: ImageTask, should_stop: ShouldStop | None) -> Series:
    for series in find_series(task.path, should_stop):
        if series.part == task.part:
            return series
    raise ImageReadError(
        f"{task.path} no longer has a series with a part {task.part}.", "Open the folder again and choose the series."
    )


def _respaced(image: Image, spacing_mm: tuple[float, ...], spacing_source: SpacingSource, warnings: list[str]) -> Image:
    """Return an image with the size that was asked for, and say where its file says another one."""
    if len(spacing_mm) not in (1, image.ndim):
        raise AppError(
            f"{len(spacing_mm)} pixel sizes were given, but the image has {image.ndim} axes.",
            f"Give one number for all axes, or {image.ndim}.",
        )
    if image.source.spacing_known and not np.allclose(image.grid.spacing_mm, spacing_mm):
        warnings.append(
            f"The file says {_sizes(image.grid.spacing_mm.tolist())} mm per pixel; {_sizes(spacing_mm)} mm is used as asked for."
        )
    return image.with_spacing(spacing_mm, spacing_source)


def _sizes(spacing_mm: Sequence[float]) -> str:
    """Return sizes in numpy order as people write them, x first."""
    return " × ".join(f"{size:g}" for size in reversed(spacing_mm))


class ImageWork:
    """Works on tasks, one after the other; the models stay loaded. What a child process has one of.

    How many threads a network has depends on the image alone, never on what else runs, since on them depends the last bit of an
    answer, and now and then the last digit of a landmark file.

    Parameters
    ----------
    cores
        Threads for large images; others have one.
    """

    def __init__(self, cores: int = 1) -> None:
        self._cores = cores
        self._models: OrderedDict[tuple[Path, int, int], tuple[Model, str]] = OrderedDict()

    def prepare(self) -> str:
        """Load what takes seconds; return where the networks will run, such as ``"cpu"``."""
        import core.models.inference  # noqa: F401 - for the time it takes
        from core.models.devices import choose_device

        return choose_device()

    def stored_bytes(self, task: ImageTask) -> int:
        """Return how much a task's image takes on its disk; 0 where that cannot be found out."""
        try:
            if task.series is not None:
                return sum(path.stat().st_size for path in set(task.series.paths))
            return task.path.stat().st_size
        except OSError:
            return 0  # reading it will say what is wrong

    def read(self, task: ImageTask, should_stop: ShouldStop) -> TaskImage:
        """Read the image of a task; see `read_task_image`."""
        return read_task_image(task, should_stop)

    def needed_bytes(self, task: ImageTask, read: TaskImage) -> int:
        """Return about how much memory running a task takes in all, this program included.

        Raises
        ------
        ModelFileError
            The model's metadata cannot be read.
        """
        from core.models.inference import MEMORY_GB

        info = read_model_info(task.model or bundled_model_for(read.image.ndim))
        voxels = read.image.voxels
        known = read.image.source.spacing_known
        spacing_mm = read.image.grid.spacing_mm if known else np.full(read.image.ndim, info.training_spacing_mm)
        extents_mm = np.asarray(voxels.shape) * spacing_mm
        samples = math.prod(float(extent) / info.stages[0].spacing_mm for extent in extents_mm)
        least = _PROGRAM_BYTES + voxels.size * (2 * voxels.itemsize + 4)
        limit = (task.memory_gb or MEMORY_GB) * 1e9
        return int(max(least, min(limit, least + _BYTES_PER_SAMPLE * samples)))

    def is_large(self, task: ImageTask, read: TaskImage) -> bool:
        """Tell whether an image shall have the computer for itself; of the image, not of the computer."""
        return self.needed_bytes(task, read) > LARGE_BYTES

    def run(self, task: ImageTask, read: TaskImage, progress: Progress, should_stop: ShouldStop) -> ImageAnswer:
        """Find the landmarks of an image that `read` gave.

        Raises
        ------
        ModelFileError, InferenceError
            The model cannot be loaded, or not be applied to this image.
        Cancelled
            ``should_stop`` said so.
        """
        import torch

        from core.models.inference import localize

        image = read.image
        model, digest = self._model(task.model or bundled_model_for(image.ndim))
        before = torch.get_num_threads()
        torch.set_num_threads(self._cores if self.is_large(task, read) else 1)
        try:
            prediction = localize(
                image, model, device=task.device, memory_gb=task.memory_gb, progress=progress, should_stop=should_stop
            )
        finally:
            torch.set_num_threads(before)
        return ImageAnswer(
            prediction.landmarks,
            image.grid,
            image.source,
            prediction.model,
            digest,
            prediction.device,
            prediction.elapsed_s,
            tuple(dict.fromkeys([*read.warnings, *prediction.warnings])),
            thumbnail_of(image),
        )

    def load(self, path: Path) -> None:
        """Load a model, so that what is wrong with its file is known before the first image is read.

        Raises
        ------
        ModelFileError
            It cannot be loaded.
        """
        self._model(path)

    def _model(self, path: Path) -> tuple["Model", str]:
        """Return a model and the digest of its file, loaded once while the file stays as it is."""
        from core.models.file import load_model

        read_model_info(path)  # says in a sentence what is wrong with the file
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size)
        if key not in self._models:
            self._models[key] = (load_model(path), sha256_of(path))
        self._models.move_to_end(key)
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)
        return self._models[key]
