"""Files that hold the landmarks of many images, and the cases of a project: which is which, and what is written of them.

The formats are `core.landmark_files`'. Reads an image only where nobody has read it before; changes no project.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.base.errors import LandmarkFileError, ProjectError
from core.base.wording import listed
from core.images.file import read_image
from core.images.formats import has_image_suffix, image_name
from core.images.listing import image_at, list_images
from core.landmark_files.collection import CaseImage, CaseMarks
from core.landmark_files.collection_file import Collection, names_of, open_collection, placed, write_collection
from core.landmark_files.collection_formats import collection_format
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import needs_names
from core.landmark_files.image_names import matched
from core.project.additions import Addition, Additions, Marks, by_model
from core.project.cases import Case, Geometry, NewCase
from core.project.paths import stored
from core.project.readings import Reader, ReaderKind, Reading, latest
from core.project.store import Project
from core.schemes.scheme import Scheme
from core.values.image import Image, ImageSource, SpacingSource

Progress = Callable[[int, int], object]
"""Called with how many images or cases are done and how many there are; what it raises ends the work."""
_DEEPEST = 3
"""How many folders below a file its images are looked for."""
_AT_ONCE = 1000


@dataclass(frozen=True)
class Known:
    """An image whose pixels are known, for a file to be laid on.

    Attributes
    ----------
    case
        The image.
    image
        What landmark files need to know of it.
    """

    case: NewCase
    image: CaseImage

    @property
    def geometry(self) -> Geometry:
        """Where its pixels are."""
        return Geometry(self.image.grid, self.image.source.spacing_source)


def known_of(case: NewCase, image: Image, name: str = "") -> Known:
    """Return what is known of an image that was read, under the name that files may give it."""
    return Known(case, CaseImage(name or case.path.name, image.grid, image.source))


def additions_of(
    collection: Collection,
    images: Sequence[Known],
    reader: str,
    schemes: Sequence[Scheme],
    *,
    model: str = "",
    take_spacing: bool = False,
) -> Additions:
    """Return what a file says of images.

    Parameters
    ----------
    collection
        The file.
    images
        The images at hand.
    reader
        Who says so.
    model
        Who says so where nobody has decided on any landmark of an image, and the file does not name the model; a model of the
        reader's name where empty.
    schemes
        Names for files without any.
    take_spacing
        Whether images that do not know their pixel size take it from the file, where that gives one.

    Raises
    ------
    LandmarkFileError
        The file does not fit the images or the scheme.
    """
    names = None
    if collection.form.names_are_numbers or collection.form.needs_names:
        names = next((scheme.names for scheme in schemes if scheme.ndim == 2), None)
    result = placed(collection, [known.image for known in images], names=names)
    by_name = {known.image.name: known for known in images}
    cases: list[Addition] = []
    notes = list(collection.left_out)
    sized = 0
    for marks in result.cases:
        known = by_name[marks.image.name]
        case = NewCase(known.case.path, known.case.name, known.case.series, marks.group or known.case.patient_group)
        who = Reader(reader)
        if by_model(marks.landmarks):
            who = Reader((marks.reader or model) if model else reader, ReaderKind.MODEL)
        said = Marks(who, marks.landmarks, collection.path.name)
        spacing_mm = None if known.geometry.spacing_known else marks.spacing_mm
        sized += spacing_mm is not None
        wished = _with_spacing(known.geometry, spacing_mm) if take_spacing and spacing_mm is not None else None
        cases.append(Addition(case, known.geometry, known.image.source.sha256, (said,), wished))
        notes += marks.warnings
    if sized and not take_spacing:
        count = "1 image" if sized == 1 else f"{sized} images"
        notes.append(
            f"{collection.path.name} gives the pixel size of {count} that do not know it; it was not taken over."
        )
    if result.without_image:
        count = "1 image" if len(result.without_image) == 1 else f"{len(result.without_image)} images"
        notes.append(f"{collection.path.name} names {count} that are not here: {listed(result.without_image)}.")
    return Additions(tuple(cases), tuple(dict.fromkeys(notes)))


def _with_spacing(geometry: Geometry, spacing_mm: tuple[float, ...]) -> Geometry:
    return Geometry(geometry.grid.respaced(spacing_mm), SpacingSource.LANDMARK_FILE)


def images_of(collection: Collection, others: Sequence[Path] = ()) -> list[tuple[Path, str]]:
    """Return the images that a file names and that lie beside it or below its folder, each with what the file calls it.

    Parameters
    ----------
    collection
        The file.
    others
        Images that lie elsewhere and may be meant where none beside the file is.

    Raises
    ------
    LandmarkFileError
        None of them is there.
    """
    folder = collection.path.absolute().parent
    below = _images_below(folder)
    elsewhere = [path for path in dict.fromkeys(path.absolute() for path in others) if path not in set(below)]
    numbers, files = _matched_files(collection, below, folder), below
    if elsewhere and None in numbers:
        numbers, files = _matched_files(collection, [*below, *elsewhere], folder), [*below, *elsewhere]
    found = [
        (files[number], name)
        for number, name in zip(numbers, collection.image_names, strict=True)
        if number is not None
    ]
    if not found:
        said = [name for name in collection.image_names if name]
        raise LandmarkFileError(
            f"None of the images that {collection.path.name} names lies beside it or below its folder: {listed(said)}."
            if said
            else f"{collection.path.name} does not say which images its landmarks belong to.",
            "Move them there, or add the images first and its landmarks then." if said else "Open its image first.",
        )
    return found


def _matched_files(collection: Collection, files: Sequence[Path], folder: Path) -> list[int | None]:
    names = [(path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix() for path in files]
    return matched(collection.image_names, names, collection.path.name)


def _images_below(folder: Path) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(folders) if len(Path(root).relative_to(folder).parts) < _DEEPEST else []
        found += [Path(root, name) for name in sorted(files) if has_image_suffix(Path(name))]
    return found


def find_in_file(
    project: Project,
    path: Path,
    reader: str,
    key: str | None = None,
    *,
    take_spacing: bool = False,
    progress: Progress = lambda done, total: None,  # noqa: ARG005 - nobody wants to know
) -> Additions:
    """Return what a file or folder says of the cases of a project.

    Parameters
    ----------
    project
        An open project.
    path
        A file or folder of `core.landmark_files`, of many images or of one.
    reader, take_spacing
        As for `additions_of`.
    key
        The format of a file of many images; None for the one it is recognised as.
    progress
        Told how many of the images have been looked at.

    Raises
    ------
    LandmarkFileError
        It is none, or fits no case.
    """
    cases = project.cases(project.case_ids())
    schemes = [scheme for ndim in (2, 3) if (scheme := project.scheme(ndim)) is not None]
    try:
        collection = open_collection(path, key)
    except LandmarkFileError:
        if key is not None or not path.is_file():
            raise
        return _of_one(project, path, cases, reader, schemes)
    names = [image_name_of(project, case) for case in cases]
    wanted = [number for number in collection.matched(names) if number is not None]
    images = []
    for done, number in enumerate(wanted, start=1):
        images.append(_known(cases[number], names[number]))
        progress(done, len(wanted))
    if not images:
        said = [name for name in collection.image_names if name]
        what = f"It names {listed(said)}." if said else "It does not say which images it belongs to."
        raise LandmarkFileError(f"No case of the project is in {path.name}. {what}", "Add the images first.")
    return additions_of(collection, images, reader, schemes, take_spacing=take_spacing)


def _of_one(project: Project, path: Path, cases: Sequence[Case], reader: str, schemes: Sequence[Scheme]) -> Additions:
    """Return what a file of one image says, which is the image's by name."""
    file = read_landmark_file(path, mm_is_px=True) if not needs_names(path) else None
    name = file.image_name if file is not None and file.image_name else image_name(path)
    names = [image_name_of(project, case) for case in cases]
    [number] = matched([name], names, path.name)
    if number is None:
        raise LandmarkFileError(
            f"{path.name} belongs to no case of the project.", "Name it like its image, or add that first."
        )
    known = _known(cases[number], names[number])
    wanted = next((scheme.names for scheme in schemes if scheme.ndim == known.image.ndim), None)
    landmarks = read_landmark_file(
        path, names=wanted if needs_names(path) else None, image=known.image.without_pixels
    ).landmarks
    kind = ReaderKind.MODEL if by_model(landmarks) else ReaderKind.PERSON
    marks = Marks(Reader(reader, kind), landmarks, path.name)
    return Additions((Addition(known.case, known.geometry, known.image.source.sha256, (marks,)),))


def _known(case: Case, name: str) -> Known:
    """Return where the pixels of a case are; its image is read where nobody has done so."""
    new = NewCase(case.path, case.name, case.series, case.patient_group, case.split)
    if case.geometry is None:
        listed = image_at(case.path, case.series)
        return known_of(new, read_image(listed.path, series=listed.series), name)
    return Known(new, _case_image(case, case.geometry, name))


def _case_image(case: Case, geometry: Geometry, name: str, dicom_paths: tuple[Path, ...] = ()) -> CaseImage:
    source = ImageSource(case.path, case.sha256, geometry.spacing_source)
    return CaseImage(name, geometry.grid, source, dicom_paths)


def image_name_of(project: Project, case: Case) -> str:
    """Return what files call the image of a case: its path as the project has it."""
    path = case.path.with_name(case.name) if case.series else case.path
    said = stored(path, project.folder)
    return said if isinstance(said, str) else os.fsdecode(said)


def export(
    project: Project,
    case_ids: Sequence[int],
    path: Path,
    key: str,
    reader: Reader | None = None,
    *,
    or_model: bool = False,
    everybody: bool = False,
    progress: Progress = lambda done, total: None,  # noqa: ARG005 - nobody wants to know
) -> tuple[int, tuple[str, ...]]:
    """Write what was said of cases to one file or folder.

    Parameters
    ----------
    project
        An open project.
    case_ids
        Which cases; those that nobody has read are left out.
    path, key
        Where to, and the format by its key.
    reader
        Whose readings; None for the one that speaks for each case: the person's that was changed last, else the model's.
    or_model
        Whether a model's reading is taken of cases that the reader has not read.
    everybody
        Whether all readings of each case are wanted.
    progress
        Told how many cases have been gathered, and again and again while they are written.

    Returns
    -------
    How many readings stand in the file, and sentences about what was left out.

    Raises
    ------
    LandmarkFileError
        The format cannot hold them, or they cannot be written there.
    ProjectError
        None of the cases was read.
    """
    marks: list[CaseMarks] = []
    unread = 0
    for done, case in enumerate(_cases(project, case_ids), start=1):
        readings = project.readings(case.id)
        wanted = readings if everybody else _speaking(readings, reader, or_model=or_model)
        marks += [_case_marks(project, case, reading, key) for reading in wanted]
        unread += not wanted
        progress(done, len(case_ids))
    whom = _by_nobody(None if everybody else reader, or_model=or_model)
    if not marks:
        raise ProjectError(
            f"{whom if whom.endswith('not') else whom.replace('n', 'N', 1)} read any of these cases.",
            "Choose another reader, or localize the cases first.",
        )
    total = len(case_ids)
    notes = write_collection(marks, path, key, go_on=lambda: progress(total, total))
    if unread:
        count = "1 case was" if unread == 1 else f"{unread} cases were"
        notes = (f"{count} left out, since {whom} read {'it' if unread == 1 else 'them'}.", *notes)
    return _count_held(marks, key), notes


def _by_nobody(reader: Reader | None, *, or_model: bool) -> str:
    """Return the beginning of a sentence about cases without a wanted reading; ``read`` follows."""
    if reader is None:
        return "nobody has"
    return f"neither {reader.name} nor a model has" if or_model else f"{reader.name} has not"


def _cases(project: Project, case_ids: Sequence[int]) -> Iterator[Case]:
    """Give cases, fetched some at a time, so that whoever waits for them hears of the first soon."""
    for start in range(0, len(case_ids), _AT_ONCE):
        yield from project.cases(case_ids[start : start + _AT_ONCE])


def _speaking(readings: Sequence[Reading], reader: Reader | None, *, or_model: bool) -> list[Reading]:
    """Return the one reading of a case that is wanted, or none."""
    chosen = latest(readings if reader is None else [reading for reading in readings if reading.reader == reader])
    if chosen is None and or_model:
        chosen = latest([reading for reading in readings if reading.reader.kind is ReaderKind.MODEL])
    return [] if chosen is None else [chosen]


def _count_held(marks: Sequence[CaseMarks], key: str) -> int:
    """Return how many of the readings a file holds; some formats hold only those with a position of every landmark."""
    if not collection_format(key).needs_every_point:
        return len(marks)
    names = set(names_of(marks))
    return sum(set(one.landmarks.names) == names and bool(one.landmarks.located.all()) for one in marks)


def _case_marks(project: Project, case: Case, reading: Reading, key: str) -> CaseMarks:
    dicom_paths: tuple[Path, ...] = ()
    if key == "dicom-sr":  # refers to the very files
        listed = image_at(case.path, case.series) if case.series else list_images([case.path]).images[0]
        dicom_paths = listed.series.paths if listed.series is not None else (listed.path,)
    image = _case_image(case, reading.geometry, image_name_of(project, case), dicom_paths)
    return CaseMarks(image, reading.landmarks, case.patient_group, reading.reader.name)
