import shutil
from pathlib import Path

import pytest

from app.commands import cli
from app.commands.self_test import SAMPLES, SelfTestFailed, check_project, check_sample, run_self_test
from core.base.assets import assets_folder
from core.landmark_files.file import read_landmarks, write_landmarks


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return Path(shutil.copytree(assets_folder() / "samples", tmp_path / "samples"))


@pytest.mark.slow
def test_this_checkout_passes_and_leaves_what_was_asked_for(qapp, tmp_path):
    said: list[str] = []
    run_self_test(said.append, tmp_path)
    assert [line.split(":")[0] for line in said[:-1]] == [
        "ok  X-ray is localized",
        "ok  mouse skull is localized",
        "ok  a project keeps what a child process finds",
        "ok  a model is learnt",
        "ok  a report is printed",
        "ok  the window shows it",
    ]
    assert said[-1].startswith("Everything works (")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cephalogram.csv", "mouse_skull.csv"]
    assert len(read_landmarks(tmp_path / "cephalogram.csv")) == 19


def test_landmarks_that_are_not_where_they_are_expected_fail_it_in_a_sentence(samples, tmp_path):
    path = samples / "cephalogram.csv"
    expected = read_landmarks(path)
    sella = expected.names[0]
    write_landmarks(expected.with_point(sella, expected.point_mm(sella) + 20), path)
    with pytest.raises(SelfTestFailed) as failed:
        run_self_test(lambda _: None, tmp_path / "out", samples)
    sentence = str(failed.value)
    assert sentence.startswith("The self-test failed at “X-ray is localized”: the landmarks are off by ")
    assert " by 28." in sentence
    assert list((tmp_path / "out").iterdir()) == []


def test_an_expected_landmark_that_the_model_does_not_know_fails_it(samples, tmp_path):
    path = samples / "cephalogram.csv"
    expected = read_landmarks(path)
    write_landmarks(expected.subset(expected.names[1:]), path)
    with pytest.raises(SelfTestFailed, match="finds other landmarks than the expected ones"):
        check_sample(SAMPLES[0], samples, tmp_path)


@pytest.mark.slow
def test_what_a_child_process_finds_is_compared_with_what_is_expected(samples):
    path = samples / "cephalogram.csv"
    expected = read_landmarks(path)
    sella = expected.names[0]
    write_landmarks(expected.with_point(sella, expected.point_mm(sella) + 20), path)
    with pytest.raises(SelfTestFailed, match=r"the landmarks are off by a median of .* and by 28\."):
        check_project(SAMPLES[0], samples)


@pytest.mark.slow
def test_an_image_that_a_child_process_cannot_read_fails_it_with_the_reason(samples):
    (samples / "cephalogram.png").write_bytes(b"no image at all")
    with pytest.raises(SelfTestFailed, match=r"cephalogram\.png"):
        check_project(SAMPLES[0], samples)


def test_a_project_that_forgets_fails_it(samples, monkeypatch):
    monkeypatch.setattr("app.commands.project_localizing.localize_cases", lambda *_: None)
    with pytest.raises(SelfTestFailed, match="gives back 0 readings where one was put into it"):
        check_project(SAMPLES[0], samples)


def test_a_program_without_sqlite_fails_it_with_the_name_of_the_check(samples, monkeypatch):
    monkeypatch.setattr("app.commands.self_test.check_sample", lambda *_: "")
    monkeypatch.setitem(__import__("sys").modules, "app.commands.project_localizing", None)
    with pytest.raises(SelfTestFailed, match=r"“a project keeps what a child process finds” \(ModuleNotFoundError: "):
        run_self_test(lambda _: None, None, samples)


def test_a_missing_sample_is_named(samples):
    (samples / "cephalogram.png").unlink()
    with pytest.raises(SelfTestFailed, match=r"“X-ray is localized”: .*cephalogram\.png"):
        run_self_test(lambda _: None, None, samples)


def test_whatever_breaks_is_said_with_the_name_of_the_check(samples, monkeypatch):
    # As a frozen program would whose library was left out.
    monkeypatch.setitem(__import__("sys").modules, "core.models.file", None)
    with pytest.raises(SelfTestFailed, match=r"“X-ray is localized” \(ModuleNotFoundError: .*core\.models\.file"):
        run_self_test(lambda _: None, None, samples)


def test_the_command_ends_with_1_and_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "core.models.file", None)
    assert cli.run(["--self-test", "--out", str(tmp_path)]) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("cairn: The self-test failed at “X-ray is localized” (ModuleNotFoundError")
    assert streams.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--out", "x"], ["--out", "x", "info", "model.pt"]])
def test_a_folder_without_the_self_test_is_refused(capsys, arguments):
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err == (
        "cairn: Invalid value: --out without a command belongs to --self-test. See cairn --help.\n"
    )


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert cli.run(["--self-test", "--out", str(blocked)]) == 2
    assert capsys.readouterr().err == (
        f"cairn: Landmark files cannot be written to {blocked}: file exists. Choose another folder.\n"
    )
