"""The picture of a superimposition, by its pixels: colours, arrows, the later image over the earlier, zoom, and the file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.session.moments import Film
from app.session.superimposed_picture import SuperimposedPicture, picture_of
from app.views.superimposition_painting import (
    EARLIER_COLOUR,
    LARGEST_SIDE_PX,
    LATER_COLOUR,
    Frame,
    Look,
    png_of,
    way_text,
)
from app.views.superimposition_view import SuperimpositionView
from core.measuring.comparison import Moment, compare
from core.measuring.registration import By, Registration
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from tests.support.superimposing_fixtures import EARLIER, found_by_model, grown

SN = Registration(By.LINE, ("Sella", "Nasion"))


def flat(value: int, shape=(80, 60)) -> Image:
    """Make an image of one grey, with a black corner and a white one that settle the levels."""
    voxels = np.full(shape, value, np.uint8)
    voxels[:8, :8], voxels[-8:, -8:] = 0, 255
    return Image(voxels, Grid.from_spacing(shape, 1.0), ImageSource(Path("a.png")))


def picture(earlier: Image | None = None, later: Image | None = None, radius_mm: float = 0.2) -> SuperimposedPicture:
    films = (
        Film("a", Moment(found_by_model(EARLIER, radius_mm)), earlier),
        Film("b", Moment(found_by_model(grown(), radius_mm)), later),
    )
    made = picture_of(films, compare(films[0].moment, films[1].moment, SN), None)
    assert made is not None
    return made


@pytest.fixture
def view(qtbot):
    made = SuperimpositionView()
    qtbot.addWidget(made)
    made.resize(600, 800)
    made.show()
    return made


def pixels_of(view: SuperimpositionView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return bits[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def place(view: SuperimpositionView, point) -> tuple[int, int]:
    """Return row and column of a point of the plane on the screen."""
    x, y = view.frame.to_screen(np.asarray(point, dtype=float)).tolist()
    return round(y), round(x)


def rgb(colour: str) -> list[int]:
    return list(QColor(colour).getRgb()[:3])


def test_landmarks_of_both_are_drawn_in_their_colours(view):
    shown = picture(flat(90), flat(90))
    view.show_picture(shown)
    pixels = pixels_of(view)
    menton = next(way for way in shown.ways if way.name == "Menton")
    row, column = place(view, menton.ends[1])
    assert pixels[row, column].tolist() == pytest.approx(rgb(LATER_COLOUR), abs=12)  # filled
    row, column = place(view, menton.ends[0])
    ring = pixels[row, column - 6 : column + 7].astype(int)
    assert np.abs(ring - rgb(EARLIER_COLOUR)).sum(axis=1).min() < 60  # hollow


def test_the_later_image_lies_over_the_earlier_as_far_as_it_is_wanted(view):
    shown = picture(flat(60), flat(200))
    view.show_picture(shown)
    view.fit()
    where = place(view, (30.0, 40.0))
    without = int(pixels_of(view)[where][0])
    view.set_look(Look(1.0))
    whole = int(pixels_of(view)[where][0])
    view.set_look(Look(0.5))
    half = int(pixels_of(view)[where][0])
    assert without == pytest.approx(60, abs=4)
    assert whole == pytest.approx(200, abs=4)
    assert half == pytest.approx(130, abs=5)


def test_an_arrow_leads_from_the_earlier_to_the_later_position(view):
    shown = picture()
    view.show_picture(shown)
    menton = next(way for way in shown.ways if way.name == "Menton")
    row, column = place(view, menton.ends.mean(axis=0))
    near = pixels_of(view)[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3)
    assert near.min(axis=1).max() > 200  # something white is on the way


def test_tracings_and_labels_can_be_left_out(view):
    view.show_picture(picture())
    with_labels = pixels_of(view)
    view.set_look(Look(labels=False))
    assert (pixels_of(view) != with_labels).any()


def test_the_measurement_and_the_landmark_that_are_picked_stand_out(view):
    shown = picture()
    line = EARLIER.subset(("Nasion", "Gonion")).points_mm
    shown = replace(shown, measured={"own": ((line,), ())})
    view.show_picture(shown)
    where = place(view, line[0] + 0.3 * (line[1] - line[0]))
    assert pixels_of(view)[where].max() < 60
    view.set_look(Look(measurement="own"))
    assert pixels_of(view)[where].max() > 200
    menton = next(way for way in shown.ways if way.name == "Menton")
    row, column = place(view, menton.ends[1])
    beside = row + 7, column
    before = pixels_of(view)[beside]
    view.set_look(Look(landmark="Menton"))
    assert (pixels_of(view)[beside] != before).any()


def test_a_landmark_that_has_stayed_has_a_name_only():
    shown = picture()
    texts = [way_text(way, shown) for way in shown.ways]
    assert texts == ["Sella", "Nasion", "Menton  3.2 mm", "Gonion"]
    assert way_text(shown.ways[2], replace(shown, decimals=2)) == "Menton  3.16 mm"


def wheel(view: SuperimpositionView, at: QPointF, steps: int) -> None:
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_the_wheel_enlarges_around_the_mouse_and_a_drag_moves(view, qtbot):
    view.show_picture(picture(flat(90)))
    at = QPointF(200, 500)
    inverse = np.linalg.inv(view.frame.screen_from_plane)
    before = inverse @ [at.x(), at.y(), 1]
    scale = view.frame.scale
    wheel(view, at, 3)
    assert view.frame.scale > 1.5 * scale
    np.testing.assert_allclose(view.frame.to_screen(before[:2]), [at.x(), at.y()], atol=1e-6)
    shown = view.frame.to_screen(before[:2])
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 500))
    qtbot.mouseMove(view, QPoint(230, 480))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(230, 480))
    np.testing.assert_allclose(view.frame.to_screen(before[:2]), np.add(shown, [30, -20]), atol=1e-6)
    zoomed = view.frame.scale
    view.show_picture(picture(flat(91)))  # the same place: what was enlarged stays so
    assert view.frame.scale == zoomed
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    corners = view.frame.to_screen(np.array([[-0.5, -0.5], [59.5, 79.5]]))
    assert corners.min() >= -1e-6  # all of the image
    assert corners[1, 1] <= 800 + 1e-6
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert view.frame.scale == pytest.approx(scale)


def test_without_a_picture_a_sentence_stands_there(view):
    view.show_picture(None, "Choose the other image.")
    assert len(np.unique(pixels_of(view).reshape(-1, 3), axis=0)) > 5
    assert view.picture is None


def test_a_frame_shows_all_of_the_bounds_in_the_middle():
    frame = Frame.fitting(np.array([10.0, 20.0, 110.0, 220.0]), 400, 400)
    assert frame.scale == 2
    np.testing.assert_allclose(
        frame.to_screen(np.array([[10, 20], [110, 220], [60, 120]])), [[100, 0], [300, 400], [200, 200]]
    )


def test_the_file_has_the_pixels_of_the_earlier_image_within_bounds(qapp):
    def size(shape) -> tuple[int, int]:
        read = QImage.fromData(png_of(picture(flat(90, shape)), Look()), "PNG")
        return read.width(), read.height()

    assert size((1000, 900)) == (900, 1000)
    assert size((80, 60)) == (600, 800)  # enlarged, so that it can be read
    assert max(size((9000, 100))) == LARGEST_SIDE_PX
    drawn = QImage.fromData(png_of(picture(), Look()), "PNG")
    assert max(drawn.width(), drawn.height()) == 800
    assert not drawn.isGrayscale()


def test_a_way_shorter_than_its_radius_is_pale(view):
    sure, unsure = picture(radius_mm=0.1), picture(radius_mm=5.0)
    menton = next(way for way in unsure.ways if way.name == "Menton")
    assert menton.beyond_error is False
    assert menton.radius > menton.length
    view.show_picture(replace(sure, ways=tuple(replace(way, radius=float("nan")) for way in sure.ways)))
    certain = pixels_of(view)
    faint = tuple(replace(way, radius=float("nan"), beyond_error=False) for way in sure.ways)
    view.show_picture(replace(sure, ways=faint))
    row, column = place(view, menton.ends.mean(axis=0))
    area = np.s_[row - 3 : row + 4, column - 3 : column + 4]
    assert pixels_of(view)[area].max() < certain[area].max()
