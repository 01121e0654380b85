"""Applies a model file to an image, in a worker thread.

The only module of the app that loads torch, and only when it is called: until then the window has long been up.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.errors import AppError, Cancelled
from core.base.waiting import held
from core.values.image import Image
from core.values.prediction import Prediction

if TYPE_CHECKING:
    from core.models.file import Model

_LOADING = threading.Lock()


def localize_image(
    image: Image, model_path: Path, *, progress: Callable[[float, str], None], should_stop: Callable[[], bool]
) -> Prediction:
    """Find the landmarks of ``image`` with the model in ``model_path``.

    Raises
    ------
    ModelFileError, InferenceError
        The model cannot be loaded, or not be applied to this image.
    Cancelled
        ``should_stop`` said so.
    """
    progress(-1.0, "Starting up")
    from core.models.inference import localize

    progress(-1.0, "Loading the model")
    model = _loaded(model_path, should_stop)
    if should_stop():
        raise Cancelled("Localization was cancelled.")
    return localize(image, model, progress=progress, should_stop=should_stop)


def warm_up(
    model_path: Path | None,
    *,
    progress: Callable[[float, str], None],  # noqa: ARG001 - nobody watches
    should_stop: Callable[[], bool],
) -> None:
    """Load torch, and a model where one is named, so that the first image finds them ready.

    What goes wrong here is told when that image comes. It runs with the priority of any thread: one that the system seldom
    lets run would hold Python's lock while the window waits for it.
    """
    with suppress(AppError, ImportError, OSError, RuntimeError):
        import core.models.inference  # noqa: F401 - for the seconds it takes
        from core.models.devices import choose_device

        if model_path is not None and not should_stop():
            model = _loaded(model_path, should_stop)
            if not should_stop():
                model.on(choose_device())


def describe_device() -> str:
    """Return one sentence about the processor that the networks run on."""
    from core.models.devices import describe_device as describe

    return describe()


def _loaded(path: Path, should_stop: Callable[[], bool]) -> "Model":
    with held(_LOADING, should_stop):  # whoever comes second takes what the first has loaded
        return _loaded_model(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1)
def _loaded_model(path: Path, changed_ns: int) -> "Model":  # noqa: ARG001 - a file that changed is another model
    from core.models.file import load_model

    return load_model(path)
