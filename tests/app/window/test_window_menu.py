import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow

from app.window.window_menu import WindowMenu
from core.values.image import Image
from core.values.landmarks import Landmarks
from tests.support.viewer_fixtures import make_image


@pytest.fixture
def menu(controller, qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    made = WindowMenu(controller, window)
    window.menuBar().addMenu(made)
    yield made
    window.close()


def shown(menu):
    return [text_of(action) for action in menu.actions() if action.isVisible()]


def text_of(action):
    return action.text().split("  ")[1]


def open_ct(controller):
    ramp = make_image((4, 5, 6))
    voxels = (ramp.voxels.astype(np.int16) * 10) - 1000
    image = Image(voxels, ramp.grid, ramp.source)
    controller.document.set_image(image, Landmarks((), np.zeros((0, 3))), None)


def test_without_an_image_there_is_nothing_to_choose(menu):
    assert shown(menu) == []
    assert not menu.menuAction().isEnabled()


def test_the_entries_follow_the_image(menu, controller):
    controller.document.set_image(make_image(), Landmarks((), np.zeros((0, 2))), None)
    assert len(shown(menu)) == 3
    open_ct(controller)
    assert any(text.startswith("Bone") for text in shown(menu))
    keys = [action.shortcut().toString() for action in menu.actions() if action.isVisible()]
    assert keys == [f"Ctrl+{number}" for number in range(1, 9)]


def test_an_entry_sets_the_levels_and_is_ticked(menu, controller):
    open_ct(controller)
    lung = next(action for action in menu.actions() if "  Lung" in action.text())
    lung.trigger()
    assert controller.view_state.levels == (-1350, 150)
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.isChecked()] == [lung.text()]
    controller.view_state.levels = (1.0, 2.0)
    menu.aboutToShow.emit()
    assert not any(action.isChecked() for action in menu.actions())
    controller.reset_levels()
    menu.aboutToShow.emit()
    assert [action.isChecked() for action in menu.actions()].index(True) == 0
