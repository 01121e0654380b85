"""``cairn-train`` as a person types it, on phantoms."""

from pathlib import Path

import pytest

from core.base.command_line import run_command_line
from core.models.metadata import read_model_info
from tests.training.test_trainer import write_config
from training.cli import commands
from training.datasets.phantom import write_phantom_dataset


def run(*arguments: object) -> int:
    """Run ``cairn-train`` in this process; return the exit code."""
    return run_command_line(commands, "cairn-train", [str(argument) for argument in arguments])


@pytest.mark.slow
def test_train_info_export_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = write_phantom_dataset(tmp_path / "data", 2, 4)
    config, folder, model = write_config(tmp_path / "data", 5), tmp_path / "run", tmp_path / "phantom.pt"
    assert run("train", config, "--out", folder, "--device", "cpu") == 0
    assert "cairn-train export" in capsys.readouterr().out
    assert run("info", folder) == 0
    assert "5 of 5" in capsys.readouterr().out
    assert run("export", folder, model, "--data", cases) == 0
    assert "agree within" in capsys.readouterr().out
    info = read_model_info(model)
    assert info.training_spacing_mm == 1.0
    assert len(info.validation_errors) == len(info.landmarks)
    report = tmp_path / "report"
    assert run("evaluate", model, "--kind", "list", "--data", cases, "--split", "test", "--report", report) == 0
    assert "local 1" in capsys.readouterr().out
    written = {path.name for path in report.iterdir()}
    assert written >= {"report.html", "report.md", "errors.csv", "summary.csv", "vectors_last.png"}
    assert run("export", folder, tmp_path / "first.pt", "--data", cases, "--stages", "1") == 0
    assert len(read_model_info(tmp_path / "first.pt").stages) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "none.toml"), "no configuration file"),
        (("export", "nowhere", "model.pt"), "no training to continue or export"),
        (("export", "nowhere", "model.onnx"), "does not end in .pt"),
        (("info", "nowhere"), "no training"),
        (("evaluate", "none.pt", "--split", "test1"), "There is no model file"),
        (("evaluate", "none.pt", "--split", "test", "--kind", "list"), "--data"),
        (("evaluate", "none.pt", "--split", "test", "--kind", "mine"), "kind of data set"),
        (("evaluate", "none.pt"), "--split"),
        (("fly",), "fly"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
