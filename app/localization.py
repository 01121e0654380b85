"""Applies a model file to an image, in a worker thread.

The only module of the app that loads torch, and only when it is called: until then the window has long been up.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Cancelled
from core.types import Image, Prediction

if TYPE_CHECKING:
    from core.model_file import Model


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
    from core.inference import localize

    progress(-1.0, "Loading the model")
    model = _loaded_model(model_path, model_path.stat().st_mtime_ns if model_path.exists() else 0)
    if should_stop():
        raise Cancelled("Localization was cancelled.")
    return localize(image, model, progress=progress, should_stop=should_stop)


@lru_cache(maxsize=1)
def _loaded_model(path: Path, changed_ns: int) -> "Model":  # noqa: ARG001 - a file that changed is another model
    from core.model_file import load_model

    return load_model(path)
