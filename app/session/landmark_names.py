"""What landmarks are called on the screen, and what is known of them: “Subspinale (A)”, “Lower incisor tip (L1)”.

Names in files and models are keys and stay as they are; only what a person reads comes from here. What the scheme in use says
comes before what the bundled scheme of a model says. Knows no Qt.
"""

from functools import lru_cache

from core.models.metadata import ModelInfo
from core.schemes.scheme import Scheme, SchemeLandmark
from core.schemes.sources import landmarks_of_bundled


def display_name(name: str, info: ModelInfo | None, scheme: Scheme | None = None) -> str:
    """Return what a person calls the landmark ``name``, with the abbreviation; names that nobody knows as they are."""
    abbreviation = short_name(name, info, scheme)
    said = said_of(name, info, scheme)
    whole = said.display_name if said is not None and said.display_name else name
    return whole if abbreviation == name else f"{whole} ({abbreviation})"


def short_name(name: str, info: ModelInfo | None, scheme: Scheme | None = None) -> str:
    """Return the abbreviation of the landmark ``name``; where there is none, the name itself."""
    said = said_of(name, info, scheme)
    if said is not None and said.display_abbreviation:
        return said.display_abbreviation
    if scheme is not None and said is not None and said is scheme.landmark(name):
        return said.abbreviation
    if info is None or name not in info.landmarks:
        return name
    return info.abbreviations[info.landmarks.index(name)] if info.abbreviations else name


def said_of(name: str, info: ModelInfo | None, scheme: Scheme | None = None) -> SchemeLandmark | None:
    """Return what a scheme says of the landmark ``name``: the one in use, else the bundled one of the model; None for nothing."""
    said = None if scheme is None else scheme.landmark(name)
    if said is not None or info is None:
        return said
    return next((mark for mark in _bundled(info.ndim, info.landmarks) if mark.name == name), None)


@lru_cache(maxsize=16)
def _bundled(ndim: int, names: tuple[str, ...]) -> tuple[SchemeLandmark, ...]:
    return landmarks_of_bundled(ndim, names)
