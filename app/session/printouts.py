"""What is known, offered and wished where a picture or a report is saved: values for questions and their answers, without Qt."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

LARGEST_PICTURE_PX = 100_000_000
"""Pixels of a picture at most: more takes gigabytes while it is drawn."""
LARGEST_FACTOR = 4
VOLUME_SIDES_PX = (1200, 2400, 4800)
"""How long the longer side of a picture of a volume may be, the first one proposed last."""
_LETTER_TERRITORIES = frozenset(("US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "CR", "PA", "DO", "SV", "NI", "PR"))


class PaperSize(StrEnum):
    """What a page is printed on, upright."""

    A4 = "a4"
    LETTER = "letter"

    @property
    def named(self) -> str:
        """What a person calls it."""
        return "A4 (210 × 297 mm)" if self is PaperSize.A4 else "Letter (8.5 × 11 in)"

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        return (210.0, 297.0) if self is PaperSize.A4 else (215.9, 279.4)


def usual_paper(locale_name: str) -> PaperSize:
    """Return what people print on where a locale such as ``"en_US"`` is at home."""
    territory = locale_name.replace("-", "_").partition(".")[0].rpartition("_")[2].upper()
    return PaperSize.LETTER if territory in _LETTER_TERRITORIES else PaperSize.A4


class PictureForm(StrEnum):
    """What a picture is written as."""

    PNG = "png"
    SVG = "svg"


def picture_form_of(path: Path) -> PictureForm | None:
    """Return the form that a file name asks for; None for any other suffix."""
    suffix = path.suffix.lower().removeprefix(".")
    return PictureForm(suffix) if suffix in tuple(PictureForm) else None


@dataclass(frozen=True)
class PictureOffer:
    """What a picture can be made of.

    Attributes
    ----------
    suggestion
        Where to, with the suffix of the form that is proposed.
    size_px
        Width and height of a 2D image as large as its pixels; of the views of a volume as they stand on the screen.
    is_volume
        Whether it is the views of a volume, whose size is chosen freely.
    has_tracing, has_free, has_vectors
        Whether these can be drawn: an analysis fits the image, distances or angles were measured by hand, and the votes for the
        selected landmark are known.
    labels, tracing, vectors
        What is shown on the screen, and therefore proposed.
    """

    suggestion: Path
    size_px: tuple[int, int]
    is_volume: bool = False
    has_tracing: bool = False
    has_free: bool = False
    has_vectors: bool = False
    labels: bool = True
    tracing: bool = False
    vectors: bool = False

    @property
    def factors(self) -> tuple[int, ...]:
        """How many times larger than its pixels a 2D image may be drawn."""
        area = self.size_px[0] * self.size_px[1]
        fitting = (factor for factor in range(2, LARGEST_FACTOR + 1) if area * factor**2 <= LARGEST_PICTURE_PX)
        return (1, *fitting)


@dataclass(frozen=True)
class PictureWish:
    """The answer that a picture is to be written.

    Attributes
    ----------
    path
        Where to; may be replaced.
    factor
        Of a 2D image: pixels of the picture for each pixel along an axis.
    longest_px
        Of a volume: the longer side of the picture.
    landmarks, labels, tracing, free, vectors
        What is drawn over the image.
    """

    path: Path
    factor: int = 1
    longest_px: int = VOLUME_SIDES_PX[1]
    landmarks: bool = True
    labels: bool = True
    tracing: bool = False
    free: bool = False
    vectors: bool = False


@dataclass(frozen=True)
class ReportOffer:
    """What is known before a report is saved.

    Attributes
    ----------
    suggestion
        Where to.
    name
        What the image is called.
    paper
        What is proposed.
    """

    suggestion: Path
    name: str
    paper: PaperSize


@dataclass(frozen=True)
class ReportWish:
    """The answer that a report is to be written.

    Attributes
    ----------
    path
        Where to; may be replaced.
    paper
        Its pages.
    with_name
        Whether the image is named on them.
    """

    path: Path
    paper: PaperSize
    with_name: bool = True
