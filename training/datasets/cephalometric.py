"""Reads the lateral cephalograms of the ISBI 2015 challenge in the layout its users have on disk, and the paper's split.

Truth is the mean of both observers (paper, section III.C); 140 images to train on, 10 to choose on, Test1 for final figures
only (section V.A.3). The images may not be shipped: nothing here copies them.
"""

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from core.base.errors import ConfigError
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.schemes.file import read_scheme
from core.values.grid import Grid
from core.values.landmarks import Landmarks

SCHEME = "cephalometric-19"
SPACING_MM = 0.1
"""Pixel size of every image of the challenge; the files do not say it."""

Split = Literal["train", "validation", "test1"]

_NUMBERS: dict[Split, range] = {"train": range(1, 141), "validation": range(141, 151), "test1": range(151, 301)}
_IMAGE_FOLDERS: dict[Split, str] = {"train": "TrainingData", "validation": "TrainingData", "test1": "Test1Data"}
_IMAGE_SUFFIXES = (".jpg", ".bmp", ".tif", ".tiff", ".png")
_OBSERVER_FOLDERS = ("400_senior", "400_junior")


def read_cephalometric(root: Path, split: Split) -> tuple[Case, ...]:
    """Read the cases of one split, in the order of their numbers.

    Parameters
    ----------
    root
        Folder that holds ``RawImage``, ``400_senior`` and ``400_junior``.
    split
        ``"train"`` (1 to 140), ``"validation"`` (141 to 150) or ``"test1"`` (151 to 300).

    Raises
    ------
    ConfigError
        The folder, an image or an annotation is missing, or there is no such split.
    LandmarkFileError
        An annotation is damaged.
    """
    if split not in get_args(Split):
        raise ConfigError(f"The cephalometric data set has no split {split!r}.", f"Use one of: {', '.join(_NUMBERS)}.")
    if not root.is_dir():
        raise ConfigError(
            f"There is no cephalometric data set at {root}.",
            "Give the folder that holds RawImage, 400_senior and 400_junior.",
        )
    names = read_scheme(SCHEME).names
    return tuple(_read_case(root, split, number, names) for number in _NUMBERS[split])


def _read_case(root: Path, split: Split, number: int, names: tuple[str, ...]) -> Case:
    folder = root / "RawImage" / _IMAGE_FOLDERS[split]
    stem = f"{number:03d}"
    candidates = [folder / f"{stem}{suffix}" for suffix in _IMAGE_SUFFIXES]
    image_path = next((path for path in candidates if path.is_file()), None)
    if image_path is None:
        raise ConfigError(f"The image {candidates[0]} is missing.", "Complete the cephalometric data set.")
    observers = tuple(_read_observer(root / observer / f"{stem}.txt", names) for observer in _OBSERVER_FOLDERS)
    truth = Landmarks(names, np.mean([observer.points_mm for observer in observers], axis=0))
    return Case(stem, image_path, truth, observers, SPACING_MM)


def _read_observer(path: Path, names: tuple[str, ...]) -> Landmarks:
    """Read one observer's marks, given as ``x,y`` in px of a grid of unit spacing, into mm."""
    if not path.is_file():
        raise ConfigError(f"The annotation {path} is missing.", "Complete the cephalometric data set.")
    marks = read_landmarks(path, names=names, ndim=2)
    pixels, millimetres = Grid.from_spacing((1, 1)), Grid.from_spacing((1, 1), SPACING_MM)
    return Landmarks(names, millimetres.to_mm(pixels.to_index(marks.points_mm)))
