"""How values of free measurements are written."""

import numpy as np
import pytest

from app.session.free_rows import FreeDrawing, list_row, value_text
from core.project.cases import Geometry
from core.project.free_measurements import FreeKind, FreeMeasurement
from core.project.readings import Reader
from core.values.grid import Grid


@pytest.mark.parametrize(
    ("pixel_mm", "text"),
    [(1.0, "3.5 mm"), (0.1, "3.5 mm"), (0.035, "3.46 mm"), (0.009, "3.457 mm"), (1e-6, "3.457 mm")],
)
def test_a_length_has_as_many_decimals_as_its_pixels_allow(pixel_mm, text):
    points = np.array([(0.0, 0.0), (3.45678, 0.0)])
    assert value_text(points, spacing_known=True, pixel_mm=pixel_mm) == text


def test_px_and_degrees_have_one():
    assert value_text(np.array([(0.0, 0.0), (3.45678, 0.0)]), spacing_known=False, pixel_mm=0.01) == "3.5 px"
    angle = np.array([(1.0, 0.0), (0.0, 0.0), (1.0, 1.0)])
    assert value_text(angle, spacing_known=False, pixel_mm=1.0) == "45.0°"


def test_an_angle_without_a_side_says_why_in_its_row():
    points = ((1.0, 1.0), (1.0, 1.0), (2.0, 2.0))
    flat = FreeMeasurement(1, Reader("Anna"), FreeKind.ANGLE, points, Geometry(Grid.from_spacing((9, 9), 1.0)), "u")
    row = list_row(flat, own=False)
    assert (row.name, row.value) == ("Angle", "no value: two of its points are the same")
    assert (row.reader, row.own, row.has_value) == ("Anna", False, False)


@pytest.mark.parametrize("points", [[(10, 0), (0, 0), (0, 20)], [(10, 0, 0), (0, 0, 0), (0, 0, 20)]])
def test_the_arc_of_an_angle_is_as_far_from_its_vertex_everywhere(points):
    arc = FreeDrawing("u", np.array(points, dtype=float), "").arc_mm
    distances = np.linalg.norm(arc, axis=1)
    assert np.allclose(distances, 2.5)
    assert np.allclose(arc[0], np.array(points[0]) / 4)
    assert np.allclose(arc[-1], np.array(points[2]) / 8)


@pytest.mark.parametrize("points", [[(0, 0), (1, 1)], [(0, 0), (0, 0), (1, 1)], [(2, 0), (0, 0), (3, 0)]])
def test_there_is_no_arc_of_a_distance_a_flat_angle_or_one_without_a_side(points):
    assert FreeDrawing("u", np.array(points, dtype=float), "").arc_mm is None
