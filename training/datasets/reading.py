"""Finds and reads data sets: public ones, or a person's own images in a CSV list.

What a list looks like is `core/learning/case_list.py`'s, what a case is made of `core/learning/cases.py`'s.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from core.base.errors import ConfigError
from core.learning.case_list import read_list
from core.learning.cases import Case
from core.learning.configuration import DataConfig, TrainingConfig, landmark_names
from training.datasets.cephalometric import Split, read_cephalometric
from training.datasets.mouse_skull import Split as SkullSplit
from training.datasets.mouse_skull import read_mouse_skulls

DataKind = Literal["cephalometric", "mouse-skull", "list"]


def default_root(kind: DataKind) -> Path | None:
    """Return where the public data set of ``kind`` is by ``$CAIRN_DATA``; None where that is not set, and for a list."""
    folders = {"cephalometric": "cephalometric", "mouse-skull": "mouse_ct"}
    given = os.environ.get("CAIRN_DATA", "")
    return Path(given) / folders[kind] if given and kind in folders else None


def usual_root(kind: DataKind, data: Path | None = None, or_else: str = "") -> Path:
    """Return ``data``, or where the data set of ``kind`` usually is, see `default_root`.

    Parameters
    ----------
    kind, data
        The data set, and the place that a person named.
    or_else
        How the person could name it, beside the option.

    Raises
    ------
    ConfigError
        Nothing says where it is.
    """
    root = default_root(kind) if data is None else data
    if root is None:
        hint = f"Give the CSV file with --data{or_else}."
        if kind != "list":
            hint = f"Give its folder with --data{or_else}, or the folder of all public data sets in CAIRN_DATA."
        raise ConfigError("Nothing says where the data set is.", hint)
    return root


def find_root(data_config: DataConfig, folder: Path, data: Path | None = None) -> Path:
    """Return where a configuration's data set is: ``data``, else its own ``root``, else where ``CAIRN_DATA`` says.

    Parameters
    ----------
    data_config
        Section ``[data]`` of the configuration.
    folder
        What a relative ``root`` is relative to.
    data
        Overrides ``root``.

    Raises
    ------
    ConfigError
        Nothing says where it is.
    """
    if data is None and data_config.root:
        return folder / data_config.root
    return usual_root(data_config.kind, data, " or as root under [data]")


def cases_of(config: TrainingConfig, split: str, folder: Path, data: Path | None = None) -> tuple[Case, ...]:
    """Read one split of a configuration's data set, with its landmarks; see `find_root` and `read_cases`.

    Parameters
    ----------
    config
        Says the kind of data set and the landmarks.
    split
        ``"train"``, ``"validation"`` or a test split.
    folder
        What a relative ``root`` in the configuration is relative to.
    data
        Overrides the configuration's ``root``.
    """
    root = find_root(config.data, folder, data)
    return read_cases(config.data.kind, root, split, landmark_names(config)[0], config.data.spacing_mm)


def read_cases(
    kind: DataKind, root: Path, split: str, names: Sequence[str] | None = None, spacing_mm: float | None = None
) -> tuple[Case, ...]:
    """Read one split of a data set.

    Parameters
    ----------
    kind
        ``"cephalometric"``: the challenge's folders; ``"mouse-skull"``: the atlas's folders; ``"list"``: a CSV list.
    root
        The data set's folder, or the CSV file.
    split
        ``train``, ``validation``, or ``test1`` of the challenge and ``test`` of the others.
    names
        The landmarks wanted, in order, some or all of the data set's. One that a file of a list does not hold is absent;
        more than these are left out, unless some of these are missing: then a name may be misspelt. None takes those of the
        first file.
    spacing_mm
        Spacing of listed images whose files do not say it.

    Returns
    -------
    tuple of Case
        At least one.

    Raises
    ------
    ConfigError
        A file is missing or listed twice, an image's pixel size is not known, or there is no such split.
    ImageReadError, LandmarkFileError
        A file cannot be read, or holds a landmark that is not among ``names`` and lacks one that is.
    """
    if kind == "list":
        return read_list(root, split, names, spacing_mm)
    if kind == "mouse-skull":
        cases = read_mouse_skulls(root, cast(SkullSplit, split))
    else:
        cases = read_cephalometric(root, cast(Split, split))
    if names is None:
        return cases
    unknown = sorted(set(names) - set(cases[0].landmarks.names))
    if unknown:
        raise ConfigError(
            f"The {kind} data set has no landmark {', '.join(unknown)}.",
            f"Use some of: {', '.join(cases[0].landmarks.names)}.",
        )
    return tuple(with_landmarks(case, names) for case in cases)


def with_landmarks(case: Case, names: Sequence[str]) -> Case:
    """Return ``case`` with only the landmarks ``names``, in that order."""
    observers = tuple(observer.subset(names) for observer in case.observers)
    return replace(case, landmarks=case.landmarks.subset(names), observers=observers)
