"""Worked examples of others: tracings whose coordinates or values are published, measured by the bundled analyses.

Each test names where the example stands. Tolerances are those of the figures: a value that was cut off to whole degrees, or
printed with one decimal.
"""

from collections.abc import Mapping
from math import cos, floor, radians, sin

import numpy as np
import pytest

from core.measuring.file import read_analysis
from core.measuring.measure import measure
from core.values.landmarks import Landmarks

Places = Mapping[str, tuple[float, float] | np.ndarray]


def values(name: str, places: Places) -> dict[str, float]:
    """Return the measurements of an analysis whose landmarks are all there, by key."""
    analysis = read_analysis(name)
    symbols = [symbol for symbol in analysis.landmarks if symbol in places]
    names = tuple(analysis.landmarks[symbol][0] for symbol in symbols)
    marks = Landmarks(names, np.array([places[symbol] for symbol in symbols], dtype=float))
    return {one.measurement.key: one.value for one in measure(analysis, marks, intervals=False) if one.known}


def test_the_class_two_tracing_of_webceph() -> None:
    """A class II face with vertical growth in px, and what another program measures in it, cut off to whole degrees.

    Coordinates and values: github.com/forabi/WebCeph, ``src/analyses/basic.test.ts`` at
    1f89f45317b9b69e615e998054910e111927c35a. Its “MM” is the angle of palatal and mandibular plane, “Björk” the sum of saddle,
    articular and gonial angle, “NAPog” Downs' angle of convexity.
    """
    places = {
        "N": (1377, 473), "S": (623, 661), "A": (1365, 1147), "B": (1231, 1654), "Ar": (494, 955), "Go": (569, 1403),
        "Me": (1130, 1855), "Po": (435, 825), "Or": (1235, 833), "Pog": (1222, 1780), "Gn": (1193, 1855),
        "PNS": (892, 1093), "ANS": (1377, 1055), "U1": (1382, 1386), "U1A": (1302, 1147), "L1": (1336, 1403),
        "L1A": (1189, 1633),
    }  # fmt: skip
    published = {"ANB": 6, "SNA": 74, "SNB": 68, "Björk": 412, "MM": 43, "Y-FH": 63, "NAPog": 11, "FMPA": 38}
    steiner, downs, jarabak, eastman, tweed = (
        values(name, places) for name in ("steiner", "downs", "jarabak", "eastman", "tweed")
    )
    measured = {
        "ANB": steiner["ANB"],
        "SNA": steiner["SNA"],
        "SNB": steiner["SNB"],
        "Björk": jarabak["sum"],
        "MM": eastman["PP–MP"],
        "Y-FH": downs["Y axis"],
        "NAPog": downs["convexity"],
        "FMPA": tweed["FMA"],
    }
    assert {key: floor(value) for key, value in measured.items()} == published


def at(degrees: float, length_mm: float) -> np.ndarray:
    """Return the way of a length in a direction, degrees below the front of a face that looks to the right."""
    return length_mm * np.array([cos(radians(degrees)), sin(radians(degrees))])


PRINTED = {
    "retrognathic mandible, posterior rotation": {
        "SNA": 81.0, "SNB": 76.6, "ANB": 4.5, "SNPg": 77.7, "ML-NSL": 37.6, "NL-NSL": 10.3, "ML-NL": 27.3, "N-Sp'": 57.1,
        "Sp'-Gn": 65.6, "index": 87.0, "U1-L1": 107.6, "U1-NA": 19.7, "L1-NB": 48.3, "U1-NA mm": 4.2, "L1-NB mm": 9.0,
        "Pg-NB": 2.3,
    },
    "orthognathic, anterior rotation": {
        "SNA": 82.9, "SNB": 81.1, "ANB": 1.8, "SNPg": 84.7, "ML-NSL": 16.0, "NL-NSL": 4.7, "ML-NL": 11.3, "N-Sp'": 60.3,
        "Sp'-Gn": 67.8, "index": 88.8, "U1-L1": 133.6, "U1-NA": 19.4, "L1-NB": 25.2, "U1-NA mm": 5.0, "L1-NB mm": 3.6,
        "Pg-NB": 7.8,
    },
}  # fmt: skip
"""Two printed evaluations of a clinical program by Segner and Hasund's analysis, one decimal: CASE_A and CASE_B of
github.com/saegerdirk-star/React-Odontogram-Modul, ``src/__tests__/c51-cephalometry.test.ts`` at
6f2029c86a00fc892b0232ae1f4fbb25702a71ff."""


@pytest.mark.parametrize("printed", PRINTED.values(), ids=PRINTED)
def test_two_evaluations_that_a_clinical_program_has_printed(printed: dict[str, float]) -> None:
    """A face laid by some of the printed values has the others.

    It is laid by SNA, SNB, SNPg, both planes against the cranial base, the incisors' inclinations and distances, the chin's
    distance from NB and the heights from the nasal plane. What follows from these and is printed as well: ANB, the angle of the
    jaws' planes, the interincisal angle and the index of the heights. The values behind the printed ones are rounded: 0.05 each.
    """
    nasion, sna, snb = np.zeros(2), 180 - printed["SNA"], 180 - printed["SNB"]
    point_a, point_b = at(sna, 55), at(snb, 95)
    tip_of_u1 = at(sna, 78) + at(sna - 90, printed["U1-NA mm"])
    tip_of_l1 = at(snb, 76) + at(snb - 90, printed["L1-NB mm"])
    to_chin_mm = printed["Pg-NB"] / sin(radians(printed["SNPg"] - printed["SNB"]))
    palate, jaw = printed["NL-NSL"], printed["ML-NSL"]
    spine = at(palate + 90, printed["N-Sp'"])
    menton = spine + at(palate + 90, printed["Sp'-Gn"]) - at(palate, 15)
    places = {
        "S": (-70.0, 0.0), "N": nasion, "A": point_a, "B": point_b, "Pog": at(180 - printed["SNPg"], to_chin_mm),
        "ANS": spine, "PNS": spine - at(palate, 50), "Me": menton, "Go": menton - at(jaw, 70),
        "U1": tip_of_u1, "U1A": tip_of_u1 - at(sna - printed["U1-NA"], 22),
        "L1": tip_of_l1, "L1A": tip_of_l1 + at(snb + printed["L1-NB"], 22),
    }  # fmt: skip
    steiner, eastman = values("steiner", places), values("eastman", places)
    laid = {
        "SNA": steiner["SNA"], "SNB": steiner["SNB"], "U1-NA": steiner["U1–NA"], "L1-NB": steiner["L1–NB"],
        "U1-NA mm": steiner["U1–NA mm"], "L1-NB mm": steiner["L1–NB mm"], "Pg-NB": steiner["Pog–NB"],
        "NL-NSL": eastman["SN–PP"],
    }  # fmt: skip
    assert laid == pytest.approx({key: printed[key] for key in laid}, abs=1e-9), "each measurement reads what was laid"
    following = {
        "ANB": steiner["ANB"],
        "ML-NL": eastman["PP–MP"],
        "U1-L1": steiner["U1–L1"],
        "index": 100 * (100 / eastman["lower facial height"] - 1),
    }
    assert following == pytest.approx({key: printed[key] for key in following}, abs=0.16)
    assert 100 < to_chin_mm < 140, "the chin's angle and distance are those of one face"


def test_wrong_definitions_of_other_programs_would_show_on_the_tracing() -> None:
    """That the example tells definitions apart: ODI from the Frankfort plane, convexity in mm, an unsigned A–B plane.

    These stand in several open programs; on the tracing of WebCeph they are far from what Kim and Downs define.
    """
    places = {
        "N": (1377, 473), "A": (1365, 1147), "B": (1231, 1654), "Go": (569, 1403), "Me": (1130, 1855), "Po": (435, 825),
        "Or": (1235, 833), "Pog": (1222, 1780), "PNS": (892, 1093), "ANS": (1377, 1055),
    }  # fmt: skip
    kim, downs, ricketts = (values(name, places) for name in ("kim", "downs", "ricketts"))
    axis = np.degrees(np.arctan2(1654 - 1147, 1365 - 1231))
    to_frankfort = axis + np.degrees(np.arctan2(833 - 825, 1235 - 435))
    assert abs(kim["AB–MP"] - to_frankfort) > 5
    assert kim["ODI"] == pytest.approx(kim["AB–MP"] + kim["FH–PP"])
    assert kim["FH–PP"] < 0, "the palate rises towards the front"
    assert abs(downs["convexity"] - ricketts["convexity"]) > 5
    assert downs["A–B plane"] < 0
