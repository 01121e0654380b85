"""A scheme in the making: each edit gives a new draft, and what is wrong is said in sentences."""

import pytest

from core.base.errors import ConfigError
from core.schemes import draft as edits
from core.schemes.draft import Draft, finished, problems
from core.schemes.file import read_scheme


def named(*names: str) -> Draft:
    return edits.with_rows(Draft("Wing", 2), names)


def partners(draft: Draft) -> dict[str, str | None]:
    names = {row.key: row.name for row in draft.rows}
    return {row.name: None if row.partner is None else names[row.partner] for row in draft.rows}


@pytest.mark.parametrize("name", ["cephalometric-19", "mouse-skull-45", "olfactory-2"])
def test_a_scheme_that_nobody_touches_comes_back_as_it_was(name: str) -> None:
    scheme = read_scheme(name)
    assert finished(Draft.of(scheme)) == scheme


def test_rows_are_added_moved_and_removed_in_order() -> None:
    draft = named("a", "b", "c", "d")
    assert edits.with_rows(draft, [" x ", "y"], 1).names == ("a", "x", "y", "b", "c", "d")
    assert edits.moved(draft, {0, 2}, 4).names == ("b", "d", "a", "c")
    assert edits.moved(draft, {3}, 0).names == ("d", "a", "b", "c")
    assert edits.moved(draft, {1}, 2).names == draft.names
    assert edits.without_rows(draft, {0, 3}).names == ("b", "c")
    assert draft.names == ("a", "b", "c", "d")
    assert len({row.key for row in edits.with_rows(edits.without_rows(draft, {0}), ["e"]).rows}) == 4


def test_a_landmark_keeps_its_partner_whatever_it_is_called_and_wherever_it_stands() -> None:
    draft = edits.paired(named("left", "middle", "right"), 0, 2)
    draft = edits.paired(draft, 1, 1)
    draft = edits.moved(edits.renamed(draft, 0, "one"), {0}, 3)
    assert partners(draft) == {"middle": "middle", "right": "one", "one": "right"}
    assert finished(draft).mirrored == (0, 2, 1)
    assert partners(edits.without_rows(draft, {1})) == {"middle": "middle", "one": None}


def test_a_new_partner_sets_the_former_ones_free() -> None:
    draft = edits.paired(edits.paired(named("a", "b", "c", "d"), 0, 1), 2, 3)
    assert partners(edits.paired(draft, 1, 2)) == {"a": None, "b": "c", "c": "b", "d": None}
    assert partners(edits.paired(draft, 0, 0)) == {"a": "a", "b": None, "c": "d", "d": "c"}
    assert partners(edits.paired(draft, 0, None)) == {"a": None, "b": None, "c": "d", "d": "c"}


def test_names_that_differ_in_left_and_right_are_paired() -> None:
    draft = named("Left eye", "nose", "Right eye", "orbit_L", "orbit_R", "Bright spot", "Ear (left)", "Ear (right)")
    assert partners(edits.paired_by_name(draft)) == {
        "Left eye": "Right eye", "Right eye": "Left eye", "nose": None, "orbit_L": "orbit_R", "orbit_R": "orbit_L",
        "Bright spot": None, "Ear (left)": "Ear (right)", "Ear (right)": "Ear (left)",
    }  # fmt: skip


def test_another_name_drops_what_people_said_instead_and_is_remembered() -> None:
    draft = Draft.of(read_scheme("cephalometric-19"))
    row = draft.names.index("Lower incisal incision")
    draft = edits.abbreviated(edits.renamed(draft, row, " Incisor "), row, "I")
    assert (draft.rows[row].display_name, draft.rows[row].display_abbreviation) == ("", "")
    assert draft.renamed == {"Lower incisal incision": "Incisor"}
    assert finished(draft).landmark("Incisor").title == "Incisor (I)"


def test_what_is_copied_from_a_list_or_spreadsheet_becomes_rows() -> None:
    draft = edits.pasted(named("a", "z"), "Tip\tT\tEnd of the wing\r\n\r\nNotch\n", 1)
    assert draft.names == ("a", "Tip", "Notch", "z")
    assert (draft.rows[1].abbreviation, draft.rows[1].definition) == ("T", "End of the wing")
    assert edits.pasted(Draft(), "Sella, Nasion; Gonion").names == ("Sella", "Nasion", "Gonion")
    assert edits.pasted(Draft(), "Foramen, left\nForamen, right").names == ("Foramen, left", "Foramen, right")


def test_problems_are_told_where_they_are() -> None:
    draft = edits.abbreviated(edits.abbreviated(named("a", "", "a", "b", "c"), 3, "x"), 4, "x")
    assert [(problem.row, problem.field) for problem in problems(draft)] == [
        (0, "name"), (1, "name"), (2, "name"), (3, "abbreviation"), (4, "abbreviation"),
    ]  # fmt: skip
    sentences = [problem.sentence for problem in problems(draft)]
    assert sentences[0] == "There are 2 landmarks called “a”."
    assert sentences[1] == "Landmark 2 has no name."
    assert sentences[3] == "“b” and “c” are both abbreviated as “x”."
    with pytest.raises(ConfigError, match="2 landmarks called “a”"):
        finished(draft)
    assert problems(Draft())[0].sentence == "A scheme needs at least one landmark."
    assert problems(named("a\u2028b"))[0].field == "name"


def test_an_abbreviation_may_not_be_anothers_name() -> None:
    wrong = edits.abbreviated(named("Tip", "T"), 0, "T")
    assert {problem.row for problem in problems(wrong)} == {0, 1}


def test_a_finished_draft_has_a_key_of_its_own_and_says_what_it_means() -> None:
    draft = edits.described(named("Tip"), 0, definition=" End of the wing ", colour="#ff0000")
    scheme = finished(draft)
    assert (scheme.name, scheme.title, scheme.ndim) == ("wing", "Wing", 2)
    assert (scheme.landmarks[0].definition, scheme.landmarks[0].colour) == ("End of the wing", "#ff0000")
    assert scheme.landmarks[0].abbreviation == "Tip"
    with pytest.raises(ConfigError, match="colour"):
        finished(edits.described(draft, 0, colour="red"))
