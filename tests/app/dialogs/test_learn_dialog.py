"""What a person is told and asked before anything is learnt."""

from pathlib import Path

import pytest

from app.desk.learning_files import LearnWish, Start
from app.dialogs.learn_dialog import LearnDialog, cases_sentence, expected_sentence, start_words
from app.session.learning_offer import LearnOffer, left_out_notes
from core.learning.course_events import LeftOut

IN_USE = Start(Path("/m/wings 2.pt"), "wings 2.0", "a" * 64, in_use=True)
BUNDLED = Start(Path("/b.pt"), "cephalometric-19 1.1", "b" * 64, bundled=True)
OFFER = LearnOffer(39, 12, 31, 8, starts=(IN_USE, BUNDLED), cannot=("old 1: It cannot go on learning.",))


@pytest.fixture
def dialog(qtbot):
    made = LearnDialog(OFFER)
    qtbot.addWidget(made)
    return made


def test_it_says_what_to_expect_and_proposes_to_go_on_from_the_model_in_use(dialog):
    assert dialog.cases.text() == "39 cases are done; 12 are not, and not learnt from."
    assert dialog.expected.text().startswith("About 30 minutes; 31 cases to learn from, 8 to check with.")
    assert [dialog.start.itemText(row) for row in range(3)] == [
        "wings 2.0 (in use)", "cephalometric-19 1.1 (comes with Cairn)", "Nothing: from scratch",
    ]  # fmt: skip
    assert dialog.wish == LearnWish(30.0, IN_USE)
    assert "old 1" in dialog.cannot.text()
    assert dialog.accepting.isEnabled()


def test_time_is_chosen_by_key_or_typed(dialog):
    dialog.times.button(480).click()
    assert dialog.minutes == 480
    assert dialog.expected.text().startswith("About 8 hours;")
    dialog.other.setValue(3)
    assert dialog.wish.minutes == 3
    assert dialog.expected.text().startswith("About 3 minutes;")


def test_from_scratch_is_a_choice(dialog):
    dialog.start.setCurrentIndex(2)
    assert dialog.wish.start is None


def test_who_has_marked_too_little_is_told_and_cannot_begin(qtbot):
    problem = "There are 2 marked cases; to learn, at least 5 are needed. Mark 3 more; better are 20."
    dialog = LearnDialog(LearnOffer(2, 10, problem=problem))
    qtbot.addWidget(dialog)
    assert dialog.hint.text() == problem
    assert not dialog.accepting.isEnabled()
    assert dialog.expected.text() == ""


def test_mnemonics_lead_to_one_thing_each(dialog):
    texts = [button.text() for button in (*dialog.times.buttons(), *dialog.buttons.buttons())]
    keys = [text[text.index("&") + 1].lower() for text in (*texts, "&Go on from") if "&" in text]
    assert len(set(keys)) == len(keys)


def test_words():
    assert cases_sentence(LearnOffer(1, 0)) == "1 case is done."
    assert cases_sentence(LearnOffer(5, 1)) == "5 cases are done; 1 is not, and not learnt from."
    assert expected_sentence(LearnOffer(6, 0, 1, 5), 120).startswith("About 2 hours; 1 case to learn from, 5")
    assert expected_sentence(LearnOffer(6, 0, 5, 1), 1).startswith("About 1 minute;")
    assert start_words(Start(Path("/m"), "m 1", "")) == "m 1"
    assert LearnOffer(20, 0, 16, 4).advice == ""
    assert left_out_notes(()) == ()
    two = (LeftOut(case="a", why="Only a model has read it, no person."), LeftOut(case="b", why="x"))
    assert left_out_notes(two) == ("a is left out: Only a model has read it, no person. So it is with 1 more.",)
