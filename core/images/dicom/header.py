"""What a single DICOM file or frame says about its geometry: pixel size by the standard's precedence, position, frames.

SimpleITK decodes the pixels, but takes the detector's spacing for the patient's, ignores the spacing of CR images and invents
one for multi-frame files; so the few tags that matter are read here with pydicom. How slices make a volume is not decided here.
"""

from __future__ import annotations

import logging
import math
import re
import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.base.errors import ImageReadError
from core.base.shared_context import SharedContext
from core.values.grid import FloatArray, Grid
from core.values.image import SpacingSource

if TYPE_CHECKING:
    import pydicom  # imported where a DICOM file is read: no window and no picture waits for it


@contextmanager
def _silenced() -> Iterator[None]:
    from pydicom import config

    logger = logging.getLogger("pydicom")
    level = logger.level
    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\b")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


quiet_pydicom = SharedContext(_silenced)
"""Around whatever reads DICOM: pydicom quotes offending values in what it warns about and logs, and they may be a patient's."""


def _pydicom_errors() -> tuple[type[Exception], ...]:
    """Return what pydicom raises on damaged files."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (
        InvalidDicomError, BytesLengthException, EOFError, OverflowError,
        ValueError, TypeError, AttributeError, KeyError, NotImplementedError, struct.error,
    )  # fmt: skip


CROSS_SECTIONS = ("CT", "MR", "NM", "PT")
"""Modalities whose PixelSpacing is the true one: nothing is projected."""

_SAME_SIZE = 1e-3
"""Relative difference up to which two pixel sizes are the same: they are decimal strings that programs round."""

_MOST_MAGNIFICATION = 20.0
"""Above this an Estimated Radiographic Magnification Factor is a mistake, such as a percentage."""

_FLAT = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])

GEOMETRY_KEYWORDS = (
    "BitsAllocated",
    "Columns",
    "EstimatedRadiographicMagnificationFactor",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImagerPixelSpacing",
    "Modality",
    "NominalScannedPixelSpacing",
    "NumberOfFrames",
    "PixelSpacing",
    "PixelSpacingCalibrationType",
    "Rows",
    "SamplesPerPixel",
)
"""The tags `header_of` looks at."""


@dataclass(frozen=True, eq=False)
class DicomHeader:
    """The geometry of a DICOM file, or of one frame of it.

    Attributes
    ----------
    modality
        Code such as ``"DX"`` or ``"CT"``, ``""`` where there is none.
    rows, columns
        Size of a frame; 0 where the file holds no image.
    sample_bytes
        Bytes of one pixel as it is stored.
    frames
        Number of frames of the file.
    spacing_mm
        ``(y, x)`` pixel size, numpy order; None where the file does not say.
    spacing_source
        Which of the file's pixel sizes that is.
    placed
        Whether position and orientation in the patient are known.
    origin_mm
        ``(3,)`` LPS position of the first pixel's centre.
    directions
        ``(3, 2)`` unit vectors in LPS along increasing row and increasing column.
    warnings
        Sentences to show to the person.
    """

    modality: str
    rows: int
    columns: int
    sample_bytes: int
    frames: int
    spacing_mm: tuple[float, float] | None
    spacing_source: SpacingSource
    placed: bool
    origin_mm: FloatArray
    directions: FloatArray
    warnings: tuple[str, ...]

    @property
    def normal(self) -> FloatArray:
        """``(3,)`` unit vector in LPS in which the slices of a volume are counted."""
        normal = np.cross(self.directions[:, 1], self.directions[:, 0])
        return np.asarray(normal / np.linalg.norm(normal))

    def grid(self, rows: int, columns: int) -> Grid:
        """Return the 3D grid of one frame; the pixel size is 1 where it is unknown, and so is the step between slices."""
        matrix = np.eye(4)
        matrix[:3, 0] = self.normal
        matrix[:3, 1:3] = self.directions * (self.spacing_mm or (1.0, 1.0))
        matrix[:3, 3] = self.origin_mm
        return Grid((1, rows, columns), matrix)


def read_dataset(path: Path, keywords: Iterable[str]) -> pydicom.Dataset:
    """Read some top-level tags of a DICOM file, never the pixels.

    Raises
    ------
    ImageReadError
        The header is damaged.
    OSError
        The file cannot be opened.
    """
    import pydicom

    with path.open("rb") as stream:
        try:
            return pydicom.dcmread(stream, stop_before_pixels=True, force=True, specific_tags=list(keywords))
        except _pydicom_errors() as error:
            raise damaged_header_error(path) from error


def damaged_header_error(path: Path) -> ImageReadError:
    """Return the error for a DICOM file whose header cannot be read."""
    return ImageReadError(f"The DICOM header of {path.name} is damaged.", "Export the image again from the archive.")


@quiet_pydicom
def read_dicom_header(path: Path) -> DicomHeader:
    """Read the geometry that a DICOM image file states at its top level; `ImageReadError` where its header is damaged."""
    return header_of(read_dataset(path, GEOMETRY_KEYWORDS))


def header_of(dataset: pydicom.Dataset) -> DicomHeader:
    """Return the geometry that a dataset with the tags of `GEOMETRY_KEYWORDS` states."""
    notes: list[str] = []
    modality = str(value_of(dataset, "Modality") or "")
    modality = modality if re.fullmatch("[A-Z]{2,16}", modality) else ""
    origin_mm, directions = placement_of(dataset, notes)
    rows, columns, bits, samples, frames = (
        int((numbers_of(dataset, keyword, 1) or (default,))[0])
        for keyword, default in (
            ("Rows", 0), ("Columns", 0), ("BitsAllocated", 16), ("SamplesPerPixel", 1), ("NumberOfFrames", 1)
        )
    )  # fmt: skip
    spacing_mm, spacing_source = _spacing_mm(dataset, modality, notes)
    return DicomHeader(
        modality=modality,
        rows=rows,
        columns=columns,
        sample_bytes=max(1, bits // 8) * max(1, samples),
        frames=frames,
        spacing_mm=spacing_mm,
        spacing_source=spacing_source,
        placed=origin_mm is not None and directions is not None,
        origin_mm=np.zeros(3) if origin_mm is None else origin_mm,
        directions=_FLAT if directions is None else directions,
        warnings=tuple(notes),
    )


def _spacing_mm(
    dataset: pydicom.Dataset, modality: str, notes: list[str]
) -> tuple[tuple[float, float] | None, SpacingSource]:
    """Return the pixel size ``(y, x)`` in the patient as well as the file knows it, and which one that is.

    DICOM PS3.3 10.7.1.1 on Pixel Spacing: "If Pixel Spacing (0028,0030) is present and the image has not been
    calibrated to correct for the effect of geometric magnification, the values of this Attribute shall be the same as
    in Imager Pixel Spacing (0018,1164) or Nominal Scanned Pixel Spacing (0018,2010), if either of those Attributes are
    present. If Pixel Spacing (0028,0030) is present and the values are different from those in Imager Pixel Spacing
    (0018,1164) or Nominal Scanned Pixel Spacing (0018,2010), then the image has been corrected for known or assumed
    geometric magnification or calibrated with respect to some object of known size at known depth within the Patient."
    The order of the two values, rows first, is 10.7.1.3.
    """
    pixel, imager, nominal = (
        pixel_size_of(dataset, keyword, notes)
        for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
    )
    if pixel and modality in CROSS_SECTIONS:
        return pixel, SpacingSource.DICOM
    if pixel and value_of(dataset, "PixelSpacingCalibrationType"):
        return pixel, SpacingSource.DICOM_CALIBRATED
    uncorrected = [size for size in (imager, nominal) if size]
    if pixel and not any(np.allclose(pixel, size, rtol=_SAME_SIZE, atol=0) for size in uncorrected):
        return pixel, SpacingSource.DICOM_CALIBRATED if uncorrected else SpacingSource.DICOM_UNSTATED
    if imager:
        return _in_patient(dataset, imager, notes)
    if nominal:
        notes.append(
            "The pixel size is the nominal one of the film scanner; it does not know how the film was exposed."
        )
        return nominal, SpacingSource.FILM_SCANNER
    return None, SpacingSource.UNKNOWN


def _in_patient(
    dataset: pydicom.Dataset, imager: tuple[float, float], notes: list[str]
) -> tuple[tuple[float, float], SpacingSource]:
    """Return the detector's pixel size ``(y, x)``, corrected for the magnification where the file estimates one.

    Estimated Radiographic Magnification Factor (0018,1114) is the "ratio of SID (Source Image Receptor Distance) over SOD (Source
    Object Distance)" (PS3.3 C.8.7.6), so 1 corrects nothing and less cannot be.
    """
    factor = (numbers_of(dataset, "EstimatedRadiographicMagnificationFactor", 1) or (1.0,))[0]
    if 1.0 < factor < _MOST_MAGNIFICATION:
        return (imager[0] / factor, imager[1] / factor), SpacingSource.DETECTOR_CORRECTED
    notes.append(
        "The pixel size is that of the detector: the projection enlarges the patient, so true distances are shorter."
    )
    return imager, SpacingSource.DETECTOR


def placement_of(dataset: pydicom.Dataset, notes: list[str]) -> tuple[FloatArray | None, FloatArray | None]:
    """Return the origin ``(3,)`` and the row and column directions ``(3, 2)`` in LPS, None for what is not stated."""
    position = numbers_of(dataset, "ImagePositionPatient", 3)
    orientation = numbers_of(dataset, "ImageOrientationPatient", 6)
    origin_mm = None if position is None else np.array(position)
    if orientation is None:
        return origin_mm, None
    along_row, along_column = np.array(orientation).reshape(2, 3)
    found = np.stack([along_column, along_row], axis=1)
    if not np.allclose(found.T @ found, np.eye(2), atol=1e-3):
        notes.append("The slice's orientation in the file makes no sense, so its place in the patient is unknown.")
        return None, None
    return origin_mm, found / np.linalg.norm(found, axis=0)


def pixel_size_of(dataset: pydicom.Dataset, keyword: str, notes: list[str]) -> tuple[float, float] | None:
    """Return a spacing tag ``(y, x)`` in mm if it holds two positive numbers."""
    if keyword not in dataset:
        return None
    size = numbers_of(dataset, keyword, 2)
    if size is None or min(size) <= 0:
        notes.append(f"The file's {keyword} holds no usable pixel size and was ignored.")
        return None
    return size[0], size[1]


def value_of(dataset: pydicom.Dataset, keyword: str) -> object:
    """Return a tag's value, None where it is absent or cannot be decoded."""
    try:
        return dataset.get(keyword)
    except _pydicom_errors():
        return None


def numbers_of(dataset: pydicom.Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return a tag's ``count`` finite numbers, None where it holds anything else."""
    value: Any = value_of(dataset, keyword)
    parts = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    try:
        numbers = tuple(float(part) for part in parts)
    except (ValueError, TypeError):
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None
