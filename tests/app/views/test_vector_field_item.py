import numpy as np
import pytest

from app.views.slice_layer import ScreenMap
from app.views.vector_field_item import SMALLEST_STEP, arrow_lines, field_picture
from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.values.grid import Grid
from core.values.prediction import VectorField


def field_towards(grid: Grid, stride: int, point_mm: np.ndarray) -> VectorField:
    cells = grid.strided(stride, (stride - 1) / 2)
    centres_mm = cells.to_mm(np.stack(np.meshgrid(*map(np.arange, cells.shape), indexing="ij"), axis=-1))
    distance_mm = np.linalg.norm(point_mm - centres_mm, axis=-1)
    weight = (distance_mm == distance_mm.min()).astype(np.float32)
    return VectorField((point_mm - centres_mm).astype(np.float32), weight, cells)


@pytest.mark.parametrize("spacing_mm", [1.0, (0.5, 0.25)])
def test_every_displacement_ends_at_the_landmark_in_pixels(spacing_mm):
    grid = Grid.from_spacing((64, 48), spacing_mm, (7, -3))
    plane = SlicePlane(grid)
    picture = field_picture(field_towards(grid, 8, plane.mm_from_px([20.25, 33.5])), plane, grid)
    assert len(picture.cells) == 8 * 6
    assert np.allclose(picture.centres_px + picture.directions_px, [20.25, 33.5], atol=1e-4)
    assert picture.sides_px == pytest.approx(np.array([[0, 8], [8, 0]]))
    assert np.allclose(picture.centres_px[0], [3.5, 3.5])


def test_the_likely_cell_is_the_one_around_the_landmark():
    grid = Grid.from_spacing((64, 48))
    plane = SlicePlane(grid)
    picture = field_picture(field_towards(grid, 8, plane.mm_from_px([20.0, 34.0])), plane, grid)
    (centre_px,) = picture.centres_px[picture.likely]
    assert np.all(np.abs(centre_px - [20, 34]) <= 4)


def test_lengths_grow_with_the_distance_but_stay_drawable():
    grid = Grid.from_spacing((64, 64))
    picture = field_picture(field_towards(grid, 8, np.array([3.5, 3.5])), SlicePlane(grid), grid)
    order = np.argsort(np.linalg.norm(picture.directions_px, axis=1))
    assert np.all(np.diff(picture.lengths[order]) >= -1e-6)
    assert picture.lengths.min() == pytest.approx(0.3)
    assert picture.lengths.max() == pytest.approx(1.0)


def test_of_a_volume_only_the_cells_around_the_slice_are_drawn():
    grid = Grid.from_spacing((16, 32, 32), (2.0, 1.0, 1.0))
    field = field_towards(grid, 8, np.array([5.0, 6.0, 7.0]))
    picture = field_picture(field, SlicePlane(grid, 12), grid)
    assert len(picture.cells) == 16
    assert np.allclose(picture.centres_px + picture.directions_px, [5, 6], atol=1e-4)


def rotated(grid: Grid, angles: tuple[float, float]) -> Grid:
    """The same grid rotated about its middle, as the cells of a local stage in a normalised pose are."""
    a, b = angles
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    middle_mm = grid.to_mm((np.asarray(grid.shape) - 1) / 2)
    matrix = grid.mm_from_index.copy()
    matrix[:3] = about_z @ about_x @ (matrix[:3] - np.pad(middle_mm[:, None], ((0, 0), (3, 0))))
    matrix[:3, 3] += middle_mm
    return Grid(grid.shape, matrix)


@pytest.mark.parametrize("orientation", list(Orientation))
@pytest.mark.parametrize("angles", [(0.0, 0.0), (0.5, 0.3), (1.2, -0.7)])
def test_of_a_rotated_field_one_layer_of_cells_is_drawn_around_any_plane(orientation, angles):
    image_grid = Grid.from_spacing((40, 40, 40))
    cells = rotated(Grid.from_spacing((12, 12, 12), 2.0, (9, 9, 9)), angles)
    target_mm = np.array([19.0, 21.0, 20.0])
    centres_mm = cells.to_mm(np.stack(np.meshgrid(*map(np.arange, cells.shape), indexing="ij"), axis=-1))
    weight = np.zeros(cells.shape, np.float32)
    field = VectorField((target_mm - centres_mm).astype(np.float32), weight, cells)
    plane = SlicePlane.through(reformatted_grid(image_grid, orientation), target_mm)
    picture = field_picture(field, plane, image_grid)
    target_px = plane.px_from_mm(target_mm)
    assert np.allclose(picture.centres_px + picture.directions_px, target_px, atol=1e-4)
    assert len(np.unique(picture.cells, axis=0)) == len(picture.cells)  # one of each row of cells across the plane
    middle = (np.abs(picture.centres_px - target_px) < 6).all(axis=1)
    assert middle.sum() > 20  # (12 / 2)² of them, more or less, lie there without a hole
    drawn_mm = plane.mm_from_px(picture.centres_px)
    nearest = np.linalg.norm(drawn_mm[:, None] - centres_mm.reshape(1, -1, 3), axis=-1).min(axis=1)
    assert nearest.max() <= 1.0 + 1e-6  # half a cell


def test_an_arrow_out_of_the_plane_is_foreshortened():
    grid = Grid.from_spacing((9, 9, 9))
    displacement = np.zeros((1, 1, 2, 3), np.float32)
    displacement[..., 0, :] = [4, 0, 3]  # x, y, z
    displacement[..., 1, :] = [0, 0, 5]
    cells = Grid.from_spacing((1, 1, 2), 3.0, (3, 4, 4))
    picture = field_picture(VectorField(displacement, np.ones((1, 1, 2), np.float32), cells), SlicePlane(grid, 4), grid)
    assert np.allclose(picture.directions_px, [[4, 0], [0, 0]])
    assert picture.lengths == pytest.approx([0.8, 0.0], abs=1e-6)


def test_arrows_point_the_right_way_on_the_screen_and_are_thinned_out():
    grid = Grid.from_spacing((64, 64))
    plane = SlicePlane(grid)
    picture = field_picture(field_towards(grid, 2, np.array([31.0, 31.0])), plane, grid)
    screen_map = ScreenMap((10, 20), (1.5, 1.5))
    lines = arrow_lines(picture, screen_map)
    stride = int(np.ceil(SMALLEST_STEP / 3))
    shafts = lines[: len(lines) // 3]
    assert len(shafts) == (32 // stride) ** 2
    target = screen_map.to_screen([31.0, 31.0])
    for line in shafts:
        start, end = np.array([line.x1(), line.y1()]), np.array([line.x2(), line.y2()])
        assert np.linalg.norm(target - end) < np.linalg.norm(target - start)
        along = (end - start) @ (target - start)
        assert along == pytest.approx(np.linalg.norm(end - start) * np.linalg.norm(target - start), rel=1e-3)


def test_a_vote_without_displacement_is_drawn_without_a_warning():
    grid = Grid.from_spacing((8, 8))
    still = VectorField(np.zeros((1, 1, 2), np.float32), np.ones((1, 1), np.float32), grid.strided(8, 3.5))
    picture = field_picture(still, SlicePlane(grid), grid)
    assert [line.length() for line in arrow_lines(picture, ScreenMap((0, 0), (4, 4)))] == [0, 0, 0]


def test_cells_in_the_padding_beside_the_image_are_not_drawn():
    grid = Grid.from_spacing((60, 60))
    cells = grid.strided(16, 7.5, (5, 5))
    field = VectorField(np.ones((5, 5, 2), np.float32), np.ones((5, 5), np.float32), cells)
    picture = field_picture(field, SlicePlane(grid), grid)
    assert len(picture.cells) == 16
    assert picture.centres_px.max() == 55.5
