"""Loading a model file: metadata first, then the scripted localizer.

A model file from outside is foreign code, so its metadata is checked before the archive is handed to torch, and what the
archive must offer is checked before it is used.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from core.base.errors import ModelFileError
from core.models.metadata import ModelInfo, read_model_info

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
        The scripted `core.method.localizer.Localizer`, on the CPU.
    path
        Its file.
    """

    info: ModelInfo
    module: Any
    path: Path
    _elsewhere: dict[str, Any] = field(default_factory=dict, repr=False)

    def on(self, device: str) -> Any:
        """Return the localizer on a torch device, loaded there the first time.

        The one on the CPU stays: a run may still need it. Nor would ``module.to`` move the weights of a frozen network.

        Raises
        ------
        ModelFileError
            The file is no longer what it was.
        RuntimeError
            The device fails; `torch.OutOfMemoryError` where it cannot hold the network.
        """
        if device == "cpu":
            return self.module
        if device not in self._elsewhere:
            self._elsewhere[device] = _network_in(self.path, device)
        return self._elsewhere[device]


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
    module = _network_in(path, "cpu")
    missing = [name for name in EXPORTED_METHODS if not hasattr(module, name)]
    if missing or module.stage_count() != len(info.stages):
        raise ModelFileError(
            f"The network in {path.name} does not do what its metadata says.",
            "Export the model again with cairn-train.",
        )
    return Model(info, module, path)


def _network_in(path: Path, device: str) -> Any:
    """Load the network of a model file onto a device."""
    try:
        with torchscript_allowed():
            return torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        if device != "cpu" and isinstance(error, RuntimeError):
            raise  # the file was loaded onto the CPU before, so it is the device that fails
        raise ModelFileError(
            f"The model file {path.name} is damaged: its network cannot be loaded.",
            "Copy or export the file again.",
        ) from error
