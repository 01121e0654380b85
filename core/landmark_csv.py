"""Cairn's own landmark table: what it says in its comment lines, and how its numbers become landmarks again.

Text in, values out; `core/landmark_io.py` opens the files. Writing is exact and always the same; reading forgives what people
and spreadsheets do to such a table (order of columns, semicolons, decimal commas) but never guesses a coordinate.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import LandmarkFileError
from core.types import WITHOUT_POSITION, FloatArray, Grid, Image, Landmarks, Status

COLUMNS = ("name", "x_mm", "y_mm", "z_mm", "x_px", "y_px", "z_px", "presence", "spread_mm", "status")
FILE_VERSION = 1

_COMMENTS = re.compile(r'(?:(?:"?#[^\r\n]*|[ \t,;]*)(?:\r\n|\r|\n))*')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def px_from_mm(grid: Grid, points_mm: npt.ArrayLike) -> FloatArray:
    """Map LPS mm ``(..., D)`` to px ``(..., D)``: continuous array indices in the order column, row, slice."""
    return np.flip(grid.to_index(points_mm), axis=-1)


def mm_from_px(grid: Grid, points_px: npt.ArrayLike) -> FloatArray:
    """Map px ``(..., D)`` (column, row, slice) to LPS mm ``(..., D)``."""
    return grid.to_mm(np.flip(np.asarray(points_px, dtype=np.float64), axis=-1))


def format_csv(landmarks: Landmarks, image: Image | None, model: str) -> str:
    """Return the table of ``landmarks``; px columns are filled only with ``image``, mm columns only where mm are known."""
    spacing_known = image is None or image.source.spacing_known
    stated = landmarks.stated
    located = np.array([status not in WITHOUT_POSITION for status in stated], dtype=bool)
    mm = _cells(landmarks.points_mm if spacing_known else None, located)
    # Where mm stand beside them, px are for reading; where they stand alone, they are the position and stay exact.
    px = None if image is None else px_from_mm(image.grid, landmarks.points_mm)
    px_cells = _cells(np.round(px, 6) if px is not None and spacing_known else px, located)
    stream = io.StringIO()
    stream.writelines(f"# {line}\r\n" for line in _header_lines(landmarks.ndim, image, model))
    table = csv.writer(stream, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row, name in enumerate(landmarks.names):
        presence, spread_mm = float(landmarks.presence[row]), float(landmarks.spread_mm[row])
        table.writerow(
            (
                name,
                *mm[row],
                *px_cells[row],
                "" if np.isnan(presence) else f"{presence:.4f}",
                "" if np.isnan(spread_mm) or not spacing_known else f"{spread_mm:.3f}",
                str(stated[row]),
            )
        )
    return stream.getvalue()


def _header_lines(ndim: int, image: Image | None, model: str) -> list[str]:
    """Say what the numbers mean: frame, image and model."""
    lines = [
        f"Cairn landmarks, file version {FILE_VERSION}",
        "frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column"
        + (", y = row" if ndim == 2 else ", y = row, z = slice"),
    ]
    if image is None:
        lines.append("image: not given, so the px columns are empty")
    else:
        digest = f" (sha256 {image.source.sha256})" if image.source.sha256 else ""
        lines.append(f"image: {image.source.path.name}{digest}")
        size = " x ".join(str(n) for n in reversed(image.grid.shape))
        spacing = " x ".join(f"{s:.6g}" for s in reversed(image.grid.spacing_mm))
        known = (
            f"pixel size {spacing} mm"
            if image.source.spacing_known
            else "pixel size unknown, so the mm columns are empty"
        )
        lines.append(f"size: {size} px, {known}")
    lines.append(f"model: {model or 'none'}")
    return [" ".join(line.split()) for line in lines]


def _cells(points: FloatArray | None, located: npt.NDArray[np.bool_]) -> list[list[str]]:
    """Return three cells per point: shortest text that gives the same float64 again, empty where there is no number."""
    rows = [["", "", ""] for _ in located]
    for row in np.flatnonzero(located) if points is not None else ():
        assert points is not None
        values = [repr(float(value)) for value in points[row]]
        rows[row][: len(values)] = values
    return rows


@dataclass
class _Row:
    """One line of the table, as text became numbers."""

    line: int
    name: str
    mm: FloatArray
    px: FloatArray
    presence: float
    spread_mm: float
    status: Status | None


def parse_csv(text: str, path: Path, image: Image | None, ndim: int | None) -> Landmarks:
    """Return the landmarks of a table; without mm columns from px, through ``image`` or, without one, in px units.

    Raises
    ------
    LandmarkFileError
        A column is missing, or a line does not hold what the columns promise.
    """
    rows = _rows(text, path)
    mm = np.array([row.mm for row in rows]).reshape(-1, 3)
    px = np.array([row.px for row in rows]).reshape(-1, 3)
    if ndim is None:
        ndim = 3 if np.isfinite(mm[:, 2]).any() or np.isfinite(px[:, 2]).any() else 2
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            raise _line_error(path, row.line, f"repeats the landmark {row.name}")
        seen.add(row.name)
        for point in (row.mm, row.px):
            _check_point(row, point, path, ndim)
    points_mm = _placed(rows, mm[:, :ndim], px[:, :ndim], path, image)
    points_mm[[row.status is Status.ABSENT for row in rows]] = np.nan
    points_mm[np.isnan(points_mm).any(axis=1)] = np.nan
    landmarks = Landmarks(
        tuple(row.name for row in rows),
        points_mm,
        presence=np.array([row.presence for row in rows], dtype=np.float32),
        spread_mm=np.array([row.spread_mm for row in rows], dtype=np.float32),
        status=tuple(row.status or Status.PLACED for row in rows),
    )
    return replace(landmarks, status=landmarks.stated)


def _rows(text: str, path: Path) -> list[_Row]:
    """Split the table into rows, whatever its separator, order of columns and decimal sign."""
    comments = _COMMENTS.match(text)
    body = text[comments.end() :] if comments else text
    skipped = len(re.findall(r"\r\n|\r|\n", text[: len(text) - len(body)]))
    first_line = re.split(r"[\r\n]", body, maxsplit=1)[0]
    separator = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    table: list[tuple[int, list[str]]] = []
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        table.extend((skipped + reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise _line_error(path, skipped + reader.line_num, f"cannot be split into columns ({error})") from error
    if "name" not in header or not ({"x_mm", "y_mm"} <= set(header) or {"x_px", "y_px"} <= set(header)):
        raise LandmarkFileError(
            f"{path.name} has no landmark table: the columns name and x_mm, y_mm (or x_px, y_px) are missing.",
            f"The first line that is no comment names the columns: {','.join(COLUMNS)}.",
        )
    numeric = [index for index, column in enumerate(header) if column in COLUMNS[1:-1]]
    cells = [row[index] for _, row in table for index in numeric if index < len(row)]
    decimal_comma = separator != "," and any("," in cell for cell in cells) and not any("." in cell for cell in cells)
    return [_row(line, row, header, path, decimal_comma) for line, row in table]


def _row(line: int, cells: Sequence[str], header: Sequence[str], path: Path, decimal_comma: bool) -> _Row:
    """Turn one line into numbers."""
    if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
        raise _line_error(path, line, f"has {len(cells)} columns instead of {len(header)}")
    found = dict(zip(header, cells, strict=False))

    def number(column: str) -> float:
        cell = found.get(column, "").strip()
        if cell.lower() in ("", "nan"):
            return float("nan")
        text = cell.replace(",", ".") if decimal_comma else cell
        if not _NUMBER.fullmatch(text) or not np.isfinite(float(text)):
            raise _line_error(path, line, f'has "{cell}" in the column {column}, which is no number')
        return float(text)

    if not found["name"]:
        raise _line_error(path, line, "has no name")
    word = found.get("status", "").strip().lower()
    if word and word not in set(Status):
        raise _line_error(path, line, f'has the unknown status "{word}"')
    mm, px = (np.array([number(f"{axis}_{unit}") for axis in "xyz"]) for unit in ("mm", "px"))
    status = Status(word) if word else None
    return _Row(line, found["name"], mm, px, number("presence"), number("spread_mm"), status)


def _check_point(row: _Row, point: FloatArray, path: Path, ndim: int) -> None:
    """Refuse half a point, and a point of the wrong dimension (a z of zero does not hurt in 2D)."""
    given = np.isfinite(point)
    if given[:ndim].any() and not given[:ndim].all():
        raise _line_error(path, row.line, f"gives only part of a {ndim}D position")
    if ndim == 2 and given[2] and point[2] != 0:
        raise _line_error(path, row.line, "has a z coordinate, but the image is 2D")


def _placed(rows: list[_Row], mm: FloatArray, px: FloatArray, path: Path, image: Image | None) -> FloatArray:
    """Return ``(L, D)`` positions in mm: the mm columns where they count, else px through the image, else px as units."""
    has_mm = np.asarray(~np.isnan(mm).any(axis=1))
    has_px = np.asarray(~np.isnan(px).any(axis=1))
    if image is not None and not image.source.spacing_known:
        if (has_mm & ~has_px).any():
            line = rows[int(np.flatnonzero(has_mm & ~has_px)[0])].line
            raise _line_error(
                path, line, "is in mm, but the pixel size of the image is unknown", "Set the pixel size first."
            )
        has_mm = np.zeros_like(has_mm)
    elif image is None and has_mm.any() and (has_px & ~has_mm).any():
        line = rows[int(np.flatnonzero(has_px & ~has_mm)[0])].line
        raise _line_error(path, line, "is in px, other lines are in mm", "Open the image first, then its landmarks.")
    return np.where(has_mm[:, None], mm, px if image is None else mm_from_px(image.grid, px))


def _line_error(
    path: Path, line: int, complaint: str, hint: str = "Correct the line and try again."
) -> LandmarkFileError:
    return LandmarkFileError(f"{path.name}: line {line} {complaint}.", hint)
