"""Giving a model file that was exported without them the weights with which it can go on learning.

Its networks say what the convolutions are; what normalisation did is chosen anew from training images, see
`core/learning/unfolding.py`. The networks in the file keep their bytes, so the model answers as before. Trains nothing.
"""

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.base.errors import ConfigError, ModelFileError
from core.base.files import reason_of, written_whole
from core.learning.batches import batch_maker
from core.learning.building import Weights, build_normalisation, stage_infos
from core.learning.cases import Case
from core.learning.checkpoints import TrainingState
from core.learning.configuration import TrainingConfig, landmark_names, read_config
from core.learning.model_export import learning_record, localizer_of, parity_inputs
from core.learning.prepared_cases import prepare_cases, stage_cases
from core.learning.sampling import Batch
from core.learning.trainable import add_learning, read_trainable
from core.learning.unfolding import unfold
from core.models.export import TOLERANCE_MM
from core.models.file import Model, load_model
from core.models.learning_record import Lineage, read_learning_record
from training.datasets.reading import cases_of

MOST_CASES = 40
"""So many training cases, spread over all of them, say enough of what networks meet."""
BATCHES = 32


@dataclass(frozen=True)
class Unfolded:
    """What was done.

    Attributes
    ----------
    cases
        How many training cases were looked at.
    difference_mm
        How far, at most, the answers of the weights to go on from are from the model's, on the checked images.
    """

    cases: int
    difference_mm: float


def unfold_model(
    model_path: Path,
    config_path: Path,
    out: Path,
    data: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Unfolded:
    """Write ``out``: the model with what it needs to go on learning.

    Parameters
    ----------
    model_path, config_path
        The model file, and the configuration that it was trained with.
    out
        May be the model file itself.
    data
        The configuration's data set, instead of its own.
    progress
        Hears how many of how many batches and images are done.

    Raises
    ------
    ConfigError
        The configuration is wrong or another model's.
    ModelFileError
        The model can go on already, is damaged, or cannot be written; or the weights would give other answers.
    """
    config, text = read_config(config_path)
    model = load_model(model_path)
    if read_learning_record(model_path) is not None:
        raise ModelFileError(f"{model.info.title} can go on learning already.", "Nothing is left to do.")
    state = _state_of(model, config, text, config_path.name)
    train = cases_of(config, "train", config_path.parent, data)
    chosen = [train[int(n)] for n in np.linspace(0, len(train) - 1, min(MOST_CASES, len(train))).round()]
    checked = cases_of(config, "validation", config_path.parent, data)
    stages = len(model.info.stages)
    total = len(chosen) + stages * BATCHES
    count = itertools.count(1)

    def done() -> None:
        number = next(count)
        if progress is not None:
            progress(number, total)

    prepared = prepare_cases(chosen, build_normalisation(config), lambda *_: done())
    for stage in range(stages):
        cases = stage_cases(config, stage, prepared, state.shape_mm)
        crop = state.crops[stage - 1] if stage else 0
        items = range(config.stage(stage).optimisation.batch)
        make = batch_maker(config, stage, cases, items, crop, state.shape_mm)
        folded = _folded_weights(model, stage)
        try:
            state.finished.append(unfold(config, stage, len(state.landmarks), folded, _batches(make, done)))
        except RuntimeError as error:
            raise _other_model(config_path.name, model, f"another network in stage {stage + 1}") from error
    difference_mm = _difference_mm(model, state, config, checked, config_path.name)
    _write(model, state, config, out, len(train))
    return Unfolded(len(chosen), difference_mm)


def _batches(make: Callable[[int], Batch], done: Callable[[], None]) -> Iterator[Batch]:
    for number in range(BATCHES):
        yield make(number)
        done()


def _other_model(name: str, model: Model, what: str) -> ConfigError:
    return ConfigError(
        f"{name} is not the configuration of {model.info.title}: it has {what}.",
        "Give the one that the model was trained with.",
    )


def _state_of(model: Model, config: TrainingConfig, text: str, name: str) -> TrainingState:
    """Return what the model says of its training; refuse a configuration that says something else."""
    info, module = model.info, model.module
    names = landmark_names(config)[0]
    if names != info.landmarks or config.ndim != info.ndim:
        raise _other_model(name, model, "other landmarks")
    if len(config.local_stages) + 1 != len(info.stages):
        raise _other_model(name, model, f"{len(config.local_stages) + 1} stages instead of {len(info.stages)}")
    crops = [int(crop) for crop in module.crops]
    if any(local.crop not in ("auto", crop) for local, crop in zip(config.local_stages, crops, strict=True)):
        raise _other_model(name, model, "other crops")
    return TrainingState(
        text,
        list(names),
        stage=len(info.stages),
        crops=crops,
        shape_mm=module.shape_mm.tolist() if module.shape_mm.numel() else None,
        presence_threshold=info.presence_threshold,
    )


def _folded_weights(model: Model, stage: int) -> Weights:
    """Return the weights of one of the networks in the file."""
    network = f"local_networks.{stage - 1}." if stage else "global_network."
    weights: dict[str, Tensor] = model.module.state_dict()
    return {key.removeprefix(network): value.detach() for key, value in weights.items() if key.startswith(network)}


def _difference_mm(
    model: Model, state: TrainingState, config: TrainingConfig, cases: Sequence[Case], name: str
) -> float:
    """Return how far the answers of the weights are from the model's; refuse another answer."""
    localizer = localizer_of(state, config, shares=_shares(model))
    if stage_infos(localizer) != model.info.stages or config.normalisation.kind != model.info.normalisation:
        raise _other_model(name, model, "other stages")
    worst_mm = 0.0
    with torch.inference_mode():
        for voxels, spacing_mm in parity_inputs(cases):
            found, known = localizer(voxels, spacing_mm), model.module(voxels, spacing_mm)
            off_mm = (found.points_index - known.points_index) * spacing_mm
            worst_mm = max(worst_mm, float(off_mm.abs().max()))
    if not worst_mm <= TOLERANCE_MM:
        raise ModelFileError(
            f"The weights to go on from would answer {worst_mm:.2g} mm beside {model.info.title}.",
            "Check that the configuration is the one that the model was trained with.",
        )
    return worst_mm


def _shares(model: Model) -> list[list[float]]:
    """Return how much each stage counts in the model's answer; nothing where the configuration says it."""
    return getattr(model.module, "shares", [])


def _write(model: Model, state: TrainingState, config: TrainingConfig, out: Path, cases: int) -> None:
    """Copy the model file and put the weights into the copy."""
    record = learning_record(state, len(state.finished), _shares(model), Lineage(cases=cases))
    folded = [_folded_weights(model, stage) for stage in range(len(state.finished))]
    try:
        with written_whole(out) as temporary:
            shutil.copyfile(model.path, temporary)
            add_learning(temporary, config, state.finished, record, folded)
            read_trainable(temporary)
            load_model(temporary)
    except OSError as error:
        raise ModelFileError(
            f"The model file {out} cannot be written ({reason_of(error)}).", "Choose a folder you may write to."
        ) from error
