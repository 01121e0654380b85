"""Cairn's own landmark table: what it says in its comment lines, and how its numbers become landmarks again.

Values in, text out, and a split table in, values out; `core/landmark_files/file.py` opens the files. Writing is exact and
always the same; reading forgives what people do to such a table (order of columns, missing ones) but never guesses a
coordinate.
"""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.delimited_text import Table, line_error
from core.base.errors import LandmarkFileError
from core.values.grid import FloatArray, Grid
from core.values.image import Image
from core.values.landmarks import WITHOUT_POSITION, Landmarks, Status

COLUMNS = ("name", "x_mm", "y_mm", "z_mm", "x_px", "y_px", "z_px", "presence", "spread_mm", "radius_mm", "status")
FILE_VERSION = 1


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
        presence = float(landmarks.presence[row])
        lengths_mm = (float(landmarks.spread_mm[row]), float(landmarks.radius_mm[row]))
        table.writerow(
            (
                name,
                *mm[row],
                *px_cells[row],
                "" if np.isnan(presence) else f"{presence:.4f}",
                *(f"{length_mm:.3f}" if np.isfinite(length_mm) and spacing_known else "" for length_mm in lengths_mm),
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
    radius_mm: float
    status: Status | None


def parse_csv(table: Table, image: Image | None, ndim: int | None) -> Landmarks:
    """Return the landmarks of a table; without mm columns from px, through ``image`` or, without one, in px units.

    Raises
    ------
    LandmarkFileError
        A column is missing, or a line does not hold what the columns promise.
    """
    path = table.path
    rows = _rows(table)
    mm = np.array([row.mm for row in rows]).reshape(-1, 3)
    px = np.array([row.px for row in rows]).reshape(-1, 3)
    if ndim is None:
        ndim = 3 if np.isfinite(mm[:, 2]).any() or np.isfinite(px[:, 2]).any() else 2
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            raise line_error(path, row.line, f"repeats the landmark {row.name}")
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
        radius_mm=np.array([row.radius_mm for row in rows], dtype=np.float32),
        status=tuple(row.status or Status.PLACED for row in rows),
    )
    return replace(landmarks, status=landmarks.stated)


def _rows(table: Table) -> list[_Row]:
    """Turn the lines into numbers, whatever their order of columns."""
    columns = set(table.columns)
    if "name" not in columns or not ({"x_mm", "y_mm"} <= columns or {"x_px", "y_px"} <= columns):
        raise LandmarkFileError(
            f"{table.path.name} has no landmark table: the columns name and x_mm, y_mm (or x_px, y_px) are missing.",
            f"The first line that is no comment names the columns: {','.join(COLUMNS)}.",
        )
    numbers = table.numbers(COLUMNS[1:-1])
    words = [word.strip().lower() for word in table.texts("status")]
    rows = []
    for (line, _), name, word, values in zip(table.rows, table.texts("name"), words, numbers, strict=True):
        if not name:
            raise line_error(table.path, line, "has no name")
        if word and word not in set(Status):
            raise line_error(table.path, line, f'has the unknown status "{word}"')
        status = Status(word) if word else None
        presence, spread_mm, radius_mm = values[6:].tolist()
        rows.append(_Row(line, name, values[:3], values[3:6], presence, spread_mm, radius_mm, status))
    return rows


def _check_point(row: _Row, point: FloatArray, path: Path, ndim: int) -> None:
    """Refuse half a point, and a point of the wrong dimension (a z of zero does not hurt in 2D)."""
    given = np.isfinite(point)
    if given[:ndim].any() and not given[:ndim].all():
        raise line_error(path, row.line, f"gives only part of a {ndim}D position")
    if ndim == 2 and given[2] and point[2] != 0:
        raise line_error(path, row.line, "has a z coordinate, but the image is 2D")


def _placed(rows: list[_Row], mm: FloatArray, px: FloatArray, path: Path, image: Image | None) -> FloatArray:
    """Return ``(L, D)`` positions in mm: the mm columns where they count, else px through the image, else px as units."""
    has_mm = np.asarray(~np.isnan(mm).any(axis=1))
    has_px = np.asarray(~np.isnan(px).any(axis=1))
    if image is not None and not image.source.spacing_known:
        if (has_mm & ~has_px).any():
            line = rows[int(np.flatnonzero(has_mm & ~has_px)[0])].line
            raise line_error(
                path, line, "is in mm, but the pixel size of the image is unknown", "Set the pixel size first."
            )
        has_mm = np.zeros_like(has_mm)
    elif image is None and has_mm.any() and (has_px & ~has_mm).any():
        line = rows[int(np.flatnonzero(has_px & ~has_mm)[0])].line
        raise line_error(path, line, "is in px, other lines are in mm", "Open the image first, then its landmarks.")
    return np.where(has_mm[:, None], mm, px if image is None else mm_from_px(image.grid, px))
