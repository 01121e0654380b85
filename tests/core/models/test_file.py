import json
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from core.base.errors import ModelFileError
from core.models.export import export_localizer
from core.models.file import load_model
from core.models.metadata import METADATA_NAME, ModelInfo, parse_model_info, read_model_info
from tests.support.model_fixtures import make_tiny_info, make_tiny_localizer, write_tiny_model


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


def test_metadata_rides_inside(model_path: Path) -> None:
    assert read_model_info(model_path) == make_tiny_info()
    assert load_model(model_path).info == make_tiny_info()


def test_reloaded_equals_eager(model_path: Path) -> None:
    voxels, spacing = torch.rand(50, 61), torch.tensor([0.4, 0.6])
    with torch.inference_mode():
        eager = make_tiny_localizer()(voxels, spacing)
        loaded = load_model(model_path).module(voxels, spacing)
    assert torch.allclose(eager.points_index, loaded.points_index, atol=1e-4)
    assert torch.allclose(eager.presence, loaded.presence, atol=1e-5)


def test_for_another_device_the_file_is_loaded_there_once(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(model_path)
    asked = []
    monkeypatch.setattr("torch.jit.load", lambda path, map_location: asked.append((path, map_location)) or object())
    assert model.on("cpu") is model.module
    assert model.on("cuda") is model.on("cuda")
    assert asked == [(str(model_path), "cuda")]


def test_the_code_in_a_model_file_stays_small(model_path: Path) -> None:
    """Parsing it is most of what loading takes: a frozen network, written out in full, needed seconds."""
    with zipfile.ZipFile(model_path) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist() if item.filename.endswith(".py")}
    assert 5_000 < sum(sizes.values()) < 120_000


def test_what_is_no_model_is_refused(tmp_path: Path, model_path: Path) -> None:
    text, half, plain = tmp_path / "text.pt", tmp_path / "half.pt", tmp_path / "plain.pt"
    text.write_text("landmarks")
    half.write_bytes(model_path.read_bytes()[:2000])
    torch.save({"weights": torch.zeros(3)}, plain)
    for path, says in ((text, "not a model file"), (half, "not a model file"), (plain, "no readable Cairn metadata")):
        with pytest.raises(ModelFileError, match=says) as caught:
            load_model(path)
        assert caught.value.hint
    with pytest.raises(ModelFileError, match="There is no model file"):
        load_model(tmp_path / "nothing.pt")


def with_metadata(source: Path, target: Path, text: str) -> Path:
    """Copy a model file with other metadata."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, text if name.endswith(METADATA_NAME) else old.read(name))
    return target


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 99}, "version 99"),
        ({"shoe_size": 43}, "shoe_size"),
        ({"landmarks": ["left", "left"]}, "unique"),
        ({"ndim": 4}, "ndim"),
        ({"abbreviations": ["L"]}, "abbreviations"),
    ],
)
def test_wrong_metadata_is_refused(tmp_path: Path, model_path: Path, change: dict[str, object], says: str) -> None:
    raw = json.loads(make_tiny_info().model_dump_json()) | change
    with pytest.raises(ModelFileError, match=says):
        load_model(with_metadata(model_path, tmp_path / "changed.pt", json.dumps(raw)))


def test_a_network_that_does_not_fit_its_metadata_is_refused(tmp_path: Path, model_path: Path) -> None:
    raw = json.loads(make_tiny_info().model_dump_json())
    raw["stages"] = raw["stages"][:1]
    with pytest.raises(ModelFileError, match="does not do what its metadata says"):
        load_model(with_metadata(model_path, tmp_path / "changed.pt", json.dumps(raw)))


def test_metadata_that_is_no_json_is_refused() -> None:
    with pytest.raises(ModelFileError, match="no readable Cairn metadata"):
        parse_model_info("{", Path("x.pt"))


def test_export_refuses_a_model_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An existing file survives a failed check, and nothing else is left behind."""
    path = tmp_path / "tiny.pt"
    path.write_text("the old model")
    monkeypatch.setattr("core.models.export.TOLERANCE_MM", -1.0)
    with pytest.raises(ModelFileError, match="differs from the trained one"):
        write_tiny_model(path)
    assert path.read_text() == "the old model"
    assert [entry.name for entry in tmp_path.iterdir()] == ["tiny.pt"]


def test_export_refuses_a_file_that_fails_in_a_fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [sys.executable, "-c", "raise SystemExit('no such operator')"]
    monkeypatch.setattr("core.models.export._fresh_command", lambda: broken)
    with pytest.raises(ModelFileError, match="fresh process \\(no such operator\\)"):
        write_tiny_model(tmp_path / "tiny.pt")
    assert not list(tmp_path.iterdir())


def test_export_refuses_metadata_of_another_model(tmp_path: Path) -> None:
    info = ModelInfo.model_validate(make_tiny_info().model_dump() | {"landmarks": ("one",), "abbreviations": ()})
    with pytest.raises(ModelFileError, match="does not match"):
        export_localizer(make_tiny_localizer(), info, tmp_path / "x.pt", [(torch.rand(40, 40), torch.ones(2))])
