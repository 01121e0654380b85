"""What the names of files tell: images or landmarks, and which names are proposed. Opens no file."""

from pathlib import Path

from core.assets import assets_folder
from core.errors import AppError
from core.image_io import image_name
from core.landmark_io import READABLE_SUFFIXES, WRITABLE_SUFFIXES


def is_landmark_file(path: Path) -> bool:
    """Tell by its name whether a file holds landmarks rather than an image."""
    return path.name.lower().endswith(READABLE_SUFFIXES)


def can_be_written(path: Path) -> bool:
    """Tell by its name whether landmarks can be written to a file; some formats are only read."""
    return path.name.lower().endswith(WRITABLE_SUFFIXES)


def landmarks_path_beside(image_path: Path) -> Path:
    """Return the CSV file beside an image, or beside a folder of slices, that has its name: ``scan.csv`` for ``scan.nii.gz``."""
    whole = image_path.absolute()  # a folder may be called "." or be the root of a drive
    return whole.parent / f"{image_name(whole)}.csv"


def sample_path() -> Path | None:
    """Return the bundled sample, None where there is none."""
    try:
        path = assets_folder() / "samples" / "cephalogram.png"
    except AppError:
        return None
    return path if path.is_file() else None
