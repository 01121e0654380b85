import numpy as np
import pytest

from app.session.document import Document
from app.session.navigation import Navigator
from app.session.view_state import Mode, Panel, ViewState
from core.geometry.planes import Orientation
from core.values.landmarks import Landmarks
from tests.support.viewer_fixtures import make_image


def opened(shape=(9, 20, 30)) -> tuple[Navigator, ViewState]:
    document, state = Document(), ViewState()
    image = make_image(shape, spacing_known=True)
    state.begin(image)
    document.set_image(image, Landmarks((), np.zeros((0, len(shape)))), None)
    return Navigator(document, state), state


def test_a_volume_begins_in_its_middle_with_nothing_selected():
    state = ViewState(selected="x", mode=Mode.PLACE, maximised=Panel.SCENE, stage=2, mouse_mm=(1, 2))
    state.say("old")
    state.begin(make_image((9, 20, 30), spacing_known=True))
    assert state.crosshair_mm == (14.0, 9.0, 4.0)
    assert (state.selected, state.mode, state.maximised, state.stage, state.mouse_mm) == (
        None, Mode.NAVIGATE, None, 0, None,
    )  # fmt: skip
    assert state.messages == ()
    assert state.full_levels == (0.0, 250.0)
    state.begin(make_image())
    assert state.crosshair_mm is None


def test_the_three_planes_go_through_the_crosshair():
    navigator, state = opened()
    state.crosshair_mm = (3.2, 11.8, 6.6)
    found = {o: navigator.plane_of(o).mm_from_px((0, 0)) for o in Orientation}
    assert found[Orientation.AXIAL][2] == 7
    assert found[Orientation.CORONAL][1] == 12
    assert found[Orientation.SAGITTAL][0] == 3


def test_scrolling_ends_at_the_border_and_keeps_the_other_two_coordinates():
    navigator, state = opened()
    navigator.scroll(Orientation.AXIAL, 2)
    assert state.crosshair_mm == pytest.approx((14, 9, 6))
    navigator.scroll(Orientation.CORONAL, 100)
    assert state.crosshair_mm == pytest.approx((14, 0, 6))
    navigator.scroll(Orientation.SAGITTAL, -100)
    assert state.crosshair_mm == pytest.approx((29, 0, 6))


def test_pointing_beside_the_slice_takes_the_nearest_point_on_it():
    navigator, state = opened()
    navigator.point_at(Orientation.AXIAL, (-30.0, 12.25))
    assert state.crosshair_mm == pytest.approx((-0.5, 12.25, 4))


def test_a_plane_in_a_part_of_a_slice_keeps_the_crosshair_s_own_depth():
    navigator, state = opened()
    navigator.go_to((5.0, 6.0, 4.3))
    navigator.point_at(Orientation.AXIAL, (7.0, 8.0))
    assert state.crosshair_mm == pytest.approx((7, 8, 4.3))


def test_maximising_a_plane_makes_it_the_one_where_keys_act():
    navigator, state = opened()
    navigator.toggle_maximised(Panel.SAGITTAL)
    assert (state.maximised, state.active) == (Panel.SAGITTAL, Orientation.SAGITTAL)
    navigator.toggle_maximised(Panel.SCENE)
    assert (state.maximised, state.active) == (Panel.SCENE, Orientation.SAGITTAL)
    navigator.toggle_maximised(Panel.SCENE)
    assert state.maximised is None


def test_a_flat_image_has_one_plane_and_no_crosshair():
    navigator, state = opened((20, 30))
    assert {navigator.plane_of(o).size_px for o in Orientation} == {(30, 20)}
    navigator.scroll(Orientation.AXIAL, 1)
    navigator.point_at(Orientation.AXIAL, (3, 3))
    navigator.go_to((1, 1))
    assert state.crosshair_mm is None


def test_without_an_image_nothing_happens():
    state = ViewState()
    navigator = Navigator(Document(), state)
    navigator.scroll(Orientation.AXIAL, 1)
    navigator.show_slice(Orientation.AXIAL, 1)
    navigator.point_at(Orientation.AXIAL, (3, 3))
    navigator.go_to((1, 1, 1))
    assert navigator.plane is None
    assert state.crosshair_mm is None
