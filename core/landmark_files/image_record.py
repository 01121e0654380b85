"""What a landmark file says about the image that it was written for: its name, its content, its pixel size.

A value and its words; the formats decide where in their files the words stand. Reads and writes nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from core.values.image import Image, SpacingSource

UNKNOWN_SIZE = "unknown"
_TEXTS = ("image", "sha256", "pixel_size_is", "model")
_SAME_SPACING = 1e-5  # relative; a CSV gives six digits


class Belonging(StrEnum):
    """Whether a landmark file was written for an image.

    YES where the contents have the same SHA-256, or, where the file or the image has none, where the names are the same. NO where
    name and content are others, or where the names are all there is and they differ. UNKNOWN where the file says nothing of its
    image, and where the name is the same but the content is not: a copy that was saved anew, or another patient's image
    of the same name. Only a person can tell these two apart.
    """

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ImageRecord:
    """What a landmark file says about its image, and about the model that found the landmarks.

    Attributes
    ----------
    image_name
        Name of the image's file without its folder, ``""`` where the file says none.
    image_sha256
        Hex digest of the image's content, ``""`` where the file says none.
    shape
        Pixels per axis in numpy order, ``()`` where the file does not say.
    spacing_mm
        Pixel size per axis in numpy order, mm; None where it was unknown or the file does not say.
    spacing_source
        Where the pixel size came from, in the words of `SpacingSource.phrase`; ``""`` where the file does not say.
    in_px
        True where the file says that the pixel size was unknown, so that all its lengths are px.
    model
        Name and version of the model, ``""`` for none.
    """

    image_name: str = ""
    image_sha256: str = ""
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] | None = None
    spacing_source: str = ""
    in_px: bool = False
    model: str = ""

    @classmethod
    def of(cls, image: Image, model: str) -> "ImageRecord":
        """Return what is to be said of an image."""
        known = image.source.spacing_known
        return cls(
            one_line(image.source.path.name),
            image.source.sha256,
            image.grid.shape,
            tuple(image.grid.spacing_mm.tolist()) if known else None,
            image.source.spacing_source.phrase if known else "",
            in_px=not known,
            model=one_line(model),
        )

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> "ImageRecord":
        """Return what `words` made, from a file that anybody may have changed: whatever makes no sense says nothing."""
        shape = [n for n in _numbers(words.get("size_px")) if n >= 1 and n == int(n)]
        spacing_mm = [s for s in _numbers(words.get("pixel_size_mm")) if s > 0]
        texts = {key: value for key in _TEXTS if isinstance(value := words.get(key), str)}
        return cls(
            one_line(texts.get("image", "")),
            texts.get("sha256", "").lower(),
            tuple(int(n) for n in reversed(shape)) if len(shape) in (2, 3) else (),
            tuple(reversed(spacing_mm)) if len(spacing_mm) in (2, 3) else None,
            one_line(texts.get("pixel_size_is", "")),
            in_px=words.get("pixel_size_mm") == UNKNOWN_SIZE,
            model=one_line(texts.get("model", "")),
        )

    @property
    def words(self) -> dict[str, Any]:
        """What a file is to say, sizes in the order x, y, z; without what is not known."""
        said: dict[str, Any] = {"image": self.image_name, "sha256": self.image_sha256}
        said["size_px"] = list(reversed(self.shape))
        said["pixel_size_mm"] = UNKNOWN_SIZE if self.in_px else list(reversed(self.spacing_mm or ()))
        said["pixel_size_is"] = self.spacing_source
        said["model"] = self.model
        return {key: value for key, value in said.items() if value}

    def after(self, before: "ImageRecord") -> "ImageRecord":
        """Return what a file says from now on that said ``before``.

        Its model stays where no other one found the landmarks anew, and so do the words on a pixel size that was taken from it.
        """
        source = self.spacing_source
        if (
            source == SpacingSource.LANDMARK_FILE.phrase
            and before.spacing_source
            and self.spacing_mm == before.spacing_mm
        ):
            source = before.spacing_source
        return replace(self, model=self.model or before.model, spacing_source=source)

    def has_pixels_of(self, image: Image) -> bool:
        """Tell whether landmarks written with this record stand on the pixels of ``image``, whatever a pixel's size.

        So it is with the same content, and with a picture of the same size. Where the pixels are others, as in a resampled copy
        or another volume, only millimetres mean anything.
        """
        if self.image_sha256 and self.image_sha256 == image.source.sha256:
            return True
        return image.ndim == 2 and self.shape in ((), image.grid.shape)

    def has_spacing_of(self, image: Image) -> bool:
        """Tell whether the recorded pixel size is that of ``image``."""
        return (
            self.spacing_mm is not None
            and len(self.spacing_mm) == image.ndim
            and np.allclose(self.spacing_mm, image.grid.spacing_mm, rtol=_SAME_SPACING, atol=0)
        )

    def belongs_to(self, image: Image) -> Belonging:
        """Tell whether this is said of ``image``."""
        if self.image_sha256 and self.image_sha256 == image.source.sha256:
            return Belonging.YES
        if not self.image_name:
            return Belonging.NO if self.image_sha256 and image.source.sha256 else Belonging.UNKNOWN
        if self.image_name.casefold() != one_line(image.source.path.name).casefold():
            return Belonging.NO
        return Belonging.UNKNOWN if self.image_sha256 and image.source.sha256 else Belonging.YES


def one_line(text: str) -> str:
    """Return a text in one line: white space of any kind becomes single blanks."""
    return " ".join(text.split())


def sizes_text(sizes: Sequence[float], digits: str = "") -> str:
    """Return sizes in the order x, y, z for a person, from those in numpy order."""
    return " x ".join(f"{size:{digits}}" for size in reversed(sizes))


def sizes_in(text: str) -> list[float]:
    """Return the numbers of `sizes_text`, in the order in which they stand."""
    return _numbers([float(part) for part in re.findall(r"\d+\.?\d*(?:[eE][-+]?\d+)?", text)])


def base_name(path_text: str) -> str:
    """Return the name of a file from a path of any system."""
    return Path(re.split(r"[\\/]", path_text.strip())[-1]).name


def _numbers(values: Any) -> list[float]:
    """Return a list of finite numbers, nothing where it is anything else."""
    given = values if isinstance(values, list) else []
    numbers = [float(v) for v in given if type(v) in (int, float) and abs(v) < 1e300 and math.isfinite(v)]
    return numbers if len(numbers) == len(given) else []
