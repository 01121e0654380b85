"""The models of a project: kept by their digest, one in use for each rank, found again where the project moved, merged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.base.errors import ProjectError
from core.project.merge import merge
from core.project.models import ProjectModel
from core.project.paths import models_folder
from core.project.store import Project

ADDED = "2026-01-01T00:00:00.000+00:00"


def model(folder: Path, number: int, *, parent: str = "", ndim: int = 2) -> ProjectModel:
    path = folder / "study models" / f"wing {number}.pt"
    return ProjectModel(f"{number}" * 64, f"wing {number}", path, ndim, parent, ADDED, note=f"from {number} cases")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


def test_models_are_kept_in_the_order_in_which_they_came_and_say_where_they_came_from(project: Project) -> None:
    first = model(project.folder, 1)
    second = model(project.folder, 2, parent=first.sha256)
    third = replace(model(project.folder, 3, parent=second.sha256), comparison='{"cases": 8}', waits=True)
    for one in (first, second, third):
        project.models.put(one)
    project.close()
    with Project.open(project.path) as again:
        assert again.models.all() == [first, second, third]
        assert again.models.ancestors(third.sha256) == [second, first]
        assert again.models.ancestors(first.sha256) == []
        assert again.models.ancestors("unknown") == []
        assert again.models.get("unknown") is None


def test_what_is_put_again_replaces_what_was_known(project: Project) -> None:
    project.models.put(replace(model(project.folder, 1), added=""))
    kept = project.models.get("1" * 64)
    assert kept is not None
    assert kept.added
    project.models.put(replace(kept, note="better"))
    assert [one.note for one in project.models.all()] == ["better"]


def test_one_model_is_in_use_for_each_rank_and_going_back_is_possible(project: Project) -> None:
    flat, newer, solid = model(project.folder, 1), model(project.folder, 2), model(project.folder, 3, ndim=3)
    for one in (flat, replace(newer, waits=True), solid):
        project.models.put(one)
    assert project.models.in_use(2) is None
    project.models.use(flat.sha256)
    project.models.use(solid.sha256)
    project.models.use(newer.sha256)
    assert (project.models.in_use(2), project.models.in_use(3)) == (newer, solid)
    project.models.use(flat.sha256)
    assert project.models.in_use(2) == flat
    project.models.use_none(2)
    assert (project.models.in_use(2), project.models.in_use(3)) == (None, solid)
    with pytest.raises(ProjectError, match="does not know"):
        project.models.use("unknown")


def test_a_model_waits_until_somebody_has_decided(project: Project) -> None:
    project.models.put(replace(model(project.folder, 1), waits=True))
    project.models.keep("1" * 64)
    assert [one.waits for one in project.models.all()] == [False]


def test_a_model_that_is_forgotten_is_not_in_use_either(project: Project) -> None:
    project.models.put(model(project.folder, 1))
    project.models.use("1" * 64)
    project.models.remove("1" * 64)
    assert project.models.in_use(2) is None
    assert project.models.all() == []
    assert project.damage() == []


def test_models_move_along_with_their_project_and_a_copy_elsewhere_still_finds_them(
    project: Project, tmp_path: Path
) -> None:
    project.models.put(model(project.folder, 1))
    project.models.use("1" * 64)
    (tmp_path / "elsewhere").mkdir()
    project.save_copy(tmp_path / "elsewhere" / "copy.cairn")
    project.close()
    with Project.open(tmp_path / "elsewhere" / "copy.cairn") as copied:
        in_use = copied.models.in_use(2)
        assert in_use is not None
        assert in_use.path == tmp_path / "study models" / "wing 1.pt"
    moved = tmp_path / "moved"
    moved.mkdir()
    with Project.open(project.path.rename(moved / "study.cairn")) as again:
        assert [one.path for one in again.models.all()] == [models_folder(again.path) / "wing 1.pt"]


def test_a_merge_gets_to_know_the_models_of_the_copy_and_uses_none_of_them(project: Project) -> None:
    ours = model(project.folder, 1)
    project.models.put(ours)
    project.save_copy(project.folder / "copy.cairn")
    with Project.open(project.folder / "copy.cairn") as copy:
        theirs = replace(model(project.folder, 2, parent=ours.sha256), waits=True)
        copy.models.put(theirs)
        copy.models.use(theirs.sha256)
        copy.models.put(replace(theirs, waits=True))
        project.models.use(ours.sha256)
        assert merge(project, copy).models == 1
        assert project.models.in_use(2) == ours
        assert project.models.ancestors(theirs.sha256) == [ours]
        assert not any(one.waits for one in project.models.all())
        assert merge(project, copy).models == 0
