import numpy as np
import pytest

from app.session.editor import Editor
from app.session.view_state import Mode, Sort
from core.values.landmarks import Author, Status
from tests.support.viewer_fixtures import px


@pytest.fixture
def editor(opened) -> Editor:
    return opened.editor


def status(controller, name):
    landmarks = controller.document.landmarks
    return landmarks.status[landmarks.index(name)]


def drag(editor, name, start_px, *way_px):
    editor.begin_drag(name, start_px)
    for point_px in way_px:
        editor.drag_to(point_px)
    editor.end_drag()


def test_a_drag_is_one_step_and_undo_restores_the_very_value(opened, editor):
    before = opened.document.landmarks
    drag(editor, "Sella", (10, 20), (12, 20), (15, 24), (18, 30))
    assert np.allclose(px(opened, "Sella"), [18, 30])
    assert status(opened, "Sella") is Status.CORRECTED
    assert opened.undo_stack.undoText() == "Move Sella"
    editor.undo()
    assert opened.document.landmarks == before
    editor.redo()
    assert np.allclose(px(opened, "Sella"), [18, 30])


def test_a_landmark_held_off_its_centre_does_not_jump(opened, editor):
    editor.begin_drag("Sella", (12.5, 19))
    editor.drag_to((12.5, 19))
    assert np.allclose(px(opened, "Sella"), [10, 20])
    editor.drag_to((13.5, 19))
    assert np.allclose(px(opened, "Sella"), [11, 20])
    editor.end_drag()


def test_esc_puts_a_dragged_landmark_back_and_leaves_no_step(opened, editor):
    before, steps = opened.document.landmarks, opened.undo_stack.count()
    editor.begin_drag("Sella", (10, 20))
    editor.drag_to((30, 30))
    opened.leave_mode()
    assert opened.document.landmarks == before
    assert opened.undo_stack.count() == steps
    editor.drag_to((40, 40))
    assert opened.document.landmarks == before


def test_drags_and_nudges_of_one_landmark_merge_and_those_of_another_do_not(opened, editor):
    steps = opened.undo_stack.count()
    drag(editor, "Sella", (10, 20), (15, 24))
    editor.nudge(1, 0)
    editor.nudge(0, -0.1)
    assert opened.undo_stack.count() == steps + 1
    assert np.allclose(px(opened, "Sella"), [16, 23.9])
    editor.select("Nasion")
    editor.nudge(1, 0)
    editor.select("Sella")
    editor.nudge(1, 0)
    assert opened.undo_stack.count() == steps + 3
    for _ in range(3):
        editor.undo()
    assert np.allclose(px(opened, "Sella"), [10, 20])
    assert status(opened, "Sella") is Status.PREDICTED


def test_merging_stops_at_the_saved_state(opened, editor):
    editor.select("Sella")
    editor.nudge(1, 0)
    opened.undo_stack.setClean()
    editor.nudge(1, 0)
    editor.undo()
    assert np.allclose(px(opened, "Sella"), [11, 20])


def test_landmarks_stay_inside_the_image(opened, editor):
    drag(editor, "Sella", (10, 20), (-300, 4000))
    assert np.allclose(px(opened, "Sella"), [-0.5, 79.5])
    editor.nudge(-1, 1)
    assert np.allclose(px(opened, "Sella"), [-0.5, 79.5])


def test_undo_in_the_middle_of_a_drag_takes_the_drag_back(opened, editor):
    before = opened.document.landmarks
    editor.begin_drag("Sella", (10, 20))
    editor.drag_to((30, 30))
    editor.undo()
    assert opened.document.landmarks == before


def test_confirming_goes_through_the_list_and_round_to_what_wants_an_eye(opened, editor):
    editor.select("Gonion")
    opened.checking.confirm()
    assert status(opened, "Gonion") is Status.CONFIRMED
    assert opened.view_state.selected == "Nasion"
    assert np.allclose(px(opened, "Gonion"), [40, 35])


def test_what_has_no_position_is_passed_over_not_confirmed(opened, editor):
    editor.select("Nasion")
    editor.mark_absent()
    assert status(opened, "Nasion") is Status.ABSENT
    opened.checking.confirm()
    assert status(opened, "Nasion") is Status.ABSENT
    assert opened.view_state.selected == "Menton"


def test_place_mode_walks_through_what_is_missing_and_ends(opened, editor):
    for name in ("Sella", "Menton"):
        editor.select(name)
        editor.clear()
        assert status(opened, name) is Status.UNPLACED
    editor.select("Nasion")
    opened.placing.toggle()
    assert (opened.view_state.mode, opened.placing.next_name) == (Mode.PLACE, "Sella")
    opened.placing.place((500, 500))
    assert opened.placing.next_name == "Sella"
    opened.placing.place((3, 4))
    assert opened.placing.next_name == "Menton"
    assert opened.view_state.mode is Mode.PLACE
    opened.placing.place((5, 6))
    assert opened.view_state.mode is Mode.NAVIGATE
    assert np.allclose(px(opened, "Sella"), [3, 4])
    assert status(opened, "Menton") is Status.PLACED
    row = opened.document.landmarks.index("Sella")
    assert np.isnan(opened.document.landmarks.presence[row])


def test_place_mode_skips_what_a_person_marked_absent_unless_it_is_selected(opened, editor):
    editor.select("Sella")
    editor.mark_absent()
    assert opened.placing.missing_names == ()
    assert opened.placing.next_name == "Sella"
    editor.select("Nasion")
    assert opened.placing.next_name is None


def test_with_nothing_missing_a_click_adds_a_point_that_can_be_renamed_and_removed(opened, editor):
    opened.placing.toggle()
    opened.placing.place((3, 4))
    assert opened.view_state.selected == "Point 1"
    assert opened.view_state.mode is Mode.PLACE
    editor.rename("Nasion")
    assert opened.view_state.selected == "Point 1"
    editor.rename("  Tip ")
    assert opened.document.landmarks.names[-1] == "Tip"
    editor.clear()
    assert "Tip" not in opened.document.landmarks.names
    editor.select("Sella")
    editor.rename("Other")
    assert "Sella" in opened.document.landmarks.names


def test_reverting_brings_back_the_model_s_answer_for_one_landmark_only(opened, editor):
    original = opened.document.landmarks
    for name in ("Sella", "Nasion"):
        editor.select(name)
        editor.nudge(5, 5)
    editor.revert()
    assert status(opened, "Nasion") is Status.PREDICTED
    assert opened.document.landmarks.subset(["Nasion"]) == original.subset(["Nasion"])
    assert status(opened, "Sella") is Status.CORRECTED


def test_next_and_previous_follow_the_sorted_list(opened, editor):
    editor.sort_by(Sort.CERTAINTY)
    assert editor.names == ("Gonion", "Menton", "Nasion", "Sella")
    editor.select_next()
    assert opened.view_state.selected == "Gonion"
    editor.select_next(-1)
    assert opened.view_state.selected == "Sella"
    editor.sort_by(Sort.CERTAINTY)
    assert editor.names == ("Sella", "Nasion", "Menton", "Gonion")
    editor.sort_by(Sort.CERTAINTY)
    assert opened.view_state.sort is Sort.MODEL


def test_nothing_happens_without_an_image(controller):
    editor = controller.editor
    editor.nudge(1, 1)
    controller.placing.place((1, 1))
    controller.checking.confirm()
    editor.clear()
    editor.mark_absent()
    editor.revert()
    editor.begin_drag("Sella", (0, 0))
    editor.drag_to((1, 1))
    editor.end_drag()
    editor.undo()
    assert controller.document.landmarks is None
    assert controller.undo_stack.count() == 0


def test_confirming_what_was_moved_keeps_that_a_person_moved_it(opened, editor):
    editor.select("Sella")
    editor.nudge(1, 0)
    editor.select("Sella")
    opened.checking.confirm()
    editor.select("Nasion")
    opened.checking.confirm()
    landmarks = opened.document.landmarks
    assert landmarks.status[:2] == (Status.CONFIRMED, Status.CONFIRMED)
    assert landmarks.author[:2] == (Author.PERSON, Author.MODEL)


def test_confirming_walks_down_the_doubtful_ones_though_the_confirmed_one_leaves_its_place(opened, editor):
    editor.sort_by(Sort.CERTAINTY)
    doubtful = editor.names
    editor.select(doubtful[0])
    for name in doubtful[1:]:
        opened.checking.confirm()
        assert opened.view_state.selected == name
    opened.checking.confirm()
    assert opened.view_state.selected == doubtful[-1]  # it does not start over


def test_a_corrected_landmark_leaves_the_top_of_the_doubtful_ones(opened, editor):
    editor.sort_by(Sort.CERTAINTY)
    worst = editor.names[0]
    editor.select(worst)
    editor.nudge(1, 0)
    assert editor.names[-1] == worst


def test_a_model_s_absent_stays_the_model_s_after_a_second_model_and_undo(opened, editor, localize, qtbot):
    localize.absent = ("Sella",)
    opened.start_localization()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    localize.absent = ()
    opened.start_localization()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    editor.undo()
    assert opened.document.landmarks.status[0] is Status.ABSENT
    assert not opened.document.is_decided("Sella")
    assert not opened.document.modified


def test_a_person_s_absent_stays_whatever_models_say(opened, editor, localize, qtbot):
    localize.absent = ("Sella",)
    opened.start_localization()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    editor.select("Sella")
    editor.mark_absent()
    assert opened.document.modified
    localize.absent = ()
    opened.start_localization()
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    assert opened.document.landmarks.status[0] is Status.ABSENT
