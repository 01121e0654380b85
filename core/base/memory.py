"""How much memory is there, and refusing in time what would not fit.

Asked before anything big is read, so that a person gets a sentence with two figures instead of a computer that stands still.
Knows nothing of images.
"""

import ctypes
import os
import re
import sys
from pathlib import Path

from core.base.errors import ImageReadError

_MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int | None:
    """Return how many bytes programs can still take; None where the system does not tell.

    Where only the size of the whole memory can be learnt (macOS) that is returned: what is larger can never fit.
    """
    if sys.platform == "win32":
        return _available_on_windows()
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", _MEMINFO.read_text(encoding="ascii"))
        if found:
            return int(found.group(1)) * 1024
    except (OSError, UnicodeDecodeError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def require_memory(needed_bytes: int, name: str) -> None:
    """Raise `ImageReadError`, with both figures, where opening ``name`` takes more memory than there is."""
    available = available_bytes()
    if available is not None and needed_bytes > available:
        raise ImageReadError(
            f"{name} needs {_amount(needed_bytes)} of memory, but only {_amount(available)} are available.",
            "Close other programs, use a computer with more memory, or export the image coarser or in parts.",
        )


def memory_error(name: str) -> ImageReadError:
    """Return the error for memory that ran out although it looked enough."""
    return ImageReadError(
        f"There is not enough memory to open {name}.", "Close other programs, or use a computer with more memory."
    )


def _amount(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"


def _available_on_windows() -> int | None:
    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "available", "total_page", "available_page")),
            *((name, ctypes.c_ulonglong) for name in ("total_virtual", "available_virtual", "available_extended")),
        )

    status = MemoryStatus()
    status.length = ctypes.sizeof(status)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  # exists on Windows only
    return int(status.available) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None
