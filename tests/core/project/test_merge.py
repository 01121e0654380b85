"""Merging copies of a project: nothing that anybody did is lost, whatever was done where, and in which order it is merged."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.errors import ProjectError
from core.project.cases import Geometry, NewCase
from core.project.merge import merge
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks

GEOMETRY = Geometry(Grid.from_spacing((240, 200), 0.1), SpacingSource.FILE)
IN_PX = Geometry(Grid.from_spacing((240, 200), 1.0), SpacingSource.UNKNOWN)
ANNA, BEN, MODEL = Reader("Anna"), Reader("Ben"), Reader("cephalometric-19 1.1", ReaderKind.MODEL)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        made.add_cases([NewCase(tmp_path / "images" / f"{name}.png", name) for name in ("a", "b")])
        yield made


@pytest.fixture
def copy(project: Project) -> Iterator[Project]:
    """A colleague's copy, made when nothing had been read."""
    yield from copied(project)


def copied(project: Project, name: str = "copy.cairn") -> Iterator[Project]:
    project.save_copy(project.folder / name)
    with Project.open(project.folder / name) as copy:
        yield copy


def say(project: Project, case_id: int, reader: Reader, value: float, text: str = "Move sella") -> Reading:
    marks = Landmarks(("sella", "nasion"), np.array([[value, 1.0], [2.0, 3.0]]))
    return project.save_reading(Reading(case_id, reader, marks, GEOMETRY), text)


def said(project: Project, case_id: int = 1) -> dict[str, float]:
    return {one.reader.name: float(one.landmarks.points_mm[0, 0]) for one in project.readings(case_id)}


def state(project: Project) -> list[object]:
    """Return all that a person could miss."""
    readings = [
        (reading, project.edits(case_id, reader.reader))
        for case_id in project.case_ids()
        for reader, reading in ((reading, reading) for reading in project.readings(case_id))
    ]
    return [project.cases(project.case_ids()), readings]


def test_two_readers_come_together(project: Project, copy: Project) -> None:
    say(project, 1, ANNA, 5.0)
    say(copy, 1, BEN, 6.0)
    say(copy, 2, BEN, 7.0)
    done = merge(project, copy)
    assert (done.cases, done.readings, done.continued, done.conflicts, done.notes) == (0, 2, 0, [], [])
    assert said(project) == {"Anna": 5.0, "Ben": 6.0}
    assert project.reading(2, BEN) == copy.reading(2, BEN)
    assert project.edits(2, BEN) == copy.edits(2, BEN)


def test_a_reading_goes_on_where_it_was_left(project: Project) -> None:
    say(project, 1, ANNA, 5.0)
    for copy in copied(project):
        say(copy, 1, ANNA, 6.0)
        say(copy, 1, ANNA, 7.0)
        assert merge(project, copy).continued == 1
        assert said(project) == {"Anna": 7.0}
        assert project.edits(1, ANNA) == copy.edits(1, ANNA)
        say(project, 1, ANNA, 8.0)
        behind = merge(project, copy)
        assert (behind.continued, behind.conflicts) == (0, [])
        assert said(project) == {"Anna": 8.0}


def test_what_was_changed_on_both_sides_is_kept_on_both(project: Project) -> None:
    say(project, 1, ANNA, 5.0)
    for copy in copied(project):
        say(project, 1, ANNA, 6.0)
        say(copy, 1, ANNA, 7.0)
        done = merge(project, copy)
        [conflict] = done.conflicts
        assert (conflict.case_name, conflict.reader, conflict.kept_as.name) == ("a", ANNA, "Anna (copy)")
        assert said(project) == {"Anna": 6.0, "Anna (copy)": 7.0}
        before = state(project)
        again = merge(project, copy)
        assert (again.readings, again.continued, again.conflicts) == (0, 0, [])
        assert state(project) == before
        say(copy, 1, ANNA, 9.0)  # the copy goes on
        assert merge(project, copy).continued == 1
        assert said(project) == {"Anna": 6.0, "Anna (copy)": 9.0}


def test_three_ways_are_three_readings(project: Project) -> None:
    say(project, 1, ANNA, 5.0)
    for one in copied(project, "one.cairn"):
        for two in copied(project, "two.cairn"):
            for value, place in ((6.0, project), (7.0, one), (8.0, two)):
                say(place, 1, ANNA, value)
            merge(project, one)
            merge(project, two)
            assert said(project) == {"Anna": 6.0, "Anna (copy)": 7.0, "Anna (copy 2)": 8.0}


def test_the_same_said_twice_is_no_conflict(project: Project, copy: Project) -> None:
    say(project, 1, ANNA, 5.0)
    say(copy, 1, ANNA, 5.0)
    done = merge(project, copy)
    assert (done.readings, done.conflicts) == (0, [])


def test_of_a_model_the_later_answer_stays(project: Project, copy: Project) -> None:
    say(project, 1, MODEL, 5.0, "")
    say(copy, 1, MODEL, 6.0, "")
    assert merge(project, copy).conflicts == []
    assert said(project) == {MODEL.name: 6.0}
    assert merge(copy, project).continued == 0
    assert said(copy) == {MODEL.name: 6.0}


def test_images_are_known_by_their_content_wherever_they_lie(project: Project, tmp_path: Path) -> None:
    project.set_case_image(1, GEOMETRY, "a" * 64)
    elsewhere = tmp_path / "laptop"
    elsewhere.mkdir()
    with Project.create(elsewhere / "other.cairn") as other:
        ids = other.add_cases([NewCase(elsewhere / "renamed.png", "renamed"), NewCase(elsewhere / "new.png", "new")])
        other.set_case_image(ids[0], GEOMETRY, "a" * 64)
        say(other, ids[0], BEN, 6.0)
        say(other, ids[1], BEN, 7.0)
        done = merge(project, other)
        assert (done.cases, done.readings) == (1, 2)
        assert said(project, 1) == {"Ben": 6.0}
        assert project.case(3).path == elsewhere / "new.png"
        assert merge(project, other).cases == 0


def test_a_copy_that_moved_with_its_images_is_the_same_study(project: Project, tmp_path: Path) -> None:
    project.close()
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "study.cairn").write_bytes(project.path.read_bytes())
    with Project.open(project.path) as here, Project.open(moved / "study.cairn") as there:
        say(there, 1, BEN, 6.0)
        assert merge(here, there).cases == 0
        assert said(here) == {"Ben": 6.0}


def test_an_image_of_the_same_name_and_another_content_is_another(project: Project, tmp_path: Path) -> None:
    project.set_case_image(1, GEOMETRY, "a" * 64)
    with Project.create(tmp_path / "other.cairn") as other:
        ids = other.add_cases([NewCase(tmp_path / "x" / "a.png", "a"), NewCase(project.case(1).path, "a")])
        for id_, digest in zip(ids, "bc", strict=True):
            other.set_case_image(id_, GEOMETRY, digest * 64)
            say(other, id_, BEN, 6.0)
        done = merge(project, other)
        assert (done.cases, said(project, 1), said(project, 3)) == (1, {}, {"Ben": 6.0})
        [note] = done.notes
        assert "another one" in note


def test_a_pixel_size_that_only_the_copy_knows_is_taken_over(project: Project, copy: Project) -> None:
    project.set_case_image(1, IN_PX, "a" * 64)
    marks = Landmarks(("sella", "nasion"), np.array([[50.0, 10.0], [20.0, 30.0]]))
    project.save_reading(Reading(1, ANNA, marks, IN_PX), "Place")
    copy.set_case_image(1, GEOMETRY, "a" * 64)
    say(copy, 1, BEN, 6.0)
    merge(project, copy)
    assert said(project) == {"Anna": pytest.approx(5.0), "Ben": 6.0}
    geometry = project.case(1).geometry
    assert geometry is not None
    assert geometry.spacing_known
    before = state(project)
    merge(project, copy)
    assert state(project) == before


def test_what_is_said_of_cases_is_brought_together(project: Project, copy: Project) -> None:
    project.update_case(1, note="blurred", split="train")
    copy.update_case(1, note="retake", split="test", patient_group="p7", done=True)
    copy.update_case(2, excluded=True)
    for _ in range(2):
        done = merge(project, copy)
        case = project.case(1)
        assert (case.note, case.split, case.patient_group, case.done) == ("blurred\nretake", "train", "p7", True)
        assert project.case(2).excluded
        [note] = done.notes
        assert "“train” here and “test” in the copy" in note


def test_schemes_are_taken_over_where_there_is_none_and_else_compared(project: Project, copy: Project) -> None:
    def scheme(*names: str) -> Scheme:
        marks = tuple(SchemeLandmark(name=name, abbreviation=name) for name in names)
        return Scheme(name="s", title="S", ndim=2, landmarks=marks)

    copy.set_scheme(scheme("sella"))
    assert merge(project, copy).notes == []
    assert project.scheme(2) == scheme("sella")
    copy.set_scheme(scheme("sella", "nasion"))
    [note] = merge(project, copy).notes
    assert "nasion" in note
    assert project.scheme(2) == scheme("sella")


def test_a_project_is_not_merged_with_itself_and_nothing_is_half_merged(project: Project, copy: Project) -> None:
    with pytest.raises(ProjectError, match="this very project"):
        merge(project, project)
    say(copy, 1, BEN, 6.0)
    with copy._file.transaction() as file:
        file.execute("UPDATE reading SET positions = x'00'")
        file.execute("UPDATE cases SET note = 'new'")
    before = state(project)
    with pytest.raises(ProjectError, match="damaged"):
        merge(project, copy)
    assert state(project) == before


def test_a_reading_whose_identity_is_taken_comes_too(project: Project, copy: Project) -> None:
    ours = say(project, 1, ANNA, 5.0)
    theirs = say(copy, 2, BEN, 6.0)
    copy.put_reading(replace(theirs, uuid=ours.uuid), [])
    merge(project, copy)
    assert (said(project, 1), said(project, 2)) == ({"Anna": 5.0}, {"Ben": 6.0})


EDITS = st.lists(st.tuples(st.integers(1, 2), st.sampled_from((ANNA, BEN)), st.integers(1, 4).map(float)), max_size=4)


def families(project: Project) -> set[tuple[int, str, float]]:
    """Return what is said by whom, whatever a merge has called the reader."""
    return {
        (case_id, reading.reader.name.split(" (")[0], float(reading.landmarks.points_mm[0, 0]))
        for case_id in project.case_ids()
        for reading in project.readings(case_id)
    }


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(common=EDITS, here=EDITS, there=EDITS, after=EDITS)
def test_merging_loses_nothing_whatever_was_done(
    common: list[tuple[int, Reader, float]],
    here: list[tuple[int, Reader, float]],
    there: list[tuple[int, Reader, float]],
    after: list[tuple[int, Reader, float]],
) -> None:
    def do(project: Project, edits: list[tuple[int, Reader, float]]) -> None:
        for edit in edits:
            say(project, *edit)

    with TemporaryDirectory() as folder, Project.create(Path(folder) / "one.cairn") as one:
        one.add_cases([NewCase(Path(folder) / f"{name}.png", name) for name in "ab"])
        do(one, common)
        one.save_copy(Path(folder) / "two.cairn")
        with Project.open(Path(folder) / "two.cairn") as two:
            do(one, here)
            do(two, there)
            changed = {(case, reader) for case, reader, _ in here} & {(case, reader) for case, reader, _ in there}
            keys = list(itertools.product((1, 2), (ANNA, BEN)))
            mine = {key: (one.reading(*key), one.edits(*key)) for key in keys}
            one.save_copy(Path(folder) / "turned.cairn")
            done = merge(one, two)
            assert {(conflict.case_id, conflict.reader) for conflict in done.conflicts} <= changed
            for key, (reading, edits) in mine.items():  # what was done here stays under its name, or goes on
                now = one.edits(*key)
                assert now[: len(edits)] == edits
                assert one.reading(*key) == reading or len(now) > len(edits)
            ours = state(one)
            merge(one, two)
            assert state(one) == ours  # once is enough
            with Project.open(Path(folder) / "turned.cairn") as turned:
                merge(two, turned)
                assert families(two) == families(one)  # whoever merges has it all
                merge(two, one)
                assert families(two) == families(one)
                merge(one, two)
                assert state(one) == ours
            do(two, after)
            merge(one, two)
            assert families(two) <= families(one)
            assert one.damage() == []
