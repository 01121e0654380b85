"""Applying a model to an image: the only call that the app, the command lines and the tests make.

Chooses the device, runs the stages one by one so that progress shows and a person can stop, and maps array indices to
millimetres. The method itself is in `core/method/localizer.py`, in the model file.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.base.errors import Cancelled, InferenceError
from core.base.memory import is_lack_of_memory
from core.base.waiting import held
from core.base.wording import listed
from core.geometry.canonical import to_canonical
from core.models.devices import choose_device
from core.models.file import Model
from core.values.grid import Grid
from core.values.image import Image, SpacingSource
from core.values.landmarks import Author, Landmarks, Status
from core.values.prediction import Prediction, VectorField

Progress = Callable[[float, str], None]
ShouldStop = Callable[[], bool]

_ONE_AT_A_TIME = threading.Lock()
"""Two runs at once would each take twice as long and the memory of both; a cancelled one may still be in its stage."""

MEMORY_GB = 4.0
"""What a run may take in all, unless told otherwise."""
_PROGRAM_GB = 0.5
"""What the program takes before any image."""

_NAMED_AT_MOST = 5
"""So many landmarks are named in one sentence."""


def localize(
    image: Image,
    model: Model,
    *,
    device: str = "auto",
    memory_gb: float | None = None,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> Prediction:
    """Localize the model's landmarks in an image.

    Parameters
    ----------
    image
        Of the model's rank. Where its spacing is unknown, the model's training spacing is taken and a warning says so; the
        landmarks then come back in the image's own grid, that is in px.
    model
        From `core.models.file.load_model`.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``. Out of memory there, and with ``"auto"`` whatever fails there, the run is
        repeated on the CPU, with a warning.
    memory_gb
        About how much memory the run may take in all, 4 GB if omitted. A larger image is analysed in tiles: the same answer,
        in more time.
    progress
        Called with the fraction done in [0, 1] and what is being done.
    should_stop
        Asked while another localization runs, and between the stages.

    Raises
    ------
    InferenceError
        The image has another rank than the model, is smaller than one of its patches, holds values that are not numbers, or one
        value only; or the model fails on it.
    Cancelled
        ``should_stop`` said so.
    """
    _require_suitable(image, model)
    chosen = choose_device(device)
    limit_gb = MEMORY_GB if memory_gb is None else memory_gb
    if progress is not None and _ONE_AT_A_TIME.locked():
        progress(0.0, "Waiting for another localization")
    with held(_ONE_AT_A_TIME, should_stop):
        started = time.perf_counter()
        _require_values(image)
        warnings = _spacing_warnings(image, model)
        analysed = analysed_image(image, model)
        try:
            output = _run(analysed, model, chosen, limit_gb, progress, should_stop)
        except (RuntimeError, MemoryError) as error:
            if chosen == "cpu" or not (device == "auto" or is_lack_of_memory(error)):
                raise _failure(error, model, analysed, chosen, limit_gb) from error
            problem = "ran out of memory" if is_lack_of_memory(error) else f"failed ({_first_line(error)})"
            warnings.append(f"The device {chosen} {problem}, so the image was analysed on the CPU.")
            chosen = "cpu"
            try:
                output = _run(analysed, model, chosen, limit_gb, progress, should_stop)
            except (RuntimeError, MemoryError) as another:
                raise _failure(another, model, analysed, chosen, limit_gb) from another
    # Where the pixel size is unknown the answer is in px: the same indices on a grid of spacing 1.
    grid = analysed.grid if image.source.spacing_known else image.grid
    unit_mm = grid.spacing_mm / analysed.grid.spacing_mm
    landmarks = _landmarks(output, model, grid, unit_mm)
    warnings.extend(_doubts_about(landmarks, grid))
    return Prediction(
        landmarks,
        tuple(_fields(stage, grid, unit_mm) for stage in output.stages),
        np.stack([grid.to_mm(_points(stage.points_index)) for stage in output.stages]),
        model.info.title,
        chosen,
        time.perf_counter() - started,
        tuple(warnings),
    )


def _require_suitable(image: Image, model: Model) -> None:
    """Refuse an image whose rank or size the model cannot analyse."""
    info = model.info
    if image.ndim != info.ndim:
        raise InferenceError(
            f"The model {info.title} analyses {info.ndim}D images, this image is {image.ndim}D.",
            "Choose another model or another image.",
        )
    known = image.source.spacing_known
    spacing_mm = image.grid.spacing_mm.tolist() if known else [info.training_spacing_mm] * info.ndim
    too_small = info.too_small(image.grid.shape, spacing_mm)
    if too_small:
        raise InferenceError(
            too_small,
            "Check its pixel size, or use a larger image." if known else "Set its pixel size, or use a larger image.",
        )


def _require_values(image: Image) -> None:
    """Refuse an image without usable values."""
    low, high = image.voxels.min(), image.voxels.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InferenceError(
            "The image holds values that are not numbers (NaN or infinite).", "Repair it, or export it again."
        )
    if low == high:
        raise InferenceError(
            "The image is empty: every pixel has the same value.", "Use an image that shows something."
        )


def _spacing_warnings(image: Image, model: Model) -> list[str]:
    """Say where the spacing that will be used is not the file's, or is unlike anything the model has seen."""
    info = model.info
    if not image.source.spacing_known:
        return [info.assumed_spacing]
    doubt = info.doubt_about(image.grid.spacing_mm.tolist())
    return [doubt] if doubt else []


def _doubts_about(landmarks: Landmarks, grid: Grid) -> list[str]:
    """Say which landmarks lie outside the image: the model has probably not recognised what the image shows."""
    present = np.isfinite(landmarks.points_mm[:, 0])
    outside = np.flatnonzero(present & ~grid.contains(np.where(present[:, None], landmarks.points_mm, 0.0)))
    if len(outside) == 0:
        return []
    names = listed([landmarks.names[row] for row in outside], _NAMED_AT_MOST)
    where = (
        f"{len(outside)} of {len(landmarks)} landmarks were found outside the image ({names}), so they cannot be right."
    )
    return [f"{where} Check what the image shows, and its pixel size."]


def _failure(
    error: RuntimeError | MemoryError, model: Model, analysed: Image, device: str, limit_gb: float
) -> InferenceError:
    """Say what went wrong; for memory, how much the image needs at least: the voxels as they are, a copy, and as float32."""
    if device == "cpu" and is_lack_of_memory(error):
        least_gb = _PROGRAM_GB + analysed.voxels.size * (2 * analysed.voxels.itemsize + 4) / 1e9
        needed = f"It needs at least {least_gb:.1f} GB, and the limit is {limit_gb:g} GB."
        return InferenceError(
            f"There is not enough free memory to analyse this image. {needed}",
            "Close other programs, or crop the image around the region of interest and open that.",
        )
    return InferenceError(
        f"The model {model.info.title} failed on this image ({_first_line(error)}).",
        "Export the model again."
        if device == "cpu"
        else "Try device cpu; if it fails there too, export the model again.",
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def analysed_image(image: Image, model: Model) -> Image:
    """Return what the model is given: canonical axes, and its training spacing where the image's own is unknown."""
    if not image.source.spacing_known:
        image = image.with_spacing(model.info.training_spacing_mm, SpacingSource.MODEL)
    return to_canonical(image)


def to_tensor(voxels: npt.NDArray[Any]) -> torch.Tensor:
    """Return voxels of any real type as a tensor ``(*shape)``, in their own type where torch computes with it."""
    own = voxels.dtype.newbyteorder("=")
    kept = own in (np.uint8, np.int8, np.int16, np.int32, np.float32)
    return torch.from_numpy(np.array(voxels, dtype=own if kept else np.float32, order="C"))  # voxels are read-only


@torch.inference_mode()
def _run(
    analysed: Image,
    model: Model,
    device: str,
    memory_gb: float,
    progress: Progress | None,
    should_stop: ShouldStop | None,
) -> Any:
    """Run all stages on an image from `analysed_image`; return the localizer's output."""

    def between(fraction: float, doing: str) -> None:
        if should_stop is not None and should_stop():
            raise Cancelled("Localization was cancelled.")
        if progress is not None:
            progress(fraction, doing)

    between(0.0, "Preparing the image")
    # Without torch's run-time optimisation, which is worth little here and makes the first two runs several times slower.
    with torch.jit.optimized_execution(should_optimize=False):  # type: ignore[attr-defined]
        return _run_stages(model.on(device), analysed, device, memory_gb, between)


def _run_stages(
    module: Any, analysed: Image, device: str, memory_gb: float, between: Callable[[float, str], None]
) -> Any:
    """Run all stages where the module is; ``between`` is called before each."""
    spacing = torch.tensor(analysed.grid.spacing_mm, dtype=torch.float32, device=device)
    prepared = module.prepare(to_tensor(analysed.voxels).to(device))
    count = module.stage_count()
    between(0.2, "Looking at the whole image")
    left_bytes = (memory_gb - _PROGRAM_GB) * 1e9 - analysed.voxels.nbytes
    tile = module.tile_for(list(analysed.grid.shape), spacing, left_bytes)
    stages = [module.global_stage(prepared, spacing, tile)]
    for stage in range(1, count):
        between(0.2 + 0.8 * stage / count, f"Refining ({stage} of {count - 1})")
        stages.append(module.local_stage(prepared, spacing, stage, stages[-1].points_index))
    between(1.0, "Done")
    return module.conclude(stages, spacing)


def _points(tensor: torch.Tensor) -> npt.NDArray[np.float64]:
    return tensor.cpu().numpy().astype(np.float64)


def _landmarks(output: Any, model: Model, grid: Grid, unit_mm: npt.NDArray[np.float64]) -> Landmarks:
    """Map the localizer's indices to ``grid`` and name everything; a mm of the model is ``unit_mm`` of the grid's units."""
    info = model.info
    presence = output.presence.cpu().numpy()
    points_mm = grid.to_mm(_points(output.points_index))
    absent = presence < info.presence_threshold
    points_mm[absent] = np.nan
    return Landmarks(
        info.landmarks,
        points_mm,
        presence,
        output.spread_mm.cpu().numpy() * np.float32(unit_mm.mean()),
        output.radius_mm.cpu().numpy() * np.float32(unit_mm.mean()),
        tuple(Status.ABSENT if a else Status.PREDICTED for a in absent),
        (Author.MODEL,) * len(absent),
    )


def _fields(stage: Any, grid: Grid, unit_mm: npt.NDArray[np.float64]) -> tuple[VectorField, ...]:
    """Return the vector field of each landmark of one stage."""
    in_samples = (unit_mm / grid.spacing_mm).astype(np.float32)
    displacement, weight = stage.displacement_mm.cpu().numpy(), stage.weight.cpu().numpy()
    fields = []
    for row, index_from_cell in enumerate(_points(stage.index_from_cell)):
        along_axes = np.moveaxis(displacement[row], 0, -1) * in_samples
        cells = Grid(weight.shape[1:], grid.mm_from_index @ np.vstack([index_from_cell, np.eye(grid.ndim + 1)[-1]]))
        fields.append(VectorField(grid.vectors_to_mm(along_axes).astype(np.float32), weight[row], cells))
    return tuple(fields)
