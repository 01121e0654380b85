"""The place of the measurements in the window: when it is there, and that it comes back as it was left."""

import pytest
from PySide6.QtCore import Qt

from app.desktop.settings import Settings
from app.window.main_window import MainWindow
from core.geometry.planes import Orientation
from core.project.free_measurements import FreeKind
from tests.support.measuring_fixtures import write_own
from tests.support.viewer_fixtures import idle, make_image, make_prediction


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def measuring_window(controller, settings, scan, qtbot):
    window = MainWindow(controller, settings)
    qtbot.addWidget(window)
    window.resize(1300, 760)
    window.show()
    qtbot.waitExposed(window)
    controller.open_paths([scan])
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    settle(window, qtbot)
    return window


def settle(window, qtbot):
    idle(window.controller, qtbot)
    qtbot.wait(30)


def test_it_is_hidden_at_first_and_a_key_shows_it_below_the_landmarks(measuring_window, qtbot):
    window = measuring_window
    assert not window.measurements.isVisible()
    action = window.actions_by_id["measure.list"]
    assert action.isEnabled()
    qtbot.keyClick(window.slice_view, Qt.Key.Key_M)
    assert window.measurements.isVisible()
    settle(window, qtbot)
    assert action.isChecked()
    assert window.measurements.geometry().top() > window.dock.geometry().top()
    assert window.measurements.geometry().left() == window.dock.geometry().left()
    qtbot.keyClick(window.slice_view, Qt.Key.Key_M)
    assert not window.measurements.isVisible()


def test_it_is_offered_only_where_an_analysis_fits(measuring_window, qtbot):
    window, controller = measuring_window, measuring_window.controller
    controller.view_state.show_measurements = True
    settle(window, qtbot)
    volume = make_image((6, 80, 60), spacing_known=True)
    controller.document.set_image(volume, make_prediction(volume).landmarks, None)
    controller.view_state.begin(volume)
    window.refresh()
    assert not window.measurements.isVisible()
    assert not window.actions_by_id["measure.list"].isEnabled()
    assert not window.actions_by_id["measure.tracing"].isEnabled()
    assert window.actions_by_id["measure.open_analysis"].isEnabled()


def test_an_own_analysis_of_volumes_is_opened_from_the_file_menu(measuring_window, answers, tmp_path, qtbot):
    window, controller = measuring_window, measuring_window.controller
    volume = make_image((6, 80, 60), spacing_known=True)
    controller.document.set_image(volume, make_prediction(volume).landmarks, None)
    controller.view_state.begin(volume)
    answers.analysis = write_own(tmp_path / "mine", ndim=3)
    window.refresh()
    window.actions_by_id["measure.open_analysis"].trigger()
    qtbot.waitUntil(window.measurements.isVisible)
    settle(window, qtbot)
    table = window.measurements.panel.table
    assert table.model().index(0, 1).data() == "180.0°"
    controller.measuring.pick("S–N")
    middle = make_prediction(volume).landmarks.points_mm[:2].mean(axis=0)
    assert controller.view_state.crosshair_mm == pytest.approx(tuple(middle))


def test_it_comes_back_at_the_next_start_with_its_analysis(measuring_window, settings, answers, tmp_path, qtbot):
    window, controller = measuring_window, measuring_window.controller
    answers.analysis = write_own(tmp_path / "mine")
    controller.measuring.ask_open()
    qtbot.waitUntil(window.measurements.isVisible)
    settle(window, qtbot)
    controller.view_state.show_tracing = True
    window.measurements.save()
    again = Settings(settings.folder / "settings.ini")
    assert again.flag("view/show_measurements", default=False)
    assert again.flag("view/show_tracing", default=False)
    assert again.paths("analyses/opened") == (answers.analysis,)
    assert again.text("analyses/2d") == str(answers.analysis)
    assert again.numbers("window/measurements") == (window.measurements.height(),)
    other = MainWindow(type(controller)(answers), again)
    qtbot.addWidget(other)
    assert other.controller.measuring.folder == tmp_path / "analyses"
    assert other.controller.measuring.opened == (answers.analysis,)
    assert other.controller.measuring.chosen == {2: str(answers.analysis)}
    other.controller.jobs.shut_down()


def test_it_is_moved_with_its_place_kept(measuring_window, settings, qtbot):
    window = measuring_window
    window.controller.view_state.show_measurements = True
    settle(window, qtbot)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, window.measurements)
    qtbot.wait(20)
    window.measurements.save()
    assert settings.text("window/measurements_area") == "bottom"


def test_where_no_analysis_fits_what_was_drawn_is_listed_alone(measuring_window, qtbot):
    window, controller = measuring_window, measuring_window.controller
    volume = make_image((6, 80, 60), spacing_known=True)
    controller.document.set_image(volume, make_prediction(volume).landmarks, None)
    controller.view_state.begin(volume)
    controller.view_state.show_measurements = True
    free = controller.free_measuring
    free.toggle(FreeKind.DISTANCE)
    for place in ((10.0, 10.0), (30.0, 10.0)):
        free.click(free.place_of(Orientation.AXIAL, place, None))
    settle(window, qtbot)
    assert window.measurements.isVisible()
    assert window.measurements.free_panel.isVisible()
    assert not window.measurements.panel.isVisible()
    assert window.actions_by_id["measure.list"].isChecked()
    controller.editor.undo()
    settle(window, qtbot)
    assert not window.measurements.isVisible()
