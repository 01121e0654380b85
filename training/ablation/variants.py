"""The variants of the paper's ablation (section V.B, Table I) and the encoder-decoder beside them: what each trains.

Owns their names and configurations; reads no data and trains nothing, `training/ablation/ablation.py` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.base.errors import ConfigError
from core.learning.configuration import TrainingConfig, landmark_names


@dataclass(frozen=True)
class Variant:
    """One row of the paper's Table I, or of what stands beside it.

    Attributes
    ----------
    key
        What a person calls it, and its folder.
    regression, classification
        What its networks learn, see `core.learning.configuration`.
    local
        Whether local stages follow the global one.
    single
        Whether every landmark has a whole chain of networks of its own.
    network
        Which network the global stage is, see `core.learning.configuration.GlobalStageConfig`.
    """

    key: str
    regression: str = "log"
    classification: bool = True
    local: bool = False
    single: bool = False
    network: str = "encoder"


GLOBAL = Variant("R_log+C")
"""The method's global stage; the other global variants are tested against it."""
EXPERT = Variant("ED", "linear", network="encoder-decoder")
"""An encoder and decoder of fine patches in the global stage's place, which share one posterior (docs/decisions/0028)."""
SINGLE = Variant("SL", local=True, single=True)
"""The whole method for one landmark at a time."""
PROPOSED = Variant("ML", local=True)
"""The whole method for all landmarks together; its global stage is the network of `GLOBAL`."""
VARIANTS = (
    Variant("R", "linear", classification=False),
    Variant("R_log", "log", classification=False),
    Variant("C", "off"),
    Variant("R+C", "linear"),
    GLOBAL,
    EXPERT,
    SINGLE,
    PROPOSED,
)
"""All of them, in the table's order."""


@dataclass(frozen=True)
class Run:
    """One training of a variant.

    Attributes
    ----------
    title
        What a person calls it.
    folder
        Its run folder inside the ablation's.
    config
        What is trained.
    names
        The landmarks it finds.
    """

    title: str
    folder: str
    config: TrainingConfig
    names: tuple[str, ...]


def parse_variants(text: str) -> tuple[Variant, ...]:
    """Return the variants that ``text`` such as ``"R,R_log+C,ML"`` names, in the table's order; all where it is empty.

    Raises
    ------
    ConfigError
        There is no such variant.
    """
    keys = [variant.key for variant in VARIANTS]
    wanted = [word.strip() for word in text.split(",")] if text else keys
    unknown = [word for word in wanted if word not in keys]
    if unknown:
        raise ConfigError(f"There is no variant {', '.join(map(repr, unknown))}.", f"Use some of: {', '.join(keys)}.")
    return tuple(variant for variant in VARIANTS if variant.key in wanted)


def parse_landmarks(text: str, config: TrainingConfig) -> tuple[str, ...]:
    """Return the landmarks that ``text`` such as ``"sella,Go"`` names or abbreviates, in order; all where it is empty.

    Raises
    ------
    ConfigError
        The configuration has no such landmark.
    """
    names, abbreviations = landmark_names(config)
    known = {short.casefold(): name for short, name in zip(abbreviations, names, strict=False)}
    known |= {name.casefold(): name for name in names}
    words = [word.strip() for word in text.split(",")] if text else list(names)
    unknown = [word for word in words if word.casefold() not in known]
    if unknown:
        raise ConfigError(
            f"The configuration has no landmark {', '.join(map(repr, unknown))}.", f"Use some of: {', '.join(names)}."
        )
    wanted = {known[word.casefold()] for word in words}
    return tuple(name for name in names if name in wanted)


def plan_runs(config: TrainingConfig, variant: Variant, single: Sequence[str]) -> tuple[Run, ...]:
    """Return the trainings of a variant: one, or where it is single, one for each of the landmarks ``single``."""
    names, _ = landmark_names(config)
    if not variant.single:
        return (Run(variant.key, variant.key, _configured(config, variant), names),)
    return tuple(
        Run(
            f"{variant.key}, {name}",
            f"{variant.key}/{names.index(name) + 1:02d}",
            _configured(config, variant, name),
            (name,),
        )
        for name in single
    )


_ENCODER_DECODER = {
    "network": "encoder-decoder",
    "pool_before": None,
    "posterior": "soft-max",
    "label_patches": 1.0,
    "nearness_patches": 3.0,
}
_FINE_PATCHES_COUNT = {"classification_weight": 1.0, "regression_weight": 0.25}
"""Displacements count in samples, of which such a patch has four."""


def _configured(config: TrainingConfig, variant: Variant, landmark: str = "") -> TrainingConfig:
    """Return ``config`` as ``variant`` trains it; all that makes the budget stays."""
    learns = {"regression": variant.regression, "classification": variant.classification}
    raw: dict[str, Any] = config.model_dump()
    raw["name"] = " ".join(filter(None, (config.name, variant.key, landmark)))
    raw["global_stage"] |= learns
    if variant.network == "encoder-decoder":
        raw["global_stage"] |= _ENCODER_DECODER
        raw["global_stage"]["optimisation"] |= _FINE_PATCHES_COUNT
    raw["local_stages"] = [stage | learns for stage in raw["local_stages"]] if variant.local else []
    if landmark:
        raw["landmarks"] = (landmark,)
    return TrainingConfig.model_validate(raw)


def check_comparable(config: TrainingConfig, variants: Sequence[Variant]) -> None:
    """Refuse a configuration whose ``variants`` would not be trained alike.

    Raises
    ------
    ConfigError
        It teaches the vote itself, has no local stages where they are needed, or turns and mirrors what single landmarks cannot.
    """
    stages = [config.stage(number) for number in range(1 + len(config.local_stages))]
    if any(stage.optimisation.vote_weight for stage in stages):
        raise ConfigError(
            "The configuration teaches the vote itself, which not every variant can learn.",
            "Set vote_weight to 0 in all of its stages.",
        )
    if any(variant.local for variant in variants) and not config.local_stages:
        raise ConfigError(
            "The configuration has no local stages, which ML and SL need.",
            "Add [[local_stages]], or leave both out with --variants.",
        )
    posed = any(config.in_mean_pose(number) for number in range(len(stages)))
    if any(variant.single for variant in variants) and (posed or any(stage.augmentation.mirror for stage in stages)):
        raise ConfigError(
            "A single landmark has neither a pose nor a mirror image, so SL would not be trained like the others.",
            "Leave SL out with --variants, or any_pose, pose and mirror out of the configuration.",
        )
