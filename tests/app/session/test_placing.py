"""Placing through the stand-in's four landmarks, all of which have been cleared."""

import numpy as np
import pytest

from app.session.view_state import Mode, Sort
from core.values.landmarks import Status
from tests.support.viewer_fixtures import NAMES, px


@pytest.fixture
def placing(opened):
    for name in NAMES:
        opened.editor.select(name)
        opened.editor.clear()
    opened.editor.select(None)
    opened.placing.toggle()
    return opened.placing


def news(controller):
    return [message.text for message in controller.view_state.messages if not message.is_warning]


def status(controller, name):
    landmarks = controller.document.landmarks
    return landmarks.status[landmarks.index(name)]


def test_click_click_click_and_it_says_so(opened, placing):
    for count, name in enumerate(NAMES):
        assert placing.next_name == name
        placing.place((3 + count, 4))
    assert opened.view_state.mode is Mode.NAVIGATE
    assert news(opened) == ["4 of 4 placed."]
    assert np.allclose(px(opened, "Gonion"), [6, 4])


def test_skipping_leaves_it_unplaced_and_is_told_at_the_end(opened, placing):
    placing.skip()
    placing.place((3, 4))
    placing.mark_absent()
    placing.place((5, 6))
    states = dict(zip(NAMES, opened.document.landmarks.status, strict=True))
    assert states == {
        "Sella": Status.UNPLACED, "Nasion": Status.PLACED, "Menton": Status.ABSENT, "Gonion": Status.PLACED,
    }  # fmt: skip
    assert opened.view_state.mode is Mode.NAVIGATE
    assert news(opened) == ["2 of 4 placed, 1 not present, 1 skipped."]
    placing.toggle()
    assert placing.next_name == "Sella"


def test_one_can_go_back_over_clicks_skips_and_absences(opened, placing):
    before = opened.document.landmarks
    placing.place((3, 4))
    placing.skip()
    placing.mark_absent()
    for name in ("Menton", "Nasion", "Sella"):
        assert placing.can_go_back
        placing.go_back()
        assert placing.next_name == name
    assert not placing.can_go_back
    assert opened.document.landmarks == before
    placing.place((8, 9))
    assert np.allclose(px(opened, "Sella"), [8, 9])


def test_going_back_takes_no_other_edit_back(opened, placing):
    placing.place((3, 4))
    opened.editor.begin_drag("Sella", (3, 4))
    opened.editor.drag_to((13, 14))
    opened.editor.end_drag()
    placing.go_back()
    assert np.allclose(px(opened, "Sella"), [13, 14])


def test_it_begins_where_a_person_begins_and_comes_back_for_the_others(opened, placing):
    opened.view_state.selected = "Menton"
    asked = []
    for _ in NAMES:
        asked.append(placing.next_name)
        placing.place((3, 4))
    assert asked == ["Menton", "Gonion", "Sella", "Nasion"]


def test_it_follows_the_list_as_it_stood_though_what_was_placed_leaves_its_place(opened, placing):
    opened.editor.sort_by(Sort.STATUS)
    asked = []
    for _ in NAMES:
        asked.append(placing.next_name)
        placing.place((3, 4))
    assert asked == list(NAMES)


def test_a_click_beside_the_image_places_nothing(opened, placing):
    placing.place((500, 500))
    assert placing.next_name == "Sella"


def test_a_locked_absence_is_not_placed(opened, placing):
    placing.mark_absent()
    opened.view_state.selected = "Sella"
    opened.editor.toggle_lock()
    placing.place((3, 4))
    assert status(opened, "Sella") is Status.ABSENT
    assert news(opened) == ["Sella (S) is locked. L unlocks it."]


def test_nothing_happens_without_an_image(controller):
    controller.placing.place((1, 1))
    controller.placing.skip()
    controller.placing.mark_absent()
    controller.placing.go_back()
    assert controller.undo_stack.count() == 0
