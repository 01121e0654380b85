"""A small configuration that trains on phantoms in seconds."""

from pathlib import Path

import torch

from core.learning.cases import Case
from core.learning.phantom import make_phantom
from core.learning.prepared_cases import PreparedCase, compact
from core.method.normalisation import Normalisation

CONFIG = """
name = "phantom"
ndim = 2
landmarks = "LANDMARKS"
seed = 3
precision = "32-true"
data = { kind = "list", root = "cases.csv" }
normalisation = { kind = "zscore" }
card = { modality = "phantom" }
[global_stage]
spacing_mm = 2.0
crop = [48, 48]
stem_channels = 8
channels = [16, 32]
pairs = [1, 1]
head_channels = 16
[global_stage.optimisation]
iterations = ITERATIONS
batch = 2
learning_rate = 5e-3
schedule = "one-cycle"
validate_every = 20
average_decay = 0.5
[[local_stages]]
spacing_mm = 1.0
crop = 16
channels = [8, 16]
head_channels = 16
[local_stages.optimisation]
iterations = ITERATIONS
batch = 2
learning_rate = 5e-3
schedule = "one-cycle"
validate_every = 20
vote_weight = 0.5
"""


def write_config(folder: Path, iterations: int) -> Path:
    """Write a configuration for the phantoms in ``folder``."""
    names = make_phantom(2, 0)[1].names
    path = folder / "config.toml"
    text = CONFIG.replace('"LANDMARKS"', str(list(names)).replace("'", '"')).replace("ITERATIONS", str(iterations))
    path.write_text(text)
    return path


def phantom_cases(count: int) -> list[PreparedCase]:
    """Make phantoms as `write_config`'s training would prepare them."""
    prepared = []
    for seed in range(count):
        image, landmarks = make_phantom(2, seed)
        voxels = Normalisation("zscore")(torch.from_numpy(image.voxels.astype("float32")))
        points_index = torch.tensor(image.grid.to_index(landmarks.points_mm), dtype=torch.float32)
        case = Case(f"phantom {seed}", Path(f"phantom-{seed}"), landmarks)
        prepared.append(PreparedCase(case, compact(voxels, "zscore"), torch.ones(2), points_index))
    return prepared
