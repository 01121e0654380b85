"""Whether a window can be opened here, asked before Qt is imported: without a display Qt ends the process."""

import os
import sys

from core.errors import AppError


def has_display() -> bool:
    """Tell whether Qt will find a screen, or was told which platform to use instead."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def require_display() -> None:
    """Raise an `AppError` where no window can be opened."""
    if not has_display():
        raise AppError(
            "There is no display to open a window on.",
            "Start Cairn on a desktop, or find landmarks without a window: cairn localize IMAGES --out FOLDER.",
        )
