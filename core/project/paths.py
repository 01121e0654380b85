"""How a project file names the images of its cases: relative to its folder, so that both can move together.

Text only, for every file system: names that are no UTF-8 are kept as bytes. Looks for no file but in `found_beside`.
"""

import os
from contextlib import suppress
from pathlib import Path, PurePath

SUFFIX = ".cairn"
"""What the names of project files end in."""
Stored = str | bytes
"""A path as the project file holds it."""


def models_folder(project: Path) -> Path:
    """Return where the models lie that were made from a project: the folder ``NAME models`` beside ``NAME.cairn``."""
    return project.with_name(f"{project.stem} models")


def stored(path: Path, folder: Path | None) -> Stored:
    """Return how a project in ``folder`` names the absolute ``path``; None for the unnamed project, which never moves.

    Relative with forward slashes where both lie on the same drive, else absolute.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - a link stays a link
    if folder is not None:
        with suppress(ValueError):  # on another drive of Windows
            text = PurePath(os.path.relpath(text, folder)).as_posix()
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def absolute(stored_path: Stored, folder: Path) -> Path:
    """Return where a path of a project in ``folder`` leads; nothing is looked for."""
    text = stored_path if isinstance(stored_path, str) else os.fsdecode(stored_path)
    return Path(os.path.normpath(folder / text))


def found_beside(path: Path, folder: Path) -> Path | None:
    """Return an image that moved together with its project: the longest end of ``path`` that exists below ``folder``."""
    parts = path.parts[1:] if path.is_absolute() else path.parts
    for start in range(len(parts)):
        candidate = folder.joinpath(*parts[start:])
        if candidate != path and candidate.exists():
            return candidate
    return None
