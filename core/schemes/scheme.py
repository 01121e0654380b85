"""A landmark scheme: what a set of landmarks is called, what each of them means, and which is which in a mirror.

Values only: an immutable scheme, checked on construction. Nothing here opens a file or knows where any landmark is.
"""

import base64
import binascii
import json
import re
import struct
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SCHEMA_VERSION = 2
"""What is written. Version 1, which had no definitions, colours and pictures, is read as well."""

LARGEST_PICTURE_BYTES = 256 << 10
LARGEST_PICTURE_PX = 1024
LARGEST_PICTURES_BYTES = 8 << 20
"""What the pictures of a scheme may take together: a scheme travels in one row of a project."""
LONGEST_DEFINITION = 4000

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">I4sII")
"""The first chunk of every PNG file begins so: its length, ``IHDR``, width and height."""

OneLine = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]


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
    definition
        Where it lies, in words for whoever places it; empty where nobody has written them.
    colour
        ``#rrggbb`` by which people tell it from others; empty where they do not.
    picture
        A PNG picture of where it lies, in base64; empty where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Key
    abbreviation: Key
    display_name: OneLine = ""
    display_abbreviation: OneLine = ""
    mirrored: str | None = None
    definition: str = Field(default="", max_length=LONGEST_DEFINITION)
    colour: str = Field(default="", pattern=r"^(#[0-9a-fA-F]{6})?$")
    picture: str = ""

    @field_validator("picture")
    @classmethod
    def _is_picture(cls, text: str) -> str:
        if text:
            require_picture(_decoded(text))
        return text

    @property
    def picture_png(self) -> bytes:
        """The bytes of the picture, none where there is no picture."""
        return _decoded(self.picture)

    @property
    def title(self) -> str:
        """What a person calls it: “Lower incisor tip (L1)”."""
        whole, short = self.display_name or self.name, self.display_abbreviation or self.abbreviation
        return whole if short in (whole, self.name) else f"{whole} ({short})"


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

    schema_version: Literal[2] = 2
    name: Key
    title: OneLine
    ndim: Literal[2, 3]
    landmarks: tuple[SchemeLandmark, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _brought_up_to_date(cls, raw: Any) -> Any:
        """Read version 1, of which version 2 is an extension."""
        if isinstance(raw, dict) and raw.get("schema_version", 1) == 1:
            return {**raw, "schema_version": SCHEMA_VERSION}
        return raw

    @model_validator(mode="after")
    def _consistent(self) -> "Scheme":
        for what, values in (("names", self.names), ("abbreviations", self.abbreviations)):
            if len(set(values)) != len(values):
                raise ValueError(f"landmark {what} must be unique")
        partners = {landmark.name: landmark.mirrored for landmark in self.landmarks if landmark.mirrored is not None}
        for name, partner in partners.items():
            if partners.get(partner) != name:
                raise ValueError(f"landmarks {name} and {partner} are not each other's mirror image")
        if sum(len(landmark.picture_png) for landmark in self.landmarks) > LARGEST_PICTURES_BYTES:
            raise ValueError(f"the pictures take more than {LARGEST_PICTURES_BYTES >> 20} MiB together")
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
        rows = {name: row for row, name in enumerate(self.names)}
        return tuple(-1 if mark.mirrored is None else rows[mark.mirrored] for mark in self.landmarks)

    def landmark(self, name: str) -> SchemeLandmark | None:
        """Return the landmark ``name``, None where the scheme has no such landmark."""
        return next((landmark for landmark in self.landmarks if landmark.name == name), None)

    def to_json(self) -> str:
        """Return the scheme as the text of a file, without what is empty."""
        said = {"schema_version": SCHEMA_VERSION, **self.model_dump(mode="json", exclude_defaults=True)}
        return json.dumps(said, indent=2, ensure_ascii=False)


def require_picture(content: bytes) -> None:
    """Refuse what is no PNG picture, or too large a one; only its header is looked at.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    if len(content) > LARGEST_PICTURE_BYTES:
        raise ValueError(f"the picture takes more than {LARGEST_PICTURE_BYTES >> 10} KiB")
    head = content[len(PNG_SIGNATURE) : len(PNG_SIGNATURE) + _HEADER.size]
    if not content.startswith(PNG_SIGNATURE) or len(head) < _HEADER.size:
        raise ValueError("the picture is no PNG file")
    _, kind, width, height = _HEADER.unpack(head)
    if kind != b"IHDR" or not 0 < width <= LARGEST_PICTURE_PX or not 0 < height <= LARGEST_PICTURE_PX:
        raise ValueError(f"the picture is larger than {LARGEST_PICTURE_PX} × {LARGEST_PICTURE_PX} px")


def picture_text(content: bytes) -> str:
    """Return a picture as a scheme holds it; the opposite of `SchemeLandmark.picture_png`."""
    return base64.b64encode(content).decode("ascii")


def scheme_key(title: str) -> str:
    """Return what a scheme of that title may be called in configurations and file names: small letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "landmarks"


def numbered(count: int) -> list[str]:
    """Return names for landmarks of which only the number is known: “1”, “2” and so on."""
    return [str(number) for number in range(1, count + 1)]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the picture is not written in base64") from None
