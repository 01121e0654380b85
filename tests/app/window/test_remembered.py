import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QFileDialog

from app.desktop.settings import Settings
from app.panels.landmark_table import CERTAINTY
from app.session.controller import Controller
from app.session.questions import Unsaved
from app.session.view_state import Sort
from app.window.main_window import MainWindow
from app.window.remembered import first_size
from app.window.remembering_dialogs import RememberingDialogs
from tests.support.viewer_fixtures import make_model_file

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start(answers, model_path, localize, scan, tmp_path, qtbot):
    """Open the window with an image, as often as is wanted, each time from the same settings."""

    def started(*, given=True, localizes=True):
        controller = Controller(answers, model_path if given else None, localize=localize)
        window = MainWindow(controller, Settings(tmp_path / "settings.ini"))
        qtbot.addWidget(window)
        window.show()
        controller.open_paths([scan])
        qtbot.waitUntil(lambda: controller.document.image is not None and not controller.jobs.busy)
        assert (controller.document.prediction is not None) is localizes
        qtbot.wait(20)
        return window

    return started


def test_the_window_comes_back_as_it_was_left(start, qtbot):
    window = start()
    state = window.controller.view_state
    window.resize(760, 620)  # the screen has 800 × 800
    state.show_labels = state.radiological = False
    state.show_vectors = not state.show_vectors
    vectors = state.show_vectors
    window.controller.editor.sort_by(Sort.CERTAINTY)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.dock)
    window.resizeDocks([window.dock], [310], Qt.Orientation.Horizontal)
    window.table.setColumnWidth(CERTAINTY, 111)
    qtbot.wait(20)
    table_width = window.dock.width()
    assert window.close()
    again = start()
    state = again.controller.view_state
    assert (again.width(), again.height()) == (760, 620)
    assert (state.show_labels, state.radiological, state.show_vectors) == (False, False, vectors)
    assert state.sort is Sort.CERTAINTY
    assert again.dockWidgetArea(again.dock) is Qt.DockWidgetArea.LeftDockWidgetArea
    assert abs(again.dock.width() - table_width) <= 4
    assert again.table.columnWidth(CERTAINTY) == 111


def test_a_table_that_nobody_touched_is_fitted_anew(start, tmp_path):
    window = start()
    assert window.close()
    assert Settings(tmp_path / "settings.ini").numbers("window/table_2d") == ()


def test_what_is_kept_names_no_patient(start, tmp_path, scan):
    window = start()
    assert window.close()
    kept = (tmp_path / "settings.ini").read_text()
    sections = {line.split("=")[0] for line in kept.splitlines() if "=" in line}
    assert sections <= {"schema_version", "files", "geometry", "table_side", "images"}


def test_a_chosen_model_is_used_at_the_next_start_unless_it_has_changed(start, answers, tmp_path, qtbot):
    window = start(given=False, localizes=False)  # the bundled model knows no image as small as this
    answers.model = make_model_file(tmp_path / "mine.pt", name="Mine")
    window.controller.search.ask_model()
    qtbot.waitUntil(lambda: window.controller.search.chosen is not None)
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    assert close(window, answers)
    again = start(given=False)
    assert again.controller.document.model_info.title == "Mine 1"
    assert close(again, answers)
    make_model_file(tmp_path / "mine.pt", name="Somebody else's")
    os.utime(tmp_path / "mine.pt", ns=(1, 1))
    changed = start(given=False, localizes=False)
    assert changed.controller.document.model_info is None
    (told,) = [message.text for message in changed.controller.view_state.messages if "mine.pt" in message.text]
    assert told.startswith("The model mine.pt that you chose last has changed or is gone.")


def close(window, answers):
    answers.on_unsaved = Unsaved.DISCARD
    return window.close()


def test_dialogs_begin_where_the_last_image_was(tmp_path, monkeypatch, qapp):
    begun = []
    chosen = str(tmp_path / "scan.png")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda _, __, folder, ___: (begun.append(folder), (chosen, ""))[1]
    )
    settings = Settings()
    for _ in range(2):
        assert RememberingDialogs(settings).image_path(None) == Path(chosen)
    RememberingDialogs(settings).image_path(Path("/open"))
    settings.remembers_files = False
    RememberingDialogs(settings).image_path(None)
    RememberingDialogs(settings).image_path(None)
    assert begun == ["", str(tmp_path), "/open", "", ""]


def test_the_first_window_fits_the_screen():
    assert first_size(QRect(0, 0, 1920, 1080)).toTuple() == (1280, 800)
    assert first_size(QRect(0, 0, 800, 500)).toTuple() == (784, 452)


FITS = """
import json, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QDialog
import app.window.viewer as viewer
from app.desktop.settings import Settings
from app.desktop.theme import Theme

application = viewer._application(Theme.DARK)
window = viewer.make_window(None, Settings())
window.show()
application.processEvents()
window.show_shortcuts()
application.processEvents()
(sheet,) = [w for w in application.topLevelWidgets() if isinstance(w, QDialog)]
screen = application.primaryScreen().availableGeometry()
size = [window.width(), window.height(), sheet.width(), sheet.height()]
least = [window.minimumSizeHint().width(), window.minimumSizeHint().height()]
print(json.dumps({"screen": [screen.width(), screen.height()], "size": size, "least": least}))
sheet.close()
window.close()
"""


@pytest.mark.parametrize(("width", "height", "scale"), [(1366, 768, "1"), (1600, 1000, "2")])
def test_window_and_sheet_are_no_larger_than_the_screen(tmp_path, width, height, scale):
    screen = {"name": "small", "x": 0, "y": 0, "width": width, "height": height, "logicalDpi": 96, "dpr": 1}
    (tmp_path / "screens.json").write_text(json.dumps({"screens": [screen]}))
    surroundings = {"QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screens.json'}", "QT_SCALE_FACTOR": scale}
    done = subprocess.run(
        [sys.executable, "-c", FITS],
        env={**os.environ, **surroundings, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    room = [round(width / float(scale)), round(height / float(scale))]
    assert found["screen"] == room
    for shown in (found["size"][:2], found["size"][2:], found["least"]):
        assert shown[0] <= room[0] - 8
        assert shown[1] <= room[1] - 28, found
