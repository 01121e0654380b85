"""The command ``cairn project analyses``, as a person types it."""

import json
from pathlib import Path

import pytest

from app.commands.cli import run
from core.project.analyses import ProjectAnalysis
from core.project.store import Project
from tests.support.measuring_fixtures import OWN_ANALYSIS, write_own


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.cairn"
    with Project.create(path) as project:
        project.analyses.put(ProjectAnalysis("later", 2, "schema_version = 9\n"))
    return path


@pytest.fixture
def cairn(capsys):
    def call(*arguments: object, code: int = 0) -> str:
        capsys.readouterr()
        assert run(["project", "analyses", *map(str, arguments)]) == code
        streams = capsys.readouterr()
        if code:
            assert len(streams.err.splitlines()) == 1
        return streams.err if code else streams.out

    return call


def names(path):
    with Project.open(path, read_only=True) as project:
        return {one.name: one.text for one in project.analyses.all()}


def test_they_are_put_in_listed_saved_and_taken_out(study, cairn, tmp_path):
    own = write_own(tmp_path)
    assert cairn(study, "--add", own) == f"Put own into {study}.\n"
    listed = cairn(study).splitlines()
    assert listed[0].startswith("later: The analysis later of this project is of version 9")
    assert listed[1:] == ["own: My own (2D)", "2 analyses."]
    by_script = json.loads(cairn(study, "--json"))
    assert [(one["name"], one["title"], bool(one["problem"])) for one in by_script] == [
        ("later", "", True), ("own", "My own", False),
    ]  # fmt: skip
    out = tmp_path / "out.toml"
    assert cairn(study, "--save", "own", "--out", out) == f"Wrote own to {out}.\n"
    assert out.read_text(encoding="utf-8") == OWN_ANALYSIS
    assert cairn(study, "--remove", "later", "--remove", "own").splitlines()[0] == f"Took later out of {study}."
    assert names(study) == {}


def test_another_one_of_the_same_name_is_replaced_on_request_only(study, cairn, tmp_path):
    own = write_own(tmp_path)
    cairn(study, "--add", own)
    cairn(study, "--add", own)  # the very same is no question
    own.write_text(OWN_ANALYSIS.replace("My own", "Another"), encoding="utf-8")
    assert "another analysis called own" in cairn(study, "--add", own, code=2)
    assert names(study)["own"] == OWN_ANALYSIS
    cairn(study, "--add", own, "--replace")
    assert "Another" in names(study)["own"]


def test_bad_input_gets_one_sentence_and_changes_nothing(study, cairn, tmp_path):
    own = write_own(tmp_path)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(OWN_ANALYSIS.replace('"Me"] }', '"Mx"] }', 1), encoding="utf-8")
    assert "needs a landmark Mx" in cairn(study, "--add", own, "--add", wrong, code=2)
    assert "There is no analysis" in cairn(study, "--add", tmp_path / "gone.toml", code=2)
    assert "is no .toml file" in cairn(study, "--add", study, code=2)
    assert "has no analysis gone. It has: later." in cairn(study, "--add", own, "--remove", "gone", code=2)
    assert "has no analysis gone" in cairn(study, "--save", "gone", "--out", tmp_path / "x.toml", code=2)
    assert "belong together" in cairn(study, "--save", "later", code=2)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "cannot be written" in cairn(study, "--save", "later", "--out", tmp_path / "file" / "x.toml", code=2)
    assert list(names(study)) == ["later"]
