"""A project's own analyses: kept as written, by name, and brought along by a merge."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.project.analyses import ProjectAnalysis
from core.project.merge import merge
from core.project.store import Project

WING = ProjectAnalysis("wing", 2, '# mine\nname = "wing"\r\ntitle = "Flügel"\n')


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


@pytest.fixture
def copy(project: Project) -> Iterator[Project]:
    project.save_copy(project.folder / "copy.cairn")
    with Project.open(project.folder / "copy.cairn") as copied:
        yield copied


def texts(project: Project) -> dict[str, str]:
    return {one.name: one.text for one in project.analyses.all()}


def test_a_text_is_kept_as_its_author_wrote_it(project: Project) -> None:
    project.analyses.put(WING)
    project.analyses.put(ProjectAnalysis("Atlas", 3, "not even TOML", "2026-01-01"))
    project.close()
    with Project.open(project.path) as again:
        assert [one.name for one in again.analyses.all()] == ["Atlas", "wing"]
        kept = again.analyses.get("wing")
        assert kept is not None
        assert kept.changed
        assert replace(kept, changed="") == WING
        assert again.analyses.get("Atlas") == ProjectAnalysis("Atlas", 3, "not even TOML", "2026-01-01")
        assert again.analyses.get("atlas") is None


def test_one_of_the_same_name_takes_its_place_and_it_can_be_removed(project: Project) -> None:
    project.analyses.put(WING)
    project.analyses.put(replace(WING, text="other"))
    assert texts(project) == {"wing": "other"}
    project.analyses.remove("wing")
    project.analyses.remove("wing")
    assert texts(project) == {}


def test_a_merge_takes_over_what_is_only_there(project: Project, copy: Project) -> None:
    copy.analyses.put(WING)
    done = merge(project, copy)
    assert (done.analyses, done.notes) == (1, [])
    assert project.analyses.all() == copy.analyses.all()
    assert merge(project, copy).analyses == 0


def test_of_two_of_the_same_name_ours_stays_and_it_is_told(project: Project, copy: Project) -> None:
    project.analyses.put(WING)
    copy.analyses.put(replace(WING, text="other"))
    done = merge(project, copy)
    assert done.analyses == 0
    assert done.notes == ["The copy has another analysis called “wing”; the one here stays."]
    assert texts(project) == {"wing": WING.text}
