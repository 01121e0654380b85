"""What landmarks are called on the screen: “Subspinale (A)”, “Lower incisor tip (L1)”.

Names in files and models are keys and stay as they are; only what a person reads comes from here. Knows no Qt.
"""

from functools import lru_cache

from core.base.assets import assets_folder
from core.base.errors import AppError
from core.models.metadata import ModelInfo
from core.schemes.file import read_scheme
from core.schemes.scheme import SchemeLandmark


def display_name(name: str, info: ModelInfo | None) -> str:
    """Return what a person calls the landmark ``name`` of a model, with the abbreviation; other names as they are."""
    abbreviation = short_name(name, info)
    said = _said(info).get(name)
    whole = said.display_name if said is not None and said.display_name else name
    return whole if abbreviation == name else f"{whole} ({abbreviation})"


def short_name(name: str, info: ModelInfo | None) -> str:
    """Return the abbreviation of the landmark ``name`` of a model; where there is none, the name itself."""
    if info is None or name not in info.landmarks:
        return name
    said = _said(info).get(name)
    if said is not None and said.display_abbreviation:
        return said.display_abbreviation
    return info.abbreviations[info.landmarks.index(name)] if info.abbreviations else name


def _said(info: ModelInfo | None) -> dict[str, SchemeLandmark]:
    return {} if info is None else _scheme_landmarks(info.ndim, info.landmarks)


@lru_cache(maxsize=16)
def _scheme_landmarks(ndim: int, names: tuple[str, ...]) -> dict[str, SchemeLandmark]:
    """Return the landmarks of the bundled scheme that a model's names come from; empty where they come from none."""
    try:
        schemes = [read_scheme(path) for path in sorted((assets_folder() / "schemes").glob("*.json"))]
    except AppError:
        return {}
    for scheme in schemes:
        if scheme.ndim == ndim and set(names) <= set(scheme.names):
            return {landmark.name: landmark for landmark in scheme.landmarks}
    return {}
