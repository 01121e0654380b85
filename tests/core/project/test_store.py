"""The project file: what is put in comes out again, in the next opening too, and every change is whole."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import ProjectError, ProjectUnavailable
from core.project import connection, schema
from core.project.cases import CaseQuery, CaseSort, CaseState, Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.schemes.scheme import Scheme, SchemeLandmark
from core.values.grid import Grid
from core.values.image import SpacingSource
from core.values.landmarks import Author, Landmarks, Status

GEOMETRY = Geometry(Grid.from_spacing((240, 200), 0.1), SpacingSource.PERSON)
ANNA, MODEL = Reader("Anna"), Reader("cephalometric-19 1.1", ReaderKind.MODEL)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


def landmarks(shift_mm: float = 0.0, status: Status = Status.PREDICTED) -> Landmarks:
    points = np.array([[1.0, 2.0], [3.0, 4.0], [np.nan, np.nan]]) + shift_mm
    return Landmarks(
        ("sella", "nasion", "porion"),
        points,
        np.array([0.9, 0.8, 0.1]),
        np.array([0.3, 0.4, np.nan]),
        np.array([1.5, 2.5, np.nan]),
        (status, Status.PREDICTED, Status.ABSENT),
        (Author.NOBODY, Author.NOBODY, Author.MODEL),
    )


def add(project: Project, *names: str) -> list[int]:
    return project.add_cases([NewCase(project.folder / "images" / f"{name}.png", name) for name in names])


def test_number_of_a_removed_case_is_never_given_to_another(project: Project) -> None:
    first, last = add(project, "a", "b")
    project.remove_cases([last])
    project.close()
    with Project.open(project.path) as again:
        [new] = add(again, "c")
        assert new > last
        again.remove_cases(again.case_ids())
        assert add(again, "d", "e") == [new + 1, new + 2]
    assert first not in (new + 1, new + 2)


def test_what_is_put_in_comes_out_again_after_closing(project: Project) -> None:
    scheme = Scheme(name="three", title="Three", ndim=2, landmarks=(SchemeLandmark(name="sella", abbreviation="S"),))
    project.set_scheme(scheme)
    project.set_setting("reader", {"name": "Anna"})
    [case_id] = project.add_cases([NewCase(project.folder / "a b" / "Müller.png", "Müller", "s1", "p7", "train")])
    project.set_case_image(case_id, GEOMETRY, "ab" * 32)
    project.update_case(case_id, note="blurred, “retake”", excluded=True)
    project.set_case_view(case_id, {"levels": [0, 255]})
    saved = project.save_reading(
        Reading(case_id, ANNA, landmarks(), GEOMETRY, seconds=12.5, locked=frozenset({"sella"})), "Move sella"
    )
    before = project.case(case_id)
    project.close()

    with Project.open(project.path) as again:
        assert again.case(case_id) == before
        assert before.geometry is not None
        assert before.geometry.grid == GEOMETRY.grid
        assert (before.path, before.patient_group, before.split) == (
            project.folder / "a b" / "Müller.png",
            "p7",
            "train",
        )
        assert again.readings(case_id) == [saved]
        assert saved.landmarks == landmarks()
        assert saved.locked == {"sella"}
        assert saved.seconds == 12.5
        assert again.scheme(2) == scheme
        assert again.scheme(3) is None
        assert again.setting("reader") == {"name": "Anna"}
        assert again.setting("nothing", 5) == 5
        assert again.id == project_id(again)


def project_id(project: Project) -> str:
    return str(
        json.loads(sqlite3.connect(project.path).execute("SELECT value FROM meta WHERE key = 'id'").fetchone()[0])
    )


def test_an_image_is_one_case_however_often_it_is_added(project: Project) -> None:
    first = add(project, "a", "b")
    assert add(project, "b", "c") == [first[1], first[1] + 1]
    assert project.case_ids() == [*first, first[1] + 1]
    assert project.find_case(project.folder / "images" / "a.png") == first[0]
    assert project.find_case(project.folder / "a.png") is None


def test_states_are_derived_from_what_was_said(project: Project) -> None:
    [case_id] = add(project, "a")
    assert project.case(case_id).state is CaseState.NEW
    project.update_case(case_id, problem="It cannot be read.")
    assert project.case(case_id).state is CaseState.PROBLEM
    project.update_case(case_id, problem="")
    project.save_reading(Reading(case_id, MODEL, landmarks(), GEOMETRY))
    localized = project.case(case_id)
    assert (localized.state, localized.to_check, localized.reader) == (CaseState.LOCALIZED, 2, MODEL.name)
    assert localized.worst_radius == 2.5
    project.save_reading(Reading(case_id, ANNA, landmarks(status=Status.CONFIRMED), GEOMETRY))
    reviewed = project.case(case_id)
    assert (reviewed.state, reviewed.to_check, reviewed.reader) == (CaseState.IN_REVIEW, 2, "Anna")
    project.update_case(case_id, done=True)
    assert project.case(case_id).state is CaseState.DONE
    assert project.counts()[CaseState.DONE] == 1


def test_a_case_is_done_once_everything_is_decided_unless_a_person_says_otherwise(project: Project) -> None:
    [case_id] = add(project, "a")
    absent = landmarks().with_status("sella", Status.CONFIRMED).with_status("nasion", Status.CONFIRMED)
    project.save_reading(Reading(case_id, ANNA, absent, GEOMETRY))
    assert project.case(case_id).state is CaseState.IN_REVIEW  # porion is absent for the model alone
    decided = absent.with_point("porion", (5.0, 6.0), Status.CORRECTED)
    project.save_reading(Reading(case_id, MODEL, landmarks(), GEOMETRY))
    project.save_reading(Reading(case_id, ANNA, decided, GEOMETRY))
    assert project.case(case_id).state is CaseState.DONE
    assert project.case(case_id).done is None
    project.update_case(case_id, done=False)
    assert project.case(case_id).state is CaseState.IN_REVIEW
    project.save_reading(Reading(case_id, ANNA, absent, GEOMETRY))
    project.update_case(case_id, done=None)
    assert project.case(case_id).state is CaseState.IN_REVIEW


def test_a_models_answer_replaces_nothing_that_a_person_did(project: Project) -> None:
    [case_id] = add(project, "a")
    project.save_reading(Reading(case_id, ANNA, landmarks(5.0, Status.CORRECTED), GEOMETRY))
    project.save_reading(Reading(case_id, MODEL, landmarks(1.0), GEOMETRY))
    project.save_reading(Reading(case_id, MODEL, landmarks(2.0), GEOMETRY))
    readings = {reading.reader: reading.landmarks for reading in project.readings(case_id)}
    assert readings == {ANNA: landmarks(5.0, Status.CORRECTED), MODEL: landmarks(2.0)}
    assert project.readers() == [ANNA, MODEL]


def test_the_history_says_what_each_edit_replaced(project: Project) -> None:
    [case_id] = add(project, "a")
    project.save_reading(Reading(case_id, ANNA, landmarks(), GEOMETRY), "Find landmarks")
    moved = landmarks().with_point("sella", (7.0, 8.0))
    project.save_reading(Reading(case_id, ANNA, moved, GEOMETRY), "Move sella")
    project.save_reading(Reading(case_id, ANNA, moved, GEOMETRY), "Move sella")  # nothing has changed
    first, second = project.edits(case_id, ANNA)
    assert first.text == "Find landmarks"
    assert set(first.before) == {"sella", "nasion", "porion"}
    assert second.before == {"sella": {"position": [1.0, 2.0], "status": "predicted", "author": "model"}}


def test_what_a_person_changes_is_in_the_history_without_a_text_too(project: Project) -> None:
    [case_id] = add(project, "a")
    for reader in (ANNA, MODEL):
        project.save_reading(Reading(case_id, reader, landmarks(), GEOMETRY))
        project.save_reading(Reading(case_id, reader, landmarks(1.0), GEOMETRY))
    assert [edit.text for edit in project.edits(case_id, ANNA)] == ["", ""]
    assert project.edits(case_id, MODEL) == []


def test_a_reading_of_a_copy_comes_as_it_is_and_its_edits_once(project: Project) -> None:
    [case_id] = add(project, "a")
    saved = project.save_reading(Reading(case_id, ANNA, landmarks(), GEOMETRY), "Find landmarks")
    edits = project.edits(case_id, ANNA)
    other = replace(saved, reader=Reader("Ben"), uuid="b" * 32, changed="2026-01-01T00:00:00.000+00:00")
    for _ in range(2):
        project.put_reading(other, edits)
    assert project.reading(case_id, other.reader) == other
    assert project.edits(case_id, other.reader) == edits
    with pytest.raises(ProjectError, match="no longer"):
        project.put_reading(replace(other, case_id=99), [])


def test_cases_are_searched_filtered_and_sorted(project: Project) -> None:
    ids = add(project, "b", "A_1", "c")
    project.update_case(ids[2], note="Retake")
    project.save_reading(Reading(ids[0], MODEL, landmarks(), GEOMETRY))
    project.update_case(ids[1], excluded=True)
    assert project.case_ids(CaseQuery(text="a_")) == [ids[1]]
    assert project.case_ids(CaseQuery(text="retake")) == [ids[2]]
    assert project.case_ids(CaseQuery(text="100%")) == []
    assert project.case_ids(CaseQuery(states=frozenset({CaseState.NEW}), excluded=False)) == [ids[2]]
    assert project.case_ids(CaseQuery(sort=CaseSort.NAME)) == [ids[1], ids[0], ids[2]]
    assert project.case_ids(CaseQuery(sort=CaseSort.WORST_RADIUS, descending=True)) == ids
    assert project.case_ids(CaseQuery(reader=MODEL.name)) == [ids[0]]
    assert [case.name for case in project.cases([ids[2], 999, ids[0]])] == ["c", "b"]


def test_another_pixel_size_takes_the_readings_along(project: Project) -> None:
    [case_id] = add(project, "a")
    in_px = Geometry(Grid.from_spacing((240, 200), 1.0), SpacingSource.UNKNOWN)
    project.set_case_image(case_id, in_px, "")
    project.save_reading(Reading(case_id, ANNA, landmarks(), in_px))
    project.set_case_image(case_id, GEOMETRY, "")
    [reading] = project.readings(case_id)
    np.testing.assert_allclose(reading.landmarks.points_mm[:2], [[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_allclose(reading.landmarks.radius_mm[:2], [0.15, 0.25], rtol=1e-6)
    assert reading.geometry.grid == GEOMETRY.grid


def test_several_changes_happen_together_or_not_at_all(project: Project) -> None:
    def fail_after_adding() -> None:
        with project.transaction():
            add(project, "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_adding()
    assert project.case_ids() == []


def test_a_copy_elsewhere_finds_its_images(project: Project, tmp_path: Path) -> None:
    [case_id] = add(project, "a")
    project.save_reading(Reading(case_id, ANNA, landmarks(), GEOMETRY))
    target = tmp_path / "elsewhere" / "copy.cairn"
    target.parent.mkdir()
    project.save_copy(target)
    with Project.open(target) as copy:
        assert copy.case(case_id).path == project.case(case_id).path
        assert copy.id == project.id
        assert copy.readings(case_id) == project.readings(case_id)
    with pytest.raises(ProjectError, match="already a file"):
        project.save_copy(target)


def test_project_and_images_move_together(project: Project, tmp_path: Path) -> None:
    [case_id] = add(project, "a")
    project.close()
    moved = tmp_path / "moved"
    moved.mkdir()
    with Project.open(project.path.rename(moved / "study.cairn")) as again:
        assert again.case(case_id).path == moved / "images" / "a.png"


@pytest.mark.skipif(sys.platform == "win32", reason="file names of Windows are always text")
def test_a_name_that_is_no_utf_8_is_kept(project: Project) -> None:
    path = Path(os.fsdecode(os.fsencode(project.folder) + b"/M\xfcller.png"))
    [case_id] = project.add_cases([NewCase(path, "Müller")])
    assert project.case(case_id).path == path
    assert project.find_case(path) == case_id


def test_a_second_window_only_looks(project: Project) -> None:
    [case_id] = add(project, "a")
    with Project.open(project.path) as second:
        assert "another window" in second.read_only_because
        assert second.case(case_id).name == "a"
        with pytest.raises(ProjectError, match="cannot be changed"):
            add(second, "b")
        add(project, "b")
        assert len(second.case_ids()) == 2
    project.close()
    with Project.open(project.path) as third:
        assert not third.read_only_because


def test_other_files_are_refused_in_a_sentence(project: Project, tmp_path: Path) -> None:
    text = tmp_path / "text.cairn"
    text.write_text("no database")
    other = tmp_path / "other.cairn"
    sqlite3.connect(other).execute("CREATE TABLE t (x)").connection.close()
    for path, sentence in ((text, "no project"), (other, "another program"), (tmp_path / "none.cairn", "no project")):
        with pytest.raises(ProjectError, match=sentence):
            Project.open(path)
    project.close()
    with sqlite3.connect(project.path) as file:
        file.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(ProjectError, match="newer Cairn"):
        Project.open(project.path)
    with pytest.raises(ProjectError, match="already a file"):
        Project.create(project.path)


def test_a_damaged_file_says_so(project: Project) -> None:
    ids = add(project, *(f"case {number}" for number in range(300)))
    project.close()
    damaged = bytearray(project.path.read_bytes())
    damaged[4096 * 3 : 4096 * 9] = b"\xff" * (4096 * 6)
    project.path.write_bytes(damaged)

    def use() -> None:
        with Project.open(project.path) as again:
            again.cases(ids)
            add(again, "one more")

    with pytest.raises(ProjectError, match="damaged"):
        use()


def test_an_older_project_is_brought_up_to_date_and_a_copy_is_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(project, "a")
    project.close()
    monkeypatch.setattr(
        connection, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE extra (x);\nCREATE TABLE more (y);")
    )
    monkeypatch.setattr(connection, "VERSION", schema.VERSION + 1)
    with Project.open(project.path) as newer:
        assert newer.case_ids() == [1]
    kept = project.path.with_name(f"study.version-{schema.VERSION}.cairn")
    monkeypatch.undo()
    with pytest.raises(ProjectError, match="newer Cairn"):
        Project.open(project.path)
    with Project.open(kept) as older:
        assert older.case_ids() == [1]


@pytest.fixture
def first_version(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as the first Cairn that had projects wrote it."""
    path = project.folder / "old.cairn"
    with monkeypatch.context() as older:
        older.setattr(connection, "MIGRATIONS", schema.MIGRATIONS[:1])
        older.setattr(connection, "VERSION", 1)
        with Project.create(path) as old:
            add(old, "a")
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (1,)
        assert not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'free_measurement'").fetchall()
    return path


def test_a_project_of_the_first_version_gets_what_is_new(first_version: Path) -> None:
    for _ in range(2):
        with Project.open(first_version) as opened:
            assert opened.case_ids() == [1]
            assert opened.free_measurements.all() == []
            assert opened.analyses.all() == []
            assert opened.models.all() == []
            assert opened.models.in_use(2) is None
            assert opened.damage() == []
    assert first_version.with_name("old.version-1.cairn").is_file()


def test_a_project_of_the_first_version_that_is_only_looked_at_stays_as_it_is(first_version: Path) -> None:
    before = first_version.read_bytes()
    with Project.open(first_version, read_only=True) as opened:
        assert opened.case_ids() == [1]
        assert opened.free_measurements.all() == []
        with pytest.raises(ProjectError, match="cannot be changed"):
            add(opened, "b")
    assert first_version.read_bytes() == before
    assert not first_version.with_name("old.version-1.cairn").exists()


def test_a_full_disk_loses_nothing(project: Project) -> None:
    [case_id] = add(project, "a")
    with project._file.reading() as file:
        (pages,) = file.execute("PRAGMA page_count").fetchone()
        file.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(ProjectUnavailable, match="full"):
        add(project, *(f"{number:060}" for number in range(2000)))
    assert project.case_ids() == [case_id]
    add(project, "b")  # room was made: the file is opened anew
    assert len(project.case_ids()) == 2


def test_a_foreign_writer_is_waited_for_and_then_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_WAIT_S", 0.05)
    project._file._let_go()
    other = sqlite3.connect(project.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ProjectUnavailable, match="Another program"):
        add(project, "a")
    other.execute("COMMIT")
    other.close()
    assert add(project, "a") == [1]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from core.project.cases import Geometry
from core.project.readings import Reader, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.landmarks import Landmarks

geometry = Geometry(Grid.from_spacing((100, 100), 0.1))
number = int(sys.argv[2])
with Project.open(Path(sys.argv[1])) as project:
    while True:
        number += 1
        marks = Landmarks(("a", "b"), np.full((2, 2), float(number)))
        project.save_reading(Reading(1 + number % 3, Reader("Anna"), marks, geometry), f"Edit {number}")
        print(number, flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_keeps_every_edit_that_was_done(project: Project) -> None:
    add(project, "a", "b", "c")
    project.close()
    chance = random.Random(7)
    done = 0
    for _ in range(int(os.environ.get("CAIRN_KILLS", "12"))):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(project.path), str(done)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        assert first, "the writer did not start"
        time.sleep(chance.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        lines = [first, *child.stdout.read().splitlines()]
        child.wait()
        child.stdout.close()
        done = int([line for line in lines if line.strip().isdigit()][-1])
        with Project.open(project.path) as again:
            assert again.damage() == []
            latest = max(float(reading.landmarks.points_mm[0, 0]) for reading in again.readings_of(ANNA))
            assert latest >= done
            done = int(latest)


def test_rows_say_what_a_list_shows_with_the_unit_of_the_radius(project: Project) -> None:
    known, unknown, unread = add(project, "known", "unknown", "unread")
    project.set_case_image(known, GEOMETRY, "ab" * 32)
    project.set_case_image(unknown, Geometry(GEOMETRY.grid, SpacingSource.UNKNOWN), "cd" * 32)
    project.save_reading(Reading(known, MODEL, landmarks(), GEOMETRY))
    project.update_case(unknown, excluded=True, note="blurred")
    assert [row.unit for row in project.rows([unread, known, unknown])] == ["", "mm", "px"]
    [row, gone_left_out] = project.rows([known, 999, unknown])
    case = project.case(known)
    assert (row.name, row.path, row.state, row.to_check, row.worst_radius, row.reader) == (
        case.name, case.path, case.state, case.to_check, case.worst_radius, case.reader,
    )  # fmt: skip
    assert (gone_left_out.excluded, gone_left_out.note) == (True, "blurred")
    assert project.excluded_count() == 1


def test_problems_are_counted_by_their_sentence(project: Project) -> None:
    ids = add(project, *"abcde")
    for id_, sentence in zip(ids, ("It is empty.", "It is gone.", "It is gone.", "It is gone."), strict=False):
        project.update_case(id_, problem=sentence)
    project.update_case(ids[3], excluded=True)
    assert list(project.problems().items()) == [("It is gone.", 2), ("It is empty.", 1)]


def test_rows_say_how_long_persons_worked_and_sort_by_it(project: Project) -> None:
    unread, short, long = add(project, "unread", "short", "long")
    project.save_reading(Reading(unread, MODEL, landmarks(), GEOMETRY))
    for case_id, reader, seconds in ((short, ANNA, 12.5), (long, ANNA, 30.0), (long, Reader("Ben"), 31.5)):
        project.save_reading(Reading(case_id, reader, landmarks(), GEOMETRY, seconds=seconds))
    assert [row.seconds for row in project.rows([unread, short, long])] == [0.0, 12.5, 61.5]
    assert project.case_ids(CaseQuery(sort=CaseSort.SECONDS)) == [short, long, unread]
    assert project.case_ids(CaseQuery(sort=CaseSort.SECONDS, descending=True)) == [long, short, unread]
