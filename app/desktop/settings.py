"""What a person has chosen and what they opened last, kept from one start to the next in ``settings.ini``.

Holds choices, sizes and paths that the person chose; never a value of an image or of a DICOM header. Values that no longer
make sense are as good as none. Shows nothing and applies nothing.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from platformdirs import user_config_path
from PySide6.QtCore import QSettings

SCHEMA_VERSION = 1
MOST_RECENT = 10
"""How many files the list of recent ones holds."""

_Choice = TypeVar("_Choice", bound=StrEnum)


def settings_path() -> Path:
    """Return where the settings lie, or would."""
    return user_config_path("Cairn", appauthor=False) / "settings.ini"


class Settings:
    """Values by name.

    Parameters
    ----------
    path
        The INI file. None remembers for as long as this object lives. A file that a later Cairn wrote with another version
        is neither read nor changed.

    Attributes
    ----------
    folder
        Where the INI file lies, and what else of a person's own is looked for; None for nowhere.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._values: dict[str, str] = {}
        self._file: QSettings | None = None
        self.folder = None if path is None else path.parent
        if path is None:
            return
        file = QSettings(str(path), QSettings.Format.IniFormat)
        version = str(file.value("schema_version", ""))
        if version in ("", str(SCHEMA_VERSION)):
            self._values = {key: str(file.value(key)) for key in file.allKeys()}
            self._file = file

    # Values of any kind

    def text(self, key: str) -> str:
        """Return a text, empty where there is none."""
        return self._values.get(key, "")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return whether something is on."""
        return {"true": True, "false": False}.get(self.text(key), default)

    def choice(self, key: str, default: _Choice) -> _Choice:
        """Return one of the members of an enumeration."""
        kind = type(default)
        return kind(self.text(key)) if self.text(key) in [member.value for member in kind] else default

    def numbers(self, key: str) -> tuple[int, ...]:
        """Return whole numbers, none where one of them is no such number."""
        try:
            return tuple(int(part) for part in self.text(key).split())
        except ValueError:
            return ()

    def path(self, key: str) -> Path | None:
        """Return a path, None where there is none."""
        return Path(self.text(key)) if self.text(key) else None

    def paths(self, key: str) -> tuple[Path, ...]:
        """Return a list of paths, none where it is no such list."""
        try:
            names = json.loads(self.text(key) or "[]")
        except ValueError:
            return ()
        if not isinstance(names, list):
            return ()
        return tuple(Path(name) for name in names if isinstance(name, str) and name)

    def set_paths(self, key: str, paths: Sequence[Path]) -> None:
        """Remember a list of paths; an empty one forgets it."""
        self.set(key, json.dumps([str(path) for path in paths]) if paths else None)

    def set(self, key: str, value: str | Path | bool | Sequence[int] | None) -> None:
        """Remember a value; None forgets it."""
        if value is None:
            self._values.pop(key, None)
            if self._file is not None:
                self._file.remove(key)
            return
        if isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = str(value) if isinstance(value, str | Path) else " ".join(str(number) for number in value)
        if self._values.get(key) == text:
            return
        self._values[key] = text
        if self._file is not None:
            self._file.setValue("schema_version", str(SCHEMA_VERSION))
            self._file.setValue(key, text)

    # Recent files

    @property
    def remembers_files(self) -> bool:
        """Whether the files that were opened are remembered."""
        return self.flag("recent/remember", default=True)

    @remembers_files.setter
    def remembers_files(self, wanted: bool) -> None:
        self.set("recent/remember", wanted)
        if not wanted:
            self.clear_recent_files()

    @property
    def recent_files(self) -> tuple[Path, ...]:
        """The files opened last, the latest first; they may be gone by now."""
        return self.paths("recent/files")[:MOST_RECENT]

    def add_recent_file(self, path: Path) -> None:
        """Put a file at the head of the list, if files are remembered at all."""
        if self.remembers_files:
            files = [path, *(other for other in self.recent_files if other != path)]
            self.set_paths("recent/files", files[:MOST_RECENT])

    def clear_recent_files(self) -> None:
        """Forget which files were opened, and where they lay."""
        self.set("recent/files", None)
        self.set("folders/images", None)
