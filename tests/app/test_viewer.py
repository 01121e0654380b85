import os
import subprocess
import sys

import pytest

from app.viewer import make_window
from core.errors import ModelFileError

SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
import app.viewer

application = app.viewer.Application([])

def look():
    (window,) = [w for w in application.topLevelWidgets() if type(w).__name__ == "MainWindow"]
    if window.controller.document.image is None:
        return
    timer.stop()
    print(window.isVisible(), window.controller.document.image.voxels.shape)
    window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
print(app.viewer.run([Path(sys.argv[1])], None))
"""


def test_the_window_opens_shows_the_image_and_closes(scan, tmp_path):
    elsewhere = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(scan)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=elsewhere,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "True (80, 60)"
    assert done.stdout.splitlines()[1] == "0"


def test_importing_the_viewer_imports_no_torch():
    script = "import sys, app.viewer; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"


def test_a_wrong_model_is_told_before_there_is_a_window(qapp, tmp_path):
    with pytest.raises(ModelFileError):
        make_window(tmp_path / "missing.pt")
