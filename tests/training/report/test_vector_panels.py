"""The panels of votes: which predictions are chosen, where cells and arrows lie, and the pictures of a real (tiny) model."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from core.geometry.planes import Orientation, SlicePlane, reformatted_grid
from core.images.file import read_image
from core.learning.cases import Case
from core.models.file import Model, load_model
from core.models.inference import localize
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from core.values.prediction import VectorField
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from training.evaluation.evaluation import evaluate
from training.report import vector_panels
from training.report.vector_panels import LONGEST_ARROW, choose_extremes, draw_vector_figures, picture_of_field

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

NAN = float("nan")


def test_extremes_are_one_per_case_and_never_both_best_and_worst() -> None:
    errors = np.array([[1.0, 9.0, 8.0], [2.0, NAN, 7.0], [0.5, 0.6, 3.0]])
    assert choose_extremes(errors, 2) == ([(2, 0), (0, 0)], [(0, 1), (1, 2)])
    assert choose_extremes(np.array([[4.0]])) == ([], [(0, 0)])
    assert choose_extremes(np.full((2, 2), NAN)) == ([], [])


def field_of(grid: Grid, target_mm: np.ndarray, likely: tuple[int, ...]) -> VectorField:  # type: ignore[type-arg]
    """Make votes that all point exactly at a target, with one cell that holds it."""
    cells = np.moveaxis(np.indices(grid.shape), 0, -1)
    weight = np.full(grid.shape, 0.1, np.float32)
    weight[likely] = 0.9
    return VectorField((target_mm - grid.to_mm(cells)).astype(np.float32), weight, grid)


def test_arrows_start_at_the_cells_and_point_at_the_landmark() -> None:
    image = Grid.from_spacing((40, 60), (0.5, 0.25))
    cells = image.strided((10, 20), (4.5, 9.5))
    picture = picture_of_field(field_of(cells, np.array([4.0, 6.0]), (1, 0)), SlicePlane(image), image)
    assert len(picture.centres_mm) == 12
    np.testing.assert_allclose(picture.centres_mm[0], (9.5 * 0.25, 4.5 * 0.5))
    assert picture.cell_mm == 5.0
    lengths = np.linalg.norm(picture.arrows_mm, axis=1)
    assert lengths.max() == pytest.approx(LONGEST_ARROW * 5.0)
    short = lengths < LONGEST_ARROW * 5.0 - 1e-6
    assert short.any()
    np.testing.assert_allclose((picture.centres_mm + picture.arrows_mm)[short], [(4.0, 6.0)] * short.sum(), atol=1e-6)
    towards = np.array([4.0, 6.0]) - picture.centres_mm
    across = towards[:, 0] * picture.arrows_mm[:, 1] - towards[:, 1] * picture.arrows_mm[:, 0]
    np.testing.assert_allclose(across, 0.0, atol=1e-5)
    (corners,) = picture.likely_mm
    np.testing.assert_allclose(corners.min(axis=0), (-0.5 * 0.25, 9.5 * 0.5))
    np.testing.assert_allclose(corners.max(axis=0), (19.5 * 0.25, 19.5 * 0.5))


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_a_slice_shows_one_layer_of_cells_however_they_are_turned(angle: float) -> None:
    image = Grid.from_spacing((40, 40, 40), 1.0)
    cells = image.strided(8, 3.5)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    middle = np.eye(4)
    middle[:3, 3] = 19.5
    cells = Grid(cells.shape, middle @ turn @ np.linalg.inv(middle) @ cells.mm_from_index)
    plane = SlicePlane.through(reformatted_grid(image, Orientation.AXIAL), (20.0, 20.0, 11.0))
    picture = picture_of_field(field_of(cells, np.array([20.0, 20.0, 11.0]), (2, 2, 2)), plane, image)
    in_step = np.round(picture.centres_mm[:, 0]).astype(int)
    columns = [picture.centres_mm[in_step == x] for x in np.unique(in_step)]
    assert len(columns) == 5
    assert all(np.diff(np.sort(column[:, 1])).min() > 7.5 for column in columns)
    assert 15 <= len(picture.centres_mm) <= 25


def test_a_cell_outside_of_the_image_is_not_drawn() -> None:
    image = Grid.from_spacing((20, 20), 1.0)
    cells = image.cropped((-10, -10), (40, 40)).strided(10, 4.5)
    picture = picture_of_field(field_of(cells, np.array([0.0, 0.0]), (0, 0)), SlicePlane(image), image)
    assert len(picture.centres_mm) == 4
    assert len(picture.likely_mm) == 0


@pytest.fixture(scope="module", params=[2, 3])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, list[Case]]:
    """A tiny model and three images whose truth is its answer, moved."""
    ndim, folder = request.param, tmp_path_factory.mktemp("panels")
    model = load_model(write_tiny_model(folder / "tiny.pt", ndim))
    cases = []
    for number in range(3):
        suffix, shape = ("png", (60, 50)) if ndim == 2 else ("nrrd", (30, 34, 32))
        path = write_tiny_image(folder / f"scan{number}.{suffix}", shape=shape, spacing_mm=0.5)
        found = localize(read_image(path), model, device="cpu").landmarks
        truth = Landmarks(found.names, found.points_mm + 0.1 + number)
        cases.append(Case(path.stem, path, truth))
    return model, cases


def test_pictures_of_the_first_and_the_last_stage(
    made: tuple[Model, list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cases = made
    kept: list[Figure] = []
    monkeypatch.setattr(vector_panels, "render", lambda figure: kept.append(figure) or b"")
    evaluation = evaluate(model, cases, device="cpu")
    pictures = draw_vector_figures(evaluation, model, cases, device="cpu")
    assert [picture.name for picture in pictures] == ["vectors_global", "vectors_last"]
    assert all(picture.shows_images for picture in pictures)
    assert ("axial slice" in pictures[0].caption) == (model.info.ndim == 3)
    titles = [axes.get_title() for axes in kept[1].axes]
    assert len(titles) == 6
    best = evaluation.errors_mm[0].min()
    assert titles[0] == f"scan0\n{evaluation.names[int(evaluation.errors_mm[0].argmin())]}: {best:.2f} mm"
    assert titles[3].startswith("scan2\n")
    for figure in kept:
        for axes in figure.axes:
            crosses = [each for each in axes.collections if isinstance(each, PathCollection)]
            assert axes.images
            assert len(crosses) == 2
            for cross in crosses:
                ((x, y),) = cross.get_offsets()
                assert min(axes.get_xlim()) <= x <= max(axes.get_xlim())
                assert min(axes.get_ylim()) <= y <= max(axes.get_ylim())


def test_without_any_prediction_there_is_nothing_to_draw(made: tuple[Model, list[Case]]) -> None:
    model, cases = made
    evaluation = evaluate(model, cases[:1], device="cpu")
    nothing = type(evaluation)(**(vars(evaluation) | {"errors_mm": np.full((1, 2), NAN)}))
    assert draw_vector_figures(nothing, model, cases[:1], device="cpu") == []
