"""Distances and angles drawn by clicks: what they give, how they change, and that the project keeps them as they are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from app.session.free_measuring import Handle
from app.session.view_state import Mode
from core.geometry.planes import Orientation
from core.images.file import write_image
from core.project.free_measurements import FreeKind
from core.project.merge import merge
from core.project.readings import Reader
from core.project.store import Project
from tests.support.desk_windows import ANNA
from tests.support.viewer_fixtures import make_image, make_prediction, messages

AXIAL = Orientation.AXIAL
BEN = Reader("Ben")


def show(controller, image):
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image)
    return controller.free_measuring


@pytest.fixture
def free(controller):
    """What measures in an image of 0.5 mm pixels, without a project."""
    return show(controller, make_image(spacing_mm=0.5, spacing_known=True))


def click(free, *places_px, name=None):
    for place in places_px:
        free.click(free.place_of(AXIAL, place, name))


def draw(controller, *places_px):
    """Draw a distance, or with three places an angle, as a person does, and stop drawing."""
    free = controller.free_measuring
    free.toggle(FreeKind.DISTANCE if len(places_px) == 2 else FreeKind.ANGLE)
    click(free, *places_px)
    controller.view_state.mode = Mode.NAVIGATE


def values(controller):
    return [row.value for row in controller.free_measuring.rows]


def kept(controller, case_id=1):
    return controller.desk.project.free_measurements.of_case(case_id)


# Drawing


def test_two_clicks_are_a_distance_and_three_an_angle(free, controller):
    draw(controller, (10, 10), (40, 50))
    draw(controller, (30, 10), (10, 10), (10, 30))
    assert values(controller) == ["25.0 mm", "90.0°"]
    assert [row.name for row in free.rows] == ["Distance", "Angle"]
    assert free.selected.kind is FreeKind.ANGLE
    assert controller.undo_stack.undoText() == "Measure angle"


def test_without_a_pixel_size_lengths_are_px_and_angles_are_there(controller):
    show(controller, make_image())
    draw(controller, (10, 10), (40, 50))
    draw(controller, (30, 10), (10, 10), (10, 30))
    assert values(controller) == ["50.0 px", "90.0°"]


def test_a_volume_of_unknown_voxel_size_gives_no_value_and_says_why(controller):
    free = show(controller, make_image((6, 80, 60)))
    draw(controller, (10, 10), (40, 50))
    draw(controller, (30, 10), (10, 10), (10, 30))
    assert values(controller) == ["no value: the voxel size is not known"] * 2
    assert not any(row.has_value for row in free.rows)
    assert "voxel size of this volume is not known" in messages(controller)[0]


def test_a_distance_goes_from_slice_to_slice(controller):
    free = show(controller, make_image((20, 80, 60), spacing_known=True))
    free.toggle(FreeKind.DISTANCE)
    controller.navigator.show_slice(AXIAL, 2)
    click(free, (10, 10))
    controller.navigator.show_slice(AXIAL, 14)
    click(free, (26, 10))
    assert values(controller) == ["20.0 mm"]
    assert free.selected.array_mm.shape == (2, 3)


def test_a_click_snaps_to_a_landmark_and_one_beside_the_image_is_none(free, controller):
    free.toggle(FreeKind.DISTANCE)
    click(free, (-4, 10))
    assert free.points_clicked == 0
    click(free, (11, 21), name="Sella")
    click(free, (20, 30), name="Nasion")
    points = controller.document.landmarks
    assert free.selected.array_mm.tolist() == [points.point_mm("Sella").tolist(), points.point_mm("Nasion").tolist()]


def test_the_value_is_shown_before_the_last_click_and_escape_gives_it_up(free, controller):
    free.toggle(FreeKind.DISTANCE)
    assert "one end" in free.next_step
    click(free, (10, 10))
    assert "other end" in free.next_step
    assert free.drawings[-1].text == ""
    free.hover(free.place_of(AXIAL, (40, 50), None))
    assert free.drawings[-1].text == "25.0 mm"
    assert free.rows == ()
    controller.leave_mode()
    assert free.drawings == ()
    assert free.kind is FreeKind.DISTANCE, "only what was begun is given up"
    controller.leave_mode()
    assert free.kind is None
    assert not controller.undo_stack.canUndo()


def test_a_double_click_is_no_distance_of_nothing(free):
    free.toggle(FreeKind.DISTANCE)
    click(free, (10, 10), (10, 10))
    assert free.points_clicked == 1


def test_another_tool_or_image_forgets_what_was_begun(free, controller):
    free.toggle(FreeKind.ANGLE)
    click(free, (10, 10), (20, 20))
    free.toggle(FreeKind.DISTANCE)
    assert free.points_clicked == 0
    click(free, (10, 10))
    show(controller, make_image((90, 60)))
    assert free.points_clicked == 0


def test_one_thing_is_selected_at_a_time(free, controller):
    draw(controller, (10, 10), (40, 50))
    assert free.selected is not None
    controller.editor.select("Sella")
    assert free.selected is None
    free.select(free.measurements[0].uuid)
    assert controller.view_state.selected is None


def test_a_selected_one_is_brought_into_view(controller):
    free = show(controller, make_image((20, 80, 60), spacing_known=True))
    controller.navigator.show_slice(AXIAL, 4)
    draw(controller, (10, 10), (20, 10))
    controller.navigator.show_slice(AXIAL, 15)
    shown = []
    free.show_requested.connect(shown.append)
    free.select(free.measurements[0].uuid, show=True)
    assert controller.navigator.plane_of(AXIAL).slice_index == 4
    assert shown[0].shape == (2, 3)


# Changing


def test_an_end_is_dragged_in_one_step_and_snaps(free, controller):
    draw(controller, (10, 10), (40, 50))
    identity = free.measurements[0].uuid
    assert free.begin_drag(Handle(identity, 1), AXIAL, (41, 50))
    free.drag_to((11, 30))
    assert values(controller) == ["10.0 mm"], "it was held a pixel beside its middle"
    free.drag_to((13, 50))
    free.end_drag()
    assert controller.undo_stack.undoText() == "Change distance"
    controller.editor.undo()
    assert values(controller) == ["25.0 mm"]
    controller.editor.redo()
    free.begin_drag(Handle(identity, 1), AXIAL, (12, 50))
    free.drag_to((11, 21), "Sella")
    free.end_drag()
    assert free.measurements[0].array_mm[1].tolist() == controller.document.landmarks.point_mm("Sella").tolist()


def test_a_drag_stays_in_its_slice_and_within_the_image(controller):
    free = show(controller, make_image((20, 80, 60), spacing_known=True))
    controller.navigator.show_slice(AXIAL, 4)
    draw(controller, (10, 10), (20, 10))
    controller.navigator.show_slice(AXIAL, 6)
    before = free.measurements[0].array_mm
    free.begin_drag(Handle(free.measurements[0].uuid, 1), AXIAL, (20, 10))
    free.drag_to((500, 10))
    free.end_drag()
    after = free.measurements[0].array_mm
    assert after[1, 2] == before[1, 2]
    assert after[1, 0] == 59.5
    assert after[0].tolist() == before[0].tolist()


def test_escape_puts_a_dragged_end_back_and_a_click_moves_nothing(free, controller):
    draw(controller, (10, 10), (40, 50))
    handle = Handle(free.measurements[0].uuid, 1)
    free.begin_drag(handle, AXIAL, (40, 50))
    free.drag_to((10, 30))
    controller.leave_mode()
    free.drag_to((12, 30))
    free.end_drag()
    assert values(controller) == ["25.0 mm"]
    free.begin_drag(handle, AXIAL, (40, 50))
    free.end_drag()
    assert controller.undo_stack.undoText() == "Measure distance"
    assert not free.begin_drag(Handle(handle.uuid, None), AXIAL, (20, 20)), "a line is selected, not moved"


def test_deleting_and_drawing_can_be_undone_and_done_again(free, controller):
    draw(controller, (10, 10), (40, 50))
    draw(controller, (10, 10), (10, 30))
    first = free.measurements[0]
    free.select(first.uuid)
    free.remove_selected()
    assert values(controller) == ["10.0 mm"]
    assert free.selected is None
    controller.editor.undo()
    assert sorted(values(controller)) == ["10.0 mm", "25.0 mm"]
    controller.editor.undo()
    controller.editor.undo()
    assert values(controller) == []
    for _ in range(3):
        controller.editor.redo()
    assert values(controller) == ["10.0 mm"]


def test_an_undone_step_in_the_middle_of_a_drag_ends_it(free, controller):
    draw(controller, (10, 10), (40, 50))
    free.begin_drag(Handle(free.measurements[0].uuid, 1), AXIAL, (40, 50))
    free.drag_to((10, 30))
    controller.editor.undo()
    free.drag_to((10, 40))
    free.end_drag()
    assert free.rows == ()
    assert not controller.undo_stack.canUndo()


def test_the_pixel_size_that_becomes_known_turns_px_into_mm_and_back(opened):
    draw(opened, (10, 10), (40, 50))
    opened.pixel_sizes._use(0.5)
    assert values(opened) == ["25.0 mm"]
    draw(opened, (10, 10), (10, 30))
    opened.editor.undo()
    opened.editor.undo()
    while "Measure" not in opened.undo_stack.undoText():
        opened.editor.undo()
    assert values(opened) == ["50.0 px"]


def test_the_copied_list_has_values_and_places(free, controller):
    draw(controller, (10, 10), (40, 50))
    head, row = (line.split("\t") for line in free.copied_text().splitlines())
    assert dict(zip(head, row, strict=True)) == {
        "case": "scan.png", "reader": "I", "kind": "distance", "value": "25.0", "unit": "mm",
        "points": "5.000 5.000; 20.000 25.000", "points_unit": "mm", "reason": "",
    }  # fmt: skip


# Kept in the project


def test_what_is_drawn_is_kept_at_once_and_comes_back(windows, images):
    first = windows.new(*images[:2])
    draw(first, (10, 10), (40, 50))
    draw(first, (30, 10), (10, 10), (10, 30))
    first.free_measuring.begin_drag(Handle(first.free_measuring.measurements[0].uuid, 1), AXIAL, (40, 50))
    first.free_measuring.drag_to((10, 30))
    first.free_measuring.end_drag()
    windows.settle(first)
    assert [one.kind for one in kept(first)] == [FreeKind.DISTANCE, FreeKind.ANGLE]
    assert {one.reader for one in kept(first)} == {ANNA}
    path, left = first.desk.project.path, values(first)
    assert left == ["20.0 px", "90.0°"]
    windows.kill(first)
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert values(second) == left
    second.open_neighbour(1)
    windows.settle(second)
    assert values(second) == []
    second.open_neighbour(-1)
    windows.settle(second)
    assert values(second) == left


def test_undo_and_deletion_reach_the_project_also_after_another_image(windows, images):
    controller = windows.new(*images[:2])
    draw(controller, (10, 10), (40, 50))
    draw(controller, (10, 10), (10, 30))
    controller.open_neighbour(1)
    windows.settle(controller)
    controller.open_neighbour(-1)
    windows.settle(controller)
    controller.editor.undo()
    windows.settle(controller)
    assert len(kept(controller)) == 1
    controller.free_measuring.select(controller.free_measuring.measurements[0].uuid)
    controller.free_measuring.remove_selected()
    windows.settle(controller)
    assert kept(controller) == []
    controller.editor.undo()
    windows.settle(controller)
    assert len(kept(controller)) == 1


def test_no_reading_is_made_or_touched_by_measuring(windows, images):
    controller = windows.new(images[0])
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    assert controller.desk.project.reading(1, ANNA) is None
    controller.editor.select("Sella")
    controller.editor.nudge(1, 0)
    windows.settle(controller)
    before = controller.desk.project.reading(1, ANNA)
    draw(controller, (10, 10), (40, 52))
    controller.editor.undo()
    windows.settle(controller)
    assert controller.desk.project.reading(1, ANNA) == before


def test_kept_ones_follow_a_pixel_size_that_is_set_later(windows, images):
    controller = windows.new(images[0])
    draw(controller, (10, 10), (40, 50))
    controller.pixel_sizes._use(0.5)
    windows.settle(controller)
    [there] = kept(controller)
    assert there.geometry.spacing_known
    assert np.linalg.norm(there.array_mm[1] - there.array_mm[0]) == pytest.approx(25)
    path = controller.desk.project.path
    windows.kill(controller)
    again = windows.new()
    again.projects.resume(path)
    windows.settle(again)
    assert values(again) == ["25.0 mm"]


def test_a_project_that_is_only_looked_at_cannot_be_measured_in(windows, images):
    first = windows.new(images[0])
    draw(first, (10, 10), (40, 50))
    windows.settle(first)
    second = windows.new(session=False)
    second.projects.open(first.desk.project.path)
    windows.settle(second)
    assert values(second) == ["50.0 px"]
    second.free_measuring.toggle(FreeKind.DISTANCE)
    assert second.free_measuring.kind is None
    assert any("only looked at" in text and "another window" in text for text in messages(second))
    handle = Handle(second.free_measuring.measurements[0].uuid, 0)
    assert not second.free_measuring.begin_drag(handle, AXIAL, (10, 10))
    second.free_measuring.remove_selected()
    windows.settle(second)
    assert len(kept(first)) == len(second.free_measuring.rows) == 1


def test_others_are_seen_but_not_changed_and_a_blind_reader_sees_only_their_own(windows, images):
    first = windows.new(images[0], reader=BEN)
    draw(first, (10, 10), (40, 50))
    windows.settle(first)
    path = first.desk.project.path
    windows.kill(first)
    controller = windows.new()
    controller.projects.resume(path)
    windows.settle(controller)
    draw(controller, (10, 10), (10, 30))
    free = controller.free_measuring
    assert [(row.reader, row.own) for row in free.rows] == [("Ben", False), ("Anna", True)]
    free.select(free.measurements[0].uuid)
    free.remove_selected()
    assert not free.begin_drag(Handle(free.measurements[0].uuid, 0), AXIAL, (10, 10))
    assert len(free.rows) == 2
    assert "drawn by Ben" in messages(controller)[-1]
    controller.cases.blind = True
    windows.settle(controller)
    assert [row.reader for row in free.rows] == ["Anna"]
    assert [drawing.text for drawing in free.drawings] == ["20.0 px"]


def test_another_reader_in_the_same_window_does_not_take_over_what_was_drawn(windows, images):
    controller = windows.new(images[0])
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    controller.desk.reader = BEN
    windows.settle(controller)
    assert [(row.reader, row.own) for row in controller.free_measuring.rows] == [("Anna", False)]


def test_who_measures_first_is_asked_once_who_they_are(windows, images):
    controller = windows.new(images[0])
    controller.desk.reader_is_known = False
    controller.questions.reader = "AB"
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    draw(controller, (10, 10), (10, 30))
    windows.settle(controller)
    assert controller.questions.asked == ["reader Anna"]
    assert {one.reader.name for one in kept(controller)} == {"AB"}
    assert values(controller) == ["50.0 px", "20.0 px"]
    assert all(row.own for row in controller.free_measuring.rows)


def test_who_does_not_answer_measures_under_the_name_that_was_proposed(windows, images):
    controller = windows.new(images[0])
    controller.desk.reader_is_known = False
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    controller.editor.undo()
    controller.editor.redo()
    windows.settle(controller)
    assert controller.questions.asked == ["reader Anna"]
    assert [one.reader for one in kept(controller)] == [ANNA]


def test_a_window_that_closes_at_once_asks_first_who_measured(windows, images):
    controller = windows.new(images[0])
    controller.desk.reader_is_known = False
    controller.questions.reader = "AB"
    draw(controller, (10, 10), (40, 50))
    path = controller.desk.project.path
    controller.close()
    windows.settle(controller)
    assert controller.questions.asked == ["reader Anna"]
    with Project.open(path) as project:
        assert [one.reader.name for one in project.free_measurements.all()] == ["AB"]


def test_a_case_that_is_taken_out_takes_its_measurements_along(windows, images):
    controller = windows.new(*images[:2])
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    controller.desk.remove_cases([1])
    windows.settle(controller)
    assert controller.desk.project.free_measurements.all() == []
    assert controller.free_measuring.rows == ()


def test_a_project_that_is_saved_under_another_name_goes_on_with_them(windows, images, tmp_path):
    controller = windows.new(images[0])
    draw(controller, (10, 10), (40, 50))
    controller.desk.go_on_in(tmp_path / "other.cairn")
    windows.settle(controller)
    draw(controller, (10, 10), (10, 30))
    controller.free_measuring.select(controller.free_measuring.measurements[0].uuid)
    controller.free_measuring.remove_selected()
    windows.settle(controller)
    assert controller.desk.project.path == tmp_path / "other.cairn"
    assert values(controller) == ["20.0 px"]
    assert [one.points_mm[1] for one in kept(controller)] == [(10.0, 30.0)]


def test_what_a_merge_brings_is_shown(windows, images, tmp_path):
    controller = windows.new(images[0])
    project = controller.desk.project
    project.save_copy(tmp_path / "copy.cairn")
    draw(controller, (10, 10), (40, 50))
    windows.settle(controller)
    with Project.open(tmp_path / "copy.cairn") as copy:
        other = kept(controller)[0].with_points(np.array([[1.0, 1.0], [4.0, 5.0]]))
        copy.free_measurements.save(replace(other, uuid="", reader=BEN))
        controller.take_merged(merge(project, copy))
    windows.settle(controller)
    assert values(controller) == ["50.0 px", "5.0 px"]


def test_measurements_of_another_image_of_that_name_have_no_place_in_this_one(windows, images):
    first = windows.new(images[0])
    draw(first, (10, 10), (40, 50))
    windows.settle(first)
    path = first.desk.project.path
    windows.kill(first)
    write_image(make_image((90, 90)), images[0])
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert values(second) == []
    assert len(kept(second)) == 1


def test_a_damaged_measurement_is_told_and_the_image_is_shown(windows, images):
    first = windows.new(images[0])
    draw(first, (10, 10), (40, 50))
    windows.settle(first)
    path = first.desk.project.path
    with first.desk.project._file.transaction() as file:
        file.execute("UPDATE free_measurement SET points = 'x'")
    windows.kill(first)
    second = windows.new()
    second.projects.resume(path)
    windows.settle(second)
    assert second.document.image is not None
    assert values(second) == []
    said = [*messages(second), *(error.message for error in second.questions.errors)]
    assert any("damaged" in text for text in said)
