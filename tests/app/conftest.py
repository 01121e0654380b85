"""Guards against leaks of the viewer's tests, and the fixtures they share."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desk.desk import Desk
from app.session.controller import Controller
from app.session.jobs import Jobs
from app.window.main_window import MainWindow
from core.images.file import write_image
from core.project.store import Project
from tests.support.desk_fixtures import add_cases, open_desk
from tests.support.desk_windows import Windows
from tests.support.viewer_fixtures import Answers, GatedLocalize, make_image, make_model_file

MOST_OBJECTS = 50_000


@pytest.fixture(autouse=True)
def _no_qt_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[Jobs] = []
    make = Jobs.__init__

    def remember(self: Jobs, max_threads: int = 4) -> None:
        make(self, max_threads)
        made.append(self)

    monkeypatch.setattr(Jobs, "__init__", remember)
    if len(gc.get_objects()) > MOST_OBJECTS:
        gc.freeze()  # what an import has brought is not looked through twice for every test
    before = {id(timer) for timer in _active_timers()}
    yield
    if QApplication.instance() is None:
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not any(jobs.busy for jobs in made), "the test left a job running"
    windows = [window for window in QApplication.topLevelWidgets() if window.isVisible()]
    assert not windows, f"the test left windows open: {windows}"
    timers = [timer for timer in _active_timers() if id(timer) not in before]
    assert not timers, f"the test left timers running: {timers}"


def _active_timers() -> list[QTimer]:
    timers = [thing for thing in gc.get_objects() if type(thing) is QTimer]
    return [timer for timer in timers if shiboken6.isValid(timer) and timer.isActive()]


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def localize() -> Iterator[GatedLocalize]:
    stand_in = GatedLocalize()
    yield stand_in
    stand_in.gate.set()


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    return make_model_file(tmp_path / "model.pt")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    write_image(make_image(), path)
    return path


@pytest.fixture
def controller(qapp: QApplication, answers: Answers, model_path: Path, localize: GatedLocalize) -> Iterator[Controller]:
    made = Controller(answers, model_path, localize=localize)
    yield made
    localize.gate.set()
    made.jobs.shut_down()


@pytest.fixture
def opened(controller: Controller, scan: Path, qtbot: QtBot) -> Controller:
    """A controller with an image that has been localized."""
    controller.open_paths([scan])
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    return controller


@pytest.fixture
def empty_window(controller, qtbot):
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def window(empty_window, scan, qtbot):
    empty_window.controller.open_paths([scan])
    qtbot.waitUntil(lambda: empty_window.controller.document.prediction is not None)
    qtbot.wait(20)
    return empty_window


@pytest.fixture
def desk_jobs(qapp: QApplication) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.shut_down()


@pytest.fixture
def full_desk(desk_jobs: Jobs, tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    """A desk with a project of five cases on it."""
    path = tmp_path / "day.cairn"
    with Project.create(path) as project:
        add_cases(project, "delta", "alpha", "Bravo", "charlie", "echo")
    desk = open_desk(desk_jobs, path)
    qtbot.waitUntil(lambda: desk.project is not None)
    yield desk
    qtbot.waitUntil(lambda: not desk_jobs.busy)
    desk.close()


@pytest.fixture
def windows(qapp, tmp_path, model_path, qtbot):
    made = Windows(tmp_path, model_path, qtbot)
    yield made
    made.close_all()


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f"image{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        write_image(make_image((80 + number, 60)), path)
    return paths
