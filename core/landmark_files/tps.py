"""TPS files of tpsDig and its relatives (F. J. Rohlf): 2D positions in px of many specimens, one record each.

Text in, landmarks of one image out, and back into the record they came from, all other records staying; or all records at
once. A point's y counts upwards from the lower edge of the image: row = height - y, column = x, to the centres of pixels.
(Held against ml-morph's pictures of Drosophila wings, what is off this is less than half a pixel, which the hand that placed
the points hides.) There are no names, so landmarks are called by their numbers unless somebody has names for them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.base.delimited_text import finite_number, line_error
from core.base.errors import LandmarkFileError
from core.base.wording import listed
from core.landmark_files.collection import CaseMarks
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.image_record import base_name, one_line
from core.landmark_files.placing import flipped_px, px_from_mm
from core.landmark_files.precision import PX_DECIMALS, fixed_text, same_numbers
from core.landmark_files.px_record import PxRecord, px_points
from core.landmark_files.text_file import LARGEST_COLLECTION_BYTES, text_of
from core.values.grid import FloatArray
from core.values.image import Image
from core.values.landmarks import WITHOUT_POSITION, Landmarks

_KEY = re.compile(r"\s*([A-Za-z]+\d*)\s*=(.*)")
_MISSING = "-1 -1"
"""What tpsDig writes for a landmark that is not in the image; any point with two negative numbers is read as one, and so is
``NA NA``, which geomorph and StereoMorph write."""
_SCALE_IN_MM = "Cairn: SCALE is in mm"


@dataclass
class _Record:
    """One specimen: the number of its first line and of the line after its points, the points, and the entries that follow."""

    start: int
    end: int
    points: list[tuple[float, float]] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    @property
    def image_name(self) -> str:
        """Name of the image's file, ``""`` where the record says none."""
        return one_line(base_name(self.entries.get("IMAGE", "")))


def read_tps(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of the record that names the wanted image, or of the only one.

    Raises
    ------
    LandmarkFileError
        The image is not known or is a volume, no record or several are its, a line is wrong, or there are not as many names as
        points.
    """
    records = _records(_lines(text), path)
    record = records[0] if wanted.image is None else _record_of(records, wanted.image, path)
    return _px_record(record, record.image_name, wanted.image, path).placed(wanted)


def tps_records(path: Path) -> list[PxRecord]:
    """Return all specimens of a file; one without ``IMAGE=`` is that of the image which its ``ID=`` names.

    Raises
    ------
    LandmarkFileError
        A line is wrong.
    """
    return [
        _px_record(record, record.entries.get("IMAGE", "").strip() or record.entries.get("ID", "").strip(), None, path)
        for record in _records(_lines(text_of(path, LARGEST_COLLECTION_BYTES)), path)
    ]


def _px_record(record: _Record, image_name: str, image: Image | None, path: Path) -> PxRecord:
    points = px_points(record.points, 2)
    points[np.isnan(points).any(axis=1) | (points < 0).all(axis=1)] = np.nan
    return PxRecord(
        f"{path.name}: line {record.start + 1}",
        image_name,
        points,
        upwards=True,
        spacing_mm=_spacing_mm(record),
        warnings=_notes(record, image, path),
    )


def write_all_tps(cases: Sequence[CaseMarks]) -> str:
    """Return a file with a record for each case, numbered by ``ID=``; positions are those of `write_tps`."""
    lines: list[str] = []
    for number, case in enumerate(cases):
        image = case.image.without_pixels
        lines += _new_record(_upright_px(case.landmarks, image), image, one_line(case.image.name), number)
    return "\n".join([*lines, ""])


def write_tps(landmarks: Landmarks, written: Written) -> str:
    """Return a file with one record, or one that is kept with the image's record brought up to date.

    Raises
    ------
    LandmarkFileError
        The image is not known, or the landmarks are 3D.
    """
    image = written.image
    if landmarks.ndim != 2:
        raise LandmarkFileError("A .tps file holds 2D landmarks only.", "Save as .mrk.json or .csv.")
    if image is None:
        raise LandmarkFileError(
            "A .tps file counts from the lower edge of the image, which is not known here.", "Save as .csv."
        )
    px = _upright_px(landmarks, image)
    if written.kept is None:
        return "\n".join([*_new_record(px, image, _name(image)), ""])
    lines, line_end = _lines(written.kept), "\r\n" if "\r\n" in written.kept else "\n"
    records = _records(lines, _THE_FILE)
    record = next(iter(_records_for(records, image)), None)
    if record is None:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += [*_new_record(px, image, _name(image)), ""]
    else:
        lines[record.start : record.end] = _updated(record, lines, px)
    return line_end.join(lines)


_THE_FILE = Path("The file that the landmarks come from")


def _new_record(px: FloatArray, image: Image, name: str, number: int = 0) -> list[str]:
    lines = [f"LM={len(px)}", *map(_point_line, px), f"IMAGE={name}", f"ID={number}"]
    spacing_mm = image.grid.spacing_mm
    if image.source.spacing_known and same_numbers(spacing_mm[0], spacing_mm[1], 1e-6 * float(spacing_mm[0])):
        lines += [f"SCALE={spacing_mm[0]:.6f}", f"COMMENT={_SCALE_IN_MM}"]
    return lines


def _updated(record: _Record, lines: Sequence[str], px: FloatArray) -> list[str]:
    """Return the lines of a record up to its last point, those of untouched points as they were."""
    old = [line for line in lines[record.start + 1 : record.end] if line.strip()]
    if len(px) != len(record.points):
        return [f"LM={len(px)}", *map(_point_line, px)]
    same = [
        same_numbers(point, before) or (bool(np.isnan(point).all()) and not max(before) >= 0)
        for point, before in zip(px, record.points, strict=True)
    ]
    points = [line if kept else _point_line(point) for line, kept, point in zip(old, same, px, strict=True)]
    return list(lines[record.start : record.end]) if all(same) else [lines[record.start], *points]


def _point_line(point: FloatArray) -> str:
    return _MISSING if np.isnan(point).any() else " ".join(fixed_text(value, PX_DECIMALS) for value in point)


def _upright_px(landmarks: Landmarks, image: Image) -> FloatArray:
    """Return the points ``(L, 2)`` as the file counts, NaN where there is no position."""
    px = flipped_px(px_from_mm(image.grid, landmarks.points_mm), image.grid)
    px[[status in WITHOUT_POSITION for status in landmarks.stated]] = np.nan
    return px


def _name(image: Image) -> str:
    return one_line(image.source.path.name)


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


def _records(lines: Sequence[str], path: Path) -> list[_Record]:
    """Return the specimens of a file; curves and outlines are passed over."""
    records: list[_Record] = []
    points_to_come, are_landmarks = 0, False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        entry = _KEY.fullmatch(line)
        if entry is None:
            if points_to_come == 0:
                raise line_error(
                    path, number, "belongs to nothing: it has neither a name with = nor a point that was announced"
                )
            points_to_come -= 1
            if are_landmarks:
                records[-1].points.append(_point(line, path, number))
                records[-1].end = number
            continue
        if points_to_come > 0:
            raise line_error(path, number, f"comes too early: {points_to_come} points are missing before it")
        key, value = entry[1].upper(), entry[2].strip()
        if key == "LM3":
            raise LandmarkFileError(
                f"{path.name} holds 3D landmarks (LM3), which a .tps file places in no volume that Cairn could open.",
                "Save them from 3D Slicer as .mrk.json.",
            )
        if key == "LM":
            records.append(_Record(number - 1, number))
        elif not records:
            raise line_error(path, number, f"is {key}, but a record begins with LM")
        if key in ("LM", "POINTS", "RADII"):  # each followed by as many lines
            points_to_come, are_landmarks = _count(value, path, number), key == "LM"
        elif key == "COMMENT":
            records[-1].comments.append(value)
        else:
            records[-1].entries[key] = value
        if key == "POINTS":
            records[-1].entries["CURVES"] = value
    if points_to_come > 0:
        raise LandmarkFileError(f"{path.name} ends before its last {points_to_come} points.", "Copy the file again.")
    if not records:
        raise LandmarkFileError(f"{path.name} has no record that begins with LM.", "Save it from tpsDig again.")
    return records


def _count(value: str, path: Path, line: int) -> int:
    if not (value.isascii() and value.isdigit()):
        raise line_error(path, line, f'has "{value}" where a number of points is expected')
    return int(value)


def _point(line: str, path: Path, number: int) -> tuple[float, float]:
    if line.upper().split() == ["NA", "NA"]:
        return math.nan, math.nan
    values = [finite_number(part) for part in line.split()]
    if len(values) != 2 or values[0] is None or values[1] is None:
        raise line_error(path, number, "is not a point, which has an x and a y in px")
    return values[0], values[1]


def _records_for(records: Sequence[_Record], image: Image) -> list[_Record]:
    """Return the records that name the image, else those that name it with another suffix, else the only one."""
    name = _name(image).casefold()
    return (
        [record for record in records if record.image_name.casefold() == name]
        or [record for record in records if Path(record.image_name.casefold()).stem == Path(name).stem]
        or (list(records) if len(records) == 1 else [])
    )


def _record_of(records: Sequence[_Record], image: Image, path: Path) -> _Record:
    """Return the record of `_records_for`, or refuse that there is none or more than one."""
    found = _records_for(records, image)
    if len(found) == 1:
        return found[0]
    if found:
        raise LandmarkFileError(
            f"{path.name} has {len(found)} records of {image.source.path.name}.", "Leave one of them in the file."
        )
    named = [record.image_name for record in records if record.image_name]
    told = f": it has those of {listed(named, 3)}" if named else ""
    raise LandmarkFileError(
        f"{path.name} has no landmarks of {image.source.path.name}{told}.",
        "Open one of the images that it names." if named else "Write IMAGE= with the image's name into its record.",
    )


def _spacing_mm(record: _Record) -> tuple[float, float] | None:
    """Return the pixel size where Cairn wrote it; the scale of others has no unit."""
    scale = finite_number(record.entries.get("SCALE", ""))
    return (scale, scale) if scale and scale > 0 and _SCALE_IN_MM in record.comments else None


def _notes(record: _Record, image: Image | None, path: Path) -> tuple[str, ...]:
    """Say what was passed over; without an image, the same of all records, so that it need be said once only."""
    notes = []
    if "SCALE" in record.entries and _SCALE_IN_MM not in record.comments:
        if image is None:
            notes.append(
                f"{path.name} gives scales without their unit. Set the pixel size yourself where it is unknown."
            )
        elif not image.source.spacing_known:
            scale = one_line(record.entries["SCALE"])
            notes.append(f"{path.name} gives a scale of {scale} without its unit. Set the pixel size yourself.")
    if {"CURVES", "OUTLINES"} & set(record.entries):
        notes.append(f"{path.name} also holds curves, which Cairn does not show; they stay in the file.")
    return tuple(notes)
