"""Loading a model file: metadata first, then the scripted localizer.

A model file from outside is foreign code, so its metadata is checked before the archive is handed to torch, and what the
archive must offer is checked before it is used.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.errors import ModelFileError
from core.model_info import ModelInfo, read_model_info

EXPORTED_METHODS = ("prepare", "global_stage", "local_stage", "conclude", "stage_count", "tile_for")
"""What front ends call beside ``forward``."""


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model.

    Attributes
    ----------
    info
        Its metadata.
    module
        The scripted `core.localizer.Localizer`, on the CPU.
    path
        Its file.
    """

    info: ModelInfo
    module: Any
    path: Path


@contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence torch's notice that TorchScript is deprecated: it is the deployment format asked of us."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        yield


def load_model(path: Path | str) -> Model:
    """Load a model file onto the CPU.

    Raises
    ------
    ModelFileError
        The file is missing, damaged, foreign, or its network does not fit its metadata.
    """
    path = Path(path)
    info = read_model_info(path)
    try:
        with torchscript_allowed():
            module: Any = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelFileError(
            f"The model file {path.name} is damaged: its network cannot be loaded.",
            "Copy or export the file again.",
        ) from error
    missing = [name for name in EXPORTED_METHODS if not hasattr(module, name)]
    if missing or module.stage_count() != len(info.stages):
        raise ModelFileError(
            f"The network in {path.name} does not do what its metadata says.",
            "Export the model again with cairn-train.",
        )
    return Model(info, module, path)
