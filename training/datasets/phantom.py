"""A data set of phantoms on disk: for tests, and as an example of a data set of one's own.

What a phantom is, `core.learning.phantom` knows.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.base.errors import ConfigError
from core.base.files import written_whole
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.learning.phantom import PHANTOM_LANDMARKS, make_phantom

_HELD_OUT = 0.2
"""Part of a data set that goes to each of validation and test."""


def write_phantom_dataset(
    folder: Path,
    ndim: int,
    count: int,
    *,
    seed: int = 0,
    shape: Sequence[int] | None = None,
    spacing_mm: float | Sequence[float] = 1.0,
    suffix: str = ".nrrd",
    landmark_suffix: str = ".csv",
    absent_every: int = 0,
) -> Path:
    """Write a small data set that ``kind = "list"`` reads: images, landmark files and the list ``cases.csv``.

    Parameters
    ----------
    folder
        Where to write; made where it does not exist.
    ndim
        2 or 3.
    count
        Number of images, at least 3: the first three fifths to train on, a fifth each to validate and to test.
    seed
        Seed of the first phantom; the others follow.
    shape, spacing_mm
        As in `make_phantom`.
    suffix
        Image format; ``.png`` holds 2D only, and 8 bits.
    landmark_suffix
        Landmark format: ``.csv``, ``.mrk.json`` or ``.fcsv``.
    absent_every
        Leave one landmark, a different one each time, out of every so many images; 0 for never.

    Returns
    -------
    Path
        The list.

    Raises
    ------
    ConfigError
        Fewer than 3 images were asked for, too few for the three splits.
    """
    if count < 3:
        raise ConfigError(f"{count} images are too few for three splits.", "Ask for 3 or more.")
    dtype = np.uint8 if suffix == ".png" else np.float32
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, str, str]] = []
    for number, split in enumerate(_splits(count)):
        leave_out = absent_every > 0 and number % absent_every == absent_every - 1
        absent = (PHANTOM_LANDMARKS[number // absent_every % len(PHANTOM_LANDMARKS)],) if leave_out else ()
        image, landmarks = make_phantom(ndim, seed + number, shape, spacing_mm, dtype=dtype, absent=absent)
        name = f"phantom-{number:03d}"
        write_image(image, folder / f"{name}{suffix}")
        write_landmarks(landmarks, folder / f"{name}{landmark_suffix}", image=image)
        rows.append((split, f"{name}{suffix}", f"{name}{landmark_suffix}"))
    path = folder / "cases.csv"
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("split", "image", "landmarks"), *rows])
    return path


def _splits(count: int) -> list[str]:
    """Name the split of each of ``count`` images; every split gets at least one."""
    held_out = max(1, round(count * _HELD_OUT))
    return ["train"] * (count - 2 * held_out) + ["validation"] * held_out + ["test"] * held_out
