"""One case of a data set: an image file with the true positions of its landmarks.

`read_case_image` opens the image. Lists of cases are `core/learning/case_list.py`'s; what public data sets look like on disk is
known to `training/datasets` only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.base.errors import ConfigError
from core.images.file import read_image
from core.images.listing import image_at
from core.values.image import Image, SpacingSource
from core.values.landmarks import Landmarks

T = TypeVar("T")


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
        Spacing for an image file that does not say its own: one number for every axis, or one for each in numpy order; None where
        the data set does not know it.
    overrules
        Whether ``spacing_mm`` holds whatever the file says, since a person has measured it.
    series
        Which DICOM series of a folder, as `core.images.listing.series_key` tells; empty where there is one only.
    sha256
        Digest of the image's content when it was marked; empty where nobody knows.
    """

    name: str
    image_path: Path
    landmarks: Landmarks
    observers: tuple[Landmarks, ...] = ()
    spacing_mm: float | tuple[float, ...] | None = None
    overrules: bool = False
    series: str = ""
    sha256: str = ""


def presence_threshold_of(cases: Sequence[Case]) -> float:
    """Return the presence below which a landmark counts as absent, for a model that learns from ``cases``.

    0, so that every landmark is placed, where no case lacks one: then nothing is learnt about absence.
    """
    return 0.0 if all(case.landmarks.located.all() for case in cases) else 0.5


def with_known_spacing(image: Image, spacing_mm: float | Sequence[float] | None) -> Image:
    """Return ``image`` with a spacing: its own, or ``spacing_mm`` where the file does not say one.

    Raises
    ------
    ConfigError
        Neither is known, both are and they differ by more than 1 %, or their number does not fit the image's axes.
    """
    path = image.source.path
    if spacing_mm is not None and np.size(spacing_mm) not in (1, image.ndim):
        raise ConfigError(
            f"{np.size(spacing_mm)} pixel sizes are said of the image {path}, which has {image.ndim} axes.",
            f"Give one number for all axes, or {image.ndim}.",
        )
    if not image.source.spacing_known:
        if spacing_mm is None:
            raise ConfigError(
                f"The image {path} does not say its pixel size.",
                "Give it as spacing_mm under [data] in the configuration of a training, and with --spacing to evaluate.",
            )
        return image.with_spacing(spacing_mm, SpacingSource.DATA_SET)
    if spacing_mm is not None and not np.allclose(image.grid.spacing_mm, spacing_mm, rtol=0.01, atol=0):
        own = " × ".join(f"{value:.4g}" for value in image.grid.spacing_mm)
        said = " × ".join(f"{value:g}" for value in np.atleast_1d(spacing_mm))
        raise ConfigError(
            f"The image {path} says its spacing is {own} mm, its data set says {said} mm.",
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
        Its spacing is unknown or contradicts the data set, it has another rank than its landmarks, or has changed since it was
        marked.
    """
    listed = image_at(case.image_path, case.series)
    image = read_image(listed.path, series=listed.series)
    if case.sha256 and image.source.sha256 != case.sha256:
        raise ConfigError(
            f"The image {case.image_path.name} has changed since it was marked.", "Open it and check its landmarks."
        )
    if case.overrules and case.spacing_mm is not None:
        image = image.with_spacing(case.spacing_mm, SpacingSource.PERSON)
    else:
        image = with_known_spacing(image, case.spacing_mm)
    if image.ndim != case.landmarks.ndim:
        raise ConfigError(
            f"The image {case.image_path} is {image.ndim}D but its landmarks are {case.landmarks.ndim}D.",
            "Give landmarks that belong to this image.",
        )
    return image


def spread_over(cases: Sequence[T], most: int) -> list[T]:
    """Return at most so many of the cases, evenly from first to last."""
    if len(cases) <= most:
        return list(cases)
    return [cases[round(place)] for place in np.linspace(0, len(cases) - 1, most)]
