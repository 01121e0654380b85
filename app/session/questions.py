"""What the controller asks of a person, and the kinds of answers there are.

The window answers with dialogs, tests with prepared answers. Knows no Qt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.desk.learning_files import LearnWish
from app.session.learning_offer import LearnOffer
from app.session.printouts import PictureOffer, PictureWish, ReportOffer, ReportWish
from core.base.errors import AppError
from core.images.dicom.series import Series
from core.models.metadata import ModelInfo
from core.project.readings import Reader
from core.schemes.comparison import Fit
from core.schemes.draft import Draft
from core.schemes.scheme import Scheme


class Unsaved(StrEnum):
    """What to do with work that is not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class OnRuler(StrEnum):
    """The answer that the pixel size is to be measured in the image."""

    MEASURE = "measure"


@dataclass(frozen=True)
class PixelSize:
    """The answer that pixels are this large.

    Attributes
    ----------
    spacing_mm
        Distance between rows and between columns, mm (numpy order).
    for_all
        Whether it also holds for the other images of the list that do not know their pixel size.
    """

    spacing_mm: tuple[float, float]
    for_all: bool = False


class MmOfFile(StrEnum):
    """What positions in mm mean where nobody knows how large the pixels are."""

    NEED_PIXEL_SIZE = "need pixel size"
    ARE_PX = "are px"


@dataclass(frozen=True)
class Occupied:
    """A file that saving would replace, although a person may not know what is in it.

    Attributes
    ----------
    path
        The file.
    digest
        SHA-256 of what stands in it.
    changed
        Whether Cairn has read or written it, but somebody else has changed it since.
    image_name
        The image that its landmarks belong to where that is another one, else empty.
    """

    path: Path
    digest: str
    changed: bool = False
    image_name: str = ""


class Overwrite(StrEnum):
    """What to do about a file that is in the way."""

    REPLACE = "replace"
    ELSEWHERE = "elsewhere"
    CANCEL = "cancel"


@dataclass(frozen=True)
class SchemeStart:
    """What making a scheme begins with.

    Attributes
    ----------
    draft
        What stands in the list at first; without rows for a new one. Its rank is that of the open image.
    of_image
        The landmarks of the open image, which the list can be filled with.
    """

    draft: Draft
    of_image: Draft


@dataclass(frozen=True)
class EditedScheme:
    """The answer that this scheme is to be used.

    Attributes
    ----------
    scheme
        Of the rank of the open image.
    renamed
        Landmarks of the open image, and what they are called now.
    """

    scheme: Scheme
    renamed: Mapping[str, str] = field(default_factory=dict)


class WhichCases(StrEnum):
    """Which cases of the project are meant."""

    ALL = "all"
    DONE = "done"
    LISTED = "listed"


@dataclass(frozen=True)
class ExportOffer:
    """What can be saved.

    Attributes
    ----------
    ids
        The numbers of the cases, for each way to choose them; without excluded ones.
    forms
        The keys of the formats that can be written and can hold the landmarks of these cases; none where nobody has read any.
    ranks
        How many axes the images of these cases have that somebody has read.
    readers
        Everybody who has read any case.
    reader
        Who reads now.
    suggestion
        Where to, without a suffix.
    """

    ids: Mapping[WhichCases, tuple[int, ...]]
    forms: Mapping[WhichCases, tuple[str, ...]]
    ranks: Mapping[WhichCases, frozenset[int]]
    readers: tuple[Reader, ...]
    reader: Reader
    suggestion: Path


@dataclass(frozen=True)
class ExportWish:
    """The answer that landmarks are to be written.

    Attributes
    ----------
    key
        The format, by its key in the table of those that hold many images.
    path
        The file or the new folder. A file may be replaced.
    cases
        Which ones.
    reader
        Whose readings; None for the one that speaks for each case.
    or_model
        Whether a model's reading is taken of cases that the reader has not read.
    everybody
        Whether all readings of each case are wanted.
    """

    key: str
    path: Path
    cases: WhichCases = WhichCases.ALL
    reader: Reader | None = None
    or_model: bool = False
    everybody: bool = False


@dataclass(frozen=True)
class ImportOffer:
    """What is known before landmarks are added.

    Attributes
    ----------
    readers
        Everybody who has read any case.
    folder
        Where to look first.
    """

    readers: tuple[Reader, ...]
    folder: Path


@dataclass(frozen=True)
class ImportWish:
    """The answer that landmarks are to be read.

    Attributes
    ----------
    path
        A file or folder.
    reader
        Whose they are.
    key
        The format, by its key; None for the one it is recognised as.
    """

    path: Path
    reader: str
    key: str | None = None


class LeaveLearning(StrEnum):
    """What becomes of learning under way when the window closes."""

    STAY = "stay"
    LATER = "later"
    GIVE_UP = "give up"


class Questions(Protocol):
    """Every question; None means that the person thought better of it."""

    def image_path(self, folder: Path | None) -> Path | None:
        """Ask which image to open."""

    def image_folder(self, folder: Path | None) -> Path | None:
        """Ask which folder of images to open."""

    def image_paths(self, folder: Path | None) -> list[Path]:
        """Ask which images to add to the project; none where the person thought better of it."""

    def project_path(self, folder: Path | None) -> Path | None:
        """Ask which project to open."""

    def new_project_path(self, suggestion: Path) -> Path | None:
        """Ask where to make a project."""

    def reader_name(self, name: str) -> str | None:
        """Ask who reads; ``name`` is proposed."""

    def missing_image_folder(self, error: AppError) -> Path | None:
        """Say that an image is no longer where it was, and ask which folder it has gone to."""

    def leaves_unwritten(self, count: int, reason: str) -> bool:
        """Ask whether to give up ``count`` changes that the project's disk does not take; ``reason`` says why it does not."""

    def series(self, found: tuple[Series, ...]) -> Series | None:
        """Ask which of several DICOM series to open; the first one is proposed."""

    def landmarks_path(self, folder: Path | None) -> Path | None:
        """Ask which landmark file to open."""

    def belongs_here(self, path: Path, file_image: str, image: str) -> bool:
        """Ask whether to show the landmarks of ``path`` on ``image`` although they were made on ``file_image``."""

    def mm_without_pixel_size(self, path: Path) -> MmOfFile | None:
        """Ask what the mm of a landmark file mean on an image that does not know its pixel size."""

    def save_path(self, suggestion: Path) -> Path | None:
        """Ask where to save the landmarks."""

    def analysis_path(self, folder: Path | None) -> Path | None:
        """Ask which file with an analysis to open."""

    def measurements_path(self, suggestion: Path) -> Path | None:
        """Ask where to write a table of measurements; also whether a file that is there may be replaced."""

    def picture_wish(self, offer: PictureOffer) -> PictureWish | None:
        """Ask what a picture of the image shows, how large and where to; also whether a file that is there may be replaced."""

    def report_wish(self, offer: ReportOffer) -> ReportWish | None:
        """Ask on which paper a report is made, whether it names the image, and where to; also whether a file may be replaced."""

    def overwrites(self, occupied: Occupied) -> Overwrite:
        """Ask whether to replace a file."""

    def stops_waiting(self, path: Path) -> bool:
        """Ask whether to go on although ``path`` is still being written and may be lost."""

    def model_path(self) -> Path | None:
        """Ask which model file to use."""

    def accepts_model(self, info: ModelInfo, path: Path) -> bool:
        """Show where a model comes from and ask whether to load it."""

    def unsaved(self, name: str) -> Unsaved:
        """Ask what to do with the unsaved landmarks of the image ``name``."""

    def pixel_size(self, current_mm: tuple[float, float] | None, others: int) -> PixelSize | OnRuler | None:
        """Ask how large the pixels are.

        Parameters
        ----------
        current_mm
            Distance between rows and between columns as it is now, None where nobody knows it.
        others
            How many other images are in the list.
        """

    def ruler_length_mm(self, length_px: float) -> float | None:
        """Ask how long the line just measured is in mm."""

    def landmark_name(self, name: str) -> str | None:
        """Ask for another name of a landmark."""

    def scheme(self, start: SchemeStart) -> EditedScheme | None:
        """Let a person make a landmark scheme."""

    def scheme_fit(self, source: str, differences: tuple[str, ...], *, by_file: bool) -> Fit | None:
        """Ask whose names landmarks shall have that do not fit the scheme.

        Parameters
        ----------
        source
            Where the landmarks come from: the name of a file or an image.
        differences
            Sentences that say what differs.
        by_file
            Whether they may also stay as they are.
        """

    def export_wish(self, offer: ExportOffer) -> ExportWish | None:
        """Ask which landmarks to write, in which format and where; also whether a file that is there may be replaced."""

    def import_wish(self, offer: ImportOffer) -> ImportWish | None:
        """Ask which file or folder to read, and whose landmarks it holds."""

    def analysis_save_path(self, suggestion: Path) -> Path | None:
        """Ask where to save an analysis; whether a file that is there may be replaced is asked, too."""

    def replaces_analysis(self, name: str) -> bool:
        """Ask whether another analysis may be replaced that is called so, in the project or in a person's folder."""

    def removes_analysis(self, name: str) -> bool:
        """Ask whether an analysis is to be taken out of the project."""

    def gives_up_analysis(self, name: str) -> bool:
        """Ask whether to give up what was changed in an analysis."""

    def learn_wish(self, offer: LearnOffer) -> LearnWish | None:
        """Tell what can be learnt, and ask from which model and for how long."""

    def leaves_learning(self, left_s: float | None) -> LeaveLearning:
        """Ask what becomes of learning under way when the window closes; ``left_s`` are the seconds that it still takes."""

    def show_error(self, error: AppError) -> None:
        """Say what is wrong and what to do."""
