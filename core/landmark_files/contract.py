"""What every landmark format takes and gives: what a row of the table in `core/landmark_files/formats.py` is made of.

Values only: nothing here opens a file or knows a format by its name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.landmark_files.image_record import ImageRecord
from core.landmark_files.precision import PX_DECIMALS, mm_decimals
from core.values.image import Image
from core.values.landmarks import Landmarks


@dataclass(frozen=True)
class Wanted:
    """What is to be read from a file.

    Attributes
    ----------
    names
        The landmarks, in that order; None for those that the file has. Formats without names take them from here.
    image
        The image they belong to, None where there is none.
    ndim
        2 or 3; None for what the file holds.
    mm_is_px
        Whether a file in mm that does not say its pixel size has been written with 1 mm a pixel.
    """

    names: tuple[str, ...] | None = None
    image: Image | None = None
    ndim: int | None = None
    mm_is_px: bool = False


@dataclass(frozen=True)
class Found:
    """What was read from a file.

    Attributes
    ----------
    landmarks
        In mm of the wanted image, in px where that does not know its pixel size.
    record
        What the file says about its image and its model.
    warnings
        Sentences to show to the person: what was tolerated.
    in_px
        Whether the positions are px although no image was wanted, because that is all the file has.
    """

    landmarks: Landmarks
    record: ImageRecord = field(default_factory=ImageRecord)
    warnings: tuple[str, ...] = ()
    in_px: bool = False


@dataclass(frozen=True)
class Written:
    """What is to be written beside the landmarks themselves.

    Attributes
    ----------
    image
        The image they belong to, None where it is not known.
    model
        Name and version of the model, ``""`` for none.
    kept
        The file they were read from, where it has the same format; what Cairn does not know in it is kept.
    """

    image: Image | None = None
    model: str = ""
    kept: str | None = None

    @property
    def record(self) -> ImageRecord:
        """What the file is to say about the image and the model."""
        return ImageRecord(model=self.model) if self.image is None else ImageRecord.of(self.image, self.model)

    @property
    def unit(self) -> str:
        """Unit of all lengths, ``"mm"`` or, where the pixel size is unknown, ``"px"``."""
        return "mm" if self.image is None or self.image.source.spacing_known else "px"

    @property
    def decimals(self) -> int:
        """How many decimals of a position in `unit` mean something."""
        return mm_decimals(self.image) if self.unit == "mm" else PX_DECIMALS

    def record_beside(self, before: ImageRecord | None) -> ImageRecord | None:
        """Return what a file that may have come from another program is to say; None where it is to say nothing.

        A file of a volume that has never said anything keeps its silence, since its mm mean the same to everybody. Those of a
        2D image depend on the pixel size.
        """
        if self.image is None:
            return before if self.kept is not None else self.record if self.model else None
        if self.kept is not None and before is None and self.image.ndim == 3:
            return None
        return self.record.after(before or ImageRecord())


@dataclass(frozen=True)
class Format:
    """One format of landmark files.

    Attributes
    ----------
    title
        What dialogs call it.
    suffixes
        How its files' names end, in small letters; the first is the one that is written.
    holds
        What such a file holds, for the documentation.
    made_by
        Which programs make such files, for the documentation.
    read
        Text and path, the latter for messages only, to landmarks. Raises `LandmarkFileError`.
    write
        Landmarks to text; None for a format that is only read. Raises `LandmarkFileError`.
    keeps
        Whether `write` keeps what else stands in the file that the landmarks were read from.
    loses
        What Cairn knows of landmarks and such a file cannot hold, in words that follow "without"; ``""`` where it holds it all.
    needs_names
        Whether its files mean nothing without names from elsewhere.
    recognises
        Tells by its text whether a file is of this format, where others have the same suffix; None for the one that remains.
    """

    title: str
    suffixes: tuple[str, ...]
    holds: str
    made_by: str
    read: Callable[[str, Path, Wanted], Found]
    write: Callable[[Landmarks, Written], str] | None = None
    keeps: bool = False
    loses: str = ""
    needs_names: bool = False
    recognises: Callable[[str, Path], bool] | None = None
