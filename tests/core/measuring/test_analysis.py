"""Analyses as files: what bundled ones hold, what a person's own may say, and what wrong ones get."""

from pathlib import Path

import pytest

from core.measuring.analysis import Analysis
from core.measuring.file import (
    AnalysisError,
    analysis_text,
    bundled_analyses,
    parse_analysis,
    read_analysis,
    write_analysis,
)

OWN = """
name = "own"
title = "My own"
ndim = 2
landmarks = { S = "Sella", N = ["Nasion", "N"] }
anterior = [["S", "N"]]
superior = [["S", "N"]]

[[measurements]]
key = "SN"
how = { distance = ["S", "N"] }
"""


def more(text: str) -> str:
    return f"{OWN}\n[[measurements]]\n{text}"


def test_bundled_analyses_are_sound_and_say_where_they_come_from() -> None:
    analyses = bundled_analyses()
    assert "isbi-2015" in [one.name for one in analyses]
    for analysis in analyses:
        assert analysis.source, analysis.name
        for one in analysis.measurements:
            assert one.hidden or one.definition, f"{analysis.name}: {one.key}"
            assert all(norm.source or one.source or analysis.source for norm in one.norms)


def test_what_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    for analysis in (*bundled_analyses(), parse_analysis(OWN, "own.toml")):
        path = tmp_path / f"{analysis.name}.toml"
        write_analysis(path, analysis)
        assert read_analysis(path) == analysis
        assert analysis_text(read_analysis(path)) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not a readable TOML file"),
        (OWN.replace("own", "own\\n", 1), "name"),
        (OWN.replace('"S", "N"] }', '"S", "Na"] }'), "SN needs a landmark Na, which is not among S, N"),
        (OWN.replace("distance", "distanse"), "SN is wrong: a quantity has exactly one of distance"),
        (OWN.replace("title", "titel"), "there is no key titel"),
        (more('key = "SN"\nhow = { distance = ["S", "N"] }'), "two measurements are called SN"),
        (more('key = "b"\nhow = { sum = ["c", 1] }'), "b builds on c, which is not there"),
        (
            more('key = "b"\nhow = { sum = ["c", 1] }\n[[measurements]]\nkey = "c"\nhow = { sum = ["b", 1] }'),
            "build on each other in a circle: ",
        ),
        (more('key = "b"\nhow = { sum = ["b", 1] }'), "circle: b → b"),
        (more('key = "b"\nhow = { sum = ["SN", { ratio = ["SN", 2] }, { angle = ["S", "N", "X"] }] }'), "landmark X"),
        (more('key = "b"\nhow = { sum = ["SN", { percent = ["SN", "SN", 3] }] }'), "percent takes a list of two"),
        (
            more('key = "b"\nhow = { difference = ["SN", { angle_between = [["S", "N"], ["N", "S"]] }] }'),
            "mm and ° cannot",
        ),
        (more('key = "b"\nhow = { ratio = ["SN", 0] }'), "divided by zero"),
        (
            more('key = "b"\nhow = { distance = ["S", "S"] }'),
            "b is wrong: distance takes two different ones, not twice S",
        ),
        (more('key = "b"\nhow = { ratio = ["SN", 2] }\nnorms = [{ sd = 3 }]'), "a norm has a mean"),
        (more('key = "b"\nhow = { ratio = ["SN", 2] }\nnorms = [{ mean = nan }]'), "finite"),
        (more('key = "b"\nhow = { ratio = ["SN", 2] }\nnorms = [{ low = 5, high = 3 }]'), "is above high"),
        (
            OWN.replace('superior = [["S", "N"]]', "").replace('"N"] }', '"N"], positive = "anterior" }'),
            "has a sign, so the analysis must say what is anterior and superior",
        ),
        ("schema_version = 9", "is of version 9"),
    ],
)
def test_wrong_analysis_is_refused_with_a_sentence_that_says_where(text: str, said: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        parse_analysis(text, "own.toml")
    assert said in str(caught.value)
    assert "own.toml" in caught.value.message
    assert "\n" not in caught.value.message


def test_analysis_that_is_not_there_or_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="isbi-2015"):
        read_analysis("stainer")
    binary = tmp_path / "x.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnalysisError, match="UTF-8"):
        read_analysis(binary)
    binary.write_bytes(b"#" * (2 << 20))
    with pytest.raises(AnalysisError, match="larger"):
        read_analysis(binary)


def test_order_puts_each_measurement_after_those_that_it_builds_on() -> None:
    analysis = read_analysis("isbi-2015")
    assert analysis.order.index("ANB") > max(analysis.order.index(key) for key in ("SNA", "SNB"))
    assert analysis.symbols_of("ANB") == ("N", "S", "A", "B")
    assert isinstance(analysis, Analysis)
