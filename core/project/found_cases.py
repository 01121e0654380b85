"""Finds what paths mean for a project: images, landmarks beside them, lists of cases, the folders of the ISBI challenge.

Reads images only where landmarks or a pixel size come with them. Changes nothing and knows no open project.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.base.errors import AppError, Cancelled, ProjectError
from core.base.files import reason_of
from core.images.file import read_image
from core.images.formats import format_of, image_name
from core.images.listing import ListedImage, list_images, series_key
from core.landmark_files.collection_file import open_collection
from core.landmark_files.collection_formats import NAMING_SUFFIXES
from core.landmark_files.file import Belonging, LandmarkFile, belongs_to, read_landmark_file
from core.landmark_files.formats import LOSSLESS_SUFFIXES, needs_names
from core.project.additions import Addition, Additions, Marks, by_model
from core.project.case_list import CaseList, ListedCase
from core.project.cases import Geometry, NewCase
from core.project.exchange import Known, Progress, additions_of, images_of, known_of
from core.project.readings import Reader, ReaderKind
from core.schemes.file import bundled_schemes
from core.schemes.scheme import Scheme
from core.values.image import Image, SpacingSource
from core.values.landmarks import Status

UNKNOWN_MODEL = "unknown model"
CHALLENGE_READERS = ("senior", "junior")
"""The two doctors of the ISBI 2015 challenge, whose lists lie in ``400_senior`` and ``400_junior``."""


@dataclass(frozen=True)
class Wishes:
    """What is said about everything that is found.

    Attributes
    ----------
    reader
        Whose the landmarks are of which no file or list says it.
    spacing_mm
        Size of a pixel in numpy order, one number for every axis or one for each, for images that do not know it; None for none.
    schemes
        Names for lists of positions without any; the bundled scheme of as many landmarks where none fits.
    progress
        Told how many images are read and how many will be.
    """

    reader: str = "imported"
    spacing_mm: tuple[float, ...] | None = None
    schemes: tuple[Scheme, ...] = ()
    progress: Progress | None = None


@dataclass(frozen=True)
class _Found:
    """An image with the landmark files that are its; the reader of one is empty where nobody said it."""

    image: ListedImage
    files: tuple[tuple[Path, str], ...] = ()
    beside: bool = False
    group: str = ""
    split: str = ""
    spacing_mm: tuple[float, ...] | None = None


def find_cases(paths: Sequence[Path], wishes: Wishes) -> Additions:
    """Find out what paths stand for: images, folders, DICOM studies, folders of the ISBI challenge, TPS and other files of many.

    Landmark files in which Cairn keeps everything, and that lie beside an image under its name, are read with it.
    """
    problems = [f"There is no file or folder {path}." for path in paths if not path.exists()]
    there = [path for path in paths if path.exists()]
    challenges = [path for path in there if is_challenge(path)]
    collections = [path for path in there if path.suffix.lower() in NAMING_SUFFIXES]
    listing = list_images([path for path in there if path not in challenges and path not in collections])
    problems += [str(problem) for problem in listing.problems]
    found = []
    for image in listing.images:
        sentence = _is_no_image(image)
        if sentence:
            problems.append(sentence)
        else:
            files = tuple((path, "") for path in _beside(image))
            found.append(_Found(image, files[:1], beside=True, spacing_mm=wishes.spacing_mm))
    for folder in challenges:
        found += _of_challenge(folder, wishes)
    others = [image.path for image in listing.images if image.series is None]
    return Additions.joined(
        Additions(notes=tuple(listing.notes), problems=tuple(problems)),
        _planned(found, wishes),
        *(_of_collection(path, others, wishes) for path in collections),
    )


def _of_collection(path: Path, others: Sequence[Path], wishes: Wishes) -> Additions:
    """Return the images that a file with the landmarks of many names, and what it says of them."""
    images: list[Known] = []
    problems: list[str] = []
    unreadable: set[str] = set()
    try:
        collection = open_collection(path)
        found = images_of(collection, others)
        for done, (file, name) in enumerate(found, start=1):
            try:
                image = _read(_Found(ListedImage(file, image_name(file)), spacing_mm=wishes.spacing_mm))
                images.append(known_of(NewCase(file, image_name(file)), image, name))
            except AppError as error:
                problems.append(str(error))
                unreadable.add(name)
            if wishes.progress is not None:
                wishes.progress(done, len(found))
        records = tuple(record for record in collection.records if record.image_name not in unreadable)
        collection = replace(collection, records=records)
        read = additions_of(collection, images, wishes.reader, wishes.schemes, model=UNKNOWN_MODEL)
        return replace(read, problems=tuple(problems))
    except Cancelled:
        raise
    except AppError as error:
        return Additions(problems=(*problems, str(error)))


def find_listed(listed: CaseList, wishes: Wishes) -> Additions:
    """Find what the lines of a list name; what cannot be read is named with its line."""
    found: dict[tuple[Path, str], _Found] = {}
    problems: list[str] = []
    for case in listed.cases:
        try:
            image = _one_image(case)
        except AppError as error:
            problems.append(f"{listed.path.name}: line {case.line}: {error}")
            continue
        files = () if case.landmarks is None else ((case.landmarks, case.reader),)
        key = (image.path, series_key(image))
        if key in found:
            found[key] = replace(found[key], files=(*found[key].files, *files))
        else:
            spacing_mm = case.spacing_mm or wishes.spacing_mm
            found[key] = _Found(image, files, group=case.group, split=case.split, spacing_mm=spacing_mm)
    planned = _planned(list(found.values()), wishes)
    return replace(planned, problems=(*problems, *planned.problems))


def _one_image(case: ListedCase) -> ListedImage:
    listing = list_images([case.image])
    for problem in listing.problems:
        raise problem
    if len(listing.images) != 1:
        raise ProjectError(f"{case.image.name} holds {len(listing.images)} images.", "Name one of its files.")
    sentence = _is_no_image(listing.images[0])
    if sentence:
        raise ProjectError(sentence)
    return listing.images[0]


def _is_no_image(image: ListedImage) -> str:
    """Return the sentence that says that a file is no image; empty where it is one, or reading it must say what is wrong."""
    if image.series is not None:
        return ""
    try:
        known = format_of(image.path) is not None
    except OSError as error:
        return f"{image.path} cannot be opened ({reason_of(error)})."
    except AppError as error:
        return str(error)
    return "" if known else f"{image.path} is not an image that Cairn can read."


def _beside(image: ListedImage) -> list[Path]:
    """Return the landmark files that have the name of an image, the latest first."""
    named = [image.path.parent / f"{image.name}{suffix}" for suffix in LOSSLESS_SUFFIXES]
    return sorted((path for path in named if path.is_file()), key=lambda path: path.stat().st_mtime, reverse=True)


def is_challenge(path: Path) -> bool:
    """Tell whether a path is the folder of the ISBI challenge, with its images and the lists of a doctor."""
    return _annotations(path) is not None


def _annotations(path: Path) -> Path | None:
    """Return the folder of the challenge's lists below ``path``, None where that is no folder of the challenge."""
    if not (path / "RawImage").is_dir():
        return None
    for folder in (path, path / "AnnotationsByMD"):
        if any((folder / f"400_{name}").is_dir() for name in CHALLENGE_READERS):
            return folder
    return None


def _of_challenge(folder: Path, wishes: Wishes) -> list[_Found]:
    """Return the images of a folder of the challenge, with the lists of both doctors."""
    annotations = _annotations(folder)
    parts = sorted(part for part in (folder / "RawImage").iterdir() if part.is_dir()) or [folder / "RawImage"]
    found = []
    for image in list_images(parts).images:
        split = "train" if image.path.parent.name.lower().startswith("train") else "test"
        lists = [
            (annotations / f"400_{name}" / f"{image.name}.txt", name)
            for name in CHALLENGE_READERS
            if annotations is not None
        ]
        files = tuple((path, name) for path, name in lists if path.is_file())
        found.append(_Found(image, files, split=split, spacing_mm=wishes.spacing_mm))
    return found


def _planned(found: Sequence[_Found], wishes: Wishes) -> Additions:
    """Read what belongs to each image."""
    cases: list[Addition] = []
    notes: list[str] = []
    problems: list[str] = []
    to_read = sum(bool(one.files) or one.spacing_mm is not None for one in found)
    done = 0
    for one in found:
        case = NewCase(one.image.path.absolute(), one.image.name, series_key(one.image), one.group, one.split)
        if not one.files and one.spacing_mm is None:
            cases.append(Addition(case))
            continue
        try:
            image = _read(one)
        except AppError as error:
            problems.append(str(error))
            continue
        marks, wrong = _marks(one, image, wishes)
        (notes if one.beside else problems).extend(wrong)
        if not wrong or one.beside:
            cases.append(Addition(case, Geometry.of(image), image.source.sha256, marks))
        done += 1
        if wishes.progress is not None:
            wishes.progress(done, to_read)
    return Additions(tuple(cases), tuple(notes), tuple(problems))


def _read(one: _Found) -> Image:
    """Read an image, with the pixel size that was given where it does not know its own."""
    image = read_image(one.image.path, series=one.image.series)
    if one.spacing_mm is None or image.source.spacing_known:
        return image
    if len(one.spacing_mm) not in (1, image.ndim):
        raise ProjectError(
            f"{one.image}: {len(one.spacing_mm)} pixel sizes were given, but the image has {image.ndim} axes.",
            f"Give one number for all axes, or {image.ndim}.",
        )
    return image.with_spacing(one.spacing_mm, SpacingSource.PERSON)


def _marks(one: _Found, image: Image, wishes: Wishes) -> tuple[tuple[Marks, ...], list[str]]:
    """Return what the landmark files of an image say, and a sentence for each that cannot be used."""
    marks, wrong = [], []
    for path, name in one.files:
        try:
            names = _names_for(path, wishes.schemes) if needs_names(path) else None
            file = read_landmark_file(path, names=names, image=image)
        except AppError as error:
            wrong.append(str(error))
            continue
        if one.beside and _is_of_another(file, image):
            wrong.append(f"{path} was left out: it was made on another image of that name.")
            continue
        if any(status is not Status.UNPLACED for status in file.landmarks.status):
            marks.append(Marks(reader_of(file, name, wishes.reader), file.landmarks, path.name))
    return tuple(marks), wrong


def _is_of_another(file: LandmarkFile, image: Image) -> bool:
    belonging = belongs_to(file, image)
    return belonging is Belonging.NO or (belonging is Belonging.UNKNOWN and bool(file.image_name))


def reader_of(file: LandmarkFile, named: str, otherwise: str) -> Reader:
    """Return whose landmarks a file holds: who was ``named``, else the model's where nobody has decided on any of them."""
    if named:
        return Reader(named)
    if by_model(file.landmarks):
        return Reader(file.model or UNKNOWN_MODEL, ReaderKind.MODEL)
    return Reader(otherwise)


def _names_for(path: Path, schemes: Iterable[Scheme]) -> tuple[str, ...]:
    """Return the names of the landmarks in a mere list of positions."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            count = sum("," in line for line in stream)
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({reason_of(error)}).", "Check its permissions.") from error
    for scheme in (*schemes, *bundled_schemes()):
        if scheme.ndim == 2 and len(scheme.names) == count:
            return scheme.names
    raise ProjectError(
        f"{path} has {count} positions without names, and no scheme has as many.", "Give the scheme with --scheme."
    )
