"""The bundled mouse skull model does what its card says, on the sample and on real animals, in any pose."""

from pathlib import Path

import numpy as np
import pytest

from core.base.assets import assets_folder
from core.images.file import read_image
from core.landmark_files.file import read_landmarks
from core.learning.configuration import config_sha256
from core.models.bundled import bundled_model_for
from core.models.file import Model, load_model
from core.models.inference import localize
from core.schemes.file import read_scheme
from core.values.image import Image
from core.values.landmarks import Landmarks
from training.datasets.mouse_skull import read_mouse_skulls
from training.datasets.reading import default_root
from training.evaluation.evaluation import evaluate
from training.evaluation.rotation import random_rotation, rotated_landmarks, rotated_volume

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(bundled_model_for(3))


@pytest.fixture(scope="module")
def sample() -> tuple[Image, Landmarks]:
    image = read_image(assets_folder() / "samples" / "mouse_skull.nii.gz")
    return image, read_landmarks(assets_folder() / "samples" / "mouse_skull.csv", image=image)


def off_mm(found: Landmarks, truth: Landmarks) -> np.ndarray:  # type: ignore[type-arg]
    assert found.names == truth.names
    return np.asarray(np.linalg.norm(found.points_mm - truth.points_mm, axis=1))


def test_its_metadata_is_complete(model: Model) -> None:
    info = model.info
    assert info.landmarks == read_scheme("mouse-skull-45").names
    assert all(stage.pose for stage in info.stages)
    assert "GPL-3" in info.licence
    assert len(info.validation_errors) == 45
    assert model.path.stat().st_size <= 40e6
    assert model.path.with_suffix(".md").is_file()


def test_it_was_trained_with_the_preset(model: Model) -> None:
    preset = Path(__file__).parents[3] / "training" / "presets" / "mouse-skull.toml"
    then = preset.read_text(encoding="utf-8").replace("crop = [56]", "sub_image = [56]")  # as the key was called then
    assert model.info.config_sha256 == config_sha256(then)


def test_it_finds_the_samples_landmarks_however_it_lies(model: Model, sample: tuple[Image, Landmarks]) -> None:
    image, truth = sample
    found = off_mm(localize(image, model, device="cpu").landmarks, truth)
    assert np.median(found) <= 0.15
    assert found.max() <= 0.5
    rotation = random_rotation(3)
    rotated = localize(rotated_volume(image, rotation), model, device="cpu").landmarks
    found = off_mm(rotated, rotated_landmarks(truth, image, rotation))
    assert np.median(found) <= 0.15
    assert found.max() <= 0.5


def test_the_sample_lies_straight_and_is_small(sample: tuple[Image, Landmarks]) -> None:
    image, truth = sample
    assert image.source.path.stat().st_size <= 4e6
    assert np.allclose(image.grid.mm_from_index[:3, :3], np.fliplr(np.eye(3)) * 0.15, atol=1e-6)
    assert image.grid.contains(truth.points_mm).all()
    nose, occiput, vault, base = (truth.point_mm(name) for name in ("1", "21", "13", "44"))
    assert occiput[1] > nose[1] + 15  # the nose looks to the front: LPS y grows to the back
    assert vault[2] > base[2] + 3
    assert abs(nose[0] - occiput[0]) < 0.5  # and the midline stands straight


@pytest.mark.slow
@pytest.mark.realdata
def test_it_finds_real_landmarks_in_any_pose(model: Model) -> None:
    root = default_root("mouse-skull")
    if root is None or not root.is_dir():
        pytest.skip(f"the mouse skull data set is not at {root}; CAIRN_DATA says where it is")
    cases = read_mouse_skulls(root, "validation")
    for rotation_seed in (None, 5):
        evaluation = evaluate(model, cases, device="cpu", rotation_seed=rotation_seed)
        claimed_mm = np.mean([error.mean_mm for error in model.info.validation_errors])
        assert np.nanmean(evaluation.errors_mm) == pytest.approx(claimed_mm, abs=0.03)
        assert np.nanmax(evaluation.errors_mm) < 1.0
