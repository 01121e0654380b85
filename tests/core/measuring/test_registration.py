"""One image laid on another: known movements are found, nothing is scaled unasked, and uncertainty goes along by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.base.errors import AppError
from core.geometry.shapes import transform_points
from core.measuring.registration import (
    By,
    Registered,
    Registration,
    displacements,
    line_of,
    looks_the_other_way,
    register,
    shared_names,
)
from core.values.landmarks import Landmarks, Status

FACE = Landmarks(
    ("S", "N", "ANS", "Me", "Go"),
    np.array([[60.0, 60.0], [130.0, 50.0], [132.0, 100.0], [120.0, 165.0], [62.0, 135.0]]),
)
SN = Registration(By.LINE, ("S", "N"))
FIT = Registration(By.FIT, ("S", "N", "ANS"))
SKULL = Landmarks(("A", "B", "C", "D"), np.array([[0.0, 0, 0], [50, 0, 0], [10, 40, 0], [5, 5, 30]]))
RADIUS_OF_SD = float(np.sqrt(-2 * np.log(0.1)))


def turned(landmarks: Landmarks, degrees: float, to_mm: tuple[float, float] = (12.0, -7.0)) -> Landmarks:
    turn = Rotation.from_euler("z", degrees, degrees=True).as_matrix()[:2, :2]
    return replace(landmarks, points_mm=landmarks.points_mm @ turn.T + to_mm)


def with_radius(landmarks: Landmarks, radius_mm: float) -> Landmarks:
    count = len(landmarks)
    return replace(
        landmarks,
        radius_mm=np.full(count, radius_mm, np.float32),
        presence=np.ones(count, np.float32),
        status=(Status.PREDICTED,) * count,
        author=(),
    )


@pytest.mark.parametrize("registration", [SN, replace(SN, names=("N", "S")), FIT, replace(FIT, scaled=True)])
@pytest.mark.parametrize("degrees", [0.0, 13.0, -100.0])
def test_a_face_that_was_only_turned_and_moved_has_not_changed(registration: Registration, degrees: float) -> None:
    later = turned(FACE, degrees)
    registered = register(registration, FACE, later)
    assert not registered.mirrored
    assert registered.scale == pytest.approx(1)
    ways = displacements(registration, registered, FACE, later)
    assert [way.name for way in ways] == list(FACE.names)
    assert max(way.length_mm for way in ways) < 1e-9


def test_a_jaw_that_grew_shows_up_as_exactly_that() -> None:
    grown = FACE.with_point("Me", np.add(FACE.point_mm("Me"), [3.0, 4.0])).with_point(
        "Go", np.add(FACE.point_mm("Go"), [0.0, 2.0])
    )
    later = turned(grown, 21.0)
    for registration in (SN, FIT):
        ways = {way.name: way for way in displacements(registration, register(registration, FACE, later), FACE, later)}
        np.testing.assert_allclose(ways["Me"].vector_mm, [3, 4], atol=1e-9)
        np.testing.assert_allclose(ways["Go"].vector_mm, [0, 2], atol=1e-9)
        assert ways["Me"].length_mm == pytest.approx(5)
        assert max(ways[name].length_mm for name in ("S", "N", "ANS")) < 1e-9


def test_a_film_from_the_other_side_is_turned_over_and_says_so() -> None:
    later = turned(replace(FACE, points_mm=FACE.points_mm * [-1.0, 1.0]), 8.0)
    assert looks_the_other_way(FACE, later)
    for registration in (SN, FIT):
        registered = register(registration, FACE, later)
        assert registered.mirrored
        moved = transform_points(registered.earlier_from_later, later.points_mm)
        np.testing.assert_allclose(moved, FACE.points_mm, atol=1e-9)
        assert np.linalg.det(registered.earlier_from_later[:2, :2]) == pytest.approx(-1)
    assert not looks_the_other_way(FACE, turned(FACE, 170.0))
    assert not looks_the_other_way(FACE.subset(("S", "N")), later.subset(("S", "N")))  # two points have no sides
    line = Landmarks(("S", "N", "Me"), np.array([[0.0, 0], [1, 0], [2, 0]]))
    assert not looks_the_other_way(line, line)


def test_nothing_is_scaled_unless_it_is_asked_for() -> None:
    later = turned(replace(FACE, points_mm=FACE.points_mm * 1.1), 5.0)
    assert register(SN, FACE, later).scale == pytest.approx(1)
    assert register(FIT, FACE, later).scale == pytest.approx(1)
    for registration in (replace(SN, scaled=True), replace(FIT, scaled=True)):
        registered = register(registration, FACE, later)
        assert registered.scale == pytest.approx(1 / 1.1)
        moved = transform_points(registered.earlier_from_later, later.points_mm)
        np.testing.assert_allclose(moved, FACE.points_mm, atol=1e-9)
    assert Registered(np.eye(4) * [2, 2, 2, 1]).scale == pytest.approx(2)


def test_in_space_a_fit_is_rigid_and_finds_the_movement() -> None:
    rotation = Rotation.random(rng=np.random.default_rng(4)).as_matrix()
    grown = SKULL.with_point("D", [5.0, 5, 36])
    later = replace(grown, points_mm=grown.points_mm @ rotation.T + [3, 8, -20])
    registration = Registration(By.FIT, ("A", "B", "C"))
    ways = displacements(registration, register(registration, SKULL, later), SKULL, later)
    np.testing.assert_allclose([way.length_mm for way in ways], [0, 0, 0, 6], atol=1e-9)
    np.testing.assert_allclose(ways[3].vector_mm, [0, 0, 6], atol=1e-9)


def test_only_what_both_have_is_compared_and_unknown_landmarks_are_no_obstacle() -> None:
    later = turned(FACE.without_point("Go"), 4.0).joined(Landmarks(("Po",), np.array([[0.0, 0.0]])))
    assert shared_names(FACE, later) == ("S", "N", "ANS", "Me")
    assert [way.name for way in displacements(SN, register(SN, FACE, later), FACE, later)] == ["S", "N", "ANS", "Me"]


def test_what_cannot_be_superimposed_is_said() -> None:
    with pytest.raises(AppError, match="Go has no position in the later image, so it cannot be fitted"):
        register(Registration(By.FIT, ("S", "Go")), FACE, FACE.without_point("Go"))
    with pytest.raises(AppError, match="Po has no position in the earlier image"):
        register(Registration(By.FIT, ("S", "Po")), FACE, FACE)
    with pytest.raises(AppError, match="in 2D needs 2 landmarks at least, and these are 1"):
        register(Registration(By.FIT, ("S",)), FACE, FACE)
    with pytest.raises(AppError, match="on the same spot in the later image"):
        register(Registration(By.FIT, ("S", "N")), FACE, FACE.with_point("N", FACE.point_mm("S")))
    straight = SKULL.with_point("C", [25.0, 0, 0])
    with pytest.raises(AppError, match="on one line in the earlier image"):
        register(Registration(By.FIT, ("A", "B", "C")), straight, SKULL)
    with pytest.raises(AppError, match="N has no position in the later image, so the line S–N"):
        register(SN, FACE, FACE.without_point("N"))
    with pytest.raises(AppError, match="3D image cannot be laid on a 2D one"):
        register(SN, FACE, SKULL)


def test_the_way_of_a_landmark_is_as_uncertain_as_its_points_and_the_line_make_it() -> None:
    """By hand, S at the origin and N at (100, 0): what counts of the turn is how far S and N lie beside the line."""
    points = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    there = with_radius(Landmarks(("S", "N", "Me"), points), 1.0)
    ways = displacements(SN, register(SN, there, there), there, there)
    sd = 1.0 / RADIUS_OF_SD
    assert np.isnan(ways[0].radius_mm)  # sella lies on sella, whatever happens
    assert ways[0].beyond_error is None
    # Nasion can only slide along the line: the lengths of both lines, two ends each.
    assert ways[1].radius_mm == pytest.approx(1.645 * 2 * sd, rel=0.05)
    # Menton: the errors of both menta and both sellas (variance 4 sd² along y, and as much along x where the turn of either line
    # is added (two ends, at the distance of a line's length, twice).
    generator = np.random.default_rng(0)
    x = sd * np.sqrt(4 + 4) * generator.standard_normal(400_000)
    y = sd * np.sqrt(4) * generator.standard_normal(400_000)
    assert ways[2].radius_mm == pytest.approx(float(np.quantile(np.hypot(x, y), 0.9)), rel=0.06)
    assert ways[2].beyond_error is False


def test_a_fit_of_many_landmarks_is_more_certain_than_a_line_of_two() -> None:
    there = with_radius(FACE, 1.5)
    fit = Registration(By.FIT, FACE.names)
    [*_, on_line, _], [*_, on_fit, _] = (
        displacements(registration, register(registration, there, there), there, there) for registration in (SN, fit)
    )
    assert on_line.name == on_fit.name == "Me"
    assert on_fit.radius_mm < on_line.radius_mm


def test_a_long_way_is_beyond_the_error_and_the_same_input_gives_the_same_radius() -> None:
    first = with_radius(FACE, 0.5)
    later = with_radius(turned(FACE.with_point("Me", np.add(FACE.point_mm("Me"), [3.0, 12.0])), 30.0), 0.5)
    one, other = (displacements(SN, register(SN, first, later), first, later) for _ in range(2))
    menton = one[3]
    assert menton.beyond_error is True
    assert 0.5 < menton.radius_mm < 3
    assert [way.radius_mm for way in one[1:]] == [way.radius_mm for way in other[1:]]


def test_landmarks_taken_as_exact_are_named_with_those_of_the_superimposition() -> None:
    placed = FACE
    predicted = with_radius(FACE, 1.0)
    ways = displacements(SN, register(SN, placed, predicted), placed, predicted)
    assert ways[3].exact == ("S", "N", "Me")
    assert all(np.isnan(way.radius_mm) for way in displacements(SN, register(SN, placed, placed), placed, placed))
    spread = dict.fromkeys(FACE.names, 0.7)
    known = displacements(SN, register(SN, placed, placed), placed, placed, spread_mm=(spread, spread))
    assert known[3].radius_mm > 0.7
    assert known[3].exact == ()
    assert known[3].by_readers == ("S", "N", "Me")
    assert displacements(SN, register(SN, predicted, predicted), predicted, predicted)[3].by_readers == ()


def test_what_it_is_called() -> None:
    assert SN.text == "S–N, at S"
    assert FIT.text == "best fit of S, N, ANS"


def test_symbols_stand_for_the_names_that_the_landmarks_have() -> None:
    assert line_of(("S", "N"), ("Nasion", "Sella", "Menton")) == ("Sella", "Nasion")
    assert line_of(("Me", "Go"), ("Me", "Go")) == ("Me", "Go")
    assert line_of(("S", "N"), ("Sella", "Menton")) is None
    assert line_of(("left", "right"), ("right", "left")) == ("left", "right")
