"""A model file exported without them gets the weights to go on learning from, and answers as before."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from core.base.command_line import run_command_line
from core.base.errors import ConfigError, ModelFileError
from core.learning.checkpoints import read_checkpoint
from core.learning.trainable import read_trainable
from core.models.file import load_model
from core.models.learning_record import RECORD_NAME, WEIGHTS_NAME, read_learning_record
from tests.support.training_fixtures import write_config
from training import unfold as unfolding
from training.cli import commands
from training.datasets.phantom import write_phantom_dataset
from training.unfold import unfold_model

pytestmark = pytest.mark.slow


def run(*arguments: object) -> int:
    """Run ``cairn-train`` in this process; return the exit code."""
    return run_command_line(commands, "cairn-train", [str(argument) for argument in arguments])


def without_learning(path: Path, out: Path) -> Path:
    """Copy a model file as it was before files could go on learning."""
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(out, "w") as kept:
        for item in whole.infolist():
            if not item.filename.endswith((RECORD_NAME, WEIGHTS_NAME)):
                kept.writestr(item, whole.read(item))
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, configuration, run and model of a short training."""
    folder = tmp_path_factory.mktemp("trained")
    write_phantom_dataset(folder, 2, 4)
    assert run("train", write_config(folder, 5), "--out", folder / "run", "--device", "cpu") == 0
    assert run("export", folder / "run", folder / "new.pt") == 0
    without_learning(folder / "new.pt", folder / "old.pt")
    return folder


def test_an_exported_model_goes_on_where_its_training_ended(trained: Path) -> None:
    state, model = read_checkpoint(trained / "run"), read_trainable(trained / "new.pt")
    assert (model.config_text, list(model.crops)) == (state.config_text, state.crops)
    assert model.lineage.cases > 0
    assert model.lineage.made
    for expected, found in zip(state.finished, model.finished, strict=True):
        assert all(torch.allclose(expected[key], found[key], rtol=1e-5, atol=1e-6) for key in expected)


def test_unfolding_changes_no_answer(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfolding, "BATCHES", 3)
    heard: list[tuple[int, int]] = []
    out = tmp_path / "out.pt"
    done = unfold_model(trained / "old.pt", trained / "config.toml", out, progress=lambda *told: heard.append(told))
    assert done.difference_mm < 1e-4
    assert heard == [(number, done.cases + 6) for number in range(1, done.cases + 7)]
    voxels, spacing = torch.rand(90, 80), torch.ones(2)
    old, new = (load_model(path).module(voxels, spacing) for path in (trained / "old.pt", out))
    assert torch.equal(old.points_index, new.points_index)
    with zipfile.ZipFile(out) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(WEIGHTS_NAME)]
        parts = torch.load(io.BytesIO(archive.read(name)), weights_only=True)
    assert {value.dim() for part in parts for value in part.values()} == {0, 1}  # no weight of a convolution twice
    model = read_trainable(out)
    assert model.config == read_trainable(trained / "new.pt").config
    assert model.lineage.cases > 0
    assert all(bool(torch.isfinite(value).all()) for weights in model.finished for value in weights.values())


def test_as_a_person_types_it(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unfolding, "BATCHES", 1)
    model = Path(shutil.copy(trained / "old.pt", tmp_path / "model.pt"))
    command = ("unfold", model, "--config", trained / "config.toml", "--out", model)
    assert run(*command) == 0
    assert "answer within" in capsys.readouterr().out
    assert run(*command) == 2
    assert "can go on learning already" in capsys.readouterr().err
    assert run(*command[:-1], tmp_path / "model.onnx") == 2
    assert "does not end in .pt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("crop = 16", "crop = 24", "other crops"),
        ("spacing_mm = 1.0", "spacing_mm = 1.5", "other stages"),
        ("channels = [8, 16]", "channels = [8, 24]", "another network in stage 2"),
        ('kind = "zscore"', 'kind = "equalize"', "other stages"),
        ('landmarks = ["', 'landmarks = ["more", "', "other landmarks"),
    ],
)
def test_another_models_configuration_is_refused(
    old: str, new: str, says: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfolding, "BATCHES", 1)
    text = (trained / "config.toml").read_text()
    other = tmp_path / "other.toml"
    other.write_text(text.replace(old, new, 1).replace('root = "cases.csv"', f'root = "{trained / "cases.csv"}"'))
    with pytest.raises(ConfigError, match=says):
        unfold_model(trained / "old.pt", other, tmp_path / "out.pt")
    assert not (tmp_path / "out.pt").exists()


def test_a_training_goes_on_from_a_model(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the model file to a better one, with the way that it took written down."""
    config = trained / "config.toml"
    assert run("train", config, "--out", tmp_path / "run", "--device", "cpu", "--from", trained / "new.pt") == 0
    assert run("export", tmp_path / "run", tmp_path / "child.pt") == 0
    parent, record = read_trainable(trained / "new.pt"), read_learning_record(tmp_path / "child.pt")
    assert record is not None
    assert (record.lineage.parent_sha256, record.lineage.parent) == (parent.sha256, "phantom 1.0")
    assert read_checkpoint(tmp_path / "run").initial
    capsys.readouterr()
    assert run("train", config, "--out", tmp_path / "next", "--device", "cpu", "--from", trained / "old.pt") == 2
    assert "cannot go on learning, since" in capsys.readouterr().err
    again = ("train", config, "--out", tmp_path / "run", "--device", "cpu", "--resume", "--from")
    assert run(*again, trained / "new.pt") == 0
    capsys.readouterr()
    for other in (trained / "old.pt", tmp_path / "none.pt"):
        assert run(*again, other) == 2
        assert "did not begin with the model" in capsys.readouterr().err


def test_what_cannot_be_written_leaves_nothing(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfolding, "BATCHES", 1)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        unfold_model(trained / "old.pt", trained / "config.toml", blocked / "out.pt")
