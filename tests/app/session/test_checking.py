"""Checking what the stand-in found: it is sure of Sella (presence 90 %), and not of the three others."""

import pytest

from app.session.checking import NextCase
from app.session.view_state import Sort
from core.values.landmarks import Author, Status
from tests.support.viewer_fixtures import NAMES


@pytest.fixture
def checking(opened):
    return opened.checking


def news(controller):
    return [message.text for message in controller.view_state.messages if not message.is_warning]


def status(controller, name):
    landmarks = controller.document.landmarks
    return landmarks.status[landmarks.index(name)]


def press_space(controller, times):
    walked = []
    for _ in range(times):
        controller.checking.confirm()
        walked.append(controller.view_state.selected)
    return walked


def test_the_first_call_goes_to_what_wants_an_eye_and_confirms_nothing(opened, checking):
    before = opened.document.landmarks
    opened.editor.sort_by(Sort.CERTAINTY)
    checking.confirm()
    assert opened.view_state.selected == "Gonion"
    assert opened.document.landmarks == before
    assert checking.progress.words == "0 of 4 checked"


def test_the_way_leads_through_what_wants_an_eye_then_says_so_then_through_the_rest(opened, checking):
    assert press_space(opened, 3) == ["Nasion", "Menton", "Gonion"]
    assert news(opened) == []
    assert press_space(opened, 1) == ["Sella"]
    (said,) = news(opened)
    assert said.startswith("3 of 4 checked. The model is sure of the other 1: Shift+Space")
    assert status(opened, "Sella") is Status.PREDICTED
    press_space(opened, 1)
    assert news(opened) == ["4 of 4 checked."]
    assert checking.progress.done


def test_it_never_starts_over_by_itself(opened, checking):
    checking.confirm_all()
    opened.editor.select("Gonion")
    landmarks = opened.document.landmarks
    assert press_space(opened, 2) == ["Gonion", "Gonion"]
    assert opened.document.landmarks == landmarks


def test_after_the_last_one_the_next_case_is_offered_and_the_next_call_goes_there(opened, checking):
    gone = []
    checking.next_case = NextCase(lambda: True, lambda: gone.append("next"), "&Next case")
    checking.confirm_all()
    assert gone == []
    assert news(opened) == ["4 of 4 checked. Space goes on."]
    assert [action.text for action in opened.view_state.messages[-1].actions] == ["&Next case"]
    checking.confirm()
    assert gone == ["next"]


def test_where_there_is_no_next_case_none_is_offered(opened, checking):
    checking.next_case = NextCase(lambda: False, lambda: pytest.fail("there is none"))
    checking.confirm_all()
    checking.confirm()
    assert news(opened) == ["4 of 4 checked."]
    assert opened.view_state.messages[-1].actions == ()


def test_all_are_confirmed_in_one_step_that_is_taken_back_at_once(opened, checking):
    before, steps = opened.document.landmarks, opened.undo_stack.count()
    opened.editor.select("Menton")
    checking.confirm_all()
    assert opened.document.landmarks.status == (Status.CONFIRMED,) * 4
    assert opened.document.landmarks.author == (Author.MODEL,) * 4
    assert opened.undo_stack.count() == steps + 1
    checking.go_back()
    assert opened.document.landmarks == before
    assert opened.view_state.selected == "Menton"


def test_confirming_all_keeps_what_a_person_moved_and_names_what_has_no_position(opened, checking):
    for name, act in (("Sella", lambda: opened.editor.nudge(1, 0)), ("Menton", opened.editor.clear)):
        opened.editor.select(name)
        act()
    checking.confirm_all()
    assert status(opened, "Menton") is Status.UNPLACED
    assert opened.document.landmarks.author[0] is Author.PERSON
    assert news(opened) == ["3 of 4 checked. Without a position: Me (P places, X says not present)."]


def test_what_the_model_called_absent_becomes_a_person_s_finding_when_it_is_confirmed(
    opened, localize, qtbot, checking
):
    localize.absent = ("Menton",)
    opened.start_localization()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    assert "Menton" in opened.document.names_in_doubt
    opened.editor.select("Menton")
    checking.confirm()
    assert status(opened, "Menton") is Status.ABSENT
    assert opened.document.is_decided("Menton")


def test_what_nobody_placed_is_passed_over_named_at_the_end_and_asked_for_again(opened, checking):
    opened.editor.select("Nasion")
    opened.editor.clear()
    assert press_space(opened, 4) == ["Menton", "Gonion", "Sella", "Sella"]
    said = news(opened)[-1]
    assert said.startswith("3 of 4 checked. Without a position: N ")
    assert press_space(opened, 1) == ["Nasion"]
    assert status(opened, "Nasion") is Status.UNPLACED


def test_going_back_takes_the_confirmation_back_and_no_other_edit(opened, checking):
    before = opened.document.landmarks
    opened.editor.select("Nasion")
    checking.confirm()
    opened.editor.nudge(1, 0)  # Menton
    checking.go_back()
    assert opened.view_state.selected == "Nasion"
    assert (status(opened, "Nasion"), status(opened, "Menton")) == (Status.CONFIRMED, Status.CORRECTED)
    opened.editor.undo()
    opened.editor.undo()
    assert opened.document.landmarks == before
    press_space(opened, 2)
    for expected in ("Menton", "Nasion"):
        checking.go_back()
        assert opened.view_state.selected == expected
    assert opened.document.landmarks == before
    assert not checking.can_go_back


def test_what_was_corrected_counts_as_checked(opened, checking):
    opened.editor.select("Gonion")
    opened.editor.nudge(1, 0)
    progress = checking.progress
    assert (progress.checked, progress.total, progress.in_doubt) == (1, len(NAMES), 2)


def test_another_image_begins_another_way(opened, checking, scan, qtbot):
    press_space(opened, 2)
    opened.editor.undo()
    revision = opened.document.revision
    opened.open_paths([scan])
    qtbot.waitUntil(lambda: opened.document.revision > revision and not opened.jobs.busy)
    assert not checking.can_go_back


def test_nothing_happens_without_an_image(controller):
    controller.checking.confirm()
    controller.checking.confirm_all()
    controller.checking.go_back()
    assert controller.checking.progress.words == ""
    assert news(controller) == []
