import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import core.models.file
from app.desktop.arrivals import Arrivals
from app.session import localization
from app.session.localization import describe_device, localize_image, warm_up
from app.window import viewer
from core.base.errors import Cancelled, ModelFileError
from core.images.file import read_image
from tests.support.model_fixtures import write_tiny_image, write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


@pytest.fixture
def loaded(monkeypatch) -> list[Path]:
    """The models that were loaded from their files, each time slowly."""
    paths: list[Path] = []
    load = core.models.file.load_model

    def slowly(path: Path) -> object:
        paths.append(path)
        time.sleep(0.1)
        return load(path)

    monkeypatch.setattr(core.models.file, "load_model", slowly)
    localization._loaded_model.cache_clear()
    yield paths
    localization._loaded_model.cache_clear()


def never() -> bool:
    return False


def said(*_: object) -> None:
    pass


def test_what_was_warmed_up_is_not_loaded_again(model, loaded, tmp_path):
    """Also where the image comes while the model is being loaded."""
    image = read_image(write_tiny_image(tmp_path / "scan.png"))
    with ThreadPoolExecutor(2) as pool:
        warming = pool.submit(warm_up, model, progress=said, should_stop=never)
        finding = pool.submit(localize_image, image, model, progress=said, should_stop=never)
        warming.result()
        assert finding.result().landmarks.names
    assert loaded == [model]


def test_warming_up_without_a_model_loads_none(loaded):
    warm_up(None, progress=said, should_stop=never)
    assert loaded == []


def test_warming_up_ends_where_it_is_not_wanted_any_more(model, loaded):
    warm_up(model, progress=said, should_stop=lambda: True)
    assert loaded == []


def test_what_is_wrong_with_a_model_is_told_when_it_is_needed(tmp_path, loaded):
    image = read_image(write_tiny_image(tmp_path / "scan.png"))
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no model")
    for path in (broken, tmp_path / "missing.pt"):
        warm_up(path, progress=said, should_stop=never)
        with pytest.raises(ModelFileError):
            localize_image(image, path, progress=said, should_stop=never)


def test_cancelling_while_the_model_is_loaded(model, loaded, tmp_path):
    image = read_image(write_tiny_image(tmp_path / "scan.png"))
    with pytest.raises(Cancelled):
        localize_image(image, model, progress=said, should_stop=lambda: True)


def test_cancelling_while_another_one_loads_the_model(model, loaded, tmp_path):
    image, stop = read_image(write_tiny_image(tmp_path / "scan.png")), threading.Event()
    with ThreadPoolExecutor(1) as pool, localization._LOADING:
        waiting = pool.submit(localize_image, image, model, progress=said, should_stop=stop.is_set)
        stop.set()
        with pytest.raises(Cancelled):
            waiting.result(timeout=10)
    assert loaded == []


def test_the_device_is_told():
    assert describe_device().startswith("The networks run on the ")


class GatedWarmUp:
    """Stands in for warming up: waits until it is told to stop, as the import of torch cannot."""

    def __init__(self) -> None:
        self.models: list[Path | None] = []
        self.started = threading.Event()
        self.heard = False

    def __call__(self, model, *, progress, should_stop) -> None:
        self.models.append(model)
        self.started.set()
        deadline = time.monotonic() + 10
        while not should_stop() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.heard = should_stop()


@pytest.fixture
def gated(monkeypatch) -> GatedWarmUp:
    stand_in = GatedWarmUp()
    monkeypatch.setattr(viewer, "warm_up", stand_in)
    return stand_in


def test_closing_while_it_warms_up_hides_the_window_at_once_and_leaves_nothing_running(empty_window, gated, qtbot):
    viewer._warm_up(empty_window, None, is_reading=False)
    qtbot.waitUntil(gated.started.is_set)
    seen = []
    empty_window.closing.connect(lambda: seen.append(gated.heard))
    assert empty_window.close()
    assert seen == [False]  # later starts are turned away before anything is waited for
    assert gated.heard
    assert not empty_window.controller.jobs.busy


def test_it_warms_up_a_little_after_the_start(empty_window, gated, qtbot, monkeypatch):
    monkeypatch.setattr(viewer, "WARM_UP_AFTER_MS", 50)
    viewer._begin(Arrivals(), empty_window, [], None)
    assert not empty_window.controller.jobs.busy
    qtbot.waitUntil(gated.started.is_set)
    empty_window.controller.jobs.shut_down()


def test_the_model_that_is_loaded_is_the_given_or_the_likely_one_or_that_of_the_image(
    empty_window, gated, model_path, qtbot
):
    for model, is_reading in ((None, False), (None, True), (model_path, True)):
        viewer._warm_up(empty_window, model, is_reading=is_reading)
    qtbot.waitUntil(lambda: len(gated.models) == 3)
    names = [path.name for path in gated.models if path is not None]
    assert len(names) == 2
    assert model_path.name in names
    assert any(name.startswith("cephalometric") for name in names)
    empty_window.controller.jobs.shut_down()


def test_with_an_image_there_is_nothing_to_warm_up(window, gated, qtbot):
    viewer._warm_up(window, None, is_reading=True)
    assert not window.controller.jobs.busy
    assert gated.models == []
