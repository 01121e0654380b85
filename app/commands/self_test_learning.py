"""The part of ``cairn --self-test`` that learns: from phantoms on disk to a model file that localizes another one, in seconds.

Shows that nothing is missing for it, which in the frozen application is easily so: the networks' sources, the optimizer, the
check of a new model in a process of its own.
"""

import tempfile
from pathlib import Path

import numpy as np

from core.base.errors import AppError
from core.learning.cases import Case
from core.learning.phantom import PHANTOM_LANDMARKS, make_phantom

PHANTOMS = 12
"""To learn from and to validate on; one more is held back."""
VALIDATED = 2
LARGEST_MM = 8.0
"""How far a landmark of the phantom that was held back may be off; its body is 70 mm across."""

_CONFIGURATION = f"""
name = "self-test"
ndim = 2
landmarks = {list(PHANTOM_LANDMARKS)!r}
precision = "32-true"
data = {{ kind = "list" }}
normalisation = {{ kind = "zscore" }}
card = {{ modality = "phantom" }}
[global_stage]
spacing_mm = 2.0
crop = [48, 48]
stem_channels = 8
channels = [16, 32]
pairs = [1, 1]
head_channels = 32
[global_stage.optimisation]
iterations = 300
learning_rate = 5e-3
schedule = "one-cycle"
validate_every = 50
average_decay = 0.9
vote_weight = 0.5
[global_stage.augmentation]
rotation_deg = 15
scale = 0.1
[[local_stages]]
spacing_mm = 1.0
crop = 32
channels = [8, 16]
head_channels = 16
[local_stages.optimisation]
iterations = 100
learning_rate = 5e-3
schedule = "one-cycle"
validate_every = 50
"""


def check_learning() -> str:
    """Learn a model of phantoms and let it localize one that was held back; return what to say about it.

    Raises
    ------
    AppError
        The model is worse than it must be, or was not written.
    """
    # Here, so that a torch that cannot be loaded fails this check instead of the program.
    from core.models.file import load_model
    from core.models.inference import localize

    with tempfile.TemporaryDirectory(prefix="cairn-self-test-") as name:
        folder = Path(name)
        path = _learnt(_cases(folder), folder)
        image, expected = make_phantom(2, PHANTOMS)
        found = localize(image, load_model(path), device="cpu").landmarks
    if found.names != expected.names:
        raise AppError("the model finds other landmarks than it was taught.")
    off_mm = np.linalg.norm(found.points_mm - expected.points_mm, axis=1)
    if not off_mm.max() <= LARGEST_MM:  # NaN fails as well
        raise AppError(f"the model is off by {off_mm.max():.2f} mm; {LARGEST_MM:g} mm are allowed.")
    return f"{len(found)} landmarks from {PHANTOMS} phantoms, {off_mm.max():.2f} mm off at most in another one"


def _cases(folder: Path) -> list[Case]:
    """Write the phantoms to learn from into ``folder``."""
    from core.images.file import write_image

    cases = []
    for seed in range(PHANTOMS):
        image, landmarks = make_phantom(2, seed)
        path = folder / f"phantom-{seed}.nrrd"
        write_image(image, path)
        cases.append(Case(path.stem, path, landmarks))
    return cases


def _learnt(cases: list[Case], folder: Path) -> Path:
    """Learn from the cases; return the model file."""
    from core.learning.building import build_normalisation
    from core.learning.checkpoints import TrainingState
    from core.learning.configuration import parse_config
    from core.learning.device import without_denormals
    from core.learning.model_export import export_run
    from core.learning.prepared_cases import prepare_cases
    from core.learning.trainer import Trainer

    config = parse_config(_CONFIGURATION, "the self-test's configuration")
    state = TrainingState(_CONFIGURATION, list(PHANTOM_LANDMARKS))
    prepared = prepare_cases(cases, build_normalisation(config))
    run, path = folder / "run", folder / "self-test.pt"
    with without_denormals():
        Trainer(config, state, run, prepared[VALIDATED:], prepared[:VALIDATED]).fit()
    export_run(run, path, cases[:VALIDATED], train=cases[VALIDATED:])
    return path
