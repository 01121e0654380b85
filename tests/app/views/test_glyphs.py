from dataclasses import replace

import numpy as np
import pytest

from app.views.glyphs import FAR_OPACITY, NEAR_OPACITY, glyphs_on, reach_mm
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.values.grid import Grid
from core.values.landmarks import Landmarks, Status

GRID = Grid.from_spacing((30, 40, 50), (2.0, 1.0, 1.0))


def at_depths(*depths_mm: float, radius_mm: float = np.nan) -> Landmarks:
    """Landmarks a, b, … above the axial slice 10, at column 7 and row 9."""
    points_mm = np.array([[7.0, 9.0, 20.0 + depth] for depth in depths_mm])
    names = tuple("abcdefgh"[: len(depths_mm)])
    radii = np.full(len(names), radius_mm, np.float32)
    return Landmarks(names, points_mm, np.ones(len(names), np.float32), radii, radii, (Status.PREDICTED,) * len(names))


class Names:
    """Names as they are, abbreviated by capitals."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def short_name(self, name: str) -> str:
        return name.upper()

    def display_name(self, name: str) -> str:
        return name


def glyphs(landmarks, plane=None, selected=None, unit="mm"):
    plane = plane or SlicePlane(reformatted_grid(GRID, Orientation.AXIAL), 10)
    return {glyph.name: glyph for glyph in glyphs_on(plane, landmarks, selected, Names(unit))}


def test_in_its_own_slice_a_landmark_is_bright_and_without_a_distance():
    found = glyphs(at_depths(0.0, 0.9, -1.0))
    assert [glyph.distance for glyph in found.values()] == ["", "", ""]
    assert {glyph.opacity for glyph in found.values()} == {1.0}
    assert found["a"].point_px == pytest.approx((7, 9))
    assert found["a"].label == "A"


def test_beside_it_it_fades_and_says_how_far_away_it_is():
    found = glyphs(at_depths(2.1, -4.0, 5.9, 6.1))
    assert {name: glyph.distance for name, glyph in found.items()} == {"a": "+2.1 mm", "b": "−4.0 mm", "c": "+5.9 mm"}
    opacities = [glyph.opacity for glyph in found.values()]
    assert NEAR_OPACITY > opacities[0] > opacities[1] > opacities[2] >= FAR_OPACITY
    assert glyphs(at_depths(4.0), unit="px")["a"].distance == "+4.0 px"


def test_the_selected_landmark_is_seen_from_everywhere():
    found = glyphs(at_depths(30.0, 31.0), selected="b")
    assert list(found) == ["b"]
    assert found["b"].opacity == pytest.approx(FAR_OPACITY)
    assert found["b"].label == "b"


def test_the_reach_is_three_slices_or_a_fiftieth_of_the_diagonal():
    assert reach_mm(SlicePlane(reformatted_grid(GRID, Orientation.AXIAL), 0)) == pytest.approx(6.0)
    fine = Grid.from_spacing((300, 400, 500), 0.1)
    assert reach_mm(SlicePlane(reformatted_grid(fine, Orientation.AXIAL), 0)) == pytest.approx(0.02 * 70.71, rel=1e-3)
    half_mm = Grid.from_spacing((300, 400, 500), 0.1)
    plane = SlicePlane(reformatted_grid(half_mm, Orientation.SAGITTAL), 0)
    landmarks = Landmarks(("a",), np.array([[49.9 - 0.27, 3, 3]]), status=(Status.PLACED,))
    assert glyphs(landmarks, plane)["a"].distance == "+0.27 mm"


def test_the_ring_is_what_the_slice_cuts_out_of_the_sphere():
    found = glyphs(at_depths(0.0, 3.0, 5.5, radius_mm=5.0))
    assert found["a"].radii_px == pytest.approx((5, 5))
    assert found["b"].radii_px == pytest.approx((4, 4))
    assert found["c"].radii_px == (0, 0)


def test_the_ring_of_a_calibrated_model_is_its_radius_and_the_selected_landmark_says_it():
    landmarks = replace(at_depths(0.0, 0.5, radius_mm=5.0), spread_mm=np.full(2, 9.0, np.float32))
    found = glyphs(landmarks, selected="a")
    assert found["a"].radii_px == pytest.approx((5, 5))
    assert found["a"].calibrated
    assert [glyph.radius for glyph in found.values()] == ["± 5.00 mm (90 %)", ""]
    assert glyphs(landmarks, selected="a", unit="px")["a"].radius == "± 5.0 px (90 %)"


def test_a_spread_makes_a_ring_of_another_kind_and_is_no_promise():
    found = glyphs(replace(at_depths(0.0, radius_mm=5.0), radius_mm=np.full(1, np.nan, np.float32)), selected="a")
    assert found["a"].radii_px == pytest.approx((5, 5))
    assert not found["a"].calibrated
    assert found["a"].radius == ""


def test_what_a_person_corrected_has_no_radius_around_it():
    corrected = at_depths(0.0, radius_mm=5.0).with_status("a", Status.CORRECTED)
    glyph = glyphs(corrected, selected="a")["a"]
    assert (glyph.radii_px, glyph.radius) == ((0, 0), "")


def test_a_flat_image_has_no_depth():
    plane = SlicePlane(Grid.from_spacing((40, 50), 0.5))
    landmarks = Landmarks(("a", "b"), np.array([[5.0, 6.0], [np.nan, np.nan]]))
    (glyph,) = glyphs_on(plane, landmarks, None, Names("mm"))
    assert (glyph.name, glyph.distance, glyph.opacity, glyph.point_px) == ("a", "", 1.0, (10.0, 12.0))


def test_a_confirmed_landmark_keeps_the_shape_of_what_was_done_before():
    found = at_depths(0.0, 0.0, 0.0)
    moved = found.with_point("a", found.point_mm("b"), Status.CORRECTED)
    shown = glyphs(moved.with_status("a", Status.CONFIRMED).with_status("b", Status.CONFIRMED))
    assert [(glyph.status, glyph.origin) for glyph in shown.values()] == [
        (Status.CONFIRMED, Status.CORRECTED),
        (Status.CONFIRMED, Status.PREDICTED),
        (Status.PREDICTED, Status.PREDICTED),
    ]
