"""The models that come with Cairn, and which of them fits an image."""

from pathlib import Path

from core.base.assets import assets_folder
from core.base.errors import AppError, ModelFileError
from core.models.metadata import ModelInfo, read_model_info


def bundled_models() -> dict[Path, ModelInfo]:
    """Return the bundled model files with their metadata, by name."""
    return {path: read_model_info(path) for path in sorted((assets_folder() / "models").glob("*.pt"))}


def is_bundled(path: Path) -> bool:
    """Tell by its place whether a model file comes with Cairn; nothing is looked for."""
    try:
        return path.absolute().is_relative_to(assets_folder() / "models")
    except AppError:
        return False


def bundled_model_for(ndim: int) -> Path:
    """Return the bundled model for images of ``ndim`` axes.

    Raises
    ------
    ModelFileError
        There is none.
    """
    for path, info in bundled_models().items():
        if info.ndim == ndim:
            return path
    raise ModelFileError(
        f"No bundled model analyses {ndim}D images.",
        "Choose a model file yourself (on the command line: --model FILE).",
    )
