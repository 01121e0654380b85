"""What is known of a project's readers reaches whoever measures, and follows the project."""

from app.session.jobs import Jobs
from app.session.project_readers import ProjectReaders
from core.measuring.reader_spread import FEWEST_CASES
from core.project.readings import Reader
from core.project.store import Project
from core.values.landmarks import Status
from tests.support.desk_fixtures import ANNA, BEN, NAMES, add_cases, make_landmarks, make_reading, open_desk


def read_by(path, readers: dict[Reader, float], count: int = FEWEST_CASES) -> None:
    with Project.create(path) as project:
        for case_id in add_cases(project, *(f"film{number}" for number in range(count))):
            for reader, shift_mm in readers.items():
                project.save_reading(make_reading(case_id, reader, make_landmarks(shift_mm, Status.PLACED)), "Place")


def test_readers_of_the_project_are_told_and_those_of_the_next(tmp_path, qtbot):
    read_by(tmp_path / "two.cairn", {ANNA: 0.0, BEN: 1.0})
    read_by(tmp_path / "one.cairn", {ANNA: 0.0})
    jobs, told = Jobs(), []
    desk = open_desk(jobs, tmp_path / "two.cairn")
    kept = ProjectReaders(desk, told.append)  # noqa: F841 -- signals hold nobody
    try:
        qtbot.waitUntil(lambda: bool(told) and bool(told[-1]))
        assert tuple(told[-1][2].spread_mm) == NAMES
        desk.open(lambda: Project.open(tmp_path / "one.cairn"))
        qtbot.waitUntil(lambda: len(told) >= 4 and not jobs.busy)
        assert told[-2:] == [{}, {}]
    finally:
        desk.close()
        jobs.shut_down()


def test_what_was_marked_meanwhile_counts_when_another_image_is_turned_to(tmp_path, qtbot):
    read_by(tmp_path / "study.cairn", {ANNA: 0.0}, FEWEST_CASES)
    jobs, told = Jobs(), []
    desk = open_desk(jobs, tmp_path / "study.cairn")
    kept = ProjectReaders(desk, told.append)  # noqa: F841 -- signals hold nobody
    try:
        qtbot.waitUntil(lambda: len(told) == 2)
        for case_id in desk.project.case_ids():
            desk.store(make_reading(case_id, BEN, make_landmarks(1.0, Status.PLACED)), "Place")
        qtbot.waitUntil(lambda: not desk.pending)
        desk.current = desk.project.case_ids()[0]
        desk.current = desk.project.case_ids()[1]
        qtbot.waitUntil(lambda: bool(told[-1]))
        assert len(told) < 6, "one question at a time"
    finally:
        desk.close()
        jobs.shut_down()
