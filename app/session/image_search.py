"""What the viewer opens for paths, one image after the other, as `core.images.listing` lists them.

Looks at the first path only, so that the first image of many is soon there. Touches the disk, which may be slow: runs in jobs,
never in the main thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.base.errors import ImageReadError
from core.images.dicom.series import Series, is_dicomdir
from core.images.formats import DICOM, format_of
from core.images.listing import list_images


@dataclass(frozen=True)
class Found:
    """What paths stand for.

    Attributes
    ----------
    paths
        What can be opened one after the other: mostly the paths themselves. A folder is followed, where it holds DICOM, or else
        replaced by the other images in it; further slices of a series of which one is opened are left out.
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
        several = first.is_dir() or is_dicomdir(first)
        if not several and not (others and format_of(first) is DICOM):
            return Found(paths)
    except FileNotFoundError:
        return Found(paths)  # whoever reads it says so
    except OSError as error:
        raise ImageReadError(
            f"{first} cannot be opened ({error.strerror}).", "Check its permissions and that its drive is connected."
        ) from error
    listing = list_images([first], should_stop, progress)
    if listing.problems:
        raise listing.problems[0]
    files = [image.path for image in listing.images if image.series is None and image.path != first]
    known = {*files, *(path for series in listing.series for path in series.paths)}
    itself = [] if several and not listing.series and files else [first]
    return Found((*itself, *files, *(path for path in others if path not in known)), listing.series)
