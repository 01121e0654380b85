from pathlib import Path

import pytest
import torch

from core.base.assets import assets_folder
from core.images.file import read_image
from core.learning.building import build_localizer, build_network, stage_infos
from core.learning.configuration import parse_config
from core.method.calibration import Calibration
from core.method.layers import fold_normalisation
from core.models.bundled import bundled_model_for
from core.models.file import load_model
from core.models.inference import analysed_image, to_tensor

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

PRESETS = Path(__file__).parents[3] / "training" / "presets"


@pytest.mark.parametrize(
    ("ndim", "preset", "sample"), [(2, "cephalometric", "cephalogram.png"), (3, "mouse-skull", "mouse_skull.nii.gz")]
)
def test_todays_code_with_a_bundled_models_weights_does_what_that_model_does(
    ndim: int, preset: str, sample: str
) -> None:
    """A model file holds the code of the day it was exported; this one must neither lose its weights nor answer otherwise."""
    model = load_model(bundled_model_for(ndim))
    config = parse_config((PRESETS / f"{preset}.toml").read_text(encoding="utf-8"), preset)
    weights = model.module.state_dict()
    landmarks = len(model.info.landmarks)
    networks = [build_network(config, stage, landmarks).eval() for stage in range(len(model.info.stages))]
    for network in networks:
        fold_normalisation(network)  # as in every model file
    crops = [stage.crop for stage in model.info.stages if stage.crop is not None]
    shape_mm = weights["shape_mm"].tolist() or None
    localizer = build_localizer(config, networks, crops, shape_mm, Calibration(torch.ones(landmarks)))
    localizer.load_state_dict({"offsets_mm": localizer.offsets_mm, **weights})  # models of before had no offsets
    assert stage_infos(localizer) == model.info.stages
    image = analysed_image(read_image(assets_folder() / "samples" / sample), model)
    voxels, spacing = to_tensor(image.voxels), torch.tensor(image.grid.spacing_mm, dtype=torch.float32)
    with torch.inference_mode():
        expected, found = model.module(voxels, spacing), localizer(voxels, spacing)
    assert torch.allclose(found.points_index * spacing, expected.points_index * spacing, atol=1e-4)
    for stage, expected_stage in zip(found.stages, expected.stages, strict=True):
        assert torch.allclose(stage.points_index * spacing, expected_stage.points_index * spacing, atol=1e-4)
