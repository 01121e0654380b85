"""How fast a large volume is scrolled: each round moves the crosshair and draws the three planes offscreen.

    CAIRN_BENCH_SHAPE=800,512,512 .venv/bin/python -m pytest tests/benchmarks/bench_scrolling.py

The shape is that of the array (z, y, x), int16; without the variable a small one is taken, which only shows that it runs.
``OPS`` of the report is frames a second. `test_scroll_all` is the hard case, Shift with the mouse: all three slices
change in every frame. In `test_scroll_one` one does, as with the wheel. The oblique volume is resampled.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from app.session.controller import Controller
from app.session.view_state import ViewState
from app.window.main_window import MainWindow
from core.geometry.planes import Orientation
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks
from tests.support.viewer_fixtures import Answers

SHAPE = tuple(int(length) for length in os.environ.get("CAIRN_BENCH_SHAPE", "96,64,64").split(","))
LANDMARKS = 45


def make_volume(*, oblique: bool) -> Image:
    """Make noise on a ramp in int16, axis-aligned or rotated about two axes."""
    rng = np.random.default_rng(0)
    voxels = np.empty(SHAPE, np.int16)
    for row, plane in enumerate(voxels):
        plane[:] = rng.integers(-200, 200, SHAPE[1:], dtype=np.int16) + 1000 * row // SHAPE[0]
    grid = Grid.from_spacing(SHAPE, (0.6, 0.45, 0.45), (-100, -100, 50))
    if oblique:
        a, b = 0.3, 0.2
        about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        matrix = grid.mm_from_index.copy()
        matrix[:3, :3] = about_z @ about_x @ matrix[:3, :3]
        grid = Grid(SHAPE, matrix)
    return Image(voxels, grid, ImageSource(Path("volume.nii.gz"), modality="CT"))


@pytest.fixture(scope="module", params=["aligned", "oblique"])
def volume(request: pytest.FixtureRequest) -> Image:
    return make_volume(oblique=request.param == "oblique")


@pytest.fixture
def window(volume: Image, qtbot):
    window = MainWindow(Controller(Answers()))
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    points_index = np.random.default_rng(1).uniform(0, np.asarray(SHAPE) - 1, (LANDMARKS, 3))
    names = tuple(f"Landmark {number}" for number in range(LANDMARKS))
    window.controller.view_state.begin(volume)
    window.controller.document.set_image(volume, Landmarks(names, volume.grid.to_mm(points_index)), None)
    qtbot.waitUntil(lambda: all(view.isVisible() for view in window.viewer.views.values()))
    window.controller.editor.select(names[0])
    qtbot.waitUntil(lambda: not window.controller.jobs.busy)
    yield window
    window.controller.jobs.shut_down()


def draw(window: MainWindow) -> None:
    window.viewer.bring_up_to_date()
    for view in window.viewer.views.values():
        view.grab()


def crosshairs(image: Image, count: int) -> list[tuple[float, ...]]:
    """Points on the way from one corner of the volume to the other, through its middle half."""
    ways = np.linspace(0.25, 0.75, count)[:, None]
    return [tuple(point) for point in image.grid.to_mm(ways * (np.asarray(image.grid.shape) - 1)).tolist()]


def test_scroll_all(benchmark, window, volume):
    state: ViewState = window.controller.view_state
    points_mm = crosshairs(volume, 60)
    frame = iter(range(10**9))

    def scroll() -> None:
        state.crosshair_mm = points_mm[next(frame) % len(points_mm)]
        draw(window)

    benchmark.pedantic(scroll, rounds=60, warmup_rounds=3)


@pytest.mark.parametrize("orientation", list(Orientation))
def test_scroll_one(benchmark, window, orientation):
    frame = iter(range(10**9))

    def scroll() -> None:
        window.controller.navigator.scroll(orientation, 1 if next(frame) // 40 % 2 else -1)
        draw(window)

    benchmark.pedantic(scroll, rounds=60, warmup_rounds=3)
