"""An image: voxels, the grid they lie on, and where both came from.

Immutable; the voxels stay in their native type. Reads no files: that is `core.images`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.values.grid import Grid, read_only


class SpacingSource(StrEnum):
    """Where the pixel or voxel size of an image comes from; the value is for files, ``phrase`` for people.

    The DICOM cases follow PS3.3 10.7.1 (docs/coordinates.md): a projection enlarges, so a pixel of the detector is larger than
    what it shows of the patient.

    Attributes
    ----------
    phrase
        What a person reads, to stand after the size: ``0.1 mm per pixel (set by hand)``.
    """

    phrase: str

    FILE = "file", "stated in the file"
    PRINT_RESOLUTION = "print-resolution", "print resolution stated in the file"
    DICOM = "dicom", "DICOM Pixel Spacing"
    DICOM_CALIBRATED = "dicom-calibrated", "DICOM Pixel Spacing, calibrated or corrected for magnification"
    DICOM_UNSTATED = "dicom-unstated", "DICOM Pixel Spacing, calibration not stated"
    DETECTOR_CORRECTED = "detector-corrected", "DICOM Imager Pixel Spacing, corrected for magnification"
    DETECTOR = "detector", "DICOM Imager Pixel Spacing, at the detector"
    FILM_SCANNER = "film-scanner", "DICOM Nominal Scanned Pixel Spacing, on the film"
    LANDMARK_FILE = "landmark-file", "taken from the landmark file"
    DATA_SET = "data-set", "given for the whole data set"
    PERSON = "person", "set by hand"
    MODEL = "model", "assumed, as in the model's training images"
    UNKNOWN = "unknown", "unknown"

    def __new__(cls, value: str, phrase: str) -> "SpacingSource":  # noqa: D102
        member = str.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        return member

    @property
    def is_outside_the_file(self) -> bool:
        """Whether reading the image again does not say it: somebody has, and it has to be kept."""
        return self in (SpacingSource.LANDMARK_FILE, SpacingSource.DATA_SET, SpacingSource.PERSON)


def print_resolution_warning(x_mm: float, y_mm: float) -> str:
    """Return what is said of an image whose pixel size is `SpacingSource.PRINT_RESOLUTION`; it is the same for images alike."""
    return f"The pixel size of {x_mm:.4g} × {y_mm:.4g} mm is the print resolution in the file; check that it is the true one."


@dataclass(frozen=True)
class ImageSource:
    """Where an image came from. Holds no patient data beyond the path the person chose.

    Attributes
    ----------
    path
        The file that was read.
    sha256
        Hex digest of the file's bytes.
    spacing_source
        Where the pixel or voxel size comes from.
    original_grid
        The grid as it stood in the file, before squeezing a single slice (None where nothing was changed).
    modality
        DICOM modality code such as ``"CT"`` or ``"DX"`` where the file says so, else ``""``.
    warnings
        Sentences to show to the person: what was tolerated while reading.
    """

    path: Path
    sha256: str = ""
    spacing_source: SpacingSource = SpacingSource.FILE
    original_grid: Grid | None = None
    modality: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def spacing_known(self) -> bool:
        """False for a PNG, JPEG, ... without a physical size: then 1 sample counts as 1 "mm" and units are px."""
        return self.spacing_source is not SpacingSource.UNKNOWN


@dataclass(frozen=True, eq=False)
class Image:
    """One scalar image, 2D or 3D.

    Attributes
    ----------
    voxels
        ``grid.shape`` array in its native integer or float type, numpy order, read-only.
    grid
        Where the voxels are.
    source
        Where they came from.
    """

    voxels: npt.NDArray[Any]
    grid: Grid
    source: ImageSource

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"voxels have shape {self.voxels.shape} but the grid has {self.grid.shape}")
        object.__setattr__(self, "voxels", read_only(self.voxels, self.voxels.dtype))

    @classmethod
    def without_pixels(cls, grid: Grid, source: ImageSource) -> "Image":
        """Return an image of which only geometry and origin matter: its samples are all one zero, which takes no memory."""
        return cls(np.broadcast_to(np.uint8(0), grid.shape), grid, source)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return self.grid.ndim

    def with_spacing(
        self, spacing_mm: float | Sequence[float], spacing_source: SpacingSource = SpacingSource.PERSON
    ) -> "Image":
        """Return the same voxels with another size that somebody vouches for, standing where they stood.

        The centre of the first voxel and the directions of the axes stay, as for `Grid.respaced`.

        Parameters
        ----------
        spacing_mm
            Distance between neighbouring samples per axis in numpy order, or one number for all, mm.
        spacing_source
            Who vouches for it; any but ``UNKNOWN``.

        Raises
        ------
        ValueError
            A spacing is not a finite number above zero, their number does not fit, or nobody vouches for them.
        """
        if spacing_source is SpacingSource.UNKNOWN:
            raise ValueError("a spacing that is set is known")
        source = replace(self.source, spacing_source=spacing_source)
        return replace(self, grid=self.grid.respaced(spacing_mm), source=source)
