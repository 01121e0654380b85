"""Reads the mouse skulls of the Mus musculus craniofacial atlas (Maga, Tustison, Avants, J. Anat. 2017): micro-CT, 45 landmarks.

The folder holds ``volumes``, ``landmarks`` (3D Slicer markups) and ``split.json``, which names the cases of each split. The
animals lie in any pose, and nothing here aligns them. The volumes may not be shipped: nothing here copies them.
"""

import json
from pathlib import Path
from typing import Literal, get_args

from core.base.errors import ConfigError
from core.landmark_files.file import read_landmarks
from core.learning.cases import Case
from core.schemes.file import read_scheme

SCHEME = "mouse-skull-45"

Split = Literal["train", "validation", "test"]


def read_mouse_skulls(root: Path, split: Split) -> tuple[Case, ...]:
    """Read the cases of one split, in the order of ``split.json``.

    Parameters
    ----------
    root
        Folder that holds ``volumes``, ``landmarks`` and ``split.json``.
    split
        ``"train"`` (18 animals), ``"validation"`` (2) or ``"test"`` (4).

    Raises
    ------
    ConfigError
        The folder, its list of splits or a volume is missing, or there is no such split.
    LandmarkFileError
        A landmark file is missing or damaged.
    """
    if split not in get_args(Split):
        raise ConfigError(
            f"The mouse skull data set has no split {split!r}.", f"Use one of: {', '.join(get_args(Split))}."
        )
    try:
        names = list(json.loads((root / "split.json").read_text(encoding="utf-8"))[split])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"There is no mouse skull data set at {root}.",
            "Give the folder that holds volumes, landmarks and split.json.",
        ) from error
    return tuple(_read_case(root, str(name)) for name in names)


def _read_case(root: Path, name: str) -> Case:
    path = root / "volumes" / f"{name}.nii.gz"
    if not path.is_file():
        raise ConfigError(f"The volume {path} is missing.", "Complete the mouse skull data set.")
    landmarks = read_landmarks(root / "landmarks" / f"{name}.mrk.json", names=read_scheme(SCHEME).names, ndim=3)
    return Case(name, path, landmarks)
