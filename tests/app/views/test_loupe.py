from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.views.loupe import GAP, LEAST_RADIUS, RADIUS, loupe_centre, radius_in, times_in
from app.views.slice_layer import ScreenMap
from core.values.image import Image
from tests.support.hand import LEFT, NO_KEY, drag, middle_of_loupe, screen


@pytest.mark.parametrize("size", [(120, 130), (300, 200), (1366, 600)])
def test_wherever_the_landmark_is_the_loupe_is_whole_and_does_not_cover_it(size):
    area = np.array(size, dtype=float)
    radius = radius_in(*size)
    assert LEAST_RADIUS <= radius <= RADIUS
    for part in product(np.linspace(0, 1, 9), repeat=2):
        point = area * part
        centre = loupe_centre(point, radius, area)
        assert np.linalg.norm(centre - point) >= radius + GAP - 1e-6
        assert (centre - radius >= -1e-6).all()
        assert (centre + radius <= area + 1e-6).all()


def test_a_landmark_beside_the_view_has_its_loupe_at_the_edge():
    area = np.array([400.0, 300.0])
    for point in ((-50, 100), (450, 320), (200, -900)):
        centre = loupe_centre(np.array(point, dtype=float), RADIUS, area)
        assert ((centre >= RADIUS - 1e-6) & (centre <= area - RADIUS + 1e-6)).all()


def test_a_view_too_small_for_one_has_none():
    assert radius_in(80, 600) is None


def test_what_is_large_already_is_enlarged_less():
    assert times_in(ScreenMap(scale=(0.25, 0.25))) == 4
    assert times_in(ScreenMap(scale=(2.0, 2.0))) == pytest.approx(4 / np.sqrt(2))
    assert times_in(ScreenMap(scale=(30.0, 30.0))) == 2


def grey_at(view, place: QPoint) -> int:
    picture = view.grab().toImage()
    ratio = picture.devicePixelRatio()
    return picture.pixelColor(round(place.x() * ratio), round(place.y() * ratio)).red()


def with_one_white_pixel(controller, row: int, column: int) -> None:
    """Make the image black, with one pixel that only a loupe in the right place shows in its middle."""
    image = controller.document.image
    voxels = np.zeros_like(image.voxels)
    voxels[row, column] = 255
    controller.document.set_image(Image(voxels, image.grid, image.source), controller.document.landmarks, None)
    controller.view_state.levels = (0.0, 255.0)


@pytest.fixture
def dragging(window, qtbot):
    """Sella, which is being dragged exactly onto the one white pixel; the button is still down."""
    with_one_white_pixel(window.controller, 40, 30)
    window.viewer.bring_up_to_date()
    target = QPoint(*(round(value) for value in window.slice_view.screen_map().to_screen((30, 40))))
    drag(window, screen(window, "Sella"), target, release=False)
    window.viewer.bring_up_to_date()
    yield window, target
    QTest.mouseRelease(window.slice_view.viewport(), LEFT, NO_KEY, target)


def test_the_middle_of_the_loupe_shows_the_pixel_under_the_landmark(dragging):
    window, target = dragging
    view = window.slice_view
    assert window.controller.view_state.dragged == "Sella"
    middle = middle_of_loupe(view, target)
    assert grey_at(view, middle) > 200
    reach = times_in(view.screen_map()) * view.screen_map().scale[0]
    beside = middle + QPoint(round(0.75 * reach), round(0.75 * reach))  # the next pixel, diagonally: black
    assert grey_at(view, beside) < 60


def test_it_follows_the_inverted_grey_values(dragging):
    window, target = dragging
    window.controller.view_state.inverted = True
    assert grey_at(window.slice_view, middle_of_loupe(window.slice_view, target)) < 60


@pytest.mark.parametrize("end", ["release", "escape"])
def test_it_is_there_only_during_the_drag(dragging, end):
    window, target = dragging
    view, middle = window.slice_view, middle_of_loupe(window.slice_view, target)
    if end == "release":
        QTest.mouseRelease(view.viewport(), LEFT, NO_KEY, target)
    else:
        QTest.keyClick(view, Qt.Key.Key_Escape)
    assert window.controller.view_state.dragged is None
    assert grey_at(view, middle) < 60


def test_it_can_be_switched_off_and_stays_so(dragging):
    window, target = dragging
    window.actions_by_id["view.loupe"].trigger()
    assert grey_at(window.slice_view, middle_of_loupe(window.slice_view, target)) < 60
    assert window.settings.flag("view/show_loupe", default=True) is False
