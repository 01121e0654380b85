"""What there is to open at a path: a file, the DICOM series of a folder or DICOMDIR, or a folder's images one by one.

Touches the disk, which may be slow: runs in jobs, never in the main thread. Reads no pixels and decides nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.base.errors import ImageReadError
from core.images.dicom.series import Series, find_series, is_dicomdir
from core.images.formats import DICOM, format_of, has_image_suffix


@dataclass(frozen=True)
class Found:
    """What paths stand for.

    Attributes
    ----------
    paths
        What can be opened one after the other: mostly the paths themselves, but the images of a folder in place of the folder
        where it holds no DICOM, and no further slices of a series of which one is opened.
    series
        DICOM series the first path stands for, the one to propose first; none where it is opened as it is.
    """

    paths: tuple[Path, ...]
    series: tuple[Series, ...] = ()


def find_images(
    paths: tuple[Path, ...], *, progress: Callable[[float, str], None], should_stop: Callable[[], bool]
) -> Found:
    """Find out what the first of ``paths`` stands for, and what then remains of the others.

    Raises
    ------
    ImageReadError
        It cannot be read, or it is a folder without an image.
    Cancelled
        ``should_stop`` said so.
    """
    first, others = paths[0], paths[1:]
    try:
        is_folder = first.is_dir()
        if is_folder or is_dicomdir(first):
            series = find_series(first, should_stop, progress)
            return Found(paths, series) if series else Found((*_images_of(first, is_folder), *others))
        if others and format_of(first) is DICOM:
            series = find_series(first, should_stop, progress)
            slices = {path for found in series for path in found.paths}
            return Found((first, *(path for path in others if path not in slices)), series)
    except FileNotFoundError:
        pass  # whoever reads it says so
    except OSError as error:
        raise ImageReadError(
            f"{first} cannot be opened ({error.strerror}).", "Check its permissions and that its drive is connected."
        ) from error
    return Found(paths)


def _images_of(path: Path, is_folder: bool) -> list[Path]:
    images = sorted(filter(_is_image, path.iterdir()), key=_natural) if is_folder else []
    if not images:
        raise ImageReadError(
            f"{path} holds no image that Cairn can read.",
            "Open a folder with DICOM slices, or one with PNG, JPEG, TIFF, BMP, NIfTI, NRRD or MetaImage files.",
        )
    return images


def _is_image(path: Path) -> bool:
    return has_image_suffix(path) and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a key by which ``scan2`` comes before ``scan10``."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part) if part.isdecimal() else 0, part) for part in parts]
