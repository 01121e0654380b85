"""Model files that can go on learning: their configuration and weights as they were trained, put in and read.

The network in a model file has its normalisation folded into its convolutions. Beside it lie what normalisation learnt and a
record of what is where; from both come the weights as they were, so that a file hardly grows. Runs no code of a model file:
tensors are read with ``weights_only=True`` and as plain numbers, within bounds.
"""

import copy
import io
import pickle
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.base.errors import ConfigError, ModelFileError
from core.base.files import sha256_of
from core.learning.building import Weights, build_network
from core.learning.checkpoints import TrainingState
from core.learning.configuration import GlobalStageConfig, TrainingConfig, landmark_names, parse_config
from core.method.layers import fold_normalisation, normalised_layers
from core.models.archive import DAMAGED, add_extras, read_extra, read_records, record_sizes
from core.models.learning_record import RECORD_NAME, WEIGHTS_NAME, LearningRecord, Lineage, read_learning_record
from core.models.metadata import ModelInfo, read_model_info

RECOVERED_WITHIN = 1e-6
"""Weights are recovered from the network in the file where that changes them by no more than this share of the largest."""

_UNREADABLE = (*DAMAGED, AttributeError, LookupError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile)
"""What torch raises on files of tensors that are damaged or hold something else."""


@dataclass(frozen=True, eq=False)
class TrainableModel:
    """What a model file holds for going on learning.

    Attributes
    ----------
    path, sha256
        The file and the digest of its bytes: the parent of what goes on from it.
    info
        Its metadata.
    config_text, config
        The configuration that it was trained with.
    landmarks
        Names in order.
    finished
        Weights of each of its stages, as `core.learning.checkpoints.TrainingState` holds them.
    crops, shape_mm, offsets_mm, presence_threshold, errors_mm
        As in `core.learning.checkpoints.TrainingState`; no errors where nobody knows them.
    shares
        ``[stage][landmark]`` how much each stage counts in its answer; empty for what the configuration says.
    lineage
        Where the model itself came from.
    learnt
        Marks of the images that it has learnt from, see `core.models.learning_record.mark_of`; empty where nobody knows.
    """

    path: Path
    sha256: str
    info: ModelInfo
    config_text: str
    config: TrainingConfig
    landmarks: tuple[str, ...]
    finished: tuple[Weights, ...]
    crops: tuple[int, ...]
    shape_mm: list[list[float]] | None
    offsets_mm: list[list[float]]
    presence_threshold: float
    errors_mm: list[list[list[float]]]
    shares: tuple[tuple[float, ...], ...]
    lineage: Lineage
    learnt: frozenset[str] = frozenset()

    def begun(self, config_text: str, config: TrainingConfig) -> TrainingState:
        """Return the state of a training of ``config`` that starts from this model.

        The mean shape is the model's, and so are the crops that the configuration lets be chosen: its networks know these.

        Raises
        ------
        ConfigError
            The configuration is for other landmarks, or has fewer stages.
        """
        wanted = landmark_names(config)[0]
        if wanted != self.landmarks:
            raise ConfigError(
                f"{self.info.title} finds other landmarks than those to learn ({_difference(wanted, self.landmarks)}).",
                "Go on from a model of the same landmarks in the same order, or learn from scratch.",
            )
        if config.ndim != self.config.ndim or len(config.local_stages) + 1 < len(self.finished):
            raise ConfigError(
                f"{self.info.title} has other stages than the configuration.",
                "Take the model's own configuration, with other iterations and rates where these are wanted.",
            )
        return TrainingState(
            config_text,
            list(wanted),
            crops=[
                crop if local.crop == "auto" else local.crop
                for crop, local in zip(self.crops, config.local_stages, strict=False)
            ],
            shape_mm=self.shape_mm,
            offsets_mm=self.offsets_mm,
            initial=list(self.finished),
            parent_sha256=self.sha256,
            parent=self.info.title,
        )


def _difference(wanted: Sequence[str], there: Sequence[str]) -> str:
    """Say in a few words how lists of landmarks differ."""
    missing = [name for name in wanted if name not in there]
    left = [name for name in there if name not in wanted]
    if missing:
        return f"it lacks {', '.join(missing[:3])}" + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    if left:
        return f"it has {', '.join(left[:3])}" + (f" and {len(left) - 3} more" if len(left) > 3 else "") + " too"
    return "they come in another order"


def add_learning(
    path: Path,
    config: TrainingConfig,
    stages: Sequence[Weights],
    record: LearningRecord,
    folded: Sequence[Weights] | None = None,
) -> None:
    """Put what going on needs into the model file ``path``, whose own members keep their bytes.

    Parameters
    ----------
    path
        A file that `core.models.export` wrote of these very stages.
    config
        The configuration of ``record``.
    stages
        Weights of each stage as they were trained.
    record
        What else is known; its ``records`` are found here.
    folded
        Weights of each stage's network in the file, where they are not to the bit what folding gives.

    Raises
    ------
    ModelFileError
        The file holds such things already, or cannot be read or written.
    """
    try:
        where, landmarks = _records_by_content(path), len(landmark_names(config)[0])
        found = [
            _parted(_Layout(config, stage, landmarks), weights, folded[stage] if folded else None, where)
            for stage, weights in enumerate(stages)
        ]
        record = record.model_copy(update={"records": tuple(records for records, _ in found)})
        buffer = io.BytesIO()
        torch.save([rest for _, rest in found], buffer)
        text = record.model_dump_json().encode()
        add_extras(path, {RECORD_NAME: text, WEIGHTS_NAME: buffer.getvalue()})
    except DAMAGED as error:
        raise ModelFileError(
            f"What {path.name} needs for going on learning cannot be put into it.",
            "Check that it is a model file that has nothing of the kind, and that there is room on the disk.",
        ) from error


def read_trainable(path: Path | str) -> TrainableModel:
    """Read what a model file holds for going on learning.

    Raises
    ------
    ModelFileError
        The file is missing, damaged or foreign, or it cannot go on learning, since it was made without what that needs.
    """
    path = Path(path)
    info = read_model_info(path)
    record = read_learning_record(path)
    if record is None:
        raise ModelFileError(
            f"{info.title} cannot go on learning, since its file {path.name} does not hold how it was trained.",
            "It was made by an older version of Cairn: export it again from its training, or learn from scratch.",
        )
    try:
        config = parse_config(record.config_text, f"the configuration in {path.name}")
        landmarks = landmark_names(config)[0]
    except ConfigError as error:
        raise ModelFileError(f"{info.title} cannot go on learning: {error.message}", error.hint) from error
    offsets = [config.ndim] * len(landmarks) if record.offsets_mm else []
    unfit = len(record.records) != len(info.stages) or [len(offset) for offset in record.offsets_mm] != offsets
    if landmarks != info.landmarks or config.ndim != info.ndim or unfit:
        raise _unfit(path)
    try:
        finished = _finished(path, config, record, len(landmarks))
    except _UNREADABLE as error:
        raise _unfit(path) from error
    return TrainableModel(
        path=path,
        sha256=sha256_of(path),
        info=info,
        config_text=record.config_text,
        config=config,
        landmarks=landmarks,
        finished=finished,
        crops=record.crops,
        shape_mm=None if record.shape_mm is None else [list(point) for point in record.shape_mm],
        offsets_mm=[list(offset) for offset in record.offsets_mm],
        presence_threshold=record.presence_threshold,
        errors_mm=[[[float("nan") if e is None else e for e in case] for case in stage] for stage in record.errors_mm],
        shares=record.shares,
        lineage=record.lineage,
        learnt=frozenset(record.learnt),
    )


def _unfit(path: Path) -> ModelFileError:
    return ModelFileError(
        f"{path.name} cannot go on learning: what it holds for that is damaged or belongs to another network.",
        "Copy or export the file again.",
    )


def _records_by_content(path: Path) -> dict[bytes, str]:
    """Return the records of tensors in an archive by the digest of their bytes."""
    sizes = {name: size for name, size in record_sizes(path).items() if name.startswith(("data/", "constants/"))}
    return {sha256(content).digest(): name for name, content in read_records(path, sizes).items()}


def _parted(
    layout: "_Layout", weights: Weights, folded: Weights | None, where: Mapping[bytes, str]
) -> tuple[dict[str, str], Weights]:
    """Part a stage's weights into those that a record of the archive gives, and the rest."""
    folded = folded or layout.folded(weights)
    records: dict[str, str] = {}
    rest = dict(weights)
    for key, (source, _) in layout.sources.items():
        name = where.get(sha256(folded[source].contiguous().numpy().tobytes()).digest())
        if name is None:
            continue
        recovered = layout.recovered(key, folded[source], weights)
        if float((recovered - weights[key]).abs().max()) <= RECOVERED_WITHIN * float(weights[key].abs().max()):
            records[key] = name
            del rest[key]
    return records, {key: value.contiguous().clone() for key, value in rest.items()}


class _Layout:
    """Which weights a stage's network has, and which of them come from which of the folded ones.

    Made without memory for weights, so that a foreign configuration costs nothing.

    Attributes
    ----------
    shapes
        Shape and type of every weight.
    sources
        For each weight that the folded network holds, by itself or scaled: that one's name, and the name of the normalisation
        after it, empty where there is none.
    """

    def __init__(self, config: TrainingConfig, stage: int, landmarks: int) -> None:
        self._config, self._stage, self._landmarks = config, stage, landmarks
        with torch.device("meta"):
            network = build_network(config, stage, landmarks)
        self.shapes = {key: (tuple(value.shape), value.dtype) for key, value in network.state_dict().items()}
        names = set(normalised_layers(network))
        self.epsilons: dict[str, float] = {}
        self.sources: dict[str, tuple[str, str]] = {}
        for name, part in network.named_modules():
            parent, _, own = name.rpartition(".")
            if isinstance(part, (nn.Conv2d, nn.Conv3d)) and parent in names and own == "0":
                normalisation = f"{parent}.1"
                self.epsilons[normalisation] = float(network.get_submodule(normalisation).eps)  # type: ignore[arg-type]
                self.sources[f"{name}.weight"] = (f"{parent}.weight", normalisation)
            elif isinstance(part, (nn.Conv2d, nn.Conv3d)):
                self.sources |= {f"{name}.{key}": (f"{name}.{key}", "") for key, _ in part.named_parameters()}

    def folded(self, weights: Weights) -> Weights:
        """Return the weights of the network with its normalisation folded, as export does it."""
        network = build_network(self._config, self._stage, self._landmarks, weights).eval()
        folded = copy.deepcopy(network)
        fold_normalisation(folded)
        return {key: value.detach() for key, value in folded.state_dict().items()}

    def recovered(self, key: str, folded: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        """Return a weight from the ``folded`` one, and from what its normalisation learnt, which is among ``weights``."""
        normalisation = self.sources[key][1]
        if not normalisation:
            return folded
        variance = weights[f"{normalisation}.running_var"].double()
        scale = weights[f"{normalisation}.weight"].double() / (variance + self.epsilons[normalisation]).sqrt()
        return (folded.double() / scale.reshape(-1, *[1] * (folded.dim() - 1))).float()


def _finished(path: Path, config: TrainingConfig, record: LearningRecord, landmarks: int) -> tuple[Weights, ...]:
    """Return the weights of all stages; one of `_UNREADABLE` where something is not as it must be."""
    parts = _read_weights(path)
    if len(parts) != len(record.records):
        raise ValueError("other stages")
    for stage, part in enumerate(parts):
        settings = config.stage(stage)
        more = settings.context_pairs if isinstance(settings, GlobalStageConfig) else 0
        if sum(settings.pairs) + more > len(part):  # before a network is built that has no end
            raise ValueError("more layers than weights")
    layouts = [_Layout(config, stage, landmarks) for stage in range(len(parts))]
    return tuple(
        _joined(path, layout, records, part)
        for layout, records, part in zip(layouts, record.records, parts, strict=True)
    )


def _read_weights(path: Path) -> list[dict[str, Tensor]]:
    """Return the weights that lie in the file themselves, stage by stage, unchecked but for what they are."""
    content = read_extra(path, WEIGHTS_NAME, path.stat().st_size) or b""
    with zipfile.ZipFile(io.BytesIO(content)) as inner:  # torch writes nothing compressed: no more than what was read
        members = inner.infolist()
        if any(item.compress_type for item in members) or sum(item.file_size for item in members) > len(content):
            raise ValueError("compressed tensors")
    parts: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise TypeError("no list of weights")
    return parts


def _joined(path: Path, layout: _Layout, records: Mapping[str, str], part: Mapping[str, Any]) -> Weights:
    """Return a stage's weights from what lies in the file and what its network gives."""
    if records.keys() | part.keys() != layout.shapes.keys() or records.keys() & part.keys():
        raise ValueError("other weights")
    for key, value in part.items():
        if not _is_sound(value, *layout.shapes[key]):
            raise ValueError(f"unsound {key}")
    sizes = {records[key]: 4 * int(np.prod(layout.shapes[key][0], dtype=object)) for key in records}
    contents = read_records(path, sizes)
    weights = {key: value.clone() for key, value in part.items()}
    for key, name in records.items():
        numbers = torch.from_numpy(np.frombuffer(contents[name], dtype="<f4").copy())
        weights[key] = layout.recovered(key, numbers.reshape(layout.shapes[key][0]), part)
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise ValueError("weights that are no numbers")
    return {key: weights[key] for key in layout.shapes}


def _is_sound(value: Any, shape: Iterable[int], dtype: torch.dtype) -> bool:
    """Tell whether something from a file is a plain tensor of this shape that has its numbers in memory."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.dtype == dtype
        and tuple(value.shape) == tuple(shape)
        and value.is_contiguous()
    )
