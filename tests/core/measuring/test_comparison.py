"""Two films of one patient compared, and as tables: known growth, unknown pixel sizes, what cannot be superimposed."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from core.base.errors import AppError
from core.measuring.analysis import Analysis
from core.measuring.change_table import Times, change_table, way_table
from core.measuring.comparison import PX, Comparison, Moment, compare
from core.measuring.file import read_analysis
from core.measuring.registration import By, Registration
from core.measuring.table import MeasurementTable, csv_text
from core.values.landmarks import Landmarks
from tests.core.measuring.test_registration import FACE, FIT, SKULL, SN, turned, with_radius

ANALYSIS = Analysis.model_validate(
    {
        "name": "own",
        "title": "My own",
        "ndim": 2,
        "anterior": [["S", "N"]],
        "superior": [["Me", "N"]],
        "landmarks": {name: name for name in (*FACE.names, "Po")},
        "measurements": [
            {"key": "NSMe", "how": {"angle": ["N", "S", "Me"]}, "title": "Angle"},
            {"key": "N-Me", "how": {"distance": ["N", "Me"]}},
            {"key": "S-Po", "how": {"distance": ["S", "Po"]}},
        ],
    }
)
SN_BY_NAME = Registration(By.LINE, ("Sella", "Nasion"))
TIMES = Times("=first", "second")


def rows(table: MeasurementTable) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(table))))


def grown() -> Landmarks:
    return turned(FACE.with_point("Me", np.add(FACE.point_mm("Me"), [3.0, 4.0])), 21.0)


def compared(earlier: Moment, later: Moment, registration: Registration | None = SN) -> Comparison:
    return compare(earlier, later, registration, ANALYSIS)


def test_growth_is_told_by_measurements_and_ways_alike() -> None:
    found = compared(Moment(with_radius(FACE, 0.3)), Moment(with_radius(grown(), 0.3)))
    angle, length, lacking = found.changes
    was = FACE.point_mm("Me") - FACE.point_mm("N")
    assert length.difference == pytest.approx(np.hypot(*np.add(was, [3, 4])) - np.hypot(*was))
    assert length.beyond_error is True
    assert angle.known
    assert not lacking.known
    assert found.trouble == ""
    assert found.notes == (
        "Nothing was scaled: where the two images were magnified differently, lengths differ by that alone.",
    )
    # S–N points forward, so ways are told along it and at right angles to it, upwards.
    (forward, along), (up, across) = found.sides
    assert (forward, up) == ("forward", "up")
    np.testing.assert_allclose(along, np.array([70, -10]) / np.hypot(70, 10))
    menton = next(way for way in found.displacements if way.name == "Me")
    assert menton.vector_mm @ along == pytest.approx((3 * 70 - 4 * 10) / np.hypot(70, 10))
    assert menton.vector_mm @ across == pytest.approx(-(3 * 10 + 4 * 70) / np.hypot(70, 10))


def test_tables_say_it_and_no_cell_becomes_a_formula() -> None:
    found = compared(Moment(with_radius(FACE, 0.3)), Moment(with_radius(grown(), 0.3)))
    [angle, length, lacking] = rows(change_table(found, TIMES))
    assert (length["earlier_image"], length["later_image"]) == ("'=first", "second")
    assert (length["measurement"], length["unit"], length["beyond_uncertainty"]) == ("N-Me", "mm", "yes")
    assert float(length["difference"]) == pytest.approx(float(length["later"]) - float(length["earlier"]), abs=2e-3)
    assert float(length["low"]) < float(length["difference"]) < float(length["high"])
    assert angle["title"] == "Angle"
    assert lacking["reason"] == "In the earlier image: It needs Po, not among these landmarks."
    assert lacking["difference"] == lacking["low"] == lacking["beyond_uncertainty"] == ""
    ways = {row["landmark"]: row for row in rows(way_table(found, TIMES))}
    assert list(ways) == list(FACE.names)
    assert (ways["Me"]["distance"], ways["Me"]["unit"], ways["Me"]["superimposed_on"]) == ("5.0", "mm", "S–N, at S")
    assert ways["S"]["distance"] == "0.0"
    assert float(ways["Me"]["forward"]) ** 2 + float(ways["Me"]["up"]) ** 2 == pytest.approx(25, abs=0.01)
    assert ways["Me"]["beyond_uncertainty"] == "yes"


def test_a_face_that_was_only_moved_differs_by_nothing() -> None:
    found = compared(Moment(FACE), Moment(turned(FACE, -33.0)))
    assert [change.difference for change in found.changes[:2]] == pytest.approx([0, 0], abs=1e-9)
    assert max(way.length_mm for way in found.displacements) < 1e-9
    assert [row["difference"] for row in rows(change_table(found, TIMES))] == ["0.0", "0.0", ""]


def test_without_a_pixel_size_in_one_there_are_angles_and_no_way_is_told_unless_it_is_scaled() -> None:
    px = Moment(replace(grown(), points_mm=grown().points_mm * 10), PX)
    for earlier, later, which in ((px, Moment(FACE), "earlier"), (Moment(FACE), px, "later")):
        found = compared(earlier, later)
        assert found.changes[0].known
        assert (
            found.changes[1].reason == f"In the {which} image: It is a length in mm, and the pixel size is not known."
        )
        assert found.displacements == ()
        assert f"The pixel size of the {which} image is not known, so the two cannot" in found.trouble
        assert "scale the later image" in found.trouble
        assert found.notes == (
            f"The pixel size of the {which} image is not known: angles and ratios are compared, lengths are not.",
        )
    scaled = compared(Moment(FACE), px, replace(SN, scaled=True))
    assert scaled.trouble == ""
    assert scaled.unit == "mm"
    assert next(way for way in scaled.displacements if way.name == "Me").length_mm == pytest.approx(5)
    assert "scaled by 0.100" in scaled.notes[1]
    assert not scaled.changes[1].known  # the table measures the images as they are


def test_what_readers_differ_by_makes_intervals_of_what_was_placed_by_hand_where_lengths_are_mm() -> None:
    spread = dict.fromkeys(FACE.names, 0.5)
    found = compare(Moment(FACE), Moment(grown()), SN, ANALYSIS, spread_mm=spread)
    assert found.changes[1].low < found.changes[1].difference < found.changes[1].high
    assert found.changes[1].by_readers == ("N", "Me")
    assert found.displacements[3].radius_mm > 0.5
    assert rows(change_table(found, TIMES))[1]["by_readers"] == "N; Me"
    assert rows(way_table(found, TIMES))[3]["by_readers"] == "S; N; Me"
    px = compare(Moment(FACE, PX), Moment(grown(), PX), SN, ANALYSIS, spread_mm=spread)
    assert np.isnan(px.displacements[3].radius_mm)
    assert np.isnan(px.changes[0].low)


def test_without_any_pixel_size_ways_are_px() -> None:
    found = compared(Moment(FACE, PX), Moment(grown(), PX))
    assert found.unit == "px"
    assert [row["unit"] for row in rows(way_table(found, TIMES))] == ["px"] * len(FACE)
    assert "ways are in px of the earlier image" in found.notes[0]
    assert "pixels of both images were taken to be of the same size" in found.notes[1]


def test_a_line_that_is_not_there_is_said_and_the_measurements_stay() -> None:
    found = compared(Moment(FACE.without_point("N")), Moment(FACE))
    assert found.trouble.startswith("N has no position in the earlier image")
    assert found.displacements == ()
    assert len(found.changes) == 3
    assert compared(Moment(FACE), Moment(FACE), None).trouble == ""


def test_without_signs_ways_are_told_in_the_directions_of_the_picture() -> None:
    found = compare(Moment(FACE), Moment(grown()), SN)
    assert [name for name, _ in found.sides] == ["right", "up"]
    assert found.changes == ()
    assert rows(way_table(found, TIMES))[3]["up"] == "-4.0"
    assert rows(way_table(found, TIMES))[3]["right"] == "3.0"


def test_volumes_are_fitted_and_told_in_the_patients_directions() -> None:
    later = SKULL.with_point("D", [6.0, 3, 34])
    found = compare(Moment(SKULL), Moment(later), Registration(By.FIT, ("A", "B", "C")))
    [*_, way] = rows(way_table(found, TIMES))
    assert (way["forward"], way["up"], way["left"]) == ("2.0", "4.0", "1.0")
    assert found.notes == ("Nothing was scaled.",)
    assert found.way_decimals == 1
    nearer = compare(Moment(SKULL), Moment(SKULL.with_point("D", [5.0, 5, 30.3])), found.registration)
    assert nearer.way_decimals == 2


def test_a_film_from_the_other_side_is_said() -> None:
    mirrored = replace(FACE, points_mm=FACE.points_mm * [-1, 1])
    found = compared(Moment(FACE), Moment(mirrored), FIT)
    assert found.notes[0] == "The later image looks to the other side and was turned over."
    assert max(way.length_mm for way in found.displacements) < 1e-9


def test_images_of_two_kinds_are_refused() -> None:
    with pytest.raises(AppError, match="cannot be laid on"):
        compare(Moment(FACE), Moment(SKULL), SN)
    with pytest.raises(AppError, match="own measures 2D images"):
        compare(Moment(SKULL), Moment(SKULL), None, ANALYSIS)


@pytest.mark.parametrize("name", ["steiner", "jarabak", "isbi-2015"])
def test_a_jaw_that_grew_downwards_by_5_mm_lengthens_the_face_by_exactly_that(name: str) -> None:
    """A whole set of landmarks, a known change: only what is measured to menton differs, whatever the film's pose."""
    analysis = read_analysis(name)
    rng = np.random.default_rng(5)
    names = tuple(known[0] for known in analysis.landmarks.values())
    places = dict(zip(names, rng.uniform(20, 180, (len(names), 2)), strict=True))
    places |= {"Sella": [60.0, 60.0], "Nasion": [130.0, 50.0], "Menton": [120.0, 165.0], "Gonion": [62.0, 135.0]}
    earlier = Landmarks(names, np.array([places[one] for one in names]))
    along = np.array(places["Menton"]) - places["Nasion"]
    later = turned(earlier.with_point("Menton", np.array(places["Menton"]) + 5 * along / np.linalg.norm(along)), 17.0)
    found = compare(Moment(earlier), Moment(later), SN_BY_NAME, analysis)
    symbol = next(symbol for symbol, known in analysis.landmarks.items() if "Menton" in known)
    for change in found.changes:
        if change.known and symbol not in analysis.symbols_of(change.measurement.key) and analysis.axes != "image":
            assert change.difference == pytest.approx(0, abs=1e-8), change.measurement.key
    if name == "jarabak":
        facial = next(change for change in found.changes if change.measurement.key == "N–Me")
        assert facial.difference == pytest.approx(5)
    ways = {way.name: way.length_mm for way in found.displacements}
    assert ways.pop("Menton") == pytest.approx(5)
    assert max(ways.values()) < 1e-8
