"""3D Slicer's older point lists, ``.fcsv``: text in, landmarks out, and back into the lines they came from.

Reads all of them, from Slicer 3 (no version line, RAS) to Slicer 5 (cells without a heading for the state of the position).
Slicer reads line by line, so nothing in such a file may hold a line break. Lines in which nothing changes are not touched.
"""

import csv
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.base.delimited_text import finite_number
from core.base.errors import LandmarkFileError
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.control_point import (
    LPS_FROM,
    NO_POSITION,
    ControlPoint,
    described,
    point_name,
    says_px,
    to_landmarks,
)
from core.landmark_files.image_record import UNKNOWN_SIZE, ImageRecord, sizes_in
from core.landmark_files.placing import in_space, placed_in_space
from core.landmark_files.precision import rounded, same_numbers
from core.values.grid import FloatArray
from core.values.landmarks import WITHOUT_POSITION, Landmarks, Status

_COLUMNS = "id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"
_LAST_COLUMN = "associatedNodeID"  # what follows it are cells without a heading
_SLICER3_COLUMNS = "label,x,y,z,sel,vis"
_NEW_FILE = f"# Markups fiducial file version = 5.0\n# CoordinateSystem = LPS\n# columns = {_COLUMNS}\n"
_NEW_POINT = {"ow": "0", "ox": "0", "oy": "0", "oz": "1", "vis": "1", "sel": "1", "lock": "0"}
_SYSTEMS = {"0": "RAS", "1": "LPS", "RAS": "RAS", "LPS": "LPS"}
_DEFINED, _UNDEFINED = ["2", "0"], ["0", "0"]  # state of the position, and whether Slicer made the point up
_OWN_COMMENT = "# Cairn "  # Slicer passes over comment lines that it does not know
_THE_FILE = Path("The file that the landmarks come from")
_NOT_DEFINED = ("0", "1", "3")  # undefined, still being placed, skipped


@dataclass(frozen=True)
class _Point:
    """A line with a point; ``text`` as it stands in the file, ``cells`` as it splits into ``columns`` and what follows them."""

    text: str
    where: str
    name: str
    system: str
    columns: tuple[str, ...]
    cells: tuple[str, ...]

    def cell(self, column: str) -> str:
        """Return what stands in a column, nothing where the line ends before it."""
        index = self.columns.index(column) if column in self.columns else len(self.cells)
        return self.cells[index] if index < len(self.cells) else ""

    @property
    def defined(self) -> bool:
        """Whether the position counts."""
        state = self.cells[len(self.columns)] if len(self.cells) > len(self.columns) else ""
        return self.columns[-1] != _LAST_COLUMN or state.strip() not in _NOT_DEFINED

    @property
    def point_mm(self) -> FloatArray:
        """Three LPS coordinates, NaN where they are not defined."""
        if not self.defined:
            return np.array(NO_POSITION)
        numbers = [finite_number(self.cell(axis).strip()) for axis in "xyz"]
        if None in numbers:
            raise LandmarkFileError(
                f"{self.where} has no usable position.", "Place the point again in 3D Slicer, or clear its position."
            )
        return np.asarray(np.array(numbers, dtype=np.float64) * LPS_FROM[self.system])


@dataclass
class _File:
    """The lines of a file, and what its comment lines say about the points that follow them."""

    lines: list[str | _Point] = field(default_factory=list)
    line_end: str = "\n"
    system: str = "RAS"
    columns: tuple[str, ...] = tuple(_SLICER3_COLUMNS.split(","))
    has_states: bool = False
    words: dict[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> ImageRecord | None:
        """What Cairn's comment lines say about the image, None where there are none."""
        return ImageRecord.from_words(self.words) if self.words else None

    @property
    def points(self) -> list[_Point]:
        """The lines that are points."""
        return [line for line in self.lines if isinstance(line, _Point)]


def read_fcsv(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of a file.

    Raises
    ------
    LandmarkFileError
        A line has too few columns or no usable position, a name stands twice, or the coordinate system is unknown.
    """
    file = _split(text, path)
    points = [ControlPoint(point.name, point.point_mm, point.cell("desc")) for point in file.points]
    if not points:
        raise LandmarkFileError(f"{path.name} holds no points.", "Save the points from 3D Slicer again.")
    record = file.record or ImageRecord()
    in_px = record.in_px or (record.spacing_mm is None and says_px(points))
    return placed_in_space(to_landmarks(points, path), replace(record, in_px=in_px), path, wanted)


def write_fcsv(landmarks: Landmarks, written: Written) -> str:
    """Return a file of ``landmarks``; those without a position are undefined, or left out of a file too old to say so.

    In a file that is kept, which `read_fcsv` accepted, points stay where they are, in its coordinate system; those whose name is
    gone are removed; new ones follow at the end, unless nobody has placed them yet. Without one, or where it has no column for
    names, all of them go to a new one in LPS.

    Raises
    ------
    LandmarkFileError
        A name holds a line break.
    """
    landmarks = in_space(landmarks, written.image)
    file = _split(_NEW_FILE if written.kept is None else written.kept, _THE_FILE)
    is_new = written.kept is None or "label" not in file.columns
    if is_new:
        file = _split(_NEW_FILE, _THE_FILE)
    _say(file, written.record_beside(file.record))
    unwritten = {name: row for row, name in enumerate(landmarks.names)}
    lines: list[str] = []
    for line in file.lines:
        if isinstance(line, str):
            lines.append(line)
        elif line.name in unwritten:
            lines += _updated(line, landmarks, unwritten.pop(line.name), written, has_states=file.has_states)
    end = len(lines)
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    number, used = len(file.points), {point.cell("id") for point in file.points}
    for name, row in unwritten.items():
        if is_new or landmarks.stated[row] is not Status.UNPLACED:
            number = next(n for n in range(number + 1, number + len(used) + 2) if str(n) not in used)
            cells = tuple((_NEW_POINT | {"id": str(number)}).get(column, "") for column in file.columns)
            point = _Point("", "", name, file.system, file.columns, cells)
            added = _updated(point, landmarks, row, written, has_states=file.has_states)
            lines[end:end] = added
            end += len(added)
    if lines[-1]:
        lines.append("")
    return file.line_end.join(lines)


def _say(file: _File, record: ImageRecord | None) -> None:
    """Put what is to be said about the image into the comment lines, unless that is what they say already."""
    if record is None or record == file.record:
        return
    kept = [line for line in file.lines if isinstance(line, _Point) or not line.startswith(_OWN_COMMENT)]
    first = next((n for n, line in enumerate(kept) if isinstance(line, _Point) or not line.startswith("#")), len(kept))
    words = record.words
    for key in ("size_px", "pixel_size_mm"):
        if isinstance(words.get(key), list):
            words[key] = " x ".join(repr(size) for size in words[key])
    kept[first:first] = [f"{_OWN_COMMENT}{key} = {value}" for key, value in words.items()]
    file.lines = kept


def _updated(point: _Point, landmarks: Landmarks, row: int, written: Written, *, has_states: bool) -> list[str]:
    """Return the line of a point brought up to date; none where the file cannot say that it has no position."""
    is_new = not point.text
    located = landmarks.stated[row] not in WITHOUT_POSITION
    if not (located or has_states):
        return []
    cells = list(point.cells)

    def put(column: str, text: str) -> None:
        if column in point.columns and text != point.cell(column):
            index = point.columns.index(column)
            cells.extend([""] * (index + 1 - len(cells)))
            cells[index] = text

    if is_new or located != point.defined or (located and not same_numbers(point.point_mm, landmarks.points_mm[row])):
        position = rounded(landmarks.points_mm[row] * LPS_FROM[point.system], written.decimals)
        for axis, value in zip("xyz", position, strict=True):
            put(axis, repr(value))  # "nan" without a position: nobody shall take it for a place
        if has_states and (is_new or located != point.defined):
            cells += [""] * (len(point.columns) - len(cells))
            cells[len(point.columns) : len(point.columns) + 2] = _DEFINED if located else _UNDEFINED
    put("label", point.name)
    put("desc", described(landmarks, row, written, None if is_new else point.cell("desc")))
    return [point.text if cells == list(point.cells) else _joined(cells, point.name)]


def _joined(cells: list[str], name: str) -> str:
    """Return the cells as one line that does not look like a comment."""
    line = io.StringIO()
    like_comment = cells[0].startswith("#")
    csv.writer(line, lineterminator="", quoting=csv.QUOTE_ALL if like_comment else csv.QUOTE_MINIMAL).writerow(cells)
    if re.search(r"[\r\n]", line.getvalue()):
        raise LandmarkFileError(
            f"The name of the landmark {' '.join(name.split())} has a line break, which .fcsv files cannot hold.",
            "Rename it, or save as .mrk.json.",
        )
    return line.getvalue()


def _split(text: str, path: Path) -> _File:
    """Return the lines of a file, its points split into cells."""
    file = _File(line_end="\r\n" if "\r\n" in text else "\n")
    number = 0
    for count, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        where = f"{path.name}: line {count}"
        if line.startswith("#"):
            _take_comment(file, line, where)
        if line.startswith("#") or not line.strip():
            file.lines.append(line)
            continue
        number += 1
        try:
            cells = tuple(next(csv.reader([line])))
        except csv.Error as error:
            raise LandmarkFileError(
                f"{where} cannot be split into columns ({error}).", "Save the points from 3D Slicer again."
            ) from error
        needed = {"x", "y", "z"} | ({"label"} & set(file.columns))
        if not needed <= set(file.columns[: len(cells)]):
            raise LandmarkFileError(f"{where} has too few columns.", "Save the points from 3D Slicer again.")
        point = _Point(line, where, "", file.system, file.columns, cells)
        file.lines.append(replace(point, name=point_name(point.cell("label"), number)))
        file.has_states |= len(cells) > len(file.columns)
    file.has_states &= file.columns[-1] == _LAST_COLUMN
    return file


def _take_comment(file: _File, comment: str, where: str) -> None:
    """Learn from a comment line what the points below it mean."""
    key, _, value = comment.lstrip("#").partition("=")
    key, value = key.strip().lower(), value.strip()
    if comment.startswith(_OWN_COMMENT):
        words = comment.removeprefix(_OWN_COMMENT).partition(" = ")
        is_size = words[0] in ("size_px", "pixel_size_mm") and words[2] != UNKNOWN_SIZE
        file.words[words[0]] = sizes_in(words[2]) if is_size else words[2]
    elif key == "coordinatesystem":
        if value.upper() not in _SYSTEMS:
            raise LandmarkFileError(
                f"{where} names the unknown coordinate system {value}.", "Save it from 3D Slicer in LPS or RAS."
            )
        file.system = _SYSTEMS[value.upper()]
    elif key == "columns":
        file.columns = tuple(column.strip() for column in value.split(","))
    elif key == "markups fiducial file version":
        file.columns = tuple(_COLUMNS.split(","))
        major = value.partition(".")[0]
        file.has_states = major.isdecimal() and int(major) >= 5
