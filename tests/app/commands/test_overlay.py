from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from app.commands.overlay import ARROW_COLOUR, CELL_COLOUR, LANDMARK_COLOUR, draw_overlay, write_overlay
from app.desktop import theme
from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Landmarks, Status
from core.values.prediction import VectorField


def grey_image(shape=(400, 300), spacing_mm=1.0, origin_mm=None) -> Image:
    voxels = np.tile(np.arange(shape[-1], dtype=np.uint16), (*shape[:-1], 1))
    return Image(voxels, Grid.from_spacing(shape, spacing_mm, origin_mm), ImageSource(Path("film.png")))


def coloured_box(picture: PilImage.Image, colour, tolerance=40) -> tuple[float, float, float, float] | None:
    """Return the first and last column and row in which a pixel has about this colour."""
    distance = np.abs(np.asarray(picture, dtype=int) - np.array(colour)).max(axis=-1)
    rows, columns = np.nonzero(distance < tolerance)
    return (columns.min(), columns.max(), rows.min(), rows.max()) if rows.size else None


@pytest.mark.parametrize(("row", "column"), [(0, 0), (133.25, 80.5), (399, 299)])
@pytest.mark.parametrize("origin_mm", [None, (-50.0, 20.0)])
def test_cross_stands_on_the_landmark(row, column, origin_mm):
    grid = Grid.from_spacing((400, 300), 0.5, origin_mm)
    image = Image(np.zeros(grid.shape, np.uint8), grid, ImageSource(Path("black.png")))
    picture = draw_overlay(image, Landmarks(("a",), image.grid.to_mm([[row, column]])), labels=[""])
    scale = picture.height / 400
    left, right, top, bottom = coloured_box(picture, LANDMARK_COLOUR, tolerance=120)
    if row == 133.25:  # else the cross is cut by the border
        assert (left + right) / 2 == pytest.approx((column + 0.5) * scale - 0.5, abs=1)
        assert (top + bottom) / 2 == pytest.approx((row + 0.5) * scale - 0.5, abs=1)
    assert left - 1 <= (column + 0.5) * scale - 0.5 <= right + 1
    assert top - 1 <= (row + 0.5) * scale - 0.5 <= bottom + 1


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "size_px"),
    [
        ((3000, 2000), 0.1, (1067, 1600)),
        ((40, 30), 1.0, (600, 800)),
        ((1000, 500), 1.0, (500, 1000)),
        ((1000, 500), (1.0, 2.0), (1000, 1000)),
    ],
)
def test_size_is_for_a_screen_and_the_aspect_physical(shape, spacing_mm, size_px):
    image = grey_image(shape, spacing_mm)
    assert draw_overlay(image, Landmarks((), np.empty((0, 2)))).size == size_px


def test_landmark_without_a_position_is_left_out():
    image = grey_image()
    absent = Landmarks(("a",), [[np.nan, np.nan]])
    assert coloured_box(draw_overlay(image, absent), LANDMARK_COLOUR) is None


def test_label_is_drawn_inside_even_at_the_border():
    image = grey_image()
    points_mm = image.grid.to_mm([[200.0, 299.0]])
    with_text = draw_overlay(image, Landmarks(("a long name",), points_mm))
    without = draw_overlay(image, Landmarks(("a long name",), points_mm), labels=[""])
    _rows, columns = np.nonzero(np.abs(np.asarray(with_text, int) - np.asarray(without, int)).max(axis=-1) > 50)
    assert columns.size > 100
    assert columns.max() - columns.min() > 50
    assert columns.max() < with_text.width - 1


def test_labels_of_close_landmarks_do_not_cover_each_other():
    image = grey_image((1000, 1000))
    indices = [[500.0, 500.0], [500.0, 512.0], [510.0, 505.0]]
    names = ("menton", "gnathion", "pogonion")
    alone = []
    for count in range(1, 4):
        some = Landmarks(names[:count], image.grid.to_mm(indices[:count]))
        text = np.abs(
            np.asarray(draw_overlay(image, some), int) - np.asarray(draw_overlay(image, some, labels=[""] * count), int)
        ).max(axis=-1)
        alone.append(np.count_nonzero(text > 50))
    assert alone[0] < alone[1] < alone[2]


def test_field_marks_the_cells_that_hold_the_landmark():
    image = grey_image((320, 320))
    grid = image.grid.strided(32, 15.5)
    weight = np.zeros(grid.shape, np.float32)
    weight[4, 6] = 0.9
    landmark_mm = grid.to_mm([4.0, 6.0])
    centres_mm = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    field = VectorField((landmark_mm - centres_mm).astype(np.float32), weight, grid)
    nobody = Landmarks((), np.empty((0, 2)))
    squares_only = VectorField(np.zeros((*grid.shape, 2), np.float32), weight, grid)
    left, right, top, bottom = coloured_box(draw_overlay(image, nobody, field=squares_only), CELL_COLOUR)
    cell_px = 32 * 800 / 320
    assert left == pytest.approx(6 * cell_px, abs=2)
    assert right == pytest.approx(7 * cell_px, abs=2)
    assert top == pytest.approx(4 * cell_px, abs=2)
    assert bottom == pytest.approx(5 * cell_px, abs=2)
    everywhere = coloured_box(draw_overlay(image, nobody, field=field), ARROW_COLOUR, tolerance=100)
    assert everywhere[0] < cell_px < 800 - cell_px < everywhere[1]
    assert everywhere[2] < cell_px < 800 - cell_px < everywhere[3]


@pytest.mark.parametrize("value", [0.0, np.nan, -1e30])
def test_strange_intensities_are_drawn(value):
    voxels = np.full((50, 50), value, np.float32)
    image = Image(voxels, Grid.from_spacing(voxels.shape), ImageSource(Path("x.mha")))
    assert draw_overlay(image, Landmarks((), np.empty((0, 2)))).mode == "RGB"


def test_volumes_are_refused():
    with pytest.raises(ValueError, match="2D"):
        draw_overlay(grey_image((4, 5, 6)), Landmarks((), np.empty((0, 3))))


def test_written_picture_is_whole(tmp_path):
    write_overlay(grey_image(), Landmarks(("a",), [[10.0, 20.0]]), tmp_path / "overlay.png")
    assert [path.name for path in tmp_path.iterdir()] == ["overlay.png"]
    with PilImage.open(tmp_path / "overlay.png") as picture:
        picture.load()
        assert picture.size == (600, 800)


def test_colours_are_the_viewers():
    used = {
        theme.STATUS_COLOURS[Status.PREDICTED]: LANDMARK_COLOUR,
        theme.ARROW: ARROW_COLOUR,
        theme.CELL: CELL_COLOUR,
    }
    for text, colour in used.items():
        assert bytes(colour).hex() == text.removeprefix("#")
