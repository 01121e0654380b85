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


def test_the_cases_that_stand_for_most_are_listed_with_reasons(tmp_path, said):
    make_study(tmp_path / "study.cairn").close()
    told = said(tmp_path / "study.cairn", "--count", 2, "--order", "shape")
    assert "shaped like 5 others" in told
    assert "shaped like 1 other" in told
    assert "2 cases of 8 that nobody has begun." in told
    assert "random" not in told


def test_a_script_gets_json(tmp_path, said):
    make_study(tmp_path / "study.cairn").close()
    told = json.loads(said(tmp_path / "study.cairn", "--json", "--count", 3, "--order", "shape"))
    assert (told["unmarked"], told["compared"], len(told["next"])) == (8, 8, 3)
    assert [each["like"] for each in told["next"][:2]] == [5, 1]
    assert set(told["next"][0]) == {"id", "name", "path", "like"}


def test_without_a_word_cases_are_drawn_at_random_and_stay_so(tmp_path, said):
    make_study(tmp_path / "study.cairn", 30).close()
    told = json.loads(said(tmp_path / "study.cairn", "--json"))
    drawn = [each["id"] for each in told["next"]]
    assert (len(drawn), told["compared"], {each["like"] for each in told["next"]}) == (10, 0, {0})
    assert drawn != sorted(drawn)
    assert told == json.loads(said(tmp_path / "study.cairn", "--json"))


def test_by_shape_without_a_model_says_that_it_is_random(tmp_path, said):
    make_study(tmp_path / "study.cairn", unread=range(1, 9)).close()
    assert "At random: no model has read any of them" in said(tmp_path / "study.cairn", "--order", "shape")
    assert "At random" not in said(tmp_path / "study.cairn")


def test_nothing_left_is_said(tmp_path, said):
    make_study(tmp_path / "study.cairn", 2, splits=[1, 2]).close()
    assert "Every case that may be learnt from has been begun." in said(tmp_path / "study.cairn")


def test_bad_input_gets_a_sentence(tmp_path, said):
    assert "no.cairn" in said(tmp_path / "no.cairn", code=2)
    make_study(tmp_path / "study.cairn").close()
    assert "--count" in said(tmp_path / "study.cairn", "--count", 0, code=2)
    assert "--order" in said(tmp_path / "study.cairn", "--order", "doubt", code=2)
