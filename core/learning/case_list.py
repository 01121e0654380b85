"""A person's own images as a list to learn from: a CSV file with the columns ``split,image,landmarks``.

One row per image, paths relative to the list, landmarks in any format of `core.landmark_files.file`. Opens the images, since they
say the rank of the landmarks and where px lie.
"""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from core.base.errors import ConfigError
from core.images.file import read_image
from core.images.formats import image_name
from core.landmark_files.file import read_landmarks
from core.landmark_files.formats import needs_names
from core.learning.cases import Case, with_known_spacing
from core.values.image import Image
from core.values.landmarks import Landmarks

SPLITS = ("train", "validation", "test")
"""What the column ``split`` of a list may say."""
_COLUMNS = ("split", "image", "landmarks")


def read_list(path: Path, split: str, names: Sequence[str] | None, spacing_mm: float | None) -> tuple[Case, ...]:
    """Read one split of a list.

    Parameters
    ----------
    path
        The list.
    split
        One of `SPLITS`.
    names
        The landmarks wanted, in order; None takes those of the first file. One that a file does not hold is absent; more than
        these are left out, unless some of these are missing: then a name may be misspelt.
    spacing_mm
        Spacing of images whose files do not say it.

    Returns
    -------
    tuple of Case
        At least one.

    Raises
    ------
    ConfigError
        A file is missing or listed twice, an image's pixel size is not known, or there is no such split.
    ImageReadError, LandmarkFileError
        A file cannot be read, or holds a landmark that is not among ``names`` and lacks one that is.
    """
    rows = [row for row in _read_rows(path) if row["split"] == split]
    if not rows:
        raise ConfigError(
            f"The data set list {path} has no rows of the split {split!r}.",
            f"Write one of {', '.join(SPLITS)} into the column split of each row.",
        )
    cases: list[Case] = []
    for row in rows:
        image_path, landmark_path = path.parent / row["image"], path.parent / row["landmarks"]
        # The image says the rank of the landmarks, and where px lie; a bad one is better found before training than in it.
        image = with_known_spacing(read_image(image_path), spacing_mm)
        marks = read_wanted(landmark_path, names, image)
        names = marks.names if names is None else names
        if cases and marks.ndim != cases[0].landmarks.ndim:
            raise ConfigError(
                f"The image {image_path} is {marks.ndim}D, those before are {cases[0].landmarks.ndim}D.",
                "List 2D and 3D images in separate files.",
            )
        cases.append(Case(case_name(row["image"]), image_path, marks, spacing_mm=spacing_mm))
    return tuple(cases)


def read_wanted(path: Path, names: Sequence[str] | None, image: Image) -> Landmarks:
    """Read the landmarks ``names`` of a file that may hold more."""
    if names is not None and not needs_names(path):
        marks = read_landmarks(path, image=image)
        if set(names) <= set(marks.names):
            return marks.subset(names)
    return read_landmarks(path, names=names, image=image)


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Read and check the whole list, so that an image cannot be in two splits unnoticed."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            columns = tuple(reader.fieldnames or ())
            rows = list(reader)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no data set list {path}.", "Check the path.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"The data set list {path} cannot be read.", "Check that it is a CSV file in UTF-8."
        ) from error
    if sorted(columns) != sorted(_COLUMNS):
        raise ConfigError(
            f"The data set list {path} has the columns {', '.join(columns) or '(none)'}.",
            f"Give it the columns {', '.join(_COLUMNS)}.",
        )
    seen: set[Path] = set()
    for number, row in enumerate(rows, start=2):
        _check_row(path, number, row)
        image_path = (path.parent / row["image"]).resolve()
        if image_path in seen:
            raise ConfigError(f"The data set list {path} names {row['image']} twice.", "List each image once.")
        seen.add(image_path)
    return rows


def _check_row(path: Path, number: int, row: dict[str, str]) -> None:
    if set(row) != set(_COLUMNS) or not all(row.values()):
        raise ConfigError(f"Row {number} of the data set list {path} is not complete.", f"Fill {', '.join(_COLUMNS)}.")
    if row["split"] not in SPLITS:
        raise ConfigError(
            f"Row {number} of the data set list {path} has the unknown split {row['split']!r}.",
            f"Write one of {', '.join(SPLITS)}.",
        )
    for column in ("image", "landmarks"):
        if not (path.parent / row[column]).exists():
            raise ConfigError(
                f"Row {number} of the data set list {path} names {row[column]}, which does not exist.",
                "Paths are relative to the list.",
            )


def case_name(relative_path: str) -> str:
    """Return what the case of an image is called: its path seen from the list, without suffix."""
    path = PurePosixPath(relative_path)
    return str(path.with_name(image_name(path)))
