"""nnLandmark's JSON: positions of all cases in one file, or of one case as predicted (github.com/MIC-DKFZ/nnLandmark).

Text in, records in voxels out, and back. Positions are array indices ``[x, y, z]``, as nibabel counts them. What a
prediction calls its likelihood is the height of a heat map, no probability that the landmark is there, and is not taken
over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks, Record, records_of_files
from core.landmark_files.contract import Found, Wanted
from core.landmark_files.image_names import file_stems
from core.landmark_files.placing import px_from_mm
from core.landmark_files.precision import PX_DECIMALS, rounded
from core.landmark_files.px_record import PxRecord, px_points, require_names
from core.landmark_files.text_file import (
    LARGEST_COLLECTION_BYTES,
    LARGEST_FILE_BYTES,
    json_object,
    json_text,
    plain_number,
    plain_point,
    text_of,
)
from core.values.landmarks import Status

POSITIONS, SPACINGS, LABELS = "all_landmarks_voxel.json", "spacing.json", "name_to_label.json"
_SPACING_DIGITS = 6
_PREDICTED = re.compile(r'^\s*\{\s*"[^"]+"\s*:\s*\{\s*"(?:coordinates|likelihood)"\s*:')
_POSITIONS = re.compile(r'^\s*\{\s*"[^"]*"\s*:\s*\{\s*(?:\}|"[^"]*"\s*:\s*[\[{])')
_OTHER_FILES = {"dataset.json", "plans.json", "predict_from_raw_data_args.json", SPACINGS, LABELS}
_HINT = "Export the file from nnLandmark again."


def is_prediction(text: str) -> bool:
    """Tell by its beginning whether a JSON file is nnLandmark's prediction of one case."""
    return _PREDICTED.match(text) is not None


def is_all_positions(text: str) -> bool:
    """Tell by its beginning whether a JSON file has the positions of many cases: an object of objects of lists."""
    return not is_prediction(text) and _POSITIONS.match(text) is not None


def read_prediction(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of one case, which are called by their labels unless as many names are wanted.

    Raises
    ------
    LandmarkFileError
        The file is damaged, or has not as many landmarks as are wanted.
    """
    return _prediction(json_object(text, path), path, ()).placed(wanted)


def nnlandmark_records(path: Path) -> Sequence[Record]:
    """Return the landmarks of all cases of a data set's folder, of its file of positions, or of a folder of predictions.

    Raises
    ------
    LandmarkFileError
        A file is damaged, or a position is no three numbers.
    """
    folder = path if path.is_dir() else path.parent
    positions = path / POSITIONS if path.is_dir() else path
    labels = _labels(folder)
    if not positions.exists():
        files = [file for file in sorted(folder.glob("*.json")) if file.name not in _OTHER_FILES]

        def prediction(text: str, file: Path) -> PxRecord:
            return _prediction(json_object(text, file), file, labels)

        return records_of_files(files, LARGEST_FILE_BYTES, is_prediction, prediction)
    spacings = _document(folder / SPACINGS)
    records = []
    for case, landmarks in _document(positions).items():
        where = f"{positions.name}: case {case}"
        if not isinstance(landmarks, dict):
            raise LandmarkFileError(f"{where} has no landmarks by name.", _HINT)
        names, points = [], []
        for name, value in landmarks.items():
            names.append(name)
            points.append(_point(value, f"{where} ({name})"))
        require_names(names, where)
        records.append(
            PxRecord(where, case, px_points(points, 3), tuple(names), spacing_mm=_spacing_mm(spacings.get(case)))
        )
    return records


def _prediction(document: Mapping[str, Any], path: Path, labels: Sequence[str]) -> PxRecord:
    keys = list(document)
    require_names(keys, path.name)
    points = px_points([_point(value, f"{path.name} ({key})") for key, value in document.items()], 3)
    numbered = keys == [str(number) for number in range(1, len(keys) + 1)]
    names = tuple(labels) if numbered and len(labels) == len(keys) else None if numbered else tuple(keys)
    located = np.asarray(np.isfinite(points).all(axis=1))
    status = tuple(Status.PREDICTED if has_place else Status.ABSENT for has_place in located.tolist())
    return PxRecord(path.name, path.stem, points, names, status)


def _point(value: Any, where: str) -> tuple[float, ...]:
    """Return a position, NaN where the network found none."""
    given = value.get("coordinates") if isinstance(value, dict) else value
    if given == [None, None, None]:
        return (np.nan,) * 3
    point = plain_point(given, 3)
    if point is None:
        raise LandmarkFileError(f"{where} has no position [x, y, z] in voxels.", _HINT)
    return point


def _document(path: Path) -> dict[str, Any]:
    """Return what a file says, nothing where there is none."""
    return json_object(text_of(path, LARGEST_COLLECTION_BYTES), path) if path.exists() else {}


def _labels(folder: Path) -> tuple[str, ...]:
    """Return the names of the landmarks in the order of their labels, where a folder says them and they are 1, 2 and so on."""
    labels = _document(folder / LABELS)
    numbers = {plain_number(number): name for name, number in labels.items()}
    ordered = [numbers.get(float(number)) for number in range(1, len(labels) + 1)]
    return tuple(name for name in ordered if name is not None) if None not in ordered else ()


def _spacing_mm(said: Any) -> tuple[float, ...] | None:
    """Return a spacing in numpy order: the image's or, as nnLandmark does, that of the annotation where the image has none."""
    for key in ("image_spacing", "annotation_spacing"):
        spacing = plain_point(said.get(key), 3) if isinstance(said, dict) else None
        if spacing is not None and min(spacing) > 0:
            return tuple(reversed(spacing))
    return None


def write_nnlandmark(cases: Sequence[CaseMarks]) -> Iterator[tuple[str, str]]:
    """Give the files beside a data set's images: positions, spacings and labels; points without a position are left out."""
    positions, spacings = {}, {}
    for case, stem in zip(cases, file_stems([case.image.name for case in cases]), strict=True):
        px = px_from_mm(case.image.grid, case.landmarks.points_mm)
        located = zip(case.landmarks.names, px, case.landmarks.located.tolist(), strict=True)
        positions[stem] = {name: rounded(point, PX_DECIMALS) for name, point, has_place in located if has_place}
        known = case.image.source.spacing_known
        spacing = rounded(np.flip(case.image.grid.spacing_mm), _SPACING_DIGITS)
        spacings[stem] = {"image_spacing": spacing if known else None, "annotation_spacing": None}
    yield POSITIONS, json_text(positions)
    yield SPACINGS, json_text(spacings)
    yield LABELS, json_text({name: number for number, name in enumerate(cases[0].landmarks.names, start=1)})
