"""How fast a computer learns: counted work, measured speed."""

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.learning.building import build_network
from core.learning.configuration import CardConfig, TrainingConfig, landmark_names, parse_config
from core.learning.facts import Facts
from core.learning.pace import FixedPace, MeasuredPace, step_gflop
from core.learning.plan import make_plan
from tests.support.planning_fixtures import BRAINS, SKULLS, WINGS

PRESETS = Path(__file__).parents[3] / "training" / "presets"


def planned(found: Facts) -> TrainingConfig:
    card = CardConfig(modality="x")
    return make_plan(found, 20, FixedPace(), name="x", landmarks=found.landmarks, card=card).config


def test_work_grows_with_samples_and_batch() -> None:
    config = planned(WINGS)
    first = config.global_stage
    larger = first.model_copy(update={"crop": tuple(2 * side for side in config.global_crop)})
    work = step_gflop(config, 0)
    assert step_gflop(config.model_copy(update={"global_stage": larger}), 0) == pytest.approx(4 * work, rel=0.1)
    settings = first.optimisation.model_copy(update={"batch": 8})
    wider = first.model_copy(update={"optimisation": settings})
    assert step_gflop(config.model_copy(update={"global_stage": wider}), 0) == pytest.approx(2 * work)


def test_a_faster_computer_takes_less() -> None:
    config = planned(SKULLS)
    for stage in range(2):
        assert FixedPace(20).step_s(config, stage) == pytest.approx(2 * FixedPace(40).step_s(config, stage))


def test_an_automatic_crop_counts_as_the_smallest() -> None:
    config = planned(SKULLS)
    automatic = config.local_stages[0].model_copy(update={"crop": "auto"})
    assert step_gflop(config.model_copy(update={"local_stages": (automatic,)}), 1) == pytest.approx(
        step_gflop(config, 1, crop=32)
    )


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_work_is_what_torch_counts(preset: str) -> None:
    """Of networks of both kinds, 2D and 3D, with a trunk for each landmark and with one for all."""
    config = parse_config((PRESETS / f"{preset}.toml").read_text(encoding="utf-8"), preset)
    landmarks = len(landmark_names(config)[0])
    for stage in range(1 + len(config.local_stages)):
        shape = (landmarks, *(32,) * config.ndim) if stage else (1, *config.global_crop)
        with torch.device("meta"), FlopCounterMode(display=False) as counted:
            build_network(config, stage, landmarks).eval()(torch.empty(1, *shape))
        expected = counted.get_total_flops() * config.stage(stage).optimisation.batch / 1e9
        assert step_gflop(config, stage, 32 if stage else None) == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("found", [WINGS, BRAINS, SKULLS], ids=["wings", "brains", "skulls"])
def test_this_computer_is_measured_with_real_steps_of_every_stage(found: Facts) -> None:
    config, pace = planned(found), MeasuredPace()
    for stage in range(1 + len(config.local_stages)):
        seconds = pace.step_s(config, stage)
        assert 0 < seconds < 600
        assert pace.step_s(config, stage) == seconds, "measured once only"
