"""Every kind of quantity on configurations whose values are known by hand, in 2D and 3D, and every way to write one wrongly."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measuring.constructions import Malformed
from core.measuring.frame import find_frame
from core.measuring.quantities import At, read_quantity

POINTS = {
    "O": (0.0, 0.0),
    "X": (3.0, 0.0),
    "Y": (0.0, 4.0),
    "D": (1.0, 1.0),
    "U": (0.0, -2.0),
    "F": (10.0, 0.0),
}
"""Of a face that looks to the right (from O to F); the second axis points down, so U lies above O."""
POINTS_3D = {
    "O": (0.0, 0.0, 0.0),
    "X": (3.0, 0.0, 0.0),
    "Y": (0.0, 4.0, 0.0),
    "Z": (0.0, 0.0, 12.0),
    "E": (3.0, 4.0, 12.0),
}


def at(points: Mapping[str, tuple[float, ...]], *, turned_by_degrees: float = 0.0, mirrored: bool = False) -> At:
    angle = np.radians(turned_by_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = {}
    for name, point in points.items():
        place = np.array(point)
        if len(point) == 2:
            place = turn @ (place * (-1.0 if mirrored else 1.0, 1.0)) + (17.0, -5.0)
        moved[name] = place
    frame = find_frame(moved, [("O", "F")], [("O", "U")]) if "F" in points else None
    return At(moved, {"ten": np.asarray(10.0)}, frame)


IN_THE_PLANE = [
    ({"distance": ["X", "Y"]}, 5.0),
    ({"distance": ["O", "X"], "positive": "anterior"}, 3.0),
    ({"distance": ["X", "O"], "positive": "anterior"}, -3.0),
    ({"distance": ["O", "Y"], "positive": "superior"}, -4.0),
    ({"distance": ["O", {"midpoint": ["X", "Y"]}]}, 2.5),
    ({"distance": ["X", {"foot": "D", "on": ["O", "X"]}]}, 2.0),
    ({"distance": ["O", {"crossing": [["O", "D"], ["X", "Y"]]}]}, 12 / 7 * np.sqrt(2)),
    ({"angle": ["X", "O", "Y"]}, 90.0),
    ({"angle": ["X", "O", "D"]}, 45.0),
    ({"angle": ["O", "X", "Y"]}, np.degrees(np.arctan(4 / 3))),
    ({"angle_between": [["O", "X"], ["D", "O"]]}, 135.0),
    ({"angle_between": [["O", "X"], ["O", "D"]], "positive": "clockwise"}, 45.0),
    ({"angle_between": [["O", "X"], ["O", "D"]], "positive": "anticlockwise"}, -45.0),
    ({"angle_between": [["O", "D"], {"through": "Y", "parallel_to": ["O", "X"]}]}, 45.0),
    ({"offset": "D", "from": {"through": "X", "perpendicular_to": ["O", "F"]}}, 2.0),
    ({"offset": "D", "from": {"through": "X", "perpendicular_to": ["O", "F"]}, "positive": "anterior"}, -2.0),
    ({"offset": "D", "from": {"through": "X", "perpendicular_to": ["F", "O"]}, "positive": "anterior"}, -2.0),
    ({"offset": "D", "from": ["O", "X"]}, 1.0),
    ({"offset": "D", "from": ["O", "X"], "positive": "superior"}, -1.0),
    ({"offset": "D", "from": ["O", "Y"], "positive": "anterior"}, 1.0),
    ({"offset": "D", "from": ["Y", "O"], "positive": "posterior"}, -1.0),
    ({"extent": ["D", "X"], "along": ["O", "F"]}, 2.0),
    ({"extent": ["D", "X"], "along": ["F", "O"]}, -2.0),
    ({"sum": [{"distance": ["O", "X"]}, {"distance": ["O", "Y"]}, 1]}, 8.0),
    ({"difference": [180, {"angle": ["X", "O", "D"]}]}, 135.0),
    ({"ratio": [{"distance": ["O", "X"]}, {"distance": ["O", "Y"]}]}, 0.75),
    ({"percent": [{"distance": ["O", "X"]}, {"distance": ["O", "Y"]}]}, 75.0),
    ({"difference": ["ten", 4]}, 6.0),
]


@pytest.mark.parametrize(("how", "expected"), IN_THE_PLANE)
@pytest.mark.parametrize(("turned_by_degrees", "mirrored"), [(0.0, False), (0.0, True), (33.0, False), (-150.0, True)])
def test_value_in_the_plane_is_that_of_geometry_however_the_picture_lies(
    how: Any, expected: float, turned_by_degrees: float, mirrored: bool
) -> None:
    value = read_quantity(how, 2).value(at(POINTS, turned_by_degrees=turned_by_degrees, mirrored=mirrored))
    assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"distance": ["O", "E"]}, 13.0),
        ({"distance": ["O", "Y"], "positive": "anterior"}, -4.0),
        ({"distance": ["O", "Z"], "positive": "superior"}, 12.0),
        ({"distance": ["O", "X"], "positive": "right"}, -3.0),
        ({"angle": ["X", "O", "Z"]}, 90.0),
        ({"angle_between": [["O", "X"], ["Y", "O"]]}, 90.0),
        ({"offset": "E", "from": ["O", "Z"]}, 5.0),
        ({"offset": "X", "from": ["O", "Z"], "positive": "left"}, 3.0),
        ({"extent": ["O", "E"], "along": ["Z", "O"]}, -12.0),
    ],
)
def test_value_in_space_is_that_of_geometry(how: Any, expected: float) -> None:
    assert read_quantity(how, 3).value(at(POINTS_3D)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (7, "number alone"),
        ([], "a quantity is"),
        ({}, "exactly one"),
        ({"distance": ["O", "X"], "angle": ["O", "X", "Y"]}, "exactly one"),
        ({"distance": ["O", "O"]}, "not twice O"),
        ({"distance": ["O"]}, "list of two"),
        ({"distance": ["O", 4]}, "a point is"),
        ({"distance": ["O", "X"], "from": ["O", "X"]}, "not from"),
        ({"distance": ["O", "X"], "positive": "up"}, "is one of anterior"),
        ({"distance": ["O", "X"], "positive": "left"}, "is one of anterior"),
        ({"angle": ["O", "X"]}, "list of three"),
        ({"angle": ["O", "X", "O"]}, "not twice O"),
        ({"angle_between": [["O", "X"], ["O", "X"]]}, "different"),
        ({"angle_between": [["O", "O"], ["O", "X"]]}, "not twice O"),
        ({"angle_between": [["O", "X"], "Y"]}, "a line is"),
        ({"angle_between": [["O", "X"], {"through": "F", "perpendicular_to": ["O", "Y"]}]}, "no direction"),
        (
            {
                "extent": ["O", "X"],
                "along": {"through": "Y", "parallel_to": {"through": "F", "perpendicular_to": ["O", "Y"]}},
            },
            "no direction",
        ),
        ({"offset": "D"}, "from = "),
        ({"extent": ["O", "X"]}, "along = "),
        ({"sum": [{"distance": ["O", "X"]}]}, "two or more"),
        ({"sum": [1, 2]}, "numbers alone"),
        ({"ratio": [{"distance": ["O", "X"]}, 0]}, "divided by zero"),
        ({"sum": [True, "ten"]}, "a quantity is"),
    ],
)
def test_wrong_quantity_is_refused_where_it_is_wrong(how: Any, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read_quantity(how, 2)


def test_what_needs_a_plane_is_refused_in_space() -> None:
    for how, said in (
        ({"distance": ["O", {"crossing": [["O", "X"], ["Y", "Z"]]}]}, "2D"),
        ({"offset": "X", "from": {"through": "O", "perpendicular_to": ["Y", "Z"]}}, "2D"),
        ({"angle_between": [["O", "X"], ["O", "Y"]], "positive": "clockwise"}, "no meaning in 3D"),
    ):
        with pytest.raises(Malformed, match=said):
            read_quantity(how, 3)


def test_quantity_nested_thousands_deep_is_refused_like_one_nested_a_little_too_deep() -> None:
    how: dict[str, Any] = {"distance": ["O", "X"]}
    for _ in range(900):
        how = {"sum": [how, 1]}
    with pytest.raises(Malformed, match="deep"):
        read_quantity(how, 2)


def test_what_is_not_known_or_has_no_length_gives_no_value() -> None:
    points = at(POINTS | {"same": (0.0, 0.0), "nowhere": (np.nan, np.nan)})
    for how in (
        {"distance": ["O", "nowhere"]},
        {"angle": ["X", "O", "same"]},
        {"offset": "D", "from": ["O", "same"]},
        {"angle_between": [["O", "X"], ["O", "same"]]},
        {"ratio": [{"distance": ["O", "X"]}, {"distance": ["O", "same"]}]},
        {"distance": ["O", {"crossing": [["O", "X"], {"through": "Y", "parallel_to": ["O", "X"]}]}]},
    ):
        assert np.isnan(read_quantity(how, 2).value(points)), how


def test_sign_needs_to_know_which_way_the_face_looks() -> None:
    signed = read_quantity({"offset": "D", "from": ["O", "X"], "positive": "superior"}, 2)
    assert signed.needs_frame()
    assert np.isnan(signed.value(At({name: np.array(point) for name, point in POINTS.items()})))
    assert not read_quantity({"offset": "D", "from": ["O", "X"]}, 2).needs_frame()


def test_half_a_length_is_a_length_and_a_share_has_no_unit() -> None:
    length, other, angle = {"distance": ["O", "X"]}, {"distance": ["O", "Y"]}, {"angle": ["O", "X", "Y"]}
    for how, unit in (
        ({"ratio": [length, 2]}, "mm"),
        ({"ratio": [angle, 2]}, "°"),
        ({"sum": [angle, {"ratio": [{"difference": [81, angle]}, 2]}]}, "°"),
        ({"ratio": [length, other]}, ""),
        ({"percent": [length, other]}, "%"),
        ({"ratio": [{"ratio": [length, other]}, 2]}, ""),
        ({"percent": [{"ratio": [length, other]}, 2]}, "%"),
    ):
        assert read_quantity(how, 2).unit({}) == unit, how
    for how in ({"ratio": [2, length]}, {"percent": [length, 71]}, {"percent": [71, angle]}):
        with pytest.raises(Malformed, match="and a number make no"):
            read_quantity(how, 2).unit({})


coordinates = st.floats(-100, 100).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=3, unique=True))
def test_angles_of_a_triangle_add_up(corners: list[tuple[float, float]]) -> None:
    points = At({name: np.array(corner) for name, corner in zip("ABC", corners, strict=True)})
    angles = [read_quantity({"angle": list(order)}, 2).value(points) for order in ("ABC", "BCA", "CAB")]
    assert sum(angles) == pytest.approx(180.0, abs=1e-6)


def test_many_configurations_at_once_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(3)
    points = {name: rng.normal(size=(50, 2)) for name in "ABCD"}
    frame = find_frame({"A": np.zeros(2), "B": np.ones(2), "C": np.array([0.0, -1.0])}, [("A", "B")], [("A", "C")])
    for how in (
        {"angle_between": [["A", "B"], ["C", "D"]], "positive": "clockwise"},
        {"offset": "A", "from": {"through": "B", "perpendicular_to": ["C", "D"]}, "positive": "anterior"},
        {"percent": [{"distance": ["A", "B"]}, {"extent": ["C", "D"], "along": ["A", "D"]}]},
    ):
        quantity = read_quantity(how, 2)
        together = quantity.value(At(points, {}, frame))
        alone = [quantity.value(At({name: points[name][i] for name in points}, {}, frame)) for i in range(50)]
        np.testing.assert_allclose(together, alone)
