"""What marked cases must be, and the sentences for those that are not."""

from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.learning.cases import Case
from core.learning.requirements import check_cases, check_pixel_sizes
from core.values.landmarks import Landmarks

NAMES = ("tip", "root", "edge")


def case(number: int, points: object = None, names: tuple[str, ...] = NAMES) -> Case:
    rng = np.random.default_rng(number)
    marks = rng.uniform(0, 100, (len(names), 2)) if points is None else np.asarray(points, dtype=float)
    return Case(f"wing {number}", Path(f"{number}.png"), Landmarks(names, marks))


def good(count: int = 5) -> list[Case]:
    return [case(number) for number in range(count)]


def test_five_whole_cases_are_enough() -> None:
    check_cases(good())


def test_a_landmark_may_be_missing_in_some() -> None:
    check_cases([*good(), case(9, [[1, 2], [np.nan, np.nan], [5, 6]])])


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        ([], "There is no marked case; to learn, at least 5 are needed. Mark 5 more; better are 20."),
        (good(1), "There is one marked case"),
        (good(2), "There are 2 marked cases; to learn, at least 5 are needed. Mark 3 more; better are 20."),
        (
            [*good(), Case("brain", Path("b.nii"), Landmarks(NAMES, np.eye(3)))],
            "Some cases are 2D (such as wing 0) and some are 3D (such as brain).",
        ),
        ([*good(), case(7, names=("tip", "root", "end"))], "wing 7 has also end and no edge, unlike wing 0."),
        ([*good(), case(7, names=NAMES[::-1])], "wing 7 has the same landmarks in another order"),
        (
            [case(number, [[number, 2], [3, 4], [np.nan, np.nan]]) for number in range(6)],
            "edge is marked in no case of 6.",
        ),
        (
            [case(0), *(case(number, [[number, 2], [np.nan, np.nan], [np.nan, np.nan]]) for number in range(5))],
            "root and edge are marked in one case only of 6.",
        ),
        ([*good(), case(7, [[5, 5]] * 3)], "All 3 marks of wing 7 lie at one spot."),
        (
            [case(number, [[4, 4]], ("tip",)) for number in range(6)],
            "tip lies at the very same spot in all cases.",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(cases: list[Case], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_cases(cases)
    assert says in str(caught.value)
    assert caught.value.hint


def test_known_pixel_sizes_beside_unknown_ones_are_refused() -> None:
    check_pixel_sizes(["a", "b"], [True, True])
    check_pixel_sizes(["a", "b"], [False, False])
    with pytest.raises(ConfigError, match="The pixel size of b and c is not known, that of other images is"):
        check_pixel_sizes(["a", "b", "c"], [True, False, False])
