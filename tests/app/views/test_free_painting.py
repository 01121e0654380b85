"""Where distances and angles are on the screen: their numbers, and what of them is under the mouse."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app.desktop import theme
from app.session.free_measuring import Handle
from app.session.free_rows import FreeDrawing
from app.views.free_painting import FreeShape, handle_at, paint_free

AREA = QRectF(0, 0, 200, 150)


def shape(*points, uuid="u", text="12.3 mm", selected=False, arc=None):
    places = np.array(points, dtype=float)
    return FreeShape(FreeDrawing(uuid, places, text, selected), places, arc)


def painted(shapes, **named):
    picture = QImage(200, 150, QImage.Format.Format_RGB32)
    picture.fill(0)
    painter = QPainter(picture)
    paint_free(painter, shapes, AREA, **named)
    painter.end()
    return np.frombuffer(picture.constBits(), np.uint8).reshape(150, 200, 4)[..., 2::-1].astype(int)


def near(pixels, name, tolerance=30):
    colour = theme.colour(name)
    return np.abs(pixels - [colour.red(), colour.green(), colour.blue()]).max(axis=-1) < tolerance


def test_points_come_before_lines_and_what_lies_above_before_the_rest():
    below = shape((10, 10), (110, 10), uuid="below")
    above = shape((10, 12), (10, 100), uuid="above")
    assert handle_at([below, above], (10, 11)) == Handle("above", 0)
    assert handle_at([below, above], (110, 14)) == Handle("below", 1)
    assert handle_at([below, above], (60, 13)) == Handle("below", None)
    assert handle_at([below, above], (60, 30)) is None
    assert handle_at([below, above], (130, 10)) is None


def test_what_is_being_drawn_cannot_be_taken_hold_of():
    assert handle_at([shape((10, 10), (110, 10), uuid="")], (10, 10)) is None


def test_a_point_without_a_line_is_painted_and_found(qapp):
    alone = shape((50, 50), text="")
    assert handle_at([alone], (50, 50)) == Handle("u", 0)
    assert near(painted([alone]), theme.FREE).sum() > 10


def test_the_number_stands_beside_the_line_and_within_the_view(qapp):
    def rows_of_text(y):
        bare, told = (painted([shape((20, y), (180, y))], show_texts=told) for told in (False, True))
        return np.flatnonzero((bare != told).any(axis=(1, 2)))

    middle = rows_of_text(100)
    assert middle.size
    assert middle.min() > 70
    assert middle.max() < 99, "above the line"
    edge = rows_of_text(3)
    assert edge.size
    assert edge.min() >= 0


def test_the_selected_one_is_told_even_where_labels_are_off(qapp):
    bare = painted([shape((20, 100), (180, 100))], show_texts=False)
    selected = painted([shape((20, 100), (180, 100), selected=True)], show_texts=False)
    assert (bare[70:95] != selected[70:95]).any()


def test_the_arc_of_an_angle_is_painted(qapp):
    arc = np.array([(60.0, 100.0), (58.0, 92.0), (50.0, 88.0)])
    drawn = shape((120, 100), (40, 100), (40, 30), text="90.0°", arc=arc)
    assert near(painted([drawn])[84:98, 48:64], theme.FREE).any()
