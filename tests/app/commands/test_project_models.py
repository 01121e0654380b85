"""``cairn project models`` as a person types it: what it lists, puts in use and forgets, and what it refuses."""

import json
from pathlib import Path

import pytest

from app.commands.cli import run
from app.desk import trusted_models
from app.desk.project_model import digest_of
from core.project.models import ProjectModel
from core.project.readings import ReaderKind
from core.project.store import Project
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from tests.support.viewer_fixtures import make_model_file


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_models, "user_state_path", lambda *_, **__: tmp_path / "state")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study models").mkdir()
    with Project.create(tmp_path / "study.cairn") as project:
        for name in ("wing 1", "wing 2"):
            path = make_model_file(tmp_path / "study models" / f"{name}.pt", name=name)
            project.models.put(ProjectModel(digest_of(path), f"{name} 1", path, 2, note="8 cases"))
    return tmp_path / "study.cairn"


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["project", "models", *map(str, arguments)]) == code
    streams = capsys.readouterr()
    return streams.err if code else streams.out


def test_models_are_listed_with_their_state(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 models." in said(capsys, study)
    told = said(capsys, study, "--use", "wing 2 1", "--trust")
    assert told == "2D images are localized by wing 2 1 from now on.\n"
    listed = json.loads(said(capsys, study, "--json"))
    assert [(one["name"], one["in_use"]) for one in listed] == [("wing 1 1", False), ("wing 2 1", True)]
    lines = said(capsys, study).splitlines()
    assert ["kept" in lines[1], "in use" in lines[2]] == [True, True]


def test_what_was_made_elsewhere_needs_trust(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--trust" in said(capsys, study, "--use", "wing 1 1", code=2)
    said(capsys, study, "--use", "wing 1 1", "--trust")
    said(capsys, study, "--bundled", "2")
    said(capsys, study, "--use", "wing 1 1")  # known by now
    with Project.open(study) as project:
        in_use = project.models.in_use(2)
        assert in_use is not None
        assert in_use.name == "wing 1 1"


def test_a_model_is_added_used_by_its_digest_and_forgotten(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_model_file(tmp_path / "new.pt", name="new")
    assert said(capsys, study, "--add", path) == "Added new 1.\n"
    assert "known already" in said(capsys, study, "--add", path)
    said(capsys, study, "--use", digest_of(path)[:8])
    assert "Its file stays" in said(capsys, study, "--forget", "new 1")
    assert path.is_file()
    assert "2 models." in said(capsys, study)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--use", "nobody"), "There is no model nobody in study.cairn. The project knows: wing 1 1, wing 2 1."),
        (("--forget", "abc"), "There is no model abc"),
        (("--add", "missing.pt"), "There is no model file"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    study: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], sentence: str
) -> None:
    assert sentence in said(capsys, study, *arguments, code=2)


def test_a_file_that_has_changed_is_not_used(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_model_file(tmp_path / "study models" / "wing 1.pt", name="changed")
    assert "has changed" in said(capsys, study, "--use", "wing 1 1", "--trust", code=2)


@pytest.mark.slow
def test_a_project_is_localized_by_the_model_it_uses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "day.cairn"
    write_tiny_image(tmp_path / "images" / "a.png", spacing_mm=0.5)
    model = write_tiny_model(tmp_path / "tiny.pt")
    assert run(["project", "new", str(study), str(tmp_path / "images")]) == 0
    said(capsys, study, "--add", model)
    with Project.open(study) as project:
        [kept] = project.models.all()
    said(capsys, study, "--use", kept.name)
    assert run(["project", "localize", str(study), "--workers", "1"]) == 0
    with Project.open(study) as project:
        assert [(one.name, one.kind) for one in project.readers()] == [(kept.name, ReaderKind.MODEL)]
