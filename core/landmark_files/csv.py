"""Cairn's own landmark table: what it says in its comment lines, and how its numbers become landmarks again.

Text in, values out, and back; `core/landmark_files/file.py` opens the files. Writing is always the same, in C++ as well
(packaging/cpp/runner/landmark_csv.cpp); reading forgives what people do to such a table (order of columns, missing ones) but
never guesses a coordinate.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.delimited_text import Table, line_error, split_table
from core.base.errors import LandmarkFileError, PixelSizeNeeded
from core.landmark_files.contract import Found, Wanted, Written
from core.landmark_files.image_record import UNKNOWN_SIZE, ImageRecord, one_line, sizes_in, sizes_text
from core.landmark_files.placing import as_written, carried, mm_from_px, notes_on_size, px_from_mm
from core.landmark_files.precision import PX_DECIMALS, fixed_text, number_in, same_numbers
from core.values.grid import FloatArray
from core.values.image import Image
from core.values.landmarks import WITHOUT_POSITION, Author, Landmarks, Status

_NUMBERS = (
    "x_mm",
    "y_mm",
    "z_mm",
    "x_px",
    "y_px",
    "z_px",
    "presence",
    "spread_mm",
    "radius_mm",
    "spread_px",
    "radius_px",
)
COLUMNS = ("name", *_NUMBERS, "status", "author")
FILE_VERSION = 1
_PRESENCE_DECIMALS = 4


# Writing


def write_csv(landmarks: Landmarks, written: Written) -> str:
    """Return the table of ``landmarks``; px columns are filled only with an image, mm columns only where mm are known.

    In a table that is kept, numbers that have not changed stay as they stand there.
    """
    kept = None if written.kept is None else split_table(written.kept, _THE_FILE)
    before = ImageRecord() if kept is None else _record(kept)
    stream = io.StringIO()
    record = written.record.after(before)
    stream.writelines(f"# {one_line(line)}\r\n" for line in _header_lines(landmarks.ndim, written.image, record))
    table = csv.writer(stream, lineterminator="\r\n")
    table.writerow(COLUMNS)
    lines = {} if kept is None else {name: line for line, name in enumerate(kept.texts("name"))}
    old_columns = {} if kept is None else {column: kept.texts(column) for column in _NUMBERS}
    for row, cells in enumerate(_number_cells(landmarks, written)):
        name = landmarks.names[row]
        if name in lines:
            cells = _unless_the_same(cells, [old_columns[column][lines[name]] for column in _NUMBERS])
        table.writerow((name, *(text for text, _ in cells), str(landmarks.stated[row]), str(landmarks.author[row])))
    return stream.getvalue()


def _header_lines(ndim: int, image: Image | None, record: ImageRecord) -> list[str]:
    """Say what the numbers mean: frame, image and model."""
    lines = [
        f"Cairn landmarks, file version {FILE_VERSION}",
        "frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column"
        + (", y = row" if ndim == 2 else ", y = row, z = slice"),
    ]
    if image is None:
        lines.append("image: not given, so the px columns are empty")
    else:
        digest = f" (sha256 {record.image_sha256})" if record.image_sha256 else ""
        lines.append(f"image: {record.image_name}{digest}")
        known = (
            "pixel size unknown, so the mm columns are empty"
            if record.spacing_mm is None
            else f"pixel size {sizes_text(record.spacing_mm, '.6g')} mm ({record.spacing_source})"
        )
        lines.append(f"size: {sizes_text(record.shape)} px, {known}")
    lines.append(f"model: {record.model or 'none'}")
    return lines


_Cells = list[tuple[str, float]]
"""The texts of a row's numbers with the numbers themselves, in the order of ``_NUMBERS``; empty and NaN where there is none."""


def _number_cells(landmarks: Landmarks, written: Written) -> list[_Cells]:
    """Return all cells with numbers, row by row."""
    image, in_mm = written.image, written.unit == "mm"
    located = [status not in WITHOUT_POSITION for status in landmarks.stated]
    nowhere = np.full(landmarks.points_mm.shape, np.nan)
    px = nowhere if image is None else px_from_mm(image.grid, landmarks.points_mm)
    mm = landmarks.points_mm if in_mm else nowhere
    lengths = np.stack([landmarks.spread_mm, landmarks.radius_mm], axis=1)
    no_lengths = np.full(lengths.shape, np.nan)
    mm_lengths, px_lengths = (lengths, no_lengths) if in_mm else (no_lengths, lengths)
    rows = []
    for row, has_place in enumerate(located):
        blank = [np.nan] * (3 - landmarks.ndim)
        places = [*mm[row], *blank, *px[row], *blank] if has_place else [np.nan] * 6
        numbers = [*places, landmarks.presence[row], *mm_lengths[row], *px_lengths[row]]
        decimals = [written.decimals] * 3 + [PX_DECIMALS] * 3 + [_PRESENCE_DECIMALS]
        decimals += [written.decimals] * 2 + [PX_DECIMALS] * 2
        rows.append(
            [
                (fixed_text(number, digits) if np.isfinite(number) else "", float(number))
                for number, digits in zip(numbers, decimals, strict=True)
            ]
        )
    return rows


def _unless_the_same(cells: _Cells, old: list[str]) -> _Cells:
    """Return the cells of a row, with their old texts where these are the same numbers.

    Where mm and px stand beside each other, the px of an untouched point are as good as their last digit.
    """
    kept = [
        (text, number) if not same_numbers(number_in(before), number) else (before.strip(), number)
        for (text, number), before in zip(cells, old, strict=True)
    ]
    mm_kept = all(
        same_numbers(number_in(before), number) for before, (_, number) in zip(old[:3], cells[:3], strict=True)
    )
    if mm_kept and cells[0][0]:
        about = 1.01 * 10.0**-PX_DECIMALS
        for axis in range(3, 6):
            if same_numbers(number_in(old[axis]), cells[axis][1], about):
                kept[axis] = (old[axis].strip(), cells[axis][1])
    for index in range(6, len(cells)):  # presence, spread and radius are single precision, and the model's
        if cells[index][0] and fixed_text(number_in(old[index]), _decimals_of(cells[index][0])) == cells[index][0]:
            kept[index] = (old[index].strip(), cells[index][1])
    return kept


def _decimals_of(text: str) -> int:
    return len(text.partition(".")[2])


# Reading


@dataclass
class _Row:
    """One line of the table, as text became numbers."""

    line: int
    name: str
    mm: FloatArray
    px: FloatArray
    presence: float
    lengths_mm: FloatArray
    lengths_px: FloatArray
    status: Status | None
    author: Author


_THE_FILE = Path("The file that the landmarks come from")


def read_csv(text: str, path: Path, wanted: Wanted) -> Found:
    """Return the landmarks of a table; without mm columns from px, through the image or, without one, in px units.

    Raises
    ------
    LandmarkFileError
        A column is missing, or a line does not hold what the columns promise.
    PixelSizeNeeded
        Positions are in mm only, and neither table nor image say how large a pixel is.
    """
    table = split_table(text, path)
    rows = _rows(table)
    mm = np.array([row.mm for row in rows]).reshape(-1, 3)
    px = np.array([row.px for row in rows]).reshape(-1, 3)
    ndim = wanted.ndim
    if ndim is None:
        ndim = 3 if np.isfinite(mm[:, 2]).any() or np.isfinite(px[:, 2]).any() else 2
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            raise line_error(path, row.line, f"repeats the landmark {row.name}")
        seen.add(row.name)
        for point in (row.mm, row.px):
            _check_point(row, point, path, ndim)
    record = _record(table)
    found = _placed(rows, mm[:, :ndim], px[:, :ndim], record, path, wanted)
    landmarks = found.landmarks
    points_mm = landmarks.points_mm.copy()
    points_mm[[row.status is Status.ABSENT for row in rows]] = np.nan
    points_mm[np.isnan(points_mm).any(axis=1)] = np.nan
    landmarks = replace(landmarks, points_mm=points_mm, status=tuple(row.status or Status.PLACED for row in rows))
    return replace(found, landmarks=replace(landmarks, status=landmarks.stated))


def _record(table: Table) -> ImageRecord:
    """Return what the comment lines of a table say about its image and its model."""
    said = {key: value for key, _, value in (line.partition(": ") for line in map(str.strip, table.comments)) if value}
    image = re.fullmatch(r"(.*?)(?: \(sha256 ([0-9a-fA-F]+)\))?", said.get("image", ""))
    name, digest = (image[1], image[2] or "") if image else ("", "")
    size, _, spacing = said.get("size", "").partition(" px, pixel size ")
    spacing, _, source = spacing.partition(" mm")
    unknown = spacing.startswith(UNKNOWN_SIZE)
    return ImageRecord.from_words(
        {
            "image": "" if name.startswith("not given") and not digest else name,
            "sha256": digest,
            "size_px": sizes_in(size),
            "pixel_size_mm": UNKNOWN_SIZE if unknown else sizes_in(spacing),
            "pixel_size_is": source.strip(" ()"),
            "model": "" if said.get("model") == "none" else said.get("model", ""),
        }
    )


def _rows(table: Table) -> list[_Row]:
    """Turn the lines into numbers, whatever their order of columns."""
    columns = set(table.columns)
    if "name" not in columns or not ({"x_mm", "y_mm"} <= columns or {"x_px", "y_px"} <= columns):
        raise LandmarkFileError(
            f"{table.path.name} has no landmark table: the columns name and x_mm, y_mm (or x_px, y_px) are missing.",
            f"The first line that is not a comment names the columns: {','.join(COLUMNS)}.",
        )
    numbers = table.numbers(_NUMBERS)
    words, authors = _words(table, "status", Status), _words(table, "author", Author)
    rows = []
    for number, ((line, _), name) in enumerate(zip(table.rows, table.texts("name"), strict=True)):
        if not name:
            raise line_error(table.path, line, "has no name")
        values, status = numbers[number], Status(words[number]) if words[number] else None
        author = Author(authors[number])
        rows.append(_Row(line, name, values[:3], values[3:6], values[6], values[7:9], values[9:], status, author))
    return rows


def _words(table: Table, column: str, known: type[Status] | type[Author]) -> list[str]:
    """Return the cells of a column of which each is empty or one of the words of ``known``."""
    words = [word.strip().lower() for word in table.texts(column)]
    for (line, _), word in zip(table.rows, words, strict=True):
        if word and word not in set(known):
            raise line_error(table.path, line, f'has the unknown {column} "{word}"')
    return words


def _check_point(row: _Row, point: FloatArray, path: Path, ndim: int) -> None:
    """Refuse half a point, and a point of the wrong dimension (a z of zero does not hurt in 2D)."""
    given = np.isfinite(point)
    if given[:ndim].any() and not given[:ndim].all():
        raise line_error(path, row.line, f"gives only part of a {ndim}D position")
    if ndim == 2 and given[2] and point[2] != 0:
        raise line_error(path, row.line, "has a z coordinate, but the image is 2D")


def _placed(
    rows: Sequence[_Row], mm: FloatArray, px: FloatArray, record: ImageRecord, path: Path, wanted: Wanted
) -> Found:
    """Return landmarks with positions, spread and radius in the image's mm: from mm where they count, else from px."""
    image = wanted.image
    has_mm = np.asarray(~np.isnan(mm).any(axis=1))
    has_px = np.asarray(~np.isnan(px).any(axis=1))
    lengths_mm = np.array([row.lengths_mm for row in rows]).reshape(-1, 2)
    lengths_px = np.array([row.lengths_px for row in rows]).reshape(-1, 2)
    if image is None:
        if has_mm.any() and (has_px & ~has_mm).any():
            line = rows[int(np.flatnonzero(has_px & ~has_mm)[0])].line
            raise line_error(
                path, line, "is in px, but other lines are in mm", "Open the image first, then its landmarks."
            )
        points = np.where(has_mm[:, None], mm, px)
        landmarks = _landmarks(rows, points, _either(lengths_mm, lengths_px))
        return Found(landmarks, record, in_px=record.in_px or not has_mm.any())
    try:
        written = as_written(image, record, path, mm_is_px=wanted.mm_is_px)
    except PixelSizeNeeded:
        if (has_mm & ~has_px).any():
            raise
        written = None
    notes: tuple[str, ...] = ()
    if written is not None:
        notes = notes_on_size(record, written, image, path)
        from_mm = carried(_landmarks(rows, mm, lengths_mm), written, image)
        mm, lengths_mm = from_mm.points_mm, np.stack([from_mm.spread_mm, from_mm.radius_mm], axis=1)
    else:
        if np.isfinite(lengths_mm).any():
            notes = (f"{path.name} gives spread and radius in mm; without a pixel size they cannot be shown in px.",)
        lengths_mm = np.full(lengths_mm.shape, np.nan)
    known = image.source.spacing_known
    px_first = not known or written is not image
    points = np.where((has_px & (px_first | ~has_mm))[:, None], mm_from_px(image.grid, px), mm)
    lengths = _either(lengths_mm, lengths_px * (image.grid.spacing_mm.mean() if known else 1.0))
    return Found(_landmarks(rows, points, lengths), record, notes)


def _landmarks(rows: Sequence[_Row], points_mm: FloatArray, lengths_mm: npt.NDArray[np.floating[Any]]) -> Landmarks:
    """Return the landmarks of the rows at other positions ``(L, D)`` and with other spreads and radii ``(L, 2)``."""
    return Landmarks(
        tuple(row.name for row in rows),
        points_mm,
        np.array([row.presence for row in rows], dtype=np.float32),
        lengths_mm[:, 0].astype(np.float32),
        lengths_mm[:, 1].astype(np.float32),
        tuple(row.status or Status.PLACED for row in rows),
        tuple(row.author for row in rows),
    )


def _either(first: npt.NDArray[np.floating[Any]], second: FloatArray) -> npt.NDArray[np.floating[Any]]:
    return np.where(np.isnan(first), second, first)
