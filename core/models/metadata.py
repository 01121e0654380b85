"""What a model file says about itself: the metadata that rides inside the TorchScript archive.

Reading it needs neither torch nor any code from the file, so a person can be shown where a model came from before it is
loaded. This module owns the schema and the reading; `core/models/file.py` loads the network.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.base.complaints import first_complaint
from core.base.errors import ModelFileError
from core.models.archive import DAMAGED, TooLargeError, read_extra

SCHEMA_VERSION = 3
METADATA_NAME = "cairn.json"
"""Name of the metadata among the archive's extra files."""

LARGEST_METADATA_BYTES = 16 << 20
"""Longer metadata is refused unread: that of a thousand landmarks takes 300 kB."""

COARSER_AT_MOST = 4.0
"""How many times coarser than its training images a model's images may be before it is doubted."""

Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    """Refuses unknown keys and changes after construction."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageInfo(_Strict):
    """Geometry of one stage.

    Attributes
    ----------
    spacing_mm
        Spacing at which the stage analyses the image, mm, the same along every axis.
    stride
        Patch size in samples at that spacing: a cell of the output covers ``stride`` samples per axis.
    offset
        Index of the first cell's centre, ``(stride - 1) / 2``.
    crop
        Side of the local crop in samples; None for the global stage, which sees the whole image.
    passes
        How often the stage runs, each time around its own estimate.
    pose
        Whether the stage is for objects in any pose: the global one looks in every orientation along the axes, a local one
        sees the object in its mean pose, which was fitted to the estimate of the stage before.
    """

    spacing_mm: Positive
    stride: int = Field(gt=0)
    offset: float
    crop: int | None = None
    passes: int = Field(default=1, gt=0)
    pose: bool = False


class LandmarkError(_Strict):
    """Radial errors of one landmark on the validation cases, mm."""

    name: str
    median_mm: float
    mean_mm: float


class ModelInfo(_Strict):
    """The metadata of a model file (DESIGN, section 2)."""

    schema_version: Literal[3] = 3
    name: str
    version: str
    ndim: Literal[2, 3]
    modality: str = Field(description="what the images are, in plain words, such as 'lateral cephalogram'")
    landmarks: tuple[str, ...] = Field(min_length=1)
    abbreviations: tuple[str, ...] = ()
    training_spacing_mm: Positive = Field(description="pixel size of the training images, used where an image has none")
    stages: tuple[StageInfo, ...] = Field(min_length=1)
    normalisation: Literal["equalize", "window", "zscore", "foreground", "none"]
    presence_threshold: float = Field(default=0.0, ge=0, le=1, description="a landmark below this presence is absent")
    training_data: str = ""
    validation_errors: tuple[LandmarkError, ...] = ()
    calibration_mm: tuple[float, ...] = Field(
        default=(),
        description="per landmark: median over the validation cases of the radius that is to hold the true position in 90 %",
    )
    licence: str = ""
    intended_use: str = ""
    config_sha256: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> "ModelInfo":
        count = len(self.landmarks)
        if len(set(self.landmarks)) != count:
            raise ValueError("landmark names must be unique")
        if self.abbreviations and len(self.abbreviations) != count:
            raise ValueError(f"{count} landmarks have {count} abbreviations, not {len(self.abbreviations)}")
        if self.calibration_mm and len(self.calibration_mm) != count:
            raise ValueError(f"{count} landmarks have {count} calibrated radii, not {len(self.calibration_mm)}")
        if self.stages[0].crop is not None or any(stage.crop is None for stage in self.stages[1:]):
            raise ValueError("the first stage is global (no crop), all others are local (with a crop)")
        return self

    @property
    def title(self) -> str:
        """Name and version, as shown to a person and written into files."""
        return f"{self.name} {self.version}"

    def usual_radii(self, *, in_px: bool = False) -> dict[str, float]:
        """Return how large the radius of each landmark is as a rule, mm; empty without calibration.

        With ``in_px`` in pixels of the training images, as radii are where an image does not know its pixel size.
        """
        unit_mm = self.training_spacing_mm if in_px else 1.0
        return {name: radius / unit_mm for name, radius in zip(self.landmarks, self.calibration_mm, strict=False)}

    def too_small(self, shape: Sequence[int], spacing_mm: Sequence[float]) -> str:
        """Say in one sentence why an image of this size can hold nothing for the model; empty where it can.

        What counts is its extent in mm, along every axis at least that of one patch of the global stage, and never the number of
        samples: a volume of ten thick slices may show all there is to see.

        Parameters
        ----------
        shape, spacing_mm
            Samples and spacing per axis, numpy order.
        """
        patch_mm = self.stages[0].stride * self.stages[0].spacing_mm
        extents_mm = [samples * step_mm for samples, step_mm in zip(shape, spacing_mm, strict=True)]
        if min(extents_mm) >= patch_mm:
            return ""
        size_px = " × ".join(str(samples) for samples in reversed(shape))
        size_mm = " × ".join(f"{extent:.3g}" for extent in reversed(extents_mm))
        return (
            f"The image is too small for {self.title}: {size_px} px are {size_mm} mm, "
            f"and a single patch of this model is {patch_mm:.3g} mm wide."
        )

    @property
    def assumed_spacing(self) -> str:
        """Say in one sentence what is taken for the pixel size of an image that does not know its own."""
        assumed = f"{self.training_spacing_mm:g} mm is assumed, as in the training images of {self.title}"
        return f"The image has no pixel size; {assumed}. Positions are given in px."

    def doubt_about(self, spacing_mm: Sequence[float]) -> str:
        """Say in one sentence why images of this spacing can hardly be what the model knows; empty where they can."""
        coarsest = max(spacing_mm)
        if coarsest <= COARSER_AT_MOST * self.training_spacing_mm:
            return ""
        return (
            f"The samples of this image are up to {coarsest:.3g} mm apart. {self.title} was trained on {self.modality} "
            f"at {self.training_spacing_mm:.3g} mm and is unlikely to find its landmarks here."
        )


def parse_model_info(text: str | bytes, path: Path) -> ModelInfo:
    """Check the metadata of the model file ``path``.

    Raises
    ------
    ModelFileError
        The metadata is missing, damaged or of a version that this program does not know.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"The model file {path.name} holds no readable Cairn metadata.",
            "Choose a .pt file exported by cairn-train.",
        ) from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        is_short = isinstance(version, int | float | str) and len(str(version)) < 20
        said = f"version {version}" if is_short else "an unknown version"
        raise ModelFileError(
            f"The model file {path.name} has metadata of {said}, but this program reads version {SCHEMA_VERSION}.",
            "Export the model again with a matching version of cairn-train, or update Cairn.",
        )
    try:
        return ModelInfo.model_validate(raw)
    except ValidationError as error:
        raise ModelFileError(
            f"The metadata of the model file {path.name} is wrong ({first_complaint(error)}).",
            "Export the model again with cairn-train.",
        ) from error
    except RecursionError as error:
        raise ModelFileError(
            f"The metadata of the model file {path.name} is nested too deeply.",
            "Export the model again with cairn-train.",
        ) from error


def read_model_info(path: Path | str) -> ModelInfo:
    """Read the metadata of a model file without running or loading any of its code.

    A file that has not changed since is not opened again. Whatever its bytes are, no more than `LARGEST_METADATA_BYTES` of them
    are unpacked.

    Raises
    ------
    ModelFileError
        The file is missing, is no TorchScript archive, or its metadata is missing or wrong.
    """
    path = Path(path)
    try:
        state = path.stat()
    except FileNotFoundError as error:
        raise ModelFileError(f"There is no model file {path}.", "Check the path.") from error
    except (OSError, ValueError) as error:
        raise _not_a_model(path) from error
    return _read_model_info(path.absolute(), state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=32)
def _read_model_info(path: Path, *_state_of_the_file: int) -> ModelInfo:
    try:
        text = read_extra(path, METADATA_NAME, LARGEST_METADATA_BYTES)
    except TooLargeError as error:
        raise ModelFileError(
            f"The metadata of the model file {path.name} is larger than any model's.",
            "Choose a .pt file exported by cairn-train.",
        ) from error
    except DAMAGED as error:
        raise _not_a_model(path) from error
    return parse_model_info(text or b"", path)


def _not_a_model(path: Path) -> ModelFileError:
    return ModelFileError(
        f"{path.name} is not a model file, or it is damaged.", "Choose a .pt file exported by cairn-train."
    )
