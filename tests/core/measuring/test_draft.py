"""An analysis while it is written: what changes in its text, what stays, and what cannot be edited."""

import difflib
import tomllib

import pytest

from core.base.assets import assets_folder
from core.measuring.analysis import LARGEST_ANALYSIS
from core.measuring.draft import Draft, DraftError, draft_of, new_draft
from core.measuring.file import parse_analysis

COMMENTED = """# of our clinic
name = "own"  # short
title = "My own"
ndim = 2
since = 2026

[landmarks]
S = ["Sella", "S"]  # centre of the sella turcica
N = "Nasion"
A = "Subspinale"

# the angles
[[measurements]]
key = "SNA"
how = { angle = ["S", "N", "A"] }  # as Steiner
norms = [
    { mean = 82, sd = 2 },
]

[[measurements]]
key = "half"
how = { ratio = ["SNA", 2] }
weight = "heavy"

[[measurements]]
key = "rest"
how = { difference = [{ sum = ["half", "SNA"] }, { angle = ["S", "SNA", "A"] }] }
"""


@pytest.fixture
def draft():
    return draft_of(COMMENTED, "own.toml")


def changed_lines(before, after):
    lines = difflib.unified_diff(before.text.splitlines(), after.text.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_one_word_changes_one_line(draft):
    assert changed_lines(draft, draft.with_head(title="Ours")) == ['-title = "My own"', '+title = "Ours"']
    assert draft.with_head(title="Ours").raw["title"] == "Ours"
    assert draft.with_head(title="My own") is draft
    assert changed_lines(draft, draft.with_measurement(1, {"weight": None})) == ['-weight = "heavy"']


def test_what_nobody_here_knows_stays(draft):
    after = draft.with_measurement(0, {"how": {"angle": ["A", "N", "S"]}, "decimals": 2}).with_head(source="Us")
    assert after.raw["since"] == 2026
    assert after.measurements[1]["weight"] == "heavy"
    assert "# centre of the sella turcica" in after.text
    assert "# of our clinic" in after.text


def test_a_measurement_that_is_called_otherwise_is_so_in_those_that_build_on_it(draft):
    after = draft.with_measurement(0, {"key": "Steiner's"})
    assert after.measurements[1]["how"] == {"ratio": ["Steiner's", 2]}
    # a landmark of the same name is none
    assert after.measurements[2]["how"] == {
        "difference": [{"sum": ["half", "Steiner's"]}, {"angle": ["S", "SNA", "A"]}]
    }
    for unsure in ("", "rest"):  # what builds on it goes on meaning this one
        assert draft.with_measurement(0, {"key": unsure}).measurements[1]["how"] == {"ratio": ["SNA", 2]}
    twice = draft.with_measurement(1, {"key": "SNA"})
    assert twice.with_measurement(1, {"key": "half"}).measurements[2]["how"] == twice.measurements[2]["how"]


def test_measurements_come_go_and_move(draft):
    after = draft.with_new(1, {"key": "new", "how": {"distance": ["S", "N"]}})
    assert [one["key"] for one in after.measurements] == ["SNA", "new", "half", "rest"]
    assert [one["key"] for one in after.moved(1, 3).measurements] == ["SNA", "half", "rest", "new"]
    assert [one["key"] for one in after.moved(3, 0).measurements] == ["rest", "SNA", "new", "half"]
    assert after.without(1).raw == draft.raw
    assert "# as Steiner" in after.moved(0, 2).text
    none = draft.without(0).without(0).without(0)
    assert none.measurements == []
    assert none.with_new(0, {"key": "again"}).measurements == [{"key": "again"}]
    assert "\n\n[[measurements]]" in after.text.split("weight")[0].split('key = "new"')[0]


def test_a_new_one_is_an_analysis_as_soon_as_it_measures_something():
    draft = new_draft(3, "skull", "A skull").with_landmark("A", ["Apex"]).with_landmark("B", ["Base", "B"])
    draft = draft.with_new(0, {"key": "AB", "how": {"distance": ["A", "B"]}})
    draft = draft.with_measurement(0, {"norms": [{"mean": 2.5, "sd": 0.5}], "definition": "One line,\nand another."})
    analysis = parse_analysis(draft.text, "skull")
    assert analysis.ndim == draft.ndim == 3
    assert analysis.landmarks == {"A": ("Apex",), "B": ("Base", "B")}
    assert analysis.measurements[0].definition == "One line,\nand another."
    assert draft.with_landmark("A", ["Top"]).landmarks["A"] == ("Top",)


@pytest.mark.parametrize("path", sorted((assets_folder() / "analyses").glob("*.toml")), ids=lambda path: path.stem)
def test_bundled_ones_can_be_copied_and_changed_everywhere(path):
    draft = draft_of(path.read_text(encoding="utf-8"), path.name)
    for place in range(len(draft.measurements)):
        after = draft.with_measurement(place, {"title": "Another title"})
        assert len(changed_lines(draft, after)) <= 2
        parse_analysis(after.text, "copy")
    assert parse_analysis(draft.moved(0, len(draft.measurements) - 1).text, "copy")


def test_a_text_that_is_written_strangely_keeps_what_it_says():
    text = 'name = "own"\ntitle = "T"\nndim = 2\nmeasurements = [{key = "a"}, {key = "b"}]\nlandmarks = {S = "Sella"}\n'
    draft = draft_of(text, "own")
    after = draft.with_new(1, {"key": "c", "how": {"distance": ["S", "N"]}}).with_landmark("N", ["Nasion"]).moved(0, 2)
    assert [one["key"] for one in after.measurements] == ["c", "b", "a"]
    assert after.landmarks == {"S": ("Sella",), "N": ("Nasion",)}
    dotted = draft_of('name = "x"\nlandmarks.S = "Sella"\n', "x").with_landmark("N", ["Nasion"])
    assert dotted.landmarks == {"S": ("Sella",), "N": ("Nasion",)}


@pytest.mark.parametrize("said", ["tab\t and \x1f", "quotes \" and '", "back\\slash", 'three """ of\nthem', "ends\n"])
def test_any_text_is_written_so_that_it_is_read_back(draft, said):
    after = draft.with_measurement(0, {"definition": said})
    assert tomllib.loads(after.text)["measurements"][0]["definition"] == said


@pytest.mark.parametrize("symbol", ["a.b", "soft tissue", 'q"x', "Pog'", "1", "ß"])
def test_any_symbol_is_written_so_that_it_is_read_back(draft, symbol):
    after = draft.with_landmark(symbol, ["Some landmark"])
    assert after.landmarks[symbol] == ("Some landmark",)
    assert "# centre of the sella turcica" in after.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not a readable TOML file"),
        ("schema_version = 2", "is of version 2"),
        ("measurements = 3", "so unlike one"),
        ("measurements = [1, 2]", "so unlike one"),
        ("landmarks = 3", "so unlike one"),
    ],
)
def test_what_cannot_be_edited_is_refused(text, message):
    with pytest.raises(DraftError, match=message):
        draft_of(text, "own.toml")


def test_there_is_an_end_to_measurements():
    one = "\n[[measurements]]\nkey = 'a'\n"
    full = Draft('name = "x"\n' + one * LARGEST_ANALYSIS)
    with pytest.raises(DraftError, match="500 measurements at most"):
        full.with_new(0, {"key": "b"})
