"""Which cases of a project to mark next: which of them count, and what order the readings in the project make."""

from dataclasses import replace

import numpy as np

from app.desk import next_case
from app.desk.next_case import next_cases
from core.project.models import ProjectModel
from core.project.readings import Reading
from core.values.image import SpacingSource
from core.values.landmarks import Landmarks, Status
from tests.support.next_case_fixtures import GEOMETRY, MODEL, NAMES, OLDER, PERSON, make_study, says


def keys(found):
    return [lesson.key for lesson in found.lessons]


def test_what_a_model_needs_comes_first_with_its_reason(tmp_path):
    with make_study(tmp_path / "study.cairn") as project:
        found = next_cases(project)
    assert set(keys(found)[:2]) == {3, 5}
    why = {lesson.key: lesson.why for lesson in found.lessons}
    assert "the model is unsure" in why[3]
    assert "unusual shape" in why[5]
    assert (len(found.lessons), found.read) == (8, 8)


def test_what_was_begun_is_excluded_or_kept_for_tests_does_not_count(tmp_path):
    with make_study(tmp_path / "study.cairn", splits=[5]) as project:
        project.save_reading(Reading(3, PERSON, says(3, by=PERSON), GEOMETRY))
        project.update_case(1, excluded=True)
        project.update_case(2, problem="It cannot be read.")
        found = next_cases(project)
    assert sorted(keys(found)) == [4, 6, 7, 8]


def test_without_a_model_the_order_is_random_and_stays(tmp_path):
    with make_study(tmp_path / "study.cairn", 40, unread=range(1, 41)) as project:
        first, again = next_cases(project), next_cases(project)
    assert first == again
    assert (first.read, {lesson.why for lesson in first.lessons}) == (0, {""})
    assert sorted(keys(first)) == list(range(1, 41))
    assert keys(first) != list(range(1, 41))
    with make_study(tmp_path / "other.cairn", 40, unread=range(1, 41)) as project:
        assert keys(next_cases(project)) != keys(first)


def test_random_order_can_be_asked_for(tmp_path):
    with make_study(tmp_path / "study.cairn", 30) as project:
        drawn = next_cases(project, at_random=True)
        assert (drawn.read, len(drawn.lessons)) == (0, 30)
        assert keys(drawn) != keys(next_cases(project))


def test_cases_that_no_model_has_read_come_after(tmp_path):
    with make_study(tmp_path / "study.cairn", 10, unread=[1, 2]) as project:
        found = next_cases(project)
    assert set(keys(found)[-2:]) == {1, 2}
    assert found.read == 8


def test_the_model_in_use_speaks_and_another_is_its_second_opinion(tmp_path):
    with make_study(tmp_path / "study.cairn") as project:
        for id_ in range(1, 9):  # said later, by the model that is not in use
            said = says(id_, spread=9.0 if id_ == 7 else 1.0, moved=-12.0 if id_ == 6 else 0.0, by=OLDER)
            project.save_reading(Reading(id_, OLDER, said, GEOMETRY))
        assert keys(next_cases(project))[0] in (6, 7)  # the newest where none is in use
        project.models.put(ProjectModel("ab" * 32, MODEL.name, tmp_path / "wing.pt", 2))
        project.models.use("ab" * 32)
        found = next_cases(project)
    why = {lesson.key: lesson.why for lesson in found.lessons}
    assert "the model is unsure" in why[3]
    assert "the model is unsure" not in why[7]
    assert "two models differ" in why[6]


def test_what_persons_marked_teaches_nothing_new(tmp_path):
    with make_study(tmp_path / "study.cairn", 12) as project:
        for id_ in (1, 2, 4):  # shaped as case 5 is
            project.save_reading(Reading(id_, PERSON, says(id_, moved=9.0, by=PERSON), GEOMETRY))
        found = next_cases(project)
    assert keys(found)[0] == 3


def test_px_and_mm_are_not_compared(tmp_path):
    unknown = replace(GEOMETRY, spacing_source=SpacingSource.UNKNOWN)
    with make_study(tmp_path / "study.cairn", 8, unread=[7, 8]) as project:
        for id_ in (7, 8):
            project.set_case_image(id_, unknown, f"{id_:064x}")
            project.save_reading(Reading(id_, MODEL, says(id_, spread=50.0), unknown))
        found = next_cases(project)
    assert set(keys(found)[-2:]) == {7, 8}


def test_of_a_large_project_a_part_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(next_case, "MOST_CASES", 5)
    with make_study(tmp_path / "study.cairn", 20) as project:
        found = next_cases(project)
    assert (len(found.lessons), found.read) == (20, 5)
    assert len(set(keys(found))) == 20


def test_readings_of_other_samples_are_no_second_opinion(tmp_path):
    other = replace(GEOMETRY, grid=GEOMETRY.grid.resampled(2.0))
    with make_study(tmp_path / "study.cairn") as project:
        said = Landmarks(NAMES, np.zeros((4, 2)), status=(Status.PREDICTED,) * 4)
        with project.transaction():
            project.save_reading(Reading(4, OLDER, said, other))
            project.models.put(ProjectModel("ab" * 32, MODEL.name, tmp_path / "wing.pt", 2))
            project.models.use("ab" * 32)
        assert all("two models differ" not in lesson.why for lesson in next_cases(project).lessons)
