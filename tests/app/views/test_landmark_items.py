import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from app.views.glyphs import Glyph
from app.views.landmark_items import GLYPH_RADIUS, LandmarkLayer
from app.views.slice_layer import ScreenMap
from core.values.landmarks import Status


def painted(status, origin) -> QImage:
    """The glyph of one landmark in the middle of a picture of 41 × 41 px."""
    layer = LandmarkLayer(ScreenMap)
    layer.set_area(QRectF(0, 0, 41, 41))
    layer.set_glyphs([Glyph("a", "a", (20.0, 20.0), status, origin)], show_labels=False)
    picture = QImage(41, 41, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    layer.paint(painter, None)
    painter.end()
    return picture


def is_drawn(picture: QImage, x: int, y: int) -> bool:
    """Whether there is more than a shade."""
    colour = picture.pixelColor(x, y)
    return colour.alphaF() > 0.5 and colour.lightnessF() > 0.3


@pytest.mark.parametrize("status", [Status.CORRECTED, Status.CONFIRMED])
def test_a_diamond_is_a_corrected_position_also_once_it_is_confirmed(qapp, status):
    top = round(20 - 1.25 * GLYPH_RADIUS)
    assert is_drawn(painted(status, Status.CORRECTED), 20, top)
    assert not is_drawn(painted(status, Status.PREDICTED), 20, top)
    corner = round(20 - GLYPH_RADIUS)
    assert is_drawn(painted(status, Status.PLACED), corner, corner)
    assert not is_drawn(painted(status, Status.CORRECTED), corner, corner)


def test_only_a_confirmed_landmark_has_a_tick(qapp):
    for origin in (Status.PREDICTED, Status.CORRECTED, Status.PLACED):
        assert painted(origin, origin).pixelColor(29, 22).alpha() == 0
        assert painted(Status.CONFIRMED, origin).pixelColor(29, 22).alpha() > 100
