"""Where the bundled models and samples lie: in a checkout, in an installed distribution, or in the frozen application."""

import sys
from pathlib import Path

from core.base.errors import AppError, ModelFileError
from core.models.metadata import ModelInfo, read_model_info


def assets_folder() -> Path:
    """Return the folder that holds ``models``, ``samples``, ``icons`` and ``schemes``."""
    candidates = [
        Path(getattr(sys, "_MEIPASS", "")) / "assets" if hasattr(sys, "_MEIPASS") else None,
        Path(__file__).resolve().parents[2] / "assets",
        Path(sys.prefix) / "share" / "cairn-landmarks" / "assets",
    ]
    for folder in candidates:
        if folder is not None and (folder / "models").is_dir():
            return folder
    raise AppError("Cairn's bundled models and samples are missing.", "Install Cairn again.")


def bundled_models() -> dict[Path, ModelInfo]:
    """Return the bundled model files with their metadata, by name."""
    return {path: read_model_info(path) for path in sorted((assets_folder() / "models").glob("*.pt"))}


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
