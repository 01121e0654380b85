"""Tables of measurements: what stands in them, what was not measured, and that nothing in them becomes a formula."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from core.base.errors import AppError
from core.measuring.file import parse_analysis
from core.measuring.measure import measure
from core.measuring.table import (
    MeasuredCase,
    MeasurementTable,
    csv_text,
    head_of,
    lacks,
    long_table,
    tab_text,
    wide_table,
    write_table,
    xlsx_bytes,
)
from core.values.landmarks import Landmarks, Status

ANALYSIS = parse_analysis(
    """
name = "test"
title = "Test: of [tables]"
ndim = 2
anterior = [["S", "N"]]
superior = [["A", "S"]]
[landmarks]
S = "Sella"
N = "Nasion"
A = "Subspinale"
Ba = "Basion"
[[measurements]]
key = "SN"
title = "Cranial base"
how = { distance = ["S", "N"] }
norms = [{ mean = 57, sd = 2, population = "adults" }]
small = "short cranial base"
[[measurements]]
key = "SNA"
how = { angle = ["S", "N", "A"] }
decimals = 2
classes = [{ name = "acute", below = 90 }, { name = "obtuse", from = 90 }]
[[measurements]]
key = "hidden"
hidden = true
how = { distance = ["S", "A"] }
[[measurements]]
key = "share"
how = { ratio = ["hidden", "SN"] }
[[measurements]]
key = "SBa"
how = { distance = ["S", "Ba"] }
""",
    "test.toml",
)


def case(
    name: str, *, unit: str = "mm", radius_mm: float = 1.0, reader: str = "", tip_mm: float = 40.0
) -> MeasuredCase:
    marks = Landmarks(
        ("Sella", "Nasion", "Subspinale"),
        np.array([(0.0, 0.0), (50.0, 0.0), (49.0, tip_mm)]),
        radius_mm=np.full(3, radius_mm, np.float32),
        presence=np.ones(3, np.float32),
        status=(Status.PREDICTED,) * 3,
    )
    return MeasuredCase(name, measure(ANALYSIS, marks, unit=unit), reader)


def test_a_row_a_case_with_units_in_the_heads_and_nothing_where_nothing_is_known() -> None:
    table = wide_table(ANALYSIS, [case("a"), case("b", unit="px")])
    assert table.columns == ("case", "SN (mm)", "SNA (°)", "share", "SBa (mm)")
    angle = np.degrees(np.arctan2(40, 1))
    share = np.hypot(49, 40) / 50
    assert table.rows[0] == ("a", 50.0, round(angle, 4), round(share, 3), None)
    assert table.rows[1] == ("b", None, round(angle, 4), round(share, 3), None)


def test_a_unit_is_said_once() -> None:
    assert [head_of("L1–NB mm", "mm"), head_of("L1–NB", "°"), head_of("FHI", "")] == ["L1–NB (mm)", "L1–NB (°)", "FHI"]


def test_readers_have_a_column_where_they_are_told() -> None:
    table = wide_table(ANALYSIS, [case("a", reader="Ann"), case("b")])
    assert table.columns[:2] == ("case", "reader")
    assert [row[:2] for row in table.rows] == [("a", "Ann"), ("b", "")]
    assert long_table([case("a", reader="Ann")]).columns[:3] == ("case", "reader", "measurement")


def test_a_row_a_measurement_says_all_that_is_known() -> None:
    table = long_table([case("a", radius_mm=0.5)])
    rows = {row[1]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["SN", "SNA", "share", "SBa"]
    first = rows["SN"]
    assert (first["case"], first["title"], first["value"], first["unit"]) == ("a", "Cranial base", 50.0, "mm")
    assert first["low"] < 50 < first["high"]
    assert (first["norm_mean"], first["norm_sd"], first["norm_low"], first["norm_high"]) == (57.0, 2.0, 55.0, 59.0)
    assert (first["population"], first["deviation_sd"], first["assessment"]) == ("adults", -3.5, "short cranial base")
    assert (first["class"], first["class_decided"], first["reason"]) == ("", "", "")
    assert rows["SNA"]["class"] == "acute"
    assert rows["SBa"]["value"] is None
    assert rows["SBa"]["reason"] == "It needs Basion (Ba), not among these landmarks."


def test_whether_the_interval_decides_the_class_is_said_where_there_is_an_interval() -> None:
    for radius_mm, decided in ((0.01, "yes"), (5.0, "no"), (np.nan, "")):
        table = long_table([case("a", radius_mm=radius_mm)])
        row = dict(zip(table.columns, table.rows[1], strict=True))
        assert (row["class"], row["class_decided"]) == ("acute", decided)
    assert row["exact"] == "Sella; Nasion; Subspinale"


def test_what_was_not_measured_is_said_once_with_the_number_of_cases() -> None:
    found = lacks([case("a"), case("b", unit="px"), case("c")])
    assert [(one.keys, one.reason, one.count) for one in found] == [
        (("SBa",), "It needs Basion (Ba), not among these landmarks.", 3),
        (("SN",), "It is a length in mm, and the pixel size is not known.", 1),
    ]
    both = lacks([case("a", tip_mm=np.nan)])
    assert (("SNA", "share"), "Subspinale is not placed.", 1) in [(one.keys, one.reason, one.count) for one in both]


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\r=1"])
def test_text_never_becomes_a_formula(name: str) -> None:
    table = MeasurementTable(("case", "=x"), ((name, -2.5), ("plain", None)))
    rows = list(csv.reader(io.StringIO(csv_text(table), newline="")))
    assert rows == [["case", "'=x"], [f"'{name}", "-2.5"], ["plain", ""]]
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(table, "t"))).active
    assert {sheet["A2"].data_type, sheet["B1"].data_type} == {"s"}
    assert sheet["A2"].value.replace("\n", "\r") == name
    assert sheet["B2"].value == -2.5


def test_a_workbook_has_the_numbers_as_numbers() -> None:
    table = wide_table(ANALYSIS, [case("a"), case("b\x07")])
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(table, ANALYSIS.title)))
    assert book.sheetnames == ["Test  of  tables"]
    rows = list(book.active.iter_rows(values_only=True))
    assert rows[0] == table.columns
    assert rows[1] == table.rows[0]
    assert rows[2][0] == "b"


@pytest.mark.parametrize("name", ["table.xlsx", "TABLE.XLSX", "table.csv", "table.tsv", "table"])
def test_a_table_is_written_as_its_suffix_says(tmp_path: Path, name: str) -> None:
    table = wide_table(ANALYSIS, [case("Änne")])
    path = tmp_path / "new folder" / name
    write_table(table, path, ANALYSIS.title)
    if name.lower().endswith(".xlsx"):
        rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
        assert rows == [table.columns, *table.rows]
    else:
        assert path.read_bytes() == csv_text(table).encode("utf-8")
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf"), (
            "R takes a mark of the encoding for a part of the first name"
        )
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_another_suffix_than_that_of_the_file_can_be_asked_for(tmp_path: Path) -> None:
    table = wide_table(ANALYSIS, [case("a")])
    write_table(table, tmp_path / "a.bin", "t", suffix=".xlsx")
    assert zipfile.is_zipfile(tmp_path / "a.bin")
    write_table(table, tmp_path / "a.xlsx", "t", suffix=".csv")
    assert (tmp_path / "a.xlsx").read_text("utf-8").startswith("case,SN (mm)")


def test_a_table_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").mkdir()
    (tmp_path / "file").write_text("kept")
    for path in (tmp_path / "t.xlsx", tmp_path / "file" / "t.csv"):
        with pytest.raises(AppError, match="cannot be written") as caught:
            write_table(wide_table(ANALYSIS, [case("a")]), path, "t")
        assert caught.value.hint
    assert (tmp_path / "file").read_text() == "kept"
    assert {entry.name for entry in tmp_path.iterdir()} == {"t.xlsx", "file"}


def test_text_for_a_clipboard_is_parted_by_tabs_and_made_harmless():
    table = MeasurementTable(("name", "value"), (("=1+1", 2.5), ("a\tb", None)))
    assert tab_text(table) == 'name\tvalue\n\'=1+1\t2.5\n"a\tb"\t\n'
