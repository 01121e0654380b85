"""The table of formats: what derives from it, and that the documentation says the same."""

from pathlib import Path

import pytest

from core.base.errors import LandmarkFileError
from core.landmark_files import formats
from core.landmark_files.formats import FORMATS, format_to_read, format_to_write

TABLE = "label,l,p,s\na,1,2,3\n"


def test_the_documentation_has_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "landmark-files.md"
    expected = formats.markdown_table()
    assert expected in page.read_text(encoding="utf-8"), f"put this into {page.name}:\n{expected}"


def test_each_suffix_is_written_in_one_format_and_read_in_one_by_default() -> None:
    written = [form.suffixes[0] for form in FORMATS if form.write is not None]
    assert len(set(written)) == len(written)
    defaults = [suffix for form in FORMATS if form.recognises is None for suffix in form.suffixes]
    assert len(set(defaults)) == len(defaults)
    assert set(defaults) == set(formats.READABLE_SUFFIXES)


def test_what_can_be_written_can_be_read_and_work_is_kept_only_where_nothing_is_lost() -> None:
    assert set(formats.LOSSLESS_SUFFIXES) < set(formats.WRITABLE_SUFFIXES) < set(formats.READABLE_SUFFIXES)
    assert ".tps" not in formats.LOSSLESS_SUFFIXES
    assert set(formats.SUFFIX_OF_FILTER.values()) == set(formats.WRITABLE_SUFFIXES)
    assert formats.SUFFIX_OF_FILTER["3D Slicer markups (*.mrk.json)"] == ".mrk.json"


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.CSV", "name,x_mm,y_mm\n", "Cairn table"),
        ("a.tsv", TABLE.replace(",", "\t"), "3D Slicer table"),
        ("a.csv", TABLE, "3D Slicer table"),
        ("a.mrk.json", "{}", "3D Slicer markups"),
        ("a.json", "{}", "3D Slicer markups"),
        ("a.fcsv", "", "3D Slicer fiducials, old"),
        ("a.tps", "", "TPS of tpsDig"),
        ("a.txt", "", "Cephalometric challenge"),
    ],
)
def test_a_file_is_known_by_its_suffix_and_then_by_what_it_says(name: str, text: str, title: str) -> None:
    assert format_to_read(Path(name), text).title == title


def test_a_file_of_another_kind_is_refused_with_those_there_are() -> None:
    for refuse in (lambda path: format_to_read(path, ""), format_to_write, formats.require_suffix):
        with pytest.raises(LandmarkFileError, match=r"a\.xlsx") as caught:
            refuse(Path("a.xlsx"))
        assert ".mrk.json" in caught.value.hint


def test_only_lists_without_names_and_numbers_need_names() -> None:
    assert formats.needs_names(Path("001.txt"))
    assert not any(formats.needs_names(Path(name)) for name in ("a.csv", "a.tps", "a.mrk.json", "a.png"))
