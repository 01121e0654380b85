"""What was measured of many images as one table: a row a case, or a row a measurement; as CSV and as an Excel workbook.

Makes tables and writes them; who reads landmarks is not known here. A text that a spreadsheet would take for a formula never
becomes one: names of cases and of measurements come from files.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.base.errors import AppError
from core.base.files import reason_of, written_whole
from core.measuring.analysis import Analysis
from core.measuring.measure import Measured

EXTRA_DECIMALS = 2
"""Digits that tables have beyond those that a person is shown: for those who compute with them."""
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_COLUMN_WIDTHS = (8, 40)
CSV_SUFFIX, XLSX_SUFFIX = ".csv", ".xlsx"
TABLE_SUFFIXES = {XLSX_SUFFIX: "Excel workbook", CSV_SUFFIX: "CSV"}
"""How files of tables end, and what a person calls them."""

Cell = float | str | None


@dataclass(frozen=True)
class MeasuredCase:
    """The measurements of one image.

    Attributes
    ----------
    name
        What the case is called.
    measured
        From `core.measuring.measure.measure`, for all cases by the same analysis.
    reader
        Who said where the landmarks are; empty where that is not told.
    """

    name: str
    measured: tuple[Measured, ...]
    reader: str = ""


@dataclass(frozen=True)
class MeasurementTable:
    """Columns with their heads, and rows of numbers and texts; None where nothing is known."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Lack:
    """Why something was not measured.

    Attributes
    ----------
    keys
        The measurements.
    reason
        One sentence.
    count
        In how many cases.
    """

    keys: tuple[str, ...]
    reason: str
    count: int


def head_of(key: str, unit: str) -> str:
    """Return what a column of a measurement is called: “SNA (°)”; a unit that ends the key itself is not said twice."""
    return f"{key.removesuffix(f' {unit}')} ({unit})" if unit else key


def wide_table(analysis: Analysis, cases: Sequence[MeasuredCase]) -> MeasurementTable:
    """Return a table with a row for each case and a column for each measurement, its unit in the head."""
    keys = [one.key for one in analysis.measurements if not one.hidden]
    named = _named_columns(cases)
    rows = [
        (*_names(case, named), *(_figure(one.value, one.measurement.decimals) for one in case.measured))
        for case in cases
    ]
    return MeasurementTable((*named, *(head_of(key, analysis.units[key]) for key in keys)), tuple(rows))


def long_table(cases: Sequence[MeasuredCase]) -> MeasurementTable:
    """Return a table with a row for each measurement of each case, with all that is known of it.

    ``low`` and ``high`` are the ends of the interval that holds the true value in 90 % of cases; ``class_decided`` says whether
    nine of ten values in it are of the same class, ``by_readers`` names the landmarks whose uncertainty is told by readers'
    differences, and ``exact`` those of which none is known.
    """
    named = _named_columns(cases)
    rows = [(*_names(case, named), *_long_row(one)) for case in cases for one in case.measured]
    return MeasurementTable((*named, *_LONG), tuple(rows))


_LONG = (
    "measurement", "title", "value", "unit", "low", "high", "norm_mean", "norm_sd", "norm_low", "norm_high", "population",
    "deviation_sd", "assessment", "class", "class_decided", "by_readers", "exact", "reason",
)  # fmt: skip


def _long_row(one: Measured) -> tuple[Cell, ...]:
    decimals, norm = one.measurement.decimals, one.norm
    low, high = (norm.range if norm is not None else None) or (None, None)
    return (
        one.measurement.key,
        one.measurement.name,
        _figure(one.value, decimals),
        one.unit,
        _figure(one.low, decimals),
        _figure(one.high, decimals),
        None if norm is None else norm.mean,
        None if norm is None else norm.sd,
        None if low is None else round(low, 9),
        None if high is None else round(high, 9),
        "" if norm is None else norm.population,
        _figure(one.deviation_sd, 1),
        one.in_words,
        one.class_name,
        "" if math.isnan(one.class_share) else "yes" if one.class_decided else "no",
        "; ".join(one.by_readers),
        "; ".join(one.exact),
        one.reason,
    )


def _named_columns(cases: Sequence[MeasuredCase]) -> tuple[str, ...]:
    return ("case", "reader") if any(case.reader for case in cases) else ("case",)


def _names(case: MeasuredCase, columns: tuple[str, ...]) -> tuple[str, ...]:
    return (case.name, case.reader)[: len(columns)]


def rounded_cell(value: float, decimals: int) -> float | None:
    """Return a number as a table has it, never a negative zero; an empty cell where it is not known."""
    return round(value, decimals) + 0.0 if math.isfinite(value) else None


def _figure(value: float, decimals: int) -> float | None:
    return rounded_cell(value, decimals + EXTRA_DECIMALS)


def lacks(cases: Sequence[MeasuredCase]) -> list[Lack]:
    """Return what was not measured and why, each reason once, with the measurements and the number of cases that it holds for."""
    where: dict[tuple[str, str], list[int]] = {}
    for number, case in enumerate(cases):
        for one in case.measured:
            if one.reason:
                where.setdefault((one.reason, one.measurement.key), []).append(number)
    keys: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (reason, key), numbers in where.items():
        keys.setdefault((reason, tuple(numbers)), []).append(key)
    return [Lack(tuple(names), reason, len(numbers)) for (reason, numbers), names in keys.items()]


def write_table(table: MeasurementTable, path: Path, title: str, *, suffix: str | None = None) -> None:
    """Write a table, whole or not at all: as an Excel workbook where its suffix says so, else as CSV.

    CSV is UTF-8 without a byte-order mark, which R and Python take for a part of the first name. Excel takes such a file for one
    of another encoding when it is opened by a double click: its own format has no such doubt.

    Parameters
    ----------
    table
        What to write.
    path
        Where to; folders that are missing are made, as all commands do.
    title
        Name of the sheet of a workbook.
    suffix
        ``.csv`` or ``.xlsx``, where it is not that of ``path``.

    Raises
    ------
    AppError
        It cannot be written there.
    """
    as_workbook = (path.suffix if suffix is None else suffix).lower() == XLSX_SUFFIX
    content = xlsx_bytes(table, title) if as_workbook else csv_text(table).encode("utf-8")
    try:
        with written_whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise AppError(f"{path} cannot be written ({reason_of(error)}).", "Choose another folder or disk.") from error


def csv_text(table: MeasurementTable) -> str:
    """Return the table as comma-separated text; an apostrophe stands before what a spreadsheet would take for a formula."""
    return _separated(table, ",", "\r\n")


def tab_text(table: MeasurementTable) -> str:
    """Return the table as a clipboard takes it: tab-separated, a line a row; made harmless as `csv_text` does."""
    return _separated(table, "\t", "\n")


def _separated(table: MeasurementTable, delimiter: str, lineterminator: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=lineterminator)
    for row in (table.columns, *table.rows):
        writer.writerow([_defused(cell) for cell in row])
    return stream.getvalue()


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_SIGNS) else cell


def xlsx_bytes(table: MeasurementTable, title: str) -> bytes:
    """Return the table as an Excel workbook with one sheet; texts are texts there, whatever they begin with."""
    from openpyxl import Workbook  # half a second, for which nobody waits who writes no workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = "".join(" " if letter in r"[]:*?/\'" else letter for letter in title)[:31].strip() or "Measurements"
    for row_number, row in enumerate((table.columns, *table.rows), start=1):
        for column_number, value in enumerate(row, start=1):
            cell = sheet.cell(row_number, column_number)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = "s"
                cell.quotePrefix = value.startswith(_FORMULA_SIGNS)
            else:
                cell.value = value
            if row_number == 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    for number, column in enumerate(zip(table.columns, *table.rows, strict=True), start=1):
        longest = max(len(str(cell)) for cell in column if cell is not None)
        low, high = _COLUMN_WIDTHS
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 2, low), high)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
