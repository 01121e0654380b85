"""Finds and reads data sets: public ones, or a person's own images in a CSV list.

A list is a CSV file with the columns ``split,image,landmarks``: one row per image, paths relative to the list, landmarks in
any format of `core.landmark_files.file`. What a case is made of is in `core/learning/cases.py`.
"""

import csv
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from core.base.errors import ConfigError
from core.images.file import read_image
from core.images.formats import image_name
from core.landmark_files.file import read_landmarks
from core.landmark_files.formats import needs_names
from core.learning.cases import Case, with_known_spacing
from core.learning.configuration import DataConfig, TrainingConfig, landmark_names
from core.values.image import Image
from core.values.landmarks import Landmarks
from training.datasets.cephalometric import Split, read_cephalometric
from training.datasets.mouse_skull import Split as SkullSplit
from training.datasets.mouse_skull import read_mouse_skulls

DataKind = Literal["cephalometric", "mouse-skull", "list"]

SPLITS = ("train", "validation", "test")
"""What the column ``split`` of a list may say."""
_COLUMNS = ("split", "image", "landmarks")


def default_root(kind: DataKind) -> Path | None:
    """Return where the public data set of ``kind`` is by ``$CAIRN_DATA``; None where that is not set, and for a list."""
    folders = {"cephalometric": "cephalometric", "mouse-skull": "mouse_ct"}
    given = os.environ.get("CAIRN_DATA", "")
    return Path(given) / folders[kind] if given and kind in folders else None


def usual_root(kind: DataKind, data: Path | None = None, or_else: str = "") -> Path:
    """Return ``data``, or where the data set of ``kind`` usually is, see `default_root`.

    Parameters
    ----------
    kind, data
        The data set, and the place that a person named.
    or_else
        How the person could name it, beside the option.

    Raises
    ------
    ConfigError
        Nothing says where it is.
    """
    root = default_root(kind) if data is None else data
    if root is None:
        hint = f"Give the CSV file with --data{or_else}."
        if kind != "list":
            hint = f"Give its folder with --data{or_else}, or the folder of all public data sets in CAIRN_DATA."
        raise ConfigError("Nothing says where the data set is.", hint)
    return root


def find_root(data_config: DataConfig, folder: Path, data: Path | None = None) -> Path:
    """Return where a configuration's data set is: ``data``, else its own ``root``, else where ``CAIRN_DATA`` says.

    Parameters
    ----------
    data_config
        Section ``[data]`` of the configuration.
    folder
        What a relative ``root`` is relative to.
    data
        Overrides ``root``.

    Raises
    ------
    ConfigError
        Nothing says where it is.
    """
    if data is None and data_config.root:
        return folder / data_config.root
    return usual_root(data_config.kind, data, " or as root under [data]")


def cases_of(config: TrainingConfig, split: str, folder: Path, data: Path | None = None) -> tuple[Case, ...]:
    """Read one split of a configuration's data set, with its landmarks; see `find_root` and `read_cases`.

    Parameters
    ----------
    config
        Says the kind of data set and the landmarks.
    split
        ``"train"``, ``"validation"`` or a test split.
    folder
        What a relative ``root`` in the configuration is relative to.
    data
        Overrides the configuration's ``root``.
    """
    root = find_root(config.data, folder, data)
    return read_cases(config.data.kind, root, split, landmark_names(config)[0], config.data.spacing_mm)


def read_cases(
    kind: DataKind, root: Path, split: str, names: Sequence[str] | None = None, spacing_mm: float | None = None
) -> tuple[Case, ...]:
    """Read one split of a data set.

    Parameters
    ----------
    kind
        ``"cephalometric"``: the challenge's folders; ``"mouse-skull"``: the atlas's folders; ``"list"``: a CSV list.
    root
        The data set's folder, or the CSV file.
    split
        ``train``, ``validation``, or ``test1`` of the challenge and ``test`` of the others.
    names
        The landmarks wanted, in order, some or all of the data set's. One that a file of a list does not hold is absent;
        more than these are left out, unless some of these are missing: then a name may be misspelt. None takes those of the
        first file.
    spacing_mm
        Spacing of listed images whose files do not say it.

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
    if kind == "list":
        return _read_list(root, split, names, spacing_mm)
    if kind == "mouse-skull":
        cases = read_mouse_skulls(root, cast(SkullSplit, split))
    else:
        cases = read_cephalometric(root, cast(Split, split))
    if names is None:
        return cases
    unknown = sorted(set(names) - set(cases[0].landmarks.names))
    if unknown:
        raise ConfigError(
            f"The {kind} data set has no landmark {', '.join(unknown)}.",
            f"Use some of: {', '.join(cases[0].landmarks.names)}.",
        )
    return tuple(with_landmarks(case, names) for case in cases)


def with_landmarks(case: Case, names: Sequence[str]) -> Case:
    """Return ``case`` with only the landmarks ``names``, in that order."""
    observers = tuple(observer.subset(names) for observer in case.observers)
    return replace(case, landmarks=case.landmarks.subset(names), observers=observers)


def _read_list(path: Path, split: str, names: Sequence[str] | None, spacing_mm: float | None) -> tuple[Case, ...]:
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
        marks = _read_wanted(landmark_path, names, image)
        names = marks.names if names is None else names
        if cases and marks.ndim != cases[0].landmarks.ndim:
            raise ConfigError(
                f"The image {image_path} is {marks.ndim}D, those before are {cases[0].landmarks.ndim}D.",
                "List 2D and 3D images in separate files.",
            )
        cases.append(Case(_case_name(row["image"]), image_path, marks, spacing_mm=spacing_mm))
    return tuple(cases)


def _read_wanted(path: Path, names: Sequence[str] | None, image: Image) -> Landmarks:
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


def _case_name(relative_path: str) -> str:
    path = PurePosixPath(relative_path)
    return str(path.with_name(image_name(path)))
