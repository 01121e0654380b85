"""One table of all cases, a line for each, as statistics programs want it: CSV, and Parquet through pyarrow.

Only written. Positions are those that Cairn shows: LPS mm, or px from the centre of the first pixel where the pixel size is
not known; the column ``unit`` says which.
"""

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from core.base.errors import LandmarkFileError
from core.landmark_files.collection import CaseMarks
from core.landmark_files.precision import fixed_text
from core.values.landmarks import WITHOUT_POSITION

_TEXTS = ("image", "group", "reader", "unit", "status", "author")
_FIGURES = ("presence", "spread", "radius")
_PRESENCE_DECIMALS = 4

_Row = list[float | str | None]


def write_wide_csv(cases: Sequence[CaseMarks]) -> str:
    """Return the table as comma-separated text; cells of what is not known are empty."""
    axes = _axes(cases)
    columns = _columns(cases[0].landmarks.names, axes)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for case in cases:
        cells, decimals = zip(columns, _row(case, axes), strict=True), case.image.decimals
        writer.writerow(_cell(column, value, decimals) for column, value in cells)
    return stream.getvalue()


def write_wide_parquet(cases: Sequence[CaseMarks]) -> bytes:
    """Return the table as a Parquet file: numbers in double precision, null where they are not known.

    Raises
    ------
    LandmarkFileError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise LandmarkFileError(
            "Parquet files are written by pyarrow, which is not installed.",
            "Use a Cairn that was installed with: pip install cairn-landmarks[parquet]. Or write wide-csv.",
        ) from error
    axes = _axes(cases)
    columns = _columns(cases[0].landmarks.names, axes)
    values = zip(*(_row(case, axes) for case in cases), strict=True)
    arrays = [
        pa.array(column_values, pa.string() if _is_text(column) else pa.float64())
        for column, column_values in zip(columns, values, strict=True)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def _axes(cases: Sequence[CaseMarks]) -> str:
    return "xyz"[: max(case.image.ndim for case in cases)]


def _columns(names: Sequence[str], axes: str) -> list[str]:
    """Return what the columns are called; those of a landmark are ``NAME_x`` and so on."""
    columns = list(_TEXTS[:4])
    for name in names:
        columns += [f"{name}_{what}" for what in (*axes, "status", "author", *_FIGURES)]
    return columns


def _row(case: CaseMarks, axes: str) -> _Row:
    """Return the values of a case in the order of the columns, None where there is none."""
    landmarks = case.landmarks
    row: _Row = [case.image.name, case.group, case.reader, case.image.unit]
    blank = [None] * (len(axes) - landmarks.ndim)
    figures = np.stack([landmarks.presence, landmarks.spread_mm, landmarks.radius_mm], axis=1).tolist()
    points, states = landmarks.points_mm.tolist(), landmarks.stated
    for point, status, author, known in zip(points, states, landmarks.author, figures, strict=True):
        row += [None] * len(point) if status in WITHOUT_POSITION else point
        row += [*blank, str(status), str(author)]
        row += [figure if math.isfinite(figure) else None for figure in known]
    return row


def _is_text(column: str) -> bool:
    return column.rpartition("_")[2] in _TEXTS


def _cell(column: str, value: float | str | None, decimals: int) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return fixed_text(value, _PRESENCE_DECIMALS if column.endswith("_presence") else decimals)
