"""What localizing a case leaves in its project: a reading of the model, and an image that stays known as it was."""

from pathlib import Path

import pytest

from app.desk.case_tasks import keep, task_of
from core.project.cases import Case, CaseState, Geometry
from core.project.store import Project
from core.values.grid import Grid
from core.values.image import SpacingSource
from tests.support.desk_fixtures import GEOMETRY, MODEL, add_cases, make_answer


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "study.cairn")
    add_cases(made, "a")
    return made


def test_an_answer_becomes_a_reading_and_solves_the_problem(project: Project, tmp_path: Path) -> None:
    project.update_case(1, problem="The file system refused it.")
    keep(project, 1, make_answer(tmp_path / "a.png"), None)
    case, reading = project.case(1), project.reading(1, MODEL)
    assert (case.geometry, case.sha256, case.problem) == (GEOMETRY, "ab" * 32, "")
    assert case.state is CaseState.LOCALIZED
    assert reading is not None
    assert reading.geometry == GEOMETRY
    project.close()


def test_an_image_that_has_changed_since_and_a_size_said_meanwhile_stay_known(project: Project, tmp_path: Path) -> None:
    said = Geometry(Grid.from_spacing((240, 200), 0.2), SpacingSource.PERSON)
    project.set_case_image(1, said, "ef" * 32)
    keep(project, 1, make_answer(tmp_path / "a.png"), None)
    assert (project.case(1).geometry, project.case(1).sha256) == (said, "ef" * 32)
    project.close()


def test_only_a_size_that_the_file_does_not_say_is_passed_on() -> None:
    path = Path("film.png")
    grid = Grid.from_spacing((20, 10), 0.1)
    by_hand = task_of(Case(1, "film", path, geometry=Geometry(grid, SpacingSource.PERSON)), None, "cpu")
    assert (by_hand.spacing_mm, by_hand.spacing_source, by_hand.device) == ((0.1, 0.1), SpacingSource.PERSON, "cpu")
    assert task_of(Case(1, "film", path, geometry=Geometry(grid, SpacingSource.FILE)), None).spacing_mm is None
    assert task_of(Case(1, "film", path), path).model == path
