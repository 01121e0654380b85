"""What the lists of a superimposition say, word by word."""

from dataclasses import replace

import numpy as np

from app.session.change_rows import change_rows, told_by_readers, way_heads, way_rows
from core.measuring.comparison import Moment, compare
from core.measuring.file import parse_analysis
from core.measuring.reader_spread import ReaderSpread
from core.measuring.registration import By, Registration
from tests.support.measuring_fixtures import OWN_ANALYSIS
from tests.support.superimposing_fixtures import EARLIER, found_by_model, grown

ANALYSIS = parse_analysis(OWN_ANALYSIS, "own")
SN = Registration(By.LINE, ("Sella", "Nasion"))


def compared(earlier, later):
    return compare(Moment(earlier), Moment(later), SN, ANALYSIS)


def test_figures_have_units_signs_and_no_negative_zero():
    angle, length, lacking, share = change_rows(compared(found_by_model(EARLIER, 0.2), found_by_model(grown(), 0.2)))
    assert angle.name == "Angle at nasion"
    earlier, later, difference, interval, changed = angle.cells
    assert earlier.endswith("°")
    assert later.endswith("°")
    assert difference == "+1.5°"
    assert " … " in interval
    assert changed == "yes"
    assert angle.larger is True
    assert "Larger than the uncertainty of the landmarks explains." in angle.tip
    assert "The angle at nasion." in angle.tip
    assert length.cells[0] == "30.3 mm"
    assert length.cells[2] == "0.0 mm"
    assert length.cells[4] == "not certain"
    assert lacking.cells == ("", "", "", "", "")
    assert lacking.reason == "In the earlier image: It needs Basion (Ba), not among these landmarks."
    assert share.cells[0].endswith(" %")


def test_without_any_uncertainty_nothing_is_called_changed():
    angle, *_ = change_rows(compared(EARLIER, grown()))
    assert angle.cells[3:] == ("", "")
    assert "Nothing says how uncertain the landmarks are." in angle.tip


def test_where_some_landmarks_count_as_exact_a_change_has_a_question_mark():
    angle, *_ = change_rows(compared(EARLIER, found_by_model(grown(), 0.2)))
    assert angle.cells[4] == "yes ?"
    assert "The interval is too narrow" in angle.tip
    assert "Sella, Nasion, Menton are, so they were taken as exact" in angle.tip


def test_ways_have_their_directions_and_radius():
    found = compared(found_by_model(EARLIER, 0.2), found_by_model(grown(), 0.2))
    assert way_heads(found) == ("Landmark", "Distance (mm)", "Right", "Up", "±", "Moved")
    sella, _, menton, _ = way_rows(found, EARLIER.names)
    assert sella.cells == ("0.0", "0.0", "0.0", "", "")
    assert menton.cells[:3] == ("3.2", "+1.0", "−3.0")
    assert menton.cells[4] == "yes"
    assert f"within {menton.cells[3]} mm" in menton.tip


def test_landmarks_that_could_be_fitted_are_listed_where_nothing_is_superimposed():
    found = compare(Moment(EARLIER), Moment(grown()), replace(SN, names=("Sella", "Basion")), ANALYSIS)
    rows = way_rows(found, EARLIER.names)
    assert [row.name for row in rows] == list(EARLIER.names)
    assert all(not any(row.cells) for row in rows)
    assert len(rows[0].cells) == len(way_heads(found)) - 1
    assert np.isnan(found.changes[0].low)


def test_whose_differences_tell_is_said_where_they_do():
    spread = ReaderSpread(dict.fromkeys(EARLIER.names, 0.5), dict.fromkeys(EARLIER.names, "Ann and Bob, 12 cases"))
    by_hand = compare(Moment(EARLIER), Moment(grown()), SN, ANALYSIS, spread_mm=spread.spread_mm)
    assert told_by_readers(by_hand, spread) == (
        "Intervals of landmarks placed by hand come from the differences of readers: Ann and Bob, 12 cases."
    )
    angle, *_ = change_rows(by_hand)
    assert "how uncertain they are is told by how far readers differ: Sella, Nasion, Menton." in angle.tip
    by_model = compare(Moment(found_by_model(EARLIER)), Moment(found_by_model(grown())), SN, ANALYSIS)
    assert told_by_readers(by_model, spread) == ""
