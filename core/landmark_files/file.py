"""Reading and writing landmark files, whatever their format.

Owns all-or-nothing writing, and who is told what of a file. The formats are a table with a module for each,
`core/landmark_files/formats.py`; docs/landmark-files.md tells people about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.base.errors import LandmarkFileError
from core.base.files import written_whole
from core.landmark_files.arrangement import arranged
from core.landmark_files.contract import Wanted, Written
from core.landmark_files.formats import format_to_read, format_to_write, require_suffix
from core.landmark_files.image_record import Belonging as Belonging
from core.landmark_files.image_record import ImageRecord
from core.landmark_files.text_file import text_of
from core.values.image import Image
from core.values.landmarks import Landmarks, Status


@dataclass(frozen=True)
class LandmarkTemplate:
    """A landmark file as it was read: what it says beyond Cairn's landmarks comes back when landmarks are written into it.

    Attributes
    ----------
    suffix
        Of the files it serves for, such as ``".mrk.json"``.
    text
        Everything that stood in the file.
    """

    suffix: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class LandmarkFile:
    """What a landmark file holds.

    Attributes
    ----------
    landmarks
        What Cairn works with.
    template
        What `write_landmarks` needs to keep the rest, None where the format is only read or holds nothing else.
    image_name
        Name of the image that the file says it belongs to, ``""`` where it says none.
    image_sha256
        SHA-256 of that image's content, ``""`` where it says none.
    spacing_mm
        Pixel size in numpy order with which the file was written, mm; None where it says none, or that it was unknown. Whoever
        opens it for an image without a pixel size may want to take it over.
    model
        Name and version of the model that found the landmarks, ``""`` for none.
    warnings
        Sentences to show to the person: what was tolerated while reading.
    in_px
        Whether the positions are px although it was read without an image, because that is all the file has.
    """

    landmarks: Landmarks
    template: LandmarkTemplate | None
    image_name: str = ""
    image_sha256: str = ""
    spacing_mm: tuple[float, ...] | None = None
    model: str = ""
    warnings: tuple[str, ...] = ()
    in_px: bool = False


def belongs_to(file: LandmarkFile, image: Image) -> Belonging:
    """Tell whether a file was written for ``image``: by SHA-256 first, then by name; `Belonging` says what each answer means."""
    return ImageRecord(file.image_name, file.image_sha256).belongs_to(image)


def read_landmarks(
    path: Path | str,
    *,
    names: Sequence[str] | None = None,
    image: Image | None = None,
    ndim: int | None = None,
    mm_is_px: bool = False,
) -> Landmarks:
    """Return the landmarks of `read_landmark_file`, for whoever will not write them back."""
    return read_landmark_file(path, names=names, image=image, ndim=ndim, mm_is_px=mm_is_px).landmarks


def read_landmark_file(
    path: Path | str,
    *,
    names: Sequence[str] | None = None,
    image: Image | None = None,
    ndim: int | None = None,
    mm_is_px: bool = False,
) -> LandmarkFile:
    """Read a landmark file; its suffix says its format.

    Parameters
    ----------
    path
        A file of one of the formats in `core.landmark_files.formats`.
    names
        The landmarks wanted, in that order; those the file lacks come back absent. Formats without names of their own take
        them from here.
    image
        The image they belong to: px become mm through its grid. Without it px count as mm where a file has only px.
    ndim
        2 or 3; the image's where there is one, else what the file holds.
    mm_is_px
        Whether a file in mm is to be read with 1 mm a pixel, as 3D Slicer shows a picture, where neither it nor the image say how
        large a pixel is.

    Returns
    -------
    LandmarkFile
        Positions in LPS mm; in px where ``image`` does not know its pixel size. Where the file says with which pixel size it was
        written, and the image now has another one or none, the landmarks stand on the same pixels as then.

    Raises
    ------
    PixelSizeNeeded
        Positions are in mm, and neither image nor file say how large a pixel is.
    LandmarkFileError
        The file is missing, unreadable, or does not hold these landmarks.
    """
    path = Path(path)
    if image is not None:
        if ndim not in (None, image.ndim):
            raise ValueError(f"ndim is {ndim} but the image is {image.ndim}D")
        ndim = image.ndim
    require_suffix(path)
    text = text_of(path)
    form = format_to_read(path, text)
    wanted = Wanted(None if names is None else tuple(names), image, ndim, mm_is_px)
    found = form.read(text, path, wanted)
    return LandmarkFile(
        found.landmarks if names is None else arranged(found.landmarks, names, path.name, Status.ABSENT),
        LandmarkTemplate(form.suffixes[0], text) if form.keeps else None,
        found.record.image_name,
        found.record.image_sha256,
        found.record.spacing_mm,
        found.record.model,
        found.warnings,
        found.in_px,
    )


def write_landmarks(
    landmarks: Landmarks,
    path: Path | str,
    *,
    image: Image | None = None,
    model: str = "",
    template: LandmarkTemplate | None = None,
) -> None:
    """Write landmarks in the format that the suffix of ``path`` names; whole or not at all.

    Parameters
    ----------
    landmarks
        In mm of ``image.grid``.
    path
        Where to. An existing file is replaced only once the new one is whole.
    image
        The image they belong to, of which the file then says name, content and pixel size; without it a CSV has no px. 2D points
        become 3D for Slicer at the place of the image's slice, or at z = 0.
    model
        Name and version of the model; where it is omitted, that of ``template`` stays.
    template
        The file they were read from. Where it has the format of ``path``, what is not Cairn's is kept, and so are the numbers of
        the points that nobody has touched.

    Raises
    ------
    LandmarkFileError
        The file cannot be written.
    """
    path = Path(path)
    if image is not None and image.ndim != landmarks.ndim:
        raise ValueError(f"{landmarks.ndim}D landmarks do not belong to a {image.ndim}D image")
    form = format_to_write(path)
    assert form.write is not None
    kept = template.text if template is not None and template.suffix == form.suffixes[0] else None
    text = form.write(landmarks, Written(image, model, kept))
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
    except PermissionError as error:
        raise LandmarkFileError(
            f"{path} cannot be written: it is open in another program, or the folder is protected.",
            "Close the file there, or choose another folder.",
        ) from error
    except OSError as error:
        raise LandmarkFileError(
            f"{path} cannot be written ({error.strerror}).", "Choose another folder or disk."
        ) from error
    except UnicodeEncodeError as error:
        raise LandmarkFileError(
            f"A landmark's name cannot be written to {path.name}.", "Rename the landmark."
        ) from error
