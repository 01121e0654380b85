"""Free measurements in the project file: kept exactly, following their pixels, brought together by a merge."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ProjectError
from core.project.cases import Geometry, NewCase
from core.project.check import check
from core.project.free_measurements import FreeKind, FreeMeasurement, seen_by
from core.project.merge import merge
from core.project.readings import Reader
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import SpacingSource

FINE = Geometry(Grid.from_spacing((240, 200), 0.1))
IN_PX = Geometry(Grid.from_spacing((240, 200), 1.0), SpacingSource.UNKNOWN)
ANNA, BEN = Reader("Anna"), Reader("Ben")
ENDS = ((1 / 3, 2.0), (4.0, 6.1))


def distance(case_id: int = 1, reader: Reader = ANNA, geometry: Geometry = FINE) -> FreeMeasurement:
    return FreeMeasurement(case_id, reader, FreeKind.DISTANCE, ENDS, geometry)


def moved(measurement: FreeMeasurement, by_mm: float) -> FreeMeasurement:
    """A drag, long after the measurement was drawn and kept."""
    return replace(measurement.with_points(measurement.array_mm + by_mm), changed=f"2031-01-0{by_mm:.0f}")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        made.add_cases([NewCase(tmp_path / f"{name}.png", name) for name in ("a", "b")])
        made.set_case_image(1, FINE, "ab")
        yield made


@pytest.fixture
def copy(project: Project) -> Iterator[Project]:
    """A colleague's copy, in which Anna's first measurement lies, too."""
    project.free_measurements.save(distance())
    project.save_copy(project.folder / "copy.cairn")
    with Project.open(project.folder / "copy.cairn") as copied:
        yield copied


def points(project: Project, case_id: int = 1) -> list[float]:
    return [round(one.points_mm[0][0], 6) for one in project.free_measurements.of_case(case_id)]


def test_what_was_drawn_is_there_when_the_file_is_opened_again(project: Project) -> None:
    angle = FreeMeasurement(2, BEN, FreeKind.ANGLE, ((0.0, 0.1), (1.0, 0.7), (2.0, 1 / 7)), FINE)
    kept = [project.free_measurements.save(one) for one in (distance(), angle)]
    project.close()
    with Project.open(project.path) as again:
        assert again.free_measurements.all() == kept
        assert again.free_measurements.of_case(2) == kept[1:]
        assert again.free_measurements.count() == 2
    assert kept[0].uuid
    assert kept[0].created == kept[0].changed
    assert kept[0].points_mm == ENDS


def test_a_change_keeps_identity_and_place(project: Project) -> None:
    store = project.free_measurements
    first, second = store.save(distance()), store.save(distance())
    store.save(first.with_points(first.array_mm + 1))
    after, same = store.of_case(1)
    assert (after.uuid, after.created, same) == (first.uuid, first.created, second)
    assert after.points_mm[0] == pytest.approx((4 / 3, 3.0))


def test_what_is_removed_is_gone_with_its_case_or_alone(project: Project) -> None:
    store = project.free_measurements
    first, second, other = store.save(distance()), store.save(distance()), store.save(distance(2))
    store.remove([first.uuid, "never there"])
    assert store.all() == [second, other]
    project.remove_cases([1])
    assert store.all() == [other]
    with pytest.raises(ProjectError, match="no longer"):
        store.save(distance(1))
    assert not project.damage()


def test_measurements_stay_on_their_pixels_when_the_size_becomes_known(project: Project) -> None:
    project.set_case_image(2, IN_PX, "cd")
    store = project.free_measurements
    drawn = store.save(FreeMeasurement(2, ANNA, FreeKind.DISTANCE, ((10.0, 20.0), (30.0, 20.0)), IN_PX))
    project.set_case_image(2, FINE, "cd")
    [after] = store.of_case(2)
    before_index, after_index = (one.geometry.grid.to_index(one.array_mm) for one in (drawn, after))
    np.testing.assert_allclose(after_index, before_index)
    assert after.geometry == FINE
    assert np.linalg.norm(after.array_mm[1] - after.array_mm[0]) == pytest.approx(2.0)
    project.set_case_image(2, Geometry(Grid.from_spacing((50, 50), 0.1)), "ef")  # another image of that name
    assert store.of_case(2) == [after]


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [
        (FreeKind.ANGLE, ENDS),
        (FreeKind.DISTANCE, (*ENDS, (1.0, 1.0))),
        (FreeKind.DISTANCE, ((1.0, 2.0, 3.0), (1.0, 2.0, 4.0))),
        (FreeKind.DISTANCE, ((1.0, float("nan")), (1.0, 2.0))),
    ],
)
def test_points_that_make_no_measurement_are_refused(kind: FreeKind, drawn: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="does not have"):
        FreeMeasurement(1, ANNA, kind, drawn, FINE)


@pytest.mark.parametrize("text", ["[[1, 2]]", "nonsense", "[[1, 2], [3, null]]", "7"])
def test_a_damaged_measurement_is_a_sentence_and_the_check_names_its_case(project: Project, text: str) -> None:
    project.free_measurements.save(distance())
    with project._file.transaction() as file:
        file.execute("UPDATE free_measurement SET points = ?", (text,))
    with pytest.raises(ProjectError, match="damaged"):
        project.free_measurements.of_case(1)
    assert check(project).damage == ("what was measured freely in a cannot be read",)


def test_who_reads_blind_sees_only_their_own() -> None:
    own, others = distance(), distance(reader=BEN)
    assert seen_by(ANNA, [own, others], blind=True) == (own,)
    assert seen_by(ANNA, [own, others], blind=False) == (own, others)


def test_a_merge_brings_what_either_has_and_twice_is_once(project: Project, copy: Project) -> None:
    copy.free_measurements.save(distance(reader=BEN))
    copy.free_measurements.save(distance(2))
    done = merge(project, copy)
    assert (done.measurements, done.notes, done.conflicts) == (2, [], [])
    assert (1, BEN) in done.touched
    assert (2, ANNA) in done.touched
    assert [one.reader for one in project.free_measurements.all()] == [ANNA, BEN, ANNA]
    assert merge(project, copy).measurements == 0


def test_a_measurement_that_was_changed_on_one_side_is_as_it_was_changed(project: Project, copy: Project) -> None:
    [drawn] = project.free_measurements.of_case(1)
    copy.free_measurements.put(moved(drawn, 1))
    assert merge(project, copy).measurements == 1
    assert points(project) == [round(4 / 3, 6)]
    [kept] = project.free_measurements.of_case(1)
    project.free_measurements.put(moved(kept, 2))
    assert kept.uuid == drawn.uuid


def test_what_was_changed_here_only_stays(project: Project, copy: Project) -> None:
    [drawn] = project.free_measurements.of_case(1)
    project.free_measurements.put(moved(drawn, 2))
    done = merge(project, copy)
    assert (done.measurements, done.notes) == (0, [])
    assert points(project) == [round(7 / 3, 6)]


def test_what_was_changed_on_both_sides_is_kept_twice_and_told(project: Project, copy: Project) -> None:
    [drawn] = project.free_measurements.of_case(1)
    project.free_measurements.put(moved(drawn, 1))
    copy.free_measurements.put(moved(drawn, 2))
    done = merge(project, copy)
    assert done.measurements == 1
    assert "both are kept" in done.notes[0]
    assert points(project) == [round(4 / 3, 6), round(7 / 3, 6)]
    merge(copy, project)
    for _ in range(2):
        assert merge(project, copy).measurements == merge(copy, project).measurements == 0
    assert sorted(points(copy)) == points(project)


def test_a_merge_brings_measurements_onto_the_pixel_size_here(project: Project, copy: Project) -> None:
    half = Geometry(Grid.from_spacing((240, 200), 0.2))
    copy.set_case_image(1, half, "ab")
    [there] = copy.free_measurements.of_case(1)
    copy.free_measurements.save(replace(there, uuid="", reader=BEN, created="", changed=""))
    merge(project, copy)
    ours, theirs = project.free_measurements.of_case(1)
    np.testing.assert_allclose(theirs.array_mm, ours.array_mm)
    assert theirs.geometry == FINE


def test_kinds_that_nobody_knows_do_not_get_into_the_file(project: Project) -> None:
    project.free_measurements.save(distance())
    with pytest.raises(ProjectError), project._file.transaction() as file:
        file.execute("UPDATE free_measurement SET kind = 'area'")
    with sqlite3.connect(project.path) as file:
        assert file.execute("SELECT kind FROM free_measurement").fetchall() == [("distance",)]
