"""What a slice view keeps and hides when images follow each other."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QLabel

from app.desktop import theme
from core.images.file import write_image
from tests.support.hand import screen, wheel
from tests.support.viewer_fixtures import make_image


@pytest.fixture
def next_scans(tmp_path):
    paths = [tmp_path / "b.png", tmp_path / "c.png"]
    for path, shape in zip(paths, [(80, 60), (90, 60)], strict=True):
        write_image(make_image(shape), path)
    return paths


def show(window, path, qtbot):
    controller = window.controller
    controller.open_paths([path])
    qtbot.waitUntil(lambda: controller.document.image.source.path == path and not controller.jobs.busy)
    window.viewer.bring_up_to_date()


def test_zoom_and_position_stay_for_an_image_of_the_same_size_and_others_are_fitted(window, next_scans, qtbot):
    same, larger = next_scans
    view = window.slice_view
    fitted = view.screen_map()
    wheel(window, screen(window, "Nasion"), 6)
    view.pan(2, 3)
    zoomed = view.screen_map()
    assert zoomed.scale[0] > 2 * fitted.scale[0]
    show(window, same, qtbot)
    assert np.allclose(view.screen_map().scale, zoomed.scale)
    assert np.allclose(view.screen_map().origin, zoomed.origin)
    show(window, larger, qtbot)
    corners = view.screen_map().to_screen([[-0.5, -0.5], [59.5, 89.5]])
    assert (corners >= -0.5).all()
    assert (corners <= [view.width() + 0.5, view.height() + 0.5]).all()
    show(window, same, qtbot)
    assert np.allclose(view.screen_map().scale, fitted.scale)


def test_a_fitted_view_stays_fitted(window, next_scans, qtbot):
    fitted = window.slice_view.screen_map()
    show(window, next_scans[0], qtbot)
    assert window.slice_view.screen_map() == fitted


def test_while_another_image_is_opened_nothing_of_the_last_one_is_seen(window, qtbot):
    state, viewer = window.controller.view_state, window.viewer
    cover = viewer.findChild(QLabel, "cover")
    state.opening = "b.png"
    assert not cover.isVisible()  # what opens at once needs no dark moment
    qtbot.waitUntil(cover.isVisible)
    assert cover.text() == "Opening b.png…"
    assert cover.rect() == QRect(QPoint(0, 0), viewer.size())
    picture = viewer.grab().toImage()
    seen = {picture.pixelColor(x, y).name() for x in range(60) for y in range(0, picture.height(), 3)}
    assert seen == {theme.CANVAS}
    state.opening = ""
    assert not cover.isVisible()


def test_an_image_that_opens_at_once_is_never_covered(window, qtbot):
    window.controller.view_state.opening = "b.png"
    window.controller.view_state.opening = ""
    qtbot.wait(200)
    assert not window.viewer.findChild(QLabel, "cover").isVisible()


def test_no_gesture_reaches_an_image_that_is_about_to_go(window):
    before = window.slice_view.screen_map()
    window.controller.view_state.opening = "b.png"
    wheel(window, QPoint(100, 100), 4)
    assert window.slice_view.screen_map() == before
    window.controller.view_state.opening = ""
    wheel(window, QPoint(100, 100), 4)
    assert window.slice_view.screen_map() != before
