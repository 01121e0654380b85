"""How much memory is there, and refusing in time what would not fit.

Asked before anything big is read, so that a person gets a sentence with two figures instead of a computer that stands still.
Knows nothing of images.
"""

from core.base.errors import ImageReadError


def available_bytes() -> int:
    """Return how many bytes programs can still take without swapping."""
    import psutil  # here, since no window is to wait for it

    return int(psutil.virtual_memory().available)


def require_memory(needed_bytes: int, name: str) -> None:
    """Raise `ImageReadError`, with both figures, where opening ``name`` takes more memory than there is."""
    available = available_bytes()
    if needed_bytes > available:
        raise ImageReadError(
            f"{name} needs {_amount(needed_bytes)} of memory, but only {_amount(available)} is available.",
            "Close other programs, use a computer with more memory, or export the image at a lower resolution or in parts.",
        )


def memory_error(name: str) -> ImageReadError:
    """Return the error for memory that ran out although it looked enough."""
    return ImageReadError(
        f"There is not enough memory to open {name}.", "Close other programs, or use a computer with more memory."
    )


def _amount(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"
