"""The pixels of slices: views of the voxels where they can be, else what ITK resamples."""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from core.geometry.planes import Orientation, SlicePlane, direction_letter, reformatted_grid, slice_directions
from core.geometry.slices import block_means, extract_slice, voxel_steps
from core.values.grid import Grid
from core.values.image import Image
from tests.support.volume_fixtures import make_volume, rotation, stored_orders

ORIENTATIONS = list(Orientation)
angles = st.floats(-3, 3, allow_subnormal=False)


def resampled_by_itk(image: Image, plane: SlicePlane, fill: float) -> np.ndarray:
    volume = sitk.GetImageFromArray(image.voxels.astype(np.float32))
    set_geometry(volume, image.grid)
    rows, columns = plane.grid.shape[1:]
    reference = sitk.GetImageFromArray(np.zeros((1, rows, columns), np.float32))
    set_geometry(reference, plane.grid.cropped((plane.slice_index, 0, 0), (1, rows, columns)))
    resampled = sitk.Resample(volume, reference, sitk.Transform(), sitk.sitkLinear, fill)
    return sitk.GetArrayFromImage(resampled)[0]


def set_geometry(image: sitk.Image, grid: Grid) -> None:
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetDirection((grid.mm_from_index[:3, :3] / grid.spacing_mm)[:, ::-1].ravel().tolist())
    image.SetOrigin(grid.mm_from_index[:3, 3].tolist())


@given(
    st.tuples(angles, angles, angles),
    st.sampled_from(ORIENTATIONS),
    st.booleans(),
    st.tuples(*[st.floats(0.3, 3)] * 3),
    st.floats(0.1, 0.9),
)
def test_any_slice_of_a_rotated_volume_is_what_itk_resamples(vector, orientation, radiological, spacing, where):
    image = make_volume(rotation(vector), spacing=spacing)
    stack = reformatted_grid(image.grid, orientation, radiological=radiological)
    plane = SlicePlane(stack, int(where * stack.shape[0]))
    found = extract_slice(image, plane, -500.0)
    expected = resampled_by_itk(image, plane, -500.0)
    points_mm = plane.mm_from_px(np.moveaxis(np.indices(found.shape), 0, -1)[..., ::-1])
    index = image.grid.to_index(points_mm)
    at_border = (np.abs(np.abs(index - (np.asarray(image.grid.shape) - 1) / 2) - np.asarray(image.grid.shape) / 2)).min(
        axis=-1
    ) < 1e-3
    assert np.allclose(found[~at_border], expected[~at_border], atol=0.05)


@given(st.tuples(angles, angles, angles), st.sampled_from(ORIENTATIONS))
def test_the_stack_holds_the_whole_volume_at_its_finest_spacing(vector, orientation):
    image = make_volume(rotation(vector))
    stack = reformatted_grid(image.grid, orientation)
    corners_index = list(itertools.product(*((-0.5, length - 0.5) for length in image.grid.shape)))
    corners_px = stack.to_index(image.grid.to_mm(corners_index))
    assert (corners_px >= -0.5 - 1e-3).all()
    assert (corners_px <= np.asarray(stack.shape) - 0.5 + 1e-3).all()
    if voxel_steps(image.grid, SlicePlane(stack)) is None:
        assert np.allclose(stack.spacing_mm, image.grid.spacing_mm.min())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("radiological", [True, False])
def test_slices_along_the_voxels_are_views_of_them_however_they_are_stored(orientation, radiological):
    for direction in stored_orders():
        image = make_volume(direction)
        stack = reformatted_grid(image.grid, orientation, radiological=radiological)
        wanted = slice_directions(orientation, radiological=radiological)
        assert np.allclose(stack.mm_from_index[:3, :3] / stack.spacing_mm, wanted.T)
        plane = SlicePlane(stack, 2)
        pixels = extract_slice(image, plane)
        assert np.shares_memory(pixels, image.voxels)
        assert pixels.dtype == image.voxels.dtype
        for column, row in ((0, 0), (1, 3), (3, 2)):
            index = np.round(image.grid.to_index(plane.mm_from_px((column, row)))).astype(int)
            assert pixels[row, column] == image.voxels[tuple(index)]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("radiological", [True, False])
@pytest.mark.parametrize("oblique", [False, True])
def test_what_lies_at_an_edge_is_what_the_letter_there_says(orientation, radiological, oblique):
    """The value grows towards one side of the patient; the half of the picture named after that side is brighter."""
    tilt = rotation((0.2, -0.15, 0.3)) if oblique else np.eye(3)
    for side, vector in zip("LPS", np.eye(3), strict=True):
        for direction in stored_orders()[::5]:
            image = make_volume(tilt @ direction, shape=(9, 9, 9), values=lambda mm, vector=vector: mm @ vector)
            stack = reformatted_grid(image.grid, orientation, radiological=radiological)
            pixels = extract_slice(image, SlicePlane(stack, stack.shape[0] // 2), np.nan)
            across = np.nanmean(pixels[:, pixels.shape[1] // 2 :]) - np.nanmean(pixels[:, : pixels.shape[1] // 2])
            down = np.nanmean(pixels[pixels.shape[0] // 2 :]) - np.nanmean(pixels[: pixels.shape[0] // 2])
            _, to_bottom, to_right = slice_directions(orientation, radiological=radiological)
            for difference, way in ((across, to_right), (down, to_bottom)):
                if direction_letter(way) == side:
                    assert difference > 1
                elif direction_letter(-way) == side:
                    assert difference < -1


def test_a_hair_s_breadth_of_tilt_is_not_resampled_and_moves_nothing():
    image = make_volume(rotation((2e-4, -3e-4, 1e-4)))
    plane = SlicePlane(reformatted_grid(image.grid, Orientation.CORONAL), 3)
    assert np.shares_memory(extract_slice(image, plane), image.voxels)
    index = image.grid.to_index(plane.mm_from_px((2, 1)))
    assert np.allclose(index, np.round(index), atol=1e-9)


def test_a_volume_that_is_not_contiguous_is_interpolated_alike():
    image = make_volume(rotation((0.4, 0.2, -0.3)))
    strided = np.zeros((6, 7, 10), np.int16)
    strided[:, :, ::2] = image.voxels
    plane = SlicePlane(reformatted_grid(image.grid, Orientation.SAGITTAL), 3)
    apart = Image(strided[:, :, ::2], image.grid, image.source)
    assert not apart.voxels.flags.c_contiguous
    assert np.array_equal(extract_slice(image, plane, -1.0), extract_slice(apart, plane, -1.0))


def test_coarser_pixels_cover_the_same_slice():
    image = make_volume(rotation((0.4, 0.2, -0.3)), shape=(30, 28, 26), values=lambda mm: mm @ [1, 2, 3])
    plane = SlicePlane(reformatted_grid(image.grid, Orientation.AXIAL), 20)
    coarse_plane = plane.coarser(3)
    coarse = extract_slice(image, coarse_plane, np.nan)
    fine = block_means(extract_slice(image, plane, np.nan), 3)
    rows, columns = fine.shape
    centres_mm = coarse_plane.mm_from_px(np.moveaxis(np.indices((rows, columns)), 0, -1)[..., ::-1])
    index = image.grid.to_index(centres_mm)
    deep_inside = ((index > 4) & (index < np.asarray(image.grid.shape) - 5)).all(axis=-1)
    assert deep_inside.sum() > 30
    assert np.allclose(coarse[:rows, :columns][deep_inside], fine[deep_inside], atol=0.01)


def test_block_means_leave_out_what_is_too_few_for_a_block():
    pixels = np.arange(35, dtype=np.int16).reshape(5, 7)
    assert np.array_equal(block_means(pixels, 2), [[4, 6, 8], [18, 20, 22]])
    assert block_means(pixels, 1) is pixels
    assert block_means(pixels, 6) is pixels
