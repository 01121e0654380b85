"""The model files of a project: found, checked against their digest, trusted or not, brought along."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.desk.project_model import (
    UntrustedModel,
    bring_along,
    digest_of,
    file_of,
    free_model_path,
    model_in_use,
    models_in_use,
)
from app.desk.trusted_models import TrustedModels
from core.base.errors import AppError, ModelFileError
from core.project.models import ProjectModel
from core.project.paths import models_folder
from core.project.store import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study.cairn") as made:
        yield made


@pytest.fixture
def model(project: Project) -> ProjectModel:
    path = models_folder(project.path) / "study 1.pt"
    path.parent.mkdir()
    path.write_bytes(b"a model")
    made = ProjectModel(digest_of(path), "study 1", path, 2)
    project.models.put(made)
    return made


@pytest.fixture
def trusted(tmp_path: Path) -> TrustedModels:
    return TrustedModels(tmp_path / "state" / "trusted-models.txt")


def test_a_model_made_elsewhere_is_not_used_before_somebody_trusts_it(
    project: Project, model: ProjectModel, trusted: TrustedModels
) -> None:
    assert model_in_use(project, 2, trusted) is None
    project.models.use(model.sha256)
    with pytest.raises(UntrustedModel, match="not made on this computer") as caught:
        model_in_use(project, 2, trusted)
    assert caught.value.model.sha256 == model.sha256
    trusted.trust(model.sha256)
    assert model_in_use(project, 2, trusted) == model.path
    assert models_in_use(project, TrustedModels(trusted.path)) == {2: model.path}


def test_a_file_with_other_content_is_refused_whoever_trusts_the_one_before(
    project: Project, model: ProjectModel, trusted: TrustedModels
) -> None:
    trusted.trust(model.sha256)
    project.models.use(model.sha256)
    model.path.write_bytes(b"other code")
    with pytest.raises(ModelFileError, match="has changed"):
        model_in_use(project, 2, trusted)
    model.path.unlink()
    with pytest.raises(ModelFileError, match="is gone"):
        model_in_use(project, 2, trusted)


def test_a_model_is_found_in_the_folder_of_its_project_wherever_it_was_before(
    project: Project, model: ProjectModel, tmp_path: Path
) -> None:
    moved = replace(model, path=tmp_path / "elsewhere" / model.path.name)
    assert file_of(project, moved) == model.path


def test_what_is_trusted_is_written_down_once_and_rubbish_is_passed_over(trusted: TrustedModels) -> None:
    assert not trusted.knows("a" * 64)
    trusted.trust("a" * 64)
    trusted.trust("b" * 64)
    trusted.trust("a" * 64)
    assert trusted.path is not None
    assert trusted.path.read_text() == "a" * 64 + "\n" + "b" * 64 + "\n"
    trusted.path.write_bytes(b"\xff\xfe not a digest\n" + b"c" * 64 + b"\n")
    again = TrustedModels(trusted.path)
    assert again.knows("c" * 64)
    assert not again.knows("b" * 64)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_trust_that_cannot_be_written_down_holds_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    trusted = TrustedModels(folder / "trusted-models.txt")
    with pytest.raises(AppError, match="cannot be kept"):
        trusted.trust("a" * 64)
    assert trusted.knows("a" * 64)


def test_the_next_model_has_the_next_free_number(project: Project, model: ProjectModel) -> None:
    assert free_model_path(project.path) == models_folder(project.path) / "study 2.pt"
    (models_folder(project.path) / "study 2.learning").mkdir()  # one that is under way, or was left
    assert free_model_path(project.path) == models_folder(project.path) / "study 3.pt"
    odd = project.path.with_name("a [1].cairn")
    assert free_model_path(odd) == models_folder(odd) / "a [1] 1.pt"


def test_models_come_along_where_their_folder_goes(project: Project, model: ProjectModel, tmp_path: Path) -> None:
    elsewhere = replace(model, sha256="f" * 64, path=tmp_path / "kept.pt")
    project.models.put(elsewhere)
    project.save_copy(tmp_path / "named.cairn")
    with Project.open(tmp_path / "named.cairn") as named:
        bring_along(named, models_folder(project.path))
        paths = [one.path for one in named.models.all()]
        assert paths == [tmp_path / "named models" / "study 1.pt", tmp_path / "kept.pt"]
        assert file_of(named, named.models.all()[0]).read_bytes() == b"a model"
