"""What files of many cases take and give: what a row of the table in `core/landmark_files/collection_formats.py` is made of.

Values, and no pixels among them: all that is asked of an image stands in a row of a database. Nothing here knows a format by its
name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.base.errors import LandmarkFileError
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.text_file import text_of
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class CaseImage:
    """What landmark files need to know of an image.

    Attributes
    ----------
    name
        What files call it: its path as the project has it, with ``/`` between folders, or its name alone.
    grid
        Where its pixels are; a pixel counts as 1 mm where its size is unknown.
    source
        Its file, and whether and whence its pixel size is known.
    dicom_paths
        The DICOM files that it was read from, for reports that refer to them; empty where ``source.path`` is all there is.
    """

    name: str
    grid: Grid
    source: ImageSource
    dicom_paths: tuple[Path, ...] = ()

    @classmethod
    def of(cls, image: Image, name: str = "") -> "CaseImage":
        """Return what an image says, under its file's name where no other is given."""
        return cls(name or image.source.path.name, image.grid, image.source)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.grid.ndim

    @property
    def unit(self) -> str:
        """Unit of its landmarks, ``"mm"`` or, where the pixel size is unknown, ``"px"``."""
        return "mm" if self.source.spacing_known else "px"

    @property
    def decimals(self) -> int:
        """How many decimals of a position in `unit` mean something."""
        return Written(self.without_pixels).decimals

    @property
    def without_pixels(self) -> Image:
        """The image as the formats of single files ask for it."""
        return Image.without_pixels(self.grid, self.source)


@dataclass(frozen=True)
class CaseMarks:
    """The landmarks of one case, to be written or as they were read.

    Attributes
    ----------
    image
        The image they belong to.
    landmarks
        In mm of the image's grid; in px where its pixel size is unknown.
    group
        What the cases are told apart by, such as a patient or a species; ``""`` for nothing.
    reader
        Who said so: a person's or a model's name; ``""`` where that is not known.
    spacing_mm
        The pixel size in numpy order that the file gives, mm; None where it gives none. For a person to take over.
    warnings
        Sentences to show to the person: what was tolerated while reading.
    """

    image: CaseImage
    landmarks: Landmarks
    group: str = ""
    reader: str = ""
    spacing_mm: tuple[float, ...] | None = None
    warnings: tuple[str, ...] = ()


class Record(Protocol):
    """What a file says of one image, before anything is known of that image itself.

    Attributes
    ----------
    where
        The file and the place in it, as a sentence about it begins: ``wings.tps: line 17``.
    image_name
        What the file calls the image, folders and all; ``""`` where it does not say.
    group
        What the cases are told apart by; ``""`` for nothing.
    """

    @property
    def where(self) -> str: ...  # noqa: D102
    @property
    def image_name(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102

    def placed(self, wanted: Wanted) -> Found:
        """Return the landmarks where the wanted image has them; those that the file lacks may be missing.

        Raises
        ------
        LandmarkFileError
            They cannot be those of that image, or not those that are wanted.
        """


@dataclass(frozen=True)
class Unread:
    """A file of a folder that nobody can tell to be a landmark file or not, since it is no text of a landmark file's size.

    Among the records of a folder it stands for what `collection_file.open_collection` leaves out and names.

    Attributes
    ----------
    where
        The file.
    error
        Why it was not read.
    """

    where: str
    error: LandmarkFileError
    image_name: str = ""
    group: str = ""

    def placed(self, wanted: Wanted) -> Found:  # noqa: ARG002 -- as every record's
        """Raise why there is nothing to be placed."""
        raise self.error


def records_of_files(
    files: Iterable[Path], largest_bytes: int, is_one: Callable[[str], bool], read: Callable[[str, Path], Record]
) -> list[Record]:
    """Return the records of those files of a folder that are of a format; anything may lie beside them.

    Parameters
    ----------
    files
        Those with the format's suffix.
    largest_bytes
        Files above this are not read.
    is_one
        Tells by its text whether a file is of the format.
    read
        Reads the text of one; what it raises goes on.
    """
    records: list[Record] = []
    for file in files:
        try:
            text = text_of(file, largest_bytes)
        except LandmarkFileError as error:
            records.append(Unread(file.name, error))
            continue
        if is_one(text):
            records.append(read(text, file))
    return records


Content = str | bytes
"""What stands in one file that is written."""


@dataclass(frozen=True)
class CollectionFormat:
    """One format of files, or of folders of files, that hold many cases.

    Attributes
    ----------
    key
        What command lines call it.
    title
        What dialogs call it.
    suffix
        How its files' names end, in small letters; that of the files in it where it is a folder.
    holds, made_by
        What is in it and which programs make or read it, for the documentation.
    ndims
        The ranks of the images whose landmarks it holds.
    recognises
        Tells whether a file or folder is of this format; None where it is only written.
    read
        A file's or folder's records. Raises `LandmarkFileError`.
    write_file
        Cases, all with the same landmarks in the same order, to what stands in the file. Raises `LandmarkFileError`.
    write_folder
        The same to the files of a folder, one after the other, each with its name. Raises `LandmarkFileError`.
    loses
        What Cairn knows of landmarks and such a file cannot hold, in words that follow "without"; ``""`` where it holds it all.
    names_are_numbers
        Whether its files have no names, so that as many landmarks must be in each case.
    needs_names
        Whether its files mean nothing without names from a scheme.
    needs_every_point
        Whether it can only hold cases of which every landmark has a position.
    many_readers
        Whether it can hold what several readers said of one image.
    extra
        The optional extra of the package that writing it takes, ``""`` for none.
    """

    key: str
    title: str
    suffix: str
    holds: str
    made_by: str
    ndims: tuple[int, ...] = (2, 3)
    recognises: Callable[[Path], bool] | None = None
    read: Callable[[Path], Sequence[Record]] | None = None
    write_file: Callable[[Sequence[CaseMarks]], Content] | None = None
    write_folder: Callable[[Sequence[CaseMarks]], Iterator[tuple[str, Content]]] | None = None
    loses: str = ""
    names_are_numbers: bool = False
    needs_names: bool = False
    needs_every_point: bool = False
    many_readers: bool = False
    extra: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder with several files, rather than one file."""
        return self.write_folder is not None
