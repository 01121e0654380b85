"""One case of a data set: an image file with the true positions of its landmarks.

Reading a data set gives cases without opening an image; `read_case_image` opens one. What a data set looks like on disk is
known to `training/datasets/reading.py` and `training/datasets/cephalometric.py` only.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.base.errors import ConfigError
from core.images.file import read_image
from core.values.image import Image, SpacingSource
from core.values.landmarks import Landmarks


@dataclass(frozen=True, eq=False)
class Case:
    """An image and what is known about its landmarks.

    Attributes
    ----------
    name
        Short name, unique in its data set; the image's file name without suffix.
    image_path
        The image's file.
    landmarks
        The truth, in mm of the image that `read_case_image` gives. A landmark that is not in the image has no position.
    observers
        What each observer marked, where the truth was made from several; same names, same frame.
    spacing_mm
        Spacing along every axis for an image file that does not say its own; None where the data set does not know it.
    """

    name: str
    image_path: Path
    landmarks: Landmarks
    observers: tuple[Landmarks, ...] = ()
    spacing_mm: float | None = None


def with_known_spacing(image: Image, spacing_mm: float | None) -> Image:
    """Return ``image`` with a spacing: its own, or ``spacing_mm`` where the file does not say one.

    Raises
    ------
    ConfigError
        Neither is known, or both are and they differ by more than 1 %.
    """
    path = image.source.path
    if not image.source.spacing_known:
        if spacing_mm is None:
            raise ConfigError(
                f"The image {path} does not say its pixel size.",
                "Give it as spacing_mm under [data] in the configuration of a training, and with --spacing to evaluate.",
            )
        return image.with_spacing(spacing_mm, SpacingSource.DATA_SET)
    if spacing_mm is not None and not np.allclose(image.grid.spacing_mm, spacing_mm, rtol=0.01, atol=0):
        own = " × ".join(f"{value:.4g}" for value in image.grid.spacing_mm)
        raise ConfigError(
            f"The image {path} says its spacing is {own} mm, its data set says {spacing_mm:g} mm.",
            "Correct whichever is wrong.",
        )
    return image


def read_case_image(case: Case) -> Image:
    """Read the image of ``case``, with a spacing in mm.

    Raises
    ------
    ImageReadError
        The file cannot be read.
    ConfigError
        Its spacing is unknown or contradicts the data set, or it has another rank than its landmarks.
    """
    image = with_known_spacing(read_image(case.image_path), case.spacing_mm)
    if image.ndim != case.landmarks.ndim:
        raise ConfigError(
            f"The image {case.image_path} is {image.ndim}D but its landmarks are {case.landmarks.ndim}D.",
            "Give landmarks that belong to this image.",
        )
    return image
