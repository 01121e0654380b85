"""Reading and writing landmark files: Cairn's CSV, 3D Slicer's formats, and the cephalometric challenge's .txt.

Owns the files: suffixes, text encoding, all-or-nothing writing, the order of names, and the step between 2D images and 3D files.
What stands in the files is parsed by a module per format; here is only the challenge's list of numbers. docs/landmark-files.md
tells people about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

import numpy as np

from core.base.delimited_text import split_table
from core.base.errors import LandmarkFileError
from core.base.files import written_whole
from core.geometry.single_slice import flattened_mm, grid_in_space, lifted_mm
from core.landmark_files.csv import format_csv, mm_from_px, parse_csv
from core.landmark_files.fcsv import format_fcsv, parse_fcsv
from core.landmark_files.markups import format_markups, parse_markups
from core.landmark_files.slicer_table import is_slicer_table, parse_slicer_table
from core.values.image import Image
from core.values.landmarks import Landmarks, Status

READABLE_SUFFIXES = (".csv", ".tsv", ".mrk.json", ".json", ".fcsv", ".txt")
WRITABLE_SUFFIXES = (".csv", ".mrk.json", ".fcsv")
LARGEST_FILE_BYTES = 32 * 1024 * 1024
"""Files above this hold no landmarks; some 70,000 points fit into it."""
FARTHEST_OFF_MM = 1.0
"""How far off the plane of a 2D image a point of a 3D file may lie: rounding and half a thin slice, nothing more."""


@dataclass(frozen=True)
class LandmarkTemplate:
    """A file of 3D Slicer as it was read: what it says beyond landmarks comes back when landmarks are written into it.

    Attributes
    ----------
    suffix
        Of the files it serves for, ``".mrk.json"`` or ``".fcsv"``.
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
        What `write_landmarks` needs to keep the rest, None where the format holds nothing else.
    """

    landmarks: Landmarks
    template: LandmarkTemplate | None


def read_landmarks(
    path: Path | str, *, names: Sequence[str] | None = None, image: Image | None = None, ndim: int | None = None
) -> Landmarks:
    """Return the landmarks of `read_landmark_file`, for whoever will not write them back."""
    return read_landmark_file(path, names=names, image=image, ndim=ndim).landmarks


def read_landmark_file(
    path: Path | str, *, names: Sequence[str] | None = None, image: Image | None = None, ndim: int | None = None
) -> LandmarkFile:
    """Read a landmark file; its suffix says its format.

    Parameters
    ----------
    path
        A ``.csv`` (or ``.tsv``), ``.mrk.json`` (or ``.json``), ``.fcsv`` file, or a ``.txt`` file of the cephalometric challenge.
    names
        The landmarks wanted, in that order; those the file lacks come back absent. A ``.txt`` file needs them.
    image
        The image they belong to: px become mm through its grid. Without it px count as mm where a file has only px.
    ndim
        2 or 3; the image's where there is one, else what the file holds.

    Returns
    -------
    LandmarkFile
        Positions in LPS mm; in px where ``image`` does not know its pixel size.

    Raises
    ------
    LandmarkFileError
        The file is missing, unreadable, or does not hold these landmarks.
    """
    path = Path(path)
    if image is not None:
        if ndim not in (None, image.ndim):
            raise ValueError(f"ndim is {ndim} but the image is {image.ndim}D")
        ndim = image.ndim
    suffix = _suffix(path, READABLE_SUFFIXES)
    text = _text(path)
    if suffix == ".txt":
        return LandmarkFile(_parse_challenge(text, path, names, image, ndim), None)
    template: LandmarkTemplate | None = None
    if suffix in (".csv", ".tsv"):
        table = split_table(text, path)
        is_slicers = is_slicer_table(table)
        landmarks = parse_slicer_table(table) if is_slicers else parse_csv(table, image, ndim)
    else:
        is_slicers = True
        landmarks = parse_fcsv(text, path) if suffix == ".fcsv" else parse_markups(text, path)
        template = LandmarkTemplate(".fcsv" if suffix == ".fcsv" else ".mrk.json", text)
    if is_slicers and ndim == 2:
        landmarks = _flat(landmarks, image, path)
    return LandmarkFile(landmarks if names is None else _arranged(landmarks, names, path), template)


def write_landmarks(
    landmarks: Landmarks,
    path: Path | str,
    *,
    image: Image | None = None,
    model: str = "",
    template: LandmarkTemplate | None = None,
) -> None:
    """Write landmarks as ``.csv``, ``.mrk.json`` or ``.fcsv``, by the suffix of ``path``; whole or not at all.

    Parameters
    ----------
    landmarks
        In mm of ``image.grid``.
    path
        Where to. An existing file is replaced only once the new one is whole.
    image
        The image they belong to; without it a CSV has no px. 2D points become 3D for Slicer at the place of the image's slice, or
        at z = 0.
    model
        Name and version of the model, for the CSV's comment lines.
    template
        The file they were read from. Where it has the format of ``path``, everything in it that is not Cairn's is kept.

    Raises
    ------
    LandmarkFileError
        The file cannot be written.
    """
    path = Path(path)
    if image is not None and image.ndim != landmarks.ndim:
        raise ValueError(f"{landmarks.ndim}D landmarks do not belong to a {image.ndim}D image")
    suffix = _suffix(path, WRITABLE_SUFFIXES)
    if suffix == ".csv":
        text = format_csv(landmarks, image, model)
    else:
        in_space = _lifted(landmarks, image) if landmarks.ndim == 2 else landmarks
        kept = template.text if template is not None and template.suffix == suffix else None
        text = format_fcsv(in_space, kept) if suffix == ".fcsv" else format_markups(in_space, kept)
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


def _suffix(path: Path, known: tuple[str, ...]) -> str:
    for suffix in known:
        if path.name.lower().endswith(suffix):
            return suffix
    raise LandmarkFileError(f"{path.name} has no suffix of a landmark file.", f"Use one of {', '.join(known)}.")


def _text(path: Path) -> str:
    """Return a file's text without a byte order mark, its line ends untouched."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_FILE_BYTES else b""
    except FileNotFoundError as error:
        raise LandmarkFileError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise LandmarkFileError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if size > LARGEST_FILE_BYTES:
        raise LandmarkFileError(
            f"{path.name} is too large to be a landmark file ({size / 2**20:.0f} MiB).", "Choose a file with landmarks."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LandmarkFileError(
            f"{path.name} is not a text file in UTF-8 (byte {error.start + 1}).", "Save it as UTF-8 and try again."
        ) from error
    if not text.strip():
        raise LandmarkFileError(f"{path.name} is empty.", "Choose a file with landmarks.")
    return text


def _arranged(landmarks: Landmarks, names: Sequence[str], path: Path) -> Landmarks:
    """Return ``landmarks`` in the order of ``names``, absent where the file lacks one; refuse any that is not among them."""
    unknown = [name for name in landmarks.names if name not in names]
    if unknown:
        raise LandmarkFileError(
            f"{path.name} has landmarks that are not known here: {', '.join(unknown)}.",
            f"Known are: {', '.join(names)}.",
        )
    missing = [name for name in names if name not in landmarks.names]
    count = len(missing)
    complete = Landmarks(
        (*landmarks.names, *missing),
        np.concatenate([landmarks.points_mm, np.full((count, landmarks.ndim), np.nan)]),
        np.append(landmarks.presence, np.full(count, np.nan)),
        np.append(landmarks.spread_mm, np.full(count, np.nan)),
        np.append(landmarks.radius_mm, np.full(count, np.nan)),
        (*landmarks.status, *[Status.ABSENT] * count),
    )
    return complete.subset(names)


def _lifted(landmarks: Landmarks, image: Image | None) -> Landmarks:
    """Return 2D landmarks in 3D: where the image's slice stands in space, or at z = 0."""
    grid = grid_in_space(image) if image is not None else None
    if image is None or grid is None:
        depth = np.where(landmarks.located, 0.0, np.nan)
        return replace(landmarks, points_mm=np.column_stack([landmarks.points_mm, depth]))
    return replace(landmarks, points_mm=lifted_mm(landmarks.points_mm, image, grid))


def _flat(landmarks: Landmarks, image: Image | None, path: Path) -> Landmarks:
    """Return 3D landmarks of a 2D image in its plane: the opposite of `_lifted`; refuse what belongs to a volume."""
    grid = grid_in_space(image) if image is not None else None
    if image is None or grid is None:
        points_mm = landmarks.points_mm[:, :2]
        depths_mm = np.abs(landmarks.points_mm[:, 2])
    else:
        points_mm = flattened_mm(landmarks.points_mm, image, grid)
        depths_mm = np.linalg.norm(landmarks.points_mm - lifted_mm(points_mm, image, grid), axis=1)
    if (depths_mm > FARTHEST_OFF_MM).any():
        raise LandmarkFileError(
            f"{path.name} has points up to {np.nanmax(depths_mm):.3g} mm off the plane, but the image is 2D.",
            "Open the volume or the slice that they belong to.",
        )
    return replace(landmarks, points_mm=points_mm)


def _parse_challenge(
    text: str, path: Path, names: Sequence[str] | None, image: Image | None, ndim: int | None
) -> Landmarks:
    """Read the ISBI 2015 challenge's list: one ``x,y`` in px per landmark, then lines with a diagnosis, which are ignored."""
    if names is None or ndim == 3:
        raise LandmarkFileError(
            f"{path.name} is a list of 2D positions without names.",
            "Open it together with a 2D model or scheme that has names.",
        )
    lines = text.splitlines()
    positions = list(takewhile(lambda line: "," in line, lines))
    points: list[list[float]] = []
    for number, line in enumerate(positions, start=1):
        try:
            point = [float(part) for part in line.split(",")]
        except ValueError:
            point = []
        if len(point) != 2 or not np.isfinite(point).all():
            raise LandmarkFileError(
                f'{path.name}: line {number} is not "x,y" in px.', "Correct the line and try again."
            )
        points.append(point)
    if any("," in line for line in lines[len(positions) :]):
        raise LandmarkFileError(
            f'{path.name}: line {len(positions) + 1} is not "x,y" in px, but positions follow it.',
            "Correct the line and try again.",
        )
    if len(points) != len(names):
        raise LandmarkFileError(
            f"{path.name} has {len(points)} positions, but there are {len(names)} landmark names.",
            "Choose the model or scheme that the file was made for.",
        )
    px = np.array(points, dtype=np.float64).reshape(-1, 2)
    return Landmarks(tuple(names), px if image is None else mm_from_px(image.grid, px))
