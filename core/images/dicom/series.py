"""Finding the DICOM series in a folder, a DICOMDIR or around a single file, and which of them to propose.

Reads headers only, never pixels, with pydicom. A description or a patient's name is kept only to be shown to a person who asks:
neither stands in any message, log or repr.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.errors import Cancelled, ImageReadError
from core.base.wording import counted
from core.images.dicom.frames import FRAME_KEYWORDS, is_enhanced, read_frames
from core.images.dicom.header import (
    GEOMETRY_KEYWORDS,
    damaged_header_error,
    header_of,
    numbers_of,
    quiet_pydicom,
    read_dataset,
    value_of,
)
from core.images.dicom.stack import Slice, Stack, make_stacks
from core.images.itk import unreadable_error, vanished_error

if TYPE_CHECKING:
    import pydicom

DEEPEST_FOLDER = 12
MOST_FILES = 100_000
"""How far a folder is searched."""

_MARKS = (
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "EchoNumbers",
    "EchoTime",
    "DiffusionBValue",
    "TriggerTime",
    "ImageType",
    "AcquisitionTime",
)
"""What may tell slices at one place apart, the usual ones first."""

_KEYWORDS = (
    *GEOMETRY_KEYWORDS,
    *FRAME_KEYWORDS,
    *_MARKS,
    "InstanceNumber",
    "PatientID",
    "PatientName",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
)

_PICTURE_MODALITIES = ("DOC", "OT", "SC", "SEG", "RTDOSE")
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"
_BARE_SUFFIX = re.compile(r"|\.(dcm|dicom|ima|img|\d+)", re.IGNORECASE)

ShouldStop = Callable[[], bool] | None
Progress = Callable[[float, str], None] | None


@dataclass(frozen=True)
class Series:
    """A stack of slices, or a single slice, that can be opened as one image.

    Attributes
    ----------
    paths
        Its files, sorted along the slice normal.
    description
        What the scanner's operator called it; to be shown, never to be logged.
    modality
        Code such as ``"CT"``, or ``""``.
    shape
        Numpy order: ``(z, y, x)``, or ``(y, x)`` for a single slice.
    spacing_mm
        Numpy order like ``shape``; None where it is unknown or the series is refused.
    problem
        ``""``, or what is wrong or doubtful.
    patient
        Name and identity; only to be shown where a person asks for it.
    refused
        Whether reading it would raise; ``problem`` says why and ``hint`` what can be done.
    number
        The scanner's number of the series, None where there is none.
    part
        ``"2 of 5"`` where several stacks share one series, as times or echoes do.
    localizer
        Whether it is a planning image or a screenshot rather than what was acquired.
    notes
        Sentences that belong to the image once it is read.
    stack
        The slices and their geometry.
    """

    paths: tuple[Path, ...]
    description: str = field(repr=False)
    modality: str
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None
    problem: str = ""
    patient: str = field(default="", repr=False)
    refused: bool = False
    hint: str = ""
    number: int | None = None
    part: str = ""
    localizer: bool = False
    notes: tuple[str, ...] = ()
    stack: Stack = field(default_factory=lambda: Stack(()), repr=False, compare=False)

    @property
    def is_volume(self) -> bool:
        """Whether it has more than one slice."""
        return len(self.shape) == 3


@dataclass(frozen=True)
class _Member:
    """What one file adds to its series.

    ``identity`` is the patient and the series. The series alone may deceive: copied headers and careless pseudonyms give several
    patients one, and their slices must never make one body.
    """

    path: Path
    identity: tuple[str, str] = field(repr=False)
    instance_uid: str
    number: int | None
    description: str = field(repr=False)
    patient: str = field(repr=False)
    localizer: bool
    slices: tuple[Slice, ...] = field(repr=False)


@quiet_pydicom
def find_series(path: Path | str, should_stop: ShouldStop = None, progress: Progress = None) -> tuple[Series, ...]:
    """Find the DICOM series in a folder (with the folders in it), a DICOMDIR, or the one that a single file belongs to.

    Parameters
    ----------
    path
        Folder, DICOMDIR or DICOM image file.
    should_stop
        Asked between files; when it answers True, `Cancelled` is raised.
    progress
        Called with the fraction done and what is done.

    Returns
    -------
    tuple of Series
        The one to propose first; none where a folder holds no DICOM image. A single file gives only the series it is part of.

    Raises
    ------
    ImageReadError
        The path cannot be read, or the file holds no DICOM image.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _series_in(_files_below(path, should_stop), should_stop, progress)
        if is_dicomdir(path):
            listed, missing = _listed_files(path)
            gone = f"The DICOMDIR names {counted(missing, 'file')} that cannot be found."
            notes = [gone] if listed and missing else []
            files = listed or _files_below(path.parent, should_stop)
            return _series_in(files, should_stop, progress, notes)
        return _series_around(path, should_stop, progress)
    except FileNotFoundError as error:
        raise vanished_error(path) from error
    except OSError as error:
        raise unreadable_error(path, error) from error


def is_dicomdir(path: Path) -> bool:
    """Tell whether a file is the table of contents of a DICOM medium."""
    if path.name.upper().split(".")[0] != "DICOMDIR":
        return False
    with quiet_pydicom:
        return _storage_class(read_dataset(path, ["FileSetID"])) in ("", _DIRECTORY_CLASS)


def _storage_class(dataset: pydicom.Dataset) -> str:
    """Return what a file's preamble says it holds."""
    from pydicom import Dataset

    meta = getattr(dataset, "file_meta", Dataset())
    return str(value_of(meta, "MediaStorageSOPClassUID") or "")


def _files_below(folder: Path, should_stop: ShouldStop) -> list[Path]:
    """Return the files that may be meant, by name; hidden ones never are."""
    found: list[Path] = []

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        _ask(should_stop)
        deep = len(Path(place).relative_to(folder).parts) >= DEEPEST_FOLDER
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        found.extend(Path(place, name) for name in sorted(files) if not name.startswith("."))
        if len(found) > MOST_FILES:
            raise ImageReadError(
                f"{folder} holds more than {MOST_FILES} files.", "Open the folder of one examination or series in it."
            )
    return found


def _ask(should_stop: ShouldStop) -> None:
    if should_stop is not None and should_stop():
        raise Cancelled("Reading was stopped.")


def _listed_files(dicomdir: Path) -> tuple[list[Path], int]:
    """Return the image files that a DICOMDIR names and that are there, and how many are not."""
    import pydicom

    records = value_of(read_dataset(dicomdir, ["DirectoryRecordSequence"]), "DirectoryRecordSequence")
    there: list[Path] = []
    missing = 0
    names: dict[Path, dict[str, str]] = {}
    for record in records if isinstance(records, pydicom.Sequence) else ():
        value = value_of(record, "ReferencedFileID")
        if str(value_of(record, "DirectoryRecordType") or "") != "IMAGE" or not value:
            continue
        parts = [str(value)] if isinstance(value, str) else [str(part) for part in value]  # type: ignore[attr-defined]
        found = _resolved(dicomdir.parent, parts, names)
        if found is None:
            missing += 1
        else:
            there.append(found)
    return there, missing


def _resolved(folder: Path, parts: Iterable[str], names: dict[Path, dict[str, str]]) -> Path | None:
    """Return a file by its path on the medium; copied media may have changed upper case to lower case."""
    place = folder
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\\" in part:
            return None
        if place not in names:
            names[place] = {name.casefold(): name for name in os.listdir(place)} if place.is_dir() else {}
        name = names[place].get(part.casefold())
        if name is None:
            return None
        place = place / name
    return place if place.is_file() else None


def _series_in(
    files: Iterable[Path], should_stop: ShouldStop, progress: Progress, notes: Iterable[str] = ()
) -> tuple[Series, ...]:
    members, left_out = _members(list(files), should_stop, progress)
    return _sorted(_grouped(members), [*notes, *left_out])


def _series_around(path: Path, should_stop: ShouldStop, progress: Progress) -> tuple[Series, ...]:
    """Return the series that a file is part of, with the files beside it."""
    own = _member(path)
    if own is None:
        raise ImageReadError(f"{path.name} is a DICOM file without an image.", "Open an image of the same examination.")
    if len(own.slices) > 1 or not own.slices[0].stackable:
        return _sorted(_grouped([own]), [])
    beside = sorted(file for file in path.parent.iterdir() if file.name != path.name and not file.name.startswith("."))
    found, notes = _members(beside, should_stop, progress)
    members = [own, *(member for member in found if member.identity == own.identity)]
    return _sorted([pair for pair in _grouped(members) if path in {piece.path for piece in pair[1].slices}], notes)


def _members(files: Sequence[Path], should_stop: ShouldStop, progress: Progress) -> tuple[list[_Member], list[str]]:
    """Return what those of ``files`` that hold DICOM images add, and a note if some may have been slices but cannot be read."""
    members: list[_Member] = []
    unusable: list[Path] = []
    for number, path in enumerate(files):
        _ask(should_stop)
        if progress is not None and number % 16 == 0:
            progress(number / len(files), "Looking for DICOM series")
        try:
            member = _member(path) if _may_be_dicom(path) else None
        except (ImageReadError, OSError):
            unusable.append(path)
        else:
            members.extend([member] if member else [])
    if not unusable:
        return members, []
    count = f"{len(unusable)} damaged, empty or unreadable file{' was' if len(unusable) == 1 else 's were'}"
    return members, [f"{count} left out, for example {unusable[0].name}."]


def _may_be_dicom(path: Path) -> bool:
    """Tell by the first bytes whether it is worth parsing a file; old files lack the preamble."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return False  # a pipe would keep us waiting
    may_be_bare = _BARE_SUFFIX.fullmatch(path.suffix) is not None
    if status.st_size == 0 and may_be_bare:
        raise damaged_header_error(path)  # as an interrupted copy leaves it
    with path.open("rb") as stream:
        head = stream.read(132)
    return head[128:] == b"DICM" or (may_be_bare and head[:2] in (b"\x08\x00", b"\x02\x00"))


def _member(path: Path) -> _Member | None:
    """Read what a file adds to its series; None where it holds no image."""
    dataset = read_dataset(path, _KEYWORDS)
    header = header_of(dataset)
    if header.rows < 1 or header.columns < 1:
        if value_of(dataset, "SOPClassUID") or _storage_class(dataset) == _DIRECTORY_CLASS:
            return None
        raise damaged_header_error(path)
    if is_enhanced(dataset):
        slices = tuple(read_frames(path, dataset, header))
    else:
        marks = tuple(str(value_of(dataset, keyword) or "") for keyword in _MARKS)
        order = numbers_of(dataset, "InstanceNumber", 1)
        slices = (Slice(path, header, 0, marks, int(order[0]) if order else 0, film=header.frames > 1),)
    capture = str(value_of(dataset, "SOPClassUID") or "").startswith(_CAPTURE_CLASS)
    colour = numbers_of(dataset, "SamplesPerPixel", 1) == (3.0,)
    number = numbers_of(dataset, "SeriesNumber", 1)
    patient = " ".join(str(value_of(dataset, keyword) or "") for keyword in ("PatientName", "PatientID")).strip()
    return _Member(
        path=path,
        identity=(patient, str(value_of(dataset, "SeriesInstanceUID") or path.parent)),
        instance_uid=str(value_of(dataset, "SOPInstanceUID") or path),
        number=int(number[0]) if number else None,
        description=str(value_of(dataset, "SeriesDescription") or ""),
        patient=patient,
        localizer="LOCALIZER" in str(value_of(dataset, "ImageType")).upper()
        or capture
        or colour
        or header.modality in _PICTURE_MODALITIES,
        slices=slices,
    )


def _grouped(members: Iterable[_Member]) -> list[tuple[_Member, Stack]]:
    """Return the stacks of all series, each with one of its members."""
    series: dict[tuple[object, ...], list[_Member]] = {}
    copies: set[tuple[object, ...]] = set()
    for member in members:
        # A header that was copied from slice to slice has one identifier for all of them, but not one place.
        first = member.slices[0]
        copy = (member.identity, member.instance_uid, first.number, *first.header.origin_mm.tolist())
        if copy not in copies:
            copies.add(copy)
            series.setdefault((member.identity, member.localizer), []).append(member)
    stacks: list[tuple[_Member, Stack]] = []
    for group in series.values():
        slices = sorted((piece for member in group for piece in member.slices), key=lambda piece: piece.number)
        of_path = {member.path: member for member in group}
        stacks.extend((of_path[stack.slices[0].path], stack) for stack in make_stacks(slices))
    return stacks


def _sorted(stacks: Iterable[tuple[_Member, Stack]], notes: list[str]) -> tuple[Series, ...]:
    found = [_series(member, stack, notes) for member, stack in stacks]
    return tuple(sorted(found, key=_rank))


def _rank(series: Series) -> tuple[object, ...]:
    """Return what sorts series so that the one a person most likely means comes first."""
    kind = 2 if series.localizer else 0 if series.modality in ("CT", "MR") else 1
    slices = series.shape[0] if series.is_volume else 1
    number = series.number if series.number is not None else 1 << 40
    return (not series.is_volume, kind, series.refused, -slices, number, series.part, series.paths[0])


def _series(member: _Member, stack: Stack, notes: list[str]) -> Series:
    header = stack.slices[0].header
    count = len(stack.slices)
    said = [*notes, *stack.notes, *dict.fromkeys(note for piece in stack.slices for note in piece.header.warnings)]
    if stack.slices[0].film:
        said.append(f"The file is a film of {header.frames} frames; only the first was read.")
    flat = (header.rows, header.columns)
    shape = flat if count == 1 else (count, *flat)
    spacing_mm: tuple[float, ...] | None = None if stack.problem else header.spacing_mm
    if count > 1 and stack.grid is not None:
        spacing_mm = tuple(float(size) for size in stack.grid.spacing_mm)
    return Series(
        paths=tuple(dict.fromkeys(piece.path for piece in stack.slices)),
        description=member.description,
        modality=header.modality,
        shape=shape,
        spacing_mm=spacing_mm,
        problem=stack.problem or (said[0] if said else ""),
        patient=member.patient,
        refused=bool(stack.problem),
        hint=stack.hint,
        number=member.number,
        part=stack.part,
        localizer=member.localizer,
        notes=tuple(said),
        stack=stack,
    )
