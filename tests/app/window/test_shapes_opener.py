"""The window of compared shapes beside the main one: opened from the menu, closed with it, and blind where its reader is."""

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from app.window.main_window import MainWindow
from app.window.shapes_opener import covers
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, MODEL
from tests.support.shape_fixtures import configurations, reading, swapped, write_shapes


@pytest.fixture
def ids(empty_window, tmp_path, qtbot):
    path = tmp_path / "study.cairn"
    made = write_shapes(path, swapped(configurations(), 5), images=True)
    empty_window.controller.desk.reader = ANNA
    empty_window.controller.projects.open(path)
    qtbot.waitUntil(lambda: empty_window.controller.case_list.counts.total == 12)
    return made


def settle(window: MainWindow, qtbot: QtBot) -> None:
    controller = window.controller
    qtbot.waitUntil(lambda: not controller.jobs.busy and controller.desk.pending == 0)
    qtbot.wait(20)
    qtbot.waitUntil(lambda: not controller.jobs.busy and controller.desk.pending == 0)


@pytest.fixture
def shapes(empty_window, ids, qtbot):
    empty_window.refresh()
    empty_window.actions_by_id["measure.shapes"].trigger()
    comparing = empty_window.shapes.comparing
    qtbot.waitUntil(lambda: comparing.study is not None)
    settle(empty_window, qtbot)
    return empty_window.shapes.show()  # closing the main window, which the test's end does, closes it too


def test_a_click_on_the_outlier_shows_its_image_in_the_main_window(empty_window, shapes, ids, qtbot):
    shapes.tabs.setCurrentIndex(1)
    table = shapes.outliers
    table.itemClicked.emit(table.item(0, 0))
    qtbot.waitUntil(lambda: empty_window.controller.desk.current == ids[5])
    qtbot.waitUntil(lambda: empty_window.controller.view_state.selected == "Nasion")
    settle(empty_window, qtbot)
    row = empty_window.worklist.panel.table.currentIndex().row()
    assert empty_window.controller.case_list.ids[row] == ids[5]
    figure = shapes.distances
    assert figure._current == ids[5]


def test_it_is_one_window_that_comes_back_as_it_was_and_goes_with_the_main_one(empty_window, shapes, qtbot):
    shapes.tabs.setCurrentIndex(2)
    shapes.close()
    again = empty_window.shapes.show()
    assert again is shapes
    assert again.isVisible()
    assert again.tabs.currentIndex() == 2
    settle(empty_window, qtbot)
    empty_window.close()
    assert not shapes.isVisible()


def test_who_begins_to_read_blind_sees_at_once_only_their_own(empty_window, shapes, ids, qtbot):
    controller = empty_window.controller
    for id_ in ids:
        controller.desk.store(reading(id_, configurations(1)[0], MODEL, Status.PREDICTED))
    shapes.update_button.click()
    qtbot.waitUntil(lambda: not empty_window.shapes.comparing.comparing)
    assert shapes.reader.isEnabled()
    controller.cases.blind = True
    assert shapes.tabs.isHidden()
    qtbot.waitUntil(lambda: empty_window.shapes.comparing.study is not None)
    assert not shapes.reader.isEnabled()
    assert shapes.reader.currentText() == "Anna"
    settle(empty_window, qtbot)


def test_another_project_closes_it(empty_window, shapes, tmp_path, qtbot):
    empty_window.controller.desk.open(lambda: Project.create(tmp_path / "other.cairn"))
    qtbot.waitUntil(lambda: not shapes.isVisible())
    settle(empty_window, qtbot)


def test_a_window_covers_another_that_it_hides_for_the_most_part():
    main = QRect(0, 0, 1000, 800)
    assert covers(QRect(50, 50, 980, 690), main)
    assert not covers(QRect(1000, 0, 980, 690), main)
    assert not covers(QRect(0, 500, 980, 690), main)
