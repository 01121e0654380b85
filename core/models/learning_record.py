"""What a model file says about its learning: how it was trained, where it came from, where its weights lie.

Read without torch, as the metadata is, so that a person can be told whether a model can go on learning. The weights are
`core/learning/trainable.py`'s.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.base.complaints import first_complaint
from core.base.errors import ModelFileError
from core.models.archive import DAMAGED, TooLargeError, read_extra

RECORD_NAME = "learning.json"
"""Name of the record among the archive's extra files."""
WEIGHTS_NAME = "learning.pt"
"""Name of what the network in the file does not say of the weights, a file of `torch.save`, among the extra files."""

LARGEST_RECORD_BYTES = 16 << 20
"""A longer record is refused unread: that of a model with nineteen landmarks takes 20 kB."""

_Name = Annotated[str, Field(max_length=500)]


class _Strict(BaseModel):
    """Refuses unknown keys and changes after construction."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lineage(_Strict):
    """Where a model came from.

    Attributes
    ----------
    parent_sha256, parent
        SHA-256 and title of the model file that it went on from; empty where it was trained from nothing.
    cases
        How many cases it learnt from the last time, 0 where nobody said.
    minutes
        How long it learnt then, None where nobody said.
    made
        When the file was written, ISO 8601 with the zone; empty where nobody said.
    """

    parent_sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    parent: _Name = ""
    cases: int = Field(default=0, ge=0)
    minutes: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    made: str = Field(default="", max_length=40)


class LearningRecord(_Strict):
    """How a model was trained.

    Attributes
    ----------
    config_text
        Its configuration, TOML.
    crops
        Side of each local stage's crops, samples.
    shape_mm
        Mean shape ``[landmark][axis]`` along the array axes where a stage normalises the pose, mm.
    offsets_mm
        ``[landmark][axis]`` how far from where the networks know it each landmark is wanted, along the array axes, mm; empty
        where that is the same.
    presence_threshold
        Presence below which a landmark counts as absent.
    errors_mm
        Per stage, errors ``[case][landmark]`` on the validation cases, mm; None where absent. Empty where nobody knows.
    shares
        ``[stage][landmark]`` how much each stage counts in the answer; empty for what the configuration says.
    lineage
        Where the model came from.
    learnt
        Marks of the images that it, and the models before it, have learnt from, see `mark_of`; empty where nobody knows.
    records
        Per stage, where the weights of its convolutions lie in the archive: name of a weight to record, such as ``data/3``.
    """

    schema_version: Literal[1] = 1
    config_text: str
    crops: tuple[Annotated[int, Field(gt=0, le=4096)], ...] = ()
    shape_mm: tuple[tuple[float, ...], ...] | None = None
    offsets_mm: tuple[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], ...] = ()
    presence_threshold: float = Field(default=0.0, ge=0, le=1)
    errors_mm: tuple[tuple[tuple[float | None, ...], ...], ...] = ()
    shares: tuple[tuple[float, ...], ...] = ()
    lineage: Lineage = Lineage()
    learnt: tuple[Annotated[str, Field(pattern="^[0-9a-f]{16}$")], ...] = ()
    records: tuple[dict[_Name, _Name], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "LearningRecord":
        if len(self.crops) != len(self.records) - 1:
            raise ValueError("every stage but the first has crops")
        return self


def mark_of(sha256: str) -> str:
    """Return the mark of an image by the digest of its content.

    It tells whoever has an image whether a model has learnt from it, so that nobody checks a model with what it knows by heart;
    it tells nobody else anything.
    """
    return hashlib.sha256(f"learnt from {sha256}".encode()).hexdigest()[:16]


def read_learning_record(path: Path | str) -> LearningRecord | None:
    """Read how a model was trained, without running or loading any of its code; None where the file does not say.

    Raises
    ------
    ModelFileError
        The file is missing or damaged, or what it says is wrong.
    """
    path = Path(path)
    hint = "Copy or export the file again."
    try:
        text = read_extra(path, RECORD_NAME, LARGEST_RECORD_BYTES)
        return None if text is None else LearningRecord.model_validate_json(text)
    except FileNotFoundError as error:
        raise ModelFileError(f"There is no model file {path}.", "Check the path.") from error
    except TooLargeError as error:
        raise ModelFileError(f"What {path.name} says about its learning is larger than any model's.", hint) from error
    except ValidationError as error:
        raise ModelFileError(
            f"What {path.name} says about its learning is wrong ({first_complaint(error)}).", hint
        ) from error
    except DAMAGED as error:
        raise ModelFileError(f"{path.name} is not a model file, or it is damaged.", hint) from error
