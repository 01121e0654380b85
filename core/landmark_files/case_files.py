"""Folders with a file for each image, in one of the formats of single images: many cases without a format of their own.

Knows no format: what reads and writes one file is handed to it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.landmark_files.collection import CaseMarks
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.image_names import file_stems
from core.landmark_files.text_file import text_of
from core.values.landmarks import Landmarks

Read = Callable[[str, Path, Wanted], Found]
Write = Callable[[Landmarks, Written], str]


@dataclass(frozen=True)
class FileRecord:
    """A file that belongs to the image of its name; a `core.landmark_files.collection.Record`.

    Attributes
    ----------
    path
        The file, which is opened when its landmarks are asked for.
    image_name
        Its name without suffix.
    read
        What reads such a file.
    """

    path: Path
    image_name: str
    read: Read
    group: str = ""

    @property
    def where(self) -> str:
        """The file, as a sentence about it begins."""
        return self.path.name

    def placed(self, wanted: Wanted) -> Found:
        """Return the landmarks of the file; raises `LandmarkFileError` where it is damaged or of another image."""
        return self.read(text_of(self.path), self.path, wanted)


def files_reader(suffix: str, read: Read) -> Callable[[Path], Sequence[FileRecord]]:
    """Return what makes records of the files with that suffix in a folder, or of one such file."""

    def records(path: Path) -> list[FileRecord]:
        files = [path] if path.is_file() else sorted(path.iterdir())
        return [
            FileRecord(file, file.name[: -len(suffix)], read)
            for file in files
            if file.name.lower().endswith(suffix) and not file.name.startswith(".")
        ]

    return records


def files_writer(suffix: str, write: Write) -> Callable[[Sequence[CaseMarks]], Iterator[tuple[str, str]]]:
    """Return what gives the file of each case with its name."""

    def files(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, str]]:
        for case, stem in zip(cases, file_stems([case.image.name for case in cases]), strict=True):
            written = Written(case.image.without_pixels, case.reader)
            yield f"{stem}{suffix}", write(case.landmarks, written)

    return files


def has_files(suffix: str) -> Callable[[Path], bool]:
    """Return what tells whether a path is a folder with files of that suffix."""
    return lambda path: path.is_dir() and any(file.name.lower().endswith(suffix) for file in path.iterdir())
