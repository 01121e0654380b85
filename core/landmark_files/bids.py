"""Landmarks as BIDS keeps them beside an anatomical image: ``AnatomicalLandmarkCoordinates`` of its JSON, in voxels from 0, 0, 0.

Text in, records in voxels out, and back. BIDS has no format of its own for landmarks; this is its place for those of an MR
image. A second file, ``…_coordsystem.json``, is written for programs that want mm: RAS of the scanner. It is not read, since
the system of such a file may be any.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks, Record, records_of_files
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.image_names import file_stems
from core.landmark_files.placing import px_from_mm
from core.landmark_files.precision import PX_DECIMALS, rounded
from core.landmark_files.px_record import PxRecord, px_points, require_names
from core.landmark_files.text_file import LARGEST_FILE_BYTES, json_object, json_text, plain_point, text_of

_KEY = "AnatomicalLandmarkCoordinates"
_SYSTEM = "AnatomicalLandmarkCoordinateSystem"
_SYSTEM_END = "_coordsystem.json"
_RAS_FROM_LPS = np.array([-1.0, -1.0, 1.0])
_DESCRIPTION = (
    "Millimetres in the coordinate system of the scanner, as the header of the image gives it; "
    "RAS: x to the right, y to the front, z to the head."
)


def is_bids(text: str) -> bool:
    """Tell by its key whether a JSON file has landmarks as BIDS keeps them."""
    return f'"{_KEY}"' in text


def read_bids(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of the JSON beside an image.

    Raises
    ------
    LandmarkFileError
        The file is damaged, or its positions are in a coordinate system of their own.
    """
    return _record(text, path).placed(wanted)


def bids_records(path: Path) -> Sequence[Record]:
    """Return the landmarks of a file, or of all files of a folder, below it too, that have any."""
    if not path.is_dir():
        return [_record(text_of(path), path)]
    files = [file for file in sorted(path.rglob("*.json")) if not file.name.endswith(_SYSTEM_END)]
    return records_of_files(files, LARGEST_FILE_BYTES, is_bids, _record)


def _record(text: str, path: Path) -> PxRecord:
    document = json_object(text, path)
    if _SYSTEM in document:
        raise LandmarkFileError(
            f"{path.name} gives positions in a coordinate system of its own.",
            "Open the JSON file beside the image, which gives them in voxels.",
        )
    said = document.get(_KEY)
    if not isinstance(said, dict):
        raise LandmarkFileError(f"{path.name} has no landmarks by name under {_KEY}.", "Choose a file with landmarks.")
    require_names(list(said), path.name)
    points = []
    for name, value in said.items():
        point = plain_point(value, 3)
        if point is None:
            raise LandmarkFileError(
                f"{path.name}: {name} is not [x, y, z] in voxels.", "Correct the position and try again."
            )
        points.append(point)
    return PxRecord(path.name, path.stem, px_points(points, 3), tuple(said))


def write_bids(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, str]]:
    """Give the two files of each case: that in voxels and that in mm; landmarks without a position are not in them."""
    for case, stem in zip(cases, file_stems([case.image.name for case in cases]), strict=True):
        landmarks, image = case.landmarks, case.image
        rows = [row for row, located in enumerate(landmarks.located.tolist()) if located]
        voxels = px_from_mm(image.grid, landmarks.points_mm)
        yield (
            f"{stem}.json",
            json_text({_KEY: {landmarks.names[row]: rounded(voxels[row], PX_DECIMALS) for row in rows}}),
        )
        if not image.source.spacing_known:
            continue
        points, decimals = landmarks.points_mm * _RAS_FROM_LPS, image.decimals
        system = {
            "IntendedFor": image.name,
            _SYSTEM: "Other",
            "AnatomicalLandmarkCoordinateUnits": "mm",
            "AnatomicalLandmarkCoordinateSystemDescription": _DESCRIPTION,
            _KEY: {landmarks.names[row]: rounded(points[row], decimals) for row in rows},
        }
        yield f"{stem}{_SYSTEM_END}", json_text(system)
