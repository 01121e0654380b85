"""Schemes made of what a person has: a scheme or list, a landmark file, or a model.

Tells by name and text what a file is, and takes from it what landmarks are called. Where they lie is not looked at.
"""

import re
from pathlib import Path

from core.base.errors import ConfigError
from core.landmark_files.file import read_landmark_file
from core.landmark_files.formats import READABLE_SUFFIXES, suffix_of
from core.models.metadata import ModelInfo, read_model_info
from core.schemes.draft import Draft, Row, finished
from core.schemes.file import bundled_schemes, parse_list, parse_scheme, text_of
from core.schemes.scheme import Scheme, SchemeLandmark, numbered, scheme_key

SUFFIXES = tuple(dict.fromkeys((".json", ".csv", ".pt", *READABLE_SUFFIXES)))
"""How the names of files end that a scheme can be made of."""
_TPS_COUNT = re.compile(r"^[ \t]*LM[ \t]*=[ \t]*(\d{1,5})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_POSITIONS = re.compile(r"[xyz](_mm|_px)?|[lrpasi]")
"""Columns by which a table is one of positions, and no list of names."""


def scheme_from_file(path: Path, ndim: int) -> Scheme:
    """Make a scheme of a file.

    Parameters
    ----------
    path
        A scheme or list of names, a landmark file, or a model.
    ndim
        Rank of the images at hand, where the file says none.

    Raises
    ------
    AppError
        It cannot be read, or tells no names.
    """
    suffix = suffix_of(path) or path.suffix.lower()
    if suffix == ".pt":
        return scheme_of_model(read_model_info(path))
    try:
        text = text_of(path)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no file {path}.", "Check the path.") from error
    if suffix == ".tps":
        return _of_tps(text, path)
    if suffix == ".json" and '"markups"' not in text:
        return parse_scheme(text, path)
    if suffix in (".csv", ".tsv") and not _has_positions(text):
        return parse_list(text, path, ndim)
    if suffix not in READABLE_SUFFIXES:
        raise ConfigError(
            f"{path.name} is no file that a landmark scheme could be made of.", f"Use one of {', '.join(SUFFIXES)}."
        )
    landmarks = read_landmark_file(path, mm_is_px=True).landmarks
    return scheme_of_names(landmarks.names, landmarks.ndim, path.name.split(".", maxsplit=1)[0])


def scheme_of_names(names: tuple[str, ...], ndim: int, title: str, abbreviations: tuple[str, ...] = ()) -> Scheme:
    """Return a scheme of these names, with what a bundled scheme says of them where it knows them all.

    Raises
    ------
    ConfigError
        There are none, or they cannot be a scheme.
    """
    known = landmarks_of_bundled(ndim, names)
    if known:
        kept = {mark.name for mark in known}
        sides = [mark if mark.mirrored in kept else mark.model_copy(update={"mirrored": None}) for mark in known]
        return Scheme(name=scheme_key(title), title=title, ndim=3 if ndim == 3 else 2, landmarks=tuple(sides))
    shorts = abbreviations or ("",) * len(names)
    rows = tuple(Row(key, *said) for key, said in enumerate(zip(names, shorts, strict=True)))
    return finished(Draft(title, 3 if ndim == 3 else 2, scheme_key(title), rows))


def scheme_of_model(info: ModelInfo) -> Scheme:
    """Return the scheme of what a model finds."""
    return scheme_of_names(info.landmarks, info.ndim, info.name, info.abbreviations)


def landmarks_of_bundled(ndim: int, names: tuple[str, ...]) -> tuple[SchemeLandmark, ...]:
    """Return what the bundled scheme that has all of ``names`` says of them; nothing where there is none."""
    for scheme in bundled_schemes():
        known = {mark.name: mark for mark in scheme.landmarks}
        if names and scheme.ndim == ndim and set(names) <= known.keys():
            return tuple(known[name] for name in names)
    return ()


def _of_tps(text: str, path: Path) -> Scheme:
    """Return a scheme of numbers: the landmarks of such a file have no names."""
    counts = sorted({int(count) for count in _TPS_COUNT.findall(text)})
    if not counts or counts == [0]:
        raise ConfigError(f"{path.name} has no record that begins with LM.", "Save it from tpsDig again.")
    if len(counts) > 1:
        raise ConfigError(
            f"The records of {path.name} have different numbers of landmarks: {', '.join(map(str, counts))}.",
            "Choose a file whose records are all of one kind.",
        )
    return scheme_of_names(tuple(numbered(counts[0])), 2, path.stem)


def _has_positions(text: str) -> bool:
    """Tell whether a table holds positions: the first line that is no comment names coordinates."""
    head = next((line for line in text.splitlines() if line.strip() and not line.lstrip('"').startswith("#")), "")
    cells = [cell.strip(' "').lower() for cell in re.split(r"[,;\t]", head)]
    return sum(bool(_POSITIONS.fullmatch(cell)) for cell in cells) >= 2
