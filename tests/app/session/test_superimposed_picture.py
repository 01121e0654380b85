"""What is drawn of a superimposition: where pixels, tracings and landmarks of both images come to lie, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.session.moments import Film
from app.session.superimposed_picture import picture_of
from core.geometry.shapes import transform_points
from core.measuring.comparison import PX, Moment, compare
from core.measuring.file import parse_analysis
from core.measuring.registration import By, Registration
from core.values.grid import Grid
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks
from tests.support.measuring_fixtures import OWN_ANALYSIS
from tests.support.superimposing_fixtures import EARLIER, GROWTH_MM, grown
from tests.support.viewer_fixtures import make_image

ANALYSIS = parse_analysis(OWN_ANALYSIS, "own")
SN = Registration(By.LINE, ("Sella", "Nasion"))


def image(shape=(80, 60), spacing_mm=(1.0, 1.0), origin_mm=None) -> Image:
    voxels = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    return Image(
        voxels,
        Grid.from_spacing(shape, spacing_mm, origin_mm),
        ImageSource(Path("a.png"), spacing_source=SpacingSource.FILE),
    )


def drawn(earlier: Film, later: Film, registration: Registration = SN, **options):
    return picture_of(
        (earlier, later), compare(earlier.moment, later.moment, registration, ANALYSIS), ANALYSIS, **options
    )


def test_the_plane_is_the_earlier_image_and_the_later_lies_on_it():
    earlier, later = Film("a", Moment(EARLIER), image()), Film("b", Moment(grown()), image())
    picture = drawn(earlier, later)
    np.testing.assert_allclose(picture.earlier.plane_from_px, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(picture.earlier_points, EARLIER.points_mm)
    # The pixel of the later image that shows its sella lies where that of the earlier one is.
    sella_px = grown().point_mm("Sella")
    np.testing.assert_allclose(
        transform_points(picture.later.plane_from_px, sella_px), EARLIER.point_mm("Sella"), atol=1e-9
    )
    menton = next(way for way in picture.ways if way.name == "Menton")
    np.testing.assert_allclose(menton.ends[0], EARLIER.point_mm("Menton"))
    np.testing.assert_allclose(menton.ends[1] - menton.ends[0], GROWTH_MM, atol=1e-9)
    assert menton.label == "Me"
    np.testing.assert_allclose(picture.bounds, [-0.5, -0.5, 59.5, 79.5])
    assert picture.unit == "mm"


def test_pixels_of_another_size_and_place_are_drawn_in_mm():
    fine = image((160, 60), (0.5, 1.0), (-20.0, 7.0))
    landmarks = replace(EARLIER, points_mm=np.add(EARLIER.points_mm, (-20.0, 7.0)))
    picture = drawn(Film("a", Moment(landmarks), fine), Film("b", Moment(grown()), image()))
    np.testing.assert_allclose(picture.earlier.plane_from_px, np.diag([1.0, 0.5, 1.0]), atol=1e-12)
    np.testing.assert_allclose(picture.earlier_points, EARLIER.points_mm)
    assert picture.bounds[3] == pytest.approx(79.75)


def test_the_grey_values_are_those_of_the_image():
    ramp = make_image(spacing_known=True)
    picture = drawn(Film("a", Moment(EARLIER), ramp), Film("b", Moment(grown())))
    assert picture.earlier.grey.shape == (80, 60)
    assert picture.earlier.grey[0, 0] == 0
    assert picture.earlier.grey[-1, -1] == 255
    assert picture.later is None


def test_both_tracings_are_drawn_where_their_landmarks_lie():
    picture = drawn(Film("a", Moment(EARLIER)), Film("b", Moment(grown())))
    assert len(picture.earlier_lines) == len(picture.later_lines) > 0
    profile = picture.later_lines[-1].ends_mm  # from nasion to menton
    np.testing.assert_allclose(profile[0], EARLIER.point_mm("Nasion"), atol=1e-9)
    np.testing.assert_allclose(profile[1], EARLIER.point_mm("Menton") + GROWTH_MM, atol=1e-9)


def test_the_lines_of_each_measurement_are_known_in_both_images():
    picture = drawn(Film("a", Moment(EARLIER)), Film("b", Moment(grown())))
    earlier, later = picture.measured["SNMe"]
    np.testing.assert_allclose(earlier[0], [EARLIER.point_mm("Nasion"), EARLIER.point_mm("Sella")], atol=1e-9)
    assert any(np.allclose(ends[1], EARLIER.point_mm("Menton") + GROWTH_MM) for ends in later)
    assert picture.measured["Ba–N"] == ((), ())  # there is no basion


def test_landmarks_that_only_one_has_are_shown_without_a_way():
    more = grown().joined(Landmarks(("Basion",), np.array([[8.0, 40.0]])))
    picture = drawn(Film("a", Moment(EARLIER.without_point("Gonion"))), Film("b", Moment(more)))
    assert len(picture.earlier_points) == 3
    assert len(picture.later_points) == 5
    assert [way.name for way in picture.ways] == ["Sella", "Nasion", "Menton"]
    assert picture.focus[0] < picture.later_points[:, 0].min()


def test_a_film_from_the_other_side_is_drawn_turned_over():
    mirrored = replace(grown(), points_mm=grown().points_mm * (-1, 1) + (59, 0))
    picture = drawn(Film("a", Moment(EARLIER), image()), Film("b", Moment(mirrored), image()))
    assert np.linalg.det(picture.later.plane_from_px[:2, :2]) == pytest.approx(-1)
    menton = next(way for way in picture.ways if way.name == "Menton")
    np.testing.assert_allclose(menton.ends[1] - menton.ends[0], GROWTH_MM, atol=1e-9)


def test_what_is_called_otherwise_and_in_px():
    picture = drawn(Film("a", Moment(EARLIER, PX)), Film("b", Moment(grown(), PX)), short_names={"Menton": "M"})
    assert [way.label for way in picture.ways] == ["S", "N", "M", "Go"]
    assert picture.unit == "px"


def test_what_is_not_superimposed_is_not_drawn():
    assert drawn(Film("a", Moment(EARLIER)), Film("b", Moment(grown(), PX))) is None
