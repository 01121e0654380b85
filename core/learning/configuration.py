"""The training configuration: one TOML file, checked before anything is read or trained.

Each field says what it trades off. The defaults of networks, losses and optimisation are the paper's (Noothout et al.
2020); `training/presets/` holds what we use.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.base.complaints import first_complaint
from core.base.errors import ConfigError
from core.schemes.file import read_scheme


class _Strict(BaseModel):
    """Refuses misspelt keys and changes after construction."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Strict):
    """Where the cases are.

    Attributes
    ----------
    kind
        ``"cephalometric"``: the ISBI 2015 challenge's folders; ``"mouse-skull"``: the folders of the mouse atlas;
        ``"list"``: a CSV file (see `core.learning.case_list`).
    root
        Folder or CSV file, relative to the configuration; empty for a public data set in the folder ``$CAIRN_DATA``.
    spacing_mm
        Pixel size of listed images whose files do not say it.
    """

    kind: Literal["cephalometric", "mouse-skull", "list"]
    root: str = ""
    spacing_mm: float | None = Field(default=None, gt=0)


class NormalisationConfig(_Strict):
    """How intensities are normalised inside the model (see `core.method.normalisation.Normalisation`)."""

    kind: Literal["equalize", "window", "zscore", "foreground", "none"]
    low: float = 0.0
    high: float = 1.0


class AugmentationConfig(_Strict):
    """Random changes that keep image and landmarks consistent. Zero switches each off; the paper uses none.

    Attributes
    ----------
    rotation_deg, scale, aspect, translation_mm
        Uniform in ``[-x, x]``; scale is the logarithm of the factor, so 0.15 means 0.86 to 1.16, and aspect that of a further
        factor for each axis by itself, their product 1.
    elastic_mm, elastic_grid_mm
        Standard deviation of the displacements of control points, and the distance between these.
    mirror
        Mirror every second crop; the landmarks' scheme says which becomes which.
    contrast, brightness, gamma, noise
        Strengths in units of the normalised intensity's standard deviation; drawn anew for every crop.
    sharpness
        How much of the fine detail (what a blur over some three samples takes away) is added or removed at most, as a
        share of it: other scanners blur and sharpen otherwise.
    """

    rotation_deg: float = Field(default=0.0, ge=0, le=180)
    scale: float = Field(default=0.0, ge=0, lt=1)
    aspect: float = Field(default=0.0, ge=0, lt=1)
    translation_mm: float = Field(default=0.0, ge=0)
    elastic_mm: float = Field(default=0.0, ge=0)
    elastic_grid_mm: float = Field(default=40.0, gt=0)
    mirror: bool = False
    contrast: float = Field(default=0.0, ge=0, lt=1)
    brightness: float = Field(default=0.0, ge=0)
    gamma: float = Field(default=0.0, ge=0, lt=1)
    noise: float = Field(default=0.0, ge=0)
    sharpness: float = Field(default=0.0, ge=0, le=1)


class OptimisationConfig(_Strict):
    """How one stage is trained.

    Attributes
    ----------
    iterations, batch
        Optimisation steps, and images per step, over all processes and accumulated parts together. No steps keep a stage as
        it is in the model that the training goes on from.
    accumulate
        Parts that a process learns its share of a batch in, one after the other, where the whole does not fit its device's
        memory. Gradients are those of the whole batch, but batch normalisation sees each part by itself.
    learning_rate, schedule
        Adam's rate: constant as in the paper, or one warm-up and cosine descent to zero, which needs fewer iterations.
    weight_decay
        Decoupled (AdamW) where above zero.
    average_decay
        Decay of the exponential moving average of the weights that is validated and kept, less in the first iterations, see
        `core.learning.session.average_decay`; 0 keeps the raw weights.
    validate_every
        Iterations between validations; the weights with the lowest mean radial error are kept.
    normalise_by
        ``"batch"``: batch normalisation uses the mean and variance of each batch, as usual; ``"running"``: those that the
        weights started with, which stay as they are. For going on from a model with few cases.
    learns
        ``"all"`` layers, or only the ``"heads"``: what all landmarks share stays as it is in the model that the training goes on
        from, and with it what the landmarks found whose definition has not changed.
    regression_weight, classification_weight
        Weights of the mean absolute error of the displacements, and of the cross-entropy.
    vote_weight
        Weight of a third term, ``log10(1 + radial error)`` of the voted position in samples; 0 in the paper.
    """

    iterations: int = Field(ge=0)
    batch: int = Field(default=4, gt=0)
    accumulate: int = Field(default=1, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    schedule: Literal["constant", "one-cycle"] = "constant"
    weight_decay: float = Field(default=0.0, ge=0)
    average_decay: float = Field(default=0.0, ge=0, lt=1)
    validate_every: int = Field(default=10_000, gt=0)
    normalise_by: Literal["batch", "running"] = "batch"
    learns: Literal["all", "heads"] = "all"
    regression_weight: float = Field(default=1.0, ge=0)
    classification_weight: float = Field(default=1.0, ge=0)
    vote_weight: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _in_equal_parts(self) -> "OptimisationConfig":
        if self.batch % self.accumulate:
            raise ValueError(f"a batch of {self.batch} does not divide into {self.accumulate} equal parts")
        return self


class _StageConfig(_Strict):
    """What every stage has.

    Attributes
    ----------
    spacing_mm
        Spacing at which the stage analyses the image.
    regression
        What the displacements are learnt as: log-transformed (the paper's method), as they are, or not at all; without
        them each patch votes for its own centre.
    classification
        Whether the network learns which patches hold a landmark; without it all patches vote alike.
    posterior
        Whether each patch's posterior is learnt by itself, by a sigmoid as in the paper, or those of all patches of a landmark
        together, by a soft-max.
    label_patches
        With a soft-max, the standard deviation of the Gaussian of labels around a landmark, in patches; 0 labels the patch that
        holds it, as in the paper.
    nearness_patches
        Standard deviation, in patches, of the Gaussian around a landmark that weighs the displacements' errors; 0 weighs all
        alike, as in the paper.
    voting, voting_count, voting_threshold
        With which weight the patches vote, see `core.method.voting.vote_weights`; the training does not depend on it unless the
        vote itself is taught (``vote_weight``), which always weighs by the posterior.
    dropout
        Share of the feature maps before the heads that each training step silences, against learning few images by heart.
    """

    spacing_mm: float = Field(gt=0)
    regression: Literal["log", "linear", "off"] = "log"
    classification: bool = True
    posterior: Literal["sigmoid", "soft-max"] = "sigmoid"
    label_patches: float = Field(default=0.0, ge=0)
    nearness_patches: float = Field(default=0.0, ge=0)
    voting: Literal["posterior", "uniform", "top-k", "threshold", "arg-max"] = "posterior"
    voting_count: int = Field(default=16, gt=0)
    voting_threshold: float = Field(default=0.5, gt=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    optimisation: OptimisationConfig
    augmentation: AugmentationConfig = AugmentationConfig()

    @model_validator(mode="after")
    def _learns_something(self) -> "_StageConfig":
        if self.regression == "off" and not self.classification:
            raise ValueError("a stage needs regression, classification or both")
        if self.label_patches and self.posterior != "soft-max":
            raise ValueError('label_patches needs posterior = "soft-max"')
        return self


class GlobalStageConfig(_StageConfig):
    """A stage that sees the whole image: spacing, network, crops and optimisation.

    Attributes
    ----------
    network
        ``"encoder"``: the paper's, see `core.method.networks.GlobalNetwork`; ``"encoder-decoder"``: one of fine patches that
        know the whole, see `core.method.encoder_decoder.EncoderDecoderNetwork`.
    stem_channels, channels, pairs, pool_before, head_channels
        The network's layers; ``pool_before`` is the encoder's alone. The defaults are the paper's.
    context_pairs, decoder_channels
        Layers of the encoder and decoder alone.
    crop
        Side(s) of the randomly placed crops in samples at ``spacing_mm``, the paper's sub-images; ``sub_image`` in older
        configurations. What is left at the far end and fills no whole patch of the network's stride has no answer of its own.
    any_pose
        For objects that lie in any pose: the image is analysed in every orientation along its axes, and the network is trained
        around the pose of the mean shape. ``rotation_deg`` should be some degrees above 63, the furthest that an
        object can be from the nearest of 24 orientations.
    """

    network: Literal["encoder", "encoder-decoder"] = "encoder"
    crop: tuple[int, ...] = Field(min_length=1, max_length=3)
    stem_channels: int = Field(default=16, gt=0)
    channels: tuple[int, ...] = (32, 64, 128, 256)
    pairs: tuple[int, ...] = (3, 4, 6, 3)
    pool_before: tuple[bool, ...] | None = None
    head_channels: int = Field(default=256, gt=0)
    context_pairs: int = Field(default=1, ge=0)
    decoder_channels: int = Field(default=64, gt=0)
    any_pose: bool = False

    @model_validator(mode="before")
    @classmethod
    def _as_once_named(cls, raw: Any) -> Any:
        """Take configurations and checkpoints from when ``crop`` was called ``sub_image``."""
        if isinstance(raw, dict) and "sub_image" in raw and "crop" not in raw:
            return {"crop" if key == "sub_image" else key: value for key, value in raw.items()}
        return raw

    @model_validator(mode="after")
    def _one_entry_per_block(self) -> "GlobalStageConfig":
        if len(self.channels) != len(self.pairs) or len(self.pool_before or self.pairs) != len(self.pairs):
            raise ValueError("channels, pairs and pool_before each need one entry per ResNet-block")
        if self.network == "encoder-decoder" and (self.pool_before is not None or self.regression == "log"):
            raise ValueError('network = "encoder-decoder" needs regression = "linear" or "off", and no pool_before')
        return self

    def stride(self, ndim: int) -> int:
        """Return the side of the network's patches in samples."""
        if self.network == "encoder-decoder":
            return 4
        count = len(self.pairs)
        pools = count if ndim == 2 else min(2, count)
        return int(2 ** (1 + (pools if self.pool_before is None else sum(self.pool_before))))


class LocalStageConfig(_StageConfig):
    """One local stage: spacing, networks (see `core.method.networks.LocalNetwork`), crops and optimisation.

    Attributes
    ----------
    crop
        Side of the crops in samples, or ``"auto"``: chosen from the validation errors of the stage before.
    crop_quantile
        Share of those errors, per axis, that an automatic crop holds with a quarter to spare.
    passes
        How often the stage runs around its own estimate.
    pose
        Whether the stage sees the object in the pose of the mean shape, fitted to the estimate of the stage before. For
        objects that lie in any pose; ``rotation_deg`` of the augmentation then stands for the error of the fit.
    reach_mm
        With ``pose``, how far from the fitted mean shape a crop may be centred.
    placement
        Where the landmark falls in a training crop: ``"uniform"`` anywhere, as in the paper, or ``"centred"``:
        anywhere, but more often near the middle, as it will be met in later passes.
    """

    crop: int | Literal["auto"] = "auto"
    crop_quantile: float = Field(default=0.99, gt=0, le=1)
    passes: int = Field(default=1, gt=0)
    pose: bool = False
    reach_mm: float = Field(default=2.0, gt=0)
    placement: Literal["uniform", "centred"] = "uniform"
    channels: tuple[int, ...] = (32, 64)
    pairs: tuple[int, ...] = (1, 1)
    head_channels: int = Field(default=64, gt=0)
    shared_trunk: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> "LocalStageConfig":
        if len(self.channels) != len(self.pairs):
            raise ValueError("channels and pairs each need one entry per ResNet-block")
        stride = 2 ** (len(self.channels) - 1)
        if self.crop != "auto" and (self.crop <= 0 or self.crop % stride):
            raise ValueError(f"crop must be a positive multiple of the network's stride, {stride}")
        return self


StageConfig = GlobalStageConfig | LocalStageConfig


class CardConfig(_Strict):
    """What the model's metadata says in words."""

    modality: str
    training_data: str = ""
    licence: str = ""
    intended_use: str = ""


def _both_ways(pair: tuple[str, str]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return a pair of partners as each of them sees it."""
    first, second = pair
    return pair, (second, first)


class TrainingConfig(_Strict):
    """Everything one training needs.

    Attributes
    ----------
    landmarks
        Name of a scheme in ``assets/schemes``, or the names themselves in order.
    mirrored
        With plain names, pairs of landmarks that become each other in a mirror; one in the midline becomes itself. A scheme says
        it by itself.
    precision
        ``"auto"`` takes bfloat16 mixed precision where the processor computes with it, else float32.
    answer
        Whose votes make the position: those of the last stage, as in the paper, or of all local stages together.
    """

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1)
    version: str = "1.0"
    ndim: Literal[2, 3]
    landmarks: str | tuple[str, ...]
    mirrored: tuple[tuple[str, str], ...] = ()
    seed: int = 0
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    answer: Literal["last", "joint"] = "last"
    data: DataConfig
    normalisation: NormalisationConfig
    card: CardConfig
    global_stage: GlobalStageConfig
    local_stages: tuple[LocalStageConfig, ...] = ()

    @model_validator(mode="after")
    def _crop_fits(self) -> "TrainingConfig":
        sides = self.global_crop
        stride = self.global_stage.stride(self.ndim)
        if len(sides) != self.ndim or min(sides) < stride:
            raise ValueError(
                f"crop of the global stage needs {self.ndim} sides, each at least the network's stride, {stride}"
            )
        return self

    @model_validator(mode="after")
    def _mirrors_what_it_names(self) -> "TrainingConfig":
        if not self.mirrored:
            return self
        if isinstance(self.landmarks, str):
            raise ValueError("mirrored goes with a list of names; a scheme says it by itself")
        partners: dict[str, str] = {}
        for pair in self.mirrored:
            for name, partner in _both_ways(pair):
                if name not in self.landmarks:
                    raise ValueError(f"mirrored names {name}, which is none of the landmarks")
                if partners.setdefault(name, partner) != partner:
                    raise ValueError(f"mirrored gives {name} two partners")
        return self

    @property
    def global_crop(self) -> tuple[int, ...]:
        """Sides of the global stage's crops, one per axis."""
        sides = self.global_stage.crop
        return sides * self.ndim if len(sides) == 1 else sides

    def in_mean_pose(self, number: int) -> bool:
        """Tell whether a stage's network sees the object in the pose of the mean shape."""
        return self.local_stages[number - 1].pose if number else self.global_stage.any_pose

    def stage(self, number: int) -> StageConfig:
        """Return the settings of a stage; 0 is the global one."""
        return self.local_stages[number - 1] if number else self.global_stage


def parse_config(text: str, name: str) -> TrainingConfig:
    """Check a configuration; `ConfigError` says what is wrong with the file called ``name``."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.", "Mend that line.") from error
    try:
        return TrainingConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(
            f"{name} is not a valid training configuration ({first_complaint(error)}).",
            "Compare it with the presets in training/presets.",
        ) from error


def read_config(path: Path | str) -> tuple[TrainingConfig, str]:
    """Read a configuration; return it with the file's text.

    Raises
    ------
    ConfigError
        The file is missing, not TOML, has a misspelt key or a value out of range.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration file {path}.", "Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} cannot be read.", "Check that it is a text file.") from error
    return parse_config(text, path.name), text


def format_config(config: TrainingConfig) -> str:
    """Return a configuration that a program derived from a person's as TOML text, which `parse_config` reads back unchanged."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def landmark_names(config: TrainingConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and abbreviations of the configuration's landmarks; no abbreviations for a plain list of names.

    Raises
    ------
    ConfigError
        The configuration names a scheme that is not there, or is wrong.
    """
    if isinstance(config.landmarks, str):
        scheme = read_scheme(config.landmarks)
        return scheme.names, scheme.abbreviations
    return config.landmarks, ()


def mirror_partners(config: TrainingConfig) -> tuple[int, ...]:
    """Return the row of the landmark that each becomes in a mirror, -1 where there is none or nobody has said it."""
    if isinstance(config.landmarks, str):
        return read_scheme(config.landmarks).mirrored
    partners = {name: partner for pair in config.mirrored for name, partner in _both_ways(pair)}
    rows = {name: row for row, name in enumerate(config.landmarks)}
    return tuple(rows[partners[name]] if name in partners else -1 for name in config.landmarks)


def config_sha256(text: str) -> str:
    """Return the digest that ties a model to its configuration."""
    return hashlib.sha256(text.encode()).hexdigest()
