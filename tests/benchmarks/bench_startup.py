"""How long a person waits for the window, and for the landmarks of the first image.

    .venv/bin/python tests/benchmarks/bench_startup.py [--runs 7] [--image FILE] [--empty]

Starts ``cairn FILE`` in a fresh process, offscreen unless QT_QPA_PLATFORM says otherwise, and prints the seconds from the start
of the process to the window's first painting, to the image on the screen and to its landmarks: each run, the medians, and the
medians of the processor time used until then, which say more where the computer has other work. With ``--empty`` it starts
``cairn`` without a file and opens the image, as a drop would, once there were 5 s to warm up.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "assets" / "samples" / "cephalogram.png"
IDLE_MS = 5000

WATCHED_START = """
import json, sys, time
from pathlib import Path

started, image, idle_ms = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = {}

def note(milestone):
    seen.setdefault(milestone, (time.time() - started, time.process_time()))

from app.commands import cli
import app.window.viewer
from PySide6.QtCore import QEvent, QObject, QTimer

class FirstPainting(QObject):
    def eventFilter(self, widget, event):
        if event.type() is QEvent.Type.Paint:
            QTimer.singleShot(0, widget, lambda: note("window"))
        return False

make_window = app.window.viewer.make_window

def watched_window(*arguments):
    window = make_window(*arguments)
    window.painting = FirstPainting()
    window.statusBar().installEventFilter(window.painting)
    document = window.controller.document

    def open_image():
        note("opened")
        window.controller.open_paths([Path(image)])

    def predicted():
        if document.prediction is not None:
            note("landmarks")
            QTimer.singleShot(0, window, window.close)

    document.image_changed.connect(lambda: note("image"))
    document.prediction_changed.connect(predicted)
    if idle_ms:
        QTimer.singleShot(idle_ms, window, open_image)
    return window

app.window.viewer.make_window = watched_window
code = cli.run(["view", "--new-window", *([] if idle_ms else [image])])
note("end")
print(json.dumps(seen))
sys.exit(code)
"""


def start_once(image: Path, idle_ms: int) -> dict[str, tuple[float, float]]:
    """Start the viewer, wait for landmarks, close it; return the seconds to each milestone, of clock and processor."""
    with tempfile.TemporaryDirectory() as home:  # with a person's own settings it would measure another window
        own = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "APPDATA": home, "LOCALAPPDATA": home}
        done = subprocess.run(
            [sys.executable, "-c", WATCHED_START, str(time.time()), str(image), str(idle_ms)],
            cwd=ROOT, env={"QT_QPA_PLATFORM": "offscreen", **os.environ, **own}, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--image", type=Path, default=SAMPLE)
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()
    milestones = ["window", *(["opened"] if options.empty else []), "image", "landmarks", "end"]
    sys.stdout.write("".join(f"{name:>11}" for name in ("run", *milestones)) + "   (s from the start of the process)\n")
    runs = []
    start_once(options.image, IDLE_MS if options.empty else 0)  # the files come into the system's cache
    for number in range(options.runs):
        runs.append(start_once(options.image, IDLE_MS if options.empty else 0))
        sys.stdout.write(f"{number + 1:>11}" + "".join(f"{runs[-1][name][0]:>11.2f}" for name in milestones) + "\n")
    for which, heading in enumerate(("median", "processor")):
        medians = [statistics.median(run[name][which] for run in runs) for name in milestones]
        sys.stdout.write(f"{heading:>11}" + "".join(f"{median:>11.2f}" for median in medians) + "\n")


if __name__ == "__main__":
    main()
