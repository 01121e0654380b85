"""How far readers differ: Dahlberg's error known by hand and by simulation, what does not count, and the bundled table."""

from pathlib import Path

import numpy as np
import pytest

from core.base.errors import AppError
from core.measuring import reader_spread
from core.measuring.analysis import Analysis
from core.measuring.file import bundled_analyses
from core.measuring.frame import Frame
from core.measuring.measure import measure
from core.measuring.reader_spread import FEWEST_CASES, NOTHING, ReaderSpread, bundled_spread, spread_for, spread_of
from core.measuring.scatter import Scatter, sd_of
from core.schemes.file import read_scheme
from core.values.landmarks import Landmarks, Status

NAMES = ("a", "b")
UPRIGHT = Frame(np.array([1.0, 0.0]), np.array([0.0, -1.0]))


def marks(*points: tuple[float, ...], status: Status = Status.PLACED) -> Landmarks:
    return Landmarks(NAMES[: len(points)], np.array(points), status=(status,) * len(points))


def pairs(difference: tuple[float, ...], count: int = FEWEST_CASES) -> list[list[Landmarks]]:
    """Cases that two readers have marked, always apart by the same."""
    at = [np.arange(len(difference)) * 7.0 + number for number in range(count)]
    return [[marks(tuple(point)), marks(tuple(point + difference))] for point in at]


def test_two_readers_give_dahlbergs_error_of_an_axis() -> None:
    """√(Σd² / 2n) of the 3 mm along x and the 4 mm along y, and their mean square."""
    found = spread_of(pairs((3.0, 4.0)), ("Ann", "Bob"))
    assert found.spread_mm == pytest.approx({"a": np.sqrt((3**2 + 4**2) / 2 / 2)})
    assert found.source == {"a": "Ann and Bob, 10 cases"}
    solid = spread_of(pairs((1.0, 2.0, 2.0)), ("Ann", "Bob"))
    assert solid.spread_mm == pytest.approx({"a": np.sqrt(9 / 3 / 2)})


def test_the_spread_of_several_readers_is_found_again() -> None:
    rng = np.random.default_rng(4)
    cases = []
    for _ in range(800):
        true = rng.uniform(0, 100, (2, 2))
        cases.append([marks(*(true + rng.normal(0, [[0.5], [2.0]], (2, 2)))) for _ in range(3)])
    found = spread_of(cases, ("Ann", "Bob", "Cem"))
    assert found.spread_mm == pytest.approx({"a": 0.5, "b": 2.0}, rel=0.05)
    assert found.source["a"] == "Ann and Bob and Cem, 800 cases"
    assert spread_of(cases, ("A", "B", "C", "D")).source["a"] == "4 readers, 800 cases"


def test_directions_are_those_of_the_face_however_the_picture_lies() -> None:
    """2 mm upwards, 0.5 mm to the front and a correlation of 0.6, in pictures that are turned and mirrored at random."""
    rng = np.random.default_rng(5)
    covariance = np.array([[0.25, 0.6], [0.6, 4.0]])
    cases, frames = [], {}
    for _ in range(1500):
        angle = rng.uniform(0, 2 * np.pi)
        anterior = np.array([np.cos(angle), np.sin(angle)])
        superior = rng.choice([-1.0, 1.0]) * np.array([-anterior[1], anterior[0]])
        errors = rng.multivariate_normal((0, 0), covariance, 2) @ np.stack([anterior, superior])
        case = [marks(tuple(50 + error)) for error in errors]
        frames |= {id(one): Frame(anterior, superior) for one in case}
        cases.append(case)
    found = spread_of(cases, ("Ann", "Bob"), lambda one: frames[id(one)]).spread_mm["a"]
    assert isinstance(found, Scatter)
    assert (found.anterior_sd_mm, found.superior_sd_mm, found.correlation) == pytest.approx((0.5, 2.0, 0.6), rel=0.06)
    assert found.sd_mm == pytest.approx(spread_of(cases, ("Ann", "Bob")).spread_mm["a"])
    few = dict.fromkeys(map(id, (one for case in cases[: FEWEST_CASES - 1] for one in case)))
    along_axes = spread_of(cases, ("Ann", "Bob"), lambda one: frames[id(one)] if id(one) in few else None)
    assert along_axes == spread_of(cases, ("Ann", "Bob")), "too few pictures tell what is in front"
    assert along_axes.source["a"] == "Ann and Bob, 1500 cases"


def test_readers_who_agree_in_one_direction_have_no_correlation() -> None:
    found = spread_of(pairs((3.0, 0.0)), ("Ann", "Bob"), lambda _: UPRIGHT).spread_mm["a"]
    assert found == Scatter(pytest.approx(np.sqrt(9 / 2)), 0.0, 0.0)


def test_too_few_cases_say_nothing() -> None:
    assert spread_of(pairs((3.0, 4.0), FEWEST_CASES - 1), ("Ann", "Bob")) == NOTHING
    assert spread_of([], ()) == NOTHING


def test_only_what_persons_have_set_themselves_counts() -> None:
    """Who agrees to what a model found does not differ from it, and not from another who agrees."""
    cases = pairs((3.0, 4.0))
    for status in (Status.CONFIRMED, Status.PREDICTED):
        agreed = [[ours, marks(tuple(theirs.points_mm[0]), status=status)] for ours, theirs in cases]
        assert spread_of(agreed, ("Ann", "Bob")) == NOTHING
        with_third = [[*case, marks((0.0, 0.0), status=status)] for case in cases]
        assert spread_of(with_third, ("Ann", "Bob")) == spread_of(cases, ("Ann", "Bob"))
    corrected = [[ours, marks(tuple(theirs.points_mm[0]), status=Status.CORRECTED)] for ours, theirs in cases]
    assert spread_of(corrected, ("Ann", "Bob")) == spread_of(cases, ("Ann", "Bob"))


def test_a_landmark_that_one_reader_lacks_costs_only_that_case() -> None:
    cases = [*pairs((3.0, 4.0)), [marks((0.0, 0.0)), marks((np.nan, np.nan), status=Status.UNPLACED)]]
    assert spread_of(cases, ("Ann", "Bob")) == spread_of(pairs((3.0, 4.0)), ("Ann", "Bob"))
    assert spread_of([[marks((0.0, 0.0))]] * 20, ("Ann",)) == NOTHING


def test_what_is_known_of_the_readers_themselves_counts_for_more() -> None:
    own = ReaderSpread({"a": 1.0}, {"a": "Ann and Bob, 12 cases"})
    both = own.over(ReaderSpread({"a": 2.0, "b": 3.0}, {"a": "others", "b": "others"}))
    assert both.spread_mm == {"a": 1.0, "b": 3.0}
    assert both.sources_of(["b", "a", "c", "b"]) == ("others", "Ann and Bob, 12 cases")


def analysis(readers: str = "") -> Analysis:
    return Analysis.model_validate(
        {
            "name": "own", "title": "Own", "ndim": 2, "readers": readers,
            "landmarks": {"S": ["Sella", "S"], "X": ["Elsewhere"]},
            "measurements": [{"key": "SX", "how": {"distance": ["S", "X"]}}],
        }
    )  # fmt: skip


def test_an_analysis_names_the_table_for_its_landmarks_under_all_their_names() -> None:
    spread = spread_for(analysis("cephalometric-19"))
    assert spread.spread_mm["S"] == spread.spread_mm["Sella"] == bundled_spread("cephalometric-19").spread_mm["Sella"]
    assert spread.source["S"] == "two doctors, 150 films"
    assert "Elsewhere" not in spread.spread_mm
    assert spread_for(analysis()) == NOTHING
    assert spread_for(analysis("no-such-table")) == NOTHING
    own = spread_for(analysis("cephalometric-19"), ReaderSpread({"S": 9.0}, {"S": "us"}))
    assert (own.spread_mm["S"], own.source["S"]) == (9.0, "us")


def test_all_landmarks_of_the_scheme_are_in_the_bundled_table_and_its_analyses_use_it() -> None:
    spread = bundled_spread("cephalometric-19").spread_mm
    assert tuple(spread) == read_scheme("cephalometric-19").names
    assert all(0.2 < sd_of(each) < 5 for each in spread.values())
    menton, soft_chin = spread["Menton"], spread["Soft tissue pogonion"]
    assert isinstance(menton, Scatter)
    assert isinstance(soft_chin, Scatter)
    assert menton.anterior_sd_mm > 2 * menton.superior_sd_mm, "the chin is flat below"
    assert soft_chin.superior_sd_mm > 1.5 * soft_chin.anterior_sd_mm, "and steep in front"
    assert {one.readers for one in bundled_analyses()} == {"cephalometric-19"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no toml",
        'readers = "x"\nabout = ""\n[spread_mm]\nS = -1\n',
        'readers = "x"\nabout = ""\n[spread_mm]\nS = {anterior_sd_mm = -1, superior_sd_mm = 1, correlation = 0}\n',
    ],
)
def test_a_damaged_table_is_a_sentence(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers" / "odd.toml").write_text(text)
    monkeypatch.setattr(reader_spread, "assets_folder", lambda: tmp_path)
    with pytest.raises(AppError, match="odd") as caught:
        bundled_spread("odd")
    assert caught.value.hint == "Install Cairn again."


def test_radii_count_before_readers_and_what_a_model_placed_without_one_stays_exact() -> None:
    one = analysis()
    spread_mm = {"Sella": 1.0, "Elsewhere": 1.0}

    def measured(status: Status, radius_mm: float, unit: str = "mm"):
        found = Landmarks(
            ("Sella", "Elsewhere"), np.array([(0.0, 0.0), (50.0, 0.0)]), radius_mm=np.full(2, radius_mm, np.float32),
            status=(status,) * 2,
        )  # fmt: skip
        return measure(one, found, spread_mm=spread_mm, unit=unit)[0]

    by_radius = measured(Status.CONFIRMED, 0.1)
    assert (by_radius.by_readers, by_radius.exact) == ((), ())
    by_readers = measured(Status.CONFIRMED, np.nan)
    assert by_readers.by_readers == ("Sella", "Elsewhere")
    assert by_readers.high - by_readers.low == pytest.approx(2 * 1.645 * np.sqrt(2), rel=0.05)
    assert measured(Status.PLACED, 0.1).low == by_readers.low, "the radius was that of another position"
    by_model = measured(Status.PREDICTED, np.nan)
    assert (by_model.by_readers, by_model.exact) == ((), ("Sella", "Elsewhere"))
    assert np.isnan(by_model.low)


FACE = {"S": (0.0, 0.0), "N": (70.0, 0.0), "Me": (60.0, 110.0), "A": (68.0, 55.0)}
"""Of an upright picture that looks to the right; y leads downwards."""


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turned_deg", [0.0, 35.0, 180.0])
def test_intervals_follow_the_directions_of_the_face(turned_deg: float, mirrored: bool) -> None:
    in_face = Analysis.model_validate(
        {
            "name": "own", "title": "Own", "ndim": 2, "landmarks": {symbol: symbol for symbol in FACE},
            "anterior": [["S", "N"]], "superior": [["Me", "N"]],
            "measurements": [
                {"key": "forward", "how": {"extent": ["S", "A"], "along": ["S", "N"]}},
                {"key": "below", "how": {"offset": "A", "from": ["S", "N"]}},
            ],
        }
    )  # fmt: skip
    turning = np.deg2rad(turned_deg)
    rotation = np.array([[np.cos(turning), -np.sin(turning)], [np.sin(turning), np.cos(turning)]])
    points = np.array(list(FACE.values())) * (-1.0 if mirrored else 1.0, 1.0) @ rotation.T
    found = Landmarks(tuple(FACE), points)
    forward, below = measure(in_face, found, spread_mm={"A": Scatter(0.5, 2.0, 0.6)})
    assert forward.high - forward.low == pytest.approx(2 * 1.645 * 0.5, rel=0.06)
    assert below.high - below.low == pytest.approx(2 * 1.645 * 2.0, rel=0.06)


def test_a_picture_that_does_not_tell_its_directions_takes_the_spread_along_its_axes() -> None:
    found = Landmarks(("Sella", "Elsewhere"), np.array([(0.0, 0.0), (50.0, 0.0)]))
    scatter = Scatter(0.5, 2.0, 0.6)
    by_scatter, by_sd = (measure(analysis(), found, spread_mm={"Sella": each})[0] for each in (scatter, scatter.sd_mm))
    assert (by_scatter.low, by_scatter.high) == (by_sd.low, by_sd.high)


def test_mm_of_readers_mean_nothing_in_px() -> None:
    with_angle = Analysis.model_validate(
        {
            "name": "own", "title": "Own", "ndim": 2, "landmarks": {"a": "a", "b": "b", "c": "c"},
            "measurements": [{"key": "angle", "how": {"angle": ["a", "b", "c"]}}],
        }
    )  # fmt: skip
    found = Landmarks(("a", "b", "c"), np.array([(0.0, 0.0), (50.0, 0.0), (50.0, 50.0)]))
    spread_mm = dict.fromkeys("abc", 1.0)
    in_mm, in_px = (measure(with_angle, found, unit=unit, spread_mm=spread_mm)[0] for unit in ("mm", "px"))
    assert (in_mm.by_readers, in_mm.exact) == (("a", "b", "c"), ())
    assert (in_px.by_readers, in_px.exact) == ((), ("a", "b", "c"))
