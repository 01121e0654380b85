"""What a list says of measurements: figures, norms and deviations as text."""

from dataclasses import replace

import numpy as np
import pytest

from app.session.measurement_rows import Deviation, copied_table, figure, has_radii, rows_of
from core.measuring.file import parse_analysis
from core.measuring.measure import measure
from core.measuring.table import tab_text
from core.values.landmarks import Landmarks, Status
from tests.support.measuring_fixtures import OWN_ANALYSIS

ANALYSIS = parse_analysis(OWN_ANALYSIS, "own")
NAMES = ("Sella", "Nasion", "Menton", "Gonion")


def landmarks(angle_deg, radius_mm=np.nan):
    """Nasion at the origin, sella 10 mm to the left, menton so that the angle between them is as wanted."""
    turn = np.radians(180 - angle_deg)
    points = [[-10.0, 0.0], [0.0, 0.0], [20 * np.cos(turn), 20 * np.sin(turn)], [0.0, 5.0]]
    found = Landmarks.unplaced(NAMES, 2)
    for name, point in zip(NAMES, points, strict=True):
        found = found.with_point(name, point, Status.PREDICTED)
    return replace(found, radius_mm=np.full(4, radius_mm, np.float32))


def row(angle_deg, key="SNMe", radius_mm=np.nan, **named):
    rows = rows_of(measure(ANALYSIS, landmarks(angle_deg, radius_mm), **named))
    return next(one for one in rows if one.key == key)


@pytest.mark.parametrize(
    ("angle_deg", "sd", "words", "deviation"),
    [
        (150, "+0.0", "", Deviation.USUAL),
        (141, "−0.9", "", Deviation.USUAL),
        (165, "+1.5", "long face", Deviation.UNUSUAL),
        (125, "−2.5", "short face", Deviation.FAR),
    ],
)
def test_a_deviation_is_said_in_sd_and_in_words(angle_deg, sd, words, deviation):
    said = row(angle_deg)
    assert (said.value, said.norm) == (f"{angle_deg}.0°", "150 ± 10")
    assert (said.sd, said.words, said.deviation) == (sd, words, deviation)


def test_norms_of_another_population_change_what_is_said():
    said = row(150, population="children")
    assert (said.norm, said.deviation) == ("179 ± 2", Deviation.FAR)
    assert "children" in said.tip


def test_a_length_has_its_unit_and_a_measurement_without_norm_no_deviation():
    said = row(150, "S–N")
    assert (said.value, said.norm, said.sd, said.words) == ("10.0 mm", "", "", "")
    assert said.deviation is Deviation.UNKNOWN
    assert row(150, "share").value == "200.0 %"


def test_what_cannot_be_measured_says_why_and_nothing_else():
    said = row(150, "Ba–N")
    assert said.reason == "It needs Basion (Ba), not among these landmarks."
    assert said.reason in said.tip
    assert (said.value, said.interval, said.class_text) == ("", "", "")
    said = row(150, "S–N", unit="px")
    assert (said.value, said.reason) == ("", "It is a length in mm, and the pixel size is not known.")


def test_the_interval_and_a_class_that_it_leaves_open():
    said = row(169.9, radius_mm=1.0)
    low, high = (float(end) for end in said.interval.split(" – "))
    assert low < 169.9 < high
    assert said.class_text == "low ?"
    assert "not decided" in said.tip
    assert row(120, radius_mm=0.1).class_text == "low"
    assert row(169.9).class_text == "low"  # nothing says how uncertain it is
    assert "Taken as exact" in row(169.9).tip


def test_while_intervals_are_computed_dots_stand_for_them():
    measured = measure(ANALYSIS, landmarks(150, 1.0), intervals=False)
    assert [one.interval for one in rows_of(measured, pending=True)] == ["…", "…", "", "…"]
    assert {one.interval for one in rows_of(measured)} == {""}


def test_figures_have_a_minus_sign_and_no_negative_zero():
    assert figure(-1.25, 1) == "−1.2"
    assert figure(-0.04, 1) == "0.0"
    assert figure(-0.04, 1, signed=True) == "+0.0"


def test_only_radii_of_what_was_not_moved_make_intervals():
    assert not has_radii(landmarks(150))
    assert has_radii(landmarks(150, 1.0))
    moved = landmarks(150, 1.0)
    for name in NAMES:
        moved = moved.with_point(name, [1.0, 2.0])
    assert not has_radii(moved)


def test_what_is_copied_are_numbers_and_a_formula_stays_a_text():
    lines = tab_text(copied_table(measure(ANALYSIS, landmarks(165, 1.0)))).splitlines()
    assert lines[0].split("\t")[:5] == ["Measurement", "Value", "Unit", "Low (90 %)", "High (90 %)"]
    cells = lines[1].split("\t")
    assert (cells[0], float(cells[1]), cells[2], cells[7], cells[8]) == (
        "Angle at nasion",
        165.0,
        "°",
        "long face",
        "low",
    )
    assert float(cells[3]) < 165 < float(cells[4])
    assert lines[3].endswith("It needs Basion (Ba), not among these landmarks.")
    evil = parse_analysis(OWN_ANALYSIS.replace("Angle at nasion", "=1+1"), "evil")
    assert tab_text(copied_table(measure(evil, landmarks(165)))).splitlines()[1].startswith("'=1+1\t")
