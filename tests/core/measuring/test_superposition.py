"""Two times of one patient: where the movement along a line brings things, by hand, and how much has changed, with intervals."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.base.errors import AppError
from core.geometry.shapes import transform_points
from core.measuring.analysis import Analysis
from core.measuring.measure import measure
from core.measuring.superposition import changes, superimpose
from core.values.landmarks import Landmarks, Status

FACE = Landmarks(("S", "N", "Me"), np.array([[10.0, 20.0], [80.0, 20.0], [70.0, 120.0]]))
SKULL = Landmarks(("S", "N", "Me", "Po"), np.array([[0.0, 0, 0], [10, 0, 0], [9, 0, -12], [-2, 8, -3]]))
ANALYSIS = Analysis.model_validate(
    {
        "name": "own",
        "title": "My own",
        "ndim": 2,
        "landmarks": {"S": "S", "N": "N", "Me": "Me", "Go": "Go"},
        "measurements": [
            {"key": "N-Me", "how": {"distance": ["N", "Me"]}},
            {"key": "NSMe", "how": {"angle": ["N", "S", "Me"]}},
            {"key": "Go-Me", "how": {"distance": ["Go", "Me"]}},
        ],
    }
)


def test_first_point_and_direction_come_to_lie_on_each_other_and_lengths_stay() -> None:
    # The same face a quarter turned, elsewhere, grown: S–N is 90 long, Me lies 130 below.
    later = Landmarks(("S", "N", "Me"), np.array([[100.0, 50.0], [100.0, 140.0], [-30.0, 130.0]]))
    first_from_second = superimpose(FACE, later, ("S", "N"))
    moved = transform_points(first_from_second, later.points_mm)
    np.testing.assert_allclose(moved, [[10, 20], [100, 20], [90, 150]], atol=1e-12)
    np.testing.assert_allclose(superimpose(FACE, later, ("N", "Me")) @ [*later.point_mm("N"), 1], [80, 20, 1])


def test_scaled_the_line_is_as_long_as_it_was_and_everything_grows_alike() -> None:
    later = Landmarks(("S", "N", "Me"), np.array([[100.0, 50.0], [100.0, 190.0], [-40.0, 170.0]]))  # S–N is 140, not 70
    moved = transform_points(superimpose(FACE, later, ("S", "N"), scaled=True), later.points_mm)
    np.testing.assert_allclose(moved, [[10, 20], [80, 20], [70, 90]], atol=1e-12)


def test_the_same_landmarks_need_no_movement() -> None:
    np.testing.assert_allclose(superimpose(FACE, FACE, ("S", "Me")), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(superimpose(SKULL, SKULL, ("S", "Me")), np.eye(4), atol=1e-12)


def test_an_opposite_direction_is_half_a_turn() -> None:
    turned = superimpose(FACE, Landmarks(("S", "N"), np.array([[0.0, 0.0], [-5.0, 0.0]])), ("S", "N"))
    np.testing.assert_allclose(turned, [[-1, 0, 10], [0, -1, 20], [0, 0, 1]], atol=1e-12)
    back = superimpose(SKULL, Landmarks(("S", "N"), np.array([[0.0, 0, 0], [-5.0, 0, 0]])), ("S", "N"))
    np.testing.assert_allclose(back @ [-5, 0, 0, 1], [5, 0, 0, 1], atol=1e-12)
    assert np.linalg.det(back) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_in_space_the_turn_about_the_line_is_that_of_the_other_landmarks(seed: int) -> None:
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    grown = SKULL.points_mm * [1.2, 1.0, 1.0]  # along S–N only
    later = Landmarks(SKULL.names, grown @ rotation.T + [5, -7, 30])
    moved = transform_points(superimpose(SKULL, later, ("S", "N")), later.points_mm)
    np.testing.assert_allclose(moved, grown, atol=1e-9)


def test_in_space_the_turn_about_the_line_is_the_best_one_where_none_fits_exactly() -> None:
    generator = np.random.default_rng(8)
    later = Landmarks(SKULL.names, SKULL.points_mm[:, [2, 0, 1]] + generator.normal(scale=0.8, size=(4, 3)))
    first_from_second = superimpose(SKULL, later, ("S", "N"))
    moved = transform_points(first_from_second, later.points_mm)

    def misfit(degrees: float) -> float:
        turned = Rotation.from_euler("x", degrees, degrees=True).apply(moved)  # S–N is the x axis
        return float(((turned - SKULL.points_mm)[2:] ** 2).sum())

    assert np.linalg.det(first_from_second) == pytest.approx(1)
    assert all(misfit(0.0) < misfit(angle) for angle in (-120.0, -2.0, 2.0, 120.0))


def test_in_space_without_other_landmarks_it_turns_as_little_as_possible() -> None:
    later = Landmarks(("S", "N"), np.array([[1.0, 1, 1], [1.0, 3, 1]]))  # from y to x: a quarter turn about z
    np.testing.assert_allclose(
        superimpose(SKULL, later, ("S", "N"))[:3, :3], [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], atol=1e-12
    )


def test_lines_that_are_none_are_refused_in_a_sentence() -> None:
    unplaced = FACE.without_point("N")
    with pytest.raises(AppError, match="N has no position in the later image, so the line S–N"):
        superimpose(FACE, unplaced, ("S", "N"))
    with pytest.raises(AppError, match="Go has no position in the earlier image"):
        superimpose(FACE, FACE, ("Go", "Me"))
    with pytest.raises(AppError, match="same spot in the later image"):
        superimpose(FACE, FACE.with_point("N", FACE.point_mm("S")), ("S", "N"))
    with pytest.raises(AppError, match="3D image cannot be laid on a 2D one"):
        superimpose(FACE, SKULL, ("S", "N"))


def at(points: list[list[float]], radius_mm: float) -> Landmarks:
    return Landmarks(
        ("S", "N", "Me"),
        np.array(points),
        radius_mm=np.full(3, radius_mm, np.float32),
        presence=np.ones(3, np.float32),
        status=(Status.PREDICTED,) * 3,
    )


def test_differences_are_second_less_first_with_the_interval_of_both_errors() -> None:
    first = at([[0, 0], [100, 0], [100, 100]], 1.0)
    second = at([[0, 0], [100, 0], [100, 104]], 2.0)
    longer, angle, unknown = changes(ANALYSIS, first, second)
    assert (longer.difference, longer.unit, longer.measurement.key) == (pytest.approx(4.0), "mm", "N-Me")
    assert angle.difference == pytest.approx(np.degrees(np.arctan2(104, 100)) - 45)
    assert not unknown.known
    assert unknown.reason.startswith("In the earlier image: It needs Go")
    # A radius is 2.146 SD; the variance of a difference of two lengths is the sum of those of the four ends along it.
    sd = np.sqrt(2 * 1.0**2 + 2 * 2.0**2) / np.sqrt(-2 * np.log(0.1))
    np.testing.assert_allclose([longer.low, longer.high], [4 - 1.645 * sd, 4 + 1.645 * sd], atol=0.15)
    assert longer.beyond_error is True
    [same, *_] = changes(ANALYSIS, first, first)
    assert same.difference == 0
    assert same.low < 0 < same.high  # the errors of both times are drawn apart, though the landmarks are the same
    assert same.beyond_error is False


def test_what_is_unknown_at_the_second_time_is_said_and_exact_landmarks_have_no_interval() -> None:
    missing = FACE.without_point("Me")
    first, *_ = changes(ANALYSIS, FACE, missing)
    assert first.reason == "In the later image: Me is not in the image."
    exact, *_ = changes(ANALYSIS, FACE, FACE)
    assert np.isnan(exact.low)
    assert exact.beyond_error is None
    px, *_ = changes(ANALYSIS, FACE, FACE, units=("mm", "px"))
    assert px.reason == "In the later image: It is a length in mm, and the pixel size is not known."


def test_superimposing_changes_no_measurement() -> None:
    later = Landmarks(("S", "N", "Me"), np.array([[100.0, 50.0], [100.0, 140.0], [-30.0, 130.0]]))
    moved = Landmarks(later.names, transform_points(superimpose(FACE, later, ("S", "N")), later.points_mm))
    for before, after in zip(measure(ANALYSIS, later)[:2], measure(ANALYSIS, moved)[:2], strict=True):
        assert before.value == pytest.approx(after.value)
