"""``cairn project next`` as a person types it: what it lists, for people and for scripts."""

import json

import pytest

from app.commands.cli import run
from tests.support.next_case_fixtures import make_study


@pytest.fixture
def said(capsys):
    def say(*arguments, code=0):
        capsys.readouterr()
        assert run(["project", "next", *map(str, arguments)]) == code
        streams = capsys.readouterr()
        return streams.err if code else streams.out

    return say


def test_the_most_instructive_cases_are_listed_with_reasons(tmp_path, said):
    make_study(tmp_path / "study.cairn").close()
    told = said(tmp_path / "study.cairn", "--count", 2)
    assert "the model is unsure" in told
    assert "unusual shape" in told
    assert "2 cases of 8 that nobody has begun." in told
    assert "random" not in told


def test_a_script_gets_json(tmp_path, said):
    make_study(tmp_path / "study.cairn").close()
    told = json.loads(said(tmp_path / "study.cairn", "--json", "--count", 3))
    assert (told["unmarked"], told["read_by_a_model"], len(told["next"])) == (8, 8, 3)
    assert {each["id"] for each in told["next"][:2]} == {3, 5}
    assert set(told["next"][0]) == {"id", "name", "path", "worth", "why"}


def test_a_random_order_says_so(tmp_path, said):
    make_study(tmp_path / "study.cairn", unread=range(1, 9)).close()
    assert "At random: no model has read any of them" in said(tmp_path / "study.cairn")
    make_study(tmp_path / "read.cairn").close()
    assert said(tmp_path / "read.cairn", "--random").endswith("At random.\n")


def test_nothing_left_is_said(tmp_path, said):
    make_study(tmp_path / "study.cairn", 2, splits=[1, 2]).close()
    assert "Every case that may be learnt from has been begun." in said(tmp_path / "study.cairn")


def test_bad_input_gets_a_sentence(tmp_path, said):
    assert "no.cairn" in said(tmp_path / "no.cairn", code=2)
    make_study(tmp_path / "study.cairn").close()
    assert "--count" in said(tmp_path / "study.cairn", "--count", 0, code=2)
