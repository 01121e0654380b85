import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from core.geometry.canonical import to_canonical
from core.geometry.planes import Orientation, SlicePlane, direction_letter, reformatted_grid, slice_directions
from core.geometry.slices import block_means, extract_slice, voxel_steps
from core.values.grid import Grid, grid_around
from core.values.image import Image, ImageSource

ORIENTATIONS = list(Orientation)


def rotation(vector) -> np.ndarray:
    """Rotation about an axis by its length, in rad."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = np.asarray(vector) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def make_volume(direction: np.ndarray, *, shape=(6, 7, 5), spacing=(0.7, 1.1, 1.6), values=None) -> Image:
    """A volume whose x, y and z axes run along the columns of ``direction``, with ``spacing`` in the same order."""
    matrix = np.eye(4)
    matrix[:3, :3] = (direction * spacing)[:, ::-1]
    matrix[:3, 3] = (12.0, -7.0, 30.0)
    grid = Grid(shape, matrix)
    if values is None:
        voxels = np.random.default_rng(5).integers(-300, 300, shape).astype(np.int16)
    else:
        voxels = values(grid.to_mm(np.moveaxis(np.indices(shape), 0, -1))).astype(np.float32)
    return Image(voxels, grid, ImageSource("x"))


def stored_orders() -> list[np.ndarray]:
    """All 48 ways in which a volume can be stored along the patient's axes."""
    return [
        np.eye(3)[:, list(order)] * signs
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1, -1), repeat=3)
    ]


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


# Slices

angles = st.floats(-3, 3, allow_subnormal=False)


@given(
    st.tuples(angles, angles, angles),
    st.sampled_from(ORIENTATIONS),
    st.booleans(),
    st.tuples(*[st.floats(0.3, 3)] * 3),
    st.floats(0.1, 0.9),
)
def test_any_slice_of_a_turned_volume_is_what_itk_resamples(turn, orientation, radiological, spacing, where):
    image = make_volume(rotation(turn), spacing=spacing)
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
def test_the_stack_holds_the_whole_volume_at_its_finest_spacing(turn, orientation):
    image = make_volume(rotation(turn))
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


def test_radiological_means_left_on_the_right_and_sagittal_slices_face_left():
    rights = {o: direction_letter(slice_directions(o)[2]) for o in ORIENTATIONS}
    assert rights == {Orientation.AXIAL: "L", Orientation.CORONAL: "L", Orientation.SAGITTAL: "P"}
    rights = {o: direction_letter(slice_directions(o, radiological=False)[2]) for o in ORIENTATIONS}
    assert rights == {Orientation.AXIAL: "R", Orientation.CORONAL: "R", Orientation.SAGITTAL: "P"}
    tops = [direction_letter(-slice_directions(o)[1]) for o in ORIENTATIONS]
    depths = [direction_letter(slice_directions(o)[0]) for o in ORIENTATIONS]
    assert (tops, depths) == (["A", "S", "S"], ["S", "A", "R"])


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


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("radiological", [True, False])
def test_pixels_and_millimetres_go_round_in_every_plane(orientation, radiological):
    for direction in (*stored_orders()[::7], rotation((0.5, -0.4, 0.8))):
        grid = make_volume(direction).grid
        plane = SlicePlane(reformatted_grid(grid, orientation, radiological=radiological), 2)
        points_px = np.random.default_rng(1).uniform(-1, 9, (10, 2))
        points_mm = plane.mm_from_px(points_px, 0.75)
        assert np.allclose(plane.px_from_mm(points_mm), points_px)
        assert np.allclose(plane.depth_of(points_mm), 0.75)


def test_the_slice_through_a_point_is_the_nearest_there_is():
    stack = Grid.from_spacing((5, 10, 10), (2.0, 1.0, 1.0))
    assert [SlicePlane.through(stack, (3, 3, z)).slice_index for z in (-50, 0.9, 1.1, 5.0, 90)] == [0, 0, 1, 3, 4]


def oblique_grid() -> Grid:
    """A volume turned by 30 degrees about z, with three different spacings and an origin."""
    turn = np.array([[np.cos(0.5), -np.sin(0.5), 0], [np.sin(0.5), np.cos(0.5), 0], [0, 0, 1]])
    grid = Grid.from_spacing((5, 40, 30), (3.0, 0.5, 0.7), (10, 20, 30))
    matrix = grid.mm_from_index.copy()
    matrix[:3, :3] = turn @ matrix[:3, :3]
    return Grid(grid.shape, matrix)


def test_pixels_are_column_and_row_of_the_array():
    plane = SlicePlane(Grid.from_spacing((80, 60), (0.5, 0.25), (100, 200)))
    assert plane.size_px == (60, 80)
    assert plane.pixel_size_mm == (0.25, 0.5)
    assert np.allclose(plane.px_from_mm([100 + 8 * 0.25, 200 + 3 * 0.5]), [8, 3])
    assert np.allclose(plane.mm_from_px([8, 3]), [102, 201.5])


@pytest.mark.parametrize("grid", [Grid.from_spacing((80, 60), (0.5, 0.25), (5, 6)), oblique_grid()])
def test_round_trip_keeps_points_and_depth(grid):
    plane = SlicePlane(grid, 2)
    points_px = np.random.default_rng(1).uniform(0, 30, (20, 2))
    points_mm = plane.mm_from_px(points_px)
    assert np.allclose(plane.px_from_mm(points_mm), points_px)
    assert np.allclose(plane.depth_of(points_mm), 0)


def test_depth_counts_slices():
    plane = SlicePlane(oblique_grid(), 2)
    point_mm = plane.mm_from_px([4.0, 5.0], depth=1.5)
    assert plane.depth_of(point_mm) == pytest.approx(1.5)
    assert np.allclose(plane.px_from_mm(point_mm), [4, 5])


def test_a_point_outside_is_clamped_to_the_border_of_the_last_pixel():
    plane = SlicePlane(Grid.from_spacing((80, 60)))
    assert plane.clamped((-20, 500)) == (-0.5, 79.5)
    assert plane.inside((59.5, 79.5))
    assert not plane.inside((59.6, 10))


def test_length_uses_the_spacing_of_each_axis():
    plane = SlicePlane(Grid.from_spacing((80, 60), (2.0, 0.5)))
    assert plane.length_mm((0, 0), (6, 2)) == pytest.approx(5.0)


# Canonical order


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_every_orientation_becomes_canonical_without_moving(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """Whatever order and direction a scanner stored, each voxel keeps its millimetres and its value."""
    rng = np.random.default_rng(1)
    directions = np.eye(3)[:, list(order)] * signs
    tilt, _ = np.linalg.qr(np.eye(3) + 0.1 * rng.normal(size=(3, 3)))
    tilt *= np.sign(np.diag(tilt))
    matrix = np.eye(4)
    matrix[:3, :3] = tilt @ directions * [1.5, 0.7, 0.9]
    matrix[:3, 3] = [10.0, -20.0, 30.0]
    image = Image(rng.normal(size=(4, 5, 6)), Grid((4, 5, 6), matrix), ImageSource("x"))
    found = to_canonical(image)
    along = found.grid.mm_from_index[:3, :3] / found.grid.spacing_mm
    assert all(along[2 - axis, axis] > 0.8 for axis in range(3))
    for index in ([0, 0, 0], [1, 2, 0], [3, 1, 2]):
        back = image.grid.to_index(found.grid.to_mm(index))
        assert np.allclose(back, np.round(back), atol=1e-9)
        assert found.voxels[tuple(index)] == image.voxels[tuple(np.round(back).astype(int))]


def test_2d_images_stay_as_they_are() -> None:
    image = Image(np.zeros((4, 5)), Grid.from_spacing((4, 5), 0.1), ImageSource("x"))
    assert to_canonical(image) is image


def test_a_grid_around_points_holds_them_and_no_more() -> None:
    points_mm = np.array([[1.0, -2.0, 3.0], [4.1, 5.0, 3.0], [2.0, 0.0, 8.9]])
    grid = grid_around(points_mm, 0.5)
    index = grid.to_index(points_mm)
    assert np.allclose(index.min(axis=0), 0)
    assert (index <= np.array(grid.shape) - 1 + 1e-9).all()
    assert (index.max(axis=0) > np.array(grid.shape) - 2).all()
    assert grid.shape == (13, 15, 8)
