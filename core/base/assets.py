"""Where the bundled models, samples, icons and schemes lie: in a checkout, an installation or the frozen application."""

import sys
from pathlib import Path

from core.base.errors import AppError


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
