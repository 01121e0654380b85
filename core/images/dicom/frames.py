"""The frames of enhanced multi-frame DICOM files: each one's position, orientation and pixel size from the functional groups.

What holds for all frames stands in the shared group, what differs in a group per frame; either may hold either. Frames come back
as slices, so that they stack by the same rules as files do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.base.errors import ImageReadError
from core.images.dicom.header import DicomHeader, numbers_of, pixel_size_of, placement_of, value_of
from core.images.dicom.stack import Slice
from core.values.image import SpacingSource

if TYPE_CHECKING:
    import pydicom

FRAME_KEYWORDS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""The tags `read_frames` looks at."""

_MARKS = (
    ("FrameContentSequence", "StackID"),
    ("FrameContentSequence", "TemporalPositionIndex"),
    ("FrameContentSequence", "FrameAcquisitionNumber"),
    ("MREchoSequence", "EffectiveEchoTime"),
    ("MRDiffusionSequence", "DiffusionBValue"),
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    ("MRImageFrameTypeSequence", "FrameType"),
    ("CTImageFrameTypeSequence", "FrameType"),
    ("FrameContentSequence", "FrameAcquisitionDateTime"),
)


def is_enhanced(dataset: pydicom.Dataset) -> bool:
    """Tell whether a dataset says for each frame where it stands."""
    frames = _frame_groups(dataset)
    return bool(frames) and _macro(dataset, frames[0], "PlanePositionSequence") is not None


def read_frames(path: Path, dataset: pydicom.Dataset, header: DicomHeader) -> list[Slice]:
    """Return the frames of a dataset for which `is_enhanced` holds; ``header`` is what its top level says.

    Raises
    ------
    ImageReadError
        There are more or fewer descriptions than frames.
    """
    import pydicom

    described = _frame_groups(dataset)
    if len(described) != header.frames:
        raise ImageReadError(
            f"{path.name} says that it holds {header.frames} frames, but describes {len(described)}.",
            "Export the image again from the archive.",
        )
    slices: list[Slice] = []
    for number, groups in enumerate(described):
        notes: list[str] = []
        position = _macro(dataset, groups, "PlanePositionSequence")
        orientation = _macro(dataset, groups, "PlaneOrientationSequence")
        measures = _macro(dataset, groups, "PixelMeasuresSequence")
        together = pydicom.Dataset()
        for macro in (position, orientation):
            if macro is not None:
                together.update(macro)
        origin_mm, directions = placement_of(together, notes)
        size = None if measures is None else pixel_size_of(measures, "PixelSpacing", notes)
        frame = replace(
            header,
            spacing_mm=size or header.spacing_mm,
            spacing_source=SpacingSource.DICOM if size else header.spacing_source,
            placed=origin_mm is not None and directions is not None,
            origin_mm=np.zeros(3) if origin_mm is None else origin_mm,
            directions=header.directions if directions is None else directions,
            warnings=tuple(notes),
        )
        slices.append(Slice(path, frame, number, _marks(dataset, groups), number))
    return slices


def rescales(dataset: pydicom.Dataset) -> list[tuple[float, float]]:
    """Return slope and intercept of each frame; 1 and 0 where nothing is said."""
    found: list[tuple[float, float]] = []
    for groups in _frame_groups(dataset):
        macro = _macro(dataset, groups, "PixelValueTransformationSequence")
        slope = None if macro is None else numbers_of(macro, "RescaleSlope", 1)
        intercept = None if macro is None else numbers_of(macro, "RescaleIntercept", 1)
        found.append(((slope or (1.0,))[0], (intercept or (0.0,))[0]))
    return found


def _frame_groups(dataset: pydicom.Dataset) -> Sequence[pydicom.Dataset]:
    """Return what is said of each frame."""
    import pydicom

    groups = value_of(dataset, "PerFrameFunctionalGroupsSequence")
    return groups if isinstance(groups, pydicom.Sequence) else ()


def _macro(dataset: pydicom.Dataset, groups: pydicom.Dataset, keyword: str) -> pydicom.Dataset | None:
    """Return a functional group of a frame: its own, else the shared one."""
    import pydicom

    shared = value_of(dataset, "SharedFunctionalGroupsSequence")
    common = shared[0] if isinstance(shared, pydicom.Sequence) and len(shared) else None
    for holder in (groups, common):
        macro = None if holder is None else value_of(holder, keyword)
        if isinstance(macro, pydicom.Sequence) and len(macro):
            return macro[0]
    return None


def _marks(dataset: pydicom.Dataset, groups: pydicom.Dataset) -> tuple[str, ...]:
    values: list[str] = []
    for sequence, keyword in _MARKS:
        macro = _macro(dataset, groups, sequence)
        values.append("" if macro is None else str(value_of(macro, keyword) or ""))
    return tuple(values)
