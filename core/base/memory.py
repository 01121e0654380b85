"""How much memory is there, and refusing in time what would not fit.

Asked before anything big is read, so that a person gets a sentence with two figures instead of a computer that stands still.
Knows nothing of images.
"""

from core.base.errors import ImageReadError

_TORCH_SAYS = ("out of memory", "not enough memory", "can't allocate memory")
"""What its errors contain when memory runs out; they have no type of their own on the CPU."""


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
        ) from MemoryError()


def memory_error(name: str) -> ImageReadError:
    """Return the error for memory that ran out although it looked enough."""
    return ImageReadError(
        f"There is not enough memory to open {name}.", "Close other programs, or use a computer with more memory."
    )


def is_lack_of_memory(error: BaseException) -> bool:
    """Tell whether memory that ran out, or would have, is behind an error: then it may go well once other work is done."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or any(words in str(cause) for words in _TORCH_SAYS):
            return True
        cause = cause.__cause__
    return False


def _amount(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"
