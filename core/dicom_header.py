"""What a single DICOM file says about its geometry: pixel size by the standard's precedence, position, number of frames.

SimpleITK decodes the pixels, but takes the detector's spacing for the patient's, ignores the spacing of CR images and invents
one for multi-frame files; so the few tags that matter are read here with pydicom. No other tag is read, kept or shown.
"""

import logging
import math
import re
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import config
from pydicom.errors import InvalidDicomError

from core.errors import ImageReadError
from core.types import FloatArray, Grid

# pydicom quotes offending values in what it warns about and logs; they may be a patient's.
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom\b")

CROSS_SECTIONS = ("CT", "MR", "NM", "PT")
"""Modalities whose PixelSpacing is the true one: nothing is projected."""

_KEYWORDS = (
    "EstimatedRadiographicMagnificationFactor",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImagerPixelSpacing",
    "Modality",
    "NominalScannedPixelSpacing",
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "PixelSpacing",
    "PixelSpacingCalibrationType",
)


@dataclass(frozen=True)
class DicomHeader:
    """The geometry of a DICOM file.

    Attributes
    ----------
    modality
        Code such as ``"DX"`` or ``"CT"``, ``""`` where there is none.
    frames
        Number of frames; more than one is a film or a stack without a known geometry.
    spacing_mm
        ``(y, x)`` pixel size, numpy order; None where the file does not say.
    origin_mm
        ``(3,)`` LPS position of the first pixel's centre.
    directions
        ``(3, 2)`` unit vectors in LPS along increasing row and increasing column.
    warnings
        Sentences to show to the person.
    """

    modality: str
    frames: int
    spacing_mm: tuple[float, float] | None
    origin_mm: FloatArray
    directions: FloatArray
    warnings: tuple[str, ...]

    def grid(self, rows: int, columns: int) -> Grid:
        """Return the 3D grid of one frame; the pixel size is 1 where it is unknown, and so is the step between slices."""
        matrix = np.eye(4)
        matrix[:3, 0] = np.cross(self.directions[:, 1], self.directions[:, 0])
        matrix[:3, 1:3] = self.directions * (self.spacing_mm or (1.0, 1.0))
        matrix[:3, 3] = self.origin_mm
        return Grid((1, rows, columns), matrix)


def read_dicom_header(path: Path) -> DicomHeader:
    """Read the geometry of a DICOM image file.

    Raises
    ------
    ImageReadError
        The header is damaged, or it is an enhanced multi-frame object whose frames stand anywhere in space.
    """
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=list(_KEYWORDS))
        enhanced = "PerFrameFunctionalGroupsSequence" in dataset
    except (InvalidDicomError, OSError, EOFError, ValueError, AttributeError, KeyError, struct.error) as error:
        raise ImageReadError(
            f"The DICOM header of {path.name} is damaged.", "Export the image again from the archive."
        ) from error
    if enhanced:
        raise ImageReadError(
            f"{path.name} is an enhanced multi-frame DICOM file, which Cairn cannot place in space yet.",
            "Export it as NIfTI (.nii.gz) or NRRD, for example with 3D Slicer, and open that.",
        )
    notes: list[str] = []
    modality = str(_value(dataset, "Modality") or "")
    modality = modality if re.fullmatch("[A-Z]{2,16}", modality) else ""
    origin_mm, directions = _placement(dataset, notes)
    frames = _numbers(dataset, "NumberOfFrames", 1) or (1,)
    spacing_mm = _spacing_mm(dataset, modality, notes)
    return DicomHeader(modality, int(frames[0]), spacing_mm, origin_mm, directions, tuple(notes))


def _spacing_mm(dataset: pydicom.Dataset, modality: str, notes: list[str]) -> tuple[float, float] | None:
    """Return the pixel size ``(y, x)`` in the patient as well as the file knows it (docs/coordinates.md), else None."""
    pixel, imager, nominal = (
        _pixel_size(dataset, keyword, notes)
        for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
    )
    calibrated = modality in CROSS_SECTIONS or bool(_value(dataset, "PixelSpacingCalibrationType"))
    if pixel and calibrated:
        return pixel
    if imager:
        magnification = _numbers(dataset, "EstimatedRadiographicMagnificationFactor", 1)
        if magnification and 0.1 < magnification[0] < 20:
            return imager[0] / magnification[0], imager[1] / magnification[0]
        notes.append(
            "The pixel size is that of the detector: the projection enlarges the patient, so true distances are shorter."
        )
        return imager
    if nominal and not pixel:
        notes.append(
            "The pixel size is the nominal one of the film scanner; it does not know how the film was exposed."
        )
    return pixel or nominal


def _placement(dataset: pydicom.Dataset, notes: list[str]) -> tuple[FloatArray, FloatArray]:
    """Return the origin ``(3,)`` and the row and column directions ``(3, 2)`` in LPS; the identity for a projection."""
    position = _numbers(dataset, "ImagePositionPatient", 3)
    orientation = _numbers(dataset, "ImageOrientationPatient", 6)
    directions = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    if orientation is not None:
        along_row, along_column = np.array(orientation).reshape(2, 3)
        found = np.stack([along_column, along_row], axis=1)
        if np.allclose(found.T @ found, np.eye(2), atol=1e-3):
            directions = found / np.linalg.norm(found, axis=0)
        else:
            position = None
            notes.append("The slice's orientation in the file makes no sense, so its place in the patient is unknown.")
    return np.array(position or (0.0, 0.0, 0.0)), directions


def _pixel_size(dataset: pydicom.Dataset, keyword: str, notes: list[str]) -> tuple[float, float] | None:
    """Return a spacing tag ``(y, x)`` in mm if it holds two positive numbers."""
    if keyword not in dataset:
        return None
    size = _numbers(dataset, keyword, 2)
    if size is None or min(size) <= 0:
        notes.append(f"The file's {keyword} holds no usable pixel size and was ignored.")
        return None
    return size[0], size[1]


def _value(dataset: pydicom.Dataset, keyword: str) -> object:
    """Return a tag's value, None where it is absent or cannot be decoded."""
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, OverflowError):
        return None


def _numbers(dataset: pydicom.Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return a tag's ``count`` finite numbers, None where it holds anything else."""
    value: Any = _value(dataset, keyword)
    parts = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    try:
        numbers = tuple(float(part) for part in parts)
    except (ValueError, TypeError):
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None
