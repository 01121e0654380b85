"""Reading and writing files and folders that hold the landmarks of many images, whatever their format.

Owns who is matched with what, and all-or-nothing writing. The formats are a table with a module for each,
`core/landmark_files/collection_formats.py`; docs/landmark-files.md tells people about them.
"""

import os
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from core.base.errors import LandmarkFileError
from core.base.files import reason_of, written_whole
from core.base.wording import listed
from core.landmark_files.arrangement import arranged
from core.landmark_files.collection import CaseImage, CaseMarks, CollectionFormat, Content, Record, Unread
from core.landmark_files.collection_formats import collection_format, format_of_collection
from core.landmark_files.contract import Wanted
from core.landmark_files.image_names import matched, told_apart
from core.values.landmarks import Status


@dataclass(frozen=True)
class Collection:
    """A file or folder that has been read, before it is known which of its images are at hand.

    Attributes
    ----------
    path
        Where it lies.
    form
        Its format.
    records
        What it says, image by image.
    left_out
        Sentences to show to the person: which files of a folder could not be read, so that nobody knows what they are.
    """

    path: Path
    form: CollectionFormat
    records: tuple[Record, ...]
    left_out: tuple[str, ...] = ()

    @property
    def image_names(self) -> tuple[str, ...]:
        """What it calls its images, in its order; ``""`` where it does not say."""
        return tuple(record.image_name for record in self.records)

    def matched(self, images: Sequence[str]) -> list[int | None]:
        """Return what `core.landmark_files.image_names.matched` does; a set alone that says no image is that of the only one."""
        if self.image_names == ("",) and len(images) == 1:
            return [0]
        return matched(self.image_names, images, self.path.name)


@dataclass(frozen=True)
class Placed:
    """The landmarks of a collection on the images at hand.

    Attributes
    ----------
    cases
        In the order of the images; images of which the file says nothing are not among them.
    without_image
        What the file calls the images that are not at hand.
    """

    cases: tuple[CaseMarks, ...]
    without_image: tuple[str, ...] = ()


def open_collection(path: Path | str, key: str | None = None) -> Collection:
    """Read a file or folder with the landmarks of many images; which image is which remains to be said by `placed`.

    Parameters
    ----------
    path
        The file or folder.
    key
        The format, by its key in the table; None for the one that it is recognised as.

    Raises
    ------
    LandmarkFileError
        It is missing, damaged or of no known format.
    """
    path = Path(path)
    if not path.exists():
        raise LandmarkFileError(f"There is no file or folder {path}.", "Check the path.")
    form = format_of_collection(path) if key is None else collection_format(key)
    if form.read is None:
        raise LandmarkFileError(f"Cairn writes {form.title}, but does not read it.", "Choose another file.")
    try:
        found = form.read(path)
    except OSError as error:
        raise LandmarkFileError(f"{path} cannot be read ({reason_of(error)}).", "Check its permissions.") from error
    records = tuple(record for record in found if not isinstance(record, Unread))
    if not records:
        raise LandmarkFileError(f"{path.name} has no landmarks.", "Choose a file with landmarks.")
    left_out = tuple(f"{record.error.message} It was left out." for record in found if isinstance(record, Unread))
    return Collection(path, form, records, left_out)


def placed(collection: Collection, images: Sequence[CaseImage], *, names: Sequence[str] | None = None) -> Placed:
    """Return the landmarks of a collection on the images that they belong to.

    Parameters
    ----------
    collection
        From `open_collection`.
    images
        The images at hand; their names are matched with and without folders, and with another suffix.
    names
        The landmarks wanted, in that order; those that the file lacks are unplaced. Formats without names take them from here.
        None for those that the file has, the same for all cases.

    Raises
    ------
    LandmarkFileError
        A case has other landmarks or another number of them, an image is named twice, or has another size than the file says.
    PixelSizeNeeded
        A file in mm belongs to an image whose pixel size is not known.
    """
    if collection.form.needs_names and names is None:
        raise LandmarkFileError(
            f"{collection.path.name} has positions without names.",
            "Give the scheme that says which landmarks they are.",
        )
    numbers = collection.matched([image.name for image in images])
    wanted_names = None if names is None else tuple(names)
    found: dict[int, CaseMarks] = {}
    for record, number in zip(collection.records, numbers, strict=True):
        if number is not None:
            found[number] = _placed_one(record, images[number], wanted_names)
    cases = [found[number] for number in sorted(found)]
    others = [
        record.image_name or record.where
        for number, record in zip(numbers, collection.records, strict=True)
        if number is None
    ]
    return Placed(tuple(_alike(cases, collection) if names is None else cases), tuple(others))


def _placed_one(record: Record, image: CaseImage, names: tuple[str, ...] | None) -> CaseMarks:
    result = record.placed(Wanted(names, image.without_pixels, image.ndim))
    landmarks = result.landmarks
    if names is not None:
        landmarks = arranged(landmarks, names, record.where, Status.UNPLACED)
    warnings = result.warnings
    if landmarks.located.any() and not image.grid.contains(landmarks.points_mm[landmarks.located]).any():
        warnings = (*warnings, f"{record.where} puts all landmarks outside {image.name}.")
    return CaseMarks(image, landmarks, record.group, result.record.model, result.record.spacing_mm, warnings)


def _alike(cases: Sequence[CaseMarks], collection: Collection) -> list[CaseMarks]:
    """Return `_complete` cases, or refuse that nameless ones are not equally many."""
    if collection.form.names_are_numbers:
        counts = Counter(len(case.landmarks) for case in cases)
        usual = max(counts, key=lambda count: counts[count], default=0)
        for case in cases:
            if len(case.landmarks) != usual:
                raise LandmarkFileError(
                    f"{collection.path.name} has {len(case.landmarks)} landmarks of {case.image.name}, "
                    f"but {usual} of most other images.",
                    "Correct it, or leave that image out.",
                )
    return _complete(cases)


def _complete(cases: Sequence[CaseMarks]) -> list[CaseMarks]:
    """Return cases that all have the landmarks of any of them."""
    names = names_of(cases)
    return [
        replace(case, landmarks=arranged(case.landmarks, names, case.image.name, Status.UNPLACED)) for case in cases
    ]


def names_of(cases: Sequence[CaseMarks]) -> tuple[str, ...]:
    """Return the names of all landmarks of the cases, in the order in which they come up."""
    return tuple(dict.fromkeys(name for case in cases for name in case.landmarks.names))


class _Watched(Sequence[CaseMarks]):
    """Cases that ask, whenever one of them is taken, whether to go on; so no format need know that writing it can be stopped."""

    def __init__(self, cases: Sequence[CaseMarks], go_on: Callable[[], object]) -> None:
        self._cases, self._go_on = cases, go_on

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, place: int) -> CaseMarks: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[CaseMarks]: ...
    def __getitem__(self, place: int | slice) -> CaseMarks | Sequence[CaseMarks]:
        self._go_on()
        return self._cases[place]

    def __iter__(self) -> Iterator[CaseMarks]:
        for case in self._cases:
            self._go_on()
            yield case


def write_collection(
    cases: Sequence[CaseMarks], path: Path | str, key: str, *, go_on: Callable[[], object] = lambda: None
) -> tuple[str, ...]:
    """Write the landmarks of many images in one file or folder; whole or not at all.

    Parameters
    ----------
    cases
        What is to be written. Landmarks that a case lacks are written as unplaced.
    path
        Where to. A file is replaced only once the new one is whole; a folder must be new or empty.
    key
        The format, by its key in the table.
    go_on
        Called again and again before anything stands at ``path``; what it raises ends the writing, and nothing is left of it.

    Returns
    -------
    tuple[str, ...]
        Sentences to show to the person: what was left out because the format has no way to say it.

    Raises
    ------
    LandmarkFileError
        The format cannot hold these cases, or the place cannot be written to.
    """
    form, path = collection_format(key), Path(path)
    if not cases:
        raise LandmarkFileError(f"There are no landmarks to be written to {path.name}.", "Choose at least one case.")
    _check_fit(cases, form)
    cases = _complete(_Watched(cases, go_on))
    cases, notes = _located(cases, form) if form.needs_every_point else (cases, ())
    short = told_apart([case.image.name for case in cases]) if not form.many_readers else [c.image.name for c in cases]
    cases = [replace(case, image=replace(case.image, name=name)) for case, name in zip(cases, short, strict=True)]
    watched = _Watched(cases, go_on)
    try:
        if form.write_file is not None:
            content = form.write_file(watched)
            with written_whole(path) as temporary:
                temporary.write_bytes(_bytes(content))
                go_on()
        elif form.write_folder is not None:
            with _whole_folder(path, go_on) as folder:
                for name, content in form.write_folder(watched):
                    (folder / name).write_bytes(_bytes(content))
                    go_on()
    except OSError as error:
        raise LandmarkFileError(
            f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk."
        ) from error
    except UnicodeEncodeError as error:
        raise LandmarkFileError(
            f"A name cannot be written to {path.name}.", "Rename the landmark or the image."
        ) from error
    return notes


def _check_fit(cases: Sequence[CaseMarks], form: CollectionFormat) -> None:
    """Refuse cases of a rank that the format does not hold, and an image that is there twice."""
    for case in cases:
        if case.landmarks.ndim != case.image.ndim:
            raise ValueError(
                f"{case.landmarks.ndim}D landmarks do not belong to the {case.image.ndim}D {case.image.name}"
            )
        if case.image.ndim not in form.ndims:
            ranks = " and ".join(f"{ndim}D" for ndim in form.ndims)
            raise LandmarkFileError(
                f"{form.title} holds {ranks} landmarks, but {case.image.name} is {case.image.ndim}D.",
                "Choose another format, such as csv or wide-csv.",
            )
    twice = [name for name, count in Counter(case.image.name for case in cases).items() if count > 1]
    if twice and not form.many_readers:
        raise LandmarkFileError(
            f"{form.title} holds one set of landmarks an image, but there are several of {listed(twice, 3)}.",
            "Choose one reader.",
        )


def _located(cases: Sequence[CaseMarks], form: CollectionFormat) -> tuple[list[CaseMarks], tuple[str, ...]]:
    """Return the cases of which every landmark has a position, and what is to be said of the others."""
    kept = [case for case in cases if case.landmarks.located.all()]
    left = [case.image.name for case in cases if not case.landmarks.located.all()]
    if not kept:
        raise LandmarkFileError(
            f"{form.title} cannot say that a landmark has no position, and every case has such a landmark.",
            "Choose another format, such as tps or wide-csv.",
        )
    if not left:
        return kept, ()
    count = "1 case was" if len(left) == 1 else f"{len(left)} cases were"
    return kept, (f"{count} left out, since {form.title} cannot say that a landmark has no position: {listed(left)}.",)


def _bytes(content: Content) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


@contextmanager
def _whole_folder(path: Path, go_on: Callable[[], object]) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; rename it to ``path`` on success, remove it on any failure."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise LandmarkFileError(f"{path} is there already and not an empty folder.", "Choose a new folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{uuid.uuid4().hex[:8]}-{path.name}")
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.iterdir():
            with file.open("rb+") as written:
                os.fsync(written.fileno())
            go_on()
        if path.exists():
            path.rmdir()
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
