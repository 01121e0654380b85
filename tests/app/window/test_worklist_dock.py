"""The worklist in the window: when it is there, what it opens, and what the menu Review does."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.desktop.settings import Settings
from app.panels.worklist_model import Column
from app.session.controller import Controller
from app.window.main_window import MainWindow
from core.images.file import write_image
from core.project.cases import Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.viewer_fixtures import make_image, make_prediction, messages

ANNA, BEN, MODEL = Reader("Anna"), Reader("Ben"), Reader("Test model 1", ReaderKind.MODEL)


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f"image{number}.png" for number in range(4)]
    for path in paths:
        write_image(make_image(), path)
    return paths


@pytest.fixture
def desk_window(controller, tmp_path, qtbot):
    """A window with an unnamed project and nothing in it."""
    window = MainWindow(controller, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    window.resize(1200, 700)
    window.show()
    qtbot.waitExposed(window)
    controller.desk.reader = ANNA
    controller.begin_session(tmp_path / "sessions")
    settle(controller, qtbot)
    yield window
    controller.jobs.shut_down()
    controller.desk.close()


def settle(controller: Controller, qtbot):
    for _ in range(3):
        qtbot.waitUntil(lambda: not controller.jobs.busy and controller.desk.pending == 0)
        qtbot.wait(20)


def show(window, paths, qtbot):
    window.controller.open_paths(list(paths))
    settle(window.controller, qtbot)


def test_a_single_image_has_no_list_and_the_second_brings_it(desk_window, images, qtbot):
    show(desk_window, images[:1], qtbot)
    assert not desk_window.worklist.isVisible()
    desk_window.controller.add_paths(images[1:2])
    settle(desk_window.controller, qtbot)
    assert desk_window.worklist.isVisible()
    qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_W)
    assert not desk_window.worklist.isVisible()
    qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_W)
    assert desk_window.worklist.isVisible()
    assert desk_window.dock.width() < 0.5 * (desk_window.width() - desk_window.worklist.width())


def test_the_list_opens_cases_and_n_walks_in_its_order(desk_window, images, qtbot):
    show(desk_window, images, qtbot)
    controller, table = desk_window.controller, desk_window.worklist.panel.table
    controller.case_list.ask_for(sort="name COLLATE NOCASE", descending=True)
    settle(controller, qtbot)
    table.setCurrentIndex(table.model().index(1, 0))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    settle(controller, qtbot)
    assert controller.document.image.source.path.name == "image2.png"
    qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_N)
    settle(controller, qtbot)
    assert controller.document.image.source.path.name == "image1.png"
    assert [index.row() for index in table.selectionModel().selectedRows()] == [2]


def test_from_a_case_that_is_filtered_out_the_way_leads_into_the_list(desk_window, images, qtbot):
    show(desk_window, images, qtbot)
    controller = desk_window.controller
    controller.case_list.ask_for(text="image2")
    settle(controller, qtbot)
    assert controller.place is None
    qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_N)
    settle(controller, qtbot)
    assert controller.document.image.source.path.name == "image2.png"
    assert not controller.has_neighbour(1)
    assert not controller.has_neighbour(-1)


def doubtful(controller, case_id, **presences):
    """Let the model have read a case with little faith in some landmarks."""
    image = make_image()
    marks = make_prediction(image).landmarks
    presence = np.array([presences.get(name, 0.99) for name in marks.names], np.float32)
    marks = replace(marks, presence=presence, spread_mm=np.ones(4, np.float32))
    controller.desk.store(Reading(case_id, MODEL, marks, Geometry.of(image)))


def test_the_review_leads_to_the_most_doubtful_landmark_of_all_cases_and_says_why(desk_window, images, qtbot):
    show(desk_window, images, qtbot)
    controller = desk_window.controller
    ids = controller.desk.project.case_ids()
    doubtful(controller, ids[1], Nasion=0.8)
    doubtful(controller, ids[2], Gonion=0.2, Sella=0.7)
    controller.desk.update_case(ids[0], done=True)
    controller.desk.update_case(ids[3], done=True)
    settle(controller, qtbot)
    seen = []
    for _ in range(3):
        qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_D)
        settle(controller, qtbot)
        seen.append((controller.desk.current, controller.view_state.selected))
    assert seen == [(ids[2], "Gonion"), (ids[2], "Sella"), (ids[1], "Nasion")]
    assert "Nasion (N): presence 80 %." in messages(controller)
    qtbot.keyClick(desk_window.slice_view, Qt.Key.Key_D)
    settle(controller, qtbot)
    assert "You have seen all 3 that want an eye." in messages(controller)


def test_two_readers_are_compared_and_a_case_opens_from_there(desk_window, images, qtbot):
    show(desk_window, images, qtbot)
    controller = desk_window.controller
    ids = controller.desk.project.case_ids()
    for reader, shift_px in ((ANNA, 0.0), (BEN, 2.0)):
        for number, id_ in enumerate(ids[:3]):
            image = make_image()
            marks = make_prediction(image, shift_px=shift_px * number).landmarks
            marks = replace(marks, status=(Status.PLACED,) * 4)
            controller.desk.store(Reading(id_, reader, marks, Geometry.of(image)), "Place")
    settle(controller, qtbot)
    dialog = desk_window.reader_dialogs.show_agreement()
    qtbot.waitUntil(lambda: dialog.landmarks.rowCount() == 5)
    assert "3 cases, 12 positions" in dialog.told.text()
    dialog.cases.itemClicked.emit(dialog.cases.item(0, 0))
    settle(controller, qtbot)
    assert controller.desk.current == ids[2]
    dialog.close()


def test_a_colleagues_copy_is_merged_after_it_was_shown(desk_window, images, answers, tmp_path, qtbot):
    show(desk_window, images, qtbot)
    controller = desk_window.controller
    [first, *_] = controller.desk.project.case_ids()
    copy = tmp_path / "copy.cairn"
    controller.desk.project.save_copy(copy)
    image = make_image()
    with Project.open(copy) as project:
        marks = replace(make_prediction(image).landmarks, status=(Status.PLACED,) * 4)
        project.save_reading(Reading(first, BEN, marks, Geometry.of(image)), "Place")
    assert desk_window.reader_dialogs.ask_merge() is None
    answers.project = copy
    dialog = desk_window.reader_dialogs.ask_merge()
    qtbot.waitUntil(dialog.accepting.isEnabled)
    dialog.accepting.click()
    settle(controller, qtbot)
    assert controller.desk.project.reading(first, BEN) is not None
    assert "Merged copy.cairn: 1 new reading." in messages(controller)


@pytest.mark.parametrize("read_before", [False, True])
def test_what_a_copy_brings_of_the_reader_is_shown_and_not_replaced_by_the_next_step(
    desk_window, images, answers, tmp_path, qtbot, read_before
):
    show(desk_window, images, qtbot)
    controller = desk_window.controller
    [first, *_] = controller.desk.project.case_ids()
    if read_before:
        controller.editor.select("Sella")
        controller.editor.nudge(1, 0)
        settle(controller, qtbot)
    answers.project = tmp_path / "copy.cairn"
    controller.desk.project.save_copy(answers.project)
    with Project.open(answers.project) as project:
        marks = replace(make_prediction(make_image()).landmarks, status=(Status.PLACED,) * 4)
        project.save_reading(Reading(first, ANNA, marks, Geometry.of(make_image())), "Place")
    controller.cases.clock._seconds[first] = 30.0  # the time that was spent is kept, and nothing with it
    dialog = desk_window.reader_dialogs.ask_merge()
    qtbot.waitUntil(dialog.accepting.isEnabled)
    dialog.accepting.click()
    settle(controller, qtbot)
    assert controller.document.landmarks == marks
    controller.editor.select("Menton")
    controller.editor.nudge(1, 0)
    settle(controller, qtbot)
    kept = controller.desk.project.reading(first, ANNA)
    assert kept.landmarks.subset(["Sella", "Nasion"]) == marks.subset(["Sella", "Nasion"])
    assert kept.landmarks.point_mm("Menton")[0] == marks.point_mm("Menton")[0] + 1


def test_the_list_counts_what_is_in_doubt_as_the_window_does(desk_window, images, qtbot):
    show(desk_window, images[:2], qtbot)
    controller = desk_window.controller
    case = controller.desk.project.case(controller.desk.current)
    assert case.to_check == len(controller.document.names_in_doubt) > 0
    title = controller.document.model_info.title
    assert controller.desk.project.usual_radii(title) == {"mm": {}, "px": {}}


def test_chosen_columns_are_those_of_the_next_window(desk_window, controller, tmp_path, qtbot):
    table = desk_window.worklist.panel.table
    (time,) = [action for action in table.column_menu().actions() if action.text() == "Time"]
    time.trigger()
    again = MainWindow(controller, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(again)
    assert Column.TIME in again.worklist.panel.table.chosen_columns()
