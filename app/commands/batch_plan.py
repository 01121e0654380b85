"""What a batch works on: which images the files and folders stand for, and what their results are called.

A DICOM series is one image however many files it has. Names come from files and folders, never from what is written in them.
Reads headers, no pixels.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.base.errors import AppError, ImageReadError
from core.base.files import reason_of
from core.images.dicom.header import quiet_pydicom, read_dataset, value_of
from core.images.dicom.series import Series, find_series, is_dicomdir
from core.images.formats import DICOM, IMAGE_SUFFIXES, format_of, has_image_suffix, image_name

Say = Callable[[str], None]


@dataclass(frozen=True)
class BatchItem:
    """One image of a batch.

    Attributes
    ----------
    path
        The file, or the folder of the series' files.
    name
        What its result is called, without a suffix.
    series
        The DICOM series, where it is one.
    label
        What to call it in messages: its path, and which series of several.
    """

    path: Path
    name: str
    series: Series | None = None
    label: str = ""

    def __str__(self) -> str:
        return self.label or str(self.path)


def expand_folders(paths: Sequence[Path], say: Say = lambda _: None) -> list[BatchItem]:
    """Return the images that ``paths`` stand for, each once, in the order given.

    A folder stands for the images directly in it, by name, and for the DICOM series in it and below; a DICOMDIR for the series
    it lists; a DICOM slice for its series. Planning images and screenshots beside other series are left out, which ``say`` hears.

    Raises
    ------
    ImageReadError
        A folder holds no image, or cannot be read.
    """
    items: dict[tuple[frozenset[str], str], BatchItem] = {}
    taken: set[str] = set()
    for path in paths:
        if os.path.realpath(path) in taken:
            continue
        for item in _items_in(path, say) if path.is_dir() else _items_of(path, say):
            files = frozenset(os.path.realpath(file) for file in (item.series.paths if item.series else (item.path,)))
            items.setdefault((files, item.series.part if item.series else ""), item)
            taken |= files
    return list(items.values())


def plan_files(items: Sequence[BatchItem], out_folder: Path) -> list[tuple[BatchItem, Path]]:
    """Return each image with its CSV file.

    Raises
    ------
    AppError
        Two images have the same name, so that one result would overwrite the other.
    """
    taken: dict[str, BatchItem] = {}
    plan: list[tuple[BatchItem, Path]] = []
    for item in items:
        csv_path = out_folder / f"{item.name}.csv"
        # Names that differ in case only are one file on Windows and macOS.
        other = taken.setdefault(csv_path.name.casefold(), item)
        if other is not item:
            raise AppError(
                f"{other} and {item} would both be written to {csv_path}.",
                "Give the images different names, or localize them into different folders.",
            )
        plan.append((item, csv_path))
    return plan


def _items_of(path: Path, say: Say) -> list[BatchItem]:
    """Return what a file stands for; whatever is wrong with it is said when it is read."""
    itself = BatchItem(path, image_name(path))
    try:
        listed = is_dicomdir(path)
        found = find_series(path) if listed or format_of(path) is DICOM else ()
    except (OSError, ImageReadError):
        return [itself]
    if listed or len(found) > 1:
        return _series_items(path.parent, found, say) or [itself]
    if found and len(found[0].paths) > 1:
        say(
            f"{path}: The file is one of {len(found[0].paths)} slices of a series in its folder; the whole series is localized."
        )
    return [replace(itself, series=found[0])] if found else [itself]


def _items_in(folder: Path, say: Say) -> list[BatchItem]:
    found = find_series(folder)
    in_series = {path for series in found for path in series.paths}
    try:
        files = sorted(
            file for file in folder.iterdir() if file not in in_series and file.is_file() and _is_meant(file)
        )
    except OSError as error:
        raise ImageReadError(
            f"The folder {folder} cannot be read ({reason_of(error)}).", "Check its permissions."
        ) from error
    items = [BatchItem(file, image_name(file)) for file in files] + _series_items(folder, found, say)
    if not items:
        raise ImageReadError(
            f"The folder {folder} holds no images.",
            f"Name a folder with DICOM slices or with files that end in {', '.join(IMAGE_SUFFIXES)}, "
            "or name the files themselves.",
        )
    return sorted(items, key=lambda item: item.path)


def _is_meant(file: Path) -> bool:
    """Tell which files beside DICOM series a person means: hidden ones and DICOM files that hold no image never."""
    if file.name.startswith("."):
        return False
    try:
        if format_of(file) is DICOM:
            return not is_dicomdir(file) and not _is_intact(file)
    except OSError:
        pass  # one file that cannot be opened costs no other; whether it was meant, its name says
    return has_image_suffix(file)


@quiet_pydicom
def _is_intact(file: Path) -> bool:
    try:
        return bool(value_of(read_dataset(file, ["SOPClassUID"]), "SOPClassUID"))
    except ImageReadError:
        return False


def _series_items(root: Path, found: Sequence[Series], say: Say) -> list[BatchItem]:
    wanted = [series for series in found if not series.localizer]
    if wanted and len(wanted) < len(found):
        say(f"{root}: planning images and screenshots were left out ({len(found) - len(wanted)}).")
    items = [_series_item(series) for series in wanted or found]
    alike = Counter(item.path for item in items)
    numbers = Counter((item.path, item.series.number) for item in items if item.series)
    counted: Counter[Path] = Counter()
    for at, item in enumerate(items):
        if alike[item.path] > 1 and item.series is not None:
            counted[item.path] += 1
            own = item.series.number
            number = own if own is not None and numbers[item.path, own] == 1 else counted[item.path]
            items[at] = replace(item, name=f"{item.name}-{number}", label=f"{item.path} (series {number})")
    names = Counter(item.name.casefold() for item in items)
    return [
        replace(item, name="-".join((*item.path.relative_to(root).parts[:-1], item.name)))
        if names[item.name.casefold()] > 1 and item.path.is_relative_to(root) and item.path != root
        else item
        for item in items
    ]


def _series_item(series: Series) -> BatchItem:
    """Name a series after its folder, or after its file where it has only one."""
    path = series.paths[0]
    if len(series.paths) > 1:
        path = Path(os.path.commonpath([file.parent for file in series.paths]))
    return BatchItem(path, image_name(path), series)
