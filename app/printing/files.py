"""Puts what was drawn into a file: whole or not at all."""

from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of, written_whole


def write_drawn(path: Path, content: bytes) -> None:
    """Write a file; one that is there is replaced.

    Raises
    ------
    AppError
        It cannot be written.
    """
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error
