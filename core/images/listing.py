"""What paths stand for: the one answer for viewer, batch, training and projects.

A file, a folder, a DICOMDIR, a slice of a series, a folder with pictures and DICOM: each becomes a list of images, each
once, and with the series to read and a name for its results. Names come from files and folders, never from what is
written in them. Reads headers, never pixels, and may wait for a slow disk.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.base.errors import ImageReadError
from core.images.dicom.header import quiet_pydicom, read_dataset, value_of
from core.images.dicom.series import Series, find_series, is_dicomdir
from core.images.formats import DICOM, IMAGE_SUFFIXES, format_of, has_image_suffix, image_name
from core.images.itk import unreadable_error

ShouldStop = Callable[[], bool] | None
Progress = Callable[[float, str], None] | None


@dataclass(frozen=True)
class ListedImage:
    """One image.

    Attributes
    ----------
    path
        The file, or the folder of the series' files.
    name
        What its results are called, without a suffix.
    series
        The DICOM series, where it is one: what `core.images.file.read_image` takes with ``path``.
    label
        What to call it in messages: its path, and which series of several.
    """

    path: Path
    name: str
    series: Series | None = None
    label: str = ""

    def __str__(self) -> str:
        return self.label or str(self.path)


@dataclass(frozen=True)
class Listing:
    """The images that paths stand for.

    Attributes
    ----------
    images
        Each once, in the order of the paths; in a folder ``scan2`` before ``scan10``. A file that was named is here whatever is
        wrong with it, which is said when it is read. Planning images and screenshots beside other series are not here.
    series
        All DICOM series that were found, planning images too; those of each path in the order in which to propose them.
    notes
        Sentences for the person: what was left out, or taken whole.
    problems
        A folder among the paths that cannot be read or holds no image.
    """

    images: tuple[ListedImage, ...]
    series: tuple[Series, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[ImageReadError, ...] = ()


def series_key(image: ListedImage) -> str:
    """Return what tells the series of an image from others at its path, without a value of its headers.

    Empty where the path alone leads to it, as to every picture and to a file that is one of the slices.
    """
    series = image.series
    if series is None or (image.path in series.paths and not series.part):
        return ""
    return hashlib.sha256(f"{min(file.name for file in series.paths)}\0{series.part}".encode()).hexdigest()[:16]


def image_at(path: Path, key: str, should_stop: ShouldStop = None) -> ListedImage:
    """Return the image of a path and a `series_key`.

    Raises
    ------
    ImageReadError
        The path cannot be read, or there is no such series any more.
    Cancelled
        ``should_stop`` answered True.
    """
    if not key:
        return ListedImage(path, image_name(path))
    for series in find_series(path, should_stop):
        image = ListedImage(path, image_name(path), series)
        if series_key(image) == key:
            return image
    raise ImageReadError(f"The series that was chosen is no longer in {path}.", "Open the folder again and choose it.")


def list_images(paths: Sequence[Path], should_stop: ShouldStop = None, progress: Progress = None) -> Listing:
    """Find out what ``paths`` stand for.

    A folder stands for the images directly in it and for the DICOM series in it and below; a DICOMDIR for the series it lists;
    a DICOM slice for its series; any other file for itself.

    Parameters
    ----------
    paths
        Files and folders.
    should_stop
        Asked between files; when it answers True, `Cancelled` is raised.
    progress
        Called with the fraction of a folder that is done and what is done.

    Raises
    ------
    Cancelled
        ``should_stop`` answered True.
    """
    images: dict[tuple[frozenset[str], str], ListedImage] = {}
    series: list[Series] = []
    notes: list[str] = []
    problems: list[ImageReadError] = []
    taken: set[str] = set()
    for path in paths:
        if os.path.realpath(path) in taken:
            continue
        try:
            found = _in_folder(path, should_stop, progress) if path.is_dir() else _at_file(path, should_stop, progress)
        except ImageReadError as error:
            problems.append(error)
            continue
        series.extend(found.series)
        notes.extend(found.notes)
        for image in found.images:
            files = frozenset(os.path.realpath(file) for file in _files_of(image))
            images.setdefault((files, image.series.part if image.series else ""), image)
            taken |= files
    return Listing(tuple(images.values()), tuple(series), tuple(notes), tuple(problems))


def _files_of(image: ListedImage) -> tuple[Path, ...]:
    return image.series.paths if image.series else (image.path,)


def _at_file(path: Path, should_stop: ShouldStop, progress: Progress) -> Listing:
    itself = ListedImage(path, image_name(path))
    try:
        is_directory = is_dicomdir(path)
        found = find_series(path, should_stop, progress) if is_directory or format_of(path) is DICOM else ()
    except (OSError, ImageReadError):
        return Listing((itself,))
    if is_directory or len(found) > 1:
        listing = _of_series(path.parent, found)
        return listing if listing.images else Listing((itself,))
    if not found:
        return Listing((itself,))
    count = len(found[0].paths)
    whole = f"{path}: The file is one of {count} slices of a series in its folder, which is taken whole."
    return Listing((replace(itself, series=found[0]),), found, (whole,) if count > 1 else ())


def _in_folder(folder: Path, should_stop: ShouldStop, progress: Progress) -> Listing:
    found = find_series(folder, should_stop, progress)
    in_series = {path for series in found for path in series.paths}
    try:
        files = [file for file in folder.iterdir() if file not in in_series and file.is_file() and _is_meant(file)]
    except OSError as error:
        raise unreadable_error(folder, error) from error
    listing = _of_series(folder, found)
    images = [*(ListedImage(file, image_name(file)) for file in files), *listing.images]
    if not images:
        raise ImageReadError(
            f"The folder {folder} holds no image that Cairn can read.",
            f"Choose a folder with DICOM slices or with files that end in {', '.join(IMAGE_SUFFIXES)}, or the files themselves.",
        )
    return replace(listing, images=tuple(sorted(images, key=_natural)))


def _natural(image: ListedImage) -> list[tuple[int, str]]:
    """Return a key by which ``scan2`` comes before ``scan10``."""
    parts = re.split(r"(\d+)", str(image.path).lower())
    return [(int(part) if part.isdecimal() else 0, part) for part in parts]


def _is_meant(file: Path) -> bool:
    """Tell which files beside DICOM series a person means: hidden ones and DICOM files that hold no image never."""
    if file.name.startswith("."):
        return False
    try:
        if format_of(file) is DICOM:
            return not is_dicomdir(file) and not _is_intact(file)
    except (OSError, ImageReadError):
        pass  # one file that cannot be opened costs no other; whether it was meant, its name says
    return has_image_suffix(file)


@quiet_pydicom
def _is_intact(file: Path) -> bool:
    try:
        return bool(value_of(read_dataset(file, ["SOPClassUID"]), "SOPClassUID"))
    except ImageReadError:
        return False


def _of_series(root: Path, found: Sequence[Series]) -> Listing:
    """Return the images of the series below ``root``, with names that tell them apart."""
    wanted = [series for series in found if not series.localizer] or list(found)
    left_out = len(found) - len(wanted)
    notes = (f"{root}: planning images and screenshots were left out ({left_out}).",) if left_out else ()
    images = [image_of(series) for series in wanted]
    alike = Counter(image.path for image in images)
    numbers = Counter((image.path, image.series.number) for image in images if image.series)
    counted: Counter[Path] = Counter()
    for at, image in enumerate(images):
        if alike[image.path] > 1 and image.series is not None:
            counted[image.path] += 1
            own = image.series.number
            number = own if own is not None and numbers[image.path, own] == 1 else counted[image.path]
            images[at] = replace(image, name=f"{image.name}-{number}", label=f"{image.path} (series {number})")
    names = Counter(image.name.casefold() for image in images)
    images = [
        replace(image, name="-".join((*image.path.relative_to(root).parts[:-1], image.name)))
        if names[image.name.casefold()] > 1 and image.path.is_relative_to(root) and image.path != root
        else image
        for image in images
    ]
    return Listing(tuple(images), tuple(found), notes)


def image_of(series: Series) -> ListedImage:
    """Return the image that a series is, named after its folder, or after its file where it has only one."""
    path = series.paths[0]
    if len(series.paths) > 1:
        path = Path(os.path.commonpath([file.parent for file in series.paths]))
    return ListedImage(path, image_name(path), series)
