"""Turning a finished training into a model file: the networks, how sure they may be, and what training knows of them.

The parity check runs on validation images; see `core.models.export`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.base.errors import ConfigError
from core.geometry.canonical import to_canonical
from core.learning.building import build_localizer, build_network, build_normalisation, stage_infos
from core.learning.cases import Case, read_case_image
from core.learning.checkpoints import TrainingState, read_checkpoint
from core.learning.configuration import TrainingConfig, config_sha256, landmark_names, parse_config
from core.learning.conformal import Answers, FloatArray, calibrate, collect_answers
from core.learning.prepared_cases import PreparedCase, prepare_case
from core.learning.trainable import TrainableModel, add_learning
from core.method.localizer import Localizer
from core.models.export import export_localizer
from core.models.learning_record import LearningRecord, Lineage
from core.models.metadata import LandmarkError, ModelInfo

PARITY_CASES = 2
"""Validation images on which eager, scripted and reloaded model are compared."""


def localizer_of(
    state: TrainingState, config: TrainingConfig, stages: int | None = None, shares: Sequence[Sequence[float]] = ()
) -> Localizer:
    """Return the localizer of the first ``stages`` finished stages, all by default; ``shares`` as in `build_localizer`.

    Raises
    ------
    ConfigError
        Not even the global stage is finished, or the shares are those of other stages.
    """
    finished = state.finished[:stages]
    if not finished:
        raise ConfigError("This training has not finished its first stage.", "Continue it with --resume.")
    networks = [build_network(config, stage, len(state.landmarks), weights) for stage, weights in enumerate(finished)]
    if shares and len(shares) != len(networks):
        raise ConfigError(
            f"The stages' shares are those of {len(shares)} stages, the training has {len(networks)}.",
            "Take them from a cross-validation of the same configuration.",
        )
    crops = state.crops[: len(networks) - 1]
    return build_localizer(config, networks, crops, state.shape_mm, shares=shares, offsets_mm=state.offsets_mm)


def localizer_of_model(model: TrainableModel) -> Localizer:
    """Return the localizer of a model that learning goes on from, without its calibration: what it answered before."""
    networks = [
        build_network(model.config, stage, len(model.landmarks), weights)
        for stage, weights in enumerate(model.finished)
    ]
    return build_localizer(
        model.config, networks, model.crops, model.shape_mm, shares=model.shares, offsets_mm=model.offsets_mm
    )


def make_info(
    state: TrainingState,
    config: TrainingConfig,
    localizer: Localizer,
    training_spacing_mm: float,
    errors_mm: FloatArray,
    radii_mm: tuple[float, ...] = (),
) -> ModelInfo:
    """Return the metadata of a trained localizer.

    ``errors_mm`` are those on the validation cases ``(N, L)``, ``radii_mm`` as `core.learning.conformal.calibrate` gives them.
    """
    names, abbreviations = landmark_names(config)
    per_landmark = tuple(
        LandmarkError(name=name, median_mm=round(float(np.nanmedian(e)), 4), mean_mm=round(float(np.nanmean(e)), 4))
        for name, e in zip(names, errors_mm.T, strict=True)
        if np.isfinite(e).any()
    )
    return ModelInfo(
        name=config.name,
        version=config.version,
        ndim=config.ndim,
        modality=config.card.modality,
        landmarks=names,
        abbreviations=abbreviations,
        training_spacing_mm=training_spacing_mm,
        stages=stage_infos(localizer),
        normalisation=config.normalisation.kind,
        presence_threshold=state.presence_threshold,
        training_data=config.card.training_data,
        validation_errors=per_landmark,
        calibration_mm=radii_mm,
        licence=config.card.licence,
        intended_use=config.card.intended_use,
        config_sha256=config_sha256(state.config_text),
    )


def lineage_of(state: TrainingState, cases: int = 0) -> Lineage:
    """Return where a training's model comes from; ``cases`` is how many it learnt from."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Lineage(parent_sha256=state.parent_sha256, parent=state.parent, cases=cases, made=made)


def learning_record(
    state: TrainingState,
    stages: int,
    shares: Sequence[Sequence[float]],
    lineage: Lineage,
    learnt: Collection[str] = (),
) -> LearningRecord:
    """Return what a model of the first ``stages`` of a training says about its learning."""
    return LearningRecord.model_validate(
        {
            "config_text": state.config_text,
            "crops": state.crops[: stages - 1],
            "shape_mm": state.shape_mm,
            "offsets_mm": state.offsets_mm,
            "presence_threshold": state.presence_threshold,
            "errors_mm": [
                [[error if np.isfinite(error) else None for error in case] for case in stage]
                for stage in state.errors_mm[:stages]
            ],
            "shares": shares,
            "lineage": lineage,
            "learnt": sorted(learnt),
            "records": [{}] * stages,
        }
    )


def parity_inputs(cases: Sequence[Case]) -> list[tuple[Tensor, Tensor]]:
    """Return raw voxels and spacing of the first cases, as `core.models.export.export_localizer` takes them."""
    images = [to_canonical(read_case_image(case)) for case in cases[:PARITY_CASES]]
    return [
        (torch.from_numpy(image.voxels.astype("float32")), torch.tensor(image.grid.spacing_mm, dtype=torch.float32))
        for image in images
    ]


def export_run(
    folder: Path,
    path: Path,
    validation: Sequence[Case],
    stages: int | None = None,
    *,
    train: Sequence[Case] = (),
    shares: Sequence[Sequence[float]] = (),
    lineage: Lineage | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> float:
    """Export the training in ``folder`` to ``path``; return the largest difference of the parity check, mm.

    Parameters
    ----------
    folder
        The run folder.
    path
        The model file.
    validation
        The validation cases of the training.
    stages
        Export only so many, the global one included.
    train
        Its training cases. With them the model's radii are calibrated; without, the model gives none.
    shares
        ``[stage][landmark]`` how much each stage counts in the answer, see `core.learning.joining.fit_shares`.
    lineage
        Where the model came from, instead of what the training says of it.
    progress
        Hears how many of how many cases are analysed.

    Raises
    ------
    ConfigError
        There is no training in ``folder``, or it has not finished a stage.
    ModelFileError
        The parity check fails or the file cannot be written.
    """
    state = read_checkpoint(folder)
    config = parse_config(state.config_text, "the training's configuration")
    localizer = localizer_of(state, config, stages, shares)
    normalisation = build_normalisation(config)
    total = len(validation) + len(train)

    def prepared(cases: Sequence[Case], before: int) -> Iterator[PreparedCase]:
        for number, case in enumerate(cases, before + 1):
            yield prepare_case(case, normalisation)
            if progress is not None:  # the case has been analysed when the next one is asked for
                progress(number, total)

    found = collect_answers(localizer, prepared(validation, 0))
    learnt = collect_answers(localizer, prepared(train, len(validation))) if train else None
    lineage = lineage or lineage_of(state, len(train))
    return write_model(state, config, localizer, path, validation, found, learnt, shares=shares, lineage=lineage)


def write_model(
    state: TrainingState,
    config: TrainingConfig,
    localizer: Localizer,
    path: Path,
    validation: Sequence[Case],
    found: Answers,
    learnt: Answers | None,
    *,
    shares: Sequence[Sequence[float]] = (),
    lineage: Lineage,
    marks: Collection[str] = (),
) -> float:
    """Write a trained localizer as a model file; return the largest difference of the parity check, mm.

    Parameters
    ----------
    state, config
        The training, and its configuration.
    localizer
        Of its first stages; gets its calibration.
    path
        The model file.
    validation
        The validation cases.
    found, learnt
        Its answers on validation and training cases; without the latter the model gives no radii.
    shares, lineage
        As in `export_run`.
    marks
        Of the images that it has learnt from, see `core.models.learning_record.mark_of`.

    Raises
    ------
    ModelFileError
        The parity check fails or the file cannot be written.
    """
    inputs = parity_inputs(validation)
    spacing_mm = float(np.mean([spacing.mean() for _, spacing in inputs]))
    radii_mm: tuple[float, ...] = ()
    if learnt is not None:
        localizer.calibration, radii_mm = calibrate(learnt, found)
    info = make_info(state, config, localizer, round(spacing_mm, 6), found.errors_mm, radii_mm)
    known = learning_record(state, localizer.stage_count(), shares, lineage, marks)

    def complete(temporary: Path) -> None:
        add_learning(temporary, config, state.finished[: localizer.stage_count()], known)

    return export_localizer(localizer, info, path, inputs, complete)
