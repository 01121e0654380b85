"""Writing files so that nothing is ever half written, and naming files by their content.

A file appears under its final name only when it is whole: it is written beside it under a temporary name and renamed.
"""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_PREFIX = ".tmp-"
"""How the name of a file begins that is being written, or was when its process was killed."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` on success, remove it on any failure.

    Where ``path`` is a symbolic link, the file that it points to is written, and the link stays.

    The temporary name keeps the suffixes of ``path``, since libraries choose formats by them. Raises `OSError` where the
    folder cannot be written to; an existing file is then untouched.
    """
    path = Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())  # a full disk or a lost drive may say so only now; the old file is still there
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def reason_of(error: OSError) -> str:
    """Return in a few words why the file system refused something."""
    return (error.strerror or type(error).__name__).lower()


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 digest of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
