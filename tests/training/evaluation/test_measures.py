"""The challenge's eight measures: rounding, classes by hand, and the published figures of one observer against the other."""

from pathlib import Path

import numpy as np
import pytest

from core.learning.cases import Case
from core.schemes.file import read_scheme
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from training.datasets.cephalometric import SCHEME, SPACING_MM, read_cephalometric
from training.datasets.reading import default_root
from training.evaluation.measures import (
    has_measures,
    observer_recalls,
    on_whole_px,
    success_classification_rates,
    tabulate_recalls,
)
from training.evaluation.metrics import ALL

NAMES = read_scheme(SCHEME).names
GRID = Grid.from_spacing((400, 300), SPACING_MM)
KEYS = ["ANB", "SNB", "SNA", "ODI", "APDI", "FHI", "FHA", "MW"]


def face(overjet_mm: float = 3.0) -> Landmarks:
    """A face that looks to the right, of which only the overjet matters."""
    points = np.random.default_rng(2).uniform(5, 25, (len(NAMES), 2)).round(1)
    places = dict(zip(NAMES, points, strict=True))
    places |= {"Sella": np.array((8.0, 8.0)), "Nasion": np.array((18.0, 7.0)), "Menton": np.array((17.0, 25.0))}
    places["Lower incisal incision"] = np.array((15.0, 18.0))
    places["Upper incisal incision"] = np.array((15.0 + overjet_mm, 18.0))
    return Landmarks(NAMES, np.array([places[name] for name in NAMES]))


def test_positions_are_those_of_whole_pixels_halves_even() -> None:
    halves_px = np.arange(0.5, 290.0)
    names = tuple(f"{half:g}" for half in halves_px)
    marks = Landmarks((*names, "near"), GRID.to_mm([*zip(halves_px, halves_px, strict=True), (20.6, 10.4)]))
    index = GRID.to_index(on_whole_px(marks, GRID).points_mm)
    np.testing.assert_allclose(index, [*((round(half), round(half)) for half in halves_px), (21, 10)], atol=1e-9)


def test_the_rate_is_the_mean_over_the_classes_whatever_their_sizes() -> None:
    truth = [face(3.0), face(3.0), face(3.0), face(6.0)]
    found = [face(3.0), face(3.0), face(-1.0), face(6.0)]
    recalls = tabulate_recalls(found, truth, [GRID] * 4)
    assert recalls.loc["MW"].to_dict("index") == {
        "normal": {"count": 3, "recall_percent": pytest.approx(200 / 3)},
        "large overjet": {"count": 1, "recall_percent": 100.0},
    }
    rates = success_classification_rates(recalls)
    assert list(rates.index) == [*KEYS, ALL]
    assert rates["MW"] == pytest.approx(250 / 3)
    assert rates[KEYS[:-1]].tolist() == [100.0] * 7
    assert rates[ALL] == pytest.approx((700 + 250 / 3) / 8)


def test_a_landmark_that_was_not_found_is_no_class() -> None:
    recalls = tabulate_recalls([face().without_point("Upper incisal incision")], [face()], [GRID])
    assert recalls.loc[("MW", "normal"), "recall_percent"] == 0.0
    assert success_classification_rates(recalls)["SNA"] == 100.0


def test_other_landmarks_have_no_such_measures() -> None:
    other = Landmarks(("left", "right"), np.zeros((2, 2)))
    assert has_measures(face())
    assert not has_measures(other)
    recalls = tabulate_recalls([other], [other], [GRID])
    assert recalls.empty
    assert success_classification_rates(recalls).empty


def test_the_second_observer_is_held_against_the_first() -> None:
    def case(*observers: Landmarks) -> Case:
        return Case("a", Path("a.png"), face(), observers, SPACING_MM)

    recalls = observer_recalls([case(face(3.0), face(6.0))], [GRID])
    assert recalls.loc["MW"].to_dict("index") == {"normal": {"count": 1, "recall_percent": 0.0}}
    assert observer_recalls([case(face(3.0), face(6.0)), case(face())], [GRID] * 2).empty


@pytest.mark.realdata
def test_one_doctor_against_the_other_gives_the_known_figures() -> None:
    folder = default_root("cephalometric")
    if folder is None or not folder.is_dir():
        pytest.skip(f"the cephalometric data set is not at {folder}; CAIRN_DATA says where it is")
    cases = read_cephalometric(folder, "test1")
    grids = [Grid.from_spacing((2400, 1935), SPACING_MM)] * len(cases)
    rates = success_classification_rates(observer_recalls(cases, grids)).round(1)
    assert rates[KEYS].tolist() == [68.5, 77.5, 69.3, 78.2, 81.3, 64.8, 74.1, 89.0]
    assert rates[ALL] == 75.3
