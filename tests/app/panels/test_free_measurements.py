"""The list of free measurements: what its rows say, and that it and the image select, copy and delete the same."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.panels.free_measurements import NAME, READER, VALUE, FreeMeasurementsPanel
from app.session.view_state import Mode
from core.geometry.planes import Orientation
from core.project.free_measurements import FreeKind, FreeMeasurement
from core.project.readings import Reader
from tests.support.viewer_fixtures import make_image, make_prediction


@pytest.fixture
def free(controller):
    image = make_image((20, 80, 60), spacing_known=True)
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image)
    return controller.free_measuring


@pytest.fixture
def panel(free, qtbot):
    made = FreeMeasurementsPanel(free)
    qtbot.addWidget(made)
    made.resize(300, 200)
    made.show()
    return made


def draw(free, controller, slice_index=4, length=25.0):
    controller.navigator.show_slice(Orientation.AXIAL, slice_index)
    free.toggle(FreeKind.DISTANCE)
    for place in ((10.0, 10.0), (10.0 + length, 10.0)):
        free.click(free.place_of(Orientation.AXIAL, place, None))
    controller.view_state.mode = Mode.NAVIGATE


def text(panel, row, column):
    return panel.table.model().index(row, column).data()


def click_row(panel, row):
    place = panel.table.visualRect(panel.table.model().index(row, NAME)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def test_it_is_there_once_something_is_measured(panel, free, controller):
    assert panel.isHidden()
    draw(free, controller)
    assert not panel.isHidden()
    assert (text(panel, 0, NAME), text(panel, 0, VALUE)) == ("Distance", "25.0 mm")
    assert panel.table.isColumnHidden(READER), "all are the reader's own"
    controller.editor.undo()
    assert panel.isHidden()


def test_whose_they_are_is_said_where_somebody_else_has_drawn(panel, free, controller):
    draw(free, controller)
    own = free.measurements[0]
    other = FreeMeasurement(0, Reader("Ben"), own.kind, own.points_mm, own.geometry, "b")
    free._known[None]["b"] = other
    free.changed.emit()
    assert not panel.table.isColumnHidden(READER)
    assert [text(panel, row, READER) for row in (0, 1)] == ["I", "Ben"]
    free.select("b")
    assert not panel.table.deleting.isEnabled()
    tip = panel.table.model().index(1, VALUE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "Distance 25.0 mm, drawn by Ben, who alone can change it"


def test_a_click_on_a_row_shows_it_and_what_is_selected_in_the_image_is_its_row(panel, free, controller):
    draw(free, controller, slice_index=4)
    draw(free, controller, slice_index=15, length=30.0)
    assert panel.table.currentIndex().row() == 1
    click_row(panel, 0)
    assert free.selected == free.measurements[0]
    assert controller.navigator.plane_of(Orientation.AXIAL).slice_index == 4
    free.select(free.measurements[1].uuid)
    assert panel.table.currentIndex().row() == 1
    assert controller.navigator.plane_of(Orientation.AXIAL).slice_index == 4, "selecting in the image goes nowhere"
    free.select(None)
    assert not panel.table.selectionModel().hasSelection()
    click_row(panel, 1)
    assert controller.navigator.plane_of(Orientation.AXIAL).slice_index == 15


def test_keys_copy_and_the_menu_deletes(panel, free, controller):
    draw(free, controller)
    draw(free, controller, length=30.0)
    panel.table.setFocus()
    panel.table.copying.trigger()
    assert [line.split("\t")[3] for line in QGuiApplication.clipboard().text().splitlines()] == [
        "value",
        "25.0",
        "30.0",
    ]
    click_row(panel, 0)
    panel.table.deleting.trigger()
    assert [row.value for row in free.rows] == ["30.0 mm"]
    assert text(panel, 0, VALUE) == "30.0 mm"


def test_letters_are_left_to_the_window(panel, free, controller):
    draw(free, controller)
    draw(free, controller, length=30.0)
    click_row(panel, 1)
    QTest.keyClick(panel.table, Qt.Key.Key_D)
    assert panel.table.currentIndex().row() == 1


def test_a_long_list_is_scrolled(panel, free, controller):
    heights = set()
    for number in range(8):
        draw(free, controller, length=10.0 + number)
        heights.add(panel.table.height())
    assert len(heights) == 5
