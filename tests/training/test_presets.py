"""The presets that repeat the paper hold its figures, and their networks are the paper's."""

from pathlib import Path

import pytest
import torch

from core.learning.building import build_network
from core.learning.configuration import TrainingConfig, landmark_names, read_config
from core.method.networks import GlobalNetwork, LocalNetwork
from training.ablation.variants import VARIANTS, check_comparable, parse_landmarks

PAPER = ("cephalometric-paper", "ccta-paper", "olfactory-mr-paper")


def preset(name: str) -> TrainingConfig:
    return read_config(Path(__file__).parents[2] / "training" / "presets" / f"{name}.toml")[0]


@pytest.mark.parametrize("name", PAPER)
def test_what_all_experiments_of_the_paper_share(name: str) -> None:
    config = preset(name)
    first, (local,) = config.global_stage, config.local_stages
    assert (first.stem_channels, first.channels, first.pairs) == (16, (32, 64, 128, 256), (3, 4, 6, 3))
    assert first.head_channels == 256
    assert (local.channels, local.pairs, local.head_channels) == ((32, 64), (1, 1), 64)
    assert (local.crop, local.passes, local.shared_trunk, local.placement) == (16, 1, False, "uniform")
    assert local.spacing_mm == first.spacing_mm
    for stage in (first, local):
        budget = stage.optimisation
        assert (budget.iterations, budget.batch, budget.validate_every) == (300_000, 4, 10_000)
        assert (budget.learning_rate, budget.schedule) == (1e-3, "constant")
        assert budget.weight_decay == budget.average_decay == budget.vote_weight == 0
        assert budget.classification_weight == 1
        assert (stage.regression, stage.classification, stage.voting) == ("log", True, "posterior")
        assert stage.augmentation == type(stage.augmentation)()


@pytest.mark.parametrize(
    ("name", "spacing_mm", "crop", "patch", "cells", "normalisation", "abbreviations"),
    [
        ("cephalometric-paper", 0.1, (592, 592), 32, (18, 18), "equalize", None),
        ("ccta-paper", 1.5, (72,) * 3, 8, (9,) * 3, "window", "NCRC NCLC LRC LH NCH RH RO LO"),
        ("olfactory-mr-paper", 0.47, (72,) * 3, 8, (9,) * 3, "zscore", "ROB LOB"),
    ],
)
def test_what_each_experiment_has_of_its_own(
    name: str,
    spacing_mm: float,
    crop: tuple[int, ...],
    patch: int,
    cells: tuple[int, ...],
    normalisation: str,
    abbreviations: str | None,
) -> None:
    config = preset(name)
    assert config.ndim == len(crop)
    assert config.global_stage.spacing_mm == spacing_mm
    assert config.global_crop == crop
    assert config.normalisation.kind == normalisation
    names, short = landmark_names(config)
    assert len(names) == 19 if abbreviations is None else short == tuple(abbreviations.split())
    with torch.device("meta"):  # shapes only: nothing is computed
        first, local = (build_network(config, stage, len(names)) for stage in (0, 1))
        answer, logit = first(torch.empty(1, 1, *crop))
        crops = torch.empty(1, len(names), *(16,) * config.ndim)
        answer_nearby, logit_nearby = local(crops)
    assert isinstance(first, GlobalNetwork)
    assert isinstance(local, LocalNetwork)
    assert (first.stride, local.stride) == (patch, 2)
    assert answer.shape == (1, len(names), config.ndim, *cells)
    assert logit.shape == (1, len(names), *cells)
    assert answer_nearby.shape == (1, len(names), config.ndim, *(8,) * config.ndim)
    assert logit_nearby.shape == (1, len(names), *(8,) * config.ndim)


def test_the_ablations_preset_can_be_compared() -> None:
    config = preset("ablation")
    check_comparable(config, VARIANTS)
    assert parse_landmarks("sella,porion,gonion,subspinale", config) == ("Sella", "Porion", "Subspinale", "Gonion")
    extent_mm = [side * config.global_stage.spacing_mm for side in config.global_crop]
    assert extent_mm[0] >= 240
    assert extent_mm[1] >= 193.5
