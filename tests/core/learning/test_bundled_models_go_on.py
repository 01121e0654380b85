"""The bundled models can go on learning: what is inside for that answers as they do."""

import zipfile

import numpy as np
import pytest
import torch

from core.base.assets import assets_folder
from core.geometry.canonical import to_canonical
from core.images.file import read_image
from core.learning.building import build_localizer, build_network
from core.learning.trainable import read_trainable
from core.models.bundled import bundled_model_for
from core.models.file import load_model
from core.models.learning_record import WEIGHTS_NAME, read_learning_record

pytestmark = pytest.mark.slow  # the skull takes its time, its networks not scripted

SAMPLES = {2: "cephalogram.png", 3: "mouse_skull.nii.gz"}


@pytest.mark.parametrize("ndim", [2, 3])
def test_what_they_go_on_from_answers_as_they_do(ndim: int) -> None:
    path = bundled_model_for(ndim)
    model = read_trainable(path)
    assert model.lineage.cases > 0
    networks = [build_network(model.config, n, len(model.landmarks), w) for n, w in enumerate(model.finished)]
    localizer = build_localizer(model.config, networks, model.crops, model.shape_mm, shares=model.shares)
    image = to_canonical(read_image(assets_folder() / "samples" / SAMPLES[ndim]))
    voxels = torch.from_numpy(image.voxels.astype(np.float32))
    spacing_mm = torch.tensor(image.grid.spacing_mm, dtype=torch.float32)
    with torch.inference_mode():
        found, known = localizer(voxels, spacing_mm), load_model(path).module(voxels, spacing_mm)
    off_mm = (found.points_index - known.points_index) * spacing_mm
    assert float(off_mm.abs().max()) < 1e-3


@pytest.mark.parametrize("ndim", [2, 3])
def test_it_makes_them_hardly_larger(ndim: int) -> None:
    record = read_learning_record(bundled_model_for(ndim))
    assert record is not None
    assert all(any(name.startswith("data/") for name in stage.values()) for stage in record.records)
    with zipfile.ZipFile(bundled_model_for(ndim)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    (added,) = [size for name, size in sizes.items() if name.endswith(WEIGHTS_NAME)]
    assert added < 0.03 * sum(sizes.values())
