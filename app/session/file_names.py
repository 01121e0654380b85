"""What the names of files tell: images or landmarks, and which names are proposed. Opens no file."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from pathlib import Path

from core.base.assets import assets_folder
from core.base.errors import AppError
from core.images.formats import image_name
from core.landmark_files.collection_formats import NAMING_SUFFIXES
from core.landmark_files.formats import LOSSLESS_SUFFIXES, WRITABLE_SUFFIXES, suffix_of
from core.project.case_list import CASE_LIST_SUFFIXES


class Sample(StrEnum):
    """The images that come with Cairn, by the names of their files."""

    XRAY = "cephalogram.png"
    VOLUME = "mouse_skull.nii.gz"


def is_landmark_file(path: Path) -> bool:
    """Tell by its name whether a file holds landmarks rather than an image."""
    return suffix_of(path) is not None


def may_name_images(path: Path) -> bool:
    """Tell by its name whether a file may hold the landmarks of many images, and name these."""
    return path.suffix.lower() in NAMING_SUFFIXES and not keeps_everything(path)


def may_list_cases(path: Path) -> bool:
    """Tell by its name whether a path may be a table of cases, or a folder in which landmarks lie apart from their images."""
    return path.suffix.lower() in CASE_LIST_SUFFIXES or not path.suffix


def can_be_written(path: Path) -> bool:
    """Tell by its name whether landmarks can be written to a file; some formats are only read."""
    return suffix_of(path, WRITABLE_SUFFIXES) is not None


def keeps_everything(path: Path) -> bool:
    """Tell by its name whether all that is known of landmarks can be kept in a file, so that work saved there is safe."""
    return suffix_of(path, WRITABLE_SUFFIXES) in LOSSLESS_SUFFIXES


def landmarks_path_beside(image_path: Path) -> Path:
    """Return the CSV file beside an image, or beside a folder of slices, that has its name: ``scan.csv`` for ``scan.nii.gz``.

    The landmarks of a sample belong to a person's own folder, not among Cairn's files.
    """
    whole = image_path.absolute()  # a folder may be called "." or be the root of a drive
    folder = Path.home() if whole in map(sample_path, Sample) else whole.parent
    return folder / f"{image_name(whole)}.csv"


def numbered(path: Path) -> Iterator[Path]:
    """Yield the names like that of a landmark file which saving proposes where it is taken: ``scan 2.csv``, ``scan 3.csv``."""
    suffix = suffix_of(path) or ""
    stem = path.name[: len(path.name) - len(suffix)]
    return (path.with_name(f"{stem} {number}{suffix}") for number in count(2))


def sample_path(sample: Sample) -> Path | None:
    """Return where a sample lies, None where it is missing."""
    try:
        path = assets_folder() / "samples" / sample
    except AppError:
        return None
    return path if path.is_file() else None
