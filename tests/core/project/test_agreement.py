"""Agreement of two readers: against a published example, against figures worked out by hand, and what cannot be compared."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import pytest

from core.base.errors import ProjectError
from core.project.agreement import agreement, cases_csv, icc_2_1, landmarks_csv
from core.project.cases import Geometry
from core.project.readings import Reader, ReaderKind, Reading
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import Author, Landmarks, Status

IN_MM = Geometry(Grid.from_spacing((500, 400), 0.1), SpacingSource.FILE)
IN_PX = Geometry(Grid.from_spacing((500, 400), 1.0), SpacingSource.UNKNOWN)
ANNA, BEN, MODEL = Reader("Anna"), Reader("Ben"), Reader("cephalometric-19 1.1", ReaderKind.MODEL)

SHROUT_FLEISS = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))
"""Four judges on six targets: Shrout and Fleiss 1979, table 2; ICC(2,1) = .29 in table 4."""


def reading(
    case_id: int,
    reader: Reader,
    points_mm: Sequence[Sequence[float]],
    *,
    geometry: Geometry = IN_MM,
    status: Sequence[Status] = (),
    names: Sequence[str] = ("sella", "nasion"),
) -> Reading:
    return Reading(case_id, reader, Landmarks(tuple(names), np.asarray(points_mm), status=tuple(status)), geometry)


def test_icc_is_that_of_the_published_example() -> None:
    assert round(icc_2_1(SHROUT_FLEISS), 2) == 0.29
    assert icc_2_1(np.add(SHROUT_FLEISS, 1e6)) == pytest.approx(icc_2_1(SHROUT_FLEISS), abs=1e-6)


def test_icc_of_too_little_is_not_a_number() -> None:
    assert np.isnan(icc_2_1([[1.0, 2.0]]))
    assert np.isnan(icc_2_1([[1.0], [2.0]]))
    assert np.isnan(icc_2_1([[3.0, 3.0], [3.0, 3.0]]))
    assert icc_2_1([[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]]) == pytest.approx(1.0)


def test_figures_are_those_worked_out_by_hand() -> None:
    ours = [reading(case, ANNA, [[10.0 * case, 5.0], [20.0, 20.0]]) for case in (1, 2, 3)]
    steps = ((3.0, 4.0), (0.0, 0.0), (-3.0, 4.0))
    theirs = [
        reading(case, BEN, [[10.0 * case + dx, 5.0 + dy], [20.0, 21.0]])
        for case, (dx, dy) in zip((1, 2, 3), steps, strict=True)
    ]
    result = agreement(ours, theirs)
    sella, nasion = result.landmarks
    assert (result.unit, result.names, result.case_ids) == ("mm", ("sella", "nasion"), (1, 2, 3))
    assert (sella.n, sella.median) == (3, 5.0)
    assert sella.mean == pytest.approx(10 / 3)
    assert sella.sd == pytest.approx(np.std([5.0, 0.0, 5.0], ddof=1))
    np.testing.assert_allclose(sella.bias, [0.0, 8 / 3], atol=1e-12)
    np.testing.assert_allclose(sella.bias_sd, [3.0, float(np.std([4.0, 0.0, 4.0], ddof=1))])
    lower, upper = sella.limits
    np.testing.assert_allclose([lower[0], upper[0]], [-5.88, 5.88])
    assert sella.dahlberg == pytest.approx(np.sqrt(50 / 6))
    np.testing.assert_allclose(sella.dahlberg_axes, [np.sqrt(18 / 6), np.sqrt(32 / 6)])
    assert sella.icc[0] == pytest.approx(icc_2_1([[10.0, 13.0], [20.0, 20.0], [30.0, 27.0]]))
    assert (nasion.mean, nasion.sd) == (1.0, 0.0)
    assert result.overall.n == 6
    assert result.overall.mean == pytest.approx(13 / 6)
    assert np.isnan(result.overall.icc).all()
    means, differences = result.bland_altman("sella", 0)
    np.testing.assert_allclose(means, [11.5, 20.0, 28.5])
    np.testing.assert_allclose(differences, [3.0, 0.0, -3.0])


def test_the_worst_case_comes_first_and_the_order_of_readers_only_turns_signs() -> None:
    ours = [reading(case, ANNA, [[10.0, 5.0], [20.0, 20.0]]) for case in (1, 2)]
    theirs = [reading(2, BEN, [[10.0, 5.5], [29.0, 20.0]]), reading(1, BEN, [[10.0, 6.0], [20.0, 20.0]])]
    result, turned = agreement(ours, theirs), agreement(theirs, ours)
    worst = result.cases[0]
    assert (worst.case_id, worst.worst, worst.largest, worst.mean) == (2, "nasion", 9.0, 4.75)
    np.testing.assert_allclose(result.overall.bias, -turned.overall.bias)
    assert result.overall.dahlberg == pytest.approx(turned.overall.dahlberg)
    assert [case.case_id for case in turned.cases] == [2, 1]


def test_of_a_person_counts_only_what_they_decided_on_and_of_a_model_all() -> None:
    half = reading(1, ANNA, [[10.0, 5.0], [20.0, 20.0]], status=(Status.CONFIRMED, Status.PREDICTED))
    model = reading(1, MODEL, [[10.0, 6.0], [20.0, 20.0]], status=(Status.PREDICTED, Status.PREDICTED))
    result = agreement([half], [model])
    assert [mark.n for mark in result.landmarks] == [1, 0]
    assert result.overall.mean == 1.0
    assert np.isnan(result.landmarks[1].mean)


def test_disagreement_about_presence_is_counted() -> None:
    nowhere = [np.nan, np.nan]
    ours = [
        reading(1, ANNA, [[1.0, 1.0], nowhere], status=(Status.PLACED, Status.ABSENT)),
        reading(2, ANNA, [[1.0, 1.0], nowhere], status=(Status.PLACED, Status.ABSENT)),
        reading(3, ANNA, [[1.0, 1.0], nowhere], status=(Status.PLACED, Status.UNPLACED)),
    ]
    theirs = [
        reading(1, BEN, [[1.0, 1.0], [2.0, 2.0]]),
        reading(2, BEN, [nowhere, nowhere], status=(Status.ABSENT, Status.ABSENT)),
        reading(3, BEN, [[1.0, 1.0], [2.0, 2.0]]),
    ]
    result = agreement(ours, theirs)
    assert [(m.n, m.presence_differs, m.both_absent) for m in result.landmarks] == [(2, 1, 0), (0, 1, 1)]
    assert {case.case_id: case.presence_differs for case in result.cases} == {1: 1, 2: 1, 3: 0}
    assert result.cases[-1].n == 0  # nothing in common comes last


def test_a_model_that_calls_a_landmark_absent_is_heard() -> None:
    model = Landmarks(
        ("sella",), np.full((1, 2), np.nan), presence=np.array([0.1]), status=(Status.ABSENT,), author=(Author.MODEL,)
    )
    result = agreement([reading(1, ANNA, [[1.0, 1.0]], names=("sella",))], [Reading(1, MODEL, model, IN_MM)])
    assert result.overall.presence_differs == 1


def test_landmarks_are_matched_by_name() -> None:
    ours = [reading(1, ANNA, [[1.0, 1.0], [5.0, 5.0]])]
    theirs = [reading(1, BEN, [[5.0, 6.0], [9.0, 9.0]], names=("nasion", "menton"))]
    result = agreement(ours, theirs)
    assert [(mark.name, mark.n) for mark in result.landmarks] == [("sella", 0), ("nasion", 1), ("menton", 0)]


def test_px_are_told_where_no_pixel_size_is_known_and_never_mixed_with_mm() -> None:
    ours = [reading(case, ANNA, [[1.0, 1.0], [5.0, 5.0]], geometry=IN_PX) for case in (1, 2)]
    theirs = [reading(case, BEN, [[1.0, 3.0], [5.0, 5.0]], geometry=IN_PX) for case in (1, 2)]
    assert agreement(ours, theirs).unit == "px"
    ours.append(reading(3, ANNA, [[1.0, 1.0], [5.0, 5.0]]))
    theirs.append(reading(3, BEN, [[1.0, 1.5], [5.0, 5.0]]))
    result = agreement(ours, theirs)
    assert (result.unit, result.case_ids, result.overall.mean) == ("mm", (3,), 0.25)
    assert result.left_out == ("2 cases were left out: the pixel size is not known, so there are no mm.",)


def test_the_same_pixels_count_where_the_pixel_size_was_another() -> None:
    ours = [reading(1, ANNA, [[1.0, 1.0], [5.0, 5.0]])]
    theirs = [reading(1, BEN, [[10.0, 10.0], [50.0, 53.0]], geometry=IN_PX)]
    for pair, sign in (((ours, theirs), 1.0), ((theirs, ours), -1.0)):
        result = agreement(*pair)
        assert result.unit == "mm"
        np.testing.assert_allclose(result.overall.bias, [0.0, sign * 0.15], atol=1e-12)


def test_images_of_another_size_or_rank_are_left_out_and_said() -> None:
    small = Geometry(Grid.from_spacing((100, 100), 0.1))
    volume = Geometry(Grid.from_spacing((10, 10, 10), 1.0))
    ours = [
        reading(1, ANNA, [[1.0, 1.0], [5.0, 5.0]]),
        reading(2, ANNA, [[1.0, 1.0], [5.0, 5.0]]),
        reading(3, ANNA, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], geometry=volume),
        reading(4, ANNA, [[1.0, 1.0], [5.0, 5.0]]),
    ]
    theirs = [
        reading(1, BEN, [[1.0, 1.0], [5.0, 5.0]]),
        reading(2, BEN, [[1.0, 1.0], [5.0, 5.0]], geometry=small),
        reading(3, BEN, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], geometry=volume),
        reading(4, BEN, [[1.0, 1.0], [5.0, 5.0]]),
    ]
    result = agreement(ours, theirs)
    assert result.case_ids == (1, 4)
    assert [sentence.split(":")[0] for sentence in result.left_out] == ["1 case was left out"] * 2


def test_readers_without_a_case_in_common_are_refused() -> None:
    ours, theirs = [reading(1, ANNA, [[1.0, 1.0], [5.0, 5.0]])], [reading(2, BEN, [[1.0, 1.0], [5.0, 5.0]])]
    with pytest.raises(ProjectError, match="no case in common"):
        agreement(ours, theirs)


def test_tables_say_the_unit_and_leave_empty_what_is_not_known() -> None:
    ours = [reading(1, ANNA, [[1.0, 1.0], [5.0, 5.0]])]
    theirs = [reading(1, BEN, [[1.0, 3.0], [5.0, 5.0]])]
    result = agreement(ours, theirs)
    rows = list(csv.DictReader(io.StringIO(landmarks_csv(result))))
    assert [row["landmark"] for row in rows] == ["sella", "nasion", "all"]
    assert (rows[0]["mean_mm"], rows[0]["bias_y_mm"], rows[0]["icc_x"], rows[0]["sd_mm"]) == (
        "2.0000",
        "2.0000",
        "",
        "",
    )
    [case] = csv.DictReader(io.StringIO(cases_csv(result, {1: "wing, 1"})))
    assert (case["case"], case["largest_mm"], case["worst_landmark"]) == ("wing, 1", "2.0000", "sella")
