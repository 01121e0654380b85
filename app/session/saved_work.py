"""Reads landmark files for the viewer, and finds the one in which earlier work on an image lies.

Touches the disk: runs in jobs, never in the main thread. Shows nothing and asks nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from app.session.file_names import landmarks_path_beside, numbered
from core.base.errors import AppError, PixelSizeNeeded
from core.base.files import sha256_of
from core.landmark_files.file import Belonging, LandmarkFile, belongs_to, read_landmark_file
from core.landmark_files.formats import LOSSLESS_SUFFIXES, needs_names
from core.values.image import Image
from core.values.landmarks import Status


@dataclass(frozen=True)
class ReadFile:
    """A landmark file that was read.

    Attributes
    ----------
    path
        Where it lies.
    content
        What it holds.
    digest
        SHA-256 of its bytes, by which a later change by somebody else is noticed.
    """

    path: Path
    content: LandmarkFile
    digest: str


@dataclass(frozen=True)
class SavedWork:
    """What was found for an image.

    Attributes
    ----------
    file
        The latest landmark file of the image, None where there is none.
    foreign
        Files that have the image's name and are not opened by themselves, each with the reason in one sentence.
    """

    file: ReadFile | None = None
    foreign: tuple[tuple[Path, str], ...] = ()


def read_file(path: Path, image: Image, names: Sequence[str] | None, *, mm_is_px: bool = False) -> ReadFile:
    """Read a landmark file of ``image``; ``names`` are those of the landmarks, for files that hold positions only.

    Raises
    ------
    LandmarkFileError
        It cannot be read.
    PixelSizeNeeded
        It is in mm and neither it nor the image knows the pixel size.
    """
    try:
        digest = sha256_of(path)
    except OSError:
        digest = ""  # reading it says what is wrong
    wanted = names if needs_names(path) else None
    return ReadFile(path, read_landmark_file(path, names=wanted, image=image, mm_is_px=mm_is_px), digest)


def find_saved_work(image: Image, remembered: Path | None) -> SavedWork:
    """Return the landmark file of ``image``: the one ``remembered`` from this session, else the latest one beside it.

    A file beside an image is the image's by its name, which is numbered where saving found it taken. One that says it belongs to
    another image is not opened by itself, nor is one in mm where nobody knows the pixel size, nor a mere list of names.
    """
    beside = landmarks_path_beside(image.source.path)
    named = [beside.with_suffix(suffix) for suffix in LOSSLESS_SUFFIXES]
    others = [other for path in named for other in takewhile(_exists, numbered(path))]
    latest_first = sorted([*named, *others], key=_changed_s, reverse=True)
    candidates = latest_first if remembered is None else [remembered, *latest_first]
    foreign = []
    for path in dict.fromkeys(candidates):
        try:
            read = read_file(path, image, None)
        except PixelSizeNeeded as error:
            foreign.append((path, error.message))
            continue
        except AppError:
            continue  # there is no such file, or it is another kind of table that has the image's name
        stranger = other_image(read.content, image)
        if path in others and belongs_to(read.content, image) is not Belonging.YES:
            continue  # its name alone says nothing
        if stranger:
            foreign.append((path, f"{path.name} was made on {stranger}."))
        elif any(status is not Status.UNPLACED for status in read.content.landmarks.status):
            return SavedWork(read, tuple(foreign))
    return SavedWork(None, tuple(foreign))


def other_image(content: LandmarkFile, image: Image) -> str:
    """Return, for a person, which image a file was written for; empty where that is ``image``, or where nothing is said of it."""
    belonging = belongs_to(content, image)
    if belonging is Belonging.NO:
        return content.image_name or "another image"
    # The same name and another content: saved anew, or another patient's. Only a person can tell.
    return f"another {content.image_name}" if belonging is Belonging.UNKNOWN and content.image_name else ""


def _exists(path: Path) -> bool:
    return _changed_s(path) > 0


def _changed_s(path: Path) -> float:
    """Return when a file was last written, the beginning of time where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
