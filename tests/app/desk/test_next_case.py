"""Which cases of a project to mark next: which of them count, and what order the readings in the project make."""

from app.desk import next_case
from app.desk.next_case import NextOrder, next_cases, why_next
from core.project.models import ProjectModel
from core.project.readings import Reading
from tests.support.next_case_fixtures import GEOMETRY, MODEL, OLDER, PERSON, make_study, says

RANDOM, SHAPE = NextOrder.RANDOM, NextOrder.SHAPE


def keys(found):
    return [lesson.key for lesson in found.lessons]


def test_what_stands_for_most_comes_first_and_then_what_stands_for_the_others(tmp_path):
    with make_study(tmp_path / "study.cairn") as project:
        found = next_cases(project, SHAPE)
    first, second, *_ = found.lessons
    assert first.key not in (3, 6)
    assert why_next(first) == "shaped like 5 others"
    assert second.key in (3, 6)
    assert why_next(second) == "shaped like 1 other"
    assert why_next(found.lessons[-1]) == ""
    assert (len(found.lessons), found.read) == (8, 8)


def test_what_was_begun_is_excluded_or_kept_for_tests_does_not_count(tmp_path):
    with make_study(tmp_path / "study.cairn", splits=[5]) as project:
        project.save_reading(Reading(3, PERSON, says(3, by=PERSON), GEOMETRY))
        project.update_case(1, excluded=True)
        project.update_case(2, problem="It cannot be read.")
        found = next_cases(project, SHAPE)
    assert sorted(keys(found)) == [4, 6, 7, 8]


def test_without_a_model_the_order_is_random_and_stays(tmp_path):
    with make_study(tmp_path / "study.cairn", 40, unread=range(1, 41)) as project:
        first, again = next_cases(project, SHAPE), next_cases(project, SHAPE)
    assert first == again
    assert (first.read, {why_next(lesson) for lesson in first.lessons}) == (0, {""})
    assert sorted(keys(first)) == list(range(1, 41))
    assert keys(first) != list(range(1, 41))
    with make_study(tmp_path / "other.cairn", 40, unread=range(1, 41)) as project:
        assert keys(next_cases(project, SHAPE)) != keys(first)


def test_random_order_can_be_asked_for(tmp_path):
    with make_study(tmp_path / "study.cairn", 30) as project:
        drawn = next_cases(project, RANDOM)
        assert (drawn.read, len(drawn.lessons)) == (0, 30)
        assert keys(drawn) != keys(next_cases(project, SHAPE))


def test_cases_that_no_model_has_read_come_after(tmp_path):
    with make_study(tmp_path / "study.cairn", 10, unread=[1, 2]) as project:
        found = next_cases(project, SHAPE)
    assert set(keys(found)[-2:]) == {1, 2}
    assert found.read == 8


def test_the_model_in_use_speaks_else_the_one_that_did_last(tmp_path):
    with make_study(tmp_path / "study.cairn", 9, unread=[9]) as project:
        for id_ in range(1, 9):  # said later, and of other cases that they have the other shape
            project.save_reading(Reading(id_, OLDER, says(id_, is_other=id_ in (1, 2), by=OLDER), GEOMETRY))
        assert keys(next_cases(project, SHAPE))[1] in (1, 2)
        project.models.put(ProjectModel("ab" * 32, MODEL.name, tmp_path / "wing.pt", 2))
        project.models.use("ab" * 32)
        assert keys(next_cases(project, SHAPE))[1] in (3, 6)


def test_what_persons_marked_comes_later(tmp_path):
    with make_study(tmp_path / "study.cairn", 12) as project:
        for id_ in (1, 2, 4):
            project.save_reading(Reading(id_, PERSON, says(id_, by=PERSON), GEOMETRY))
        assert keys(next_cases(project, SHAPE))[0] in (3, 6, 9, 12)
        project.update_case(1, excluded=True)
        project.update_case(2, excluded=True)
        project.update_case(4, excluded=True)
        assert keys(next_cases(project, SHAPE))[0] not in (3, 6, 9, 12)


def test_of_a_large_project_a_part_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(next_case, "MOST_CASES", 5)
    with make_study(tmp_path / "study.cairn", 20) as project:
        found = next_cases(project, SHAPE)
    assert (len(found.lessons), found.read) == (20, 5)
    assert len(set(keys(found))) == 20
