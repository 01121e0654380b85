from pathlib import Path

import numpy as np
import pytest

from app.desk.desk import Desk
from app.session.jobs import Jobs
from core.base.errors import ProjectError, ProjectUnavailable
from core.images.listing import ListedImage
from core.project.cases import Geometry
from core.project.readings import Reader, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.landmarks import Landmarks

ANNA = Reader("Anna")


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    made.shut_down()


@pytest.fixture
def desk(jobs, tmp_path, qtbot):
    made = Desk(jobs, ANNA, retry_s=0.01)
    made.open(lambda: Project.create(tmp_path / "day.cairn"))
    qtbot.waitUntil(lambda: made.project is not None)
    yield made
    qtbot.waitUntil(lambda: not jobs.busy)
    made.close()


def images(*names):
    return [ListedImage(Path("/data") / name, Path(name).stem) for name in names]


def reading(case_id, x_mm=1.0):
    geometry = Geometry(Grid.from_spacing((8, 8), 1.0))
    return Reading(case_id, ANNA, Landmarks(("Sella",), np.array([[x_mm, 2.0]])), geometry)


def added(desk, qtbot, *names):
    ids = []
    desk.add_cases(images(*names), ids.extend)
    qtbot.waitUntil(lambda: len(ids) == len(names))
    return ids


def test_images_become_cases_and_each_listener_hears_of_it_once(desk, qtbot):
    heard = []
    desk.cases_changed.connect(lambda: heard.append("cases"))
    first = added(desk, qtbot, "a.png", "b.png")
    assert added(desk, qtbot, "b.png") == first[1:]
    assert heard == ["cases", "cases"]
    told = []
    desk.ask(lambda project: [case.name for case in project.cases(project.case_ids())], told.extend)
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["a", "b"]


def test_a_reading_is_told_of_once_it_stands_in_the_file(desk, qtbot):
    (case_id,) = added(desk, qtbot, "a.png")
    heard = []
    desk.case_changed.connect(heard.append)
    desk.store(reading(case_id), "Place Sella")
    desk.store(reading(case_id, 3.0), "Move Sella")
    qtbot.waitUntil(lambda: heard == [case_id, case_id])
    assert desk.pending == 0
    with Project.open(desk.project.path, read_only=True) as other:
        kept = other.reading(case_id, ANNA)
        assert kept.landmarks.point_mm("Sella").tolist() == [3.0, 2.0]
        assert [edit.text for edit in other.edits(case_id, ANNA)] == ["Place Sella", "Move Sella"]


def test_what_the_disk_refuses_waits_and_is_written_later(desk, qtbot, monkeypatch):
    (case_id,) = added(desk, qtbot, "a.png")
    full = [True]
    save = Project.save_reading

    def refuse(self, *arguments):
        if full[0]:
            raise ProjectUnavailable("The disk is full.", "Make room.")
        return save(self, *arguments)

    monkeypatch.setattr(Project, "save_reading", refuse)
    desk.store(reading(case_id))
    qtbot.waitUntil(lambda: desk.failing == "The disk is full. Make room.")
    assert desk.pending == 1
    full[0] = False
    desk.try_now()
    qtbot.waitUntil(lambda: desk.pending == 0 and desk.failing == "")
    assert desk.project.reading(case_id, ANNA) is not None


def test_a_project_that_can_only_be_looked_at_refuses_changes_with_a_sentence(jobs, desk, qtbot):
    added(desk, qtbot, "a.png")
    second = Desk(jobs, ANNA)
    second.open(lambda: Project.open(desk.project.path))
    qtbot.waitUntil(lambda: second.project is not None)
    errors = []
    second.refused.connect(errors.append)
    assert not second.keeps_work
    second.update_case(1, note="mine")
    assert len(errors) == 1
    assert "another window" in errors[0].message
    second.close()


def test_a_project_that_cannot_be_opened_leaves_the_present_one(desk, qtbot, tmp_path):
    present, errors = desk.project, []
    desk.open(lambda: Project.open(tmp_path / "none.cairn"), on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ProjectError)
    assert desk.project is present
    added(desk, qtbot, "a.png")


def test_going_to_another_project_writes_the_present_one_to_its_end(desk, qtbot, tmp_path, jobs):
    first = desk.project.path
    for number in range(20):
        desk.add_cases(images(f"{number}.png"))
    desk.open(lambda: Project.create(tmp_path / "next.cairn"))
    qtbot.waitUntil(lambda: desk.project.path.name == "next.cairn" and not jobs.busy)
    with Project.open(first) as kept:
        assert kept.read_only_because == ""
        assert len(kept.case_ids()) == 20


def test_an_answer_about_a_project_that_was_left_is_dropped(desk, qtbot, tmp_path, jobs):
    told = []
    desk.open(lambda: Project.create(tmp_path / "next.cairn"), lambda: told.append("open"))
    desk.ask(lambda project: project.path.name, told.append)
    qtbot.waitUntil(lambda: not jobs.busy)
    qtbot.wait(20)
    assert "next.cairn" not in told
    assert told.count("open") == 1


def test_jobs_wait_for_a_project_that_is_being_opened(jobs, qtbot, tmp_path):
    desk = Desk(jobs, ANNA)
    seen = []
    desk.open(lambda: Project.create(tmp_path / "day.cairn"))
    jobs.run(lambda: desk.await_project(), on_result=seen.append, on_error=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [desk.project]
    desk.close()
