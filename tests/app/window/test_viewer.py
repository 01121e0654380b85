import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.window.viewer import make_window
from core.base.errors import ModelFileError
from core.images.file import write_image
from tests.support.viewer_fixtures import make_image

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

ROOT = Path(__file__).resolve().parents[3]

WATCHED = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QFileOpenEvent
import app.window.viewer
from app.commands import cli

def window_of(application):
    (window,) = [w for w in application.topLevelWidgets() if type(w).__name__ == "MainWindow"]
    return window

def close_when(application, condition):
    def look():
        window = window_of(application)
        if condition(window):
            timer.stop()
            image = window.controller.document.image
            print(window.isVisible(), image.voxels.shape, window.windowTitle())
            window.close()
    timer = QTimer(application)
    timer.timeout.connect(look)
    timer.start(10)

def is_titled(*parts):
    return lambda window: all(part in window.windowTitle() for part in parts)
"""
SHOW = """
application = app.window.viewer.Application([])
close_when(application, is_titled("scan 0.png"))
print(app.window.viewer.run([Path(sys.argv[1])], None))
"""
FINDER = """
application = app.window.viewer.Application([])
application.sendEvent(application, QFileOpenEvent(QUrl.fromLocalFile(sys.argv[1])))
QTimer.singleShot(0, lambda: application.sendEvent(application, QFileOpenEvent(QUrl.fromLocalFile(sys.argv[2]))))
close_when(application, is_titled("scan 0.png", "(1 of 2)"))
print(app.window.viewer.run([], None))
"""
FIRST = """
application = app.window.viewer.Application([])
app.desktop.arrivals.TOGETHER_S = 60  # however slowly the others start here
close_when(application, is_titled("scan 0.png", "(1 of 3)"))
print("ready", flush=True)
sys.exit(cli.run(["view", sys.argv[1]]))
"""


@pytest.fixture
def surroundings(tmp_path) -> Iterator[dict[str, str]]:
    """A home and a runtime folder of its own; the path of a socket must be short."""
    runtime = tempfile.mkdtemp(prefix="cairn-test-")
    yield {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": runtime,
        "PYTHONPATH": str(ROOT),
    }
    shutil.rmtree(runtime)


@pytest.fixture
def scans(tmp_path) -> list[Path]:
    paths = [tmp_path / "Müller" / f"scan {number}.png" for number in range(3)]
    for path in paths:
        write_image(make_image(), path)
    return paths


def viewer(script: str, *arguments: Path, surroundings: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=surroundings,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_window_opens_shows_the_image_and_closes(scans, surroundings):
    shown = viewer(SHOW, scans[0], surroundings=surroundings)
    assert shown == ["True (80, 60) scan 0.png[*] – Cairn", "0"]


def test_files_from_the_finder_are_opened_before_and_after_the_window_is_there(scans, surroundings):
    shown = viewer(FINDER, *scans[:2], surroundings=surroundings)
    assert shown == ["True (80, 60) scan 0.png (1 of 2)[*] – Cairn", "0"]


@pytest.mark.skipif(sys.platform == "win32", reason="looks for the socket as a file")
def test_later_starts_hand_their_files_to_the_first_window(scans, surroundings):
    """As Windows does with several files: a process for each, at about the same time."""
    command = [sys.executable, "-c", WATCHED + FIRST, str(scans[0])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings
    ) as first:
        assert first.stdout.readline() == "ready\n"
        cairn = [sys.executable, "-c", "from app.commands.cli import main; main()"]
        others = [subprocess.Popen([*cairn, str(path)], env=surroundings, stderr=subprocess.PIPE) for path in scans[1:]]
        try:
            errors = [other.communicate(timeout=60)[1] for other in others]
            output, error = first.communicate(timeout=60)
        finally:
            for process in (first, *others):
                process.kill()
    assert [other.returncode for other in others] == [0, 0]
    assert first.returncode == 0, error
    assert b"Traceback" not in b"".join(errors)
    shown = [line for line in output.splitlines() if line]
    assert len(shown) == 1
    assert "(1 of 3)" in shown[0]
    assert list(Path(surroundings["XDG_RUNTIME_DIR"]).iterdir()) == []


def test_importing_the_viewer_imports_no_torch():
    script = "import sys, app.window.viewer; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"


def test_a_wrong_model_is_told_before_there_is_a_window(qapp, tmp_path):
    with pytest.raises(ModelFileError):
        make_window(tmp_path / "missing.pt")


def test_a_window_comes_back_from_the_task_bar(empty_window, monkeypatch):
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    empty_window.showMinimized()
    empty_window.bring_to_front("token")
    assert not empty_window.windowState() & Qt.WindowState.WindowMinimized
    assert os.environ.pop("XDG_ACTIVATION_TOKEN") == "token"
