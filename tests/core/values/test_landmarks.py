"""Grids and landmarks as values: geometry by property, immutability by trying."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.values.grid import Grid
from core.values.image import Image, ImageSource
from core.values.landmarks import Author, Landmarks, Status
from core.values.prediction import VectorField

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SPACING = st.floats(0.01, 10)
RANK = st.sampled_from([2, 3])


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any rotated, shifted grid, 2D or 3D, with unequal spacings."""
    ndim = draw(RANK)
    shape = draw(st.tuples(*[st.integers(1, 40)] * ndim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rotation, _ = np.linalg.qr(rng.normal(size=(ndim, ndim)))
    matrix = np.eye(ndim + 1)
    matrix[:ndim, :ndim] = rotation * draw(st.tuples(*[SPACING] * ndim))
    matrix[:ndim, ndim] = draw(st.tuples(*[st.floats(-500, 500)] * ndim))
    return Grid(shape, matrix)


def corners_mm(grid: Grid) -> np.ndarray:
    """The two opposite corners of the field of view; samples have a width."""
    return grid.to_mm([[-0.5] * grid.ndim, np.array(grid.shape) - 0.5])


@unhurried
@given(grids(), st.data())
def test_index_and_mm_are_inverse(grid, data):
    index = data.draw(hnp.arrays(float, (5, grid.ndim), elements=st.floats(-50, 50)))
    np.testing.assert_allclose(grid.to_index(grid.to_mm(index)), index, atol=1e-6)


@unhurried
@given(grids(), st.data())
def test_a_vector_is_the_difference_of_its_ends(grid, data):
    ends = data.draw(hnp.arrays(float, (2, grid.ndim), elements=st.floats(-50, 50)))
    np.testing.assert_allclose(
        grid.vectors_to_mm(ends[1] - ends[0]), grid.to_mm(ends[1]) - grid.to_mm(ends[0]), atol=1e-6
    )


@unhurried
@given(grids())
def test_one_step_along_an_axis_is_the_spacing(grid):
    steps = grid.vectors_to_mm(np.eye(grid.ndim))
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), grid.spacing_mm)


@unhurried
@given(grids(), st.integers(1, 9), st.data())
def test_strided_samples_lie_where_they_say(grid, stride, data):
    offset = (stride - 1) / 2
    coarse = grid.strided(stride, offset)
    cell = [data.draw(st.integers(0, n - 1)) for n in coarse.shape]
    np.testing.assert_allclose(coarse.to_mm(cell), grid.to_mm(offset + stride * np.array(cell)), atol=1e-6)


@unhurried
@given(RANK, st.integers(1, 8), st.data())
def test_strided_with_half_the_stride_as_offset_keeps_the_field_of_view(ndim, stride, data):
    cells = data.draw(st.tuples(*[st.integers(1, 6)] * ndim))
    grid = Grid.from_spacing([n * stride for n in cells], data.draw(st.tuples(*[SPACING] * ndim)))
    coarse = grid.strided(stride, (stride - 1) / 2)
    assert coarse.shape == cells
    np.testing.assert_allclose(corners_mm(coarse), corners_mm(grid), atol=1e-9)


@unhurried
@given(grids(), st.data())
def test_cropped_samples_keep_their_place(grid, data):
    start = np.array([data.draw(st.integers(-5, n)) for n in grid.shape])
    part = grid.cropped(start, [3] * grid.ndim)
    np.testing.assert_allclose(part.to_mm([1] * grid.ndim), grid.to_mm(start + 1), atol=1e-6)
    np.testing.assert_allclose(part.spacing_mm, grid.spacing_mm)


@unhurried
@given(grids(), st.floats(0.3, 4))
def test_resampled_keeps_the_near_corner_and_loses_nothing_at_the_far_one(grid, factor):
    other = grid.resampled(grid.spacing_mm * factor)
    np.testing.assert_allclose(other.spacing_mm, grid.spacing_mm * factor)
    np.testing.assert_allclose(corners_mm(other)[0], corners_mm(grid)[0], atol=1e-6)
    overhang = grid.to_index(corners_mm(other)[1]) - (np.array(grid.shape) - 0.5)
    assert (overhang > -1e-3 * factor).all()
    assert (overhang < factor).all()


@unhurried
@given(grids(), st.floats(0.3, 4))
def test_resampled_centres_follow_the_half_pixel_rule(grid, factor):
    other = grid.resampled(grid.spacing_mm * factor)
    for i in (0, 1, 7):
        np.testing.assert_allclose(
            grid.to_index(other.to_mm([i] * grid.ndim)), [(i + 0.5) * factor - 0.5] * grid.ndim, atol=1e-6
        )


@unhurried
@given(grids())
def test_resampling_to_the_same_spacing_changes_nothing(grid):
    same = grid.resampled(grid.spacing_mm)
    assert same.shape == grid.shape
    np.testing.assert_allclose(same.mm_from_index, grid.mm_from_index, atol=1e-9)


@unhurried
@given(grids())
def test_the_field_of_view_reaches_half_a_sample_past_the_outer_centres(grid):
    last = np.array(grid.shape) - 1.0
    assert grid.contains(grid.to_mm([last * 0 - 0.49, last + 0.49])).all()
    assert not grid.contains(grid.to_mm([last * 0 - 0.51, last + 0.51])).any()


def test_an_axis_aligned_grid_reverses_the_axes_once():
    grid = Grid.from_spacing((4, 5, 6), (3.0, 2.0, 1.0), origin_mm=(10, 20, 30))
    np.testing.assert_array_equal(grid.to_mm([1, 1, 1]), [11, 22, 33])
    np.testing.assert_array_equal(grid.spacing_mm, [3, 2, 1])


@pytest.mark.parametrize(
    ("shape", "matrix"),
    [
        ((5,), np.eye(2)),
        ((5, 5, 5, 5), np.eye(5)),
        ((0, 5), np.eye(3)),
        ((5, 5), np.eye(4)),
        ((5, 5), np.zeros((3, 3))),
        ((5, 5), np.full((3, 3), np.nan)),
    ],
)
def test_grids_that_cannot_be_are_refused(shape, matrix):
    with pytest.raises(ValueError, match=r"grid|mm_from_index"):
        Grid(shape, matrix)


def test_grids_are_compared_by_value_and_cannot_be_changed():
    grid = Grid.from_spacing((3, 4), 0.5)
    assert grid == Grid.from_spacing((3, 4), 0.5)
    assert hash(grid) == hash(Grid.from_spacing((3, 4), 0.5))
    assert grid != Grid.from_spacing((3, 4), 0.6)
    with pytest.raises(ValueError, match="read-only"):
        grid.mm_from_index[0, 0] = 7
    with pytest.raises(FrozenInstanceError):
        grid.shape = (1, 1)


def test_a_grid_keeps_its_own_copy_of_the_matrix():
    matrix = np.eye(3)
    grid = Grid((3, 4), matrix)
    matrix[0, 0] = 9
    assert grid.mm_from_index[0, 0] == 1


def test_an_image_has_voxels_for_its_whole_grid_and_lets_nobody_write_them(tmp_path):
    grid, source = Grid.from_spacing((3, 4)), ImageSource(tmp_path / "x.png", spacing_known=False)
    image = Image(np.zeros((3, 4), np.uint8), grid, source)
    with pytest.raises(ValueError, match="read-only"):
        image.voxels[0, 0] = 1
    with pytest.raises(ValueError, match="shape"):
        Image(np.zeros((4, 3)), grid, source)
    known = image.with_spacing(0.1)
    assert known.source.spacing_known
    np.testing.assert_allclose(known.grid.spacing_mm, 0.1)
    assert not image.source.spacing_known


NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


@st.composite
def landmark_sets(draw: st.DrawFn) -> Landmarks:
    names = draw(NAMES)
    points = draw(hnp.arrays(float, (len(names), draw(RANK)), elements=st.floats(-1e4, 1e4)))
    return Landmarks(tuple(names), points, status=(Status.PREDICTED,) * len(names))


@unhurried
@given(landmark_sets(), st.data())
def test_moving_one_landmark_leaves_the_original_and_the_others_alone(landmarks, data):
    name = data.draw(st.sampled_from(landmarks.names))
    before = landmarks.points_mm.copy()
    target_mm = np.full(landmarks.ndim, 12345.0)
    moved = landmarks.with_point(name, target_mm)
    np.testing.assert_array_equal(landmarks.points_mm, before)
    np.testing.assert_array_equal(moved.point_mm(name), target_mm)
    assert moved.status[moved.index(name)] is Status.CORRECTED
    others = [other for other in landmarks.names if other != name]
    assert moved.subset(others) == landmarks.subset(others)


@unhurried
@given(landmark_sets(), st.data())
def test_a_removed_landmark_is_absent_and_keeps_its_row(landmarks, data):
    name = data.draw(st.sampled_from(landmarks.names))
    removed = landmarks.without_point(name)
    row = removed.index(name)
    assert removed.names == landmarks.names
    assert removed.status[row] is Status.ABSENT
    assert not removed.located[row]
    assert removed.located.sum() == len(landmarks) - 1


@unhurried
@given(landmark_sets(), st.randoms(use_true_random=False))
def test_a_subset_of_all_in_another_order_and_back_is_the_same(landmarks, random):
    shuffled = list(landmarks.names)
    random.shuffle(shuffled)
    assert landmarks.subset(shuffled).names == tuple(shuffled)
    assert landmarks.subset(shuffled).subset(landmarks.names) == landmarks


def test_confirming_changes_the_status_and_not_the_place():
    landmarks = Landmarks(("a", "b"), [[1, 2], [3, 4]])
    confirmed = landmarks.with_status("b", Status.CONFIRMED)
    np.testing.assert_array_equal(confirmed.points_mm, landmarks.points_mm)
    assert confirmed.status == (Status.PLACED, Status.CONFIRMED)


def test_the_author_follows_from_the_state_and_from_what_the_model_said():
    states = (*Status, Status.ABSENT, Status.ABSENT, Status.CONFIRMED)
    presence = [0.9, 0.9, np.nan, 0.9, 0.1, np.nan, 0.9, np.nan, np.nan]
    names = tuple(f"{row} {status}" for row, status in enumerate(states))
    landmarks = Landmarks(names, np.zeros((9, 2)), presence, status=states)
    model, person, nobody = Author.MODEL, Author.PERSON, Author.NOBODY
    assert landmarks.author == (model, person, person, model, model, nobody, person, person, person)


def test_a_person_who_confirms_agrees_and_one_who_moves_becomes_the_author():
    found = Landmarks(("a", "b"), [[1, 2], [np.nan] * 2], [0.9, 0.1], status=(Status.PREDICTED, Status.ABSENT))
    assert found.author == (Author.MODEL, Author.MODEL)
    agreed = found.with_status("a", Status.CONFIRMED).without_point("b")
    assert (agreed.status, agreed.author) == ((Status.CONFIRMED, Status.ABSENT), (Author.MODEL, Author.MODEL))
    moved = found.with_point("a", [3, 4]).with_status("a", Status.CONFIRMED).with_point("b", [5, 6], Status.PLACED)
    assert (moved.status, moved.author) == ((Status.CONFIRMED, Status.PLACED), (Author.PERSON, Author.PERSON))
    assert moved.without_point("b").author == (Author.PERSON, Author.PERSON)
    assert moved.with_point("b", [np.nan] * 2, Status.UNPLACED).author == (Author.PERSON, Author.NOBODY)
    assert moved.subset(["b", "a"]).author == moved.author[::-1]


def test_an_absence_that_a_model_asserts_stays_the_models_whatever_its_threshold():
    """A model may call a landmark absent at a presence of 0.6; it says so, and no default overrules it."""
    absent = Landmarks(("a",), [[np.nan] * 2], [0.6], status=(Status.ABSENT,), author=(Author.MODEL,))
    assert absent.subset(["a"]).with_status("a", Status.ABSENT).author == (Author.MODEL,)
    assert replace(absent, presence=[np.nan]).author == (Author.MODEL,)
    assert absent != replace(absent, author=(Author.PERSON,))


def test_landmarks_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"unique.*a"):
        Landmarks(("a", "b", "a"), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="points"):
        Landmarks(("a",), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="points"):
        Landmarks(("a",), np.zeros((1, 4)))
    with pytest.raises(ValueError, match="presence"):
        Landmarks(("a",), np.zeros((1, 2)), presence=np.zeros(2))
    with pytest.raises(ValueError, match="states"):
        Landmarks(("a",), np.zeros((1, 2)), status=(Status.PLACED,) * 2)
    with pytest.raises(ValueError, match="authors"):
        Landmarks(("a",), np.zeros((1, 2)), author=(Author.PERSON,) * 2)
    with pytest.raises(KeyError):
        Landmarks(("a",), np.zeros((1, 2))).point_mm("b")


def test_landmarks_cannot_be_changed_and_keep_their_own_copies():
    points = np.zeros((2, 2))
    landmarks = Landmarks(("a", "b"), points)
    points[0, 0] = 5
    assert landmarks.points_mm[0, 0] == 0
    for array in (landmarks.points_mm, landmarks.presence, landmarks.spread_mm, landmarks.radius_mm):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(FrozenInstanceError):
        landmarks.names = ("c", "d")


def test_without_a_status_a_place_means_placed_and_none_means_absent():
    landmarks = Landmarks(("a", "b"), [[1, 2], [np.nan, np.nan]])
    assert landmarks.status == (Status.PLACED, Status.ABSENT)
    assert landmarks == replace(landmarks)
    assert landmarks != landmarks.without_point("a")


def test_what_is_stated_fits_the_position():
    here, nowhere = [1.0, 2.0], [np.nan, np.nan]
    status = (Status.CONFIRMED, Status.UNPLACED, Status.ABSENT, Status.CONFIRMED, Status.UNPLACED, Status.ABSENT)
    landmarks = Landmarks(tuple("abcdef"), [here] * 3 + [nowhere] * 3, status=status)
    assert landmarks.stated == (
        Status.CONFIRMED, Status.PLACED, Status.ABSENT, Status.ABSENT, Status.UNPLACED, Status.ABSENT,
    )  # fmt: skip


def test_no_landmarks_are_landmarks_too():
    assert len(Landmarks((), np.zeros((0, 3)))) == 0
    assert Landmarks((), np.zeros((0, 3))).ndim == 3


def test_a_vector_field_fits_its_cells():
    grid = Grid.from_spacing((3, 4))
    field = VectorField(np.zeros((3, 4, 2)), np.zeros((3, 4)), grid)
    assert field.displacement_mm.dtype == np.float32
    with pytest.raises(ValueError, match="cells"):
        VectorField(np.zeros((3, 4, 3)), np.zeros((3, 4)), grid)
