"""An analysis applied to landmarks: values with their intervals, norms and classes, and a reason where there is no value."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from core.measuring.analysis import Analysis
from core.measuring.file import read_analysis
from core.measuring.measure import Measured, interval_of, measure
from core.values.landmarks import Landmarks, Status

ANALYSIS = Analysis.model_validate(
    {
        "name": "own",
        "title": "My own",
        "ndim": 2,
        "landmarks": {"S": ["Sella", "S"], "N": "Nasion", "A": "Subspinale", "Ba": "Basion"},
        "anterior": [["S", "N"]],
        "superior": [["A", "N"]],
        "measurements": [
            {
                "key": "SN",
                "how": {"distance": ["S", "N"]},
                "norms": [
                    {"mean": 71, "sd": 3, "population": "first"},
                    {"mean": 40, "sd": 5, "population": "second"},
                ],
                "large": "long cranial base",
            },
            {
                "key": "SNA",
                "how": {"angle": ["S", "N", "A"]},
                "norms": [{"low": 80, "high": 84}],
                "classes": [
                    {"name": "back", "below": 80},
                    {"name": "usual", "from": 80, "to": 84},
                    {"name": "front", "above": 84},
                ],
            },
            {"key": "A to SN", "how": {"offset": "A", "from": ["S", "N"], "positive": "inferior"}},
            {"key": "half", "hidden": True, "how": {"ratio": ["SN", 2]}},
            {"key": "share", "how": {"percent": [{"distance": ["N", "A"]}, "SN"]}},
            {"key": "SBa", "how": {"distance": ["S", "Ba"]}},
        ],
    }
)


def marks(
    points: Sequence[Sequence[float]] = ((0.0, 0.0), (50.0, 0.0), (50.0, 40.0)),
    radius_mm: float = 1.0,
    status: tuple[Status, ...] = (),
) -> Landmarks:
    count = len(points)
    return Landmarks(
        ("Sella", "Nasion", "Subspinale"),
        np.array(points),
        radius_mm=np.full(count, radius_mm, np.float32),
        presence=np.ones(count, np.float32),
        status=status or (Status.PREDICTED,) * count,
    )


def by_key(measured: Iterable[Measured]) -> dict[str, Measured]:
    return {one.measurement.key: one for one in measured}


def test_values_come_in_the_order_of_the_analysis_without_the_hidden_ones() -> None:
    measured = measure(ANALYSIS, marks())
    assert [one.measurement.key for one in measured] == ["SN", "SNA", "A to SN", "share", "SBa"]
    values = [one.value for one in measured]
    assert values[:4] == pytest.approx([50.0, 90.0, 40.0, 80.0])
    assert [one.unit for one in measured] == ["mm", "°", "mm", "%", "mm"]


def test_norm_of_the_population_is_compared_in_standard_deviations_and_words() -> None:
    first = by_key(measure(ANALYSIS, marks()))["SN"]
    assert first.deviation_sd == pytest.approx(-7.0)
    assert (first.within_norm, first.in_words) == (False, "small")
    second = by_key(measure(ANALYSIS, marks(), population="second"))["SN"]
    assert second.deviation_sd == pytest.approx(2.0)
    assert second.in_words == "long cranial base"
    ranged = by_key(measure(ANALYSIS, marks()))["SNA"]
    assert np.isnan(ranged.deviation_sd)
    assert (ranged.within_norm, ranged.in_words) == (False, "large")


def test_interval_is_that_of_normal_errors_for_a_distance() -> None:
    """The variance of a distance between far points is the sum of both along it; 90 % lie within 1.645 SD."""
    one = by_key(measure(ANALYSIS, marks(radius_mm=0.5)))["SN"]
    sd_mm = 0.5 / np.sqrt(-2 * np.log(0.1)) * np.sqrt(2)
    assert (one.low, one.high) == pytest.approx((50 - 1.645 * sd_mm, 50 + 1.645 * sd_mm), abs=0.05)
    again = by_key(measure(ANALYSIS, marks(radius_mm=0.5)))["SN"]
    assert (again.low, again.high) == (one.low, one.high), "the samples are seeded"
    assert one.exact == ()


def test_values_alone_are_the_same_without_intervals() -> None:
    whole, alone = (by_key(measure(ANALYSIS, marks(), intervals=wanted)) for wanted in (True, False))
    for key, one in alone.items():
        assert one.value == pytest.approx(whole[key].value, nan_ok=True)
        assert (one.class_name, one.reason) == (whole[key].class_name, whole[key].reason)
        assert np.isnan(one.low)
        assert one.class_decided
    assert np.isfinite(whole["SN"].low)


def test_class_that_the_interval_does_not_decide_is_marked() -> None:
    just = ((0.0, 0.0), (50.0, 0.0), (50 - 40 / np.tan(np.radians(83.6)), 40.0))
    sure, unsure = (by_key(measure(ANALYSIS, marks(just, radius_mm)))["SNA"] for radius_mm in (0.05, 3.0))
    assert (sure.class_name, sure.class_decided) == ("usual", True)
    assert (unsure.class_name, unsure.class_decided) == ("usual", False)
    assert 0.2 < unsure.class_share < 0.9


def test_what_a_person_placed_is_exact_unless_readers_differences_say_otherwise() -> None:
    status = (Status.PLACED, Status.CORRECTED, Status.PLACED)
    one = by_key(measure(ANALYSIS, marks(status=status)))["SN"]
    assert np.isnan(one.low)
    assert one.exact == ("Sella", "Nasion")
    told = by_key(measure(ANALYSIS, marks(status=status), spread_mm={"Sella": 0.5}))["SN"]
    assert told.exact == ("Nasion",)
    assert told.high - told.low == pytest.approx(2 * 1.645 * 0.5, rel=0.05)


def test_a_value_at_the_end_of_what_is_possible_lies_in_its_own_interval() -> None:
    """Errors of three points on a line, to whichever side, make the angle of 180° smaller: half of the errors are folded over."""
    straight = by_key(measure(ANALYSIS, marks(((0.0, 0.0), (50.0, 0.0), (90.0, 0.0)), radius_mm=1.0)))["SNA"]
    assert straight.value == straight.high == 180
    assert 175 < straight.low < 179
    sharp = by_key(measure(ANALYSIS, marks(((0.0, 0.0), (50.0, 0.0), (10.0, 0.0)), radius_mm=1.0)))["SNA"]
    assert sharp.value == sharp.low == 0
    assert 1 < sharp.high < 5


def test_an_interval_that_is_moved_to_its_value_still_holds_nine_of_ten() -> None:
    drawn = np.abs(np.random.default_rng(2).standard_normal(20_000))
    for value, sign in ((0.0, 1), (0.02, 1), (0.0, -1), (-0.02, -1)):
        low, high = interval_of(sign * drawn, value)
        assert low <= value <= high
        assert np.mean((sign * drawn >= low) & (sign * drawn <= high)) == pytest.approx(0.9, abs=0.005)
    assert interval_of(drawn, 1.0) == interval_of(drawn)
    low, high = interval_of(drawn, 9.0)
    assert (high, np.mean(drawn >= low)) == (9.0, pytest.approx(0.9, abs=0.005))


def test_what_cannot_be_computed_says_why_and_costs_only_itself() -> None:
    reasons = {one.measurement.key: one.reason for one in measure(ANALYSIS, marks())}
    assert reasons == {
        "SN": "",
        "SNA": "",
        "A to SN": "",
        "share": "",
        "SBa": "It needs Basion (Ba), not among these landmarks.",
    }
    absent = measure(ANALYSIS, marks().without_point("Nasion"))
    assert by_key(absent)["SN"].reason == "Nasion is not in the image."
    assert not by_key(absent)["SN"].known
    unplaced = marks(((0, 0), (50, 0), (np.nan, np.nan)), status=(Status.PLACED, Status.PLACED, Status.UNPLACED))
    assert by_key(measure(ANALYSIS, unplaced))["SNA"].reason == "Subspinale is not placed."
    assert by_key(measure(ANALYSIS, unplaced))["SN"].known
    same = marks(((0, 0), (0, 0), (50, 40)))
    assert "same spot" in by_key(measure(ANALYSIS, same))["SNA"].reason


def test_without_a_pixel_size_angles_and_ratios_are_measured_and_no_lengths() -> None:
    measured = by_key(measure(ANALYSIS, marks(), unit="px"))
    assert measured["SNA"].value == pytest.approx(90.0)
    assert measured["share"].value == pytest.approx(80.0)
    assert not measured["SN"].known
    assert "pixel size" in measured["SN"].reason


def test_mirrored_and_turned_pictures_give_the_same_numbers() -> None:
    analysis = read_analysis("isbi-2015").model_copy(update={"axes": "landmarks"})
    names = [names[0] for names in analysis.landmarks.values()]
    upright = np.random.default_rng(5).normal(size=(len(names), 2)) * 40 + 100
    upright[names.index("Sella")], upright[names.index("Nasion")] = (80.0, 70.0), (150.0, 62.0)
    upright[names.index("Menton")] = (130.0, 190.0)
    angle = np.radians(140)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = [one.value for one in measure(analysis, Landmarks(tuple(names), upright))]
    for moved in (upright * (-1, 1), upright @ turn.T, upright * (-1, 1) @ turn.T):
        values = [one.value for one in measure(analysis, Landmarks(tuple(names), moved))]
        np.testing.assert_allclose(values, expected, atol=1e-9)
    assert np.isfinite(expected).all()
    assert len(expected) == 8


def test_landmarks_of_another_rank_are_no_case_for_an_analysis() -> None:
    with pytest.raises(ValueError, match="3D"):
        measure(ANALYSIS, Landmarks(("Sella",), np.zeros((1, 3))))
