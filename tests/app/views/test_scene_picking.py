"""What a click in the 3D panel means: the point of the volume that is seen there."""

import numpy as np
import pytest

from app.views.projection import radius_mm, view_of
from app.views.scene_picking import seen_at
from core.values.grid import Grid
from core.values.image import Image, ImageSource

LEVELS = (0.0, 100.0)


def volume(*lit, shape=(40, 60, 50), spacing=0.5):
    """A dark volume with bright voxels, each given by its index and its value."""
    voxels = np.zeros(shape, np.int16)
    for index, value in lit:
        voxels[index] = value
    return Image(voxels, Grid.from_spacing(shape, spacing), ImageSource("v.nii"))


def looking(image, side="A"):
    return view_of(image.grid).fitted(radius_mm(image.grid), (400, 300)).seen_from(side)


def place(view, image, index):
    return tuple(view.to_px(image.grid.to_mm(np.array(index, dtype=float))).tolist())


@pytest.mark.parametrize("side", ["A", "P", "R", "L", "S", "I"])
@pytest.mark.parametrize("index", [(20, 30, 25), (5, 50, 10), (39, 0, 49)])
def test_a_bright_voxel_is_found_from_every_side(side, index):
    image = volume((index, 90))
    view = looking(image, side)
    found = seen_at(image, view, LEVELS, place(view, image, index))
    assert np.abs(image.grid.to_index(found) - index).max() <= 0.5


def test_it_is_found_from_an_oblique_direction_that_was_zoomed_and_moved():
    image = volume(((12, 40, 30), 90))
    view = looking(image).rotated(0.7, -0.4).zoomed(3.0, (150.0, 80.0)).moved(12, -7)
    found = seen_at(image, view, LEVELS, place(view, image, (12, 40, 30)))
    assert np.abs(image.grid.to_index(found) - (12, 40, 30)).max() <= 1.0


@pytest.mark.parametrize(("side", "row"), [("A", 10), ("P", 50)])
def test_of_two_that_are_alike_the_nearer_one_is_seen(side, row):
    image = volume(((20, 10, 25), 90), ((20, 50, 25), 90))
    view = looking(image, side)
    found = seen_at(image, view, LEVELS, place(view, image, (20, 30, 25)))
    assert image.grid.to_index(found)[1] == pytest.approx(row, abs=0.5)


def test_what_is_clearly_brighter_is_seen_through_the_rest():
    image = volume(((20, 10, 25), 20), ((20, 50, 25), 90))
    view = looking(image)
    found = seen_at(image, view, LEVELS, place(view, image, (20, 30, 25)))
    assert image.grid.to_index(found)[1] == pytest.approx(50, abs=0.5)


def test_where_all_is_dark_or_beside_the_volume_there_is_nothing():
    image = volume(((20, 10, 25), 90))
    view = looking(image)
    assert seen_at(image, view, LEVELS, place(view, image, (5, 30, 5))) is None
    assert seen_at(image, view, LEVELS, (-500.0, 20.0)) is None


def test_voxels_without_a_number_are_dark():
    image = volume(((20, 10, 25), 90))
    voxels = image.voxels.astype(np.float32)
    voxels[20, 5, 25] = np.nan
    image = Image(voxels, image.grid, image.source)
    view = looking(image)
    found = seen_at(image, view, LEVELS, place(view, image, (20, 30, 25)))
    assert image.grid.to_index(found)[1] == pytest.approx(10, abs=0.5)
