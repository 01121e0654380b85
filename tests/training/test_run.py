"""A training from its configuration to its model: what is learnt, and how it stops and goes on."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from core.base.command_line import run_command_line
from core.base.errors import ConfigError, InferenceError
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.learning.checkpoints import CHECKPOINT_NAME, read_checkpoint
from core.learning.configuration import read_config
from core.learning.model_export import export_run
from core.learning.phantom import make_phantom
from core.learning.trainer import Step
from core.models.file import load_model
from core.models.inference import localize
from core.values.image import Image
from core.values.landmarks import Landmarks
from tests.support.training_fixtures import write_config
from training.cli import commands
from training.datasets.phantom import write_phantom_dataset
from training.datasets.reading import cases_of
from training.distribution.processes import Placement
from training.run import choose_training_device, root_of_run, train


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantom_dataset(folder, 2, 4, suffix=".png")
    return folder


@pytest.mark.slow
def test_one_phantom_is_learnt_to_less_than_a_pixel(tmp_path: Path) -> None:
    """Training, checkpoint, export, inference: the whole line finds what it was shown."""
    list_path = write_phantom_dataset(tmp_path, 2, 3)
    rows = list_path.read_text().splitlines()
    (tmp_path / "again.nrrd").write_bytes((tmp_path / "phantom-000.nrrd").read_bytes())
    first = rows[1].split(",")
    list_path.write_text("\n".join([rows[0], rows[1], f"validation,again.nrrd,{first[2]}"]) + "\n")
    config_path = write_config(tmp_path, 200)
    assert train(config_path, tmp_path / "run", device="cpu")
    state = read_checkpoint(tmp_path / "run")
    errors = [np.mean(stage) for stage in state.errors_mm]
    assert errors[1] < 1.0
    assert errors[1] < errors[0]
    cases = cases_of(read_config(config_path)[0], "validation", tmp_path)
    assert export_run(tmp_path / "run", tmp_path / "phantom.pt", cases) <= 1e-4
    image, truth = make_phantom(2, 0)
    found = localize(image, load_model(tmp_path / "phantom.pt"), device="cpu").landmarks
    assert np.linalg.norm(found.points_mm - truth.points_mm, axis=1).mean() == pytest.approx(errors[1], abs=0.05)


@pytest.mark.slow
def test_an_object_in_any_pose_is_learnt_from_one(tmp_path: Path) -> None:
    """Trained on a phantom as it lies; validated and found with the same phantom on its side and upside down."""
    list_path = write_phantom_dataset(tmp_path, 2, 3)
    rows = list_path.read_text().splitlines()[:2]
    image, truth = make_phantom(2, 0)
    rotated = {}
    for quarters, name in ((1, "side"), (2, "down")):
        points_index = image.grid.to_index(truth.points_mm)
        for _ in range(quarters):  # rotating by 90 degrees carries row and column to (last - column, row)
            points_index = np.stack([image.grid.shape[0] - 1 - points_index[:, 1], points_index[:, 0]], axis=1)
        voxels = np.ascontiguousarray(np.rot90(image.voxels, quarters))
        rotated[name] = Image(voxels, image.grid, image.source), image.grid.to_mm(points_index)
        write_image(rotated[name][0], tmp_path / f"{name}.nrrd")
        write_landmarks(Landmarks(truth.names, rotated[name][1]), tmp_path / f"{name}.csv", image=rotated[name][0])
        rows.append(f"validation,{name}.nrrd,{name}.csv")
    list_path.write_text("\n".join(rows) + "\n")
    config_path = write_config(tmp_path, 200)
    text = config_path.read_text().replace("spacing_mm = 2.0\n", "spacing_mm = 2.0\nany_pose = true\n")
    text = text.replace("crop = 16\n", "crop = 16\npose = true\n")
    for stage in ("global_stage", "local_stages"):
        text += f"[{stage}.augmentation]\nrotation_deg = 10\n"
    config_path.write_text(text)
    assert train(config_path, tmp_path / "run", device="cpu")
    cases = cases_of(read_config(config_path)[0], "validation", tmp_path)
    assert export_run(tmp_path / "run", tmp_path / "phantom.pt", cases) <= 1e-4
    model = load_model(tmp_path / "phantom.pt")
    assert all(stage.pose for stage in model.info.stages)
    for volume, points_mm in rotated.values():
        found = localize(volume, model, device="cpu").landmarks
        assert np.linalg.norm(found.points_mm - points_mm, axis=1).mean() < 1.5


def stop_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training believe that Ctrl-C is pressed after ``steps`` steps."""

    @contextmanager
    def pressed() -> Iterator[Callable[[], bool]]:
        count = iter(range(1, 10**6))
        yield lambda: next(count) >= steps

    monkeypatch.setattr("training.run._stop_on_interrupt", pressed)


@pytest.mark.slow
def test_resumed_equals_uninterrupted(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(data, 30)
    assert train(config, tmp_path / "whole", device="cpu")
    for resume, steps in ((False, 7), (True, 25), (True, 10)):
        with monkeypatch.context() as patch:
            stop_after(steps, patch)
            assert not train(config, tmp_path / "parts", device="cpu", resume=resume)
    assert train(config, tmp_path / "parts", device="cpu", resume=True)
    whole, parts = (read_checkpoint(tmp_path / name) for name in ("whole", "parts"))
    assert whole.errors_mm == parts.errors_mm
    for expected, found in zip(whole.finished, parts.finished, strict=True):
        assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.mark.slow
def test_volumes_are_trained_exported_and_localized_too(tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, 3, 3, shape=(24, 26, 28), spacing_mm=(2.0, 1.0, 1.5))
    config_path = write_config(tmp_path, 3)
    text = config_path.read_text().replace("ndim = 2", "ndim = 3").replace("[48, 48]", "[24, 24, 24]")
    config_path.write_text(text.replace("pairs = [1, 1]", "pairs = [1, 1]\npool_before = [true, false]", 1))
    assert train(config_path, tmp_path / "run", device="cpu")
    cases = cases_of(read_config(config_path)[0], "validation", tmp_path)
    assert export_run(tmp_path / "run", tmp_path / "phantom.pt", cases) <= 1e-4
    image, _ = make_phantom(3, 0, (24, 26, 28), (2.0, 1.0, 1.5))
    prediction = localize(image, load_model(tmp_path / "phantom.pt"), device="cpu")
    assert len(prediction.fields) == 2
    assert prediction.landmarks.points_mm.shape == (len(prediction.landmarks), 3)
    assert image.grid.contains(prediction.landmarks.points_mm).all()


def test_a_run_folder_is_not_overwritten_nor_mixed_up(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, run = write_config(data, 5), tmp_path / "run"
    heard: list[Step] = []
    stop_after(2, monkeypatch)
    assert not train(config, run, device="cpu", on_step=heard.append)
    assert [step.iteration for step in heard] == [1, 2]
    before = (run / CHECKPOINT_NAME).read_bytes()
    with pytest.raises(ConfigError, match="holds a training already"):
        train(config, run, device="cpu")
    with pytest.raises(ConfigError, match="another configuration"):
        train(write_config(data, 6), run, device="cpu", resume=True)
    with pytest.raises(ConfigError, match="no training to continue"):
        train(config, tmp_path / "empty", device="cpu", resume=True)
    assert (run / CHECKPOINT_NAME).read_bytes() == before
    (run / CHECKPOINT_NAME).write_bytes(before[:1000])
    with pytest.raises(ConfigError, match="damaged"):
        train(config, run, device="cpu", resume=True)


def test_a_device_that_is_not_there_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config(data, 5)
    with pytest.raises(ConfigError, match="Nothing can be trained on tpu"):
        train(config, tmp_path / "run", device="tpu")
    monkeypatch.setattr("core.models.devices.cuda_problem", lambda: "")
    with pytest.raises(InferenceError, match="The device cuda is not available"):
        train(config, tmp_path / "run", device="cuda")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("problem", "kind"), [(None, "cuda"), ("Example GPU is older than this build can use", "cpu")])
def test_automatically_a_gpu_is_taken_only_where_inference_would_take_it(
    problem: str | None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch calls a GPU available for which it was not built; the first step of a training would end there."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("core.models.devices.cuda_problem", lambda: problem)
    assert choose_training_device("auto", Placement()) == kind
    if problem is not None:
        with pytest.raises(InferenceError, match=problem):
            choose_training_device("cuda", Placement())


def test_a_run_finds_the_data_it_was_trained_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``root`` is relative to the configuration a person wrote, whichever copy of it a command reads."""
    config, folder = write_config(data, 2), tmp_path / "deep" / "run"
    stop_after(1, monkeypatch)
    assert not train(config, folder, device="cpu")
    monkeypatch.undo()
    assert train(folder / "config.toml", folder, device="cpu", resume=True)
    for command in (("export", folder, tmp_path / "model.pt", "--stages", "1"), ("info", folder)):
        assert run_command_line(commands, "cairn-train", [str(word) for word in command]) == 0, capsys.readouterr().err
    assert not Path(read_checkpoint(folder).data_root).is_absolute()  # it stays right where all is moved


def test_a_run_on_another_data_set_remembers_that_one(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(write_config(data, 2).read_text().replace("cases.csv", "nowhere.csv"))
    folder = tmp_path / "run"
    assert train(config, folder, device="cpu", data=data / "cases.csv")
    state = read_checkpoint(folder)
    assert root_of_run(state, read_config(config)[0], folder).resolve() == (data / "cases.csv").resolve()
    assert root_of_run(state, read_config(config)[0], folder, tmp_path / "mine.csv") == tmp_path / "mine.csv"


def test_a_checkpoint_from_before_goes_on(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose configuration says ``sub_image`` and which does not know where its data set is."""
    config, folder = write_config(data, 4), tmp_path / "run"
    assert train(config, tmp_path / "whole", device="cpu")
    stop_after(2, monkeypatch)
    assert not train(config, folder, device="cpu")
    monkeypatch.undo()
    raw = torch.load(folder / CHECKPOINT_NAME, weights_only=True)
    del raw["data_root"]
    raw["config_text"] = raw["config_text"].replace("crop = [48, 48]", "sub_image = [48, 48]")
    torch.save(raw, folder / CHECKPOINT_NAME)
    assert train(config, folder, device="cpu", resume=True)
    whole, resumed = read_checkpoint(tmp_path / "whole"), read_checkpoint(folder)
    assert whole.errors_mm == resumed.errors_mm
    for expected, found in zip(whole.finished, resumed.finished, strict=True):
        assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_tensorboard_gets_losses_and_validation_errors(data: Path, tmp_path: Path) -> None:
    assert train(write_config(data, 20), tmp_path / "run", device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tensorboard's own imports
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
        events.Reload()
    errors = [value.value for value in events.Scalars("stage 1/validation error mm")]
    (state_mm,) = [np.mean(read_checkpoint(tmp_path / "run").errors_mm[1])]
    assert errors == [pytest.approx(state_mm, rel=1e-4)]
    assert [value.step for value in events.Scalars("stage 0/total")] == [10, 20]


def test_a_missing_image_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("split,image,landmarks\ntrain,lost.png,lost.csv\n")
    config = tmp_path / "config.toml"
    config.write_text(write_config(data, 5).read_text())
    with pytest.raises(ConfigError, match=r"lost\.png"):
        train(config, tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()
