"""Landmark schemes: the names and abbreviations of a set of landmarks, in their order.

A scheme is a small JSON file; the bundled ones lie in ``assets/schemes``. Nothing here knows where any landmark is.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.base.assets import assets_folder
from core.base.complaints import first_complaint
from core.base.errors import ConfigError


class SchemeLandmark(BaseModel):
    """One landmark of a scheme.

    Attributes
    ----------
    name, abbreviation
        Its name, and the short form the field writes into drawings; both are keys in files and models.
    display_name, display_abbreviation
        What a person reads instead, where people say something else; empty where they do not.
    mirrored
        Name of the landmark that it becomes in a mirror: its partner on the other side, itself in the midline; None where
        the scheme has no such landmark.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    abbreviation: str = Field(min_length=1)
    display_name: str = ""
    display_abbreviation: str = ""
    mirrored: str | None = None


class Scheme(BaseModel):
    """A set of landmarks in a fixed order.

    Attributes
    ----------
    name
        What configurations call the scheme; the file's name without suffix.
    title
        What a person calls it.
    ndim
        Rank of the images it belongs to, 2 or 3.
    landmarks
        Its landmarks, in order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1)
    title: str
    ndim: Literal[2, 3]
    landmarks: tuple[SchemeLandmark, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "Scheme":
        for what, values in (("names", self.names), ("abbreviations", self.abbreviations)):
            if len(set(values)) != len(values):
                raise ValueError(f"landmark {what} must be unique")
        partners = {landmark.name: landmark.mirrored for landmark in self.landmarks if landmark.mirrored is not None}
        for name, partner in partners.items():
            if partners.get(partner) != name:
                raise ValueError(f"landmarks {name} and {partner} are not each other's mirror image")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the landmarks, in order."""
        return tuple(landmark.name for landmark in self.landmarks)

    @property
    def abbreviations(self) -> tuple[str, ...]:
        """Abbreviations of the landmarks, in order."""
        return tuple(landmark.abbreviation for landmark in self.landmarks)

    @property
    def mirrored(self) -> tuple[int, ...]:
        """Row of the landmark that each becomes in a mirror, -1 where there is none."""
        return tuple(-1 if mark.mirrored is None else self.names.index(mark.mirrored) for mark in self.landmarks)


def read_scheme(scheme: str | Path) -> Scheme:
    """Read a bundled scheme by its name, or any scheme by the path of its JSON file.

    Raises
    ------
    ConfigError
        There is no such scheme, or its file is wrong.
    """
    folder = assets_folder() / "schemes"
    path = Path(scheme) if Path(scheme).suffix == ".json" else folder / f"{scheme}.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        bundled = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        raise ConfigError(
            f"There is no landmark scheme {scheme}.", f"Give the path of a .json file, or one of: {bundled}."
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"The landmark scheme {path.name} is not a readable JSON file.", "Check the file.") from error
    try:
        return Scheme.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(
            f"The landmark scheme {path.name} is wrong ({first_complaint(error)}).", "Correct the file."
        ) from error
