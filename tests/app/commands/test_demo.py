import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from app.commands.demo import landmark_table, write_sample
from core.landmark_files.file import read_landmarks
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from tests.support.viewer_fixtures import make_image, make_prediction

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("spacing_mm", [None, 0.5])
def test_sample_is_written_and_shown(tmp_path, capsys, spacing_mm):
    sample = write_tiny_image(tmp_path / "sample.png", spacing_mm=spacing_mm)
    model = write_tiny_model(tmp_path / "tiny.pt")
    write_sample(sample, model, tmp_path / "demo")
    shown = capsys.readouterr().out
    landmarks = read_landmarks(tmp_path / "demo" / "landmarks.csv")
    for name in landmarks.names:
        assert name in shown
    assert ("spread, mm" if spacing_mm else "spread, px") in shown
    assert str(tmp_path / "demo" / "landmarks.csv") in shown
    assert str(tmp_path / "demo" / "overlay.png") in shown
    with PilImage.open(tmp_path / "demo" / "overlay.png") as picture:
        assert max(picture.size) == 800


def test_the_table_of_a_calibrated_model_has_its_radii():
    image = make_image(spacing_known=True)
    prediction = make_prediction(image, absent=("Gonion",))
    radii_mm = np.array([1.234, 2, 3, 4], np.float32)
    table = landmark_table(replace(prediction, landmarks=replace(prediction.landmarks, radius_mm=radii_mm)), image)
    assert table.columns[-1].header == "radius (90 %), mm"
    assert list(table.columns[-1].cells) == ["1.23", "2.00", "3.00", "–"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize(
    ("display", "told"),
    [
        ({}, ""),
        ({"DISPLAY": ":987"}, "demo: The display :987 cannot be reached."),
        ({"QT_QPA_PLATFORM": "offscreen"}, ""),
    ],
)
def test_demonstration_without_a_display(tmp_path, display, told):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.commands.demo"],
        cwd=tmp_path,
        env={**environment, **display, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == bool(told)
    assert "Sella" in done.stdout
    assert len(read_landmarks(tmp_path / "demo" / "landmarks.csv")) == 19
    assert (tmp_path / "demo" / "overlay.png").stat().st_size > 10_000
