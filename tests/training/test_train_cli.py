"""``cairn-train`` as a person types it, on phantoms."""

from pathlib import Path

import pytest

from core.base.command_line import run_command_line
from core.models.metadata import read_model_info
from tests.support.model_fixtures import write_tiny_image, write_tiny_model
from tests.support.training_fixtures import write_config
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
    assert run("export", folder, model) == 0
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
    monkeypatch.setenv("CAIRN_DATA", "data")
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_evaluating_images_without_a_pixel_size_names_the_option_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An evaluation reads no configuration, so ``spacing_mm`` may well stand in one already."""
    write_tiny_image(tmp_path / "image.png")
    (tmp_path / "image.csv").write_text("name,x_px,y_px\nleft,3,4\nright,5,6\n")
    (tmp_path / "cases.csv").write_text("split,image,landmarks\ntest,image.png,image.csv\n")
    model = write_tiny_model(tmp_path / "tiny.pt")
    evaluation = ("evaluate", model, "--kind", "list", "--data", tmp_path / "cases.csv", "--split", "test")
    assert run(*evaluation) == 2
    assert "--spacing" in capsys.readouterr().err
    assert run(*evaluation, "--spacing", "0.5") == 0


def test_without_a_place_for_public_data_a_person_hears_how_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CAIRN_DATA", raising=False)
    preset = Path(__file__).parents[2] / "training" / "presets" / "cephalometric.toml"
    assert run("train", preset, "--out", tmp_path / "run", "--device", "cpu") == 2
    error = capsys.readouterr().err
    assert "Nothing says where the data set is." in error
    assert "CAIRN_DATA" in error
    assert not (tmp_path / "run").exists()
