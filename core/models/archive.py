"""The archive that a model file is: its members, read within bounds and without torch, and extra ones put in.

What the members mean is not known here. Whatever the bytes are, nothing is unpacked beyond what the caller allows.
"""

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

DAMAGED = (
    OSError,
    EOFError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)
"""What `zipfile` raises on archives that are damaged, hostile, or beyond what it can do."""

_EXTRA = "/extra/"


class TooLargeError(ValueError):
    """A member is larger than the caller allows."""


def read_extra(path: Path, name: str, most_bytes: int) -> bytes | None:
    """Return the extra file ``name`` of a model file, None where it has none.

    Raises
    ------
    TooLargeError
        It is longer than ``most_bytes``, or says so.
    Exception
        One of `DAMAGED`: the file is no archive or a damaged one.
    """
    with zipfile.ZipFile(path) as archive:
        inside = [item for item in archive.infolist() if item.filename.endswith(_EXTRA + name)]
        return _unpacked(archive, inside[0], most_bytes) if inside else None


def read_records(path: Path, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """Return the records of a TorchScript archive, such as ``data/3``, that have just the ``sizes`` given in bytes.

    Only what is stored as it is: what torch writes is, and then no archive unpacks to more than its own length.

    Raises
    ------
    ValueError
        One is missing, compressed, or of another size.
    Exception
        One of `DAMAGED`.
    """
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        members = _records(archive)
        for name, size in sizes.items():
            item = members.get(name)
            if item is None or item.compress_type != zipfile.ZIP_STORED or item.file_size != size:
                raise ValueError(f"no record {name} of {size} bytes")
            found[name] = _unpacked(archive, item, size)
    return found


def record_sizes(path: Path) -> dict[str, int]:
    """Return the bytes of each record of a TorchScript archive, by names such as ``data/3``."""
    with zipfile.ZipFile(path) as archive:
        return {name: item.file_size for name, item in _records(archive).items()}


def add_extras(path: Path, contents: Mapping[str, bytes]) -> None:
    """Put extra files into an archive that torch wrote; what it holds already keeps its bytes.

    Raises
    ------
    ValueError
        It has an extra file of such a name, or none at all.
    OSError
        It cannot be written.
    """
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        names = archive.namelist()
        folders = {name[: name.index(_EXTRA)] for name in names if _EXTRA in name}
        wanted = [f"{folder}{_EXTRA}{name}" for folder in folders for name in contents]
        if len(folders) != 1 or set(wanted) & set(names):
            raise ValueError("the archive has these extra files already, or none at all")
        for name, content in zip(wanted, contents.values(), strict=True):
            archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo: without the time, the same bytes at every call


def _records(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members by what torch calls them: without the folder that is the archive's own name."""
    return {item.filename.partition("/")[2]: item for item in archive.infolist()}


def _unpacked(archive: zipfile.ZipFile, item: zipfile.ZipInfo, most_bytes: int) -> bytes:
    if item.file_size > most_bytes:
        raise TooLargeError(item.filename)
    with archive.open(item) as member:
        content = member.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TooLargeError(item.filename)
    return content
