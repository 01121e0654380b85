"""How objects lie: turned, mirrored, or all alike."""

import numpy as np
import pytest

from core.learning.poses import find_mirror, partners_by_name, partners_by_shape, poses
from core.values.grid import FloatArray

RNG = np.random.default_rng(5)


def rotation(ndim: int, degrees: float, rng: np.random.Generator) -> FloatArray:
    """Return a rotation by so much, in 3D about any axis."""
    angle = np.radians(degrees)
    if ndim == 2:
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    cross = np.cross(np.eye(3), axis)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def varied(shape: FloatArray, count: int, degrees: float, noise: float = 0.5) -> list[FloatArray]:
    """Return the shape turned by up to so much, each way, somewhere, and a little different each time."""
    rng = np.random.default_rng(6)
    found = []
    for number in range(count):
        turned = shape @ rotation(shape.shape[1], degrees * (2 * number / (count - 1) - 1), rng).T
        found.append(turned + rng.normal(0, 20, shape.shape[1]) + rng.normal(0, noise, shape.shape))
    return found


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_largest_turn_is_measured(ndim: int) -> None:
    shape = RNG.normal(0, 20, (10, ndim))
    degrees, posed = poses(varied(shape, 9, 15))
    assert degrees == pytest.approx(15, abs=4)
    assert not posed
    degrees, posed = poses(varied(shape, 9, 150))
    assert degrees > 100
    assert posed


def test_points_on_a_line_or_too_few_say_nothing_of_the_pose() -> None:
    line = np.outer(np.linspace(-30, 30, 7), [1.0, 2.0, 0.5])
    for shape in (line, RNG.normal(0, 20, (3, 3)), RNG.normal(0, 20, (1, 2))):
        assert poses(varied(shape, 6, 150)) == (0.0, False)
    assert poses([RNG.normal(0, 20, (6, 3))]) == (0.0, False), "one case has no other to differ from"


def test_cases_that_lack_a_landmark_do_not_count() -> None:
    shapes = varied(RNG.normal(0, 20, (8, 2)), 6, 10)
    shapes[0][3] = np.nan
    assert poses(shapes)[0] == poses(shapes[1:])[0]


# Mirrors


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Left eye", "Right eye", "Nose"), (1, 0, 2)),
        (("Condyle (left)", "condyle (RIGHT)"), (1, 0)),
        (("Po_L", "Po_R", "N"), (1, 0, 2)),
        (("L7", "Leftover", "R7"), (2, 1, 0)),
        (("L1", "L2", "Leftover"), ()),
        (("left eye", "right ear", "nose"), ()),
        (("left eye", "right eye", "left ear"), (1, 0, -1)),
        (("upright", "nose"), ()),
    ],
)
def test_names_say_the_partners(names: tuple[str, ...], expected: tuple[int, ...]) -> None:
    assert partners_by_name(names) == expected


def two_sided(pairs: int, middle: int, normal: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Return a shape symmetric to a plane, pairs first, and its partners."""
    normal = normal / np.linalg.norm(normal)
    reflection = np.eye(len(normal)) - 2 * np.outer(normal, normal)
    one = RNG.normal(0, 20, (pairs, len(normal))) + 15 * normal
    centre = RNG.normal(0, 20, (middle, len(normal)))
    centre -= np.outer(centre @ normal, normal)
    partners = [row + (1 if row % 2 == 0 else -1) for row in range(2 * pairs)]
    both = np.stack([one, one @ reflection], axis=1).reshape(-1, len(normal))
    return np.concatenate([both, centre]), (*partners, *range(2 * pairs, 2 * pairs + middle))


@pytest.mark.parametrize("normal", [[0.0, 0.0, 1.0], [0.5, 0.6, 0.7]])
def test_the_shape_says_the_partners_where_names_do_not(normal: list[float]) -> None:
    shape, partners = two_sided(7, 3, np.array(normal))
    assert partners_by_shape(shape + RNG.normal(0, 0.2, shape.shape)) == partners
    names = [str(number) for number in range(len(shape))]
    posed = varied(shape, 8, 150)
    assert find_mirror(posed, names, posed=True) == partners


def test_a_two_sided_object_must_lie_as_mirroring_leaves_it() -> None:
    """Mirrored left to right, an animal that lies across the image would lie the other way round."""
    upright, partners = two_sided(7, 3, np.array([0.0, 0.0, 1.0]))
    across, _ = two_sided(7, 3, np.array([0.0, 1.0, 0.6]))
    names = [str(number) for number in range(len(upright))]
    assert find_mirror(varied(upright, 8, 5), names) == partners
    assert find_mirror(varied(across, 8, 5), names) == ()


def test_a_one_sided_object_has_no_mirror_unless_both_sides_occur() -> None:
    wing = RNG.normal(0, 20, (12, 2))
    names = [f"vein {number}" for number in range(12)]
    wings = varied(wing, 10, 5)
    assert find_mirror(wings, names) == ()
    mixed = [points * [1, -1] if number % 2 else points for number, points in enumerate(wings)]
    assert find_mirror(mixed, names) == tuple(range(12))


def test_a_scheme_is_believed_where_it_can_be_true() -> None:
    shape, partners = two_sided(5, 2, np.array([0.0, 0.0, 1.0]))
    names = [str(number) for number in range(len(shape))]
    assert find_mirror(varied(shape, 8, 5), names, partners) == partners
    wing = varied(RNG.normal(0, 20, (12, 3)), 8, 5)
    assert find_mirror(wing, names, partners) == ()
